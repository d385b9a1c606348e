"""Edges, their reasons, the engine's order, and what is wrong with a graph."""

from __future__ import annotations

from changelog_engine.model import Dependency, Strength
from tests.unit.factory import FILE, at, built, changelog, changeset, graph, linear, tag


def test_declared_order_stands_where_nothing_else_is_said() -> None:
    assert graph(changeset("c"), changeset("a"), changeset("b")).order == ("c", "a", "b")


def test_what_is_depended_on_comes_first() -> None:
    """b -> c -> a, declared a b c."""
    assert graph(changeset("a", ["c"]), changeset("b"), changeset("c", ["b"])).order == ("b", "c", "a")


def test_the_order_is_the_smallest_by_declared_position() -> None:
    """
    a ----> d
    b -> c -'      declared d c b a: the smallest legal order is b c a d ('c' as soon as it may)
    """
    assert graph(changeset("d", ["a", "c"]), changeset("c", ["b"]), changeset("b"), changeset("a")).order == (
        "b",
        "c",
        "a",
        "d",
    )


def test_edges_carry_strength_reason_and_place() -> None:
    found = graph(changeset("a"), changeset("b", ["a"]), changeset("c", after=["a"]))
    (requires,) = found.edges_into("b")
    (after,) = found.edges_into("c")
    assert (requires.strength, requires.reason) == (Strength.REQUIRES, "`b` depends on `a`")
    assert requires.location == at(2, 20)
    assert (after.strength, after.reason) == (Strength.AFTER, "`c` comes after `a` where that runs at all")
    assert [edge.after for edge in found.edges_out_of("a")] == ["b", "c"]


def test_linear_edges_say_so() -> None:
    found = graph(*linear(changeset("a"), changeset("b")))
    assert found.edges_into("b")[0].reason == "order: linear"
    assert found.requirements(["b"]) == {"a", "b"}


def test_the_stronger_of_two_edges_to_the_same_counts() -> None:
    found = graph(changeset("a"), changeset("b", ["a"], after=["a"]))
    assert [edge.strength for edge in found.edges_into("b")] == [Strength.REQUIRES]


def test_requirements_and_dependents_do_not_follow_what_only_orders() -> None:
    """a -> b ~> c -> d."""
    found = graph(changeset("a"), changeset("b", ["a"]), changeset("c", after=["b"]), changeset("d", ["c"]))
    assert found.requirements(["d"]) == {"c", "d"}
    assert found.dependents(["a"]) == {"a", "b"}


def test_a_tag_comes_after_what_stands_above_it_and_nothing_waits_for_it() -> None:
    """a, tag, b, z; a requires z: so z, a, tag, b."""
    found = graph(changeset("a", ["z"]), tag("t"), changeset("b"), changeset("z"))
    assert found.order == ("b", "z", "a", "tag:t")
    assert found.edges_out_of("tag:t") == ()
    assert found.edges_into("tag:t")[0].reason == "tag `t` stands for what is declared above it"


def test_a_tag_builds_on_the_tag_before_it() -> None:
    """a b t1 c t2: t2 waits for t1 and c only, and stands for a, b and c."""
    found = graph(changeset("a"), changeset("b"), tag("t1"), changeset("c"), tag("t2"))
    assert [edge.before for edge in found.edges_into("tag:t2")] == ["c", "tag:t1"]
    assert found.declared_above("t2") == ("a", "b", "c")


def test_a_tag_of_an_included_file_stands_in_for_its_part() -> None:
    """main: x, include (a, tag inner, b), c, tag outer."""
    found = graph(
        changeset("x"), changeset("a"), tag("inner", first=1), changeset("b"), changeset("c"), tag("outer", first=0)
    )
    assert [edge.before for edge in found.edges_into("tag:outer")] == ["c", "b", "tag:inner", "x"]
    assert found.declared_above("inner") == ("a",)
    assert found.declared_above("outer") == ("x", "a", "b", "c")


