"""Changes of columns to SQL, with all of a column that MySQL has to be told again to change a part of it."""

from __future__ import annotations

from typing import Any

from alembic.ddl.base import alter_table, format_column_name
from alembic.operations import ops

from changelog_engine.model import SqlText
from changelog_engine.operations import constructs
from changelog_engine.operations.change import Change
from changelog_engine.operations.errors import OperationError
from changelog_engine.operations.types import column_type
from changelog_engine.operations.values import ColumnState, Relation, Values, flag, record, type_in


def add_column(change: Change) -> None:
    table = change.relation()
    column = constructs.column(record(change.values, "column"), change.dbms, table.name)
    change.invoke(ops.AddColumnOp(table.name, column, schema=table.schema))


def drop_column(change: Change) -> None:
    """``refers`` stands in inverses only: the column came with a foreign key, which MySQL wants dropped first."""
    table = change.relation()
    if change.is_mysql and flag(change.values, "refers"):
        name = constructs.foreign_key_name(table.name, change.text("column"))
        change.invoke(ops.DropConstraintOp(name, table.name, "foreignkey", schema=table.schema))
    change.invoke(ops.DropColumnOp(table.name, change.text("column"), schema=table.schema))


def rename_column(change: Change) -> None:
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
        found["modify_type"] = column_type(type_in(values), dbms)
    if "nullable" in values:
        found["modify_nullable"] = values["nullable"]
    if "default" in values:
        found["modify_server_default"] = constructs.default(values["default"], dbms)
    return found


def alter_column(change: Change) -> None:
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


def _stated_before(change: Change, table: Relation, name: str) -> dict[str, Any]:
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
    state = known or ColumnState(type_in(values) if "type" in values else "", True, None)
    state = ColumnState(
        type_in(was) if "type" in was else state.type,
        flag(was, "nullable", bool(state.nullable)),
        was.get("default", state.default),
        state.comment,
        state.identity,
    )
    return constructs.existing(state, change.dbms)


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def comment_on_column(change: Change, table: Relation, column: str, comment: str | None) -> None:
    """Set or take away a column's comment; not for SQLite."""
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
