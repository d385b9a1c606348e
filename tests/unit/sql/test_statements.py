"""SQL is cut into statements as the database itself would do it."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from changelog_engine.model import Location, SqlText
from changelog_engine.sql import statements
from changelog_engine.sql.lexer import COMMENT, HINT, PLAIN, WHITE_SPACE, lexer_for
from changelog_engine.sql.statements import clean_text, split_statements, text_for, transaction_control

GOLDEN = Path(__file__).parents[2] / "statements"
CASES = sorted(GOLDEN.glob("*/*.sql"))
KINDS = ("postgresql", "sqlite", "mysql", "mariadb")


def sql(text: str, line: int = 1, column: int = 1) -> SqlText:
    return SqlText(text, Location("x.sql", line, column), 1)


def texts(text: str, dbms: str, delimiter: str | None = None) -> list[str]:
    return [statement.text for statement in split_statements(sql(text), dbms, delimiter)]


def offset_of(statement: SqlText, text: str) -> int:
    lines = text.split("\n")[: statement.location.line - 1]
    return sum(len(line) + 1 for line in lines) + statement.location.column - 1


def without_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "postgast.native", None)


def render(found: tuple[SqlText, ...]) -> str:
    return "".join(f"== {s.location.line}:{s.location.column}\n{s.text}\n" for s in found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_statements_are_cut_as_the_golden_file_has_it(case: Path) -> None:
    golden = case.with_suffix(".golden")
    rendered = render(split_statements(sql(case.read_text()), case.parent.name))
    if os.environ.get("CHANGELOG_UPDATE_GOLDEN"):
        golden.write_text(rendered)
    assert rendered == golden.read_text()


@pytest.mark.parametrize("case", sorted(GOLDEN.glob("postgresql/*.sql")), ids=lambda case: case.stem)
def test_without_the_parser_they_are_cut_the_same(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_parser(monkeypatch)
    assert render(split_statements(sql(case.read_text()), "postgresql")) == case.with_suffix(".golden").read_text()


# --------------------------------------------------------------------------------------------------- places


def test_each_statement_knows_its_place_in_the_file() -> None:
    block = SqlText("SELECT 'ä';\n\n  SELECT 2; SELECT 3\n;", Location("a.yaml", 7, 12), 7)
    places = [statement.location for statement in split_statements(block, "postgresql")]
    assert [(place.line, place.column) for place in places] == [(7, 12), (9, 9), (9, 19)]
    assert all(statement.column == 7 for statement in split_statements(block, "postgresql"))


def test_an_error_in_a_statement_is_found_in_the_file() -> None:
    block = SqlText("SELECT 1;\nSELECT\n  FROMM x;", Location("a.yaml", 3, 9), 5)
    statement = split_statements(block, "postgresql")[1]
    assert str(statement.locate(statement.text.index("FROMM"))) == "a.yaml:5:7"


# ----------------------------------------------------------------------------------------------- delimiters


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ("a;\nb\nGO\nc 'x\nGO\n'\n go ;\nd", "GO", ["a;\nb", "c 'x\nGO\n'", "d"]),
        ("a go b\nGO -- not alone", "GO", ["a go b\nGO"]),
        ("BEGIN a; END //\nb '//' // /* // */ c", "//", ["BEGIN a; END", "b '//'", "c"]),
        ("a / b\n/\nc", "/", ["a / b", "c"]),
        ("a; b", ";", ["a", "b"]),
        ("CREATE TRIGGER t DELETE ON x BEGIN a; END; b", ";", ["CREATE TRIGGER t DELETE ON x BEGIN a; END", "b"]),
        ("a ;; b", ";;", ["a", "b"]),
    ],
)
def test_a_delimiter_of_one_s_own_cuts(text: str, delimiter: str, expected: list[str]) -> None:
    assert texts(text, "sqlite", delimiter) == expected


# -------------------------------------------------------------------------------------- transaction control


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BEGIN; SELECT 1; COMMIT", [("BEGIN", 0), ("COMMIT", 17)]),
        ("-- c\n  start /* x */\n transaction;", [("START TRANSACTION", 7)]),
        ("rollback to savepoint a; release a; savepoint b", [("ROLLBACK", 0), ("RELEASE", 25), ("SAVEPOINT", 36)]),
        ("ABORT; END WORK; PREPARE TRANSACTION 'x'", [("ABORT", 0), ("END", 7), ("PREPARE TRANSACTION", 17)]),
        ("PREPARE q AS SELECT 1; SELECT CASE WHEN a THEN 1 END; SELECT 'BEGIN;'; /* COMMIT; */ SELECT \"end\"", []),
        ("DO $$ BEGIN COMMIT; END $$; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END", []),
        ("SELECT 1; BEGINNING", []),
    ],
)
def test_statements_that_end_transactions_are_found(text: str, expected: list[tuple[str, int]]) -> None:
    assert list(transaction_control(sql(text), "postgresql")) == expected


def test_the_end_of_a_trigger_ends_no_transaction() -> None:
    trigger = "CREATE TRIGGER t DELETE ON x BEGIN SELECT 1; END;"
    assert transaction_control(sql(trigger), "sqlite") == ()
    assert transaction_control(sql(f"{trigger} END;"), "sqlite") == (("END", len(trigger) + 1),)


def test_finding_them_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    without_parser(monkeypatch)
    assert transaction_control(sql("SELECT 1; COMMIT"), "postgresql") == (("COMMIT", 10),)


# ------------------------------------------------------------------------------------------------ the rest


def test_texts_are_cleaned() -> None:
    assert clean_text("\ufeffa\r\nb\rc\n\ufeff") == "a\nb\nc\n\ufeff"


def test_each_kind_of_database_has_its_text() -> None:
    own, mysql, default = sql("own"), sql("mysql"), sql("default")
    assert text_for({"sqlite": own, "default": default}, "sqlite") is own
    assert text_for({"sqlite": own, "default": default}, "postgresql") is default
    assert text_for({"mysql": mysql, "default": default}, "mariadb") is mysql
    assert text_for({"mysql": mysql, "mariadb": own}, "mariadb") is own
    assert text_for({"sqlite": own}, "postgresql") is None


@pytest.mark.parametrize("dbms", KINDS)
def test_long_texts_are_cut_in_time_that_grows_with_their_length(dbms: str) -> None:
    """Not quadratic, as ``sqlite3.complete_statement`` would make it: seconds would then be minutes."""
    insert = "INSERT INTO t VALUES " + ", ".join("('a;b')" for _ in range(50_000)) + ";\n"
    trigger = "CREATE TRIGGER t DELETE ON x BEGIN " + "SELECT 1; " * 10_000 + "END;\n" if dbms == "sqlite" else ""
    started = time.process_time()
    assert len(texts((insert + trigger) * 2, dbms)) == (4 if trigger else 2)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("depth", [100_000])
def test_deep_nesting_does_no_harm(depth: int) -> None:
    deep = "SELECT " + "(" * depth + "1" + ")" * depth
    assert texts(f"{deep}; SELECT 1+{'1+' * depth}1", "postgresql")[0] == deep


def test_odd_characters_do_no_harm() -> None:
    for text in ("SELECT '\0;'; SELECT 2", "SELECT '\ud800;'; SELECT 2"):
        for dbms in KINDS:
            assert len(texts(text, dbms)) == 2


# ---------------------------------------------------------------------------------------------------- laws

SIGNS = (
    """a B 1 ; ; ; ( ) ' '' " ` [ ] $$ $a$ $1 -- /* */ /*+ # \\ E' U&" x' ä 🙂 CASE END BEGIN ATOMIC CREATE TRIGGER"""
)
PIECES = st.sampled_from([*SIGNS.split(), " ", "\t", "\n", "\f"])
ANY_TEXT = st.lists(PIECES, max_size=40).map("".join) | st.lists(PIECES, max_size=40).map(" ".join)

