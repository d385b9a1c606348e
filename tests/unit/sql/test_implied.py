"""What a text uses by way of what others made: values of enums in literals alone, and what relations inherit."""

from __future__ import annotations

import pytest

from changelog_engine.sql.implied import implied_uses, known_from
from changelog_engine.sql.reading import read_effects


def implied(text: str, *others: str) -> list[tuple[str, str]]:
    known = known_from(read_effects(other, "postgresql") for other in (*others, text))
    return [(effect.thing.of, effect.thing.name) for effect in implied_uses(read_effects(text, "postgresql"), known)]


MADE = "CREATE TABLE app.pets (id int, feeling mood, name text)"


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO app.pets (id, feeling) VALUES (1, 'sad')",
        "INSERT INTO app.pets (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET feeling = 'sad'",
        "UPDATE app.pets SET feeling = 'sad'",
        "DELETE FROM app.pets WHERE 'sad' = feeling",
        "SELECT 1 FROM app.pets p, t WHERE p.feeling <> 'sad'",
        "CREATE INDEX ON app.pets (id) WHERE feeling = 'sad'",
        "ALTER TABLE app.pets ALTER feeling SET DEFAULT 'sad'",
        "SET search_path = app; UPDATE pets SET feeling = 'sad'",
        "SET search_path = other, app; UPDATE pets SET feeling = 'sad'",
    ],
)
def test_a_literal_for_a_column_of_an_enum_is_its_value(text: str) -> None:
    assert implied(text, MADE) == [("mood", "sad")]


def test_a_literal_for_a_column_of_another_type_is_none() -> None:
    assert implied("UPDATE app.pets SET name = 'sad'; UPDATE pets SET feeling = 'sad'", MADE) == []


def test_a_column_may_have_had_several_types() -> None:
    altered = "ALTER TABLE app.pets ALTER feeling TYPE app.state USING 'calm'"
    found = implied("UPDATE app.pets SET feeling = 'sad'", MADE, altered)
    assert found == [("mood", "sad"), ("app.state", "sad")]


def test_children_have_what_their_parents_and_those_of_them_have() -> None:
    made = (
        "CREATE TABLE part PARTITION OF whole DEFAULT",
        "ALTER TABLE whole INHERIT app.ancestor",
        "ALTER TABLE app.ancestor ATTACH PARTITION other DEFAULT",
    )
    assert implied("SELECT a FROM part", *made) == [("whole", "a"), ("app.ancestor", "a")]
    assert implied("COMMENT ON CONSTRAINT c ON other IS 'x'", *made) == [("app.ancestor", "c")]


def test_relations_that_inherit_from_one_another_are_no_endless_loop() -> None:
    assert implied("SELECT x FROM a", "ALTER TABLE a INHERIT b; ALTER TABLE b INHERIT a") == [("b", "x")]


FUNCTION = """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.since := now(); -- not NEW.other
IF OLD."Mood" <> 'NEW.text' THEN RETURN NULL; END IF; RETURN NEW; END $$"""


def test_a_trigger_uses_the_columns_that_its_function_has_fields_of() -> None:
    trigger = "CREATE TRIGGER g BEFORE INSERT ON app.pets FOR EACH ROW EXECUTE FUNCTION f()"
    assert implied(trigger, FUNCTION) == [("app.pets", "since"), ("app.pets", "Mood")]
    assert implied(trigger.replace("f()", "h()"), FUNCTION) == []
