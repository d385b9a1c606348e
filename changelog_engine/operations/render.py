"""Typed changes to SQL: what Alembic and SQLAlchemy make of an operation on a kind of database.

This, and what it imports, is the one door of Alembic; it takes a third of a second to import, so that only what
renders a typed change does so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSequence, DropSequence

from changelog_engine.model import Operation, SqlText
from changelog_engine.operations import constructs
from changelog_engine.operations.change import Change, KnownColumn, knows_nothing
from changelog_engine.operations.collecting import Collector
from changelog_engine.operations.columns import add_column, alter_column, comment_on_column, drop_column, rename_column
from changelog_engine.operations.errors import OperationError
from changelog_engine.operations.rows import delete, insert, update
from changelog_engine.operations.values import flag, items, records, relation, text_or_none, texts

CONSTRAINTS = {"primary_key": "primary", "unique": "unique", "check": "check", "foreign_key": "foreignkey"}


def render(operation: Operation, dbms: str, known: KnownColumn = knows_nothing) -> tuple[str, ...]:
    """The statements that do what the operation says. Raises OperationError where this kind of database cannot."""
    collector = Collector(dbms)
    try:
        _RENDERERS[operation.kind](Change(operation.values, dbms, collector, known))
    except (SQLAlchemyError, NotImplementedError) as error:
        raise OperationError(f"{dbms} cannot do this: {error}") from error
    return tuple(collector.statements)


# ------------------------------------------------------------------------------------------------- tables


def _create_table(change: Change) -> None:
    table = change.relation()
    columns = [constructs.column(column, change.dbms, table.name) for column in records(change.values, "columns")]
    comment = None if change.dbms == "sqlite" else text_or_none(change.values, "comment")
    change.invoke(ops.CreateTableOp(table.name, columns, schema=table.schema, comment=comment))


def _drop_table(change: Change) -> None:
    table = change.relation()
    change.invoke(ops.DropTableOp(table.name, schema=table.schema))


def _rename_table(change: Change) -> None:
    table = change.relation("from")
    change.invoke(ops.RenameTableOp(table.name, change.text("to"), schema=table.schema))


# ---------------------------------------------------------------------------------- indexes and constraints


def _create_index(change: Change) -> None:
    table, values = change.relation(), change.values
    columns = [
        constructs.Verbatim(f"({item.text.strip()})") if isinstance(item, SqlText) else item
        for item in items(values, "columns")
    ]
    options: dict[str, Any] = {}
    where, using = values.get("where"), text_or_none(values, "using")
    if isinstance(where, SqlText):
        if change.is_mysql:
            raise OperationError(
                f"{change.dbms} has no indexes over a part of the rows", hint="leave out `where` for it"
            )
        options |= {f"{change.dbms}_where": constructs.Verbatim(where.text)}
    if using is not None and change.dbms != "sqlite":
        options |= {f"{change.dbms}_using": using}
    if flag(values, "concurrently") and change.dbms == "postgresql":
        options |= {"postgresql_concurrently": True}
    change.invoke(
        ops.CreateIndexOp(
            change.text("name"),
            table.name,
            columns,
            schema=table.schema,
            unique=flag(values, "unique"),
            **options,
        )
    )


def _drop_index(change: Change) -> None:
    values = change.values
    table = relation(values) if "table" in values else None
    if table is None and change.is_mysql:
        raise OperationError(f"{change.dbms} needs the table of an index to drop it", hint="give it `table`")
    schema = table.schema if table is not None else text_or_none(values, "schema")
    options: dict[str, Any] = {"postgresql_concurrently": True} if _is_concurrent(change) else {}
    change.invoke(ops.DropIndexOp(change.text("name"), table.name if table else None, schema=schema, **options))


def _is_concurrent(change: Change) -> bool:
    return change.dbms == "postgresql" and flag(change.values, "concurrently")


def _add_primary_key(change: Change) -> None:
    table = change.relation()
    columns = texts(change.values, "columns")
    change.invoke(ops.CreatePrimaryKeyOp(change.text("name"), table.name, columns, schema=table.schema))


def _add_unique_constraint(change: Change) -> None:
    table = change.relation()
    columns = texts(change.values, "columns")
    change.invoke(ops.CreateUniqueConstraintOp(change.text("name"), table.name, columns, schema=table.schema))


def _add_check_constraint(change: Change) -> None:
    table = change.relation()
    condition = constructs.Verbatim(change.values["condition"].text)  # type: ignore[union-attr]
    change.invoke(ops.CreateCheckConstraintOp(change.text("name"), table.name, condition, schema=table.schema))


def _add_foreign_key(change: Change) -> None:
    table, target, values = change.relation(), relation({"table": change.text("references")}), change.values
    options: dict[str, Any] = {"source_schema": table.schema, "referent_schema": target.schema}
    if flag(values, "not_valid") and change.dbms == "postgresql":
        options["postgresql_not_valid"] = True
    change.invoke(
        ops.CreateForeignKeyOp(
            change.text("name"),
            table.name,
            target.name,
            list(texts(values, "columns")),
            list(texts(values, "referenced_columns")),
            **options,
            **constructs.actions(values),
        )
    )


def _drop_constraint(change: Change) -> None:
    """``with_index`` stands in inverses only: MariaDB keeps the index that it made of its own for a foreign key."""
    table, kind = change.relation(), text_or_none(change.values, "kind")
    if kind is None and change.is_mysql:
        raise OperationError(
            f"{change.dbms} needs the kind of a constraint to drop it",
            hint="give it `kind: primary_key`, `unique`, `check` or `foreign_key`",
        )
    type_ = None if kind is None else CONSTRAINTS[kind]
    change.invoke(ops.DropConstraintOp(change.text("name"), table.name, type_, schema=table.schema))
    if flag(change.values, "with_index") and change.dbms == "mariadb":
        quoted = change.collector.quoted
        name, on = quoted(change.text("name")), quoted(table.name, table.schema)
        change.collector.add(f"DROP INDEX IF EXISTS {name} ON {on}")


# ------------------------------------------------------------------------- views, sequences, comments, rows


def _create_view(change: Change) -> None:
    view = change.relation("name")
    name = change.collector.quoted(view.name, view.schema)
    replaces = flag(change.values, "replace")
    query = change.values["query"].text  # type: ignore[union-attr]
    if replaces and change.dbms == "sqlite":
        change.collector.add(f"DROP VIEW IF EXISTS {name}")
    words = "CREATE OR REPLACE VIEW" if replaces and change.dbms != "sqlite" else "CREATE VIEW"
    change.collector.add(f"{words} {name} AS {query}")


def _drop_view(change: Change) -> None:
    view = change.relation("name")
    change.collector.add(f"DROP VIEW {change.collector.quoted(view.name, view.schema)}")


def _sequence(change: Change, **options: Any) -> sa.Sequence:
    if change.dbms in ("sqlite", "mysql"):
        raise OperationError(
            f"{change.dbms} has no sequences",
            hint="limit the changeset with `dbms: [postgresql, mariadb]`, or number rows by `identity`",
        )
    sequence = change.relation("name")
    return sa.Sequence(sequence.name, schema=sequence.schema, **options)


def _create_sequence(change: Change) -> None:
    options = {key: change.values[key] for key in ("start", "increment") if key in change.values}
    change.collector.execute(CreateSequence(_sequence(change, **options)))


def _drop_sequence(change: Change) -> None:
    change.collector.execute(DropSequence(_sequence(change)))


def _comment(change: Change) -> None:
    if change.dbms == "sqlite":
        return
    table, comment = change.relation(), text_or_none(change.values, "text")
    column = text_or_none(change.values, "column")
    if column is not None:
        comment_on_column(change, table, column, comment)
    elif comment is None:
        change.invoke(ops.DropTableCommentOp(table.name, schema=table.schema))
    else:
        change.invoke(ops.CreateTableCommentOp(table.name, comment, schema=table.schema))


_RENDERERS: dict[str, Callable[[Change], None]] = {
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "add_column": add_column,
    "drop_column": drop_column,
    "rename_column": rename_column,
    "alter_column": alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "add_primary_key": _add_primary_key,
    "add_unique_constraint": _add_unique_constraint,
    "add_check_constraint": _add_check_constraint,
    "add_foreign_key": _add_foreign_key,
    "drop_constraint": _drop_constraint,
    "create_view": _create_view,
    "drop_view": _drop_view,
    "create_sequence": _create_sequence,
    "drop_sequence": _drop_sequence,
    "comment": _comment,
    "insert": insert,
    "update": update,
    "delete": delete,
}
