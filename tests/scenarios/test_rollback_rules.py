"""Rollback: tags as sets, late changesets, older checkouts, order, dependents, and what stops it before it begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from changelog_engine.errors import ChangesetFailedError, PlanRefusedError, UsageError
from changelog_engine.ledger.entries import Event
from changelog_engine.plan.request import (
    AppliedAfter,
    Dependents,
    Everything,
    LastApplied,
    OfDeployment,
    RollbackFrom,
    RollbackRequest,
    Selected,
    ToTag,
)
from tests.fixtures.projects import Project


def set_of(project: Project, tag: str) -> tuple[str, ...]:
    return next(status.changesets for status in project.engine().tags() if status.name == tag)


# ------------------------------------------------------------------------------------------------------- tags


def test_a_tag_keeps_its_set_where_a_late_changeset_is_declared_after_it(project: Project) -> None:
    project.tables("a", "b", tag_after="b")
    assert project.update().tags == ("t",)
    project.tables("a", "b", "c", tag_after="b")
    project.update()
    assert set_of(project, "t") == ("a", "b")
    assert project.rollback(ToTag("t")).rolled_back == ("c",)
    assert project.states() == {"a": "applied", "b": "applied", "c": "pending"}


def test_a_late_changeset_above_a_declared_tag_joins_its_set(project: Project) -> None:
    project.tables("a", "b", "z", tag_after="b")
    project.update()
    project.tables("a", "late", "b", "z", tag_after="b")
    assert project.update().tags == ("t",)
    assert set_of(project, "t") == ("a", "b", "late")
    assert project.rollback(ToTag("t")).rolled_back == ("z",)


def test_a_tag_set_by_hand_never_grows(project: Project) -> None:
    project.tables("a", "b")
    project.update()
    project.engine().tag("here")
    project.tables("a", "late", "b")
    project.update()
    assert set_of(project, "here") == ("a", "b")
    assert project.rollback(ToTag("here")).rolled_back == ("late",)


def test_a_set_by_seq_would_undo_the_wrong_ones(project: Project) -> None:
    """``late`` is rolled back and applied again after the tag was set: it is in the set all the same."""
    project.tables("late", "a")
    project.update()
    project.engine().tag("here")
    project.rollback(Selected("late"))
    project.update()
    assert project.rollback(ToTag("here")).rolled_back == ()


def test_a_tag_whose_set_requires_what_would_be_undone_is_refused_without_cascade(project: Project) -> None:
    project.tables("a", "b")
    project.update()
    project.engine().tag("here")
    project.tables("a", "late", "b", depends_on={"b": ["late"]})
    project.update()
    with pytest.raises(PlanRefusedError, match="`b` requires `late`"):
        project.rollback(ToTag("here"))
    assert project.states() == {"a": "applied", "late": "applied", "b": "applied"}
    assert project.rollback(ToTag("here"), Dependents.CASCADE).rolled_back == ("b", "late")


def test_what_a_tag_held_and_was_rolled_back_since_is_named_and_not_put_back(project: Project) -> None:
    project.tables("a", "b", "c", tag_after="b")
    project.update()
    project.rollback(Selected("a"))
    result = project.rollback(ToTag("t"))
    assert result.rolled_back == ("c",)
    assert any("`a`" in note for note in result.notes)
    assert project.states()["a"] == "pending"


def test_a_rerun_since_a_tag_is_named_and_left(project: Project) -> None:
    changelog = """
        changesets:
          - id: view
            run: on_change
            sql: DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT {n} AS n
            rollback: DROP VIEW v
          - tag: t
        """
    project.write(changelog.format(n=1))
    project.update()
    project.write(changelog.format(n=2))
    project.update()
    result = project.rollback(ToTag("t"))
    assert result.rolled_back == ()
    assert any("`view`" in note for note in result.notes)
    assert project.sql("SELECT n FROM v") == [(2,)]


def test_an_unknown_tag_is_an_error_and_never_everything(project: Project) -> None:
    project.tables("a", tag_after="a")
    with pytest.raises(UsageError, match="`t`"):
        project.rollback(ToTag("t"))
    project.update()
    project.engine().tag("release-1")
    with pytest.raises(UsageError, match="`release-2`") as error:
        project.rollback(ToTag("release-2"))
    assert "`release-1`" in (error.value.hint or "")
    assert project.states() == {"a": "applied"}


def test_a_tag_set_by_hand_is_set_once_and_moved_where_that_is_asked_for(project: Project) -> None:
    project.tables("a", "b")
    project.update(count=1)
    project.engine().tag("here")
    project.update()
    with pytest.raises(UsageError, match="already"):
        project.engine().tag("here")
    assert set_of(project, "here") == ("a",)
    project.engine().tag("here", force=True)
    assert set_of(project, "here") == ("a", "b")
    project.engine().delete_tag("here")
    assert [tag.name for tag in project.engine().tags()] == []
    with pytest.raises(UsageError):
        project.engine().delete_tag("here")


def test_a_declared_tag_cannot_be_set_by_hand(project: Project) -> None:
    project.tables("a", tag_after="a")
    with pytest.raises(UsageError, match="declared"):
        project.engine().tag("t")


def test_a_declared_tag_waits_for_all_that_this_run_includes_above_it(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - {id: demo, contexts: test, sql: CREATE TABLE demo (id int), rollback: DROP TABLE demo}
          - {id: b, sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
          - tag: t
        """)
    assert project.update("prod", count=1).tags == ()
    assert project.update("prod").tags == ("t",)
    assert set_of(project, "t") == ("a", "b")
    assert project.update("prod").deployment == ""
    assert project.update("test").tags == ("t",)
    assert set_of(project, "t") == ("a", "b", "demo")


