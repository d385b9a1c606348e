"""The promises of :class:`changelog_engine.databases.database.Session`, kept by every database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access, Row, Session, Settled
from changelog_engine.databases.own_sql import fill_in
from changelog_engine.errors import ConfigurationError, StatementError

Connect = Callable[..., Session]

LOCK = f"lock-{uuid4().hex}"
"""The names of locks are server-wide on MariaDB, and other workers use theirs at the same time."""


@pytest.fixture(params=("postgresql", "sqlite", "mariadb"))
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind in turn; MariaDB's too, unlike in the tests of what takes DDL back."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def new_session(database_url: str) -> Iterator[Connect]:
    """Makes sessions on the test's database, and closes them at its end."""
    sessions: list[Session] = []

    def make(access: Access = Access.WRITE) -> Session:
        sessions.append(connect(database_url, access))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def session(new_session: Connect) -> Session:
    return new_session()


def is_postgresql(session: Session) -> bool:
    return session.kind == "postgresql"


def is_mariadb(session: Session) -> bool:
    return session.kind == "mariadb"


def temporary(session: Session) -> str:
    return "TEMPORARY" if is_mariadb(session) else "TEMP"


# ------------------------------------------------------------------------------------------------ statements


def test_a_session_says_where_it_is(session: Session) -> None:
    assert session.kind in session.location
    assert session.server.lower().startswith(session.kind)
    assert session.database
    assert (session.schema == "public") == session.capabilities.schemas


def run(session: Session, template: str, **values: object) -> list[Row]:
    """Run a statement of the engine's own, as the ledger runs its statements."""
    names = {"table": session.quote("a%b :c"), "column": session.quote("t%x")}
    return list(session.run(fill_in(template, names, session.parameter_style), values))


def test_statements_of_the_engine_run_with_any_names_and_values(session: Session) -> None:
    run(session, "CREATE TABLE {table} (id integer PRIMARY KEY, {column} text)")
    for number, value in enumerate(["it's 50% :x", None, "ü\n\\"]):
        assert run(session, "INSERT INTO {table} (id, {column}) VALUES (:id, :text)", id=number, text=value) == []
    every = "SELECT id, {column} FROM {table} ORDER BY id"
    assert run(session, every) == [(0, "it's 50% :x"), (1, None), (2, "ü\n\\")]
    assert run(session, "SELECT count(*), '%' FROM {table} WHERE id IN (:a, :b, :c)", a=0, b=2, c=7) == [(2, "%")]
    run(session, "DELETE FROM {table} WHERE {column} LIKE :pattern", pattern="it's%")
    assert [number for number, _ in run(session, every)] == [1, 2]


def test_a_statement_is_run_again_with_other_values(session: Session) -> None:
    question = "SELECT CAST(:x AS {integer}) + 1".replace("{integer}", "SIGNED" if is_mariadb(session) else "integer")
    assert [run(session, question, x=number)[0][0] for number in range(3)] == [1, 2, 3]


def test_statements_of_users_run_verbatim(session: Session) -> None:
    session.execute("CREATE TABLE t (a text)")
    assert session.execute("INSERT INTO t VALUES ('%s :x %(y)s $1 ?'), ('10 % 3')") == 2
    assert sorted(session.select("SELECT a FROM t WHERE a LIKE '%'")) == [("%s :x %(y)s $1 ?",), ("10 % 3",)]
    assert list(session.select("DELETE FROM t")) == []


def test_a_refused_statement_says_why_and_where(session: Session) -> None:
    with pytest.raises(StatementError) as caught:
        session.execute("SELECT 'ä' FROMM nowhere NATURAL")
    assert caught.value.sqlstate
    with pytest.raises(StatementError) as caught:
        session.execute("\n  SELEC 1")
    assert "SELEC" in caught.value.message
    assert caught.value.position == 3
    assert list(session.select("SELECT 1")) == [(1,)]


def test_a_statement_that_needs_to_stand_outside_of_a_transaction_is_known(session: Session) -> None:
    session.begin()
    with pytest.raises(StatementError) as caught:
        session.execute("SET TRANSACTION READ ONLY" if is_mariadb(session) else "VACUUM")
    assert caught.value.refuses_transaction
    session.rollback()
    session.begin()
    with pytest.raises(StatementError) as caught:
        session.execute("SELECT * FROM nowhere")
    assert not caught.value.refuses_transaction
    session.rollback()
    assert session.runs_outside_only("/* x */ PRAGMA foreign_keys = ON") == (not is_postgresql(session))
    assert session.runs_outside_only("CREATE TABLE t (a int)") == (not session.capabilities.transactional_ddl)
    assert not session.runs_outside_only("INSERT INTO t VALUES (1)")


# ---------------------------------------------------------------------------------------------- transactions


def test_ddl_is_undone_with_its_transaction(session: Session) -> None:
    if not session.capabilities.transactional_ddl:
        pytest.skip("DDL commits by itself there")
    session.begin()
    session.execute("CREATE TABLE t (a int)")
    session.execute("INSERT INTO t VALUES (1)")
    session.rollback()
    assert not session.exists("table", "t")
    session.begin()
    session.execute("CREATE TABLE t (a int)")
    session.commit()
    session.rollback()
    assert session.exists("table", "t")


