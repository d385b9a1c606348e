"""Typed changes to SQL: what Alembic and SQLAlchemy make of an operation on a kind of database.

This, and what it imports, is the one door of Alembic; it takes a third of a second to import, so that only what
renders a typed change does so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic.ddl.base import alter_table, format_column_name
from alembic.operations import ops
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSequence, DropSequence

from changelog_engine.model import Operation, SqlText
from changelog_engine.operations import constructs
from changelog_engine.operations.collecting import Collector
from changelog_engine.operations.errors import OperationError
from changelog_engine.operations.types import column_type
from changelog_engine.operations.values import (
    ColumnState,
    Relation,
    Values,
    flag,
    items,
    record,
    records,
    relation,
    text,
    text_or_none,
    texts,
)

KnownColumn = Callable[[Relation, str], ColumnState | None]
"""What the changelog knows of a column at the moment; None where it does not."""

_MYSQL = ("mysql", "mariadb")
_ROWS_AT_ONCE = 200
CONSTRAINTS = {"primary_key": "primary", "unique": "unique", "check": "check", "foreign_key": "foreignkey"}


def knows_nothing(_table: Relation, _column: str) -> None:
    """Nothing is known of any column."""
    return


def render(operation: Operation, dbms: str, known: KnownColumn = knows_nothing) -> tuple[str, ...]:
    """The statements that do what the operation says. Raises OperationError where this kind of database cannot."""
    collector = Collector(dbms)
    try:
        _RENDERERS[operation.kind](_Change(operation.values, dbms, collector, known))
    except (SQLAlchemyError, NotImplementedError) as error:
        raise OperationError(f"{dbms} cannot do this: {error}") from error
    return tuple(collector.statements)


class _Change:
    """The values of an operation, and where its statements go to."""

    def __init__(self, values: Values, dbms: str, collector: Collector, known: KnownColumn) -> None:
        self.values = values
        self.dbms = dbms
        self.collector = collector
        self.known = known
        self.is_mysql = dbms in _MYSQL

    def invoke(self, operation: ops.MigrateOperation) -> None:
        self.collector.operations.invoke(operation)

    def relation(self, key: str = "table") -> Relation:
        return relation(self.values, key)

    def text(self, key: str) -> str:
        return text(self.values, key)


# ------------------------------------------------------------------------------------------------- tables


def _create_table(change: _Change) -> None:
    table = change.relation()
    columns = [constructs.column(column, change.dbms, table.name) for column in records(change.values, "columns")]
    comment = None if change.dbms == "sqlite" else text_or_none(change.values, "comment")
    change.invoke(ops.CreateTableOp(table.name, columns, schema=table.schema, comment=comment))


def _drop_table(change: _Change) -> None:
    table = change.relation()
    change.invoke(ops.DropTableOp(table.name, schema=table.schema))


def _rename_table(change: _Change) -> None:
    table = change.relation("from")
    change.invoke(ops.RenameTableOp(table.name, change.text("to"), schema=table.schema))


# ------------------------------------------------------------------------------------------------ columns


def _add_column(change: _Change) -> None:
    table = change.relation()
    column = constructs.column(record(change.values, "column"), change.dbms, table.name)
    change.invoke(ops.AddColumnOp(table.name, column, schema=table.schema))


def _drop_column(change: _Change) -> None:
    """``refers`` stands in inverses only: the column came with a foreign key, which MySQL wants dropped first."""
    table = change.relation()
    if change.is_mysql and flag(change.values, "refers"):
        name = constructs.foreign_key_name(table.name, change.text("column"))
        change.invoke(ops.DropConstraintOp(name, table.name, "foreignkey", schema=table.schema))
    change.invoke(ops.DropColumnOp(table.name, change.text("column"), schema=table.schema))


def _rename_column(change: _Change) -> None:
    table = change.relation()
    old, new = change.text("from"), change.text("to")
    if change.is_mysql:
        # Alembic would state the whole column anew, and lose what nobody told it of.
        compiler: Any = change.collector.dialect.ddl_compiler
        compiler = compiler(change.collector.dialect, None)
        names = f"{format_column_name(compiler, old)} TO {format_column_name(compiler, new)}"
        change.collector.add(f"{alter_table(compiler, table.name, table.schema)} RENAME COLUMN {names}")
        return
    change.invoke(ops.AlterColumnOp(table.name, old, schema=table.schema, modify_name=new))


def alterations(values: Values, dbms: str) -> dict[str, Any]:
    """What is changed about a column, as Alembic's operation names it."""
    found: dict[str, Any] = {}
    if "type" in values:
        found["modify_type"] = column_type(text(values, "type"), dbms)
    if "nullable" in values:
        found["modify_nullable"] = values["nullable"]
    if "default" in values:
        found["modify_server_default"] = constructs.default(values["default"], dbms)
    return found


