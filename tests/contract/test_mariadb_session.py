"""What is MariaDB's own (and MySQL's, but for what is said)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access, Session, Settled
from changelog_engine.databases.mysql_lock import lock_names
from changelog_engine.databases.mysql_statements import may_commit, may_last
from changelog_engine.errors import (
    ConfigurationError,
    ConnectionFailedError,
    ConnectionLostError,
    DatabaseError,
    StatementError,
)
from changelog_engine.model import Consideration, Location, SqlText
from changelog_engine.sql.statements import split_statements
from tests.fixtures.mariadb import MariadbServer


@pytest.fixture
def session(mariadb_url: str) -> Iterator[Session]:
    session = connect(mariadb_url, Access.WRITE)
    yield session
    session.close()


@pytest.fixture
def other(mariadb_url: str) -> Iterator[Session]:
    session = connect(mariadb_url, Access.WRITE)
    yield session
    session.close()


def one(session: Session, query: str) -> object:
    return session.select(query)[0][0]


# ------------------------------------------------------------------------------------------------ connecting


def test_the_kind_is_what_the_server_says(mariadb_url: str) -> None:
    for scheme in ("mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"):
        session = connect(mariadb_url.replace("mariadb://", f"{scheme}://"), Access.READ)
        assert session.kind == "mariadb"
        assert session.server.startswith("MariaDB ")
        assert session.schema == session.database
        session.close()


@pytest.mark.parametrize(
    ("change", "words", "remedy"),
    [
        (("/test_", "/nowhere_"), "Unknown database", "CREATE DATABASE"),
        (("root@", "nobody_at_all:s3cret@"), "Access denied", "the user and the password"),
    ],
)
def test_a_connection_that_is_refused_says_the_remedy(
    mariadb_url: str, change: tuple[str, str], words: str, remedy: str
) -> None:
    if "root@" not in mariadb_url:
        pytest.skip("on a server of the tests' own only")
    with pytest.raises(ConnectionFailedError, match=words) as caught:
        connect(mariadb_url.replace(*change), Access.WRITE)
    assert remedy in (caught.value.hint or "")
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("mysql://u:s3cret@127.0.0.1:1/x", "whether the server is running"),
        ("mysql://u:s3cret@no-such-host.invalid/x", "host name"),
        ("mysql://u:s3cret@/x?unix_socket=/no/such/socket", "whether the server is running"),
    ],
)
def test_an_unreachable_server_is_named_with_the_remedy(url: str, remedy: str) -> None:
    with pytest.raises(ConnectionFailedError) as caught:
        connect(url, Access.WRITE)
    assert remedy in (caught.value.hint or "")
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("url", ["mysql://u:s3cret@host/", "mysql://u:s3cret@host/x?no_such_option=1"])
def test_an_url_that_cannot_do_is_an_error_of_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect(url, Access.WRITE)
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


def test_a_connection_that_is_lost_is_said_to_be_lost(session: Session, other: Session) -> None:
    session.begin()
    other.execute(f"KILL {one(session, 'SELECT CONNECTION_ID()')}")
    with pytest.raises(ConnectionLostError):
        session.execute("SELECT 1")
    session.rollback()
    with pytest.raises(ConnectionLostError):
        session.begin()


# ---------------------------------------------------------------------------------------------- transactions


@pytest.mark.parametrize(
    ("sql", "commits"),
    [
        ("INSERT INTO t VALUES (1)", False),
        ("/* c */ -- c\n # c\n update t set a = 1", False),
        ("(SELECT 1)", False),
        ("WITH x AS (SELECT 1) SELECT * FROM x", False),
        ("CREATE TEMPORARY TABLE t (a int)", False),
        ("SET foreign_key_checks = 0", False),
        ("LOAD DATA INFILE 'x' INTO TABLE t", False),
        ("CREATE TABLE t (a int)", True),
        ("ALTER TABLE t ADD b int", True),
        ("DROP TABLE t", True),
        ("TRUNCATE t", True),
        ("GRANT SELECT ON t TO u", True),
        ("CALL p()", True),
        ("EXECUTE s", True),
        ("SET autocommit = 1", True),
        ("SET PASSWORD = 'x'", True),
        ("SET STATEMENT max_statement_time = 1 FOR CREATE TABLE t (a int)", True),
        ("/*! CREATE TABLE t (a int) */", True),
        ("/*M! CREATE TABLE t (a int) */", True),
        ("LOCK TABLES t WRITE", True),
        ("ANALYZE TABLE t", True),
        ("SETTLE", True),
        ("", True),
    ],
)
def test_what_may_commit_by_itself_is_known(sql: str, commits: bool) -> None:
    assert may_commit(sql) == commits


@pytest.mark.parametrize(
    ("sql", "lasts"),
    [
        ("UPDATE t SET a = 1", False),
        ("CREATE TABLE t (a int)", False),
        ("SELECT @a := 1", True),
        ("SET NAMES latin1", True),
        ("USE mysql", True),
        ("CREATE TEMPORARY TABLE t (a int)", True),
        ("CALL p()", True),
        ("SELECT GET_LOCK('a', 0)", True),
    ],
)
def test_what_may_outlast_its_changeset_is_known(sql: str, lasts: bool) -> None:
    assert may_last(sql) == lasts


def test_a_statement_that_commits_makes_nothing_of_the_engine_stand_alone(session: Session) -> None:
    session.execute("CREATE TABLE t (a int)")
    session.begin()
    session.execute("INSERT INTO t VALUES (1)")
    session.execute("CREATE TABLE committing (a int)")
    with pytest.raises(StatementError, match="ended by one of the statements"):
        session.run("INSERT INTO t VALUES (2)", {})
    session.rollback()
    assert list(session.select("SELECT a FROM t")) == [(1,)]


# ------------------------------------------------------------------------------------- what a changeset leaves


def test_settings_are_put_back_in_the_transaction_and_everything_after_it(session: Session, other: Session) -> None:
    before = session.select("SELECT @@sql_mode, @@foreign_key_checks, @@time_zone, @@lock_wait_timeout, DATABASE()")
    session.execute("CREATE TABLE t (a text) CHARACTER SET utf8mb4")
    session.try_lock("a")
    session.begin()
    session.execute("SET @a = 1, sql_mode = '', foreign_key_checks = 0, time_zone = '+05:00', lock_wait_timeout = 7")
    session.execute("SET NAMES latin1")
    session.execute("SET sql_select_limit = 0")
    session.execute("PREPARE s FROM 'SELECT 1'")
    session.execute("USE mysql")
    session.reset()
    assert (
        session.select("SELECT @@sql_mode, @@foreign_key_checks, @@time_zone, @@lock_wait_timeout, DATABASE()")
        == before
    )
    session.run("INSERT INTO t VALUES (%(a)s)", {"a": "ü€😀"})
    session.commit()
    session.renew()
    assert one(session, "SELECT @a") is None
    with pytest.raises(StatementError):
        session.execute("EXECUTE s")
    assert other.select("SELECT a FROM t") == (("ü€😀",),)
    assert not other.try_lock("a")


def test_what_a_stored_function_changes_is_put_back_too(session: Session) -> None:
    """No statement shows it."""
    session.execute(
        "CREATE FUNCTION f() RETURNS int DETERMINISTIC BEGIN SET SESSION foreign_key_checks = 0; RETURN 1; END"
    )
    session.begin()
    session.select("SELECT f()")
    session.reset()
    session.commit()
    session.renew()
    assert one(session, "SELECT @@foreign_key_checks") == 1


def test_a_role_is_put_back(session: Session, mariadb_server: MariadbServer) -> None:
    role = f"role_{session.database[-16:]}"
    session.execute(f"CREATE ROLE {role}")
    session.begin()
    for sql in session.preamble(Consideration(run_as=role, lock_timeout=1, statement_timeout=1500)):
        session.execute(sql)
    settings = "SELECT CURRENT_ROLE(), @@lock_wait_timeout, @@innodb_lock_wait_timeout, @@max_statement_time"
    assert session.select(settings) == ((role, 1, 1, 1.5),)
    session.reset()
    assert session.select(settings)[0][0] is None
    session.commit()
    session.renew()
    assert one(session, "SELECT @@max_statement_time") == 0
    mariadb_server.execute(f"DROP ROLE {role}")


def test_no_time_out_is_to_wait_and_not_to_give_up_at_once(session: Session) -> None:
    for sql in session.preamble(Consideration(lock_timeout=0, statement_timeout=0)):
        session.execute(sql)
    settings = "SELECT @@lock_wait_timeout, @@innodb_lock_wait_timeout, @@max_statement_time"
    assert session.select(settings) == ((31_536_000, 31_536_000, 0),)


# ---------------------------------------------------------------------------------------------------- the lock


def test_names_of_locks_are_frozen_and_short() -> None:
    names = lock_names("shop/shop/changelog_ledger")
    assert names.lock == "changelog-lock:" + names.gate.removeprefix("changelog-gate:")
    assert names.lock == LOCK_OF_SHOP
    assert len(lock_names("x" * 500).lock) <= 64


LOCK_OF_SHOP = "changelog-lock:6b9ac9356f123e39bf3125dfbb700a2bbc7d8938"


def test_the_lock_is_never_free_while_a_new_connection_takes_it_over(session: Session, other: Session) -> None:
    session.try_lock("a")
    for _ in range(20):
        before = one(session, "SELECT CONNECTION_ID()")
        session.execute("SET @a = 1")
        session.reset()
        # Somebody else is between the two, as one who waits for the lock is from time to time.
        session.renew()
        assert one(session, "SELECT CONNECTION_ID()") != before
        assert not other.try_lock("a")
    session.unlock("a")
    assert other.try_lock("a")


def test_a_lock_that_a_statement_released_is_said_to_be_released(session: Session, other: Session) -> None:
    session.try_lock("a")
    session.execute("DO RELEASE_ALL_LOCKS()")
    with pytest.raises(StatementError, match="released the lock"):
        session.reset()
    assert other.try_lock("a")
    with pytest.raises(DatabaseError, match="somebody else has taken it"):
        session.renew()


# ------------------------------------------------------------------------------------------- what a crash left

SCHEMA = (
    "CREATE TABLE parent (id int PRIMARY KEY)",
    "CREATE TABLE t (a int, b int, CONSTRAINT to_parent FOREIGN KEY (a) REFERENCES parent (id), CHECK (b > 0))",
    "CREATE INDEX by_b ON t (b)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE SEQUENCE s",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE FUNCTION f() RETURNS int RETURN 1",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1",
)


@pytest.mark.parametrize(
    ("statement", "settled"),
    [
        ("CREATE TABLE t (x int)", Settled.DONE),
        ("/* c */ create table if not exists `t` (x int)", Settled.DONE),
        ("CREATE TABLE u (x int)", Settled.NOT_DONE),
        ("CREATE TABLE t AS SELECT 1", Settled.UNKNOWN),
        ("CREATE TABLE u AS SELECT 1", Settled.NOT_DONE),
        ("CREATE OR REPLACE TABLE t (x int)", Settled.UNKNOWN),
        ("DROP TABLE t", Settled.NOT_DONE),
        ("DROP TABLE IF EXISTS u, w", Settled.DONE),
        ("DROP TABLE t, u", Settled.UNKNOWN),
        ("CREATE UNIQUE INDEX by_b ON t (b)", Settled.DONE),
        ("CREATE INDEX by_c ON t (b)", Settled.NOT_DONE),
        ("DROP INDEX by_b ON t", Settled.NOT_DONE),
        ("DROP INDEX by_c ON t", Settled.DONE),
        ("CREATE ALGORITHM = MERGE DEFINER = `root`@`localhost` SQL SECURITY INVOKER VIEW v AS SELECT 1", Settled.DONE),
        ("CREATE VIEW w AS SELECT 1", Settled.NOT_DONE),
        ("CREATE OR REPLACE VIEW v AS SELECT 2", Settled.NOT_DONE),
        ("DROP VIEW v", Settled.NOT_DONE),
        ("CREATE SEQUENCE s", Settled.DONE),
        ("CREATE DEFINER = CURRENT_USER PROCEDURE p() SELECT 1", Settled.DONE),
        ("CREATE PROCEDURE f() SELECT 1", Settled.NOT_DONE),
        ("DROP FUNCTION IF EXISTS f", Settled.NOT_DONE),
        ("DROP PROCEDURE q", Settled.DONE),
        ("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1", Settled.DONE),
        ("DROP TRIGGER h", Settled.DONE),
        ("RENAME TABLE u TO t", Settled.DONE),
        ("RENAME TABLE t TO u", Settled.NOT_DONE),
        ("RENAME TABLE t TO parent", Settled.UNKNOWN),
        ("RENAME TABLE t TO x, u TO t, x TO u", Settled.UNKNOWN),
        ("TRUNCATE TABLE t", Settled.DONE),
        ("TRUNCATE TABLE parent", Settled.UNKNOWN),
        ("ALTER TABLE t ADD COLUMN b int, MODIFY a bigint", Settled.DONE),
        ("ALTER TABLE t ADD c enum('x,y', 'z') NOT NULL DEFAULT 'z'", Settled.NOT_DONE),
        ("ALTER TABLE t MODIFY a bigint", Settled.UNKNOWN),
        ("ALTER TABLE t ADD c int, DROP COLUMN a", Settled.NOT_DONE),
        ("ALTER TABLE t ADD b int, DROP COLUMN a", Settled.UNKNOWN),
        ("ALTER TABLE t DROP nothing", Settled.DONE),
        ("ALTER TABLE t ADD CONSTRAINT to_parent FOREIGN KEY (a) REFERENCES parent (id)", Settled.DONE),
        ("ALTER TABLE t DROP FOREIGN KEY to_parent", Settled.NOT_DONE),
        ("ALTER TABLE t ADD UNIQUE KEY by_c (b)", Settled.NOT_DONE),
        ("ALTER TABLE t DROP INDEX by_b", Settled.NOT_DONE),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", Settled.NOT_DONE),
        ("ALTER TABLE parent ADD PRIMARY KEY (id)", Settled.DONE),
        ("ALTER TABLE t CHANGE z b int", Settled.DONE),
        ("ALTER TABLE t CHANGE b z int", Settled.NOT_DONE),
        ("ALTER TABLE t CHANGE b b bigint", Settled.UNKNOWN),
        ("ALTER TABLE t RENAME COLUMN b TO z", Settled.NOT_DONE),
        ("ALTER TABLE t RENAME TO u", Settled.NOT_DONE),
        ("ALTER TABLE u RENAME t", Settled.DONE),
        ("ALTER TABLE nowhere ADD c int", Settled.UNKNOWN),
        ("GRANT SELECT ON t TO u", Settled.NOT_DONE),
        ("CALL p()", Settled.UNKNOWN),
        ("REVOKE SELECT ON t FROM u", Settled.UNKNOWN),
    ],
)
def test_what_a_dead_statement_left_is_seen_where_the_catalogue_shows_it(
    with_objects: Session, statement: str, settled: Settled
) -> None:
    assert with_objects.settle(statement) is settled


@pytest.fixture(scope="module")
def with_objects(mariadb_server: MariadbServer) -> Iterator[Session]:
    url = mariadb_server.create_database()
    session = connect(url.render_as_string(hide_password=False), Access.WRITE)
    for sql in SCHEMA:
        session.execute(sql)
    session.execute("INSERT INTO parent VALUES (1)")
    yield session
    session.close()
    mariadb_server.drop_database(url)


def test_sequences_routines_and_names_in_backticks_are_found(with_objects: Session) -> None:
    assert with_objects.exists("sequence", "s")
    assert not with_objects.exists("table", "s")
    assert with_objects.exists("column", "`A`", "`t`")
    assert with_objects.exists("table", f"`{with_objects.database}`.`t`")
    assert with_objects.exists("schema", with_objects.database)
    assert with_objects.exists("index", "BY_B", "t")
    assert not with_objects.exists("index", "by_b", "parent")


# ------------------------------------------------------------------------------------------------- splitting


def test_routines_are_one_statement_each(session: Session) -> None:
    sql = """
        CREATE TABLE t (a int);
        CREATE PROCEDURE fill(n int)
        BEGIN
          DECLARE i int DEFAULT 0;
          WHILE i < n DO
            IF i % 2 = 0 THEN INSERT INTO t VALUES (i); ELSE INSERT INTO t VALUES (CASE i WHEN 1 THEN 10 END); END IF;
            SET i = i + 1;
          END WHILE;
        END;
        CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = NEW.a + 1; END;
        INSERT INTO t VALUES (100);
        """
    statements = split_statements(SqlText(sql, Location("x", 1, 1), 1), "mariadb")
    assert [statement.text.split("\n")[0][:16] for statement in statements] == [
        "CREATE TABLE t (",
        "CREATE PROCEDURE",
        "CREATE TRIGGER g",
        "INSERT INTO t VA",
    ]
    for statement in statements:
        session.execute(statement.text)
    session.execute("CALL fill(2)")
    assert list(session.select("SELECT a FROM t ORDER BY a")) == [(1,), (11,), (101,)]


def test_the_clients_delimiter_is_answered_with_a_remedy(session: Session) -> None:
    with pytest.raises(StatementError) as caught:
        session.execute("DELIMITER //\nCREATE PROCEDURE p() SELECT 1 //")
    assert "leave it out" in (caught.value.hint or "")
