"""What a rollback undoes, in which order, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from changelog_engine.errors import InDoubtError, PlanRefusedError, UsageError
from changelog_engine.ledger.entries import Direction
from changelog_engine.model import Changeset, Parameter, Run
from changelog_engine.plan.request import (
    AppliedAfter,
    Everything,
    LastApplied,
    OfDeployment,
    ParameterSources,
    RollbackFrom,
    Selected,
    ToTag,
)
from changelog_engine.plan.steps import Action
from tests.unit.factory import at, changelog, changeset, irreversible, tag, undo
from tests.unit.ledger_factory import Database, ids

CHAIN = changelog(changeset("a"), changeset("b", ["a"]), changeset("c", ["b"]))
"""a <- b <- c"""


def applied(*changesets: Changeset) -> Database:
    database = Database()
    database.update(changelog(*changesets))
    return database


# ------------------------------------------------------------------------------------------------------- tags


RELEASED = changelog(changeset("a"), changeset("b"), tag("release-1"), changeset("c", ["a"]), changeset("d"))


def test_a_tag_undoes_what_is_not_in_its_set_in_reverse() -> None:
    database = Database()
    database.update(RELEASED)
    plan = database.plan_rollback(RELEASED, ToTag("release-1"))
    assert ids(plan) == ["d", "c"]
    assert plan.target == "tag `release-1`"
    assert plan.steps[0].reason == "not part of tag `release-1`"


def test_a_tag_keeps_its_set_whatever_the_order_of_applying_was() -> None:
    """d is applied before the tag is complete: it is not in the set all the same."""
    database = Database()
    database.update(RELEASED, select="d")
    database.update(RELEASED, select="a,b")
    assert database.tags["release-1"].changesets == {"a", "b"}
    assert ids(database.plan_rollback(RELEASED, ToTag("release-1"))) == ["d"]


def test_a_late_changeset_above_the_tag_belongs_to_it_once_it_is_recorded_anew() -> None:
    database = Database()
    database.update(RELEASED)
    late = changelog(
        changeset("a"), changeset("b"), changeset("late"), tag("release-1"), changeset("c", ["a"]), changeset("d")
    )
    database.update(late)
    assert ids(database.plan_rollback(late, ToTag("release-1"))) == ["d", "c"]


def test_an_older_checkout_rolls_back_by_the_set_that_the_ledger_has() -> None:
    database = Database()
    database.update(RELEASED)
    older = changelog(changeset("a"))
    assert ids(database.plan_rollback(older, ToTag("release-1"))) == ["d", "c"]


def test_where_the_set_requires_what_came_later_it_is_refused() -> None:
    """b, in the set of the tag, now requires c, which is not."""
    database = Database()
    database.update(RELEASED)
    now = changelog(changeset("a"), changeset("b", ["c"]), tag("release-1"), changeset("c", ["a"]), changeset("d"))
    with pytest.raises(PlanRefusedError, match="`b` requires `c`") as caught:
        database.plan_rollback(now, ToTag("release-1"))
    assert caught.value.facts["dependents"] == ["b"]
    assert "--cascade" in str(caught.value.hint)
    assert ids(database.plan_rollback(now, ToTag("release-1"), cascade=True)) == ["d", "b", "c"]


def test_what_the_set_held_and_is_gone_is_named_and_not_put_back() -> None:
    database = Database()
    database.update(RELEASED)
    database.rollback(RELEASED, Selected("b"))
    plan = database.plan_rollback(RELEASED, ToTag("release-1"))
    assert ids(plan) == ["d", "c"]
    assert plan.notes == ("`b` was applied at tag `release-1` and rolled back since; this is not put back",)


def test_a_rerun_since_the_tag_is_named_and_left() -> None:
    log = changelog(changeset("a", run=Run.ALWAYS), tag("t"), changeset("b"))
    database = Database()
    database.update(log)
    database.update(log)
    plan = database.plan_rollback(log, ToTag("t"))
    assert (ids(plan), plan.notes) == (["b"], ("`a` was run again since tag `t`; this is left as it is",))


def test_an_unknown_tag_is_a_mistake_and_never_everything() -> None:
    database = Database()
    database.update(RELEASED)
    with pytest.raises(UsageError, match="there is no tag `release-2`") as caught:
        database.plan_rollback(RELEASED, ToTag("release-2"))
    assert caught.value.hint == "did you mean `release-1`?"


def test_a_declared_tag_that_was_never_recorded_says_so() -> None:
    database = Database()
    database.update(RELEASED, count=1)
    with pytest.raises(UsageError, match="never recorded"):
        database.plan_rollback(RELEASED, ToTag("release-1"))


def test_a_tag_set_by_hand_stands_for_all_that_was_applied() -> None:
    database = Database()
    database.update(CHAIN, count=1)
    database.tag("before")
    database.update(CHAIN)
    assert ids(database.plan_rollback(CHAIN, ToTag("before"))) == ["c", "b"]


# ----------------------------------------------------------------------------- count, date, deployment, all


def test_count_undoes_the_last_applied_and_reruns_do_not_count() -> None:
    log = changelog(changeset("a", run=Run.ALWAYS), changeset("b"), changeset("c"))
    database = Database()
    database.update(log)
    database.update(log)
    assert ids(database.plan_rollback(log, LastApplied(2))) == ["c", "b"]


def test_a_count_above_what_is_there_says_so() -> None:
    plan = applied(changeset("a")).plan_rollback(changelog(changeset("a")), LastApplied(5))
    assert (ids(plan), plan.notes) == (["a"], ("only 1 of 5 are there to be rolled back",))


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_a_mistake(count: int) -> None:
    with pytest.raises(UsageError):
        Database().plan_rollback(CHAIN, LastApplied(count))


def test_a_moment_undoes_what_was_applied_after_it() -> None:
    database = Database()
    database.update(CHAIN)
    plan = database.plan_rollback(CHAIN, AppliedAfter(datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)))
    assert ids(plan) == ["c"]
    assert plan.target == "the state at 2026-01-01T00:00:02Z (UTC)"


def test_a_deployment_is_undone_and_no_more() -> None:
    log = changelog(changeset("a"), changeset("b"), changeset("c"))
    database = Database()
    database.update(log, count=1)
    database.update(log, count=1)
    database.update(log)
    assert ids(database.plan_rollback(log, OfDeployment("d2"))) == ["b"]


def test_an_unknown_deployment_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="deployment `d7`"):
        applied(changeset("a")).plan_rollback(CHAIN, OfDeployment("d7"))


def test_everything_is_undone_in_reverse() -> None:
    database = Database()
    database.update(CHAIN)
    assert ids(database.rollback(CHAIN, Everything())) == ["c", "b", "a"]
    assert database.plan_rollback(CHAIN, Everything()).steps == ()


# ---------------------------------------------------------------------------------------- selection, dependents


def test_what_is_required_is_not_undone_without_a_word() -> None:
    database = Database()
    database.update(CHAIN)
    with pytest.raises(PlanRefusedError, match="2 applied changesets") as caught:
        database.plan_rollback(CHAIN, Selected("a"))
    assert caught.value.exit_code == 7
    assert "`b` requires `a`; `c` requires `b`" in caught.value.message
    assert caught.value.facts["dependents"] == ["b", "c"]


def test_cascade_takes_the_dependents_along() -> None:
    database = Database()
    database.update(CHAIN)
    plan = database.plan_rollback(CHAIN, Selected("a"), cascade=True)
    assert [(step.id, step.reason) for step in plan.steps] == [
        ("c", "requires `b`"),
        ("b", "requires `a`"),
        ("a", "selected"),
    ]


def test_what_only_comes_after_is_not_cascaded_over() -> None:
    log = changelog(changeset("a"), changeset("b", after=["a"]))
    database = Database()
    database.update(log)
    assert ids(database.plan_rollback(log, Selected("a"))) == ["a"]


def test_the_ledgers_edges_count_where_the_changelog_has_none() -> None:
    database = Database()
    database.update(CHAIN)
    with pytest.raises(PlanRefusedError):
        database.plan_rollback(changelog(changeset("a"), changeset("b"), changeset("c")), Selected("a"))


def test_what_is_looked_through_is_looked_through_in_rollback_too() -> None:
    """a <- only-postgres <- c, on sqlite: undoing a needs c undone."""
    log = changelog(changeset("a"), changeset("only", ["a"], dbms=("postgresql",)), changeset("c", ["only"]))
    database = Database()
    database.update(log)
    with pytest.raises(PlanRefusedError, match="`c` requires `a`"):
        database.plan_rollback(log, Selected("a"))


def test_what_is_selected_and_not_applied_is_noted() -> None:
    database = Database()
    database.update(CHAIN, count=1)
    plan = database.plan_rollback(CHAIN, Selected("a,b"))
    assert (ids(plan), plan.notes) == (["a"], ("`b` is not applied",))


# --------------------------------------------------------------------------------------------------- the order


def test_the_order_is_the_reverse_of_applying_corrected_by_present_edges() -> None:
    """Applied a, b; by now a requires b: a goes first."""
    database = applied(changeset("a"), changeset("b"))
    now = changelog(changeset("b"), changeset("a", ["b"]))
    assert ids(database.plan_rollback(now, Everything())) == ["a", "b"]


def test_edges_that_only_order_correct_it_too() -> None:
    database = applied(changeset("a"), changeset("b"))
    now = changelog(changeset("b"), changeset("a", after=["b"]))
    assert ids(database.plan_rollback(now, Everything())) == ["a", "b"]


def test_where_the_edges_contradict_each_other_the_ledgers_win() -> None:
    database = applied(changeset("a"), changeset("b", ["a"]))
    now = changelog(changeset("b"), changeset("a", ["b"]))
    assert ids(database.plan_rollback(now, Everything())) == ["b", "a"]


# ------------------------------------------------------------------------------------------------- the rollbacks


def test_the_rollback_that_the_ledger_kept_is_run() -> None:
    database = applied(changeset("a", rollback="DROP TABLE a; DROP TABLE a2"))
    now = changelog(changeset("a", rollback="DROP TABLE other"))
    plan = database.plan_rollback(now, Everything())
    assert [statement.template for statement in plan.steps[0].statements] == ["DROP TABLE a", "DROP TABLE a2"]
    assert "the changelog now has another rollback for `a`" in plan.notes[0]
    plan = database.plan_rollback(now, Everything(), rollback_from=RollbackFrom.CHANGELOG)
    assert [statement.template for statement in plan.steps[0].statements] == ["DROP TABLE other"]


def test_what_the_changelog_does_not_know_is_rolled_back_all_the_same() -> None:
    database = applied(changeset("a"), changeset("gone"))
    plan = database.plan_rollback(changelog(changeset("a")), Selected("gone"), rollback_from=RollbackFrom.CHANGELOG)
    assert plan.steps[0].statements[0].template == "DROP TABLE gone"


def test_the_irreversible_in_the_way_is_named_before_anything_is_undone() -> None:
    log = changelog(
        changeset("a", rollback=irreversible("data is gone")),
        changeset("b", ["a"]),
        changeset("c", rollback=irreversible("mail was sent")),
    )
    database = Database()
    database.update(log)
    with pytest.raises(PlanRefusedError) as caught:
        database.plan_rollback(log, Everything())
    assert "`c` is irreversible: mail was sent; `a` is irreversible: data is gone" in caught.value.message
    assert ids(database.plan_rollback(log, Selected("b"))) == ["b"]


def test_a_changeset_without_a_kept_rollback_is_refused_with_the_remedy() -> None:
    database = applied(changeset("a", rollback=None))
    with pytest.raises(PlanRefusedError, match="no rollback was kept for `a`") as caught:
        database.plan_rollback(changelog(changeset("a")), Everything())
    assert "--rollback-from changelog" in str(caught.value.hint)


def test_what_a_precondition_marked_is_unmarked_and_nothing_is_run() -> None:
    database = applied(changeset("a", rollback=irreversible("never run")))
    database.mark("a")
    (step,) = database.plan_rollback(changelog(changeset("a")), Everything()).steps
    assert (step.action, step.statements) == (Action.UNMARK, ())


def test_a_rollback_outside_of_a_transaction_stays_so() -> None:
    database = applied(changeset("a", rollback=undo("DROP INDEX CONCURRENTLY i", transaction=False)))
    assert database.plan_rollback(changelog(), Everything()).steps[0].transaction is False


# -------------------------------------------------------------------------------------------------- in doubt


def test_a_target_in_doubt_halts_the_rollback() -> None:
    database = Database()
    database.update(CHAIN)
    database.stop("c", ("SELECT 1", "SELECT 2"), 1, died=True)
    with pytest.raises(InDoubtError, match="`c` is in doubt, nothing was rolled back") as caught:
        database.plan_rollback(CHAIN, Selected("b"), cascade=True)
    assert "changelog resolve c --applied" in str(caught.value.hint)


def test_doubt_elsewhere_does_not_halt_it() -> None:
    log = changelog(changeset("a"), changeset("b"))
    database = Database()
    database.update(log)
    database.stop("b", ("SELECT 1", "SELECT 2"), 1, died=True)
    assert ids(database.plan_rollback(log, Selected("a"))) == ["a"]


def test_what_was_edited_does_not_halt_it() -> None:
    database = applied(changeset("a", text="SELECT 1"))
    assert ids(database.plan_rollback(changelog(changeset("a", text="SELECT 2")), Everything())) == ["a"]


def test_an_undoing_that_was_refused_in_the_middle_goes_on_from_there() -> None:
    database = applied(changeset("a", rollback="DROP TABLE a; DROP TABLE a2"))
    database.stop("a", ("DROP TABLE a", "DROP TABLE a2"), 1, failed="locked", direction=Direction.ROLLBACK)
    (step,) = database.plan_rollback(changelog(changeset("a")), Everything()).steps
    assert step.first == 1


def test_an_earlier_id_is_found_by_the_present_one() -> None:
    database = applied(changeset("orders", text="SELECT 1"))
    log = changelog(changeset("create-orders", text="SELECT 1", formerly=("orders",)))
    plan = database.rollback(log, Selected("create-orders"))
    assert (ids(plan), plan.renames) == (["create-orders"], (("orders", "create-orders"),))
    assert database.applied == set()


def test_a_secret_that_a_kept_rollback_needs_is_asked_for_before_anything_is_undone() -> None:
    key = Parameter("key", at(1), secret=True)
    log = changelog(changeset("a", rollback="SELECT '${key}'"), parameters=[key])
    database = Database()
    database.update(log, parameters=ParameterSources(given={"key": "hunter2"}))
    with pytest.raises(UsageError, match="needs the secret parameter `key`"):
        database.plan_rollback(log, Everything())


def test_the_ledgers_edges_correct_the_order_of_applying() -> None:
    """Applied a, b; a was run again requiring b; by now b requires a: the ledger's edge decides, a goes first."""
    database = applied(changeset("a", run=Run.ALWAYS), changeset("b"))
    database.update(changelog(changeset("b"), changeset("a", ["b"], run=Run.ALWAYS)))
    now = changelog(changeset("a"), changeset("b", ["a"]))
    assert ids(database.plan_rollback(now, Everything())) == ["a", "b"]


