"""What a statement is about that may have been run, or not: of that nothing is known afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.sql.postgresql.inverse.objects import made_by
from changelog_engine.sql.postgresql.parsing import Node, Statement

Object = tuple[str, Node]
"""The parser's word for the kind of an object, and the node that names it."""

_ROWS = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CopyStmt", "SelectStmt", "RefreshMatViewStmt")


def doubted_by(statement: Statement) -> Iterator[Object]:
    """The objects of which a statement makes, changes or drops something, by their old and new names."""
    kind, node = statement.kind, statement.node
    made = made_by(kind, node)
    if made is not None:
        yield made.kind, made.object
    if kind in _ROWS:
        return
    if "relation" in node:
        yield "OBJECT_TABLE", {"RangeVar": node["relation"]}
        if kind == "RenameStmt":
            yield "OBJECT_TABLE", {"RangeVar": {**node["relation"], "relname": node["newname"]}}
    word = node.get("removeType") or node.get("objtype") or node.get("objectType") or node.get("renameType")
    if word is not None:
        yield from ((word, item) for item in node.get("objects", []))
        if "object" in node:
            yield word, node["object"]
    for item in node.get("inhRelations", []):
        yield "OBJECT_TABLE", item
