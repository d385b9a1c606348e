"""Reading PostgreSQL's SQL: places, parameters, limits; it raises nothing, whatever the text."""

from __future__ import annotations

import re
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.sql.effects import Act, Effects, Kind, Thing
from changelog_engine.sql.reading import extensions_of, is_built_in, read_effects
from tests.unit.sql.test_effects import CASES

STATEMENTS = [
    statement
    for case in CASES
    if case.parent.name == "postgresql"
    for statement in case.read_text().split(";\n")
    if statement.strip()
]
WORDS = sorted({word for text in STATEMENTS for word in re.findall(r"\w+|'[^']*'|\$\$|[^\w\s]", text)})


def read(text: str) -> Effects:
    return read_effects(text, "postgresql")


def things(text: str, act: Act = Act.USES) -> list[tuple[str, str]]:
    return [(effect.thing.kind.value, effect.thing.name) for effect in read(text).objects if effect.act is act]


# ------------------------------------------------------------------------------------------------------- places


def test_places_are_counted_in_characters() -> None:
    text = "SELECT 'ä€🙂';\n-- größer\nSELECT id FROM kunden"
    (effect, *_) = read(text).objects
    assert text[effect.place :] == "kunden"


def test_places_in_bodies_are_those_of_the_whole_text() -> None:
    text = """
        CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM first';
        DO $$ BEGIN
            PERFORM id FROM second;
            EXECUTE 'SELECT 1 FROM third';
        END $$;
        CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $body$ BEGIN DELETE FROM fourth; END $body$;
    """
    found = {effect.thing.name: text[effect.place :] for effect in read(text).objects}
    assert all(found[name].startswith(name) for name in ("first", "second", "third", "fourth"))


def test_a_body_with_doubled_quotation_marks_is_placed_at_its_statement() -> None:
    text = "SELECT 1; CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT name || ''x'' FROM t'"
    (effect,) = (effect for effect in read(text).objects if effect.thing.name == "t")
    assert text[effect.place :].startswith("CREATE FUNCTION")


def test_what_the_parser_refuses_is_placed_where_it_says() -> None:
    text = "CREATE TABLE a (id int);\nSELECT 'ä' FROB 1 2;\nCREATE TABLE b (id int);"
    effects = read(text)
    assert [text[opaque.place :][:1] for opaque in effects.opaque] == ["1"]
    assert [effect.thing.name for effect in effects.objects if effect.word == "table"] == ["a", "b"]


# -------------------------------------------------------------------------------------------------- parameters


def test_parameters_stay_in_names() -> None:
    effects = read("ALTER TABLE ${schema}.${Table}_x ADD COLUMN ${new.column-1} int REFERENCES ${schema}.o")
    assert [tuple(effect.thing) for effect in effects.objects if effect.word == "table"] == [
        ("relation", "${Table}_x", "${schema}", ""),
        ("relation", "o", "${schema}", ""),
    ]
    assert Thing(Kind.COLUMN, "${new.column-1}", "", "${schema}.${Table}_x") in {e.thing for e in effects.objects}


def test_places_behind_parameters_are_right() -> None:
    text = "SELECT ${a}, '${b}', $$ $${c} $$ FROM t"
    (effect,) = (effect for effect in read(text).objects if effect.thing.kind is Kind.RELATION)
    assert text[effect.place :] == "t"


def test_a_parameter_that_is_an_expression_is_no_column() -> None:
    assert things("SELECT id FROM t LIMIT ${n}") == [("relation", "t"), ("column", "id")]


# ------------------------------------------------------------------------------------------------------- scopes


@pytest.mark.parametrize(
    "text",
    [
        "WITH t AS (SELECT 1 AS id) SELECT id FROM t",
        "WITH RECURSIVE t AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM t) SELECT id FROM t",
        "CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1); SELECT id FROM t; DROP TABLE t",
        "CREATE TEMP TABLE t AS SELECT 1 AS id; CREATE INDEX ON t (id); ALTER TABLE t ADD COLUMN a int",
        "CREATE TABLE pg_temp.t (id int); COMMENT ON TABLE t IS 'x'",
        "SELECT x.id, x FROM (VALUES (1)) AS x(id)",
        "SELECT g FROM generate_series(1, 3) g ORDER BY g",
        "SELECT ctid, tableoid FROM pg_class",
    ],
)
def test_nothing_of_anybody_else_is_used(text: str) -> None:
    assert things(text) == []


def test_a_dropped_table_that_need_not_be_there_is_not_used() -> None:
    assert things("DROP TABLE IF EXISTS t; ALTER TABLE IF EXISTS u ADD COLUMN a int") == []
    assert things("DROP FUNCTION IF EXISTS f(mood)") == []
    assert things("DROP TABLE t") == [("relation", "t")]


def test_what_is_dropped_and_made_anew_is_made_in_the_end() -> None:
    effects = read("CREATE TABLE t (id int); DROP TABLE t; CREATE TABLE t (id int)")
    acts = [effect.act for effect in effects.objects if effect.word == "table" and effect.act is not Act.USES]
    assert acts == [Act.CREATES, Act.DROPS, Act.CREATES]


# ------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "+".join(["1"] * 100_000),
        "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
        "SELECT " + "(SELECT " * 300 + "1" + ")" * 300,
        "SELECT * FROM a " + "JOIN b USING (c) " * 5_000,
        "SELECT 1; SELECT " + "||".join(["'x'"] * 5_000),
        "SELECT '\0'",
        "SELECT '\ud800'",
    ],
    ids=["operators", "parentheses", "subqueries", "joins", "second", "NUL", "surrogate"],
)
def test_what_is_too_much_for_the_parser_is_opaque(text: str) -> None:
    assert read(text).opaque


