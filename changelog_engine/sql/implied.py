"""What a text uses by way of what others made: values of enums in literals alone, what relations inherit, and columns
that the functions of triggers use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from changelog_engine.sql.effects import Act, ColumnType, Effect, Effects, Inherits, Kind, Thing

_INHERITED = (Kind.COLUMN, Kind.CONSTRAINT, Kind.KEY)
_NEEDS = (Act.USES, Act.USES_WHEN_RUN, Act.MAY_USE)


class Known(NamedTuple):
    """Of all texts: the types of columns, by the name of a relation, as ``of`` has it, what it inherits from, and by
    the function of a trigger the columns that it uses.
    """

    types: Mapping[Thing, tuple[ColumnType, ...]]
    parents: Mapping[str, tuple[Inherits, ...]]
    fields: Mapping[Thing, tuple[str, ...]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no text implies anything."""
        return not (self.types or self.parents or self.fields)


def known_from(read: Iterable[Effects]) -> Known:
    """What has to be known of all texts, to tell what each implies."""
    types: dict[Thing, tuple[ColumnType, ...]] = {}
    parents: dict[str, tuple[Inherits, ...]] = {}
    fields: dict[Thing, tuple[str, ...]] = {}
    for effects in read:
        for column_type in effects.column_types:
            types[column_type.column] = (*types.get(column_type.column, ()), column_type)
        for inherits in effects.inherits:
            of = _of(inherits.relation)
            parents[of] = (*parents.get(of, ()), inherits)
        for routine, column in effects.row_fields:
            fields[routine] = (*fields.get(routine, ()), column)
    return Known(types, parents, fields)


def implied_uses(effects: Effects, known: Known) -> tuple[Effect, ...]:
    """What a text may use besides what it says itself: each a ``MAY_USE``."""
    values = _values(effects, known.types) if known.types else ()
    inherited = _inherited(effects, known.parents) if known.parents else ()
    called = _called(effects, known.fields) if known.fields else ()
    return (*values, *inherited, *called)


def _called(effects: Effects, fields: Mapping[Thing, tuple[str, ...]]) -> Iterator[Effect]:
    for relation, routine, place, alternatives in effects.calls:
        for name in dict.fromkeys(fields.get(routine, ())):
            yield Effect(Act.MAY_USE, Thing(Kind.COLUMN, name, "", _of(relation)), "column", place, alternatives)


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