def test_nothing_is_seen_by_others_before_the_commit(new_session: Connect, session: Session) -> None:
    session.execute("CREATE TABLE t (a int)")
    session.begin()
    session.execute("INSERT INTO t VALUES (1)")
    other = new_session(Access.READ)
    assert list(other.select("SELECT * FROM t")) == []
    session.commit()
    assert list(other.select("SELECT * FROM t")) == [(1,)]


def test_a_transaction_that_a_statement_ended_is_not_said_to_be_committed(session: Session) -> None:
    session.begin()
    session.execute("COMMIT")
    with pytest.raises(StatementError, match="ended by one of the statements"):
        session.commit()


def test_a_failed_transaction_is_not_said_to_be_committed(session: Session) -> None:
    if not is_postgresql(session):
        pytest.skip("a failed statement leaves the transaction as it was there")
    session.begin()
    with pytest.raises(StatementError):
        session.execute("SELECT 1 / 0")
    with pytest.raises(StatementError):
        session.commit()
    session.begin()
    session.rollback()


def test_rollback_raises_nothing_where_there_is_nothing(session: Session) -> None:
    session.rollback()
    session.begin()
    session.rollback()
    session.rollback()


def test_deferred_constraints_fail_before_or_at_the_commit(session: Session) -> None:
    if is_mariadb(session):
        pytest.skip("it has no deferred constraints")
    if session.kind == "sqlite":
        session.execute("PRAGMA foreign_keys = ON")
    session.execute("CREATE TABLE a (id int PRIMARY KEY)")
    session.execute("CREATE TABLE b (a int REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)")
    session.begin()
    session.execute("INSERT INTO b VALUES (1)")
    with pytest.raises(StatementError):
        session.check_deferred() if is_postgresql(session) else session.commit()
    session.rollback()
    assert list(session.select("SELECT count(*) FROM b")) == [(0,)]


# ---------------------------------------------------------------------------------------------------- the lock


def test_the_lock_is_held_by_one_session_at_a_time(new_session: Connect) -> None:
    first, second = new_session(), new_session()
    assert not first.is_locked(LOCK)
    assert first.try_lock(LOCK)
    assert first.try_lock(LOCK)
    assert not second.try_lock(LOCK)
    assert second.is_locked(LOCK)
    assert first.is_locked(LOCK)
    first.unlock(LOCK)
    assert not second.is_locked(LOCK)
    assert second.try_lock(LOCK)


def test_the_lock_dies_with_its_session(new_session: Connect) -> None:
    first, second = new_session(), new_session()
    assert first.try_lock(LOCK)
    first.close()
    deadline = time.monotonic() + 10
    while not second.try_lock(LOCK):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_lock_is_seen_by_a_session_that_only_reads(new_session: Connect) -> None:
    first = new_session()
    reader = new_session(Access.READ)
    assert not reader.is_locked(LOCK)
    first.try_lock(LOCK)
    assert reader.is_locked(LOCK)


def test_reset_and_renew_keep_the_lock(new_session: Connect) -> None:
    first, second = new_session(), new_session()
    first.try_lock(LOCK)
    first.begin()
    first.execute(f"CREATE {temporary(first)} TABLE x (a int)")
    first.reset()
    first.commit()
    first.renew()
    assert not second.try_lock(LOCK)


# ------------------------------------------------------------------------------------- what a changeset leaves


def test_nothing_of_a_changeset_reaches_the_next(session: Session) -> None:
    session.begin()
    session.execute(f"CREATE {temporary(session)} TABLE leftover (a int)")
    if is_postgresql(session):
        session.execute("CREATE ROLE somebody_%x".replace("%x", session.database))
        session.execute("SELECT set_config('search_path', '', false)")
        session.execute(f"SET ROLE somebody_{session.database}")
        session.execute("PREPARE p AS SELECT 1")
    session.reset()
    if is_postgresql(session):
        assert list(session.select("SELECT current_user = session_user, current_schema()")) == [(True, "public")]
        session.reset()
        session.execute(f"DROP ROLE somebody_{session.database}")
    session.commit()
    session.renew()
    with pytest.raises(StatementError):
        session.select("SELECT * FROM leftover")
    if is_postgresql(session):
        with pytest.raises(StatementError):
            session.execute("EXECUTE p")


NO_WRITING = {
    "postgresql": "SET default_transaction_read_only = on",
    "sqlite": "PRAGMA query_only = ON",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}


def test_the_engine_can_write_after_any_setting_of_a_changeset(session: Session) -> None:
    session.execute("CREATE TABLE t (a int)")
    session.begin()
    session.execute(NO_WRITING[session.kind])
    session.reset()
    session.run("INSERT INTO t VALUES (1)", {})
    session.commit()
    session.begin()
    session.run("INSERT INTO t VALUES (2)", {})
    session.commit()


# -------------------------------------------------------------------------------------------------- the catalogue


