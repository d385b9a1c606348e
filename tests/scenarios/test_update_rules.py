"""Update: what it runs, skips, marks and refuses, and what of a changeset reaches the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from changelog_engine.errors import (
    ChangesetFailedError,
    PlanRefusedError,
    PreconditionFailedError,
    UsageError,
)
from changelog_engine.execute.events import StepSkipped, Warned
from changelog_engine.model import OnFail
from changelog_engine.plan.request import UpdateRequest
from changelog_engine.plan.steps import Plan
from tests.fixtures.projects import Project

BRANCHES = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}


def test_count_limits_the_changesets_and_to_tag_the_place(project: Project) -> None:
    project.tables("a", "b", "c", "d", tag_after="c")
    assert project.update(count=2).applied == ("a", "b")
    result = project.update(to_tag="t")
    assert (result.applied, result.tags) == (("c",), ("t",))
    assert project.update().applied == ("d",)
    with pytest.raises(UsageError, match="`release`"):
        project.update(to_tag="release")


def test_a_cherry_pick_takes_along_what_it_requires(project: Project) -> None:
    project.tables("a", "x", "b", "c", "d", depends_on=BRANCHES)
    assert project.update(select="c").applied == ("a", "c")
    assert project.update(select="d").applied == ("b", "d")
    assert project.update().applied == ("x",)


def test_branches_join_in_either_order(project: Project) -> None:
    """Two branches append to the file at the same place; whichever is merged first, what it needs is there."""
    project.tables("base", "mine", depends_on={"mine": ["base"]})
    project.update()
    project.tables("base", "yours", "yours2", "mine", depends_on={"mine": ["base"], "yours2": ["yours"]})
    assert project.update().applied == ("yours", "yours2")


def test_labels_choose(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, labels: [fast], sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - {id: b, labels: [slow], sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
        """)
    engine = project.engine()
    assert engine.update(UpdateRequest(engine.filters(label="not slow"))).applied == ("a",)


