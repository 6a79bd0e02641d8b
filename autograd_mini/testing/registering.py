"""Tells Hypothesis what a Tensor is, when Hypothesis is imported: `st.from_type(ag.Tensor)`."""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Give Hypothesis a strategy for Tensors; the strategies load when one is drawn from."""
    from hypothesis import strategies as st

    from ..tensor import Tensor

    def of(_: type) -> Any:
        from .strategies import tensors

        return tensors()

    st.register_type_strategy(Tensor, of)
