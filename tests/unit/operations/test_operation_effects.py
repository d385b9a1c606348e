"""What typed changes do to objects is what reading their SQL would give."""

from __future__ import annotations

from pathlib import Path

import pytest

from changelog_engine.changelog.reader import read_changelog
from changelog_engine.model import Location, Operation, OperationValue, SqlText
from changelog_engine.operations.effects import effects_of
from changelog_engine.operations.render import render
from changelog_engine.sql.effects import Act, Effects, Kind, Thing
from changelog_engine.sql.reading import read_effects

HERE = Location("main.yaml", 1, 1)
SAMPLE = Path(__file__).with_name("sample.yaml")

# What only one of the two says, and nobody needs for order: uses of what the change itself makes, names that the
# database gives, comments on what is new.
BESIDES = {Act.USES, Act.ALTERS, Act.TIGHTENS}


def sample() -> list[Operation]:
    changes = read_changelog(SAMPLE, SAMPLE.parent).changelog.changesets[0].changes
    return [change for change in changes if isinstance(change, Operation)]


def operation(kind: str, **values: OperationValue) -> Operation:
    return Operation(kind, HERE, values)


def makes_and_ends(effects: Effects) -> set[tuple[Act, Thing]]:
    return {
        (effect.act, effect.thing)
        for effect in effects.objects
        if effect.act not in BESIDES and effect.thing.of != "comment" and not effect.thing.name.endswith("_not_null")
    }


def uses(effects: Effects) -> set[Thing]:
    made = {effect.thing for effect in effects.objects if effect.act in (Act.CREATES, Act.RENAMES_TO)}
    return {effect.thing for effect in effects.objects if effect.act in (Act.USES, Act.USES_WHEN_RUN)} - made


@pytest.mark.parametrize("change", sample(), ids=lambda change: change.kind)
def test_effects_are_those_of_the_rendered_sql(change: Operation) -> None:
    sql = ";\n".join(render(change, "postgresql"))
    own, read = effects_of(change, "postgresql"), read_effects(sql, "postgresql")
    assert makes_and_ends(own) == makes_and_ends(read)
    assert uses(read) <= uses(own)
    assert {key._replace(place=0) for key in own.foreign_keys} == {key._replace(place=0) for key in read.foreign_keys}
    assert {(write.writing, write.relation, write.columns) for write in own.writes} == {
        (write.writing, write.relation, write.columns) for write in read.writes
    }
    assert bool(own.opaque) == bool(read.opaque)


def test_names_are_folded_as_the_database_compares_them() -> None:
    change = operation("drop_table", table="Shop.Orders")
    assert Thing(Kind.RELATION, "Orders", "Shop") in uses(effects_of(change, "postgresql"))
    assert Thing(Kind.RELATION, "orders", "shop") in uses(effects_of(change, "mariadb"))


def test_the_default_schema_is_no_schema() -> None:
    change = operation("drop_table", table="orders", schema="public")
    assert Thing(Kind.RELATION, "orders") in uses(effects_of(change, "postgresql"))


def test_parameters_stay_in_names() -> None:
    change = operation("drop_table", table="${prefix}Orders")
    assert Thing(Kind.RELATION, "${prefix}Orders") in uses(effects_of(change, "postgresql"))


def test_a_view_uses_what_its_query_does() -> None:
    change = operation("create_view", name="dear", query=SqlText("SELECT o.id FROM orders o", HERE))
    for dbms in ("postgresql", "sqlite", "mariadb"):
        assert {Thing(Kind.RELATION, "orders"), Thing(Kind.COLUMN, "id", of="orders")} <= uses(effects_of(change, dbms))


def test_rows_are_known_by_their_values() -> None:
    change = operation("insert", table="t", rows=({"id": 1, "name": "it's"}, {"id": 2, "name": None}))
    [first, second] = effects_of(change, "postgresql").writes
    assert first.rows == ((("id", "1"), ("name", "'it''s'")),)
    assert second.rows == ((("id", "2"), ("name", "NULL")),)


def test_what_cannot_be_read_is_opaque() -> None:
    change = operation("create_view", name="v", query=SqlText("SELEKT 1", HERE))
    assert effects_of(change, "postgresql").opaque
