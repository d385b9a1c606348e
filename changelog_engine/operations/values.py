"""The values of typed changes, by name: what stands under which key, with its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from changelog_engine.model import OperationValue

Values = Mapping[str, OperationValue]


class Relation(NamedTuple):
    """The name of a table, view, sequence or index; ``schema`` None for the connection's own."""

    name: str
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnState:
    """What is known of a column, for what restates it. ``default`` None: it has none."""

    type: str
    nullable: bool
    default: OperationValue
    comment: str | None = None
    identity: bool = False


def text(values: Values, key: str) -> str:
    """A text that must be there."""
    return cast(str, values[key])


def text_or_none(values: Values, key: str) -> str | None:
    return cast("str | None", values.get(key))


def flag(values: Values, key: str, otherwise: bool = False) -> bool:
    return cast(bool, values.get(key, otherwise))


def texts(values: Values, key: str) -> tuple[str, ...]:
    return cast("tuple[str, ...]", values.get(key, ()))


def records(values: Values, key: str) -> tuple[Values, ...]:
    return cast("tuple[Values, ...]", values.get(key, ()))


def record(values: Values, key: str) -> Values:
    return cast(Values, values.get(key, {}))


def items(values: Values, key: str) -> tuple[Any, ...]:
    return cast("tuple[Any, ...]", values.get(key, ()))


def relation(values: Values, key: str = "table") -> Relation:
    """The object that a key names: ``name``, ``schema.name``, or with the schema under its own key."""
    name = text(values, key)
    schema = text_or_none(values, "schema")
    if schema is None and "." in name:
        schema, name = name.split(".", 1)
    return Relation(name, schema)


def reference(written: str) -> tuple[Relation, str]:
    """The table and column of ``table.column`` or ``schema.table.column``."""
    table, column = written.strip().rsplit(".", 1)
    schema, _, name = table.rpartition(".")
    return Relation(name, schema or None), column


def is_nullable(column: Values) -> bool:
    """Whether a column takes NULL: it does where nothing is said, but for a primary key."""
    return flag(column, "nullable", not flag(column, "primary_key"))


def state_of(column: Values) -> ColumnState:
    """What the declaration of a column says of it."""
    return ColumnState(
        text(column, "type"),
        is_nullable(column),
        column.get("default"),
        text_or_none(column, "comment"),
        flag(column, "identity"),
    )
