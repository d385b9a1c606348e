"""What is asked of what undoes SQL, whichever way it reads it; `tests/derived` has what it derives and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from changelog_engine.operations.knowledge import known_of
from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.known import ColumnFacts
from changelog_engine.sql.plain_inverse import PlainInverter
from changelog_engine.sql.postgresql.inverse import Inverter


@pytest.mark.parametrize("inverter", [Inverter(), PlainInverter("sqlite")])
def test_the_place_is_that_of_the_statement(inverter: Inverter | PlainInverter) -> None:
    text = "CREATE TABLE a (x int);\n-- why\nDROP TABLE b"
    with pytest.raises(UncertainError) as caught:
        inverter.invert([text])
    assert text[caught.value.place :].lstrip("- why\n").startswith("DROP TABLE b")


@pytest.mark.parametrize("inverter", [Inverter(), PlainInverter("sqlite")])
def test_a_table_that_a_parameter_may_make_the_one_that_was_changed_is_known_no_longer(
    inverter: Inverter | PlainInverter,
) -> None:
    inverter.take_in('CREATE TABLE t_a (a int PRIMARY KEY); CREATE TABLE "${x}_a" (b int); CREATE TABLE u (a int)')
    inverter.forget_others(["${x}_a"])
    assert inverter.column(["t_a"], "a") is None
    assert inverter.column(["${x}_a"], "b") is not None
    assert inverter.column(["u"], "a") is not None


@pytest.mark.parametrize("inverter", [Inverter(), PlainInverter("mariadb"), PlainInverter("sqlite")])
def test_what_is_told_to_a_copy_stays_there(inverter: Inverter | PlainInverter) -> None:
    inverter.take_in("CREATE TABLE t (a int)")
    copy = inverter.copy()
    copy.take_in("ALTER TABLE t ADD COLUMN b int; ALTER TABLE t RENAME COLUMN a TO c")
    assert inverter.column(["t"], "b") is None
    assert inverter.column(["t"], "a") == copy.column(["t"], "c") == ColumnFacts(inverter.column(["t"], "a").type)  # type: ignore[union-attr]


@pytest.mark.parametrize(("made", "changed"), [("c", "mydb.c"), ("mydb.c", "c")])
def test_a_table_changed_by_another_name_is_known_no_longer(made: str, changed: str) -> None:
    inverter = PlainInverter("mariadb")
    inverter.take_in(f"CREATE TABLE {made} (n int DEFAULT 1); CREATE TABLE d (n int)")
    inverter.take_in(f"ALTER TABLE {changed} ALTER COLUMN n SET DEFAULT 9")
    assert inverter.column(made.split("."), "n") is None
    assert inverter.column(["d"], "n") is not None


@pytest.mark.parametrize(
    "wrapped",
    [
        "SET STATEMENT max_statement_time=100 FOR ALTER TABLE c ALTER COLUMN n SET DEFAULT 9;",
        "BEGIN NOT ATOMIC ALTER TABLE `c` ALTER COLUMN n SET DEFAULT 9; END",
        "SET STATEMENT max_statement_time=100 FOR EXECUTE IMMEDIATE 'ALTER TABLE c ALTER COLUMN n SET DEFAULT 9'",
        "/*!50000 ALTER TABLE c ALTER COLUMN n SET DEFAULT 9 */;",
        "/*M!100000 ALTER TABLE c ALTER COLUMN n SET DEFAULT 9 */;",
        "ALTER TABLE d ADD COLUMN x int /*M! , RENAME TO c */;",
    ],
)
def test_a_table_that_another_statement_may_change_in_a_wrapper_is_known_no_longer(wrapped: str) -> None:
    inverter = PlainInverter("mariadb")
    inverter.take_in("CREATE TABLE c (n int DEFAULT 1)")
    inverter.take_in(wrapped)
    assert inverter.column(["c"], "n") is None


def test_statements_that_change_no_table_leave_it_known() -> None:
    inverter = PlainInverter("mariadb")
    inverter.take_in("CREATE TABLE c (n int DEFAULT 1)")
    inverter.take_in("SET NAMES utf8mb4; BEGIN; INSERT INTO c VALUES (1); DELETE FROM c; COMMIT; ANALYZE TABLE c")
    assert inverter.column(["c"], "n") is not None


COLUMNS = [
    ("mariadb", "a int(10) unsigned NOT NULL DEFAULT -1.5 COMMENT 'x'", ("int(10) unsigned", False, "-1.5", "'x'")),
    (
        "mariadb",
        "a varchar(9) NULL DEFAULT '''' REFERENCES u (x) ON DELETE SET NULL",
        ("varchar(9)", True, "''''"),
    ),
    ("mariadb", "a datetime(6) DEFAULT current_timestamp(6)", ("datetime(6)", True, "current_timestamp(6)")),
    ("mariadb", "a int DEFAULT (1 + (2)) UNIQUE KEY", ("int", True, "(1 + (2))")),
    ("mariadb", "a bigint AUTO_INCREMENT PRIMARY KEY", ("bigint", False, None, None, True)),
    ("mariadb", "a enum('a', 'b,)') KEY", ("enum('a', 'b,)')", False)),
    ("mariadb", "a int DEFAULT 1 + 1", None),
    ("mariadb", "a int CHECK (a > 0)", None),
    ("mariadb", "a varchar(9) COLLATE utf8mb4_bin", None),
    ("mariadb", "a datetime ON UPDATE CURRENT_TIMESTAMP", None),
    ("mariadb", "a int AS (b + 1)", None),
    ("mariadb", "a serial", None),
    ("sqlite", "a int CONSTRAINT c CHECK (a > 0) DEFAULT 'x'", ("int", True, "'x'")),
    ("sqlite", "a", None),
    ("postgresql", "a bigint GENERATED ALWAYS AS IDENTITY", ("bigint", False, None, None, True)),
    ("postgresql", "a serial8", ("bigint", False, None, None, True)),
    ("postgresql", "a numeric(10,2)[] DEFAULT '{}'::numeric[]", ("numeric(10, 2)[]", True, "'{}'::numeric[]")),
    ("postgresql", "a text CONSTRAINT c NOT NULL DEFAULT 'a' || 'b'", ("text", None, "'a' || 'b'")),
    ("postgresql", "a text DEFAULT '${x}'", ("text", True, "'${x}'")),
    ("postgresql", "a varchar(${n})", None),
]


@pytest.mark.parametrize(("kind", "column", "expected"), COLUMNS)
def test_what_is_known_of_a_column(kind: str, column: str, expected: tuple[Any, ...] | None) -> None:
    known = known_of(kind)
    known.take_in(f"CREATE TABLE t ({column})")
    assert known.column(["t"], "a") == (None if expected is None else ColumnFacts(*expected))


@pytest.mark.parametrize("inverter", [Inverter(), PlainInverter("sqlite")])
def test_several_texts_are_undone_last_first_and_a_refusal_tells_which(inverter: Inverter | PlainInverter) -> None:
    texts = ["CREATE TABLE a (x int)", "CREATE TABLE b (x int); CREATE TABLE c (x int)"]
    assert inverter.invert(texts).statements == ("DROP TABLE c", "DROP TABLE b", "DROP TABLE a")
    with pytest.raises(UncertainError) as caught:
        inverter.invert(["CREATE TABLE d (x int)", "DROP TABLE e"])
    assert caught.value.number == 1


def test_what_a_refused_changeset_does_is_known_all_the_same() -> None:
    inverter = Inverter()
    with pytest.raises(UncertainError):
        inverter.invert(["CREATE TABLE t (a int PRIMARY KEY); DROP TABLE u"])
    inverter.begin()
    assert inverter.invert(["INSERT INTO t VALUES (1)"]).statements == ("DELETE FROM t WHERE a = 1",)