def test_the_ledgers_edges_lead_to_the_present_id() -> None:
    database = applied(changeset("orders", text="SELECT 1"), changeset("b", ["orders"]))
    log = changelog(changeset("create-orders", text="SELECT 1", formerly=("orders",)), changeset("b"))
    with pytest.raises(PlanRefusedError, match="`b` requires `create-orders`"):
        database.plan_rollback(log, Selected("create-orders"))


def test_what_is_in_doubt_is_in_the_way_of_going_back_to_a_moment() -> None:
    database = applied(changeset("a"))
    database.stop("b", ("SELECT 1", "SELECT 2"), 1, died=True)
    with pytest.raises(InDoubtError, match="`b` is in doubt"):
        database.plan_rollback(changelog(changeset("a")), AppliedAfter(datetime(2027, 1, 1, tzinfo=UTC)))


def test_what_was_refused_at_its_first_statement_is_not_in_the_way() -> None:
    database = applied(changeset("a"))
    database.stop("b", ("SELECT one",), 0, failed="no such column")
    assert ids(database.plan_rollback(changelog(changeset("a"), changeset("b", ["a"])), Everything())) == ["a"]


def test_count_does_not_count_what_is_in_doubt_and_was_never_applied() -> None:
    database = applied(changeset("a"))
    database.stop("b", ("SELECT 1", "SELECT 2"), 1, died=True)
    assert ids(database.plan_rollback(changelog(changeset("a"), changeset("b")), LastApplied(1))) == ["a"]
