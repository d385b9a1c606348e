"""What is said to fail in a transaction does so on a real server, and nothing else does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import psycopg
import pytest

from changelog_engine.sql.autocommit import refused_in_transaction

BEFORE = """
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE INDEX i ON t (a);
CREATE TABLE w (id int) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF w FOR VALUES FROM (1) TO (2);
CREATE TYPE mood AS ENUM ('ok');
CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;
CREATE UNIQUE INDEX one ON m (one);
CREATE PUBLICATION n;
CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION n WITH (connect = false, slot_name = NONE);
"""
REFUSED = (
    "CREATE INDEX CONCURRENTLY j ON t (a)",
    "DROP INDEX CONCURRENTLY i",
    "REINDEX INDEX CONCURRENTLY i",
    "REINDEX (CONCURRENTLY true) TABLE t",
    "REINDEX SCHEMA public",
    "REINDEX DATABASE",
    "VACUUM",
    "VACUUM ANALYZE t",
    "CREATE DATABASE d",
    "DROP DATABASE IF EXISTS d",
    "CREATE TABLESPACE x LOCATION '/nowhere'",
    "DROP TABLESPACE x",
    "ALTER SYSTEM SET work_mem = '4MB'",
    "CLUSTER",
    "ALTER TABLE w DETACH PARTITION p CONCURRENTLY",
    "CREATE SUBSCRIPTION x CONNECTION 'dbname=nowhere' PUBLICATION n",
    "DISCARD ALL",
    "DO $$ BEGIN COMMIT; END $$",
    "DO $$ BEGIN IF false THEN NULL; ELSE ROLLBACK; END IF; END $$",
    "ALTER TYPE mood ADD VALUE 'sad'; SELECT 'sad'::mood",
)
TAKEN = (
    "CREATE INDEX j ON t (a)",
    "DROP INDEX i",
    "REINDEX TABLE t",
    "REINDEX (CONCURRENTLY false) TABLE t",
    "ANALYZE",
    "CLUSTER t USING i",
    "ALTER TABLE w DETACH PARTITION p",
    "ALTER DATABASE postgres SET work_mem = '4MB'",
    "ALTER DATABASE postgres CONNECTION LIMIT 100",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    "CREATE SUBSCRIPTION x CONNECTION 'dbname=nowhere' PUBLICATION n WITH (connect = false, slot_name = NONE)",
    "ALTER SUBSCRIPTION s DISABLE",
    "ALTER SUBSCRIPTION s SET PUBLICATION n WITH (refresh = false)",
    "DISCARD PLANS",
    "DO $$ BEGIN PERFORM 1; END $$",
    "ALTER TYPE mood ADD VALUE 'sad'",
    "CREATE TYPE new AS ENUM ('ok'); ALTER TYPE new ADD VALUE 'sad'; SELECT 'sad'::new",
    "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'; SELECT 'fine'::mood",
    "COPY t TO '/dev/null'",
    "LISTEN x",
)


@pytest.fixture
def connection(postgresql_url: str) -> Iterator[psycopg.Connection]:
    """A database with subscriptions cannot be dropped: there are none afterwards."""
    with psycopg.connect(postgresql_url, autocommit=True) as opened:
        opened.execute(BEFORE)
        yield opened
        opened.execute("ROLLBACK")
        own = "SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = %s)"
        for (name,) in opened.execute(own, (opened.info.dbname,)).fetchall():
            opened.execute(f"DROP SUBSCRIPTION {name}")


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_fails_in_a_transaction(text: str, connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.Error) as caught:
        in_transaction(connection, text)
    assert caught.value.sqlstate in ("25001", "2D000", "55P04"), caught.value
    assert refused_in_transaction(text, "postgresql")


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_not_refused_works_in_a_transaction(text: str, connection: psycopg.Connection) -> None:
    in_transaction(connection, text)
    assert refused_in_transaction(text, "postgresql") == ()


def in_transaction(connection: psycopg.Connection, text: str) -> None:
    connection.execute("BEGIN")
    for statement in text.split("; ") if not text.startswith("DO") else [text]:
        connection.execute(statement)
    connection.execute("COMMIT")


def test_a_text_that_cannot_be_read_is_not_judged() -> None:
    assert refused_in_transaction("FROB;", "postgresql") is None


def test_the_place_is_that_of_the_statement() -> None:
    found = refused_in_transaction("SELECT 'ä';\n-- now\n  VACUUM t;", "postgresql")
    assert found is not None
    assert [(refusal.what, refusal.place) for refusal in found] == [("VACUUM", 21)]


@pytest.mark.parametrize("text", ["VACUUM", "PRAGMA synchronous = OFF"])
def test_what_sqlite_refuses_fails_in_a_transaction(text: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError):
        connection.execute(text)
    connection.close()
    assert refused_in_transaction(f"SELECT 1; {text};", "sqlite")


def test_what_sqlite_passes_over_in_a_transaction_is_refused_too() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    connection.execute("PRAGMA foreign_keys = ON")
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (0,)
    connection.close()
    assert refused_in_transaction("PRAGMA foreign_keys = ON", "sqlite")
    assert refused_in_transaction("PRAGMA foreign_keys; REINDEX; CREATE TABLE vacuum_log (a)", "sqlite") == ()
