"""What is known of a column, as it would stand in a changelog."""

from __future__ import annotations

from changelog_engine.sql.disguise import is_disguised, undisguise
from changelog_engine.sql.known import ColumnFacts
from changelog_engine.sql.lexer import PLAIN, lexer_for
from changelog_engine.sql.postgresql.inverse.known import Column
from changelog_engine.sql.postgresql.inverse.tables import SERIALS
from changelog_engine.sql.postgresql.inverse.trees import write
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.parsing import Node

_NULL: Node = {"A_Const": {"isnull": True}}


def facts_of(column: Column) -> ColumnFacts | None:
    """What is known of a column; None where a parameter stands in it that may have been in quotes or not."""
    type_ = _type(column.type)
    default = _expression(column.default) if column.default else None
    if _is_unclear(type_) or (default is not None and _is_unclear(default)):
        return None
    return ColumnFacts(
        undisguise(type_),
        None if column.not_null else column.not_null is None,
        None if default is None else undisguise(default),
        undisguise(quoted(column.comment)) if column.comment else None,
        is_generated=column.default == {},
    )


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def _type(node: Node) -> str:
    name = strings(node.get("names", []))[-1:]
    if name and name[0] in SERIALS:
        return SERIALS[name[0]]
    return _expression({"TypeCast": {"arg": _NULL, "typeName": node}}).partition("::")[2]


def _expression(node: Node) -> str:
    return write("SelectStmt", targetList=[{"ResTarget": {"val": node}}]).removeprefix("SELECT ")


def _is_unclear(sql: str) -> bool:
    """Whether a name has a parameter in it: the writer puts all of those in quotes."""
    pieces = ((kind, sql[start:end]) for kind, start, end in lexer_for("postgresql").segments(sql))
    return any(kind is not PLAIN and piece.startswith('"') and is_disguised(piece) for kind, piece in pieces)