def test_tags_keep_the_graph_linear_in_size() -> None:
    declared = [item for n in range(200) for item in (changeset(f"c{n}"), tag(f"t{n}"))]
    assert len(graph(*declared).edges) == 200 + 199


def test_a_tag_with_nothing_above_it_waits_for_nothing() -> None:
    found = graph(changeset("a"), tag("t", first=1), changeset("b"))
    assert found.edges_into("tag:t") == ()


def test_an_unknown_dependency_names_the_nearest() -> None:
    (problem,) = built(changeset("create-orders"), changeset("index-orders", ["create-order"])).problems
    assert problem.message == "changeset `index-orders` depends on `create-order`, which does not exist"
    assert problem.hint == f"did you mean `create-orders` ({FILE}:1)?"
    assert (problem.location, problem.length) == (at(2, 20), len("create-order"))


def test_an_unknown_dependency_with_nothing_near_tells_the_remedy() -> None:
    (problem,) = built(changeset("a", ["something-else"])).problems
    assert problem.hint is not None
    assert "keep a stub of it" in problem.hint


def test_an_unknown_dependency_is_no_news_where_files_are_missing() -> None:
    from changelog_engine.graph.build import build_graph

    assert build_graph(changelog(changeset("a", ["b"])), complete=False).problems == ()


def test_an_optional_dependency_may_be_absent() -> None:
    result = built(changeset("a", after=["something-else"]))
    assert (result.problems, result.warnings) == ((), ())


def test_an_optional_dependency_that_is_nearly_there_is_warned_of() -> None:
    result = built(changeset("load-countries"), changeset("a", after=["load-country"]))
    assert result.problems == ()
    assert [warning.hint for warning in result.warnings] == [f"did you mean `load-countries` ({FILE}:1)?"]


def test_an_earlier_id_leads_to_the_present_one_with_a_warning() -> None:
    result = built(changeset("create-orders", formerly=("orders",)), changeset("b", ["orders"]))
    assert result.graph.requirements(["b"]) == {"create-orders", "b"}
    assert [warning.hint for warning in result.warnings] == ["write `create-orders`"]


def test_a_changeset_cannot_depend_on_itself() -> None:
    (problem,) = built(changeset("a", ["a"])).problems
    assert problem.message == "changeset `a` depends on itself"


def test_a_circle_is_shown_whole_edge_by_edge() -> None:
    """a -> b -> c -> a, and d apart from it."""
    (problem,) = built(changeset("a", ["c"]), changeset("b", ["a"]), changeset("c", ["b"]), changeset("d")).problems
    assert problem.message.splitlines() == [
        "changesets wait for each other in a circle: `a` -> `c` -> `b` -> `a`",
        f"  `a` waits for `c`: `a` depends on `c` ({FILE}:1:20)",
        f"  `c` waits for `b`: `c` depends on `b` ({FILE}:3:20)",
        f"  `b` waits for `a`: `b` depends on `a` ({FILE}:2:20)",
    ]
    assert problem.location == at(1, 20)


def test_every_knot_is_reported_and_the_order_is_then_the_declared_one() -> None:
    result = built(changeset("a", ["b"]), changeset("b", ["a"]), changeset("x", ["y"]), changeset("y", ["x"]))
    assert len(result.problems) == 2
    assert result.graph.order == ("a", "b", "x", "y")


def test_a_dependency_list_may_hold_a_thousand_links_in_a_row() -> None:
    chain = [changeset("c0")] + [changeset(f"c{n}", [f"c{n - 1}"]) for n in range(1, 5000)]
    found = graph(*reversed(chain))
    assert found.order[0] == "c0"
    assert len(found.requirements(["c4999"])) == 5000


def test_a_dependency_keeps_its_place() -> None:
    assert changeset("a", ["b"]).depends_on == (Dependency("b", at(1, 20)),)
