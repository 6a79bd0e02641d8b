"""A large graph in few units: repeats, chains and whole scopes become one, to keep a budget.

The operations, oldest first, are cut into consecutive stretches (chains.py tells why a chain of
elementwise operations need not be one). Putting a stretch of a topological order into one unit can
not make a cycle, whatever it holds, so what is drawn is always a picture of the same flow. Leaves
and constants that only one folded unit uses go into that unit.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import numpy as np

from ..elements import is_elementwise
from ..graph import Node
from .chains import chains
from .model import Scope

__all__ = ["SMALLEST_BUDGET", "Unit", "fold", "inside"]

SMALLEST_BUDGET: Final = 8
LONGEST_PERIOD: Final = 64
"""A block of more operations than this is not recognised when it repeats (its scope may be)."""
FEWEST_REPEATS: Final = 3

Users = dict[Node, set[int]]


@dataclass(frozen=True, slots=True)
class Unit:
    """Nodes drawn as one. A single node is drawn as itself."""

    nodes: tuple[Node, ...]
    scope: Scope = ()
    name: str = ""
    """Why they are together: "layer 2", "×500"."""
    body: tuple[str, ...] = ()
    """What one of the ×N repeats consists of."""
    parts: tuple[Unit, ...] = field(default=(), repr=False, compare=False)
    """What was put together, which a page opens."""

    @property
    def folded(self) -> bool:
        """Whether it stands for more than one node."""
        return len(self.nodes) > 1


def fold(
    order: Sequence[Node], outputs: Sequence[Node], budget: int | None, depth: int | None = None
) -> list[Unit]:
    """Return the graph as at most `budget` units, in a topological order (None: all nodes).

    What is in scopes nested deeper than `depth` is a unit for each of them, but for the outputs.
    `order` is what `walk` gives. The outputs stay themselves while they are few. Deterministic: it
    reads the order, the operations' names and the scopes, nothing else.
    """
    sources = [node for node in order if not node.inputs]
    units = [_single(node) for node in order if node.inputs]
    if depth is not None:
        units = _scopes(units, depth + 1, frozenset(outputs), len(units))
    visible, closed = _absorbed(sources, units, False)
    if budget is None or len(visible) + len(closed) <= budget:
        return _woven(map(_single, visible), closed)
    kept = frozenset(outputs if len(outputs) <= budget // 8 else ())

    def excess(parameters_too: bool = False) -> int:
        return len(units) + len(_absorbed(sources, units, parameters_too)[0]) - budget

    units = _repeats(units, kept)
    if (over := excess()) > 0:
        units = _repeats(_chained(units, frozenset(outputs), over), kept)
    for depth in range(max((len(unit.scope) for unit in units), default=0), 0, -1):
        if (over := excess()) > 0:
            units = _repeats(_scopes(units, depth, kept, over), kept)
    parameters_too = excess() > 0
    if parameters_too and excess(parameters_too) > 0:
        units = _stretches(units, budget // 2, kept)
    visible, units = _absorbed(sources, units, parameters_too)
    return _woven(_lumped(visible, units, budget - len(units)), units)


def inside(unit: Unit, most: int) -> list[Unit]:
    """Return what a folded unit is made of, in a topological order, as about `most` units.

    More than that are cut into equal stretches, named by the places of their first and last.
    """
    sources = [part for part in unit.parts if not part.nodes[-1].inputs]
    made = [part for part in unit.parts if part.nodes[-1].inputs]
    if len(made) > most:
        made = _numbered(made, most)
    if made:
        visible, made = _absorbed([n for part in sources for n in part.nodes], made, True)
        sources = _lumped(visible, made, most) if len(visible) > most else [*map(_single, visible)]
    if len(sources) > most:
        sources = _numbered(sources, most)
    return _woven(sources, made)


def _numbered(units: list[Unit], most: int) -> list[Unit]:
    length = -(-len(units) // most)
    parts = [(k, units[k : k + length]) for k in range(0, len(units), length)]
    return [
        part[0] if len(part) == 1 else _joined(part, f"{k + 1:,} … {k + len(part):,}", _ends(part))
        for k, part in parts
    ]


def _ends(units: list[Unit]) -> tuple[str, ...]:
    """Return the names of the first and the last, if they have any."""
    first, last = units[0].name, units[-1].name
    return (first, "…", last) if first and last and first != last else ()


def _single(node: Node) -> Unit:
    return Unit((node,), node.scope)


def _joined(units: Sequence[Unit], name: str = "", body: tuple[str, ...] = ()) -> Unit:
    scope = units[0].scope
    for unit in units:
        shared = [a == b for a, b in zip(scope, unit.scope, strict=False)]
        scope = scope[: (*shared, False).index(False)]
    return Unit(
        tuple(node for unit in units for node in unit.nodes), scope, name, body, tuple(units)
    )


def _operation(node: Node) -> str:
    return "" if node.op is None else node.op.name


def _is_kept(unit: Unit, kept: frozenset[Node]) -> bool:
    return unit.nodes[-1] in kept or unit.nodes[0] in kept


def _repeats(units: list[Unit], kept: frozenset[Node]) -> list[Unit]:
    """Join runs in which a block of units comes at least three times in a row."""
    labels: dict[Hashable, int] = {}
    read: list[int] = []
    for unit in units:
        operations = tuple(map(_operation, unit.nodes))
        label: Hashable = (operations, unit.scope, unit.folded)
        label = (unit.nodes[-1],) if _is_kept(unit, kept) else label
        read.append(labels.setdefault(label, len(labels)))
    result: list[Unit] = []
    done = 0
    for start, period, times in _runs(np.array(read, dtype=np.intp)):
        block = units[start : start + period * times]
        result += units[done:start]
        body = [unit.name or _operation(unit.nodes[-1]) for unit in block[:period]]
        if period == 1 and block[0].name != block[-1].name:  # "layer 2" to "layer 31"
            body += ["…", block[-1].name]
        turns = [block[k * period : (k + 1) * period] for k in range(times if period > 1 else 0)]
        parts = [_joined(turn, f"{k} of {times:,}") for k, turn in enumerate(turns, 1)]
        result.append(_joined(parts or block, f"×{times:,}", tuple(body)))
        done = start + len(block)
    return result + units[done:]


def _runs(labels: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[tuple[int, int, int]]:
    """Return (start, period, times) of the runs that cover most, none overlapping, in order."""
    found: list[tuple[int, int, int]] = []
    for period in range(1, min(LONGEST_PERIOD, len(labels) // FEWEST_REPEATS) + 1):
        same = np.concatenate([[False], labels[:-period] == labels[period:], [False]])
        starts, stops = np.flatnonzero(same[1:] != same[:-1]).reshape(-1, 2).T
        repeats = (stops - starts) // period + 1
        long = repeats >= FEWEST_REPEATS
        found += [
            (start, period, times)
            for start, times in zip(starts[long].tolist(), repeats[long].tolist(), strict=True)
        ]
    found.sort(key=lambda run: (-run[1] * run[2], run[1], run[0]))
    taken = np.zeros(len(labels), dtype=bool)
    chosen = []
    for start, period, times in found:
        span = slice(start, start + period * times)
        if not taken[span].any():
            taken[span] = True
            chosen.append((start, period, times))
    return sorted(chosen)


def _chained(units: list[Unit], outputs: frozenset[Node], over: int) -> list[Unit]:
    """Join chains of elementwise operations, each within its scope; outputs stay themselves."""
    using = _users(units)
    users = {k: using[unit.nodes[-1]] for k, unit in enumerate(units) if unit.nodes[-1] in using}
    for k, targets in users.items():
        if any(units[target].scope != units[k].scope for target in targets):
            users[k] = set()
    able = [
        is_elementwise(unit.nodes[-1].op) and not unit.folded and unit.nodes[-1] not in outputs
        for unit in units
    ]
    found = chains(able, users, over)
    inner = {k for members in found.values() for k in members}
    result: list[Unit] = []
    for index, unit in enumerate(units):
        if index in found:
            members = [units[k] for k in found[index]]
            body = tuple(_operation(member.nodes[-1]) for member in members)
            result.append(_joined(members, "elementwise", body))
        elif index not in inner:
            result.append(unit)
    return result


def _scopes(units: list[Unit], depth: int, kept: frozenset[Node], over: int) -> list[Unit]:
    """Join the stretches that share a scope of this depth, the longest first, while over budget."""

    def key(unit: Unit) -> Scope:
        return () if _is_kept(unit, kept) else unit.scope[:depth]

    groups: list[tuple[Scope, list[Unit]]] = [(k, list(g)) for k, g in groupby(units, key)]
    chosen = set()
    for index in sorted(range(len(groups)), key=lambda i: -len(groups[i][1])):
        scope, members = groups[index]
        if over > 0 and len(scope) == depth and (len(members) > 1 or members[0].folded):
            chosen.add(index)
            over -= len(members) - 1
    result: list[Unit] = []
    for index, (scope, members) in enumerate(groups):
        if index in chosen:
            nodes = _joined(members).nodes
            result.append(Unit(nodes, scope[:-1], scope[-1], parts=tuple(members)))
        else:
            result += members
    return result


def _stretches(units: list[Unit], most: int, kept: frozenset[Node]) -> list[Unit]:
    """Cut what has no structure into equal stretches."""
    length = -(-len(units) // most)
    result: list[Unit] = []
    for is_kept, members in groupby(units, lambda unit: _is_kept(unit, kept)):
        group = list(members)
        step = 1 if is_kept else length
        parts = [group[i : i + step] for i in range(0, len(group), step)]
        result += [part[0] if len(part) == 1 else _joined(part) for part in parts]
    return result


def _users(units: Iterable[Unit]) -> Users:
    users: Users = {}
    for index, unit in enumerate(units):
        for node in unit.nodes:
            for parent in node.inputs:
                users.setdefault(parent, set()).add(index)
    return users


def _absorbed(
    sources: list[Node], units: list[Unit], parameters_too: bool
) -> tuple[list[Node], list[Unit]]:
    """Put sources that only one folded unit uses into it; return those left, and the units."""
    users = _users(units)
    visible: list[Node] = []
    inside: dict[int, list[Node]] = {}
    for node in sources:
        using = users.get(node, set())
        index = min(using, default=-1)
        if len(using) == 1 and units[index].folded and (parameters_too or not node.tracked):
            inside.setdefault(index, []).append(node)
        else:
            visible.append(node)
    grown = list(units)
    for index, nodes in inside.items():
        unit = units[index]
        parts = (*map(_single, nodes), *unit.parts)
        grown[index] = Unit((*nodes, *unit.nodes), unit.scope, unit.name, unit.body, parts)
    return visible, grown


def _lumped(sources: list[Node], units: list[Unit], room: int) -> list[Unit]:
    """Return the sources as at most `room` units.

    Those used by the same folded units, and by no other, are one; then what most units use stays.
    """
    users = _users(units)
    alike: dict[Hashable, list[Node]] = {}
    for node in sources:
        using = users.get(node, set())
        together = bool(using) and all(units[index].folded for index in using)
        alike.setdefault((node.tracked, frozenset(using)) if together else node, []).append(node)
    groups = [
        part
        for group in alike.values()
        for part in ([group] if len(group) > FEWEST_REPEATS else [[node] for node in group])
    ]
    if len(groups) > room:
        groups.sort(key=lambda g: (not g[0].tracked, -len(users.get(g[0], ())), g[0].number))
        groups[room - 1 :] = [[node for group in groups[room - 1 :] for node in group]]
    return [
        Unit(tuple(group), parts=tuple(map(_single, group)) if len(group) > 1 else ())
        for group in groups
    ]


def _woven(sources: Iterable[Unit], units: list[Unit]) -> list[Unit]:
    """Return all units in a topological order, every source just before its first user."""

    def ordered() -> Iterator[Unit]:
        users = _users(units)
        waiting: dict[int, list[Unit]] = {}
        for unit in sources:
            first = min((min(users.get(n, {len(units)})) for n in unit.nodes), default=0)
            waiting.setdefault(first, []).append(unit)
        for index, unit in enumerate(units):
            yield from waiting.get(index, ())
            yield unit
        yield from waiting.get(len(units), ())

    return list(ordered())
