"""The engine's own statements: any name and any value come out as they are meant, for every driver."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.databases.own_sql import ParameterStyle, fill_in


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=8)


@given(NAMES, st.text(st.characters(exclude_categories=("Cs",)), max_size=8))
def test_names_and_values_of_any_kind_are_what_they_are(name: str, value: str) -> None:
    connection = sqlite3.connect(":memory:")
    sql = fill_in("SELECT :value AS {name}, '50%' AS rest", {"name": quoted(name)}, ParameterStyle.COLON)
    cursor = connection.execute(sql, {"value": value})
    assert cursor.fetchall() == [(value, "50%")]
    assert cursor.description[0][0] == name
    connection.close()


@given(NAMES)
def test_a_driver_that_formats_makes_the_same_statement(name: str) -> None:
    template, names = "SELECT {name}, '50%' FROM t WHERE a = :value", {"name": quoted(name)}
    formatted = fill_in(template, names, ParameterStyle.FORMAT) % {"value": ":value"}
    assert formatted == fill_in(template, names, ParameterStyle.COLON)
