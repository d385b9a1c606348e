"""Typed changes in a form that can be kept: as JSON, without their places.

A list begins with a word that says what it is; texts, numbers, booleans and null stand for themselves, and so do maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from changelog_engine.model import Location, Operation, OperationValue, SqlText


def dump_operation(operation: Operation) -> list[Any]:
    """An operation as JSON."""
    return [operation.kind, {key: _dump(value) for key, value in operation.values.items()}]


def load_operation(value: Any, location: Location, texts: tuple[SqlText, ...]) -> Operation:
    """What ``dump_operation`` gave, as standing at a place with all that is in it; ``texts`` as in ``Operation``."""
    kind, values = value
    return Operation(kind, location, {key: _load(each, location) for key, each in values.items()}, texts)


def _dump(value: OperationValue) -> Any:
    if isinstance(value, SqlText):
        return ["sql", value.text]
    if isinstance(value, Decimal):
        return ["number", str(value)]
    if isinstance(value, tuple):
        return ["list", *map(_dump, value)]
    if isinstance(value, Mapping):
        return {key: _dump(each) for key, each in value.items()}
    return value


def _load(value: Any, location: Location) -> OperationValue:
    if isinstance(value, dict):
        return {key: _load(each, location) for key, each in value.items()}
    if not isinstance(value, list):
        return value  # type: ignore[no-any-return]
    word, *items = value
    if word == "sql":
        return SqlText(items[0], location)
    if word == "number":
        return Decimal(items[0])
    return tuple(_load(each, location) for each in items)
