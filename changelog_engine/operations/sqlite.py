"""Typed changes on SQLite: by ALTER where it can, else by moving the table into a copy that has the change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic.operations import BatchOperations

from changelog_engine.model import Operation, SqlText
from changelog_engine.operations import constructs
from changelog_engine.operations.columns import alterations
from changelog_engine.operations.errors import OperationError
from changelog_engine.operations.moving import move
from changelog_engine.operations.render import CONSTRAINTS, render
from changelog_engine.operations.scratch import Scratch, quoted
from changelog_engine.operations.values import (
    Values,
    flag,
    record,
    relation,
    text,
    text_or_none,
    texts,
)

Change = Callable[[BatchOperations], None]

_BY_ALTER = ("unique", "references", "primary_key", "identity")


def render_sqlite(operation: Operation, scratch: Scratch) -> tuple[str, ...]:
    """The statements that do what the operation says, in a database whose definitions are those of ``scratch``.

    Raises OperationError where SQLite cannot.
    """
    values = operation.values
    if operation.kind not in _MOVES:
        return render(operation, "sqlite")
    if operation.kind in ("add_column", "drop_column") and _may_alter(operation):
        statements = render(operation, "sqlite")
        if scratch.takes(statements):
            return statements
    table = relation(values)
    if table.schema not in (None, "main"):
        raise OperationError(
            f"SQLite has to copy `{table.name}` for this change, and it is in another database, `{table.schema}`",
            hint="leave out `schema`",
        )
    dropped = (text(values, "column"),) if operation.kind == "drop_column" else ()
    loses_check = operation.kind == "drop_constraint" and text_or_none(values, "kind") in (None, "check")
    statements = move(
        scratch,
        table.name,
        _MOVES[operation.kind](values),
        with_parts=_constraints(record(values, "column")) if operation.kind == "add_column" else (),
        dropped=dropped,
        loses_check=loses_check,
    )
    return (*statements, *_checked(operation))


def _may_alter(operation: Operation) -> bool:
    column = record(operation.values, "column") if operation.kind == "add_column" else {}
    return not any(key in column for key in _BY_ALTER) and not isinstance(column.get("default"), SqlText)


def _add_column(values: Values) -> Change:
    alone = {key: value for key, value in record(values, "column").items() if key not in ("unique", "references")}
    return lambda batch: batch.add_column(constructs.column(alone, "sqlite"))


def _constraints(column: Values) -> list[sa.Constraint]:
    """What a new column brings with it: Alembic takes constraints without a name from a table only."""
    found: list[sa.Constraint] = []
    if flag(column, "unique"):
        found.append(sa.UniqueConstraint(text(column, "name")))
    if "references" in column:
        found.append(constructs.target_of(column))
    return found


def _drop_column(values: Values) -> Change:
    return lambda batch: batch.drop_column(text(values, "column"))


def _alter_column(values: Values) -> Change:
    found = alterations(values, "sqlite")
    names = {"modify_type": "type_", "modify_nullable": "nullable", "modify_server_default": "server_default"}
    given: dict[str, Any] = {names[key]: value for key, value in found.items()}
    return lambda batch: batch.alter_column(text(values, "column"), **given)


def _add_primary_key(values: Values) -> Change:
    return lambda batch: batch.create_primary_key(text(values, "name"), list(texts(values, "columns")))


def _add_unique_constraint(values: Values) -> Change:
    return lambda batch: batch.create_unique_constraint(text(values, "name"), list(texts(values, "columns")))


def _add_check_constraint(values: Values) -> Change:
    condition = values["condition"]
    assert isinstance(condition, SqlText)
    return lambda batch: batch.create_check_constraint(text(values, "name"), constructs.Verbatim(condition.text))


def _add_foreign_key(values: Values) -> Change:
    target = relation({"table": text(values, "references")})
    return lambda batch: batch.create_foreign_key(
        text(values, "name"),
        target.name,
        list(texts(values, "columns")),
        list(texts(values, "referenced_columns")),
        **constructs.actions(values),
    )


def _drop_constraint(values: Values) -> Change:
    kind = text_or_none(values, "kind")
    return lambda batch: batch.drop_constraint(text(values, "name"), None if kind is None else CONSTRAINTS[kind])


def _checked(operation: Operation) -> tuple[str, ...]:
    """The rows that are there meet a new foreign key, unless it says that they need not: SQLite looks at none."""
    values = operation.values
    if operation.kind != "add_foreign_key" or flag(values, "not_valid"):
        return ()
    table, target = relation(values).name, relation({"table": text(values, "references")}).name
    name = text(values, "name")
    message = f"rows of {table} refer by {name} to rows of {target} that are not there"
    found = f'SELECT 1 FROM pragma_foreign_key_check({quoted(table)}) WHERE "parent" = {quoted(target)} COLLATE NOCASE'
    return (
        "CREATE TEMP TABLE changelog_guard (is_met)",
        "CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard WHEN NEW.is_met IS NOT 1 "
        f"BEGIN SELECT RAISE(ABORT, {quoted(message)}); END",
        f"INSERT INTO changelog_guard SELECT NOT EXISTS ({found})",
        "DROP TABLE temp.changelog_guard",
    )


_MOVES: dict[str, Callable[[Values], Change]] = {
    "add_column": _add_column,
    "drop_column": _drop_column,
    "alter_column": _alter_column,
    "add_primary_key": _add_primary_key,
    "add_unique_constraint": _add_unique_constraint,
    "add_check_constraint": _add_check_constraint,
    "add_foreign_key": _add_foreign_key,
    "drop_constraint": _drop_constraint,
}
