"""Effects that were kept are those that were read."""

from __future__ import annotations

import json

import pytest

from changelog_engine.sql.effects_form import EffectsLoader, dump_effects, load_effect
from changelog_engine.sql.reading import read_effects

TEXTS = (
    "CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers (id), state mood DEFAULT 'new')",
    "INSERT INTO orders (id, customer) VALUES (1, 2), (3, 4); UPDATE orders SET state = 'old' WHERE id IN (1, 3)",
    "UPDATE orders SET state = 'old'; DELETE FROM orders",
    "CREATE TABLE parts () INHERITS (orders); ALTER TABLE orders RENAME TO bookings; DROP VIEW IF EXISTS shop.totals",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.total := 1; EXECUTE a; RETURN NEW; END $$;"
    "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()",
    "ALTER TYPE mood ADD VALUE 'ä'; SET search_path = a, b; ALTER TABLE x ALTER y SET NOT NULL",
)


@pytest.mark.parametrize("dbms", ["postgresql", "sqlite", "mysql"])
def test_what_is_loaded_is_what_was_dumped(dbms: str) -> None:
    loader = EffectsLoader()
    read = [read_effects(text, dbms) for text in TEXTS]
    loaded = [loader.load(json.loads(json.dumps(dump_effects(effects)))) for effects in read]
    assert loaded == read
    assert [[type(effect.act) for effect in each.objects] for each in loaded] == [
        [type(effect.act) for effect in each.objects] for each in read
    ]
    assert any(each.writes for each in read)
    assert [[type(write.writing) for write in each.writes] for each in loaded] == [
        [type(write.writing) for write in each.writes] for each in read
    ]


def test_equal_names_are_one_value() -> None:
    loader = EffectsLoader()
    texts = [json.dumps(dump_effects(read_effects("SELECT id FROM orders", "postgresql"))) for _ in range(2)]
    first, second = (loader.load(json.loads(text)) for text in texts)
    assert first.objects
    assert all(one.thing is other.thing for one, other in zip(first.objects, second.objects, strict=True))
    assert load_effect(json.loads(texts[0])[0][0]) == first.objects[0]


def test_equal_effects_are_one_value_read_or_kept() -> None:
    loader = EffectsLoader()
    read = [read_effects("SELECT id FROM orders", "postgresql") for _ in range(2)]
    kept = json.loads(json.dumps(dump_effects(read[0])))
    first, second, third = (loader.load(form) for form in (dump_effects(read[0]), dump_effects(read[1]), kept))
    assert first.objects == read[0].objects
    assert all(
        one is two is three for one, two, three in zip(first.objects, second.objects, third.objects, strict=True)
    )
