"""The pair to blame is found for any order, whichever edge is missing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.prove.narrowing import Order, narrow


@st.composite
def hidden_edges(draw: st.DrawFn) -> tuple[Order, Order, set[tuple[str, str]]]:
    """An order that goes well, one that does not, and the edges that nothing says."""
    good = tuple(f"c{number}" for number in range(draw(st.integers(2, 25))))
    bad = tuple(draw(st.permutations(good)))
    edges = draw(
        st.sets(
            st.tuples(st.integers(0, len(good) - 2), st.integers(1, len(good) - 1)).filter(
                lambda pair: pair[0] < pair[1]
            ),
            min_size=1,
            max_size=4,
        )
    )
    return good, bad, {(good[first], good[second]) for first, second in edges}


def breaks(order: Order, edges: set[tuple[str, str]]) -> bool:
    place = {name: index for index, name in enumerate(order)}
    return any(place[first] > place[second] for first, second in edges)


@given(hidden_edges())
def test_it_is_one_of_the_edges_that_nothing_says(case: tuple[Order, Order, set[tuple[str, str]]]) -> None:
    good, bad, edges = case
    if breaks(bad, edges):
        assert narrow(good, bad, lambda order: not breaks(order, edges)) in edges


@given(hidden_edges())
def test_it_takes_about_two_trials_for_each_doubling(case: tuple[Order, Order, set[tuple[str, str]]]) -> None:
    good, bad, edges = case
    if not breaks(bad, edges):
        return
    tried: list[Order] = []

    def goes_well(order: Order) -> bool:
        tried.append(order)
        return not breaks(order, edges)

    narrow(good, bad, goes_well)
    assert len(tried) <= 2 * len(good).bit_length()


@given(hidden_edges())
def test_only_orders_that_respect_what_both_respect_are_tried(case: tuple[Order, Order, set[tuple[str, str]]]) -> None:
    good, bad, edges = case
    if not breaks(bad, edges):
        return
    place = {name: index for index, name in enumerate(bad)}
    common = {(first, second) for first, second in pairwise(good) if place[first] < place[second]}

    def goes_well(order: Order) -> bool:
        assert not breaks(order, common)
        return not breaks(order, edges)

    narrow(good, bad, goes_well)
