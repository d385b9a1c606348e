"""What is PostgreSQL's own."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access, Row, Session, Settled
from changelog_engine.databases.postgresql import PostgresqlSession, lock_key
from changelog_engine.databases.postgresql_connect import connect_arguments, options_of, way_to, without_options
from changelog_engine.errors import ConnectionFailedError, ConnectionLostError, DatabaseError, StatementError
from tests.fixtures.databases import PASSWORD_ROLE, Server, driver_url
from tests.robustness.waiting import wait_for


@pytest.fixture
def session(postgresql_url: str) -> Iterator[Session]:
    session = connect(postgresql_url, Access.WRITE)
    yield session
    session.close()


def sql(url: str, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(driver_url(make_url(url)), autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def one(session: Session, query: str) -> object:
    return session.select(query)[0][0]


# ------------------------------------------------------------------------------------------------ connecting


def test_the_session_names_itself_and_keeps_watch_on_its_client(postgresql_url: str) -> None:
    session = connect(postgresql_url, Access.WRITE, name="changelog update")
    assert one(session, "SELECT current_setting('application_name')") == "changelog update"
    if session.select("SELECT 1 FROM pg_settings WHERE name = 'client_connection_check_interval'"):
        session.execute("SET client_connection_check_interval = 0; SET application_name = 'x'; RESET ALL")
        assert one(session, "SHOW client_connection_check_interval") == "10s"
    assert one(session, "SELECT current_setting('application_name')") == "changelog update"
    session.close()


def test_options_of_the_url_are_kept_and_win(postgresql_url: str) -> None:
    sep = "&" if "?" in postgresql_url else "?"
    url = f"{postgresql_url}{sep}options=-c%20search_path%3Dapp%20-c%20client_connection_check_interval%3D0"
    session = connect(f"{url}&application_name=mine", Access.WRITE)
    assert one(session, "SHOW search_path") == "app"
    assert one(session, "SHOW client_connection_check_interval") == "0"
    assert one(session, "SHOW application_name") == "mine"
    assert session.schema is None
    session.close()


def test_a_setting_that_the_server_refuses_is_left_out(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an older server does with the check of the client."""
    monkeypatch.setattr(
        "changelog_engine.databases.postgresql_connect._CLIENT_CHECK", "-c client_connection_check_interval_x=1"
    )
    session = connect(postgresql_url, Access.READ)
    assert one(session, "SHOW default_transaction_read_only") == "on"
    session.close()


@pytest.mark.parametrize(
    ("words", "options", "left"),
    [
        ("FATAL: unrecognized configuration parameter client_connection_check_interval", {}, "tcp_keepalives_idle=30"),
        ("FATAL: unsupported startup parameter: options", {}, None),
        (
            "FATAL: unsupported startup parameter in options: client_connection_check_interval",
            {"options": "-c a=b"},
            "-c a=b",
        ),
    ],
)
def test_what_older_servers_and_poolers_refuse_is_tried_without(
    words: str, options: dict[str, str], left: str | None
) -> None:
    arguments = connect_arguments(options, Access.WRITE, "x")
    plainer = without_options(psycopg.OperationalError(words), arguments, options)
    assert plainer is not None
    assert "client_connection_check_interval" not in plainer.get("options", "")
    assert (left in plainer["options"]) if left else "options" not in plainer
    assert without_options(psycopg.OperationalError("connection refused"), arguments, options) is None


def test_notices_are_not_printed(session: Session, capfd: pytest.CaptureFixture[str]) -> None:
    session.execute("DO $$ BEGIN RAISE NOTICE 'loud'; RAISE WARNING 'louder'; END $$")
    session.execute("DROP TABLE IF EXISTS nowhere")
    assert capfd.readouterr() == ("", "")


