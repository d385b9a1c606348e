"""Legal orders and circles, over plain nodes and pairs: the only importer of networkx, whose types stay in here.

It is imported where it is needed only: most changelogs declare their changesets in a legal order, and need no sorting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import networkx as nx

Node = TypeVar("Node", bound=Hashable)

CHUNK = 4096
"""Nodes whose successors are worked out in one go, as the bits of a number."""


def legal_order(
    nodes: Iterable[Node], pairs: Collection[tuple[Node, Node]], rank: Mapping[Node, int]
) -> tuple[Node, ...] | None:
    """The lexicographically smallest order by ``rank`` in which ``before`` precedes ``after`` for each (before, after).

    None where there is a circle.
    """
    if all(rank[before] < rank[after] for before, after in pairs):
        return tuple(sorted(nodes, key=rank.__getitem__))

    import networkx as nx

    digraph = _digraph(nodes, pairs)
    try:
        return tuple(nx.lexicographical_topological_sort(digraph, key=rank.__getitem__))
    except nx.NetworkXUnfeasible:
        return None


def find_circles(
    nodes: Iterable[str], pairs: Iterable[tuple[str, str]], rank: Mapping[str, int]
) -> tuple[tuple[str, ...], ...]:
    """One circle for each knot of nodes that wait for each other: the shortest through its lowest-ranked node.

    Each circle is given as its nodes, every one waiting for the next and the last for the first.
    """
    import networkx as nx

    digraph = _digraph(nodes, pairs)
    knots = [knot for knot in nx.strongly_connected_components(digraph) if len(knot) > 1]
    circles = []
    for knot in sorted(knots, key=lambda knot: min(map(rank.__getitem__, knot))):
        first = min(knot, key=rank.__getitem__)
        inside = digraph.subgraph(knot)
        back = min(inside.successors(first), key=rank.__getitem__)
        circles.append(tuple(reversed(nx.shortest_path(inside, back, first))))
    return tuple(circles)


def knots(count: int, pairs: Collection[tuple[int, int]]) -> list[list[int]]:
    """The groups of nodes (numbers from 0 to ``count``) that wait for each other in circles."""
    if all(before < after for before, after in pairs):
        return []

    import networkx as nx

    digraph = _digraph(range(count), pairs)
    return [sorted(knot) for knot in nx.strongly_connected_components(digraph) if len(knot) > 1]


def connected(
    order: Sequence[int], pairs: Iterable[tuple[int, int]], asked: Collection[tuple[int, int]]
) -> frozenset[tuple[int, int]]:
    """The asked (before, after) with a way from the one to the other along the pairs; ``order`` is a legal order."""
    if not asked:
        return frozenset()
    into: dict[int, list[int]] = {}
    for before, after in pairs:
        into.setdefault(after, []).append(before)
    starts = sorted({before for before, _ in asked})
    found: set[tuple[int, int]] = set()
    for first in range(0, len(starts), CHUNK):
        bit = {node: 1 << index for index, node in enumerate(starts[first : first + CHUNK])}
        reached: dict[int, int] = {}
        for node in order:
            bits = bit.get(node, 0)
            for before in into.get(node, ()):
                bits |= reached[before]
            reached[node] = bits
        found.update(pair for pair in asked if pair[0] in bit and reached[pair[1]] & bit[pair[0]])
    return frozenset(found)


def _digraph(nodes: Iterable[Node], pairs: Iterable[tuple[Node, Node]]) -> nx.DiGraph[Node]:
    import networkx as nx

    digraph: nx.DiGraph[Node] = nx.DiGraph()
    digraph.add_nodes_from(nodes)
    digraph.add_edges_from(pairs)
    return digraph


def reachable(
    starts: Iterable[Node], neighbours: Callable[[Node], Iterable[Node]], known: frozenset[Node] = frozenset()
) -> frozenset[Node]:
    """All that can be reached from ``starts``, these included, without entering ``known``; linear, iterative."""
    seen = set(starts)
    stack = list(seen)
    while stack:
        for neighbour in neighbours(stack.pop()):
            if neighbour not in seen and neighbour not in known:
                seen.add(neighbour)
                stack.append(neighbour)
    return frozenset(seen)
