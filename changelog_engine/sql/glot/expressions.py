"""Expressions, queries and row changes that stand in a statement which is read by hand."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from changelog_engine.sql.glot import rows
from changelog_engine.sql.glot.parsing import RefusedError, parse, smooth
from changelog_engine.sql.glot.queries import Reader, Scope, outputs
from changelog_engine.sql.glot.state import ANY, State
from changelog_engine.sql.glot.tokens import Cursor

_BEFORE_EXPRESSION = "SELECT "


def read_expression(state: State, cursor: Cursor, scope: Scope) -> None:
    """All that is left of a cursor, as an expression or a list of them; opaque if it cannot be read."""
    if cursor.ended():
        return
    start, end = cursor.place, cursor.tokens[-1].end
    cursor.position = len(cursor.tokens)
    try:
        tree = parse(_BEFORE_EXPRESSION + smooth(state.text[start:end], state.dbms), state.dbms)
    except RefusedError as error:
        state.opaque(f"an expression that cannot be read: {error}", start)
        return
    Reader(state, start - len(_BEFORE_EXPRESSION)).walk(tree.args.get("expressions"), scope)


def read_query(state: State, cursor: Cursor, scope: Scope) -> list[str]:
    """All that is left of a cursor, as a query; gives the names of its columns. Opaque if it cannot be read."""
    start, end = cursor.place, cursor.tokens[-1].end
    cursor.position = len(cursor.tokens)
    try:
        tree = parse(smooth(state.text[start:end], state.dbms), state.dbms)
    except RefusedError as error:
        state.opaque(f"a query that cannot be read: {error}", start)
        return [ANY]
    read_rows(state, tree, start, scope, replaces=False)
    return outputs(tree)


def read_rows(state: State, tree: Any, offset: int, scope: Scope, replaces: bool) -> bool:
    """A query or a change of rows; False for a tree of any other kind. ``offset`` is where its text begins."""
    reader = Reader(state, offset)
    if isinstance(tree, exp.Query):
        reader.query(tree, scope)
    elif isinstance(tree, exp.Values):
        reader.walk(tree.expressions, scope)
    elif isinstance(tree, exp.Insert):
        rows.read_insert(reader, tree, scope, replaces)
    elif isinstance(tree, exp.Update):
        rows.read_update(reader, tree, scope)
    elif isinstance(tree, exp.Delete):
        rows.read_delete(reader, tree, scope)
    elif isinstance(tree, exp.TruncateTable):
        rows.read_truncate(reader, tree)
    else:
        return False
    return True
