"""Laws of the graph: any order is legal and the smallest, and selectors are an algebra of sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.graph.build import ChangesetGraph, build_graph
from changelog_engine.graph.select import parse_selector, select
from changelog_engine.model import Changelog
from tests.laws.changelogs import changelogs, ids_of, shuffled


@given(changelogs())
def test_any_order_respects_every_edge(log: Changelog) -> None:
    graph = build_graph(log).graph
    place = {node: index for index, node in enumerate(graph.order)}
    assert len(place) == len(log.changesets) + len(log.tags)
    assert all(place[edge.before] < place[edge.after] for edge in graph.edges)


@given(changelogs())
def test_no_smaller_order_is_legal(log: Changelog) -> None:
    """Of all that may come next, the order takes what is declared first."""
    graph = build_graph(log).graph
    rank = {item.id: item.position for item in log.changesets} | {f"tag:{tag.name}": tag.position for tag in log.tags}
    done: set[str] = set()
    for node in graph.order:
        free = [
            other
            for other in rank
            if other not in done and all(edge.before in done for edge in graph.edges_into(other))
        ]
        assert node == min(free, key=rank.__getitem__)
        done.add(node)


@given(changelogs())
def test_a_tag_stands_after_exactly_what_is_declared_above_it(log: Changelog) -> None:
    """However few edges lead into it, what it reaches by tags is all that stands above it."""
    graph = build_graph(log).graph
    for tag in log.tags:
        reached: set[str] = set()
        stack = [f"tag:{tag.name}"]
        while stack:
            for edge in graph.edges_into(stack.pop()):
                if edge.before.startswith("tag:"):
                    stack.append(edge.before)
                else:
                    reached.add(edge.before)
        assert reached == set(graph.declared_above(tag.name))


@given(changelogs(), st.data())
def test_requirements_and_dependents_mirror_each_other(log: Changelog, data: st.DataObject) -> None:
    graph = build_graph(log).graph
    one, other = data.draw(ids_of(log)), data.draw(ids_of(log))
    assert (one in graph.requirements([other])) == (other in graph.dependents([one]))


@given(changelogs(), st.data())
def test_reordering_the_files_changes_no_edge_between_changesets(log: Changelog, data: st.DataObject) -> None:
    moved = build_graph(data.draw(shuffled(log))).graph
    before = {
        (edge.before, edge.after, edge.strength)
        for edge in build_graph(log).graph.edges
        if edge.after in moved.changesets
    }
    after = {(edge.before, edge.after, edge.strength) for edge in moved.edges if edge.after in moved.changesets}
    assert before == after


# --------------------------------------------------------------------------------------------------- selectors


def selectors(log: Changelog) -> st.SearchStrategy[str]:
    atoms = st.one_of(ids_of(log), st.just("*"), st.just("state:applied"), st.just("state:pending"))
    widened = st.builds(
        lambda left, atom, right: f"{left}{atom}{right}", st.sampled_from(["", "+"]), atoms, st.sampled_from(["", "+"])
    )
    return st.recursive(
        widened,
        lambda inner: st.one_of(
            st.builds(lambda a, b: f"({a}, {b})", inner, inner),
            st.builds(lambda a, b: f"({a} & {b})", inner, inner),
            st.builds(lambda a: f"!({a})", inner),
        ),
        max_leaves=5,
    )


def pick(graph: ChangesetGraph, text: str) -> frozenset[str]:
    states = {name: "applied" if index % 2 else "pending" for index, name in enumerate(graph.changesets)}
    return select(parse_selector(text), graph, states, {})


@given(changelogs(), st.data())
def test_selectors_are_an_algebra_of_sets(log: Changelog, data: st.DataObject) -> None:
    graph = build_graph(log).graph
    a, b = data.draw(selectors(log)), data.draw(selectors(log))
    assert pick(graph, f"{a}, {b}") == pick(graph, f"{b}, {a}") == pick(graph, a) | pick(graph, b)
    assert pick(graph, f"{a} & {b}") == pick(graph, f"{b} & {a}") == pick(graph, a) & pick(graph, b)
    assert pick(graph, f"!({a}, {b})") == pick(graph, f"!({a}) & !({b})")
    assert pick(graph, f"!({a} & {b})") == pick(graph, f"!({a}), !({b})")
    assert pick(graph, f"!!({a})") == pick(graph, a)
    assert pick(graph, f"+({a})") >= pick(graph, a)
    assert pick(graph, f"+(+({a}))") == pick(graph, f"+({a})")
