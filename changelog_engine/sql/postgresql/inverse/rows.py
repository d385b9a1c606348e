"""INSERT of literal rows, undone by DELETE by their key; and all that changes rows so that nobody can put them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from changelog_engine.sql.inverses import DROPPED, ROWS, Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse.known import Table
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, refuse_if, text, undoing, write
from changelog_engine.sql.postgresql.parsing import Node


def _insert(found: Found) -> Inverse:
    node = found.node
    refuse_if(node.get("onConflictClause"), "with ON CONFLICT nobody knows which rows it made")
    refuse_if(node.get("withClause"), "the rows are not literals")
    rows = node.get("selectStmt", {}).get("SelectStmt", {}).get("valuesLists")
    if not rows:
        raise UncertainError("the rows are not literals, so nobody knows by what to find them again")
    table = found.known.table(node["relation"])
    if table is None:
        raise UncertainError("the key of the table is not known, as no changeset before it makes the table")
    columns = [item["ResTarget"]["name"] for item in node.get("cols", [])] or list(table.columns)
    key = _key(table, columns, rows)
    values = [[row["List"]["items"][columns.index(name)] for name in key] for row in rows]
    return undoing(write("DeleteStmt", relation=node["relation"], whereClause=_condition(key, values)))


def _key(table: Table, columns: Sequence[str], rows: Sequence[Node]) -> tuple[str, ...]:
    """The first key of which every row has literals that are not NULL."""
    for _, key in table.keys:
        if all(name in columns for name in key) and all(
            _is_literal(row["List"]["items"][columns.index(name)])
            for row in rows
            for name in key
            if len(row["List"]["items"]) == len(columns)
        ):
            return key
    raise UncertainError("no key of the table is given in literals, so nobody knows by what to find the rows again")


def _is_literal(node: Node) -> bool:
    if "TypeCast" in node:
        return _is_literal(node["TypeCast"]["arg"])
    return "A_Const" in node and not node["A_Const"].get("isnull")


def _condition(key: Sequence[str], values: Sequence[Sequence[Node]]) -> Node:
    columns: list[Node] = [{"ColumnRef": {"fields": [text(name)]}} for name in key]
    if len(key) == 1:
        if len(values) == 1:
            return _equal(columns[0], values[0][0])
        return {
            "A_Expr": {
                "kind": "AEXPR_IN",
                "name": [text("=")],
                "lexpr": columns[0],
                "rexpr": {"List": {"items": [row[0] for row in values]}},
            }
        }
    rows = [_all("AND_EXPR", [_equal(*pair) for pair in zip(columns, row, strict=True)]) for row in values]
    return _all("OR_EXPR", rows)


def _equal(column: Node, value: Node) -> Node:
    return {"A_Expr": {"kind": "AEXPR_OP", "name": [text("=")], "lexpr": column, "rexpr": value}}


def _all(operator: str, conditions: list[Node]) -> Node:
    return conditions[0] if len(conditions) == 1 else {"BoolExpr": {"boolop": operator, "args": conditions}}


def _never(reason: str) -> Undo:
    def undo(_found: Found) -> Inverse:
        raise UncertainError(reason)

    return undo


_ANYTHING = "what it does depends on what it finds, and is known to nobody afterwards"

STATEMENTS: Mapping[str, Undo] = {
    "InsertStmt": _insert,
    **dict.fromkeys(("UpdateStmt", "DeleteStmt", "TruncateStmt", "MergeStmt", "CopyStmt"), _never(ROWS)),
    **dict.fromkeys(("DropStmt", "DropRoleStmt", "DropOwnedStmt", "DropUserMappingStmt"), _never(DROPPED)),
    **dict.fromkeys(("DoStmt", "CallStmt"), _never(_ANYTHING)),
}
