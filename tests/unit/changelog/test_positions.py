"""The place of every character of SQL text in its file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from changelog_engine.changelog.reader import Reading
from changelog_engine.model import SqlText

Read = Callable[..., Reading]


def sql_of(read: Read, written: str | bytes) -> SqlText:
    raw = written if isinstance(written, bytes) else written.encode()
    reading = read({"main.yaml": b"changesets:\n  - id: a\n    rollback: x\n    sql: " + raw})
    return reading.changelog.changesets[0].changes[0].texts["default"]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("SELECT MARK;\n", "4:17"),
        ("'SELECT MARK;'\n", "4:18"),
        ('"SELECT MARK;"\n', "4:18"),
        ("|\n      SELECT MARK;\n", "5:14"),
        ("|\n      SELECT 1;\n      SELECT\n        MARK;\n", "7:9"),
        ("|-\n          SELECT MARK;\n", "5:18"),
        ("|  # a comment\n      SELECT MARK;\n", "5:14"),
        ("|\n\n\n      SELECT MARK;\n", "7:14"),
        ("|\n\n   \n      SELECT 1;\n\n      MARK\n", "9:7"),
        ("|2\n        SELECT MARK;\n", "5:16"),
        ("|2-\n        SELECT 1;\n      MARK\n", "6:7"),
        ("|+\n      MARK\n\n\n", "5:7"),
        ("|\n      '東京' MARK\n", "5:12"),
        ("|\n      a;   \n      MARK\n", "6:7"),
        (">\n      SELECT MARK;\n", "5:14"),
        ("&anchor |\n      SELECT MARK;\n", "5:14"),
        ("!!str |\n      SELECT MARK;\n", "5:14"),
        ("\n      SELECT MARK;\n", "5:14"),
        ("|\n      SELECT 1;\n      \tMARK\n", "6:8"),
    ],
)
def test_places_are_exact(read: Read, written: str, place: str) -> None:
    sql = sql_of(read, written)
    assert str(sql.locate(sql.text.index("MARK"))) == f"main.yaml:{place}"


def test_places_are_exact_in_files_of_other_systems(read: Read) -> None:
    text = "\ufeffchangesets:\r\n  - id: a\r\n    sql: |\r\n      X;\r\n      MARK\r\n    rollback: x"
    reading = read({"main.yaml": text.encode()})
    sql = reading.changelog.changesets[0].changes[0].texts["default"]
    assert sql.text == "X;\nMARK\n"
    assert str(sql.locate(3)) == "main.yaml:5:7"


def test_places_are_exact_in_flow_style(read: Read) -> None:
    reading = read("changesets: [{id: a, sql: {sqlite: x MARK}, rollback: x}]")
    sql = reading.changelog.changesets[0].changes[0].texts["sqlite"]
    assert str(sql.locate(2)) == "main.yaml:1:38"