STATEMENTS = st.sampled_from(
    [
        "SELECT 1",
        "SELECT 'a;b', E'\\';', $$;$$, $x$ $$ ; $x$ FROM \"t;\"",
        "INSERT INTO t VALUES ('ä;', '🙂')",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
        "SELECT CASE WHEN a THEN b END AS begin FROM t",
        "UPDATE t SET a = a - -1 /* ; /* ; */ */ WHERE b @> '{}' -- ;\n",
        "DO $$ BEGIN COMMIT; END $$",
    ]
)
GAPS = st.sampled_from(["", " ", "\n", "-- x;\n", "/* ; */", "/* /* ; */ */ ", ";"])


@given(st.lists(st.tuples(GAPS, STATEMENTS, GAPS), max_size=6))
def test_the_lexical_rules_agree_with_the_parser(pieces: list[tuple[str, str, str]]) -> None:
    text = "".join(f"{before}{statement}{after};" for before, statement, after in pieces)
    by_parser = statements._parsed_spans(text)
    assert by_parser is not None
    lexer = lexer_for("postgresql")
    by_rules = statements._lexical_spans(text, "postgresql", lexer)
    trimmed = [[statements._trim(text, span, lexer) for span in spans] for spans in (by_parser, by_rules)]
    assert [s for s in trimmed[0] if s[0] < s[1]] == [s for s in trimmed[1] if s[0] < s[1]]