def test_what_exists_is_found(session: Session) -> None:
    session.execute("CREATE TABLE parent (id int PRIMARY KEY)")
    child, column = session.quote("Child"), session.quote("B c")
    session.execute(
        f"CREATE TABLE {child} (a int, {column} int, CONSTRAINT to_parent FOREIGN KEY (a) REFERENCES parent (id))"
    )
    session.execute(f"CREATE INDEX by_a ON {child} (a)")
    session.execute("CREATE VIEW all_parents AS SELECT * FROM parent")
    present = [
        ("table", "parent", None),
        ("table", child, None),
        ("table", "Child", None),
        # Whether it has regard to case is a setting of MariaDB's server.
        *([] if is_mariadb(session) else [("table", "PARENT", None)]),
        ("view", "all_parents", None),
        ("column", "a", "Child"),
        ("column", "B c", "Child"),
        ("index", "by_a", None),
        ("index", "by_a", "Child"),
        ("foreign_key", "to_parent", None),
        ("foreign_key", "to_parent", "Child"),
    ]
    absent = [
        ("table", "all_parents", None),
        ("table", "by_a", None),
        ("table", "nowhere.parent", None),
        ("view", "parent", None),
        ("column", "b", "parent"),
        ("column", "id", "nowhere"),
        ("index", "by_a", "parent"),
        ("foreign_key", "to_parent", "parent"),
        ("sequence", "parent", None),
        ("schema", "nowhere", None),
    ]
    assert [key for key in present if not session.exists(*key)] == []
    assert [key for key in absent if session.exists(*key)] == []


def test_what_exists_is_found_in_schemas(session: Session) -> None:
    if not session.capabilities.schemas:
        assert session.exists("table", "main.t") is False
        assert session.exists("table", f"{session.schema}.t") is False
        with pytest.raises(ConfigurationError):
            session.create_schema("s")
        return
    session.create_schema('odd "s')
    session.create_schema("s")
    session.create_schema("s")
    assert session.exists("schema", "s")
    assert session.exists("schema", 'odd "s')
    session.execute("CREATE TABLE s.t (id serial PRIMARY KEY)")
    session.execute("CREATE MATERIALIZED VIEW s.v AS SELECT 1 AS one")
    for kind, name in (("table", "t"), ("sequence", "t_id_seq"), ("view", "v"), ("index", "t_pkey")):
        assert session.exists(kind, f"s.{name}")
        assert session.exists(kind, f'"s"."{name}"')
        assert not session.exists(kind, name)
    assert session.exists("column", "id", "s.t")
    assert session.exists("column", "one", "s.v")
    session.execute("SET search_path = s")
    assert session.exists("table", "t")


# ------------------------------------------------------------------------------------------- what a crash left


def test_statements_that_can_be_repeated_are_told_from_those_that_nobody_knows(session: Session) -> None:
    repeatable = {
        "postgresql": ("VACUUM", "-- c\nvacuum", "ANALYZE", "/* x */ REINDEX DATABASE"),
        "sqlite": ("VACUUM", "-- c\nvacuum", "ANALYZE", "REINDEX"),
        "mariadb": (
            "ANALYZE TABLE t",
            "-- c\nOPTIMIZE TABLE t",
            "# c\nFLUSH TABLES",
            "CREATE OR REPLACE VIEW v AS SELECT 1",
        ),
    }
    for statement in repeatable[session.kind]:
        assert session.settle(statement) is Settled.NOT_DONE
    for statement in ("UPDATE t SET a = 1", "CALL p()", "", "VACUUMING"):
        assert session.settle(statement) is Settled.UNKNOWN


# ------------------------------------------------------------------------------------------------ words and ends


@pytest.mark.parametrize(
    "value", [None, 0, -5, 2**40, "", "it's", "a\\'b", "ü\n\t", "%s :x", "';--", "\\", "x\\ny", "$$"]
)
def test_literals_come_back_as_they_were(session: Session, value: str | int | None) -> None:
    assert session.select(f"SELECT {session.literal(value)}")[0][0] == value


@pytest.mark.parametrize("name", ["a", "A b", 'a"b', "select", "ü%s"])
def test_quoted_names_are_names(session: Session, name: str) -> None:
    session.execute(f"CREATE TABLE {session.quote(name)} (a int)")
    assert session.select(f"SELECT count(*) FROM {session.quote(name)}")[0][0] == 0


def test_another_thread_can_cancel(session: Session) -> None:
    endless = "SELECT SLEEP(60)"
    if not is_mariadb(session):
        endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0"
    timer = threading.Timer(0.3, session.cancel)
    timer.start()
    with pytest.raises(StatementError):
        session.execute(endless)
    timer.join()
    assert list(session.select("SELECT 1")) == [(1,)]


def test_a_reading_session_writes_nothing(new_session: Connect, session: Session) -> None:
    session.execute("CREATE TABLE t (a int)")
    reader = new_session(Access.READ)
    with pytest.raises(StatementError):
        reader.execute("INSERT INTO t VALUES (1)")
    assert list(reader.select("SELECT * FROM t")) == []
