"""Whose rows statements may change, as their text tells."""

from __future__ import annotations

import pytest

from changelog_engine.sql.touching import touched_by


@pytest.mark.parametrize("dbms", ["postgresql", "sqlite"])
@pytest.mark.parametrize(
    ("text", "named", "written"),
    [
        ("DROP TABLE t", {"t"}, set()),
        ('ALTER TABLE "T" DROP COLUMN x', {"t"}, set()),
        ("DELETE FROM t WHERE lower(name) = 'x'", {"t"}, {"t"}),
        ("UPDATE t SET n = (SELECT max(n) FROM u)", {"t", "u"}, {"t"}),
        ("ALTER TABLE t RENAME TO u", {"t", "u"}, set()),
        ("SELECT 1", set(), set()),
        ("DROP VIEW v", {"v"}, set()),
    ],
)
def test_what_statements_name_and_write(dbms: str, text: str, named: set[str], written: set[str]) -> None:
    touched = touched_by([text], dbms)
    assert touched is not None
    assert (set(touched.named), set(touched.written)) == (named, written)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("DO $$ BEGIN DELETE FROM t; END $$", {"t"}),
        ("DROP FUNCTION f(int)", set()),
        ("DROP TYPE mood", set()),
        ("SET search_path = shop", set()),
        ("DROP INDEX CONCURRENTLY i", {"i"}),
        ("DROP TRIGGER tidy ON t", {"t"}),
    ],
)
def test_what_only_postgresql_has(text: str, named: set[str]) -> None:
    touched = touched_by([text], "postgresql")
    assert touched is not None
    assert touched.named == named


@pytest.mark.parametrize(
    "text",
    [
        "SELECT undo_it()",
        "DO $$ BEGIN EXECUTE 'DROP ' || 'TABLE t'; END $$",
        "CALL undo_it()",
        "EXECUTE prepared",
        "DROP TABLE t CASCADE",
        "DROP TYPE mood CASCADE",
        "ALTER TYPE mood RENAME VALUE 'a' TO 'b'",
        "gibberish",
    ],
)
def test_what_may_change_anything(text: str) -> None:
    assert touched_by(["DROP TABLE u", text], "postgresql") is None