def test_a_wrong_password_is_refused_without_showing_it(postgresql_server: Server, postgresql_url: str) -> None:
    with contextlib.suppress(psycopg.errors.DuplicateObject):
        postgresql_server.execute(f"CREATE ROLE {PASSWORD_ROLE} LOGIN PASSWORD 'right-one'")
    wrong = make_url(postgresql_url).set(username=PASSWORD_ROLE, password="wr0ng-secret")
    with pytest.raises(ConnectionFailedError) as caught:
        connect(wrong.render_as_string(hide_password=False), Access.WRITE)
    assert "wr0ng-secret" not in f"{caught.value.message} {caught.value.hint} {caught.value!r}"
    assert "password authentication failed" in caught.value.message
    assert "PGPASSWORD" in (caught.value.hint or "")


def test_an_unknown_database_or_user_is_said_to_be_unknown(postgresql_url: str) -> None:
    unknown = make_url(postgresql_url).set(database="nowhere_at_all")
    with pytest.raises(ConnectionFailedError, match="does not exist") as caught:
        connect(unknown.render_as_string(hide_password=False), Access.WRITE)
    assert "createdb" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("postgresql://u:s3cret@127.0.0.1:1/x", "whether the server is running"),
        ("postgresql://u:s3cret@no-such-host.invalid/x", "host name"),
        ("postgresql://u:s3cret@/x?host=/no/such/folder", "whether the server is running"),
        ("postgresql://u:s3cret@127.0.0.1:1/x?sslmode=nonsense", "sslmode"),
        ("postgresql://u:s3cret@127.0.0.1:1/x?no_such_option=1", "check the database URL"),
    ],
)
def test_an_unreachable_server_is_named_with_the_remedy(url: str, remedy: str) -> None:
    with pytest.raises(ConnectionFailedError) as caught:
        connect(url, Access.WRITE)
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"
    assert remedy in (caught.value.hint or "")
    assert "\n" not in caught.value.message


def test_a_connection_that_is_lost_is_said_to_be_lost(session: Session, postgresql_url: str) -> None:
    session.begin()
    sql(
        postgresql_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'changelog' AND datname = current_database()",
    )
    with pytest.raises(ConnectionLostError):
        session.execute("SELECT 1")
    session.rollback()
    with pytest.raises(ConnectionLostError):
        session.begin()


# ------------------------------------------------------------------------------------------------- statements


@pytest.mark.parametrize(
    "copy", ["COPY t FROM STDIN", "/* x */ copy t from stdin", "COPY t TO STDOUT", "SELECT 1; COPY t FROM STDIN"]
)
def test_copy_from_the_client_is_refused_and_breaks_nothing(session: Session, copy: str) -> None:
    session.execute("CREATE TABLE t (a int)")
    session.execute("INSERT INTO t SELECT generate_series(1, 100000)")
    with pytest.raises(StatementError, match="COPY"):
        session.execute(copy)
    assert one(session, "SELECT count(*) FROM t") == 100000
    session.begin()
    with pytest.raises(StatementError, match="COPY"):
        session.execute(copy)
    session.rollback()
    assert session.run("SELECT 1", {}) == [(1,)]


def test_an_error_tells_all_that_the_server_tells(session: Session) -> None:
    session.execute("CREATE TABLE t (a int PRIMARY KEY)")
    with pytest.raises(StatementError) as caught:
        session.execute("INSERT INTO t VALUES (1), (1)")
    assert caught.value.sqlstate == "23505"
    assert "(a)=(1)" in (caught.value.detail or "")
    with pytest.raises(StatementError) as caught:
        session.execute("SELECT 'ä', 'ü', nowhere FROM t")
    assert caught.value.position == 17
    with pytest.raises(StatementError) as caught:
        session.execute("SELECT a FROM t WHERE A(1)")
    assert caught.value.hint


def test_a_value_that_python_has_no_place_for_is_an_error_of_the_statement(session: Session) -> None:
    with pytest.raises(StatementError):
        session.select("SELECT 'infinity'::timestamp")
    assert session.select("SELECT 1") == [(1,)]


def test_several_statements_can_be_sent_as_one(session: Session) -> None:
    session.begin()
    session.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1); SELECT 1")
    session.commit()
    assert one(session, "SELECT count(*) FROM t") == 1


