"""A saved plan is run as it was saved, or not at all."""

from __future__ import annotations

import json

import pytest

from changelog_engine.changelog.expressions import parse_expression
from changelog_engine.errors import PlanRefusedError, UsageError
from changelog_engine.model import Parameter
from changelog_engine.plan.request import ContextChoice, ContextMode, Everything, ParameterSources
from changelog_engine.plan.saved import check_saved, dump_plan, saved_contexts
from tests.unit.factory import at, changelog, changeset, tag
from tests.unit.ledger_factory import Database, ids

LOG = changelog(changeset("a"), changeset("b", ["a"]), tag("t"), changeset("c"))


def test_a_plan_is_the_same_when_nothing_has_moved_on() -> None:
    database = Database()
    plan = database.plan(LOG)
    assert check_saved(dump_plan(plan), database.plan(LOG)) == plan


def test_only_the_saved_steps_are_left() -> None:
    database = Database()
    saved = database.plan(LOG, count=2)
    assert ids(check_saved(dump_plan(saved), database.plan(LOG)), tags=True) == ["a", "b", "t"]


def test_it_holds_what_it_was_made_from_and_no_statement() -> None:
    text = dump_plan(Database().plan(LOG))
    saved = json.loads(text)
    assert (saved["head"], saved["contexts"], saved["direction"]) == ("0:", "(all)", "update")
    assert [step["id"] for step in saved["steps"]] == ["a", "b", "t", "c"]
    assert "CREATE TABLE" not in text


def test_files_may_be_moved_meanwhile() -> None:
    database = Database()
    saved = dump_plan(database.plan(LOG))
    moved = changelog(
        changeset("a", file="x.yaml"), changeset("b", ["a"], file="y.yaml"), tag("t"), changeset("c", file="z.yaml")
    )
    assert ids(check_saved(saved, database.plan(moved))) == ["a", "b", "c"]


def test_any_new_row_of_the_ledger_overtakes_it() -> None:
    database = Database()
    saved = dump_plan(database.plan(LOG))
    database.tag("by-hand")
    with pytest.raises(PlanRefusedError, match="it was at row 0, and is at row 1") as caught:
        check_saved(saved, database.plan(LOG))
    assert caught.value.exit_code == 7


def test_an_edited_changeset_overtakes_it() -> None:
    saved = dump_plan(Database().plan(LOG))
    edited = changelog(changeset("a", text="SELECT 1"), changeset("b", ["a"]), tag("t"), changeset("c"))
    with pytest.raises(PlanRefusedError, match="`a` was edited"):
        check_saved(saved, Database().plan(edited))


def test_another_rollback_or_edge_overtakes_it() -> None:
    saved = dump_plan(Database().plan(LOG))
    edited = changelog(changeset("a", rollback="SELECT 1"), changeset("b"), tag("t"), changeset("c"))
    with pytest.raises(PlanRefusedError, match=r"`a` is another step now.*; `b` is another step now"):
        check_saved(saved, Database().plan(edited))


def test_what_is_gone_overtakes_it() -> None:
    saved = dump_plan(Database().plan(LOG))
    with pytest.raises(PlanRefusedError, match="`c` is no longer to be done"):
        check_saved(saved, Database().plan(changelog(changeset("a"), changeset("b", ["a"]), tag("t"))))


def test_other_contexts_and_parameters_overtake_it() -> None:
    region = Parameter("region", at(1), default="eu")
    log = changelog(changeset("a", contexts=parse_expression("dev")), parameters=[region])
    saved = dump_plan(Database().plan(log))
    dev = ContextChoice(ContextMode.GIVEN, ("dev",))
    with pytest.raises(PlanRefusedError, match=r"`\(all\)`, and these are `dev`; parameters have other values now"):
        check_saved(saved, Database().plan(log, contexts=dev, parameters=ParameterSources(given={"region": "us"})))


def test_a_plan_of_a_rollback_is_not_one_of_an_update() -> None:
    database = Database()
    database.update(LOG)
    saved = dump_plan(database.plan_rollback(LOG, Everything()))
    with pytest.raises(PlanRefusedError, match="it is a plan of rollback, and this is one of update"):
        check_saved(saved, database.plan(LOG))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"changelog_plan": 1}', '{"changelog_plan": 9}', "a: b"])
def test_what_is_no_plan_says_so(text: str) -> None:
    with pytest.raises(UsageError):
        check_saved(text, Database().plan(LOG))


@pytest.mark.parametrize(
    "contexts",
    [ContextChoice(ContextMode.ALL), ContextChoice(ContextMode.NONE), ContextChoice(ContextMode.GIVEN, ("dev", "eu"))],
)
def test_its_contexts_can_be_read_back(contexts: ContextChoice) -> None:
    assert saved_contexts(dump_plan(Database().plan(LOG, contexts=contexts))) == contexts


def test_what_would_have_to_come_first_by_now_overtakes_it() -> None:
    """b depends on a all along, but a was left out of the saved plan by nothing but a hand that edited the file."""
    saved = json.loads(dump_plan(Database().plan(LOG)))
    saved["steps"] = [step for step in saved["steps"] if step["id"] == "b"]
    with pytest.raises(PlanRefusedError, match="`a` would have to come first"):
        check_saved(json.dumps(saved), Database().plan(LOG))


def test_another_order_overtakes_it() -> None:
    saved = dump_plan(Database().plan(changelog(changeset("a"), changeset("b"))))
    with pytest.raises(PlanRefusedError, match="the order of the steps is another one"):
        check_saved(saved, Database().plan(changelog(changeset("b"), changeset("a"))))
