"""What a fold or a closed scope says of what it holds."""

from __future__ import annotations

from collections import Counter
from typing import Final

from .fold import Unit
from .labels import clean

__all__ = ["contents", "summary"]

MOST_LISTED: Final = 5


def summary(unit: Unit) -> tuple[str, ...]:
    """Return what a folded unit holds, in a line or two.

    The operations are counted, the most frequent first.
    """
    made = Counter(node.op.name for node in unit.nodes if node.op is not None)
    parameters = sum(node.op is None and node.tracked for node in unit.nodes)
    constants = len(unit.nodes) - made.total() - parameters
    names = [node.name for node in unit.nodes if node.name]
    return contents(made, parameters, constants, list(unit.body), names)


def contents(
    made: Counter[str], parameters: int, constants: int, body: list[str], names: list[str]
) -> tuple[str, ...]:
    """Return how much of each kind there is, and what it is: its body, its operations or names."""
    counts = {"operation": made.total(), "parameter": parameters, "constant": constants}
    counted = [f"{n:,} {kind}{'s' * (n > 1)}" for kind, n in counts.items() if n]
    often = [(name, f" ×{times:,}" if times > 1 else "") for name, times in made.most_common()]
    held = body or [name + times for name, times in often] or names
    listed = ", ".join(clean(text, 20) for text in held[:MOST_LISTED])
    more = ", …" if len(held) > MOST_LISTED else ""
    return (", ".join(counted), *([listed + more] if listed else []))
