"""The names that are the database's own: SQLite's, and those of MySQL and MariaDB.

``own_names.json`` holds those of their present releases, so that they are the same on every machine.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from changelog_engine.sql.effects import Kind, Thing

_OF_RELATION = frozenset({Kind.COLUMN, Kind.CONSTRAINT, Kind.KEY})
# SQLite keeps names that begin so for itself; MySQL has its geometry's functions by these prefixes.
_SQLITE_RELATIONS = ("sqlite_", "pragma_")
_MYSQL_ROUTINES = ("st_", "mbr")


def is_own(thing: Thing, dbms: str) -> bool:
    """Whether every database of the kind has it."""
    kind = "sqlite" if dbms == "sqlite" else "mysql"
    if thing.kind in _OF_RELATION:
        schema, _, name = thing.of.rpartition(".")
        thing = Thing(Kind.RELATION, name, schema)
    if thing.schema and thing.schema in built_in(kind, Kind.SCHEMA):
        return True
    prefixes = {
        ("sqlite", Kind.RELATION): _SQLITE_RELATIONS,
        ("mysql", Kind.ROUTINE): _MYSQL_ROUTINES,
    }.get((kind, thing.kind), ())
    return not thing.schema and (thing.name.startswith(prefixes) or thing.name in built_in(kind, thing.kind))


@cache
def built_in(kind: str, of: Kind) -> frozenset[str]:
    """The names of a kind of thing, folded, for ``sqlite`` or ``mysql``."""
    return frozenset(_kept()[kind].get(of.value, "").split())


@cache
def _kept() -> dict[str, dict[str, str]]:
    file = Path(__file__).with_suffix(".json")
    kept: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return kept
