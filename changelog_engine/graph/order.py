"""Legal orders and circles, over plain nodes and pairs: the only importer of networkx, whose types stay in here.

It is imported where it is needed only: most changelogs declare their changesets in a legal order, and need no sorting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx


def legal_order(
    nodes: Iterable[str], pairs: Collection[tuple[str, str]], rank: Mapping[str, int]
) -> tuple[str, ...] | None:
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


def _digraph(nodes: Iterable[str], pairs: Iterable[tuple[str, str]]) -> nx.DiGraph[str]:
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(nodes)
    digraph.add_edges_from(pairs)
    return digraph


def reachable(
    starts: Iterable[str], neighbours: Callable[[str], Iterable[str]], known: frozenset[str] = frozenset()
) -> frozenset[str]:
    """All that can be reached from ``starts``, these included, without entering ``known``; linear, iterative."""
    seen = set(starts)
    stack = list(seen)
    while stack:
        for neighbour in neighbours(stack.pop()):
            if neighbour not in seen and neighbour not in known:
                seen.add(neighbour)
                stack.append(neighbour)
    return frozenset(seen)