def test_contexts_must_be_named_where_any_changeset_has_some(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - {id: demo, contexts: "test or dev", sql: CREATE TABLE demo (id int), rollback: DROP TABLE demo}
        """)
    with pytest.raises(UsageError, match="dev") as refused:
        project.update()
    assert "--no-context" in (refused.value.hint or "")
    assert not project.has_table("a")
    assert project.update("prod").applied == ("a",)
    assert project.update("DEV").applied == ("demo",)


def test_a_skipped_changeset_waits_with_what_requires_it(project: Project) -> None:
    project.write("""
        changesets:
          - id: a
            preconditions:
              - {table_exists: ready, on_fail: skip}
            sql: CREATE TABLE a (id int)
            rollback: DROP TABLE a
          - {id: b, depends_on: [a], sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
          - {id: c, sql: CREATE TABLE c (id int), rollback: DROP TABLE c}
        """)
    result = project.update()
    assert result.applied == ("c",)
    assert [skipped.id for skipped in result.skipped] == ["a", "b"]
    assert sum(isinstance(event, StepSkipped) for event in project.events) == 2
    assert [entry.changeset_id for entry in project.entries()] == ["c"]
    project.sql("CREATE TABLE ready (id int)")
    assert project.update().applied == ("a", "b")


@pytest.mark.parametrize("policy", list(OnFail))
def test_a_precondition_that_fails_or_cannot_be_evaluated(project: Project, policy: OnFail) -> None:
    project.write(f"""
        changesets:
          - id: fails
            preconditions:
              - sql: {{query: SELECT 1, expect: 2}}
                on_fail: {policy}
                message: come back later
            sql: CREATE TABLE a (id int)
            rollback: DROP TABLE a
          - id: errs
            preconditions:
              - sql: {{query: SELECT nothing FROM nowhere, expect: 2}}
                on_error: {policy}
            sql: CREATE TABLE b (id int)
            rollback: DROP TABLE b
        """)
    if policy is OnFail.HALT:
        with pytest.raises(PreconditionFailedError, match="come back later") as failure:
            project.update()
        assert failure.value.location is not None
        assert failure.value.location.line == 5
        assert not project.has_table("a")
        return
    result = project.update()
    ids = ("fails", "errs")
    assert result.applied == (ids if policy is OnFail.WARN else ())
    assert result.marked == (ids if policy is OnFail.MARK_APPLIED else ())
    assert tuple(skipped.id for skipped in result.skipped) == (ids if policy is OnFail.SKIP else ())
    if policy is OnFail.WARN:
        warned = [event.message for event in project.events if isinstance(event, Warned)]
        assert warned[0] == "`fails`: come back later"
        assert "nowhere" in warned[1]


def test_every_kind_of_precondition(project: Project) -> None:
    project.write("""
        parameters: {named: {default: x}, valueless: {}}
        changesets:
          - id: base
            sql: |
              CREATE TABLE parent (id int PRIMARY KEY);
              CREATE TABLE child (id int, parent_id int,
                CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent (id));
              CREATE INDEX child_id ON child (id);
              CREATE VIEW v AS SELECT 1 AS n;
              INSERT INTO parent VALUES (1);
            rollback: DROP VIEW v; DROP TABLE child; DROP TABLE parent
          - id: next
            depends_on: [base]
            preconditions:
              - table_exists: parent
              - view_exists: v
              - column_exists: {table: child, column: parent_id}
              - index_exists: child_id
              - row_count: {table: parent, expect: 1}
              - applied: base
              - dbms: [postgresql, sqlite]
              - parameter_defined: named
              - not: {parameter_defined: valueless}
              - not: {table_exists: v}
              - any: [{table_exists: nope}, {view_exists: v}]
              - all: [{table_exists: parent}, {not: {sequence_exists: nope}}]
              - sql: {query: "SELECT '1.0'", expect: 1}
              - sql: {query: SELECT NULL, expect: null}
              - sql: {query: "SELECT '${named}'", expect: x}
              - sql: {query: SELECT 1 WHERE 1 = 0, expect: 1}
                on_fail: warn
            sql: CREATE TABLE t (id int)
            rollback: DROP TABLE t
        """)
    assert project.update().applied == ("base", "next")
    warned = [event.message for event in project.events if isinstance(event, Warned)]
    assert len(warned) == 1
    assert "no row" in warned[0]


def test_foreign_keys_sequences_and_users_are_known_on_postgresql(postgresql_project: Project) -> None:
    postgresql_project.write("""
        changesets:
          - id: base
            sql: |
              CREATE SCHEMA app;
              CREATE TABLE app.parent (id serial PRIMARY KEY);
              CREATE TABLE child (parent_id int CONSTRAINT child_parent REFERENCES app.parent);
            rollback: DROP TABLE child; DROP SCHEMA app CASCADE
          - id: next
            preconditions:
              - foreign_key_exists: child_parent
              - sequence_exists: app.parent_id_seq
              - table_exists: app.parent
              - not: {table_exists: parent}
              - not: {running_as: nobody-in-particular}
            sql: SELECT 1
            rollback: SELECT 1
        """)
    assert postgresql_project.update().applied == ("base", "next")


def test_a_failure_with_on_error_continue_lets_all_else_run(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, on_error: continue, sql: BROKEN, rollback: SELECT 1}
          - {id: b, depends_on: [a], sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
          - {id: c, sql: CREATE TABLE c (id int), rollback: DROP TABLE c}
          - tag: t
        """)
    result = project.update()
    assert result.applied == ("c",)
    assert [failed.id for failed in result.failed] == ["a"]
    assert next(skipped.id for skipped in result.skipped) == "b"
    assert result.tags == ()


def test_atomic_commits_all_of_it_or_nothing(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - {id: b, sql: INSERT INTO nowhere VALUES (1), rollback: SELECT 1}
        """)
    with pytest.raises(ChangesetFailedError) as failure:
        project.update(atomic=True)
    assert failure.value.facts["result"].applied == ()
    assert not project.has_table("a")
    assert [entry.event for entry in project.entries()] == ["failed"]
    project.tables("a", "b", tag_after="b")
    result = project.update(atomic=True)
    assert (result.applied, result.tags) == (("a", "b"), ("t",))
    assert project.engine().verify_history().chain == "intact"


def test_atomic_is_refused_with_a_changeset_outside_of_transactions(project: Project) -> None:
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - {id: b, transaction: false, sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
        """)
    with pytest.raises(PlanRefusedError, match="`b` has `transaction: false`"):
        project.update(atomic=True)
    assert not project.has_table("a")


# ------------------------------------------------------------------------------------------------ saved plans


def saved(project: Project) -> tuple[str, Plan]:
    plan = project.engine().plan_update()
    return project.engine().save_plan(plan), plan


def test_a_saved_plan_is_executed_exactly(project: Project) -> None:
    project.tables("a", "b", "c")
    text = project.engine().save_plan(project.engine().plan_update(UpdateRequest(count=2)))
    assert project.engine().update(saved_plan=text).applied == ("a", "b")


def test_a_saved_plan_is_refused_where_the_ledger_or_the_changelog_moved_on(project: Project) -> None:
    project.tables("a", "b")
    text, _ = saved(project)
    project.update(count=1)
    with pytest.raises(PlanRefusedError):
        project.engine().update(saved_plan=text)
    text, _ = saved(project)
    project.engine().tag("any-new-row")
    with pytest.raises(PlanRefusedError):
        project.engine().update(saved_plan=text)
    text, _ = saved(project)
    path = project.folder / "main.yaml"
    path.write_text(path.read_text().replace("CREATE TABLE b (id int)", "CREATE TABLE b (id bigint)"))
    with pytest.raises(PlanRefusedError, match="`b`"):
        project.engine().update(saved_plan=text)
    assert not project.has_table("b")


# ------------------------------------------------------------------- what a changeset leaves behind, odd bytes


def test_session_state_reaches_neither_the_next_changeset_nor_the_engine(postgresql_project: Project) -> None:
    project = postgresql_project
    project.sql("CREATE ROLE limited_" + project.url.split("test_")[1][:8])
    role = "limited_" + project.url.split("test_")[1][:8]
    project.write(f"""
        changesets:
          - id: dump
            sql: |
              SELECT pg_catalog.set_config('search_path', '', false);
              SET statement_timeout = 200;
              SET row_security = off;
              CREATE TEMP TABLE next_one (id int);
              SET ROLE {role};
            rollback: SELECT 1
          - id: next
            sql: |
              CREATE TABLE next_one (id int);
              SELECT pg_sleep(0.3);
            checks:
              - {{name: path, sql: SHOW search_path, expect: '"$user", public'}}
            rollback: DROP TABLE next_one
        """)
    try:
        assert project.update().applied == ("dump", "next")
        assert project.sql("SELECT to_regclass('public.next_one')::text") == [("next_one",)]
    finally:
        project.sql(f"DROP ROLE {role}")


def test_pragmas_and_temporary_tables_do_not_leak_on_sqlite(tmp_path: Path, sqlite_url: str) -> None:
    project = Project(tmp_path, sqlite_url)
    project.write("""
        changesets:
          - id: first
            transaction: false
            sql: |
              PRAGMA foreign_keys = ON;
              CREATE TEMP TABLE t (id int);
            rollback: SELECT 1
          - id: second
            sql: CREATE TABLE t (id int)
            checks: [{name: off, sql: PRAGMA foreign_keys, expect: 0}]
            rollback: DROP TABLE t
        """)
    assert project.update().applied == ("first", "second")
    assert project.has_table("t")


def test_a_byte_order_mark_and_carriage_returns_do_no_harm(project: Project) -> None:
    text = (
        "\ufeffchangesets:\r\n  - id: a\r\n    sql: |\r\n      CREATE TABLE a (\r\n        note text\r\n      );\r\n"
        "      INSERT INTO a VALUES ('two\r\n      lines');\r\n    rollback: DROP TABLE a\r\n"
        "  - {id: file, depends_on: [a], sql_file: more.sql, rollback: SELECT 1}\r\n"
    )
    (project.folder / "main.yaml").write_bytes(text.encode())
    (project.folder / "more.sql").write_bytes("\ufeffINSERT INTO a\r\nVALUES ('more');\r\n".encode())
    assert project.update().applied == ("a", "file")
    assert project.sql("SELECT note FROM a ORDER BY note") == [("more",), ("two\nlines",)]
    plain = text.replace("\ufeff", "").replace("\r\n", "\n")
    (project.folder / "main.yaml").write_bytes(plain.encode())
    assert project.update().deployment == ""


def test_statements_are_cut_by_the_databases_own_rules(postgresql_project: Project) -> None:
    postgresql_project.write("""
        changesets:
          - id: nasty
            sql: |
              CREATE TABLE log (line text);
              CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $body$ SELECT 1; $body$;
              CREATE FUNCTION two() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
              /* a ; in /* a nested */ comment; */
              INSERT INTO log VALUES (E'a\\';b'), ('c;d'), ('50% :x ?');
              DO $$ BEGIN PERFORM 1; END $$;
            checks: [{name: lines, sql: SELECT count(*) FROM log, expect: 3}]
            rollback: DROP FUNCTION two; DROP FUNCTION one; DROP TABLE log
        """)
    plan = postgresql_project.engine().plan_update()
    assert len(plan.steps[0].statements) == 5
    assert postgresql_project.update().applied == ("nasty",)


def test_triggers_are_cut_rightly_on_sqlite(tmp_path: Path, sqlite_url: str) -> None:
    project = Project(tmp_path, sqlite_url)
    project.write("""
        changesets:
          - id: trigger
            sql: |
              CREATE TABLE t (n int);
              CREATE TRIGGER twice AFTER INSERT ON t WHEN NEW.n < 2 BEGIN
                INSERT INTO t SELECT CASE WHEN NEW.n = 1 THEN 5 ELSE 6 END;
                UPDATE t SET n = n;
              END;
              INSERT INTO t VALUES (1);
            checks: [{name: rows, sql: SELECT count(*) FROM t, expect: 2}]
            rollback: DROP TABLE t
        """)
    assert project.update().applied == ("trigger",)


# ---------------------------------------------------------------------------------- plan = script = execution


def test_the_configured_schema_holds_the_ledger(postgresql_project: Project) -> None:
    project = postgresql_project
    project.tables("a")
    with pytest.raises(UsageError, match="`ops`") as missing:
        project.engine(schema="ops").update()
    assert "create_schema" in (missing.value.hint or "")
    engine = project.engine(schema="ops", create_schema=True, table_prefix="x_")
    assert engine.update().applied == ("a",)
    assert project.sql("SELECT count(*) FROM ops.x_changelog_ledger") == [(1,)]
    assert engine.status().counts == {"applied": 1}
