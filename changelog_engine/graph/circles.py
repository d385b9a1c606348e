"""Which edges give way where inferred ones would make a circle, knot by knot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from changelog_engine.graph.gathering import Found
from changelog_engine.graph.inferred import Firmness
from changelog_engine.graph.order import knots, legal_order, reachable
from changelog_engine.model import Strength

Pair = tuple[int, int]

_CLASSES = (
    (Firmness.CERTAIN, Strength.REQUIRES),
    (Firmness.CERTAIN, Strength.AFTER),
    (Firmness.SOFT, Strength.REQUIRES),
    (Firmness.SOFT, Strength.AFTER),
    (Firmness.GUESS, Strength.REQUIRES),
    (Firmness.GUESS, Strength.AFTER),
)


def without_circles(
    count: int, declared: Collection[Pair], found: Mapping[Pair, Found]
) -> tuple[list[Pair], list[Pair]]:
    """The inferred pairs that can stay beside the declared ones, which are without circles, and those that cannot.

    Nodes are numbers from 0, and numbers are a legal order of the declared pairs. What the declared edges speak
    against goes first, then the least sure.
    """
    tangled = knots(count, [*declared, *found])
    if not tangled:
        return list(found), []
    knot_of = {node: index for index, knot in enumerate(tangled) for node in knot}
    inside: list[list[Pair]] = [[] for _ in tangled]
    fixed: list[list[Pair]] = [[] for _ in tangled]
    kept: list[Pair] = []
    for pair in found:
        index = knot_of.get(pair[0])
        if index is not None and index == knot_of.get(pair[1]):
            inside[index].append(pair)
        else:
            kept.append(pair)
    for pair in declared:
        index = knot_of.get(pair[0])
        if index is not None and index == knot_of.get(pair[1]):
            fixed[index].append(pair)
    dropped: list[Pair] = []
    for pairs, standing in zip(inside, fixed, strict=True):
        stays, goes = _untangled(pairs, standing, found)
        kept += stays
        dropped += goes
    return kept, dropped


def _untangled(
    pairs: Sequence[Pair], standing: list[Pair], found: Mapping[Pair, Found]
) -> tuple[list[Pair], list[Pair]]:
    following: dict[int, list[int]] = {}
    for before, after in standing:
        following.setdefault(before, []).append(after)
    beyond: dict[int, frozenset[int]] = {}
    open_pairs: list[Pair] = []
    dropped: list[Pair] = []
    for before, after in pairs:
        if after not in beyond:
            beyond[after] = reachable([after], lambda node: following.get(node, ()))
        (dropped if before in beyond[after] else open_pairs).append((before, after))
    accepted = list(standing)
    stays: list[Pair] = []
    for firmness, strength in _CLASSES:
        own = [pair for pair in open_pairs if (found[pair].firmness, found[pair].strength) == (firmness, strength)]
        if not own:
            continue
        nodes = sorted({node for pair in (*accepted, *own) for node in pair})
        numbered = {node: number for number, node in enumerate(nodes)}
        local = [(numbered[before], numbered[after]) for before, after in (*accepted, *own)]
        tangled = knots(len(nodes), local)
        knot_of = {nodes[number]: index for index, knot in enumerate(tangled) for number in knot}
        place = _places(nodes, accepted) if tangled else {}
        for pair in own:
            before, after = pair
            is_inside = before in knot_of and knot_of[before] == knot_of.get(after)
            if is_inside and place[before] > place[after]:
                dropped.append(pair)
            else:
                stays.append(pair)
                accepted.append(pair)
    return stays, dropped


def _places(nodes: Sequence[int], pairs: Collection[Pair]) -> Mapping[int, int]:
    order = legal_order(nodes, pairs, {node: node for node in nodes})
    assert order is not None
    return {node: place for place, node in enumerate(order)}
