"""From the effects of changesets to the edges between them: what the SQL says about the order that nobody declared.

An edge *requires* where a changeset uses what the other makes, and is *after* where only the order matters. Edges and
ties are few more than the names that the changesets use, and everything passes over them a fixed number of times.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from changelog_engine.graph.circles import without_circles
from changelog_engine.graph.footprint import Footprint, footprints_of
from changelog_engine.graph.gathering import Edges, Found, Tie, named_edge
from changelog_engine.graph.inferred import Conflict, Contradiction, Firmness, Inference, InferredEdge, Subject, Unread
from changelog_engine.graph.objects import Extensions, Objects
from changelog_engine.graph.order import connected, legal_order
from changelog_engine.graph.rows import Rows
from changelog_engine.graph.ties import Ties
from changelog_engine.model import Strength

Pair = tuple[int, int]


def infer(
    subjects: Iterable[Subject], declared: Collection[tuple[str, str]], extensions_of: Extensions = lambda _: ()
) -> Inference:
    """What the effects of the subjects say beside the declared edges, given as (before, after).

    The subjects stand in a legal order of the declared edges, and where these leave it open as they do in the files;
    each is let go of before the next is asked for.
    """
    footprints = footprints_of(subjects)
    number_of = {footprint.id: number for number, footprint in enumerate(footprints)}
    # A map, as a set takes three times the memory for so many.
    fixed = dict.fromkeys((number_of[before], number_of[after]) for before, after in declared)
    edges = Edges()
    objects = Objects(footprints, edges, extensions_of)
    objects.infer()
    Rows(footprints, edges).infer()
    found = {pair: each for pair, each in edges.found.items() if pair not in fixed and footprints[pair[1]].infers}
    kept, dropped = without_circles(len(footprints), fixed, found)
    numbers = range(len(footprints))
    order = legal_order(numbers, [*fixed, *kept], {number: number for number in numbers})
    assert order is not None
    ties = Ties(footprints, edges.groups, {number: place for place, number in enumerate(order)}).find()
    firm = [*fixed, *(pair for pair in kept if found[pair].firmness < Firmness.GUESS)]
    open_ties = _open(ties, order, firm, footprints)
    tied = {
        (tie.before, tie.after): Found(Strength.AFTER, Firmness.TIE, tie.reason, tie.part, tie.place)
        for tie in reversed(open_ties)
    }
    final = {**tied, **{pair: found[pair] for pair in kept}}
    return Inference(
        edges=tuple(named_edge(*pair, final[pair], footprints) for pair in sorted(final, key=_by_later)),
        reasons=_reasons(fixed, edges.found, footprints),
        conflicts=tuple(_conflicts(open_ties, footprints)),
        contradictions=tuple(_contradictions(dropped, found, footprints)),
        unresolved=tuple(objects.unresolved),
        unread=tuple(_unread(footprints)),
    )


def _by_later(pair: Pair) -> Pair:
    return pair[1], pair[0]


def _open(
    ties: Iterable[Tie], order: Sequence[int], firm: Collection[Pair], footprints: Sequence[Footprint]
) -> list[Tie]:
    """The ties of pairs that nothing else puts in an order, one a pair."""
    by_pair: dict[Pair, Tie] = {}
    for tie in ties:
        pair = (tie.before, tie.after)
        if footprints[tie.after].infers and (
            pair not in by_pair or (tie.is_conflict and not by_pair[pair].is_conflict)
        ):
            by_pair[pair] = tie
    settled = connected(order, firm, by_pair)
    return [tie for pair, tie in by_pair.items() if pair not in settled]


def _reasons(
    fixed: Iterable[Pair], found: Mapping[Pair, Found], footprints: Sequence[Footprint]
) -> dict[tuple[str, str], InferredEdge]:
    edges = (named_edge(*pair, found[pair], footprints) for pair in fixed if pair in found)
    return {(edge.before, edge.after): edge for edge in edges}


def _conflicts(ties: Iterable[Tie], footprints: Sequence[Footprint]) -> Iterable[Conflict]:
    """One for each matter: the first two of the changesets that take part, and the others."""
    together: dict[tuple[int, str], list[Tie]] = {}
    for tie in ties:
        if tie.is_conflict:
            together.setdefault(tie.group, []).append(tie)
    for found in together.values():
        tie = found[0]
        first, second = footprints[tie.before].id, footprints[tie.after].id
        numbers = dict.fromkeys(number for each in found for number in (each.before, each.after))
        others = tuple(footprints[number].id for number in numbers if number not in (tie.before, tie.after))
        more = f" (and {len(others)} more in the same way)" if others else ""
        message = f"`{first}` and `{second}` do not commute, and nothing says which is first: {tie.message}{more}"
        yield Conflict(first, second, message, footprints[tie.after].location(tie.part, tie.place), others)


def _contradictions(
    dropped: Iterable[Pair], found: Mapping[Pair, Found], footprints: Sequence[Footprint]
) -> Iterable[Contradiction]:
    for pair in sorted(dropped, key=_by_later):
        if found[pair].firmness is not Firmness.CERTAIN:
            continue
        edge = named_edge(*pair, found[pair], footprints)
        verb = "requires" if edge.strength is Strength.REQUIRES else "comes after"
        message = (
            f"`{edge.after}` {verb} `{edge.before}` by its SQL ({edge.reason}), "
            "but what is declared, or other SQL, puts it first"
        )
        yield Contradiction(edge, message)


def _unread(footprints: Iterable[Footprint]) -> Iterable[Unread]:
    for footprint in footprints:
        for opaque, part in footprint.opaque:
            yield Unread(footprint.id, opaque.what, footprint.location(part, opaque.place))
