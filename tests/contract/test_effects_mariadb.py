"""Pairs of texts of which the second does not work without the first, tried on a real MariaDB: none is missed."""

from __future__ import annotations

from contextlib import closing

import pymysql
import pytest

from changelog_engine.sql.effects import Kind, Thing
from changelog_engine.sql.reading import is_built_in
from changelog_engine.sql.statements import statement_spans
from tests.fixtures.mariadb import MariadbServer
from tests.unit.sql.pairs import is_seen

BASE = """
CREATE TABLE base (id INT PRIMARY KEY, a INT, b VARCHAR(20));
INSERT INTO base VALUES (1, 1, 'x'), (2, 1, NULL);
CREATE TABLE other (id INT PRIMARY KEY, base_id INT, FOREIGN KEY (base_id) REFERENCES base (id));
"""

# What must have happened first, what then is done, and what shows that it works where it is not looked at at once.
PAIRS = {
    "insert into a table": ("CREATE TABLE t (a INT)", "INSERT INTO t SET a = 1", ""),
    "a column": ("ALTER TABLE base ADD c INT", "UPDATE base SET c = 1", ""),
    "a column after another": ("ALTER TABLE base ADD c INT", "ALTER TABLE base ADD d INT AFTER c", ""),
    "a joined table": ("CREATE TABLE t (a INT)", "UPDATE base JOIN t ON t.a = base.a SET base.b = 'z'", ""),
    "a view": ("CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t", ""),
    "a view of a view": ("CREATE VIEW v AS SELECT a AS q FROM base", "CREATE VIEW w AS SELECT q FROM v", ""),
    "a table for a foreign key": (
        "CREATE TABLE parent (id INT PRIMARY KEY)",
        "CREATE TABLE kid (p INT, CONSTRAINT k FOREIGN KEY (p) REFERENCES parent (id))",
        "",
    ),
    "an index for a foreign key": (
        "CREATE INDEX i ON base (a, id)",
        "ALTER TABLE other ADD FOREIGN KEY (base_id) REFERENCES base (a)",
        "",
    ),
    "rows of a parent": ("INSERT INTO base (id) VALUES (50)", "INSERT INTO other (id, base_id) VALUES (1, 50)", ""),
    "an index by name": ("CREATE INDEX i ON base (a)", "ALTER TABLE base DROP INDEX i", ""),
    "a constraint by name": (
        "ALTER TABLE base ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE base DROP CONSTRAINT c",
        "",
    ),
    "an index without a name": ("ALTER TABLE base ADD INDEX (a)", "DROP INDEX a ON base", ""),
    "a column changed": ("ALTER TABLE base ADD c INT", "ALTER TABLE base CHANGE c d BIGINT", ""),
    "a column modified": ("ALTER TABLE base ADD c INT", "ALTER TABLE base MODIFY c BIGINT", ""),
    "a column renamed": ("ALTER TABLE base RENAME COLUMN a TO z", "DELETE FROM base WHERE z = 1", ""),
    "a table renamed": ("RENAME TABLE base TO based", "INSERT INTO based (id) VALUES (7)", ""),
    "a sequence": ("CREATE SEQUENCE s", "CREATE TABLE t (a INT DEFAULT nextval(s))", ""),
    "a sequence asked": ("CREATE SEQUENCE s", "INSERT INTO base (id) SELECT nextval(s) + 100", ""),
    "a function": ("CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN a + 1", "UPDATE base SET a = f(a)", ""),
    "a procedure": ("CREATE PROCEDURE p() BEGIN DELETE FROM other; END", "CALL p()", ""),
    "a table of a procedure": ("CREATE TABLE t (a INT)", "CREATE PROCEDURE p() BEGIN DELETE FROM t; END", "CALL p()"),
    "a trigger": ("CREATE TABLE t (a INT)", "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", ""),
    "the body of a trigger": (
        "CREATE TABLE log (what INT)",
        "CREATE TRIGGER tr AFTER INSERT ON base FOR EACH ROW INSERT INTO log VALUES (NEW.a)",
        "INSERT INTO base (id) VALUES (9)",
    ),
    "rows made unique": ("UPDATE base SET a = id", "ALTER TABLE base ADD UNIQUE KEY u (a)", ""),
    "rows made not null": (
        "UPDATE base SET b = '' WHERE b IS NULL",
        "ALTER TABLE base MODIFY b VARCHAR(20) NOT NULL",
        "",
    ),
    "dropping an event": ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM other", "DROP EVENT e", ""),
    "a table copied": ("CREATE TABLE t (a INT)", "CREATE TABLE u LIKE t", ""),
    "a variable": ("CREATE TABLE t (a INT)", "SET @most = (SELECT max(a) FROM t)", ""),
}


def works(server: MariadbServer, *texts: str) -> bool:
    url = server.create_database()
    try:
        with closing(pymysql.connect(**server.options(), database=url.database, autocommit=True)) as connection:
            cursor = connection.cursor()
            for text in (BASE, *texts):
                for start, end in statement_spans(text, "mariadb"):
                    cursor.execute(text[start:end])
    except pymysql.Error:
        return False
    finally:
        server.drop_database(url)
    return True


@pytest.mark.parametrize("pair", PAIRS)
def test_what_a_text_needs_is_seen_or_said_to_be_opaque(pair: str, mariadb_server: MariadbServer) -> None:
    first, second, shown = PAIRS[pair]
    assert works(mariadb_server, first, second, shown)
    assert not works(mariadb_server, second, shown)
    assert is_seen(first, second, "mariadb")


def test_the_functions_of_this_mariadb_are_its_own(mariadb_server: MariadbServer) -> None:
    functions = mariadb_server.execute("SELECT FUNCTION FROM information_schema.SQL_FUNCTIONS")
    names = [Thing(Kind.ROUTINE, name.lower()) for (name,) in functions]
    assert names
    assert [thing for thing in names if not is_built_in(thing, "mariadb")] == []
