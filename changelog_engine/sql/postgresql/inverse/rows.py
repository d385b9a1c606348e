"""INSERT of literal rows, undone by DELETE by their key; and all that changes rows so that nobody can put them back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from changelog_engine.sql.effects import Kind
from changelog_engine.sql.inverses import DROPPED, ROWS, Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse.known import Table
from changelog_engine.sql.postgresql.inverse.own import refuse_side_effects
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, refuse_if, text, undoing, write
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.own_names import built_in
from changelog_engine.sql.postgresql.parsing import Node


def _insert(found: Found) -> Inverse:
    key, values = found_again(found)
    return undoing(write("DeleteStmt", relation=found.node["relation"], whereClause=_condition(key, values)))


def found_again(found: Found) -> tuple[tuple[str, ...], list[list[Node]]]:
    """The columns by which the rows of an INSERT are found again, and of each row their values.

    Raises UncertainError where they are not for certain.
    """
    node = found.node
    refuse_if(node.get("onConflictClause"), "with ON CONFLICT nobody knows which rows it made")
    refuse_if(node.get("withClause"), "the rows are not literals")
    rows = [row["List"]["items"] for row in node.get("selectStmt", {}).get("SelectStmt", {}).get("valuesLists", [])]
    refuse_if(not rows, "the rows are not literals, so nobody knows by what to find them again")
    refuse_side_effects(node)
    table = found.known.table(node["relation"])
    if table is None or table.has_heirs:
        raise UncertainError("the key of the table is not known from the changesets before it")
    refuse_if(table.is_partitioned, "what triggers of its partitions do with the rows is not known")
    for word in ("INSERT", "DELETE"):
        refuse_if(word in table.row_words, f"what a trigger or rule of the table does on {word} is not known")
    columns = [item["ResTarget"]["name"] for item in node.get("cols", [])] or list(table.columns)
    key = _key(table, columns, rows)
    return key, [[row[columns.index(name)] for name in key] for row in rows]


def _key(table: Table, columns: Sequence[str], rows: Sequence[Sequence[Node]]) -> tuple[str, ...]:
    """The first key of which every row has values that are found again as they are written."""
    for _, key in table.keys:
        places = [columns.index(name) for name in key if name in columns]
        types = [table.columns[name].type for name in key if name in table.columns]
        if len(places) == len(types) == len(key) and all(
            place < len(row) and _is_found_again(row[place], type_name)
            for row in rows
            for place, type_name in zip(places, types, strict=True)
        ):
            return key
    raise UncertainError("no key of the table is given in literals, so nobody knows by what to find the rows again")


_WHOLE = ("int2", "int4", "int8", "smallserial", "serial", "bigserial", "serial2", "serial4", "serial8", "oid")
_TEXTS = ("text", "varchar", "bpchar", "citext", "name", "uuid", "bytea", "inet", "cidr")
_MOMENTS = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d(:?\d\d)?)?)?")
_TIMES = ("date", "timestamp")
# Without an offset it is what the session's time zone makes of it.
_ZONED = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d(:?\d\d)?)")


def _is_found_again(node: Node, type_name: Node) -> bool:
    """Whether a column of that type that was set to a literal equals it: none that is rounded, cut or converted."""
    name = strings(type_name.get("names", []))[-1]
    if "TypeCast" in node:
        cast = node["TypeCast"]
        to = cast["typeName"]
        return strings(to.get("names", []))[-1] == name and not to.get("typmods") and _is_found_again(cast["arg"], to)
    value = node.get("A_Const")
    if value is None or value.get("isnull") or type_name.get("arrayBounds"):
        return False
    if "ival" in value:
        return name in (*_WHOLE, "numeric") and not type_name.get("typmods")
    if "boolval" in value:
        return name == "bool"
    text = value.get("sval", {}).get("sval")
    if text is None:
        return False
    if name in _TIMES:
        return _MOMENTS.fullmatch(text) is not None
    if name == "timestamptz":
        return _ZONED.fullmatch(text) is not None
    is_own_type = name not in built_in(Kind.TYPE)
    return is_own_type or (name in (*_TEXTS, *_WHOLE, "bool") and not text.endswith(" "))


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
