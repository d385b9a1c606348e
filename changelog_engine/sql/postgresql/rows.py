"""Which rows a statement writes: the literals by which they are known."""

from __future__ import annotations

from collections.abc import Sequence

from changelog_engine.sql.disguise import is_parameter
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.parsing import Node

Row = tuple[tuple[str, str], ...]

_MOST_ROWS = 1000
"""A text that inserts more is a load of data; which rows it has is not kept."""


def inserted_rows(columns: Sequence[str], query: Node | None) -> tuple[Row, ...] | None:
    """The literals of each row of INSERT … VALUES; None for rows from elsewhere, or without column names."""
    if query is None or not columns or "valuesLists" not in query or len(query["valuesLists"]) > _MOST_ROWS:
        return None
    rows: list[Row] = []
    for values in query["valuesLists"]:
        found = zip(columns, values["List"].get("items", []), strict=False)
        rows.append(tuple(sorted((name, text) for name, value in found if (text := literal_text(value)) is not None)))
    return tuple(rows) if all(rows) else None


def condition_rows(condition: Node | None) -> tuple[Row, ...] | None:
    """The rows that WHERE tells by ``=`` and ``IN`` with literals; None where it does not, or not by these alone."""
    if condition is None:
        return None
    rows: list[dict[str, str]] = [{}]
    parts = [condition]
    if condition.get("BoolExpr", {}).get("boolop") == "AND_EXPR":
        parts = condition["BoolExpr"]["args"]
    for part in parts:
        compared = _comparison(part)
        if compared is None or len(rows) * len(compared[1]) > _MOST_ROWS:
            # It makes the rows fewer, if anything.
            continue
        name, values = compared
        rows = [{**row, name: value} for row in rows for value in values]
    return tuple(tuple(sorted(row.items())) for row in rows) if rows != [{}] else None


def _comparison(node: Node) -> tuple[str, list[str]] | None:
    """A column and the literals that it is compared with."""
    operation = node.get("A_Expr", {})
    if strings(operation.get("name", [])) != ["="]:
        return None
    left, right = operation.get("lexpr", {}), operation.get("rexpr", {})
    if operation["kind"] == "AEXPR_IN":
        values = [literal_text(item) for item in right.get("List", {}).get("items", [])]
        found = [value for value in values if value is not None]
        name = _column_name(left)
        return (name, found) if name is not None and values and len(found) == len(values) else None
    if operation["kind"] != "AEXPR_OP":
        return None
    if (name := _column_name(left)) is not None and (value := literal_text(right)) is not None:
        return name, [value]
    if (name := _column_name(right)) is not None and (value := literal_text(left)) is not None:
        return name, [value]
    return None


def _column_name(node: Node) -> str | None:
    fields = strings(node.get("ColumnRef", {}).get("fields", []))
    return fields[-1] if fields else None


def literal_text(node: Node) -> str | None:
    """A literal as it is written in SQL: ``1``, ``'x'``, ``NULL``, ``true``, ``${name}``; None for all else."""
    if "TypeCast" in node:
        return literal_text(node["TypeCast"].get("arg", {}))
    constant = node.get("A_Const")
    if constant is None:
        name = _column_name(node)
        return name if name is not None and is_parameter(name) else None
    if "sval" in constant:
        text: str = constant["sval"].get("sval", "")
        return "'" + text.replace("'", "''") + "'"
    if "ival" in constant:
        return str(int(constant["ival"].get("ival", 0)))
    if "boolval" in constant:
        return "true" if constant["boolval"].get("boolval") else "false"
    if "fval" in constant:
        number: str = constant["fval"]["fval"]
        return number
    return "NULL" if constant.get("isnull") else None