# ---------------------------------------------------------------------------------------------- other targets


def test_the_last_applied_are_counted_without_reruns_and_tags(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - {id: always, run: always, sql: INSERT INTO a VALUES (1), depends_on: [a], rollback: DELETE FROM a}
          - {id: b, sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
          - tag: t
        """)
    project.update()
    project.update()
    assert [entry.event for entry in project.entries()][-1] == Event.RERUN
    assert project.rollback(LastApplied(2)).rolled_back == ("b", "always")


def test_a_deployment_is_undone_and_nothing_else(project: Project) -> None:
    project.tables("a", "b")
    project.update()
    project.tables("a", "late", "b", "c")
    second = project.update().deployment
    assert project.rollback(OfDeployment(second)).rolled_back == ("c", "late")
    with pytest.raises(UsageError, match="no-such"):
        project.rollback(OfDeployment("no-such"))


def test_what_was_applied_after_a_moment_is_undone(project: Project) -> None:
    project.tables("a")
    project.update()
    moment = datetime.now(UTC)
    project.tables("a", "b")
    project.update()
    assert project.rollback(AppliedAfter(moment)).rolled_back == ("b",)
    assert project.rollback(AppliedAfter(moment + timedelta(days=1))).rolled_back == ()


def test_everything_is_undone_in_reverse_order_of_dependencies(project: Project) -> None:
    project.tables("a", "b", "c", "d", depends_on={"a": ["d"], "b": ["a"]})
    assert project.update().applied == ("c", "d", "a", "b")
    assert project.rollback(Everything()).rolled_back == ("b", "a", "d", "c")
    assert [project.has_table(name) for name in "abcd"] == [False] * 4
    assert project.update().applied == ("c", "d", "a", "b")


def test_one_changeset_is_refused_while_something_applied_requires_it(project: Project) -> None:
    project.tables("a", "b", "c", "other", depends_on={"b": ["a"], "c": ["b"]})
    project.update()
    with pytest.raises(PlanRefusedError, match="`b` requires `a`") as refused:
        project.rollback(Selected("a"))
    assert refused.value.facts["dependents"] == ["b", "c"]
    assert set(project.states().values()) == {"applied"}
    plan = project.engine().plan_rollback(RollbackRequest(Selected("a"), Dependents.CASCADE))
    assert [step.id for step in plan.steps] == ["c", "b", "a"]
    assert "requires `a`" in plan.steps[1].reason
    assert project.rollback(Selected("a"), Dependents.CASCADE).rolled_back == ("c", "b", "a")
    assert project.states()["other"] == "applied"


def test_an_optional_dependency_is_not_cascaded_over_but_orders(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - id: b
            depends_on: [{id: a, optional: true}]
            sql: CREATE TABLE b (id int)
            rollback: DROP TABLE b
        """)
    project.update()
    assert project.rollback(Selected("a")).rolled_back == ("a",)
    project.update()
    assert project.rollback(Everything()).rolled_back == ("b", "a")


# ------------------------------------------------------------------------------- from what the ledger kept


def test_a_checkout_without_the_changeset_rolls_it_back_too(project: Project) -> None:
    project.tables("a", "b")
    project.update()
    project.tables("a")
    assert project.states() == {"a": "applied", "b": "unknown"}
    assert project.rollback(LastApplied(1)).rolled_back == ("b",)
    assert not project.has_table("b")


def test_the_edges_that_the_ledger_kept_protect_dependents_that_the_checkout_does_not_know(project: Project) -> None:
    project.tables("a", "b", depends_on={"b": ["a"]})
    project.update()
    project.tables("a")
    with pytest.raises(PlanRefusedError, match="`b`"):
        project.rollback(Selected("a"))
    assert project.rollback(Selected("a"), Dependents.CASCADE).rolled_back == ("b", "a")


def test_the_rollback_that_the_ledger_kept_is_run_and_the_changelogs_where_that_is_asked_for(project: Project) -> None:
    project.tables("a")
    project.update()
    text = (project.folder / "main.yaml").read_text()
    project.write(text.replace("DROP TABLE a", "ALTER TABLE a RENAME TO kept"))
    plan = project.engine().plan_rollback(RollbackRequest(Selected("a")))
    assert plan.steps[0].statements[0].template == "DROP TABLE a"
    assert any("`a`" in note for note in plan.notes)
    project.rollback(Selected("a"), rollback_from=RollbackFrom.CHANGELOG)
    assert project.has_table("kept")


def test_a_changeset_that_was_rerun_is_undone_by_its_latest_rollback(project: Project) -> None:
    changelog = """
        changesets:
          - id: view
            run: on_change
            sql: CREATE VIEW {name} AS SELECT 1 AS n
            rollback: DROP VIEW {name}
        """
    project.write(changelog.format(name="v1"))
    project.update()
    project.write(changelog.format(name="v2"))
    project.update()
    project.rollback(Selected("view"))
    assert project.sql("SELECT n FROM v1") == [(1,)]
    with pytest.raises(Exception, match="v2"):
        project.sql("SELECT n FROM v2")


# ------------------------------------------------------------------------------------------- marks, refusals


def test_what_a_precondition_marked_is_unmarked_and_nothing_is_run(project: Project) -> None:
    project.sql("CREATE TABLE a (id int)")
    project.write("""
        changesets:
          - id: a
            preconditions:
              - not: {table_exists: a}
                on_fail: mark_applied
            sql: CREATE TABLE a (id int)
            rollback: DROP TABLE a
        """)
    assert project.update().marked == ("a",)
    assert project.states() == {"a": "applied"}
    assert [step.action for step in project.engine().plan_rollback(RollbackRequest(Everything())).steps] == ["unmark"]
    assert project.rollback(Everything()).rolled_back == ("a",)
    assert project.has_table("a")
    assert project.states() == {"a": "pending"}


def test_what_mark_applied_marked_is_as_good_as_applied(project: Project) -> None:
    project.sql("CREATE TABLE a (id int)")
    project.tables("a", "b")
    assert project.engine().mark_applied("a").changesets == ("a",)
    assert project.update().applied == ("b",)
    assert project.rollback(Selected("a")).rolled_back == ("a",)
    assert not project.has_table("a")


def test_something_irreversible_in_the_way_stops_it_before_anything_is_undone(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - id: gone
            sql: CREATE TABLE gone (id int)
            rollback: {irreversible: the old values are not kept}
          - {id: c, sql: CREATE TABLE c (id int), rollback: DROP TABLE c}
        """)
    project.update()
    with pytest.raises(PlanRefusedError, match="the old values are not kept"):
        project.rollback(Everything())
    assert set(project.states().values()) == {"applied"}
    assert project.rollback(LastApplied(1)).rolled_back == ("c",)


def test_a_rollback_that_fails_leaves_its_changeset_applied_and_says_what_was_undone(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE no_such_table}
          - {id: b, sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
        """)
    project.update()
    with pytest.raises(ChangesetFailedError, match="could not be rolled back") as failure:
        project.rollback(Everything())
    assert failure.value.facts["result"].rolled_back == ("b",)
    assert project.states() == {"a": "applied", "b": "pending"}
    assert project.entries()[-1].direction == "rollback"


def test_an_atomic_rollback_that_fails_undoes_nothing(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE no_such_table}
          - {id: b, sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
        """)
    project.update()
    with pytest.raises(ChangesetFailedError) as failure:
        project.engine().rollback(RollbackRequest(Everything()), atomic=True)
    assert failure.value.facts["result"].rolled_back == ()
    assert project.states() == {"a": "applied", "b": "applied"}
    assert project.has_table("b")
    assert project.engine().verify_history().chain == "intact"


def test_redo_runs_the_rollback_and_the_change_again(project: Project) -> None:
    project.tables("a", "b", depends_on={"b": ["a"]})
    project.update()
    project.sql("INSERT INTO a VALUES (1)")
    result = project.engine().redo("a", dependents=Dependents.CASCADE)
    assert (result.rollback.rolled_back, result.update.applied) == (("b", "a"), ("a", "b"))
    assert project.sql("SELECT count(*) FROM a") == [(0,)]
