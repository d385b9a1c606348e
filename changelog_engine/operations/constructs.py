"""Values of typed changes as SQLAlchemy's constructs: literals, columns. Made anew for each use."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from changelog_engine.model import OperationValue, SqlText
from changelog_engine.operations.errors import OperationError
from changelog_engine.operations.types import Native, column_type
from changelog_engine.operations.values import (
    ColumnState,
    Values,
    flag,
    in_parentheses,
    is_nullable,
    reference,
    text,
    text_or_none,
)


class Verbatim(sa.ColumnElement[Any]):
    """SQL as it is written. Not ``literal_column``, which passes for a column of that name, nor ``text``, which sees
    parameters in it.
    """

    __visit_name__ = "verbatim"
    inherit_cache = False

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.type = sa.types.NULLTYPE


@compiles(Verbatim)
def _compile_verbatim(element: Verbatim, compiler: Any, **_: Any) -> str:
    del compiler
    return element.sql


def literal(value: OperationValue) -> Any:
    """A value of a row, quoted by the dialect when it is rendered; an expression as it is."""
    match value:
        case SqlText():
            return Verbatim(value.text)
        case None:
            return sa.null()
        case bool():
            return sa.true() if value else sa.false()
        case int() | Decimal():
            return Verbatim(f"{value:f}" if isinstance(value, Decimal) else str(value))
        case _:
            return sa.literal(value, sa.String())


def default(value: OperationValue, dbms: str) -> Any:
    """A default; None for none."""
    if value is None:
        return None
    if isinstance(value, SqlText) and dbms in ("mysql", "mariadb"):
        return Verbatim(in_parentheses(value.text))
    return literal(value)


def foreign_key_name(table: str, column: str) -> str:
    """How the foreign key of a column is called on MySQL, which has to be told before it drops the column: as
    PostgreSQL would call it.
    """
    return f"{table}_{column}_fkey"[:64]


def column(values: Values, dbms: str, table: str = "") -> sa.Column[Any]:
    """A column of a table as it is declared."""
    is_key, is_numbered = flag(values, "primary_key"), flag(values, "identity")
    type_ = column_type(text(values, "type"), dbms)
    parts: list[Any] = []
    if "references" in values:
        referred, referenced = reference(text(values, "references"))
        target = ".".join(part for part in (referred.schema, referred.name, referenced) if part)
        name = foreign_key_name(table, text(values, "name")) if dbms in ("mysql", "mariadb") else None
        parts.append(sa.ForeignKey(target, name=name, ondelete=_action(values, "on_delete")))
    if is_numbered:
        type_ = _numbered(values, type_, dbms)
        if dbms == "postgresql":
            parts.append(sa.Identity(always=False))
    return sa.Column(
        text(values, "name"),
        type_,
        *parts,
        primary_key=is_key,
        nullable=is_nullable(values),
        unique=flag(values, "unique") or None,
        server_default=default(values.get("default"), dbms),
        autoincrement="auto" if is_numbered else False,
        comment=None if dbms == "sqlite" else text_or_none(values, "comment"),
    )


def target_of(values: Values) -> sa.ForeignKeyConstraint:
    """The foreign key of a column that refers to another one, as a constraint by itself."""
    table, referenced = reference(text(values, "references"))
    target = sa.Table(table.name, sa.MetaData(), sa.Column(referenced, sa.types.NULLTYPE), schema=table.schema)
    return sa.ForeignKeyConstraint(
        [text(values, "name")], [target.c[referenced]], ondelete=_action(values, "on_delete")
    )


def existing(state: ColumnState, dbms: str) -> dict[str, Any]:
    """What is known of a column, for the statements that state it anew."""
    return {
        "existing_type": column_type(state.type, dbms),
        "existing_nullable": state.nullable,
        "existing_server_default": default(state.default, dbms),
        "existing_comment": state.comment,
        "existing_autoincrement": state.identity or None,
    }


def actions(values: Values) -> dict[str, Any]:
    """What becomes of rows whose key is deleted or changed."""
    return {"ondelete": _action(values, "on_delete"), "onupdate": _action(values, "on_update")}


def _action(values: Values, key: str) -> str | None:
    action = text_or_none(values, key)
    return None if action is None else action.upper()


def _numbered(values: Values, type_: Any, dbms: str) -> Any:
    name = text(values, "name")
    if dbms != "postgresql" and not flag(values, "primary_key"):
        raise OperationError(
            f"column `{name}`: {dbms} numbers the rows by a primary key only",
            hint="give it `primary_key: true`, or leave out `identity`",
        )
    if dbms == "sqlite":
        # Of all types only this one is numbered.
        return sa.Integer()
    if isinstance(type_, Native) or not isinstance(type_, sa.Integer):
        raise OperationError(
            f"column `{name}`: `identity` needs an integer type, not `{text(values, 'type')}`",
            hint="write `type: bigint`",
        )
    return type_
