"""Vertices in groups that nest: what a page opens and closes.

Consecutive vertices of one scope become a group. "Consecutive" in a topological order: a group of
such can be drawn as one box without an arrow that turns back. A value that nothing in the picture
made has no such place; it stands before those who use it, or with them if only they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby

from .contents import contents
from .model import DEEPEST, Edge, Scope, Vertex

__all__ = ["Group", "Member", "Opened", "flattened", "leaves", "put_into_scopes"]

NOBODY = Vertex("", "fold")


@dataclass(slots=True, eq=False)
class Group:
    """What is drawn of it while it is closed, and what it holds."""

    vertex: Vertex = NOBODY
    members: list[Group | Vertex] = field(default_factory=list)
    opened: bool = False


Member = Group | Vertex


@dataclass(frozen=True, slots=True)
class Opened:
    """All of a page's vertices, a group before what it holds, and the edges: always forward."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    """Between vertices that are no groups."""
    parents: tuple[int, ...]
    """The place of the group that holds each vertex; -1: none does."""
    opened: frozenset[int]
    """The groups that are open at first."""


@dataclass(frozen=True, slots=True)
class _Joins:
    """What is known of vertices by their keys."""

    users: dict[str, list[str]]
    made: frozenset[str]

    def makes(self, member: Member) -> bool:
        """Return whether anything in it was made by an operation."""
        return any(v.key in self.made or v.kind == "operation" for v in leaves(member))


def put_into_scopes(whole: Group, edges: Sequence[Edge]) -> None:
    """Put what shares a scope, in each group, into a group of its own, which is open.

    One operation and its value alone get none: closed they would be no smaller.
    """
    users: dict[str, list[str]] = {}
    for edge in edges:
        users.setdefault(edge.source, []).append(edge.target)
    joins = _Joins(users, frozenset(edge.target for edge in edges))
    numbers = count()
    waiting = [(whole, 0)]
    while waiting:
        group, depth = waiting.pop()
        if group is not whole and not group.opened:
            depth = _shared(group, joins)
        if depth < DEEPEST:
            group.members = _scoped(group.members, depth, joins, numbers)
        waiting += [(member, depth + 1) for member in group.members if isinstance(member, Group)]


def leaves(member: Member) -> Iterator[Vertex]:
    """Yield all that are no groups, in their order; without recursion."""
    waiting = [member]
    while waiting:
        last = waiting.pop()
        if isinstance(last, Vertex):
            yield last
        else:
            waiting += reversed(last.members)


def flattened(whole: Group, edges: Sequence[Edge]) -> Opened:
    """Return the groups as plain data."""
    vertices: list[Vertex] = []
    parents: list[int] = []
    opened: set[int] = set()
    waiting: list[tuple[Member, int]] = [(member, -1) for member in reversed(whole.members)]
    while waiting:
        member, parent = waiting.pop()
        parents.append(parent)
        if isinstance(member, Vertex):
            vertices.append(member)
            continue
        waiting += [(inner, len(vertices)) for inner in reversed(member.members)]
        if member.opened:
            opened.add(len(vertices))
        vertices.append(member.vertex)
    return Opened(tuple(vertices), tuple(edges), tuple(parents), frozenset(opened))


def _scope(member: Member) -> Scope:
    return member.vertex.scope if isinstance(member, Group) else member.scope


def _shared(group: Group, joins: _Joins) -> int:
    """Return how many scopes all that is made in a group shares."""
    scopes = [_scope(member) for member in group.members if joins.makes(member)]
    depth = 0
    while scopes and all(len(s) > depth and s[depth] == scopes[0][depth] for s in scopes):
        depth += 1
    return depth


def _scoped(
    members: list[Member], depth: int, joins: _Joins, numbers: Iterator[int]
) -> list[Member]:
    made = [(at, member) for at, member in enumerate(members) if joins.makes(member)]
    runs = {
        held[0][0]: held
        for path, run in groupby(made, lambda pair: _scope(pair[1])[: depth + 1])
        if len(held := list(run)) > 2 and len(path) > depth
    }
    home = {v.key: first for first, run in runs.items() for _, m in run for v in leaves(m)}
    inside = {at for run in runs.values() for at, _ in run}
    ends = {first: run[-1][0] for first, run in runs.items()}
    found: list[tuple[float, Member]] = []
    for at, member in enumerate(members):
        if at in inside:
            continue
        first = _only_user(member, joins, home)
        path = _scope(runs[first][0][1])[: depth + 1] if first in runs else ()
        if path and (_is_plain(member) or _scope(member)[: depth + 1] == path):
            runs[first].append((at, member))
        else:  # what stands within a run is taken out, and stands before it
            around = [first for first, end in ends.items() if first < at < end]
            found.append((min(around, default=at + 0.5) - 0.5, member))
    for first, run in runs.items():
        path = _scope(run[0][1])[: depth + 1]
        inner = [member for _, member in sorted(run, key=lambda pair: pair[0])]
        found.append((first, Group(_closed(path, inner, next(numbers)), inner, True)))
    return [member for _, member in sorted(found, key=lambda pair: pair[0])]


def _only_user(source: Member, joins: _Joins, home: dict[str, int]) -> int:
    if joins.makes(source):
        return -1
    using = {home.get(t, -1) for v in leaves(source) for t in joins.users.get(v.key, ())}
    return using.pop() if len(using) == 1 else -1


def _is_plain(member: Member) -> bool:
    return isinstance(member, Vertex) and member.kind == "constant" and not member.name


def _closed(path: Scope, members: Sequence[Member], number: int) -> Vertex:
    """Return what is drawn of a scope while it is closed: how much it holds, its last value."""
    held = [vertex for member in members for vertex in leaves(member)]
    made = Counter(vertex.name for vertex in held if vertex.kind == "operation")
    kinds = Counter(vertex.kind for vertex in held)
    notes = contents(made, kinds["parameter"], kinds["constant"], [], [v.name for v in held])
    last = [vertex for vertex in held if vertex.kind != "operation"][-1]
    told = " ".join(filter(None, ["last:", last.name, last.shape, last.dtype]))
    return Vertex(
        f"s{number}", "fold", path[-1], (*notes, told), last.value, last.gradient, path[:-1]
    )
