"""Which values of enums a text uses in literals alone: that takes knowing the columns that others made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from changelog_engine.sql.effects import Act, ColumnType, Effect, Effects, Kind, Thing

Types = Mapping[Thing, tuple[ColumnType, ...]]


def types_of_columns(read: Iterable[Effects]) -> Types:
    """The types of the columns that texts make or alter, by the column."""
    found: dict[Thing, tuple[ColumnType, ...]] = {}
    for effects in read:
        for column_type in effects.column_types:
            found[column_type.column] = (*found.get(column_type.column, ()), column_type)
    return found


def enum_values(effects: Effects, types: Types) -> tuple[Effect, ...]:
    """What a text may use for the texts that it gives to columns, or compares them with."""
    return tuple(_enum_values(effects, types)) if types else ()


def _enum_values(effects: Effects, types: Types) -> Iterator[Effect]:
    for column, text, place, alternatives in effects.literals:
        for name in (column, *(_in_schema(column, schema) for schema in alternatives)):
            for known in types.get(name, ()):
                of = f"{known.type.schema}.{known.type.name}" if known.type.schema else known.type.name
                value = Thing(Kind.VALUE, text, "", of)
                yield Effect(Act.MAY_USE, value, "enum value", place, known.alternatives)


def _in_schema(column: Thing, schema: str) -> Thing:
    name = column.of.rpartition(".")[2]
    return column._replace(of=f"{schema}.{name}" if schema else name)
