"""The names that are PostgreSQL's own, and those that its extensions bring.

They are those of PostgreSQL 18, and of the extensions that come with it; ``own_names.json`` is written by
``python -m tests.fixtures.postgresql_names URL…``, from servers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from changelog_engine.sql.effects import Kind, Thing

_OWN_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_toast"})
_OF_RELATION = frozenset({Kind.COLUMN, Kind.CONSTRAINT, Kind.KEY, Kind.TRIGGER, Kind.POLICY, Kind.RULE})


def is_built_in(thing: Thing) -> bool:
    """Whether every PostgreSQL has it, or the server makes it along with each database."""
    if thing.schema in _OWN_SCHEMAS:
        return True
    if thing.kind in _OF_RELATION:
        schema, _, name = thing.of.rpartition(".")
        return schema in _OWN_SCHEMAS or (not schema and name in built_in(Kind.RELATION))
    if thing.kind is Kind.VALUE:
        return False
    if thing.kind is Kind.OTHER and thing.of == "database":
        # The one that the changelog is for is there; nobody makes it in a changeset.
        return True
    if thing.schema:
        return False
    return thing.name in built_in(_word(thing)) or (thing.kind is Kind.TYPE and thing.name in built_in(Kind.RELATION))


def extensions_of(thing: Thing) -> tuple[str, ...]:
    """The extensions that bring a thing of that name, wherever they were made; none if none is known to."""
    if thing.kind in _OF_RELATION:
        thing = Thing(Kind.RELATION, thing.of.rpartition(".")[2])
    if thing.kind is Kind.OTHER and thing.of == "language":
        # Mostly the extension has the language's own name.
        return (thing.name,)
    return _of_extensions().get((_word(thing), thing.name), ())


@cache
def built_in(kind: str) -> frozenset[str]:
    """The names of a kind; for what has no kind of its own, of a word ("operator class")."""
    return frozenset(_kept()[""].get(kind, "").split())


@cache
def _of_extensions() -> Mapping[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for extension, names in _kept().items():
        for kind, joined in names.items() if extension else ():
            for name in joined.split():
                found[kind, name] = (*found.get((kind, name), ()), extension)
    return found


@cache
def _kept() -> dict[str, dict[str, str]]:
    file = Path(__file__).with_suffix(".json")
    kept: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return kept


def _word(thing: Thing) -> str:
    return thing.of if thing.kind is Kind.OTHER else thing.kind.value