def test_chains_that_people_write_are_read() -> None:
    text = "SELECT " + " || ".join(["name"] * 300) + " FROM t"
    assert read(text).opaque == ()
    assert things(text) == [("relation", "t"), ("column", "name")]


def test_a_load_of_rows_is_read() -> None:
    rows = ", ".join(f"({number}, 'a - b / c', -{number})" for number in range(20_000))
    effects = read(f"INSERT INTO t (a, b, c) VALUES {rows}")
    assert effects.opaque == ()
    assert [(write.relation.name, write.rows) for write in effects.writes] == [("t", None)]


def test_a_long_text_is_read_as_a_short_one_is() -> None:
    made = "".join(f"CREATE TABLE t{number} (id int);\n" for number in range(5_000))
    text = f"SET search_path = app;\n{made}SELECT 'ä' FROM t7;"
    effects = read(text)
    assert len(made) > 100_000
    assert effects.opaque == ()
    assert sum(effect.word == "table" for effect in effects.objects) == 5_000
    assert Thing(Kind.RELATION, "t4999", "app") in {effect.thing for effect in effects.objects}
    assert max(effect.place for effect in effects.objects) == text.rindex("t7")


def test_without_the_parser_all_is_opaque(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "postgast.native", None)
    assert [opaque.what for opaque in read("CREATE TABLE t (id int)").opaque] == [
        "all of it, as PostgreSQL's parser is not installed here"
    ]


@given(st.text() | st.lists(st.sampled_from([*WORDS, " ", "\n"]), max_size=30).map(" ".join))
def test_no_text_raises(text: str) -> None:
    assert_places(text)


@given(st.sampled_from(STATEMENTS), st.data())
def test_no_statement_with_a_word_changed_raises(statement: str, data: st.DataObject) -> None:
    words = re.findall(r"\w+|'[^']*'|\$\$|\s+|[^\w\s]", statement)
    place = data.draw(st.integers(0, len(words) - 1))
    words[place] = data.draw(st.sampled_from([*WORDS, ""]))
    assert_places("".join(words))


def assert_places(text: str) -> None:
    effects = read(text)
    found = (*effects.objects, *effects.writes, *effects.foreign_keys, *effects.opaque)
    assert all(0 <= each.place <= len(text) for each in found)


def test_ten_thousand_statements_take_less_than_a_second_or_so() -> None:
    texts = [
        text
        for number in range(2_500)
        for text in (
            f"CREATE TABLE t{number} (id int PRIMARY KEY, name text NOT NULL, up int REFERENCES t{number})",
            f"CREATE INDEX i{number} ON t{number} (name)",
            f"INSERT INTO t{number} (id, name) VALUES (1, 'a'), (2, 'b')",
            f"CREATE VIEW v{number} AS SELECT a.id, b.name FROM t{number} a JOIN t b ON a.id = b.up WHERE a.name = 'x'",
        )
    ]
    started = time.process_time()
    assert all(read(text).objects for text in texts)
    # Mostly 0.45 s; the rest is for slower and busier machines.
    assert time.process_time() - started < 2.5


# ---------------------------------------------------------------------------------------------------- own names


@pytest.mark.parametrize(
    "thing",
    [
        Thing(Kind.RELATION, "pg_class"),
        Thing(Kind.RELATION, "tables", "information_schema"),
        Thing(Kind.COLUMN, "relname", "", "pg_class"),
        Thing(Kind.COLUMN, "table_name", "", "information_schema.tables"),
        Thing(Kind.ROUTINE, "now"),
        Thing(Kind.ROUTINE, "gen_random_uuid"),
        Thing(Kind.TYPE, "jsonb"),
        Thing(Kind.TYPE, "pg_class"),
        Thing(Kind.OPERATOR, "@>"),
        Thing(Kind.COLLATION, "C"),
        Thing(Kind.COLLATION, "und-x-icu"),
        Thing(Kind.ROLE, "pg_read_all_data"),
        Thing(Kind.SCHEMA, "public"),
        Thing(Kind.EXTENSION, "plpgsql"),
        Thing(Kind.TEXT_SEARCH, "english"),
        Thing(Kind.OTHER, "text_pattern_ops", "", "operator class"),
        Thing(Kind.OTHER, "plpgsql", "", "language"),
    ],
    ids=lambda thing: f"{thing.kind.value} {thing.name}",
)
def test_these_are_the_databases_own(thing: Thing) -> None:
    assert is_built_in(thing, "postgresql")
    assert not is_built_in(thing._replace(name="frobnicate", of="", schema=""), "postgresql")


@pytest.mark.parametrize(
    ("thing", "extension"),
    [
        (Thing(Kind.ROUTINE, "crypt"), "pgcrypto"),
        (Thing(Kind.ROUTINE, "uuid_generate_v4"), "uuid-ossp"),
        (Thing(Kind.TYPE, "citext"), "citext"),
        (Thing(Kind.TYPE, "vector"), "vector"),
        (Thing(Kind.OTHER, "gin_trgm_ops", "", "operator class"), "pg_trgm"),
        (Thing(Kind.COLUMN, "query", "", "pg_stat_statements"), "pg_stat_statements"),
        (Thing(Kind.ROUTINE, "xpath_table"), "xml2"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_these_are_an_extensions(thing: Thing, extension: str) -> None:
    assert extensions_of(thing, "postgresql") == (extension,)
    assert not is_built_in(thing, "postgresql")


def test_an_operator_of_several_extensions_is_any_of_theirs() -> None:
    assert {"pg_trgm", "btree_gist"} <= set(extensions_of(Thing(Kind.OPERATOR, "<->"), "postgresql"))
