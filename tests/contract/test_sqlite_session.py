"""What is SQLite's own."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from changelog_engine.databases import sqlite as module
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access, Settled
from changelog_engine.errors import ConfigurationError, ConnectionFailedError, StatementError


def test_reading_a_database_that_does_not_exist_creates_nothing(sqlite_url: str, tmp_path: Path) -> None:
    session = connect(sqlite_url, Access.READ)
    assert not session.exists("table", "t")
    assert not session.is_locked("a")
    session.begin()
    session.rollback()
    session.renew()
    session.close()
    assert list(tmp_path.iterdir()) == []


def test_writing_creates_the_file_and_the_lock_beside_it(sqlite_url: str, tmp_path: Path) -> None:
    session = connect(sqlite_url, Access.WRITE)
    session.try_lock("a")
    session.execute("CREATE TABLE t (a int)")
    session.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["database.db", "database.db.changelog-lock"]


@pytest.mark.parametrize("access", [Access.READ, Access.WRITE])
def test_the_folder_is_not_created(tmp_path: Path, access: Access) -> None:
    with pytest.raises(ConnectionFailedError, match=r"the folder .* does not exist") as caught:
        connect(f"sqlite:///{tmp_path}/no/such/file.db", access)
    assert "create the folder" in (caught.value.hint or "")


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("this is a letter to my grandmother, not a database" * 100)
    for access in Access:
        with pytest.raises(ConnectionFailedError, match="not a database") as caught:
            connect(f"sqlite:///{tmp_path}/x.db", access)
        assert "check the path" in (caught.value.hint or "")


def test_a_read_only_file_is_said_to_be_read_only(sqlite_url: str, tmp_path: Path) -> None:
    connect(sqlite_url, Access.WRITE).close()
    session = connect(f"sqlite:///file:{tmp_path}/database.db?mode=ro&uri=true", Access.WRITE)
    with pytest.raises(StatementError, match="readonly") as caught:
        session.execute("CREATE TABLE t (a int)")
    assert "writable" in (caught.value.hint or "")
    session.close()


def test_odd_file_names_are_file_names(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20ü.db"
    sqlite3.connect(path).execute("CREATE TABLE t (a int)").connection.close()
    session = connect(f"sqlite:///{str(path).replace('?', '%3F').replace('#', '%23')}", Access.READ)
    found = session.exists("table", "t") or not Path(session.database).exists()
    assert found
    session.close()


def test_a_database_in_memory_works_and_has_a_lock_of_its_own() -> None:
    first, second = connect("sqlite://", Access.WRITE), connect("sqlite:///:memory:", Access.WRITE)
    assert first.try_lock("a")
    assert second.try_lock("a")
    first.execute("CREATE TABLE t (a int)")
    first.execute("CREATE TEMP TABLE t2 (a int)")
    first.execute("ATTACH ':memory:' AS other")
    first.execute("PRAGMA foreign_keys = ON")
    first.renew()
    assert first.exists("table", "t")
    assert not first.exists("table", "t2")
    assert not first.exists("schema", "other")
    assert first.select("PRAGMA foreign_keys") == [(0,)]
    first.close()
    second.close()


def test_pragmas_and_attached_databases_do_not_reach_the_next_changeset(sqlite_url: str, tmp_path: Path) -> None:
    session = connect(sqlite_url, Access.WRITE)
    session.execute("pragma foreign_keys = on")
    session.execute(f"ATTACH '{tmp_path}/other.db' AS other")
    session.renew()
    assert session.select("PRAGMA foreign_keys") == [(0,)]
    assert not session.exists("schema", "other")
    session.close()


def test_a_held_write_lock_is_waited_for_and_then_named(sqlite_url: str) -> None:
    holder = connect(sqlite_url, Access.WRITE)
    other = connect(f"{sqlite_url}?timeout=0.1", Access.WRITE)
    holder.begin()
    with pytest.raises(StatementError, match="locked") as caught:
        other.begin()
    assert "another program" in (caught.value.hint or "")
    timer = threading.Timer(0.2, holder.commit)
    patient = connect(sqlite_url, Access.WRITE)
    timer.start()
    patient.begin()
    patient.rollback()
    timer.join()
    for session in (holder, other, patient):
        session.close()


def test_the_lock_dies_with_a_killed_process(sqlite_url: str) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from changelog_engine.databases.connect import connect, Access;"
            f"s = connect({sqlite_url!r}, Access.WRITE); print(s.try_lock('a'), flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    session = connect(sqlite_url, Access.WRITE)
    assert session.is_locked("a")
    assert not session.try_lock("a")
    holder.kill()
    holder.communicate()
    assert not session.is_locked("a")
    assert session.try_lock("a")
    session.close()


def test_two_ways_to_the_file_meet_at_one_lock(sqlite_url: str, tmp_path: Path) -> None:
    first = connect(sqlite_url, Access.WRITE)
    (tmp_path / "link.db").symlink_to(tmp_path / "database.db")
    second = connect(f"sqlite:///{tmp_path}/link.db", Access.WRITE)
    assert first.try_lock("a")
    assert not second.try_lock("a")
    assert not second.try_lock("b")
    first.close()
    second.close()


def test_two_statements_at_once_are_refused_with_the_remedy(sqlite_url: str) -> None:
    session = connect(sqlite_url, Access.WRITE)
    with pytest.raises(StatementError, match="one statement at a time"):
        session.execute("SELECT 1; SELECT 2")
    session.close()


def test_an_error_at_a_later_row_is_an_error_of_the_statement(sqlite_url: str) -> None:
    session = connect(sqlite_url, Access.WRITE)
    for statement in ("SELECT abs(column1) FROM (VALUES (1), (-9223372036854775808))", "SELECT CAST(x'ff' AS TEXT)"):
        with pytest.raises(StatementError):
            session.select(statement)
        with pytest.raises(StatementError):
            session.execute(statement)
    session.close()


def test_what_a_crash_left_is_told_from_the_catalogue(sqlite_url: str) -> None:
    session = connect(sqlite_url, Access.WRITE)
    for statement, undo in (
        ("CREATE TABLE t (a int)", "DROP TABLE t"),
        ("create unique index main.by_a on t (a)", "DROP INDEX IF EXISTS main.by_a"),
        ("CREATE VIEW IF NOT EXISTS v AS SELECT 1", "drop view v"),
    ):
        assert session.settle(statement) is Settled.NOT_DONE
        assert session.settle(undo) is Settled.DONE
        session.execute(statement)
        assert session.settle(statement) is Settled.DONE
        assert session.settle(undo) is Settled.NOT_DONE
    assert session.settle("CREATE TEMP TABLE t (a int)") is Settled.UNKNOWN
    assert session.settle("ALTER TABLE t ADD COLUMN b int") is Settled.UNKNOWN
    session.close()


def test_an_address_of_a_server_is_no_file() -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect("sqlite://u:s3cret@host/x", Access.WRITE)
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


def test_the_guard_of_a_script_stops_it(sqlite_url: str) -> None:
    session = connect(sqlite_url, Access.WRITE)
    session.execute("CREATE TABLE t (a int)")

    def run_guard() -> None:
        for line in session.script_guard("a", "EXISTS (SELECT 1 FROM t)"):
            if not line.startswith((".", "--")):
                session.execute(line)

    with pytest.raises(StatementError, match="moved on"):
        run_guard()
    session.renew()
    session.run("INSERT INTO t VALUES (1)", {})
    run_guard()
    session.close()


def test_the_driver_s_own_transactions_are_off(sqlite_url: str) -> None:
    session = connect(sqlite_url, Access.WRITE)
    assert isinstance(session, module.SqliteSession)
    assert session._connection.isolation_level is None
    session.close()
