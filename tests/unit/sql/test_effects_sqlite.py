"""SQLite says itself which tables and columns a statement touches: none of them is missed."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from changelog_engine.sql.effects import Kind
from changelog_engine.sql.reading import read_effects

BASE = """
CREATE TABLE t (a, b, c);
CREATE TABLE u (a, x, y, id);
CREATE TABLE w (k PRIMARY KEY, v UNIQUE);
CREATE VIEW vv AS SELECT a AS aa FROM t;
CREATE VIRTUAL TABLE f USING fts5(q);
"""

STATEMENTS = """
SELECT b.id, a.b FROM t a, u b WHERE a.a = b.a
SELECT count(*) FILTER (WHERE x > 1) FROM u GROUP BY y HAVING max(id) > 1 ORDER BY min(a)
WITH RECURSIVE r AS (SELECT a FROM t UNION SELECT x FROM u JOIN r ON u.a = r.a) SELECT a FROM r
SELECT a, (SELECT v FROM w WHERE k = t.a AND EXISTS (SELECT 1 FROM u WHERE u.x = w.v)) FROM t
INSERT INTO w (k, v) SELECT a, b FROM t WHERE true ON CONFLICT (v) DO UPDATE SET v = (SELECT max(x) FROM u)
UPDATE t SET a = (SELECT x FROM u WHERE u.id = t.c), b = x FROM u WHERE t.a = u.a
DELETE FROM t WHERE (a, b) IN (SELECT x, y FROM u)
SELECT aa FROM vv WHERE aa IN f
SELECT CASE WHEN a THEN b ELSE (SELECT k FROM w) END FROM t
SELECT row_number() OVER (PARTITION BY x ORDER BY y) FROM u WINDOW z AS (ORDER BY id)
SELECT b FROM t WHERE a BETWEEN (SELECT min(x) FROM u) AND (SELECT max(v) FROM w)
VALUES ((SELECT a FROM t)), ((SELECT x FROM u))
SELECT a FROM t UNION ALL SELECT x FROM u EXCEPT SELECT k FROM w ORDER BY 1
SELECT json_extract(a, '$.x') ->> (SELECT k FROM w) FROM t, json_each(t.b) j, json_tree((SELECT v FROM w))
INSERT INTO t DEFAULT VALUES RETURNING a
INSERT OR ABORT INTO t VALUES (1, (SELECT x FROM u), 3)
CREATE TABLE n AS WITH q AS (SELECT k FROM w) SELECT k, b FROM q, t
CREATE VIEW v2 AS SELECT aa, y FROM vv, u
SELECT q FROM f WHERE f MATCH 'a' AND rowid IN (SELECT id FROM u)
SELECT a FROM t AS x WHERE x.b = (SELECT t.x FROM u AS t WHERE t.y = x.c)
SELECT iif(a, b, (SELECT k FROM w)) FROM t LIMIT (SELECT count(*) FROM u) OFFSET (SELECT 1 FROM w)
SELECT a COLLATE NOCASE IN ('x', (SELECT v FROM w)) IS NOT DISTINCT FROM b FROM t
REPLACE INTO w VALUES (1, (SELECT a FROM t))
CREATE INDEX ix ON t (a, b || c) WHERE c IS NOT NULL
ALTER TABLE t ADD COLUMN d AS (a || b)
UPDATE OR REPLACE w SET v = (SELECT y FROM u) WHERE k NOT IN (SELECT a FROM t) RETURNING v
SELECT NOT EXISTS (SELECT a FROM t), - (SELECT a FROM t), ~x FROM u
SELECT a FROM t WHERE b LIKE '%' || (SELECT x FROM u) || '%' ESCAPE '!'
SELECT DISTINCT a, max(b) OVER w1 FROM t WINDOW w1 AS (PARTITION BY (SELECT k FROM w) ORDER BY c ROWS 1 PRECEDING)
SELECT CAST((SELECT a FROM t) AS INTEGER) + x'00' FROM u
SELECT "a", 'b', [c], `a` FROM "t"
SELECT z.y FROM (SELECT y, id FROM u) z LEFT JOIN w ON w.v = z.id
"""


def touched(statement: str) -> set[tuple[str, str]]:
    """The tables and columns that SQLite asks leave for, without those that a view brings along."""
    found: set[tuple[str, str]] = set()

    def allow(action: int, first: str | None, second: str | None, _schema: str | None, within: str | None) -> int:
        if within is None and first is not None and not first.startswith(("sqlite_", "json_")):
            if action in (sqlite3.SQLITE_READ, sqlite3.SQLITE_UPDATE):
                found.add((first, second or ""))
            elif action in (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_ALTER_TABLE):
                found.add((first, ""))
        return sqlite3.SQLITE_OK

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(BASE)
        connection.set_authorizer(allow)
        connection.execute(statement).fetchall()
    return {(table, column) for table, column in found if table in ("t", "u", "w", "vv", "f", "v2")}


@pytest.mark.parametrize("statement", STATEMENTS.strip().splitlines())
def test_all_that_sqlite_touches_is_read(statement: str) -> None:
    effects = read_effects(statement, "sqlite")
    relations = {effect.thing.name for effect in effects.objects if effect.thing.kind is Kind.RELATION}
    columns = {(effect.thing.of, effect.thing.name) for effect in effects.objects if effect.thing.kind is Kind.COLUMN}
    asked = touched(statement)
    assert not effects.opaque
    assert {table for table, _ in asked} - relations == set()
    # `a IN t` and `f MATCH 'x'` read a table as a whole, and a row's number has no column.
    named = {(table, column) for table, column in asked if column and table != "f" and column.upper() != "ROWID"}
    assert named - columns == set()
