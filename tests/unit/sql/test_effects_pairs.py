"""Pairs of texts of which the second does not work without the first, tried on a real SQLite: none is missed."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from changelog_engine.sql.effects import Kind, Thing
from changelog_engine.sql.reading import is_built_in
from tests.unit.sql.pairs import is_seen

BASE = """
CREATE TABLE base (id INTEGER PRIMARY KEY, a INT, b TEXT);
INSERT INTO base VALUES (1, 1, 'x'), (2, 1, 'y');
CREATE TABLE other (id INTEGER PRIMARY KEY, base_id INT REFERENCES base (id));
"""

# What must have happened first, what then is done, and what shows that it works where SQLite does not look at once.
PAIRS = {
    "insert into a table": ("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)", ""),
    "a name in other letters": ('CREATE TABLE "Mixed Case" (a)', "INSERT INTO [mixed case] VALUES (1)", ""),
    "update of a column": ("ALTER TABLE base ADD COLUMN c INT", "UPDATE base SET c = 1", ""),
    "a column in a condition": ("ALTER TABLE base ADD COLUMN c INT", "DELETE FROM base WHERE c > 3", ""),
    "a column inserted": ("ALTER TABLE base ADD c", "INSERT INTO base (id, c) SELECT 9, 9", ""),
    "a column in a view": ("ALTER TABLE base ADD c", "CREATE VIEW v AS SELECT base.c FROM base", "SELECT * FROM v"),
    "a view of a table": ("CREATE TABLE t (a)", "CREATE VIEW v AS SELECT * FROM t", "SELECT * FROM v"),
    "a view of a view": (
        "CREATE VIEW v AS SELECT a AS q FROM base",
        "CREATE VIEW w AS SELECT q FROM v",
        "SELECT * FROM w",
    ),
    "a table in a CTE": ("CREATE TABLE t (a)", "WITH x AS (SELECT a FROM t) DELETE FROM base WHERE a IN x", ""),
    "a table in a subquery": ("CREATE TABLE t (a)", "UPDATE base SET a = (SELECT max(a) FROM t)", ""),
    "a table after IN": ("CREATE TABLE t (a)", "DELETE FROM base WHERE a IN t", ""),
    "a table copied": ("CREATE TABLE t (a)", "CREATE TABLE u AS SELECT a FROM t", ""),
    "an index": ("CREATE TABLE t (a)", "CREATE INDEX i ON t (a)", ""),
    "an index of a column": ("ALTER TABLE base ADD c", "CREATE INDEX i ON base (a, c DESC)", ""),
    "an index of an expression": ("ALTER TABLE base ADD c", "CREATE INDEX i ON base (lower(c))", ""),
    "a partial index": ("ALTER TABLE base ADD c", "CREATE INDEX i ON base (a) WHERE c IS NOT NULL", ""),
    "dropping an index": ("CREATE INDEX i ON base (a)", "DROP INDEX i", ""),
    "an index that is asked for": (
        "CREATE INDEX i ON base (a)",
        "UPDATE base INDEXED BY i SET b = 'z' WHERE a = 1",
        "",
    ),
    "a unique index for ON CONFLICT": (
        "CREATE UNIQUE INDEX i ON base (a, b)",
        "INSERT INTO base (a, b) VALUES (7, 'q') ON CONFLICT (b, a) DO NOTHING",
        "",
    ),
    "a key for a foreign key": (
        "CREATE UNIQUE INDEX i ON base (b)",
        "CREATE TABLE kid (b TEXT REFERENCES base (b))",
        "INSERT INTO kid VALUES ('x')",
    ),
    "a table for a foreign key": (
        "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1)",
        "CREATE TABLE kid (p INT REFERENCES parent)",
        "INSERT INTO kid VALUES (1)",
    ),
    "a column that refers": (
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "ALTER TABLE base ADD COLUMN p INT REFERENCES parent (id)",
        "INSERT INTO base (id, p) VALUES (8, NULL); UPDATE base SET p = NULL; INSERT INTO base (id) VALUES (11)",
    ),
    "rows of a parent": ("INSERT INTO base (id) VALUES (50)", "INSERT INTO other (id, base_id) VALUES (1, 50)", ""),
    "a trigger": ("CREATE TABLE t (a)", "CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END", ""),
    "a trigger on a view": (
        "CREATE VIEW v AS SELECT a FROM base",
        "CREATE TRIGGER tr INSTEAD OF INSERT ON v BEGIN DELETE FROM base; END",
        "",
    ),
    "the body of a trigger": (
        "CREATE TABLE log (what)",
        "CREATE TRIGGER tr AFTER INSERT ON base BEGIN INSERT INTO log VALUES (new.a); END",
        "INSERT INTO base (id) VALUES (77)",
    ),
    "a column of NEW": (
        "ALTER TABLE base ADD c",
        "CREATE TRIGGER tr AFTER INSERT ON base WHEN new.c > 1 BEGIN SELECT 1; END",
        "INSERT INTO base (id) VALUES (77)",
    ),
    "dropping a trigger": ("CREATE TRIGGER tr AFTER INSERT ON base BEGIN SELECT 1; END", "DROP TRIGGER tr", ""),
    "a table renamed": ("ALTER TABLE base RENAME TO based", "INSERT INTO based (id) VALUES (5)", ""),
    "a column renamed": ("ALTER TABLE base RENAME COLUMN a TO z", "SELECT z FROM base", ""),
    "renaming a column": ("ALTER TABLE base ADD c", "ALTER TABLE base RENAME c TO d", ""),
    "dropping a column": ("ALTER TABLE base ADD c", "ALTER TABLE base DROP COLUMN c", ""),
    "a check of a column": ("ALTER TABLE base ADD c", "ALTER TABLE base ADD d INT CHECK (d > c)", ""),
    "a generated column": ("ALTER TABLE base ADD c", "ALTER TABLE base ADD d INT AS (c + 1)", ""),
    "a virtual table": ("CREATE VIRTUAL TABLE f USING fts5(x)", "INSERT INTO f (x) VALUES ('hello')", ""),
    "a full text search": (
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "CREATE VIEW v AS SELECT x FROM f WHERE f MATCH 'h'",
        "SELECT * FROM v",
    ),
    "content of a full text search": (
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT)",
        "CREATE VIRTUAL TABLE f USING fts5(title, content='posts', content_rowid='id')",
        "INSERT INTO f (f) VALUES ('rebuild')",
    ),
    "rows made unique": ("UPDATE base SET a = id", "CREATE UNIQUE INDEX u ON base (a)", ""),
    "rows made unique by deleting": ("DELETE FROM base WHERE id = 2", "CREATE UNIQUE INDEX u ON base (a)", ""),
    "REPLACE": ("CREATE TABLE t (a)", "REPLACE INTO t (a) VALUES (1)", ""),
    "a rebuilt table": (
        "CREATE TABLE t (a, b)",
        "CREATE TABLE t_new (a); INSERT INTO t_new SELECT a FROM t; DROP TABLE t; ALTER TABLE t_new RENAME TO t",
        "",
    ),
    "UPDATE FROM": ("CREATE TABLE t (a)", "UPDATE base SET a = t.a FROM t WHERE t.a = base.a", ""),
}


def works(*texts: str) -> bool:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(BASE)
        try:
            for text in texts:
                connection.executescript(text)
        except sqlite3.Error:
            return False
    return True


@pytest.mark.parametrize("pair", PAIRS)
def test_what_a_text_needs_is_seen_or_said_to_be_opaque(pair: str) -> None:
    first, second, shown = PAIRS[pair]
    assert works(first, second, shown)
    assert not works(second, shown)
    assert is_seen(first, second, "sqlite")


def test_the_functions_and_tables_of_this_sqlite_are_its_own() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        functions = {name for (name,) in connection.execute("SELECT name FROM pragma_function_list")}
        modules = {name for (name,) in connection.execute("SELECT name FROM pragma_module_list")}
        collations = {name for _, name in connection.execute("SELECT seq, name FROM pragma_collation_list")}
    names = [Thing(Kind.ROUTINE, name) for name in functions if name.isidentifier()]
    names += [Thing(Kind.RELATION, name) for name in modules]
    names += [Thing(Kind.COLLATION, name.lower()) for name in collations]
    assert names
    assert [thing for thing in names if not is_built_in(thing, "sqlite")] == []
