"""What a text uses by way of what others made: values of enums in literals alone, and what relations inherit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from changelog_engine.sql.effects import Act, ColumnType, Effect, Effects, Inherits, Kind, Thing

_INHERITED = (Kind.COLUMN, Kind.CONSTRAINT, Kind.KEY)
_NEEDS = (Act.USES, Act.USES_WHEN_RUN, Act.MAY_USE)


class Known(NamedTuple):
    """Of all texts: the types of columns, and by the name of a relation, as ``of`` has it, what it inherits from."""

    types: Mapping[Thing, tuple[ColumnType, ...]]
    parents: Mapping[str, tuple[Inherits, ...]]


def known_from(read: Iterable[Effects]) -> Known:
    """What has to be known of all texts, to tell what each implies."""
    types: dict[Thing, tuple[ColumnType, ...]] = {}
    parents: dict[str, tuple[Inherits, ...]] = {}
    for effects in read:
        for column_type in effects.column_types:
            types[column_type.column] = (*types.get(column_type.column, ()), column_type)
        for inherits in effects.inherits:
            of = _of(inherits.relation)
            parents[of] = (*parents.get(of, ()), inherits)
    return Known(types, parents)


def implied_uses(effects: Effects, known: Known) -> tuple[Effect, ...]:
    """What a text may use besides what it says itself: each a ``MAY_USE``."""
    values = _values(effects, known.types) if known.types else ()
    inherited = _inherited(effects, known.parents) if known.parents else ()
    return (*values, *inherited)


def _values(effects: Effects, types: Mapping[Thing, tuple[ColumnType, ...]]) -> Iterator[Effect]:
    for column, text, place, alternatives in effects.literals:
        for name in (column, *(_in_schema(column, schema) for schema in alternatives)):
            for found in types.get(name, ()):
                value = Thing(Kind.VALUE, text, "", _of(found.type))
                yield Effect(Act.MAY_USE, value, "enum value", place, found.alternatives)


def _inherited(effects: Effects, parents: Mapping[str, tuple[Inherits, ...]]) -> Iterator[Effect]:
    for effect in effects.objects:
        if effect.thing.kind in _INHERITED and effect.act in _NEEDS:
            for schema in (None, *effect.alternatives):
                thing = effect.thing if schema is None else _in_schema(effect.thing, schema)
                yield from _of_ancestors(effect, thing.of, parents)


def _of_ancestors(effect: Effect, of: str, parents: Mapping[str, tuple[Inherits, ...]]) -> Iterator[Effect]:
    pending, seen = [of], {of}
    while pending:
        for inherits in parents.get(pending.pop(), ()):
            parent = _of(inherits.parent)
            if parent not in seen:
                seen.add(parent)
                pending.append(parent)
                thing = effect.thing._replace(of=parent)
                yield Effect(Act.MAY_USE, thing, effect.word, effect.place, inherits.alternatives)


def _of(thing: Thing) -> str:
    return f"{thing.schema}.{thing.name}" if thing.schema else thing.name


def _in_schema(part: Thing, schema: str) -> Thing:
    name = part.of.rpartition(".")[2]
    return part._replace(of=f"{schema}.{name}" if schema else name)
