"""The values of typed changes, by name: what stands under which key, with its defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from changelog_engine.model import OperationValue, SqlText

Values = Mapping[str, OperationValue]


class Relation(NamedTuple):
    """The name of a table, view, sequence or index; ``schema`` None for the connection's own."""

    name: str
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnState:
    """What is known of a column, for what restates it. ``type`` as ``type_in`` gives it, ``default`` None: it has none.

    ``nullable`` None: it takes no NULL, by a constraint with a name. ``identity``: the database makes its values.
    """

    type: str | SqlText
    nullable: bool | None
    default: OperationValue
    comment: str | None = None
    identity: bool = False


def text(values: Values, key: str) -> str:
    """A text that must be there."""
    return cast(str, values[key])


def text_or_none(values: Values, key: str) -> str | None:
    return cast("str | None", values.get(key))


def type_in(values: Values) -> str | SqlText:
    """The type of a column, in the words of typed changes, or of the database's own SQL."""
    return cast("str | SqlText", values["type"])


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


_IN_PARENTHESES = re.compile(r"\s*\(.*\)\s*", re.DOTALL)
_MOMENT = re.compile(r"(?:now|current_timestamp|localtimestamp)(?:\s*\(\s*\d*\s*\))?", re.IGNORECASE)


def in_parentheses(expression: str) -> str:
    """An expression as MySQL takes it for a default: in parentheses, but for a moment."""
    sql = expression.strip()
    return sql if _MOMENT.fullmatch(sql) or _IN_PARENTHESES.fullmatch(sql) else f"({sql})"


def is_nullable(column: Values) -> bool:
    """Whether a column takes NULL: it does where nothing is said, but for a primary key."""
    return flag(column, "nullable", not flag(column, "primary_key"))
