"""Typed changes: the shapes that their kinds have in common, and how what was read becomes an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from changelog_engine.changes.kinds import NOT_BLANK, SQL, Kind, Place
from changelog_engine.changes.nodes import Scalar
from changelog_engine.changes.scalars import value_of
from changelog_engine.changes.shapes import AnyScalar, ByNode, Choice, Fields, Key, ListOf, MapOf, Record, Shape, Text
from changelog_engine.model import Operation, OperationValue, SqlText

NAME = Text(words="a name", rule=NOT_BLANK)
RELATION = Text(words="a name", rule=NOT_BLANK, examples=("customers", "billing.invoices"))
NAMES = ListOf(NAME, least=1)
TYPE = Text(words="a type", rule=NOT_BLANK, numbers=False, examples=("bigint", "varchar(200)", "timestamptz", "citext"))
FRAGMENT = Text(words=SQL.words, rule=NOT_BLANK)
"""A piece of SQL: a condition, a query, an expression."""
SQL_EXPRESSION = Record(
    "value",
    "SQL in place of a value.",
    {"sql": Key(FRAGMENT, "an SQL expression, for example `now()`", required=True)},
)
VALUE = ByNode(scalar=AnyScalar(), mapping=SQL_EXPRESSION)
"""A value, quoted as the database needs it, or ``{sql: …}`` for an expression."""
COMMENT = AnyScalar(words="text, or null for none")
TABLE: Final = {"table": Key(RELATION, "the table, may be `schema.table`", required=True)}
SCHEMA: Final = {"schema": Key(NAME, "the schema it is in, where that is not the connection's own")}
ACTION = Choice(
    {
        "cascade": "delete or change the rows that refer to it too",
        "restrict": "refuse it while rows refer to it",
        "set null": "set the columns that refer to it to NULL",
        "set default": "set the columns that refer to it to their default",
        "no action": "refuse it while rows refer to it, at the end of the statement (the default)",
    }
)

Check = Callable[[Fields, Place], bool]


def typed_kind(name: str, doc: str, keys: dict[str, Key], check: Check | None = None) -> Kind:
    """A kind of typed change; ``check`` says whether what was read makes sense, after reporting why not."""

    def build(value: Fields, place: Place) -> Operation | None:
        if not _is_complete(value) or (check is not None and not check(value, place)):
            return None
        texts: list[SqlText] = []
        return Operation(name, place.location, _frozen_fields(value, place, texts), tuple(texts))

    return Kind(name, doc, Record(name, doc[0].upper() + doc[1:] + ".", keys), build)


def _is_complete(value: Any) -> bool:
    """Whether no key that must be there is missing, or was reported."""
    if isinstance(value, Fields):
        required = (key for key, known in value.record.keys.items() if known.required)
        if any(key not in value for key in required) or len(value) < len(value.node.entries):
            return False
    return all(_is_complete(inner) for inner in _inner(value))


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, tuple):
        yield from value


def _frozen_fields(fields: Fields, place: Place, texts: list[SqlText]) -> dict[str, OperationValue]:
    keys = fields.record.keys
    return {key: _frozen(keys[key].shape, value, place, texts) for key, value in fields.items()}


def _frozen(shape: Shape, value: Any, place: Place, texts: list[SqlText]) -> OperationValue:
    """What a shape read, without its nodes."""
    if isinstance(value, Scalar):
        return _frozen_scalar(_scalar_shape(shape), value, place, texts)
    if isinstance(value, Fields):
        if value.record is SQL_EXPRESSION:
            return place.sql_text(value["sql"])
        return _frozen_fields(value, place, texts)
    if isinstance(value, tuple):
        item = _item_shape(shape)
        return tuple(_frozen(item, each, place, texts) for each in value)
    if isinstance(value, dict):
        item = _item_shape(shape)
        return {key: _frozen(item, each, place, texts) for key, each in value.items()}
    assert value is None or isinstance(value, str | int | bool)
    return value


def _frozen_scalar(shape: Shape, node: Scalar, place: Place, texts: list[SqlText]) -> OperationValue:
    if shape is FRAGMENT:
        return place.sql_text(node)
    if "${" in node.text:
        texts.append(place.sql_text(node))
    return value_of(node) if isinstance(shape, AnyScalar) else node.text


def _scalar_shape(shape: Shape) -> Shape:
    return shape.scalar if isinstance(shape, ByNode) and shape.scalar is not None else shape


def _item_shape(shape: Shape) -> Shape:
    if isinstance(shape, ByNode):
        shape = shape.sequence or shape.mapping or shape
    assert isinstance(shape, ListOf | MapOf)
    return shape.item
