"""What an update does, in order, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from changelog_engine.changelog.expressions import parse_expression
from changelog_engine.errors import InvalidChangelogError, PlanRefusedError, UsageError
from changelog_engine.ledger.entries import Direction
from changelog_engine.model import (
    AllOf,
    DbmsIs,
    IsApplied,
    NoneOf,
    OnFail,
    Parameter,
    Precondition,
    Run,
    SqlTest,
    SqlText,
)
from changelog_engine.plan.request import ContextChoice, ContextMode, ParameterSources, Selected
from changelog_engine.plan.steps import Action
from tests.unit.factory import at, changelog, changeset, tag
from tests.unit.ledger_factory import Database, ids

DEV = ContextChoice(ContextMode.GIVEN, ("dev",))
PROD = ContextChoice(ContextMode.GIVEN, ("prod",))
NONE = ContextChoice(ContextMode.NONE)
UNSAID = ContextChoice()
FOR_DEV = parse_expression("dev")


# --------------------------------------------------------------------------------------------------- what runs


def test_everything_pending_is_applied_in_the_engines_order() -> None:
    plan = Database().plan(changelog(changeset("b", ["a"]), changeset("a")))
    assert ids(plan) == ["a", "b"]
    assert [step.action for step in plan.steps] == [Action.APPLY, Action.APPLY]


def test_after_an_update_there_is_nothing_to_do() -> None:
    database, log = Database(), changelog(changeset("a"), changeset("b", ["a"]), tag("t"))
    database.update(log)
    assert database.plan(log).steps == ()


def test_a_late_changeset_is_inserted_anywhere() -> None:
    database = Database()
    database.update(changelog(changeset("a"), changeset("c", ["a"])))
    plan = database.plan(changelog(changeset("a"), changeset("b", ["a"]), changeset("c", ["a", "b"])))
    assert ids(plan) == ["b"]
    assert plan.notes == ("`b` is applied only now, after `c`, which requires it by now",)


def test_each_step_says_why_it_is_there_and_why_at_that_place() -> None:
    plan = Database().plan(changelog(changeset("a"), changeset("b", ["a"]), changeset("c", after=["b"])))
    assert [(step.reason, step.place) for step in plan.steps] == [
        ("pending: not yet applied", "declared order"),
        ("pending: not yet applied", "after `a` (depends on it)"),
        ("pending: not yet applied", "after `b` (comes after it where it runs)"),
    ]


def test_count_takes_the_first_steps_only() -> None:
    database, log = Database(), changelog(changeset("a"), tag("t"), changeset("b"), changeset("c"))
    assert ids(database.update(log, count=2), tags=True) == ["a", "t", "b"]
    assert ids(database.plan(log, count=2)) == ["c"]


def test_a_count_below_one_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="--count 0"):
        Database().plan(changelog(changeset("a")), count=0)


def test_run_always_runs_on_every_update() -> None:
    database, log = Database(), changelog(changeset("a", run=Run.ALWAYS), changeset("b", ["a"]))
    database.update(log)
    plan = database.plan(log)
    assert [(step.id, step.action, step.reason) for step in plan.steps] == [("a", Action.RERUN, "run: always")]
    assert database.states(log)["a"] == "applied"


def test_run_on_change_runs_again_when_its_text_has_changed() -> None:
    database = Database()
    database.update(changelog(changeset("a", run=Run.ON_CHANGE, text="SELECT 1"), changeset("b", ["a"])))
    edited = changelog(changeset("a", run=Run.ON_CHANGE, text="SELECT 2"), changeset("b", ["a"]))
    (step,) = database.plan(edited).steps
    assert (step.id, step.action) == ("a", Action.RERUN)
    assert "run: on_change" in step.reason
    assert database.states(edited) == {"a": "outdated", "b": "applied"}


# ------------------------------------------------------------------------------------------------------ halts


def test_an_edited_changeset_halts_the_update() -> None:
    database = Database()
    database.update(changelog(changeset("a", text="SELECT 1")))
    (halt,) = database.plan(changelog(changeset("a", text="SELECT 2"))).halts
    assert (halt.id, halt.state) == ("a", "changed")


@pytest.mark.parametrize("accepted", ["the earlier one", "any"])
def test_an_edited_changeset_may_be_accepted(accepted: str) -> None:
    database = Database()
    plan = database.update(changelog(changeset("a", text="SELECT 1")))
    checksums = None if accepted == "any" else (plan.steps[0].checksum,)
    edited = changelog(changeset("a", text="SELECT 2", accept_checksums=checksums))
    assert database.plan(edited).halts == ()


def test_white_space_and_comments_are_no_edit() -> None:
    database = Database()
    database.update(changelog(changeset("a", text="SELECT 1")))
    assert database.plan(changelog(changeset("a", text="SELECT  1 -- one\n;"))).halts == ()


TWO = changeset("a", text="SELECT 1; SELECT 2", transaction=False)


def test_what_was_refused_in_the_middle_goes_on_from_there() -> None:
    database = Database()
    database.stop("a", ("SELECT 1", "SELECT 2"), 1, failed="no such table")
    (step,) = database.plan(changelog(TWO)).steps
    assert (step.first, step.action) == (1, Action.APPLY)
    assert "stopped at statement 2 of 2" in step.reason
    assert database.states(changelog(TWO)) == {"a": "pending"}


def test_what_was_refused_at_its_first_statement_begins_again_edited_or_not() -> None:
    database = Database()
    database.stop("a", ("SELECT one", "SELECT 2"), 0, failed="no such column")
    (step,) = database.plan(changelog(TWO)).steps
    assert step.first == 0


def test_the_statement_that_failed_may_be_mended() -> None:
    database = Database()
    database.stop("a", ("SELECT 1", "SELECT two", "SELECT 3"), 1, failed="no such column")
    assert database.plan(changelog(TWO)).steps[0].first == 1


def test_where_what_is_done_was_edited_the_changeset_is_in_doubt() -> None:
    database = Database()
    database.stop("a", ("SELECT 0", "SELECT 2"), 1, failed="no such table")
    plan = database.plan(changelog(TWO))
    assert [(halt.id, halt.state) for halt in plan.halts] == [("a", "in_doubt")]
    assert plan.steps == ()


def test_what_died_outside_of_a_transaction_is_in_doubt() -> None:
    database = Database()
    database.stop("a", ("SELECT 1", "SELECT 2"), 1, died=True)
    (halt,) = database.plan(changelog(TWO)).halts
    assert halt.reason == "it died at statement 2 of 2, `SELECT 2`, outside of a transaction"


# ------------------------------------------------------------------------------------------- contexts and labels


LOG = changelog(changeset("a"), changeset("seed", ["a"], contexts=FOR_DEV, labels=("demo",)))


def test_an_update_without_a_word_on_contexts_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\(`dev`\), and no context was given") as caught:
        Database().plan(LOG, contexts=UNSAID)
    assert caught.value.hint is not None
    assert "--all-contexts" in caught.value.hint


def test_an_update_without_contexts_runs_where_there_are_none() -> None:
    assert ids(Database().plan(changelog(changeset("a")), contexts=UNSAID)) == ["a"]


@pytest.mark.parametrize(("contexts", "expected"), [(DEV, ["a", "seed"]), (PROD, ["a"]), (NONE, ["a"])])
def test_contexts_choose(contexts: ContextChoice, expected: list[str]) -> None:
    assert ids(Database().plan(LOG, contexts=contexts)) == expected


def test_a_context_that_the_root_does_not_list_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="there is no context `pord`") as caught:
        Database().plan(
            changelog(changeset("a"), contexts=["dev", "prod"]), contexts=ContextChoice(ContextMode.GIVEN, ("pord",))
        )
    assert caught.value.hint == "did you mean `prod`?"


def test_a_context_that_nothing_names_is_noted_where_another_is_near() -> None:
    assert Database().plan(LOG, contexts=PROD).notes == ()
    plan = Database().plan(LOG, contexts=ContextChoice(ContextMode.GIVEN, ("devs",)))
    assert plan.notes == ("context `devs` is named nowhere in the changelog; did you mean `dev`?",)


def test_labels_choose() -> None:
    database = Database()
    database.update(LOG, contexts=PROD)
    assert ids(database.plan(LOG, contexts=DEV, label=parse_expression("demo"))) == ["seed"]
    assert ids(database.plan(LOG, contexts=DEV, label=parse_expression("not demo"))) == []


def test_what_would_run_without_what_it_requires_is_refused() -> None:
    log = changelog(changeset("seed", contexts=FOR_DEV), changeset("b", ["seed"]))
    with pytest.raises(PlanRefusedError, match=r"`b` would run, but it requires `seed`.* which contexts exclude"):
        Database().plan(log, contexts=PROD)


def test_it_is_not_refused_where_what_it_requires_is_applied_already() -> None:
    database, log = Database(), changelog(changeset("seed", contexts=FOR_DEV), changeset("b", ["seed"]))
    database.update(log, contexts=DEV, count=1)
    assert ids(database.plan(log, contexts=PROD)) == ["b"]


def test_what_dbms_excludes_counts_as_met_and_is_looked_through() -> None:
    """a <- only-postgres <- c, on sqlite."""
    log = changelog(changeset("c", ["only"]), changeset("only", ["a"], dbms=("postgresql",)), changeset("a"))
    plan = Database().plan(log)
    assert ids(plan) == ["a", "c"]
    assert [(edge.changeset, edge.strength) for edge in plan.steps[1].edges] == [
        ("only", "requires"),
        ("a", "requires"),
    ]


def test_dbms_may_name_what_is_excluded() -> None:
    log = changelog(changeset("a", dbms=("!sqlite",)), changeset("b", dbms=("!mysql",)))
    assert Database().states(log) == {"a": "excluded", "b": "pending"}


# ------------------------------------------------------------------------------------------------------ select


def test_select_takes_along_what_is_required() -> None:
    log = changelog(changeset("a"), changeset("b"), changeset("c", ["a"]))
    assert ids(Database().plan(log, select="c")) == ["a", "c"]


def test_what_is_selected_and_excluded_is_noted() -> None:
    plan = Database().plan(LOG, contexts=PROD, select="seed")
    assert ids(plan) == []
    assert plan.notes == ("`seed` is selected and left out: its contexts `dev` do not hold in `prod`",)


def test_many_that_are_selected_and_excluded_are_one_note_for_each_reason() -> None:
    seeds = [changeset(f"seed-{n}", contexts=FOR_DEV) for n in range(5)]
    log = changelog(changeset("a"), *seeds, changeset("m", dbms=("mysql",)))
    plan = Database().plan(log, contexts=PROD, select="!a")
    assert plan.notes == (
        "5 of the selected changesets are left out by contexts: `seed-0`, `seed-1`, `seed-2` and 2 more",
        "`m` is selected and left out: it is for mysql, and this is sqlite",
    )


def test_select_knows_states_and_tags() -> None:
    database = Database()
    log = changelog(changeset("a"), tag("t"), changeset("b"))
    database.update(log, select="tag:t")
    assert database.applied == {"a"}
    assert ids(database.plan(log, select="state:pending")) == ["b"]


# -------------------------------------------------------------------------------------------------------- tags


def test_to_tag_applies_what_the_tag_stands_for() -> None:
    """a, t1, b, t2; a requires late, which is declared last."""
    log = changelog(changeset("a", ["late"]), tag("t1"), changeset("b"), tag("t2"), changeset("late"))
    plan = Database().plan(log, to_tag="t1")
    assert ids(plan, tags=True) == ["late", "a", "t1"]
    assert plan.steps[-1].tag_set == ("a", "late")


def test_an_unknown_tag_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="there is no tag `relaese-1`") as caught:
        Database().plan(changelog(changeset("a"), tag("release-1")), to_tag="relaese-1")
    assert caught.value.hint == "did you mean `release-1`?"


def test_a_tag_is_recorded_when_all_above_it_is_applied() -> None:
    database, log = Database(), changelog(changeset("a"), changeset("b"), tag("t"))
    assert ids(database.update(log, count=1), tags=True) == ["a"]
    assert ids(database.update(log), tags=True) == ["b", "t"]


def test_a_tag_is_recorded_anew_when_what_stands_above_it_has_grown() -> None:
    database = Database()
    database.update(changelog(changeset("a"), tag("t"), changeset("b")))
    grown = changelog(changeset("a"), changeset("late"), tag("t"), changeset("b"))
    plan = database.update(grown)
    assert ids(plan, tags=True) == ["late", "t"]
    assert plan.steps[1].tag_set == ("a", "late")
    assert plan.steps[1].reason == "what stands above it has grown by `late`"
    assert database.plan(grown).steps == ()


def test_a_tag_does_not_wait_for_what_this_run_excludes() -> None:
    database = Database()
    log = changelog(changeset("a"), changeset("seed", contexts=FOR_DEV), tag("t"))
    assert database.update(log, contexts=PROD).steps[-1].tag_set == ("a",)
    assert database.update(log, contexts=DEV).steps[-1].tag_set == ("a", "seed")
    assert database.plan(log, contexts=PROD).steps == ()


def test_a_tag_is_not_recorded_where_all_above_it_is_excluded() -> None:
    log = changelog(changeset("seed", contexts=FOR_DEV), tag("t"), changeset("b"))
    assert ids(Database().plan(log, contexts=PROD), tags=True) == ["b"]


def test_tags_of_included_files_stand_for_their_part() -> None:
    log = changelog(changeset("x"), changeset("a"), tag("inner", first=1), changeset("b"), tag("outer", first=0))
    steps = {step.id: step for step in Database().plan(log).steps}
    assert steps["inner"].tag_set == ("a",)
    assert steps["outer"].tag_set == ("a", "b", "x")


def test_a_tag_set_by_hand_is_not_moved_by_a_declared_one() -> None:
    database = Database()
    database.update(changelog(changeset("a")))
    database.tag("t")
    plan = database.plan(changelog(changeset("a"), changeset("b"), tag("t")))
    assert ids(plan, tags=True) == ["b"]
    assert "was set by hand" in plan.notes[0]


# ------------------------------------------------------------------------------------------------ names and ids


def test_what_was_recorded_under_an_earlier_id_counts() -> None:
    database = Database()
    database.update(changelog(changeset("orders", text="SELECT 1"), changeset("b", ["orders"]), tag("t")))
    log = changelog(
        changeset("create-orders", text="SELECT 1", formerly=("orders",)), changeset("b", ["create-orders"]), tag("t")
    )
    plan = database.plan(log)
    assert (plan.steps, plan.renames) == ((), (("orders", "create-orders"),))
    database.execute(plan)
    assert database.plan(log).renames == ()


def test_what_is_applied_and_gone_is_noted() -> None:
    database = Database()
    database.update(changelog(changeset("a"), changeset("b")))
    assert database.plan(changelog(changeset("b"))).notes == ("`a` is applied and no longer in the changelog",)
    assert database.states(changelog(changeset("b"))) == {"b": "applied", "a": "unknown"}


# --------------------------------------------------------------------------------------------------- rendering


def test_no_sql_for_this_kind_of_database_is_an_error_with_the_remedy() -> None:
    with pytest.raises(InvalidChangelogError) as caught:
        Database().plan(changelog(changeset("a", text={"postgresql": "SELECT 1"})))
    (problem,) = caught.value.problems
    assert problem.message == "changeset `a` has no SQL for sqlite"
    assert problem.hint is not None
    assert "dbms: [postgresql]" in problem.hint


def test_a_parameter_without_a_value_is_an_error_only_where_it_is_needed() -> None:
    key = Parameter("key", at(1), env="SHOP_KEY", secret=True)
    log = changelog(changeset("a"), changeset("b", text="SELECT '${key}'"), parameters=[key])
    assert ids(Database().plan(log, select="a")) == ["a"]
    with pytest.raises(InvalidChangelogError) as caught:
        Database().plan(log)
    (problem,) = caught.value.problems
    assert problem.message == "parameter `key` has no value, and changeset `b` is to run"
    assert problem.hint is not None
    assert "SHOP_KEY" in problem.hint


def test_values_stand_in_the_statements_and_secrets_do_not() -> None:
    log = changelog(
        changeset("a", text="SELECT '${region}', '${key}', '$${region}'; SELECT 2"),
        parameters=[Parameter("region", at(1), default="eu"), Parameter("key", at(1), secret=True)],
    )
    plan = Database().plan(log, parameters=ParameterSources(given={"key": "hunter2"}))
    assert [statement.template for statement in plan.steps[0].statements] == [
        "SELECT 'eu', '${key}', '$${region}'",
        "SELECT 2",
    ]
    assert "hunter2" not in repr(plan)


def test_preconditions_stand_as_conditions() -> None:
    test = SqlTest({"default": SqlText("SELECT count(*)\n  FROM ${table};", at(1))}, 0)
    log = changelog(
        changeset("a", preconditions=(Precondition(test, at(1), OnFail.SKIP),)),
        parameters=[Parameter("table", at(1), default="t")],
    )
    (condition,) = Database().plan(log).steps[0].conditions
    assert condition.text == "SELECT count(*) FROM t gives 0"
    assert isinstance(condition.test, SqlTest)
    assert condition.test.texts["default"].text == "SELECT count(*)\n  FROM t"


# ----------------------------------------------------------------------------------------------- odd situations


def test_a_tag_whose_set_has_shrunk_stays_as_it_is() -> None:
    database = Database()
    database.update(changelog(changeset("a"), changeset("b"), tag("t")))
    database.rollback(changelog(changeset("a"), changeset("b"), tag("t")), Selected("b"))
    assert database.plan(changelog(changeset("a"), tag("t"))).steps == ()


def test_what_is_half_undone_halts_the_update_whatever_its_statements_are() -> None:
    both = changeset("a", text="SELECT 1; SELECT 2", rollback="SELECT 1; SELECT 2")
    database = Database()
    database.update(changelog(both))
    database.stop("a", ("SELECT 1", "SELECT 2"), 1, failed="locked", direction=Direction.ROLLBACK)
    (halt,) = database.plan(changelog(both)).halts
    assert halt.reason.startswith("its rollback stopped at statement 2 of 2, `SELECT 2` (locked)")


def test_an_undoing_that_was_refused_at_its_first_statement_changed_nothing() -> None:
    database = Database()
    database.update(changelog(changeset("a")))
    database.stop("a", ("DROP TABLE a",), 0, failed="locked", direction=Direction.ROLLBACK)
    plan = database.plan(changelog(changeset("a")))
    assert (plan.steps, plan.halts) == ((), ())


def test_a_check_that_failed_outside_of_a_transaction_leaves_it_in_doubt() -> None:
    database = Database()
    database.stop("a", ("SELECT 1", "SELECT 2"), 2, failed="1 is not 0")
    row = database.recorded["a"]
    assert row.progress is not None
    database.recorded["a"] = replace(row, progress=replace(row.progress, checks_failed=True))
    (halt,) = database.plan(changelog(TWO)).halts
    assert "a check then failed (1 is not 0)" in halt.reason


def test_what_always_runs_may_be_edited() -> None:
    database = Database()
    database.update(changelog(changeset("a", run=Run.ALWAYS, text="SELECT 1")))
    plan = database.plan(changelog(changeset("a", run=Run.ALWAYS, text="SELECT 2")))
    assert (ids(plan), plan.halts) == (["a"], ())


def test_a_rerun_that_was_refused_in_the_middle_goes_on_from_there() -> None:
    views = changeset("a", run=Run.ON_CHANGE, text="SELECT 1; SELECT 2", transaction=False)
    database = Database()
    database.update(changelog(changeset("a", run=Run.ON_CHANGE, text="SELECT 0", transaction=False)))
    database.stop("a", ("SELECT 1", "SELECT two"), 1, failed="no such column")
    (step,) = database.plan(changelog(views)).steps
    assert (step.action, step.first, step.reason) == (Action.RERUN, 1, "run: on_change; it goes on at statement 2")


def test_what_was_refused_at_its_first_statement_and_is_gone_leaves_nothing() -> None:
    database = Database()
    database.stop("gone", ("SELECT one",), 0, failed="no such column")
    assert database.states(changelog(changeset("a"))) == {"a": "pending"}


def test_what_is_in_doubt_and_gone_halts_the_update() -> None:
    database = Database()
    database.stop("gone", ("SELECT 1", "SELECT 2"), 1, died=True)
    assert [halt.id for halt in database.plan(changelog(changeset("a"))).halts] == ["gone"]
    assert database.states(changelog(changeset("a"))) == {"a": "pending", "gone": "in_doubt"}


def test_a_record_without_a_checksum_is_no_edit() -> None:
    database = Database()
    database.update(changelog(changeset("a")))
    database.recorded["a"] = replace(database.recorded["a"], checksum=None)
    assert database.states(changelog(changeset("a"))) == {"a": "applied"}


def test_where_both_the_earlier_and_the_present_id_are_recorded_the_present_one_counts() -> None:
    database = Database()
    database.update(changelog(changeset("old"), changeset("new")))
    log = changelog(changeset("new", formerly=("old",)))
    assert database.states(log) == {"new": "applied", "old": "unknown"}
    assert database.plan(log).renames == ()


def test_a_precondition_on_an_earlier_id_asks_for_the_present_one() -> None:
    asks = Precondition(NoneOf(AllOf((IsApplied("old"), DbmsIs(("sqlite",))))), at(1))
    log = changelog(changeset("new", formerly=("old",)), changeset("a", preconditions=(asks,)))
    (condition,) = Database().plan(log).steps[1].conditions
    assert condition.text == "not (new is applied and the database is sqlite)"
    assert condition.test == NoneOf(AllOf((IsApplied("new"), DbmsIs(("sqlite",)))))
