"""Checksums are frozen, and see what a statement says, not how it is laid out."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.model import Change, Location, Operation, SqlChange, SqlText
from changelog_engine.sql.checksum import canonical_form, checksum_changes, normal_form

VECTORS = Path(__file__).with_name("checksum_vectors.json")
KINDS = ("postgresql", "sqlite", "mysql", "mariadb")
HERE = Location("x", 1, 1)


def change(text: str, kind: str = "sql", dbms: str = "default") -> SqlChange:
    return SqlChange(kind, HERE, {dbms: SqlText(text, HERE)})


def checksum(text: str, dbms: str = "postgresql") -> str:
    return checksum_changes([change(text)], dbms)


# ------------------------------------------------------------------------------------------------- vectors

CASES = json.loads(VECTORS.read_text(), parse_float=Decimal)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_checksums_never_change(case: dict[str, object]) -> None:
    """If this fails, every database out there would report all its changesets as edited."""
    changes: list[Change] = [change(text) for text in case.get("texts", ())]  # type: ignore[attr-defined]
    changes += [Operation(kind, HERE, frozen(values)) for kind, values in case.get("typed", ())]  # type: ignore[attr-defined]
    assert checksum_changes(changes, str(case["dbms"])) == case["checksum"]


def frozen(value: Any) -> Any:
    """A value of a typed change from JSON: `{"sql": …}` alone is a piece of SQL, numbers with decimals are exact."""
    if isinstance(value, dict):
        if value.keys() == {"sql"}:
            return SqlText(value["sql"], HERE)
        return {key: frozen(each) for key, each in value.items()}
    if isinstance(value, list):
        return tuple(frozen(each) for each in value)
    return value


def test_the_canonical_form_of_typed_changes_is_the_one_that_is_documented() -> None:
    values = {"table": "t", "set": {"b": Decimal("1.50"), "a": None, "c": SqlText("a +b -- more", HERE)}}
    normal = '{"kind":"update","values":{"set":{"a":null,"b":1.50,"c":{"sql":"a + b"}},"table":"t"}}'
    assert canonical_form(Operation("update", HERE, values), "sqlite") == normal
    expected = "1:" + hashlib.sha256(f"t{len(normal)}:{normal}".encode()).hexdigest()
    assert checksum_changes([Operation("update", HERE, values)], "sqlite") == expected


def test_neither_the_order_of_keys_nor_the_layout_of_sql_matters_in_typed_changes() -> None:
    one = Operation("delete", HERE, {"table": "t", "where": SqlText("a=1", HERE)})
    other = Operation("delete", HERE, {"where": SqlText("a = 1 -- one\n", HERE), "table": "t"})
    text = Operation("insert", HERE, {"table": "t", "rows": ({"a": "x  y"},)})
    other_text = Operation("insert", HERE, {"table": "t", "rows": ({"a": "x y"},)})
    assert checksum_changes([one], "postgresql") == checksum_changes([other], "postgresql")
    assert checksum_changes([text], "postgresql") != checksum_changes([other_text], "postgresql")


def test_the_algorithm_is_the_one_that_is_documented() -> None:
    normal = "CREATE TABLE t ( a int , b text DEFAULT 'x  y' )"
    expected = "1:" + hashlib.sha256(f"{len(normal)}:{normal}".encode()).hexdigest()
    assert checksum("\ufeffCREATE TABLE t(a int,-- one\r\n\tb text DEFAULT 'x  y');\r\n") == expected


# ---------------------------------------------------------------------------------- what matters and what not

SAME = [
    ("SELECT 1", "  SELECT\n\t1 ;\n"),
    ("SELECT a+b,c FROM t", "SELECT a + b , c FROM t -- sum"),
    ("SELECT a::int", "SELECT a :: int"),
    ("SELECT 1*-2", "SELECT 1 * - 2"),
    ("f(a,b)", "f ( a /* x /* y */ */ , b )"),
    ("SELECT 'a' /* ' */", "SELECT 'a'"),
]
DIFFERENT = [
    ("SELECT 'a b'", "SELECT 'a  b'"),
    ("SELECT 'a -- b'", "SELECT 'a '"),
    ('SELECT "a b"', 'SELECT "a  b"'),
    ("SELECT $$a b$$", "SELECT $$a  b$$"),
    ("SELECT $x$ -- c\n $x$", "SELECT $x$ \n $x$"),
    ("SELECT a b", "SELECT ab"),
    ("SELECT 1", "select 1"),
    ("SELECT a; SELECT b", "SELECT a SELECT b"),
    ("SELECT a > = b", "SELECT a >= b"),
    ("SELECT E'a'", "SELECT E 'a'"),
    ("/*+ hint a */ SELECT 1", "/*+ hint  a */ SELECT 1"),
    ("/*+ hint */ SELECT 1", "SELECT 1"),
    ("SELECT 1e-5", "SELECT 1e - 5"),
    ("SELECT 'a' 'b'", "SELECT 'a''b'"),
    ("SELECT ${a}", "SELECT ${b}"),
    ("SELECT a\u00a0b", "SELECT a b"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_layout_and_comments_do_not_matter(one: str, other: str) -> None:
    assert checksum(one) == checksum(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_all_else_matters(one: str, other: str) -> None:
    assert checksum(one) != checksum(other)


@pytest.mark.parametrize("dbms", KINDS)
def test_hints_matter_on_every_kind(dbms: str) -> None:
    assert len({checksum(text, dbms) for text in ("SELECT 1", "/*! x */ SELECT 1", "/*+ x */ SELECT 1")}) == 3


def test_each_kind_is_read_by_its_own_rules() -> None:
    assert checksum("SELECT `a  b`", "sqlite") != checksum("SELECT `a b`", "sqlite")
    assert checksum("SELECT [a  b]", "sqlite") != checksum("SELECT [a b]", "sqlite")
    assert checksum("SELECT [a  b]", "postgresql") == checksum("SELECT [a b]", "postgresql")
    assert checksum("SELECT 1 # c", "mysql") == checksum("SELECT 1", "mysql")
    assert checksum("SELECT 1 # c", "postgresql") != checksum("SELECT 1", "postgresql")
    assert checksum("SELECT 5--3", "mysql") != checksum("SELECT 5", "mysql")
    assert checksum("SELECT /* /* */ 1", "sqlite") == checksum("SELECT 1", "sqlite")


def test_where_the_text_stands_does_not_matter() -> None:
    assert checksum_changes([change("SELECT 1", "sql_file")], "sqlite") == checksum("SELECT 1", "sqlite")


def test_only_the_text_of_the_kind_matters() -> None:
    texts = {"postgresql": SqlText("SELECT 1", HERE), "default": SqlText("SELECT 2", HERE)}
    both = [SqlChange("sql", HERE, texts)]
    assert checksum_changes(both, "postgresql") == checksum("SELECT 1")
    assert checksum_changes(both, "sqlite") == checksum("SELECT 2", "sqlite")


def test_how_statements_are_cut_does_not_matter() -> None:
    cut = SqlChange("sql", HERE, {"default": SqlText("SELECT 1", HERE)}, split=False, delimiter="GO")
    assert checksum_changes([cut], "sqlite") == checksum("SELECT 1", "sqlite")


def test_the_changes_are_told_apart() -> None:
    texts = [["a", "b"], ["a b"], ["b", "a"], ["a"], ["a", ""], ["", "a"], [], ["1:a"], ["a;b"]]
    found = {checksum_changes([change(text) for text in each], "sqlite") for each in texts}
    assert len(found) == len(texts)


# ---------------------------------------------------------------------------------------------------- laws

QUOTATIONS = ("'x  y'", "'it''s'", '"q  q"', "$$ a; b $$", "$t$ -- $t$", "E'\\' '", "/*+ h */")
SIGNS = "SELECT a a$1 ä 1 1.5 1e-5 ( ) , ; . + - * = <> >= || :: @> ->> [ ] ${name}"
TOKENS = st.sampled_from([*QUOTATIONS, *SIGNS.split()])
GAPS = st.sampled_from([" ", "  ", "\n", "\t\r\n", " -- c '\n", "/* c */", "/* ; /* ' */ */", "\f\v", " /**/ --\r"])


def goes_on(tokens: list[tuple[str, str, str]]) -> bool:
    """Whether a literal with escapes goes on in the next one, which PostgreSQL reads so across a line end only."""
    return any(one[0].startswith("E'") and next_[0].startswith("'") for one, next_ in pairwise(tokens))


@given(st.lists(st.tuples(TOKENS, GAPS, GAPS)).filter(lambda tokens: not goes_on(tokens)))
def test_no_layout_changes_a_checksum(tokens: list[tuple[str, str, str]]) -> None:
    one = "".join(token + gap for token, gap, _ in tokens)
    other = "".join(gap + token + " " for token, _, gap in tokens)
    assert normal_form(one, "postgresql") == normal_form(other, "postgresql")
    assert normal_form(one, "postgresql").rstrip(" ;") == " ".join(token for token, _, _ in tokens).rstrip(
        " ;"
    ).replace("${name}", "$ { name }").replace("1.5", "1 . 5")


@given(st.text(st.sampled_from("aE1 ;'\"$-/*+\n\\[`#(.=>"), max_size=60), st.sampled_from(KINDS))
def test_the_normal_form_is_its_own_normal_form(text: str, dbms: str) -> None:
    normal = normal_form(text, dbms)
    assert normal_form(normal, dbms) == normal