def _alter_column(change: _Change) -> None:
    table, name, values = change.relation(), change.text("column"), change.values
    given = alterations(values, change.dbms)
    if change.is_mysql and ("type" in values or "nullable" in values):
        given |= _stated_before(change, table, name)
    using = values.get("using")
    if isinstance(using, SqlText) and change.dbms == "postgresql":
        given["postgresql_using"] = using.text
    elif change.is_mysql and isinstance(values.get("default"), SqlText) and "existing_type" not in given:
        given["modify_server_default"] = constructs.Verbatim(f"({_inner(values['default'])})")
    change.invoke(_altered(table, name, given))


def _altered(table: Relation, name: str, given: dict[str, Any]) -> ops.AlterColumnOp:
    return ops.AlterColumnOp(table.name, name, schema=table.schema, **given)


def _inner(default: Any) -> str:
    sql: str = default.text.strip()
    return sql[1:-1] if sql.startswith("(") and sql.endswith(")") else sql


def _stated_before(change: _Change, table: Relation, name: str) -> dict[str, Any]:
    """What MySQL has to be told of a column besides what is changed, as it would else forget it."""
    values, was, known = change.values, record(change.values, "was"), change.known(table, name)
    missing = [key for key in ("type", "nullable", "default") if key not in values and key not in was and known is None]
    if missing:
        written = ", ".join(f"{key}: …" for key in missing)
        raise OperationError(
            f"{change.dbms} states a column anew to change it, and nothing tells the {_and(missing)} of "
            f"`{table.name}.{name}`",
            hint=f"say how it is: `was: {{{written}}}`",
        )
    state = known or ColumnState(text(values, "type") if "type" in values else "", True, None)
    state = ColumnState(
        text(was, "type") if "type" in was else state.type,
        flag(was, "nullable", state.nullable),
        was.get("default", state.default),
        state.comment,
        state.identity,
    )
    return constructs.existing(state, change.dbms)


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


# ---------------------------------------------------------------------------------- indexes and constraints


def _create_index(change: _Change) -> None:
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


def _drop_index(change: _Change) -> None:
    values = change.values
    table = relation(values) if "table" in values else None
    if table is None and change.is_mysql:
        raise OperationError(f"{change.dbms} needs the table of an index to drop it", hint="give it `table`")
    schema = table.schema if table is not None else text_or_none(values, "schema")
    options: dict[str, Any] = {"postgresql_concurrently": True} if _is_concurrent(change) else {}
    change.invoke(ops.DropIndexOp(change.text("name"), table.name if table else None, schema=schema, **options))


def _is_concurrent(change: _Change) -> bool:
    return change.dbms == "postgresql" and flag(change.values, "concurrently")


def _add_primary_key(change: _Change) -> None:
    table = change.relation()
    columns = texts(change.values, "columns")
    change.invoke(ops.CreatePrimaryKeyOp(change.text("name"), table.name, columns, schema=table.schema))


def _add_unique_constraint(change: _Change) -> None:
    table = change.relation()
    columns = texts(change.values, "columns")
    change.invoke(ops.CreateUniqueConstraintOp(change.text("name"), table.name, columns, schema=table.schema))


def _add_check_constraint(change: _Change) -> None:
    table = change.relation()
    condition = constructs.Verbatim(change.values["condition"].text)  # type: ignore[union-attr]
    change.invoke(ops.CreateCheckConstraintOp(change.text("name"), table.name, condition, schema=table.schema))


def _add_foreign_key(change: _Change) -> None:
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


def _drop_constraint(change: _Change) -> None:
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