def test_text_of_a_database_without_encoding_is_text(postgresql_server: Server, postgresql_url: str) -> None:
    name = f"ascii_{make_url(postgresql_url).database}"
    postgresql_server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    url = make_url(postgresql_url).set(database=name)
    session = connect(url.render_as_string(hide_password=False), Access.WRITE)
    assert session.select("SELECT 'ü'") == [("ü",)]
    session.close()
    postgresql_server.drop_database(url)


# --------------------------------------------------------------------------------------------- reset and lock


def test_the_key_of_the_lock_is_frozen() -> None:
    assert lock_key("shop") == int.from_bytes(hashlib.sha256(b"changelog-engine:shop").digest()[:8], "big", signed=True)
    assert lock_key("shop") == 5616298226681952878


@pytest.mark.parametrize("name", ["a", "b", "c", "d", "positive", "negative"])
def test_the_lock_is_found_whatever_its_key(session: Session, name: str) -> None:
    session.try_lock(name)
    assert session.is_locked(name)
    assert one(session, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()") == 1
    session.unlock(name)
    assert not session.is_locked(name)


def test_a_changeset_that_releases_the_lock_fails(session: Session) -> None:
    session.try_lock("a")
    session.begin()
    session.execute("SELECT pg_advisory_unlock_all()")
    with pytest.raises(StatementError, match="released the lock"):
        session.reset()
    session.rollback()
    session.renew()
    assert session.is_locked("a")


def test_a_lock_that_a_statement_released_and_somebody_took_is_missed(session: Session, postgresql_url: str) -> None:
    other = connect(postgresql_url, Access.WRITE)
    session.try_lock("a")
    session.execute("DISCARD ALL")
    assert other.try_lock("a")
    with pytest.raises(DatabaseError, match="somebody else"):
        session.renew()
    other.close()


def test_reset_costs_one_round_trip_and_none_where_nothing_was_run(
    session: PostgresqlSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    send = session._send

    def counted(sql: str, values: Any = None) -> psycopg.Cursor[Row]:
        sent.append(sql)
        return send(sql, values)

    monkeypatch.setattr(session, "_send", counted)
    session.try_lock("a")
    session.begin()
    session.execute("CREATE TABLE t (a int)")
    session.reset()
    session.run("INSERT INTO t VALUES (1)", {})
    session.commit()
    session.renew()
    assert len(sent) == 6


def test_statements_prepared_by_a_failed_changeset_are_gone(session: Session) -> None:
    session.begin()
    session.execute("PREPARE p AS SELECT 1")
    session.rollback()
    session.renew()
    session.execute("PREPARE p AS SELECT 2")


# ------------------------------------------------------------------------------------------- what a crash left


@pytest.fixture
def table(session: Session) -> Session:
    session.execute('CREATE TABLE "T" (a int, b int)')
    session.execute('INSERT INTO "T" SELECT i, 1 FROM generate_series(1, 100) AS n (i)')
    return session


def make_invalid(session: Session, index: str) -> None:
    session.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass")


def test_an_index_that_was_built_is_done(table: Session) -> None:
    statement = 'CREATE UNIQUE INDEX CONCURRENTLY "by A" ON ONLY "T" USING btree (a)'
    assert table.settle(statement) is Settled.NOT_DONE
    table.execute(statement)
    assert table.settle(f"-- c\n/* d */ {statement}") is Settled.DONE
    assert table.settle('CREATE INDEX CONCURRENTLY IF NOT EXISTS "by A" ON public."T" (a)') is Settled.DONE
    assert table.settle('DROP INDEX CONCURRENTLY "by A"') is Settled.NOT_DONE
    table.execute('DROP INDEX "by A"')
    assert table.settle('DROP INDEX CONCURRENTLY IF EXISTS public."by A"') is Settled.DONE


def test_an_index_that_was_left_invalid_is_dropped(table: Session) -> None:
    statement = 'CREATE UNIQUE INDEX CONCURRENTLY by_b ON "T" (b)'
    with pytest.raises(StatementError):
        table.execute(statement)
    assert table.exists("index", "by_b")
    assert table.settle(statement) is Settled.NOT_DONE
    assert not table.exists("index", "by_b")


def test_an_index_without_a_name_is_not_known(table: Session) -> None:
    assert table.settle('CREATE INDEX CONCURRENTLY ON "T" (a)') is Settled.UNKNOWN
    assert table.settle('CREATE INDEX by_a ON "T" (a)') is Settled.UNKNOWN


@pytest.mark.parametrize(
    "statement",
    [
        'REINDEX TABLE CONCURRENTLY "T"',
        "REINDEX (VERBOSE) INDEX CONCURRENTLY by_a",
        "REINDEX SCHEMA CONCURRENTLY public",
    ],
)
def test_what_a_reindex_left_is_dropped(table: Session, statement: str) -> None:
    table.execute('CREATE INDEX by_a ON "T" (a); CREATE INDEX by_a_ccnew ON "T" (a); CREATE INDEX other ON "T" (a)')
    make_invalid(table, "by_a_ccnew")
    make_invalid(table, "other")
    assert table.settle(statement) is Settled.NOT_DONE
    assert [table.exists("index", name) for name in ("by_a", "by_a_ccnew", "other")] == [True, False, True]


def test_a_value_of_an_enum_is_asked_for(session: Session) -> None:
    session.execute("CREATE TYPE mood AS ENUM ('sad')")
    statement = "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'it''s ok' AFTER 'sad'"
    assert session.settle(statement) is Settled.NOT_DONE
    session.execute(statement)
    assert session.settle(statement) is Settled.DONE


def test_databases_are_asked_for(session: Session) -> None:
    assert session.settle(f"CREATE DATABASE {session.database}") is Settled.DONE
    assert session.settle("CREATE DATABASE nowhere") is Settled.NOT_DONE
    assert session.settle(f"DROP DATABASE IF EXISTS {session.database}") is Settled.NOT_DONE
    assert session.settle("DROP DATABASE nowhere") is Settled.DONE


# -------------------------------------------------------------------------------------------------------- scripts


def test_the_guard_of_a_script_stops_it(session: Session, postgresql_url: str, tmp_path: Path) -> None:
    """Without psql: the lines that are SQL, sent one by one."""
    assert tmp_path
    session.execute("CREATE TABLE t (a int)")
    first, *lines = session.script_guard("a", "EXISTS (SELECT 1 FROM t)")
    assert first == r"\set ON_ERROR_STOP on"
    with pytest.raises(psycopg.errors.RaiseException, match="moved on"):
        sql(postgresql_url, *lines)
    session.execute("INSERT INTO t VALUES (1)")
    wait_for(lambda: not session.is_locked("a"))  # the script's own session ends a moment after its connection
    sql(postgresql_url, *lines, "BEGIN", *session.script_reset(), "COMMIT")
    wait_for(lambda: session.try_lock("a"))
    with pytest.raises(psycopg.errors.RaiseException, match="somebody else"):
        sql(postgresql_url, *lines)


def test_the_guard_of_a_script_waits_for_the_workers_of_a_run_too(session: Session, postgresql_url: str) -> None:
    assert session.sharing is not None
    session.sharing.join("a")
    with pytest.raises(psycopg.errors.RaiseException, match="somebody else"):
        sql(postgresql_url, *session.script_guard("a", "true")[1:])


def test_programs_of_an_older_version_can_use_the_way_to_the_database(postgresql_url: str) -> None:
    """PostgreSQL 12's libpq, the oldest that is not unheard of, knows these of those that a plain URL comes to."""
    known = {"user", "dbname", "host", "hostaddr", "port", "options", "client_encoding", "connect_timeout"}
    known |= {"fallback_application_name", "sslmode", "tcp_user_timeout"}
    known |= {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
    with contextlib.closing(
        psycopg.connect(**connect_arguments(options_of(postgresql_url), Access.WRITE, "test"))
    ) as connection:
        conninfo, _, _, _ = way_to(connection)
    assert set(conninfo_to_dict(conninfo)) <= known
