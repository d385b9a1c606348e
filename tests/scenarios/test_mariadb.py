"""MariaDB, where DDL commits by itself: the same commands and JSON, and recovery statement by statement."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.errors import ChangesetFailedError, CheckFailedError, InDoubtError, PlanRefusedError
from changelog_engine.execute.events import Warned
from changelog_engine.ledger.ledger import Ledger
from changelog_engine.plan.request import LastApplied, ToTag, UpdateRequest
from tests.fixtures.mariadb import MariadbServer
from tests.fixtures.processes import changelog, kill, start_changelog
from tests.fixtures.projects import Project

SHOP = """
    name: shop
    contexts: [dev, prod]
    changesets:
      - id: customers
        labels: [base]
        sql: |
          CREATE TABLE customers (id int PRIMARY KEY, email varchar(80) NOT NULL);
          CREATE TRIGGER lower_email BEFORE INSERT ON customers FOR EACH ROW
          BEGIN
            SET NEW.email = LOWER(NEW.email);
          END;
        rollback: DROP TABLE customers
      - tag: release-1
      - id: fill
        depends_on: [customers]
        preconditions:
          - table_exists: customers
          - sql: {query: SELECT count(*) FROM customers, expect: 0}
            on_fail: mark_applied
        sql: |
          INSERT INTO customers VALUES (1, 'MIRA@example.com');
          INSERT INTO customers VALUES (2, 'it''s 50% \\\\ ü😀');
        rollback: DELETE FROM customers
        checks:
          - {name: both are there, sql: SELECT count(*) FROM customers, expect: 2}
      - id: for-others
        dbms: [postgresql]
        sql: CREATE TABLE others (id int)
        rollback: DROP TABLE others
      - id: only-in-production
        contexts: prod
        sql: CREATE TABLE live (id int)
        rollback: DROP TABLE live
    """


@pytest.fixture
def project(tmp_path: Path, mariadb_url: str) -> Project:
    return Project(tmp_path, mariadb_url)


def run_json(project: Project, *arguments: str, code: int = 0) -> dict[str, Any]:
    options = ("--changelog", "main.yaml", "--url", project.url, "--format", "json")
    done = changelog(*arguments, *options, cwd=project.folder)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def events(project: Project) -> list[tuple[str, str | None]]:
    return [(str(entry.event), entry.changeset_id or entry.tag) for entry in project.entries()]


def is_intact(project: Project) -> bool:
    return project.engine().verify_history().chain == "intact"


# ----------------------------------------------------------------------------------------- the same commands


def test_the_commands_and_their_json_are_the_same(project: Project) -> None:
    project.write(SHOP)
    run_json(project, "validate")
    assert [step["id"] for step in run_json(project, "plan", "--context", "dev")["steps"]] == [
        "customers",
        "release-1",
        "fill",
    ]
    assert run_json(project, "update", "--context", "dev")["applied"] == ["customers", "fill"]
    assert project.sql("SELECT email FROM customers ORDER BY id") == [("mira@example.com",), ("it's 50% \\ ü😀",)]
    status = run_json(project, "status", "--context", "dev")
    assert {one["id"]: one["state"] for one in status["changesets"]} == {
        "customers": "applied",
        "fill": "applied",
        "for-others": "excluded",
        "only-in-production": "excluded",
    }
    assert run_json(project, "update", "--context", "dev")["applied"] == []
    assert run_json(project, "history", "--verify")["chain"] == "intact"
    assert run_json(project, "rollback", "--tag", "release-1")["rolled_back"] == ["fill"]
    assert run_json(project, "rollback", "--count", "1")["rolled_back"] == ["customers"]
    assert not project.has_table("customers")
    assert run_json(project, "update", "--context", "dev")["applied"] == ["customers", "fill"]
    assert run_json(project, "history", "--verify")["chain"] == "intact"
    assert run_json(project, "lock")["held"] is False


def test_a_changeset_of_plain_dml_commits_with_its_row_or_not_at_all(project: Project) -> None:
    project.tables("t")
    project.update()
    project.write("""
        changesets:
          - {id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
          - id: two-rows
            sql: INSERT INTO t VALUES (1); INSERT INTO t VALUES ('no number');
            rollback: DELETE FROM t
        """)
    with pytest.raises(ChangesetFailedError, match="statement 2 of 2"):
        project.update()
    assert project.sql("SELECT * FROM t") == []
    assert events(project)[-1] == ("failed", "two-rows")
    assert ("started", "two-rows") not in events(project)
    assert project.states() == {"t": "applied", "two-rows": "pending"}
    project.write("""
        changesets:
          - {id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
          - id: two-rows
            sql: INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);
            rollback: DELETE FROM t
            checks: [{name: three, sql: SELECT count(*) FROM t, expect: 3}]
        """)
    with pytest.raises(CheckFailedError):
        project.update()
    assert project.sql("SELECT * FROM t") == []
    assert is_intact(project)


def test_atomic_is_for_plans_without_ddl(project: Project) -> None:
    project.tables("t")
    with pytest.raises(PlanRefusedError, match="a statement of `t` commits by itself on mariadb"):
        project.update(atomic=True)
    assert not project.has_table("t")
    project.update()
    rows = "".join(
        f"\n  - {{id: row-{n}, sql: 'INSERT INTO t VALUES ({n})', rollback: 'DELETE FROM t WHERE id = {n}'}}"
        for n in ("1", "2", "wrong")
    )
    base = "changesets:\n  - {id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}"
    project.write(base + rows)
    with pytest.raises(ChangesetFailedError, match="nothing was applied"):
        project.update(atomic=True)
    assert project.sql("SELECT * FROM t") == []
    project.write(base + rows.replace("VALUES (wrong)", "VALUES (3)"))
    assert project.update(atomic=True).applied == ("row-1", "row-2", "row-wrong")
    assert is_intact(project)


def test_a_failure_in_the_middle_keeps_what_is_done_and_goes_on_from_there(project: Project) -> None:
    text = """
        changesets:
          - id: steps
            sql: |
              CREATE TABLE a (id int);
              INSERT INTO a VALUES (1);
              CREATE TABLE b (id {type});
              INSERT INTO a VALUES (2);
            rollback: DROP TABLE b; DROP TABLE a
        """
    project.write(text.format(type="no_type"))
    with pytest.raises(ChangesetFailedError, match="statement 3 of 4") as failure:
        project.update()
    assert failure.value.location is not None
    assert failure.value.location.line == 7
    assert (project.has_table("a"), project.has_table("b")) == (True, False)
    assert "statement 3 of 4" in project.engine().status().changesets[0].reason
    project.write(text.format(type="int"))
    assert project.update().applied == ("steps",)
    assert project.sql("SELECT id FROM a ORDER BY id") == [(1,), (2,)]
    assert project.rollback(LastApplied(1)).rolled_back == ("steps",)
    assert not project.has_table("a")
    assert is_intact(project)


def test_settings_of_a_changeset_reach_neither_the_next_nor_the_ledger(
    project: Project, mariadb_server: MariadbServer
) -> None:
    elsewhere = mariadb_server.create_database()
    project.write(f"""
        changesets:
          - id: rude
            description: "ü€😀"
            sql: |
              SET NAMES latin1;
              SET @leftover = 1, foreign_key_checks = 0, sql_mode = '';
              CREATE TEMPORARY TABLE leftover (id int);
              USE {elsewhere.database};
              CREATE TABLE there (id int);
            rollback: DROP TABLE {elsewhere.database}.there
          - id: polite
            preconditions:
              - sql: {{query: "SELECT @@foreign_key_checks * 10 + (@leftover IS NULL)", expect: 11}}
            sql: CREATE TABLE here (id int)
            rollback: DROP TABLE here
        """)
    assert project.update().applied == ("rude", "polite")
    assert project.has_table("here")
    assert project.has_table(f"{elsewhere.database}.there")
    assert [entry.description for entry in project.entries() if entry.event == "applied"] == ["ü€😀", None]
    assert is_intact(project)
    mariadb_server.drop_database(elsewhere)


def test_a_run_that_died_over_the_ledgers_tables_is_no_hindrance(project: Project) -> None:
    session = connect(project.url, Access.WRITE)
    parts = Ledger(session, "main", schema=None).tables.parts(session.kind, session.quote)
    project.tables("a")
    for count in range(len(parts)):
        for part in parts[:count]:
            session.execute(part.sql)
        assert project.states() == {"a": "pending"}
        assert project.update().applied == ("a",)
        session.execute("DROP VIEW changelog_state")
        session.execute("DROP TABLE a, changelog_ledger, changelog_lock")
    session.close()


# ------------------------------------------------------------------------------------------------- killed


SLEEPING = (
    "SELECT count(*) FROM information_schema.PROCESSLIST"
    " WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND INFO LIKE '%{}%'"
)


def start_update(project: Project) -> subprocess.Popen[str]:
    return start_changelog("update", "--changelog", "main.yaml", "--url", project.url, cwd=project.folder)


def wait_until(question: str, project: Project, count: int = 1, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while project.sql(question) != [(count,)]:
        assert time.monotonic() < deadline, question
        time.sleep(0.05)


@pytest.mark.parametrize("finishes", [True, False])
def test_a_statement_during_which_a_run_died_is_settled_by_what_is_there(project: Project, finishes: bool) -> None:
    """Its table's definition is waited for: what the server then did of it, or not, is what the next run goes by."""
    project.write("""
        changesets:
          - {id: before, sql: "CREATE TABLE t (id int); INSERT INTO t VALUES (1)", rollback: DROP TABLE t}
        """)
    project.update()
    project.write("""
        changesets:
          - {id: before, sql: "CREATE TABLE t (id int); INSERT INTO t VALUES (1)", rollback: DROP TABLE t}
          - id: alter
            sql: |
              CREATE TABLE u (id int);
              ALTER TABLE t ADD COLUMN added int;
              INSERT INTO u VALUES (7);
            rollback: DROP TABLE u; ALTER TABLE t DROP COLUMN added
        """)
    blocker = connect(project.url, Access.WRITE)
    blocker.begin()
    blocker.select("SELECT * FROM t")
    process = start_update(project)
    waiting = SLEEPING.format("ADD COLUMN added")
    wait_until(waiting, project)
    kill(process)
    if finishes:
        blocker.rollback()
        wait_until(waiting, project, 0)
    else:
        number = (
            "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE 'ALTER TABLE t ADD%'"
        )
        blocker.execute(f"KILL {blocker.select(number)[0][0]}")
        wait_until(waiting, project, 0)
    blocker.close()
    assert events(project)[-1] == ("started", "alter")
    assert project.update().applied == ("alter",)
    warned = [event.message for event in project.events if isinstance(event, Warned)]
    assert any(("it was done" if finishes else "it was not done") in words for words in warned)
    assert project.sql("SELECT * FROM t") == [(1, None)]
    assert project.sql("SELECT * FROM u") == [(7,)]
    assert is_intact(project)


def test_a_run_killed_at_each_of_its_statements_goes_on(project: Project) -> None:
    """Each changeset sleeps once, in the statement at which the run is killed."""
    parts = ["changesets:"]
    for number in range(4):
        texts = [f"CREATE TABLE t{number} (id int PRIMARY KEY)", f"INSERT INTO t{number} VALUES (1)"]
        texts.insert(number % 3, f"SELECT SLEEP(1), 'nap{number}'")
        parts += [f"  - id: c{number}", f"    rollback: DROP TABLE t{number}", "    sql: |"]
        parts += [f"      {text};" for text in texts]
    project.write("\n".join(parts))
    for number in range(4):
        process = start_update(project)
        wait_until(SLEEPING.format(f"nap{number}"), project)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # Whoever starts now waits: the server works on the dead client's statement, and holds its lock for so long.
        wait_until(SLEEPING.format(f"nap{number}"), project, 0)
        if number % 2:
            assert project.engine(lock_wait=30.0).verify_history().chain == "intact"
        else:
            project.engine(lock_wait=30.0).update(UpdateRequest(project.engine().filters(select=f"c{number}")))
    assert project.engine(lock_wait=30.0).update().applied
    for number in range(4):
        assert project.sql(f"SELECT * FROM t{number}") == [(1,)]
    assert project.states() == {f"c{number}": "applied" for number in range(4)}
    assert [entry.changeset_id for entry in project.entries() if entry.event == "applied"].count("c3") == 1
    assert is_intact(project)


def test_what_nobody_can_tell_is_in_doubt_with_the_statement_and_the_commands(project: Project) -> None:
    project.write("""
        changesets:
          - id: call
            sql: |
              CREATE TABLE t (id int);
              CREATE PROCEDURE slow() BEGIN INSERT INTO t VALUES (1); DO SLEEP(1); INSERT INTO t VALUES (2); END;
              CALL slow();
              INSERT INTO t VALUES (3);
            rollback: DROP PROCEDURE slow; DROP TABLE t
        """)
    process = start_update(project)
    wait_until(SLEEPING.format("SLEEP(1)"), project)
    kill(process)
    wait_until(SLEEPING.format("SLEEP(1)"), project, 0)
    with pytest.raises(InDoubtError) as doubt:
        project.engine(lock_wait=30.0).update()
    assert "CALL slow()" in doubt.value.message
    assert "statement 3" in doubt.value.message
    assert "changelog resolve call --applied" in (doubt.value.hint or "")
    assert "changelog resolve call --not-applied" in (doubt.value.hint or "")
    assert project.states() == {"call": "in_doubt"}
    answer = run_json(project, "update", code=6)
    assert answer["error"]["code"] == "in_doubt"
    project.sql("DROP PROCEDURE slow", "DROP TABLE t")
    run_json(project, "resolve", "call", "--not-applied")
    assert project.update().applied == ("call",)
    assert project.sql("SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]
    assert is_intact(project)


def test_a_connection_that_is_killed_leaves_nothing_to_be_done_by_hand(project: Project) -> None:
    project.write("""
        changesets:
          - {id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
          - id: slow
            sql: INSERT INTO t VALUES (1); SELECT SLEEP(20); INSERT INTO t VALUES (2);
            rollback: DELETE FROM t
        """)
    process = start_update(project)
    wait_until(SLEEPING.format("SLEEP(20)"), project)
    number = "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE 'SELECT SLEEP(20)%'"
    project.sql(f"KILL {project.sql(number)[0][0]}")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "is lost" in said
    project.write("""
        changesets:
          - {id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
          - id: slow
            sql: INSERT INTO t VALUES (1); SELECT SLEEP(0); INSERT INTO t VALUES (2);
            rollback: DELETE FROM t
        """)
    assert project.update().applied == ("slow",)
    assert project.sql("SELECT id FROM t ORDER BY id") == [(1,), (2,)]


# --------------------------------------------------------------------------------------------------- the lock


def test_processes_that_start_together_wait_for_each_other(project: Project) -> None:
    sql = "CREATE TABLE c{0} (id int); SET @a = 1; INSERT INTO c{0} VALUES (1)"
    one = "  - {{id: c{0}, sql: '" + sql + "', rollback: DROP TABLE c{0}}}\n"
    project.write("changesets:\n" + "".join(one.format(number) for number in range(6)))
    processes = [start_update(project) for _ in range(4)]
    for process in processes:
        said, complained = process.communicate(timeout=120)
        assert process.returncode == 0, f"{said}\n{complained}"
    applied = [entry.changeset_id for entry in project.entries() if entry.event == "applied"]
    assert applied == [f"c{n}" for n in range(6)]
    assert [project.sql(f"SELECT * FROM c{n}") for n in range(6)] == [[(1,)]] * 6
    assert is_intact(project)


# ---------------------------------------------------------------------------------------------------- scripts


def script_of(project: Project, name: str, *arguments: str) -> Path:
    options = ("--changelog", "main.yaml", "--url", project.url)
    done = changelog("plan", "--sql", *arguments, *options, cwd=project.folder)
    assert done.returncode == 0, done.stderr
    path = project.folder / name
    path.write_text(done.stdout, encoding="utf-8")
    return path


def test_a_script_does_with_the_client_what_update_does(project: Project, mariadb_server: MariadbServer) -> None:
    project.write(SHOP)
    database = project.url.split("?")[0].rsplit("/", 1)[1]
    script = script_of(project, "first.sql", "--context", "dev")
    done = mariadb_server.client(database, script)
    assert done.returncode == 0, done.stderr
    assert project.sql("SELECT email FROM customers ORDER BY id") == [("mira@example.com",), ("it's 50% \\ ü😀",)]
    assert project.states("dev")["fill"] == "applied"
    assert project.update("dev").applied == ()
    assert is_intact_of(project, "dev")
    again = mariadb_server.client(database, script)
    assert again.returncode != 0
    assert project.rollback(ToTag("release-1")).rolled_back == ("fill",)


def is_intact_of(project: Project, *contexts: str) -> bool:
    return project.engine(*contexts).verify_history().chain == "intact"


def test_a_script_stops_where_the_ledger_moved_on_or_somebody_is_at_work(
    project: Project, mariadb_server: MariadbServer
) -> None:
    database = project.url.split("?")[0].rsplit("/", 1)[1]
    project.tables("a")
    project.update()
    project.tables("a", "b")
    script = script_of(project, "b.sql")
    session = connect(project.url, Access.WRITE)
    assert session.try_lock(Ledger(session, "main", schema=None).tables.lock_name)
    held = mariadb_server.client(database, script)
    assert held.returncode != 0
    assert "somebody_else_works_on_this_database" in held.stderr
    session.close()
    assert not project.has_table("b")
    project.engine().tag("moved-on")
    moved = mariadb_server.client(database, script)
    assert moved.returncode != 0
    assert "the_ledger_has_moved_on" in moved.stderr
    assert not project.has_table("b")


# ---------------------------------------------------------------------------------------- considerate to others


def waiting_for_t(sql: str) -> str:
    return f"""
        changesets:
          - {{id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}}
          - id: waits
            lock_timeout: 1s
            retries: {{attempts: 5, initial_seconds: 0.2}}
            sql: |
              {sql}
            rollback: ALTER TABLE t DROP COLUMN added
        """


def test_ddl_that_waits_for_a_busy_table_gives_up_and_tries_again(project: Project) -> None:
    project.tables("t")
    project.update()
    blocker = connect(project.url, Access.WRITE)
    blocker.begin()
    blocker.select("SELECT * FROM t")
    project.write(waiting_for_t("ALTER TABLE t ADD COLUMN added int"))
    process = start_update(project)
    wait_until(SLEEPING.format("ADD COLUMN added"), project)
    wait_until(SLEEPING.format("ADD COLUMN added"), project, 0)
    blocker.rollback()
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 0, f"{said}\n{complained}"
    assert "trying again" in said + complained
    assert [event for event, _ in events(project)].count("applied") == 2
    assert is_intact(project)
    blocker.close()


def test_what_is_done_by_half_is_not_tried_again(project: Project) -> None:
    project.tables("t")
    project.update()
    blocker = connect(project.url, Access.WRITE)
    blocker.begin()
    blocker.select("SELECT * FROM t")
    project.write(waiting_for_t("CREATE TABLE half (id int); ALTER TABLE t ADD COLUMN added int"))
    with pytest.raises(ChangesetFailedError, match="statement 2 of 2"):
        project.update()
    blocker.close()
    assert project.update().applied == ("waits",)
    assert is_intact(project)


def test_what_a_failed_changeset_has_left_is_said(project: Project) -> None:
    project.write("""
        changesets:
          - id: half
            sql: CREATE TABLE half (id int); CREATE TABLE half (id int)
            rollback: DROP TABLE half
        """)
    done = changelog("update", "--changelog", "main.yaml", "--url", project.url, cwd=project.folder)
    assert done.returncode == 1
    assert "`half`: on this database DDL commits by itself, so what its statements did before that stays" in done.stderr
    assert project.has_table("half")
