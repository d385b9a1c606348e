"""What can run side by side, and what waits for what."""

from __future__ import annotations

import pytest

from changelog_engine.ledger.entries import Head
from changelog_engine.plan.lanes import Lane, Schedule, beside_notes, lane_of
from changelog_engine.plan.steps import Action, Direction, Plan, Statement, Step, StepEdge
from changelog_engine.sql.duration import may_take_long

QUICK, LONG = "CREATE TABLE t (id int)", "UPDATE t SET id = 1"


def step(name: str, *needs: str, sql: str = LONG, transaction: bool = True) -> Step:
    edges = tuple(StepEdge(each, "requires") for each in needs)
    return Step(name, Action.APPLY, "", statements=(Statement(sql),), edges=edges, transaction=transaction)


def plan(*steps: Step) -> Plan:
    return Plan(Direction.UPDATE, "main", "postgresql", Head(), steps)


@pytest.mark.parametrize(
    ("sql", "is_long"),
    [
        ("CREATE TABLE t (id int)", False),
        ("-- why\nCREATE TABLE t (id int)", False),
        ("/* why */ create unlogged table t (id int)", False),
        ("CREATE TABLE t AS SELECT 1", True),
        ("CREATE VIEW v AS SELECT 1", False),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$", False),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1", True),
        ("CREATE INDEX i ON t (id)", True),
        ("COMMENT ON TABLE t IS 'x'", False),
        ("INSERT INTO t VALUES (1), (2)", False),
        ("INSERT INTO t (a, b) VALUES (1, 2)", False),
        ("INSERT INTO t SELECT * FROM u", True),
        ("INSERT INTO t VALUES ((SELECT max(id) FROM u))", True),
        ("ALTER TABLE t RENAME COLUMN a TO b", False),
        ("ALTER TABLE t ALTER COLUMN a TYPE bigint", True),
        ("UPDATE t SET a = 1", True),
        ("DO $$ BEGIN END $$", True),
        ("SELECT f()", True),
        ("INSERT INTO t VALUES ('" + "x" * 30_000 + "')", True),
    ],
)
def test_a_statement_may_take_long_unless_it_is_known_not_to(sql: str, is_long: bool) -> None:
    assert may_take_long(sql) is is_long


def test_lanes() -> None:
    assert lane_of(step("a", sql=QUICK)) is Lane.TOGETHER
    assert lane_of(step("a")) is Lane.BESIDE
    assert lane_of(step("a", transaction=False)) is Lane.ALONE
    assert lane_of(Step("t", Action.TAG, "")) is Lane.IN_TURN


def test_a_schedule_gives_a_step_once_all_it_waits_for_is_done() -> None:
    """
    a   b
     \\ /
      c
    """
    schedule = Schedule([step("a"), step("b"), step("c", "a", "b")])
    assert [schedule.take(Lane.BESIDE) for _ in range(3)] == [0, 1, None]
    schedule.finish(0)
    schedule.finish(0)
    assert schedule.take(Lane.BESIDE) is None
    schedule.finish(1)
    assert schedule.take(Lane.BESIDE) == 2


def test_a_tag_waits_for_all_that_it_stands_for() -> None:
    tag = Step("t", Action.TAG, "", tag_set=("a", "applied-before"))
    schedule = Schedule([step("a"), tag])
    assert schedule.take(Lane.IN_TURN) is None
    schedule.finish(0)
    assert schedule.take(Lane.IN_TURN) == 1


def test_quick_ones_that_wait_for_one_another_travel_together() -> None:
    steps = [step("a", sql=QUICK), step("b", "a", sql=QUICK), step("long", "a"), step("c", "long", sql=QUICK)]
    schedule = Schedule(steps)
    assert schedule.take_together(10, lambda _: True) == [0, 1]
    assert schedule.take_together(10, lambda _: True) == []
    schedule.finish(0)
    schedule.finish(1)
    assert schedule.take(Lane.BESIDE) == 2
    schedule.finish(2)
    assert schedule.take_together(10, lambda _: True) == [3]


def test_what_was_sent_and_not_done_is_sent_again() -> None:
    schedule = Schedule([step("a", sql=QUICK), step("b", "a", sql=QUICK), step("c", sql=QUICK)])
    assert schedule.take_together(2, lambda _: True) == [0, 1]
    schedule.finish(0)
    schedule.put_back(1)
    assert schedule.take_together(9, lambda _: True) == [1, 2]


def test_what_cannot_be_sent_together_runs_in_turn() -> None:
    schedule = Schedule([step("a", sql=QUICK), step("b", sql=QUICK)])
    assert schedule.take_together(9, lambda position: position != 0) == [1]
    assert schedule.take(Lane.IN_TURN) == 0


def test_the_notes_count_the_widest_place() -> None:
    assert beside_notes(plan(step("a", sql=QUICK), step("b"))) == ()
    (note,) = beside_notes(plan(step("a"), step("b"), step("c", "a"), step("d", "a")))
    assert "`--jobs 2`" in note
    (note,) = beside_notes(plan(step("a"), step("b", "a"), step("c", "b")))
    assert "would not pay" in note
