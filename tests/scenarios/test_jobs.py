"""`update --jobs N`: side by side what may take long, never before what it waits for, in one unbroken chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from changelog_engine.errors import ChangesetFailedError, UsageError
from changelog_engine.execute.events import Warned
from changelog_engine.ledger.entries import Event
from tests.fixtures.projects import Project


def changelog(*changesets: str) -> str:
    return "changesets:\n" + "".join(f"  - {text}\n" for text in changesets)


def slow(name: str, *needs: str, seconds: float = 0.3) -> str:
    sql = f"INSERT INTO log SELECT '{name}', clock_timestamp(), pg_sleep({seconds})::text, clock_timestamp()"
    return f'{{id: {name}, depends_on: [{", ".join(("log", *needs))}], sql: "{sql}", rollback: SELECT 1}}'


LOG = (
    "{id: log, sql: 'CREATE TABLE log (name text, began timestamptz, slept text, ended timestamptz)', "
    "rollback: DROP TABLE log}"
)


def times(project: Project) -> dict[str, tuple[float, float]]:
    rows = project.sql("SELECT name, extract(epoch FROM began)::float8, extract(epoch FROM ended)::float8 FROM log")
    return {str(name): (float(str(began)), float(str(ended))) for name, began, ended in rows}


def test_independent_changesets_run_at_the_same_time(postgresql_project: Project) -> None:
    project = postgresql_project
    project.write(changelog(LOG, *(slow(f"s{n}", seconds=0.8) for n in range(4))))
    result = project.engine().update(jobs=4)
    assert sorted(result.applied) == ["log", "s0", "s1", "s2", "s3"]
    spans = times(project)
    assert max(began for began, _ in spans.values()) < min(ended for _, ended in spans.values())
    assert project.engine().verify_history().chain == "intact"
    assert [entry.seq for entry in project.entries()] == [1, 2, 3, 4, 5]


def test_nothing_runs_before_what_it_waits_for(postgresql_project: Project) -> None:
    """
    a   b
    |\\ /|
    c   d     e and f wait for both
    """
    project = postgresql_project
    needs = {"a": (), "b": (), "c": ("a", "b"), "d": ("a", "b"), "e": ("c", "d"), "f": ("c", "d")}
    project.write(changelog(LOG, *(slow(name, *each, seconds=0.15) for name, each in needs.items())))
    project.engine().update(jobs=3)
    spans = times(project)
    for name, earlier in ((name, before) for name, each in needs.items() for before in each):
        assert spans[earlier][1] <= spans[name][0], (earlier, name)
    order = [entry.changeset_id for entry in project.entries()]
    for name, each in needs.items():
        assert all(order.index(before) < order.index(name) for before in each)


def test_quick_and_long_ones_mixed_with_tags_and_conditions(postgresql_project: Project) -> None:
    project = postgresql_project
    quick = [f"{{id: q{n}, sql: CREATE TABLE q{n} (id int), rollback: DROP TABLE q{n}}}" for n in range(30)]
    long = [slow(f"s{n}", f"q{n}", seconds=0.05) for n in range(6)]
    after = [f"{{id: z{n}, depends_on: [s{n}], sql: CREATE TABLE z{n} (id int), rollback: SELECT 1}}" for n in range(6)]
    condition = (
        "{id: conditional, depends_on: [s0], preconditions: [{table_exists: q0}], sql: SELECT 1, rollback: SELECT 1}"
    )
    index = "CREATE INDEX CONCURRENTLY i ON q1 (id)"
    bare = f"{{id: bare, depends_on: [q1], transaction: false, sql: {index}, rollback: SELECT 1}}"
    project.write(changelog(LOG, *after, *quick, condition, bare, *long, "tag: t"))
    result = project.engine().update(jobs=4)
    assert len(result.applied) == 1 + 30 + 6 + 6 + 2
    assert result.tags == ("t",)
    assert project.engine().verify_history().chain == "intact"
    assert project.engine().update().deployment == ""


def test_a_failure_stops_what_depends_on_it_and_lets_what_runs_end(postgresql_project: Project) -> None:
    project = postgresql_project
    broken = "{id: broken, depends_on: [log], sql: 'SELECT pg_sleep(0.2), 1/0', rollback: SELECT 1}"
    other = "{id: other, depends_on: [log], sql: 'SELECT pg_sleep(0.3), missing', rollback: SELECT 1}"
    blocked = slow("blocked", "broken")
    project.write(changelog(LOG, broken, blocked, slow("running", seconds=0.8), other))
    with pytest.raises(ChangesetFailedError) as failure:
        project.engine().update(jobs=3)
    assert failure.value.changeset in ("broken", "other")
    assert "division by zero" in failure.value.message
    assert "missing" in failure.value.message
    assert failure.value.facts["result"].applied == ("log", "running")
    assert project.states() == {
        "log": "applied",
        "broken": "pending",
        "blocked": "pending",
        "running": "applied",
        "other": "pending",
    }
    assert sorted(e.changeset_id or "" for e in project.entries() if e.event is Event.FAILED) == ["broken", "other"]
    assert project.engine().verify_history().chain == "intact"


def test_ddl_that_meets_on_one_catalogue_row_is_tried_again(postgresql_project: Project) -> None:
    project = postgresql_project
    meet = [
        f"{{id: g{n}, sql: 'SELECT pg_sleep(0.1); GRANT SELECT ON shared TO PUBLIC; "
        f"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $x$ SELECT {n} $x$; "
        "CREATE SCHEMA IF NOT EXISTS common', depends_on: [shared], rollback: SELECT 1}"
        for n in range(6)
    ]
    project.write(changelog("{id: shared, sql: CREATE TABLE shared (id int), rollback: DROP TABLE shared}", *meet))
    assert len(project.engine().update(jobs=6).applied) == 7
    assert project.engine().verify_history().chain == "intact"


def test_a_deferred_constraint_does_not_hang_the_chain(postgresql_project: Project) -> None:
    """One locks the row of the parent and takes long; the deferred key of the other waits for it before its commit."""
    project = postgresql_project
    parent = "CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1)"
    child = "CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"
    holds = "SELECT id FROM parent FOR UPDATE; SELECT pg_sleep(0.5)"
    waits = "SELECT pg_sleep(0.1); INSERT INTO child VALUES (1)"
    project.write(
        changelog(
            f"{{id: tables, sql: '{parent}; {child}', rollback: SELECT 1}}",
            f"{{id: holds, depends_on: [tables], sql: '{holds}', rollback: SELECT 1}}",
            f"{{id: waits, depends_on: [tables], sql: '{waits}', rollback: SELECT 1}}",
        )
    )
    assert sorted(project.engine().update(jobs=2).applied) == ["holds", "tables", "waits"]


def test_the_plan_says_where_jobs_pay(postgresql_project: Project) -> None:
    project = postgresql_project
    project.write(changelog(LOG, *(slow(f"s{n}") for n in range(3))))
    notes = project.engine().plan_update().notes
    assert any("`--jobs 3`" in note and "side by side" in note for note in notes)
    project.write(changelog(LOG, *(slow(f"s{n}", *([f"s{n - 1}"] if n else [])) for n in range(3))))
    assert any("would not pay" in note for note in project.engine().plan_update().notes)


def test_jobs_and_atomic_exclude_each_other(postgresql_project: Project) -> None:
    postgresql_project.tables("a")
    with pytest.raises(UsageError, match="exclude each other"):
        postgresql_project.engine().update(jobs=2, atomic=True)


def test_sqlite_says_that_one_session_writes_at_a_time(tmp_path: Path, sqlite_url: str) -> None:
    project = Project(tmp_path, sqlite_url)
    project.tables("a", "b")
    assert project.engine().update(jobs=4).applied == ("a", "b")
    warned = [event.message for event in project.events if isinstance(event, Warned)]
    assert any("no effect on sqlite" in message for message in warned)
