"""Statements as parse trees, written as SQL by the parser's own writer, which puts names in quotes as they need it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from changelog_engine.sql.disguise import is_disguised
from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.lexer import PLAIN, lexer_for
from changelog_engine.sql.postgresql.inverse.known import Known
from changelog_engine.sql.postgresql.parsing import Node


class Found(NamedTuple):
    """A statement's node, and what is known of the state that it finds."""

    node: Node
    known: Known


Undo = Callable[[Found], Inverse]


def write(kind: str, **fields: Any) -> str:
    """The statement with that node, as SQL."""
    import postgast
    from google.protobuf import json_format

    tree = {"stmts": [{"stmt": {kind: fields}}]}
    message = json_format.ParseDict(tree, postgast.pg_query_pb2.ParseResult(), ignore_unknown_fields=True)
    sql: str = postgast.deparse(message)
    return sql


def as_spelled(sql: str, source: str) -> str:
    """SQL out of a disguised source, with each name that has a parameter in it in quotes where the source has it so.

    The value decides what quotes mean. UncertainError for a name that the source spells in both ways.
    """
    pieces = []
    for kind, start, end in lexer_for("postgresql").segments(sql):
        piece = sql[start:end]
        if kind is not PLAIN and piece.startswith('"') and is_disguised(piece):
            name = piece[1:-1]
            is_quoted = piece in source
            is_bare = re.search(rf'(?<![\w"]){re.escape(name)}(?![\w"])', source, re.IGNORECASE) is not None
            refuse_if(is_quoted == is_bare, "a name with a parameter in it is written with quotes and without")
            piece = piece if is_quoted else name
        pieces.append(piece)
    return "".join(pieces)


def undoing(*statements: str, transaction: bool = True) -> Inverse:
    return Inverse(statements, transaction)


def text(name: str) -> Node:
    return {"String": {"sval": name}}


def refuse_if(condition: Any, reason: str) -> None:
    """UncertainError for that reason, if the condition holds."""
    if condition:
        raise UncertainError(reason)
