"""Laws of inference: never a circle, what is declared wins, files do not matter, and what commutes is no conflict."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.graph.build import ChangesetGraph, build_graph
from changelog_engine.graph.inferred import Subject
from changelog_engine.model import Changelog, Strength
from changelog_engine.sql.effects import Act, Kind, Thing
from tests.laws.changelogs import changelogs
from tests.unit.factory import changelog, changeset
from tests.unit.graph.effects_by_hand import (
    by_hand,
    column,
    deletes,
    does,
    function,
    inserts,
    references,
    relation,
    subject,
    table,
    updates,
    uses,
)

TABLES = ("a", "b", "c")
COLUMNS = ("id", "x", "y")


@st.composite
def deeds(draw: st.DrawFn) -> object:
    """Anything that SQL may do to a few tables, whether or not it can be done."""
    one, other = draw(st.sampled_from(TABLES)), draw(st.sampled_from(TABLES))
    named = draw(st.sampled_from(COLUMNS))
    row = {"id": draw(st.sampled_from(["1", "2"])), named: "3"}
    makes = draw(st.sampled_from([Act.CREATES, Act.REPLACES]))
    acts = st.sampled_from([Act.CREATES, Act.DROPS, Act.ALTERS, Act.TIGHTENS, Act.USES, Act.RENAMES_FROM])
    return draw(
        st.sampled_from(
            [
                table(one, *COLUMNS, act=draw(st.sampled_from([Act.CREATES, Act.ENSURES]))),
                references(one, ["x"], other),
                column(draw(acts), f"{one}.{named}"),
                [*uses(one), does(Act.DROPS, relation(one), "table")],
                [*uses(one), does(Act.RENAMES_FROM, relation(one)), does(Act.RENAMES_TO, relation(other))],
                [*uses(one, named), does(makes, relation(f"v{other}"), "view")],
                [does(Act.USES_WHEN_RUN, relation(one)), function(f"f{other}", makes)],
                inserts(one, row),
                inserts(one),
                updates(one, [named], row),
                updates(one, [named]),
                deletes(one),
                does(Act.CREATES, Thing(Kind.TRIGGER, "g", "", one), "trigger"),
            ]
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Scene:
    log: Changelog
    subjects: dict[str, Subject]

    @property
    def graph(self) -> ChangesetGraph:
        return build_graph(self.log, infer=by_hand(self.subjects)).graph


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Changelogs with any edges declared, of which each changeset does anything."""
    log = draw(changelogs())
    subjects = {
        each.id: subject(each.id, *draw(st.lists(deeds(), max_size=3)))  # type: ignore[arg-type]
        for each in log.changesets
    }
    return Scene(log, subjects)


@given(scenes())
def test_inferred_edges_never_make_a_circle_and_the_order_is_legal(scene: Scene) -> None:
    built = build_graph(scene.log, infer=by_hand(scene.subjects))
    assert built.problems == ()
    place = {node: index for index, node in enumerate(built.graph.order)}
    assert len(place) == len(scene.log.changesets) + len(scene.log.tags)
    assert all(place[edge.before] < place[edge.after] for edge in built.graph.edges)


@given(scenes())
def test_what_is_declared_stays_as_it_is(scene: Scene) -> None:
    declared = build_graph(scene.log).graph.edges
    with_inferred = scene.graph.edges
    assert [edge for edge in with_inferred if not edge.is_inferred] == list(declared)
    pairs = {(edge.before, edge.after) for edge in declared}
    assert not [edge for edge in with_inferred if edge.is_inferred and (edge.before, edge.after) in pairs]


@given(scenes())
def test_no_conflict_is_told_of_two_that_are_in_an_order_for_sure(scene: Scene) -> None:
    graph = build_graph(scene.log, infer=by_hand(scene.subjects)).graph
    declared = build_graph(scene.log).graph
    for conflict in graph.inference.conflicts:
        assert conflict.first not in _all_before(declared, conflict.second)
        assert conflict.second not in _all_before(declared, conflict.first)


def _all_before(graph: ChangesetGraph, node: str) -> set[str]:
    found: set[str] = set()
    stack = [node]
    while stack:
        for edge in graph.edges_into(stack.pop()):
            if edge.before not in found:
                found.add(edge.before)
                stack.append(edge.before)
    return found


@st.composite
def schemas(draw: st.DrawFn) -> list[Subject]:
    """A schema as people build it: every name is made once, and used by any that come after."""
    count = draw(st.integers(1, 5))
    made: list[Subject] = []
    for number in range(count):
        name = f"t{number}"
        parents = draw(st.lists(st.sampled_from(range(number)), max_size=2, unique=True)) if number else []
        made.append(subject(name, table(name, "id", "p"), *(references(name, ["p"], f"t{each}") for each in parents)))
        made.append(subject(f"add-{name}", column(Act.CREATES, f"{name}.more")))
        if draw(st.booleans()):
            made.append(
                subject(f"view-{name}", uses(name, "id", "more"), does(Act.CREATES, relation(f"v{number}"), "view"))
            )
            made.append(subject(f"on-{name}", uses(f"v{number}"), does(Act.CREATES, relation(f"w{number}"), "view")))
        if draw(st.booleans()):
            made.append(subject(f"rows-{name}", inserts(name, {"id": "1"})))
        if draw(st.booleans()):
            made.append(subject(f"drop-{name}", column(Act.DROPS, f"{name}.p")))
    return made


@given(schemas(), st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(made: list[Subject], random: object) -> None:
    def edges(subjects: list[Subject]) -> set[tuple[str, str, Strength]]:
        log = changelog(*(changeset(each.id) for each in subjects))
        built = build_graph(log, infer=by_hand({each.id: each for each in subjects}))
        assert built.warnings == ()
        return {(edge.before, edge.after, edge.strength) for edge in built.graph.edges}

    shuffled = list(made)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert edges(shuffled) == edges(made)


@given(st.lists(st.sampled_from(COLUMNS), min_size=2, unique=True))
def test_what_commutes_is_no_conflict(columns: list[str]) -> None:
    subjects = [subject(f"u-{name}", updates("a", [name])) for name in columns]
    subjects += [subject(f"i-{name}", inserts("b", {"id": f"'{name}'"})) for name in columns]
    subjects += [subject(f"c-{name}", column(Act.CREATES, f"c.{name}")) for name in columns]
    log = changelog(*(changeset(each.id) for each in subjects))
    built = build_graph(log, infer=by_hand({each.id: each for each in subjects}))
    assert (built.warnings, built.graph.edges) == ((), ())
