"""The equations that a program is simplified by, one small named function each."""

from . import arithmetic, products, sums

__all__ = ["arithmetic", "products", "sums"]
