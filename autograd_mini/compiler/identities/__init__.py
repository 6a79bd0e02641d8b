"""The equations that a program is simplified by, one small named function each."""

from . import arithmetic, fractions, products, sums

__all__ = ["arithmetic", "fractions", "products", "sums"]
