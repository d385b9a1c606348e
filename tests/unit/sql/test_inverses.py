"""What undoes a statement of SQLite or MariaDB, or why nothing does for certain."""

from __future__ import annotations

import pytest

from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.plain_inverse import PlainInverter
from changelog_engine.sql.postgresql.inverse import Inverter

Expected = tuple[str, ...]
"""The statements that undo; or one text ``! …``, a part of the reason."""

BY_WORDS: list[tuple[str, str, Expected]] = [
    ("", "CREATE TABLE [Odd t] (a int)", ("DROP TABLE [Odd t]",)),
    ("", "CREATE TABLE ${table} (id int) -- the end", ("DROP TABLE ${table}",)),
    ("", "CREATE TABLE IF NOT EXISTS a (x int)", ("! IF NOT EXISTS",)),
    ("", "CREATE TEMPORARY TABLE a (x int)", ("! temporary",)),
    ("", "CREATE VIEW v AS SELECT 1; CREATE VIEW w AS SELECT 2", ("DROP VIEW w", "DROP VIEW v")),
    ("", "ALTER TABLE t ADD COLUMN [c d] int DEFAULT (1 + 2)", ("ALTER TABLE t DROP COLUMN [c d]",)),
    ("", "ALTER TABLE t ADD c int REFERENCES u (id)", ("! refers to another table",)),
    ("", "ALTER TABLE a.b RENAME TO d", ("ALTER TABLE a.d RENAME TO b",)),
    ("", "ALTER TABLE t RENAME COLUMN a TO [b c]", ("ALTER TABLE t RENAME COLUMN [b c] TO a",)),
    ("", "ALTER TABLE t DROP COLUMN a", ("! drops",)),
    (
        "CREATE TABLE t ([Select] int PRIMARY KEY, b text)",
        "INSERT INTO t VALUES (1, 'x'), (-2, 'y');",
        ("DELETE FROM t WHERE ([Select] = 1) OR ([Select] = -2)",),
    ),
    ("CREATE TABLE t (a int, b int, UNIQUE (a, b))", "INSERT INTO t (b, a) VALUES (1, 2)", (
        "DELETE FROM t WHERE a = 2 AND b = 1",
    )),
    ("CREATE TABLE t (a int PRIMARY KEY); DROP TABLE t", "INSERT INTO t VALUES (1)", ("! key of the table",)),
    ("CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY)", "INSERT INTO t VALUES (1)", ("! key of the table",)),
    ("CREATE TABLE t (a int PRIMARY KEY); ALTER TABLE t RENAME TO u", "INSERT INTO u VALUES (1)", (
        "DELETE FROM u WHERE a = 1",
    )),
    (
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END",
        "INSERT INTO t VALUES (1)",
        ("! triggers",),
    ),
    ("CREATE TABLE a.t (a int PRIMARY KEY)", "INSERT INTO b.t VALUES (1)", ("! key of the table",)),
    ("CREATE TABLE t (a int PRIMARY KEY)", "INSERT INTO t VALUES (NULL)", ("! no key",)),
    ("", "UPDATE t SET a = 1", ("! rows were before",)),
    ("", "DROP TABLE t", ("! drops",)),
]  # fmt: skip
ONLY_SQLITE: list[tuple[str, str, Expected]] = [
    ("", "CREATE UNIQUE INDEX i ON t (b)", ("DROP INDEX i",)),
    ("", "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END", ("DROP TRIGGER x",)),
    ("CREATE TABLE t (a int PRIMARY KEY ON CONFLICT REPLACE)", "INSERT INTO t VALUES (1)", ("! no key",)),
    ("", "INSERT OR IGNORE INTO t VALUES (1)", ("! OR",)),
]
ONLY_MARIADB: list[tuple[str, str, Expected]] = [
    ("", "CREATE UNIQUE INDEX i ON t (b)", ("DROP INDEX i ON t",)),
    ("", "RENAME TABLE a TO b, b TO c", ("RENAME TABLE c TO b, b TO a",)),
    ("", "CREATE DEFINER = root@localhost PROCEDURE p() BEGIN SELECT 1; END", ("DROP PROCEDURE p",)),
    ("", "ALTER TABLE t ADD CONSTRAINT u UNIQUE (b)", ("ALTER TABLE t DROP INDEX u",)),
    ("", "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0)", ("ALTER TABLE t DROP CONSTRAINT c",)),
    ("", "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES b (c)", ("! index",)),
    ("", "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)", ("! NOT NULL before",)),
    ("", "ALTER TABLE t ADD INDEX (b)", ("! give it one",)),
    ("", "ALTER TABLE t ADD a int, ADD b int", ("! statement of its own",)),
    ("", "ALTER TABLE t ADD PARTITION (PARTITION p VALUES LESS THAN (3))", ("! no inverse is known",)),
]


def undone(inverter: PlainInverter, before: str, text: str) -> Expected:
    inverter.note([before])
    try:
        return inverter.invert([text]).statements
    except UncertainError as error:
        return (f"! {error.reason}",)


def assert_undone(found: Expected, expected: Expected) -> None:
    if expected and expected[0].startswith("!"):
        assert found
        assert found[0].startswith("! ")
        assert expected[0][2:] in found[0]
    else:
        assert found == expected


@pytest.mark.parametrize(("before", "text", "expected"), [*BY_WORDS, *ONLY_SQLITE], ids=lambda value: str(value)[:60])
def test_sqlite(before: str, text: str, expected: Expected) -> None:
    assert_undone(undone(PlainInverter("sqlite"), before, text), expected)


@pytest.mark.parametrize(("before", "text", "expected"), [*BY_WORDS, *ONLY_MARIADB], ids=lambda value: str(value)[:60])
def test_mariadb(before: str, text: str, expected: Expected) -> None:
    ours = [each.replace("[", "`").replace("]", "`") for each in (before, text)]
    expected = tuple(each.replace("[", "`").replace("]", "`") for each in expected)
    assert_undone(undone(PlainInverter("mariadb"), *ours), expected)


@pytest.mark.parametrize("inverter", [Inverter(), PlainInverter("sqlite")])
def test_the_place_is_that_of_the_statement(inverter: Inverter | PlainInverter) -> None:
    text = "CREATE TABLE a (x int);\n-- why\nDROP TABLE b"
    with pytest.raises(UncertainError) as caught:
        inverter.invert([text])
    assert text[caught.value.place :].lstrip("- why\n").startswith("DROP TABLE b")


@pytest.mark.parametrize("inverter", [Inverter(), PlainInverter("sqlite")])
def test_a_table_that_something_else_changed_is_known_no_longer(inverter: Inverter | PlainInverter) -> None:
    inverter.note(["CREATE TABLE t (a int PRIMARY KEY)"])
    inverter.forget_table("t")
    with pytest.raises(UncertainError, match="key of the table"):
        inverter.invert(["INSERT INTO t VALUES (1)"])
