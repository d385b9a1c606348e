"""Laws of planning: twice is once, undoing leaves nothing behind, files do not matter where edges decide."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.errors import PlanRefusedError
from changelog_engine.graph.build import build_graph
from changelog_engine.model import Changelog, Dependency, Strength
from changelog_engine.plan.request import (
    ContextChoice,
    ContextMode,
    Everything,
    LastApplied,
    OfDeployment,
    RollbackTarget,
    Selected,
    ToTag,
)
from tests.laws.changelogs import changelogs, ids_of, shuffled
from tests.unit.ledger_factory import Database, ids

CONTEXTS = st.sampled_from(
    [ContextChoice(ContextMode.ALL), ContextChoice(ContextMode.NONE), ContextChoice(ContextMode.GIVEN, ("dev",))]
)


def nothing_is_applied_without_what_it_requires(database: Database, log: Changelog) -> None:
    graph = build_graph(log).graph
    by_ledger = {
        (name, row.id)
        for row in database.recorded.values()
        for name, strength in row.depends_on
        if strength == Strength.REQUIRES
    }
    excluded = {name for name, state in database.states(log).items() if state == "excluded"}
    for name in database.applied:
        assert not set(graph.requires(name)) - database.applied - excluded if name in graph.changesets else True
    assert all(before in database.applied | excluded for before, _ in by_ledger)


@given(changelogs(reruns=True, filters=True), CONTEXTS)
def test_what_was_updated_is_up_to_date(log: Changelog, contexts: ContextChoice) -> None:
    database = Database()
    with suppress(PlanRefusedError):
        database.update(log, contexts=contexts)
        assert database.plan(log, contexts=contexts).steps == ()
        assert "pending" not in database.states(log, contexts=contexts).values()


@given(changelogs(), st.integers(1, 4))
def test_in_parts_it_comes_to_the_same(log: Changelog, count: int) -> None:
    whole, parts = Database(), Database()
    whole.update(log)
    while parts.plan(log).steps:
        parts.update(log, count=count)
        nothing_is_applied_without_what_it_requires(parts, log)
    assert list(parts.recorded) == list(whole.recorded)
    assert {name: tag.changesets for name, tag in parts.tags.items()} == {
        name: tag.changesets for name, tag in whole.tags.items()
    }


@given(changelogs(filters=True), st.data())
def test_a_selection_brings_what_it_requires(log: Changelog, data: st.DataObject) -> None:
    database = Database()
    chosen = data.draw(ids_of(log))
    database.update(log, select=chosen)
    assert database.applied <= build_graph(log).graph.requirements([chosen])
    nothing_is_applied_without_what_it_requires(database, log)


@given(changelogs(), st.data())
def test_files_change_no_checksum(log: Changelog, data: st.DataObject) -> None:
    moved = data.draw(shuffled(log))
    before = {step.id: step.checksum for step in Database().plan(log).steps if step.checksum}
    after = {step.id: step.checksum for step in Database().plan(moved).steps if step.checksum}
    assert before == after
    database = Database()
    database.update(log)
    assert ids(database.plan(moved)) == []


@given(changelogs(), st.data())
def test_files_change_no_plan_that_the_edges_decide(log: Changelog, data: st.DataObject) -> None:
    """Each changeset also requires the one before it in the order: there is one legal order only."""
    order = [node for node in build_graph(log).graph.order if not node.startswith("tag:")]
    before = dict(zip(order[1:], order, strict=False))
    pinned = replace(
        log,
        tags=(),
        changesets=tuple(
            replace(each, depends_on=(*each.depends_on, Dependency(before[each.id], each.location)))
            if each.id in before
            else each
            for each in log.changesets
        ),
    )
    assert ids(Database().plan(data.draw(shuffled(pinned)))) == ids(Database().plan(pinned)) == order


def targets(database: Database, log: Changelog) -> st.SearchStrategy[RollbackTarget]:
    choices: list[st.SearchStrategy[RollbackTarget]] = [
        st.just(Everything()),
        st.builds(LastApplied, st.integers(1, 5)),
        st.builds(Selected, ids_of(log)),
    ]
    if database.tags:
        choices.append(st.builds(ToTag, st.sampled_from(sorted(database.tags))))
    deployments = sorted({row.deployment for row in database.recorded.values() if row.deployment})
    if deployments:
        choices.append(st.builds(OfDeployment, st.sampled_from(deployments)))
    return st.one_of(choices)


@given(changelogs(filters=True), st.data(), st.booleans())
def test_no_rollback_takes_away_what_is_required(log: Changelog, data: st.DataObject, cascade: bool) -> None:
    database = Database()
    for _ in range(data.draw(st.integers(1, 3))):
        database.update(log, select=data.draw(st.sampled_from(["*", *(each.id for each in log.changesets)])))
    before = database.applied
    with suppress(PlanRefusedError):
        plan = database.rollback(log, data.draw(targets(database, log)), cascade=cascade)
        assert database.applied == before - set(ids(plan))
    nothing_is_applied_without_what_it_requires(database, log)


@given(changelogs(), st.data())
def test_no_step_of_a_rollback_takes_away_what_is_still_required(log: Changelog, data: st.DataObject) -> None:
    database = Database()
    database.update(log)
    graph = build_graph(log).graph
    undone: set[str] = set()
    for step in database.plan_rollback(log, data.draw(targets(database, log)), cascade=True).steps:
        assert set(graph.required_by(step.id)) <= undone | {step.id}
        undone.add(step.id)


@given(changelogs(), st.data())
def test_up_down_and_up_again_is_up(log: Changelog, data: st.DataObject) -> None:
    database = Database()
    database.update(log)
    everything = database.applied
    database.rollback(log, data.draw(targets(database, log)), cascade=True)
    database.update(log)
    assert database.applied == everything
    assert database.plan(log).steps == ()


@given(changelogs(), st.data())
def test_a_rollback_to_a_tag_leaves_its_set(log: Changelog, data: st.DataObject) -> None:
    database = Database()
    database.update(log)
    if database.tags:
        name = data.draw(st.sampled_from(sorted(database.tags)))
        database.rollback(log, ToTag(name))
        assert database.applied == database.tags[name].changesets