@given(ANY_TEXT, st.sampled_from(KINDS))
def test_segments_have_no_gaps(text: str, dbms: str) -> None:
    segments = lexer_for(dbms).segments(text)
    assert "".join(text[start:end] for _, start, end in segments) == text
    assert all(start < end for _, start, end in segments)


def is_read_two_ways(text: str, dbms: str) -> bool:
    """Two dashes are operators on MySQL, but a comment where nothing follows: cutting off what follows changes them."""
    return dbms in ("mysql", "mariadb") and re.search(r"--\S", text) is not None


@given(ANY_TEXT, st.sampled_from(KINDS))
def test_nothing_but_separators_and_comments_is_lost(text: str, dbms: str) -> None:
    """And each statement stands where it says that it stands."""
    assume(not is_read_two_ways(text, dbms))
    position = 0
    gaps = []
    for statement in split_statements(sql(text), dbms):
        offset = offset_of(statement, text)
        assert text[offset : offset + len(statement.text)] == statement.text
        assert offset >= position
        gaps.append(text[position:offset])
        position = offset + len(statement.text)
    for gap in [*gaps, text[position:]]:
        for kind, start, end in lexer_for(dbms).segments(gap):
            # To PostgreSQL a hint that stands alone is a comment like any other.
            is_comment = kind is COMMENT or (kind is HINT and dbms == "postgresql")
            assert is_comment or (kind is PLAIN and not gap[start:end].strip(WHITE_SPACE + ";")), gap


@given(ANY_TEXT, st.sampled_from(KINDS))
def test_a_statement_is_one_statement(text: str, dbms: str) -> None:
    assume(not is_read_two_ways(text, dbms))
    for statement in split_statements(sql(text), dbms):
        assert texts(statement.text, dbms) == [statement.text]


SQLITE_STATEMENTS = st.sampled_from(
    ["SELECT 1", "SELECT ';'", "CREATE TRIGGER t DELETE ON x BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END"]
)


@given(st.lists(st.tuples(GAPS.filter(lambda gap: "/* /*" not in gap), SQLITE_STATEMENTS), max_size=5))
def test_sqlite_agrees_that_they_are_complete(pieces: list[tuple[str, str]]) -> None:
    found = texts("".join(f"{before}{statement};" for before, statement in pieces), "sqlite")
    assert found == [statement for _, statement in pieces]
    assert all(sqlite3.complete_statement(f"{statement};") for statement in found)
