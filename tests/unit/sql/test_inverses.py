"""What is asked of what undoes SQL, whichever way it reads it; `tests/derived` has what it derives and refuses."""

from __future__ import annotations

import pytest

from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.plain_inverse import PlainInverter
from changelog_engine.sql.postgresql.inverse import Inverter


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
    assert inverter.invert(["INSERT INTO t VALUES (1)"]).statements == ("DELETE FROM t WHERE a = 1",)
