"""Which records are changed where nothing is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from changelog_engine.changelog.expressions import parse_expression
from changelog_engine.errors import InDoubtError, PlanRefusedError, UsageError
from changelog_engine.graph.build import build_graph
from changelog_engine.model import Changelog, Parameter
from changelog_engine.plan.record import plan_accept, plan_mark, plan_unmark
from changelog_engine.plan.request import ContextChoice, Filters
from changelog_engine.plan.steps import Step
from tests.unit.factory import at, changelog, changeset
from tests.unit.ledger_factory import ALL, Database

CHAIN = changelog(changeset("a"), changeset("b", ["a"]), changeset("c", ["b"]))


def ask(
    plan: Callable[..., tuple[Step, ...]], database: Database, log: Changelog, selector: str, **filters: Any
) -> tuple[Step, ...]:
    chosen = Filters(**{"contexts": ALL, **filters})
    return plan(log, build_graph(log).graph, database.state, chosen, database.dbms, selector)


def ids(steps: tuple[Step, ...]) -> list[str]:
    return [step.id for step in steps]


def test_marking_takes_what_is_pending_with_all_that_the_ledger_keeps() -> None:
    database = Database()
    database.update(CHAIN, count=1)
    steps = ask(plan_mark, database, CHAIN, "*")
    assert ids(steps) == ["b", "c"]
    assert steps[0].checksum is not None
    assert steps[0].rollback is not None
    assert [edge.changeset for edge in steps[0].edges] == ["a"]


def test_marking_what_requires_something_pending_is_refused() -> None:
    with pytest.raises(PlanRefusedError, match="`b` requires `a`, not applied and not selected") as caught:
        ask(plan_mark, Database(), CHAIN, "b")
    assert "mark-applied '+b'" in str(caught.value.hint)
    assert ids(ask(plan_mark, Database(), CHAIN, "+b")) == ["a", "b"]


def test_marking_asks_for_contexts_only_where_the_selected_have_some() -> None:
    log = changelog(changeset("a"), changeset("seed", contexts=parse_expression("dev")))
    assert ids(ask(plan_mark, Database(), log, "a", contexts=ContextChoice())) == ["a"]
    with pytest.raises(UsageError, match="no context was given"):
        ask(plan_mark, Database(), log, "seed", contexts=ContextChoice())


def test_marking_needs_no_secrets() -> None:
    log = changelog(changeset("a", text="SELECT '${key}'"), parameters=[Parameter("key", at(1), secret=True)])
    assert ask(plan_mark, Database(), log, "a")[0].statements[0].template == "SELECT '${key}'"


def test_marking_what_is_in_doubt_is_refused() -> None:
    database = Database()
    database.stop("a", ("SELECT 1", "SELECT 2"), 1, died=True)
    with pytest.raises(InDoubtError, match="`a` is in doubt"):
        ask(plan_mark, database, CHAIN, "a")


def test_unmarking_takes_what_is_applied_newest_first() -> None:
    database = Database()
    database.update(CHAIN)
    assert ids(ask(plan_unmark, database, CHAIN, "*")) == ["c", "b", "a"]


def test_unmarking_what_is_required_by_the_applied_is_refused() -> None:
    database = Database()
    database.update(CHAIN)
    with pytest.raises(PlanRefusedError, match="`b` and `c` would stay applied") as caught:
        ask(plan_unmark, database, CHAIN, "a")
    assert "'a,b,c'" in str(caught.value.hint)


def test_what_the_changelog_does_not_know_can_be_unmarked() -> None:
    database = Database()
    database.update(CHAIN)
    assert ids(ask(plan_unmark, database, changelog(changeset("x")), "c")) == ["c"]


def test_accepting_takes_what_was_edited_and_no_more() -> None:
    database = Database()
    database.update(changelog(changeset("a", text="SELECT 1"), changeset("b")))
    edited = changelog(changeset("a", text="SELECT 2"), changeset("b"))
    (step,) = ask(plan_accept, database, edited, "a,b")
    assert step.id == "a"
    assert step.checksum != database.recorded["a"].checksum
    assert ask(plan_accept, database, edited, "b") == ()


def test_accepting_what_is_not_applied_says_so() -> None:
    with pytest.raises(UsageError, match="`a` is not applied"):
        ask(plan_accept, Database(), CHAIN, "a")


def test_what_is_recorded_under_an_earlier_id_is_changed_under_it() -> None:
    database = Database()
    database.update(changelog(changeset("orders", text="SELECT 1")))
    log = changelog(changeset("create-orders", text="SELECT 2", formerly=("orders",)))
    assert ids(ask(plan_unmark, database, log, "create-orders")) == ["orders"]
    assert ids(ask(plan_accept, database, log, "create-orders")) == ["orders"]