def _create_view(change: _Change) -> None:
    view = change.relation("name")
    name = change.collector.quoted(view.name, view.schema)
    replaces = flag(change.values, "replace")
    query = change.values["query"].text  # type: ignore[union-attr]
    if replaces and change.dbms == "sqlite":
        change.collector.add(f"DROP VIEW IF EXISTS {name}")
    words = "CREATE OR REPLACE VIEW" if replaces and change.dbms != "sqlite" else "CREATE VIEW"
    change.collector.add(f"{words} {name} AS {query}")


def _drop_view(change: _Change) -> None:
    view = change.relation("name")
    change.collector.add(f"DROP VIEW {change.collector.quoted(view.name, view.schema)}")


def _sequence(change: _Change, **options: Any) -> sa.Sequence:
    if change.dbms in ("sqlite", "mysql"):
        raise OperationError(
            f"{change.dbms} has no sequences",
            hint="limit the changeset with `dbms: [postgresql, mariadb]`, or number rows by `identity`",
        )
    sequence = change.relation("name")
    return sa.Sequence(sequence.name, schema=sequence.schema, **options)


def _create_sequence(change: _Change) -> None:
    options = {key: change.values[key] for key in ("start", "increment") if key in change.values}
    change.collector.execute(CreateSequence(_sequence(change, **options)))


def _drop_sequence(change: _Change) -> None:
    change.collector.execute(DropSequence(_sequence(change)))


def _comment(change: _Change) -> None:
    if change.dbms == "sqlite":
        return
    table, comment = change.relation(), text_or_none(change.values, "text")
    column = text_or_none(change.values, "column")
    if column is not None:
        given: dict[str, Any] = {"modify_comment": comment}
        if change.is_mysql:
            state = change.known(table, column)
            if state is None:
                raise OperationError(
                    f"{change.dbms} states a column anew to comment on it, and no changeset tells how "
                    f"`{table.name}.{column}` is",
                    hint="write it as `sql`, with all of the column's definition",
                )
            given |= constructs.existing(state, change.dbms)
        change.invoke(_altered(table, column, given))
    elif comment is None:
        change.invoke(ops.DropTableCommentOp(table.name, schema=table.schema))
    else:
        change.invoke(ops.CreateTableCommentOp(table.name, comment, schema=table.schema))


def _table(change: _Change, columns: list[str]) -> sa.TableClause:
    table = change.relation()
    return sa.table(table.name, *(sa.column(name) for name in columns), schema=table.schema)


def _insert(change: _Change) -> None:
    """Rows with the same columns one after the other share a statement."""
    together: list[Values] = []
    for row in records(change.values, "rows"):
        if together and (list(row) != list(together[0]) or len(together) == _ROWS_AT_ONCE):
            _insert_rows(change, together)
            together = []
        together.append(row)
    _insert_rows(change, together)


def _insert_rows(change: _Change, rows: list[Values]) -> None:
    table = _table(change, list(rows[0]))
    values = [{name: constructs.literal(value) for name, value in row.items()} for row in rows]
    change.collector.execute(sa.insert(table).values(values if len(values) > 1 else values[0]))


def _update(change: _Change) -> None:
    given = record(change.values, "set")
    statement = sa.update(_table(change, list(given)))
    change.collector.execute(
        _limited(change, statement.values({name: constructs.literal(value) for name, value in given.items()}))
    )


def _delete(change: _Change) -> None:
    """Rows that meet a condition; or, as the inverse of ``insert``, those that have these values."""
    rows = records(change.values, "rows")
    if not rows:
        change.collector.execute(_limited(change, sa.delete(_table(change, []))))
        return
    table = _table(change, list(rows[0]))
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        alternatives = [
            sa.and_(*(table.c[name] == constructs.literal(value) for name, value in row.items()))
            for row in rows[first : first + _ROWS_AT_ONCE]
        ]
        change.collector.execute(sa.delete(table).where(sa.or_(*alternatives)))


def _limited(change: _Change, statement: Any) -> Any:
    where = change.values.get("where")
    return statement.where(constructs.Verbatim(where.text)) if isinstance(where, SqlText) else statement


_RENDERERS: dict[str, Callable[[_Change], None]] = {
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "rename_column": _rename_column,
    "alter_column": _alter_column,
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
    "insert": _insert,
    "update": _update,
    "delete": _delete,
}
