"""Statements as parse trees, written as SQL by the parser's own writer, which puts names in quotes as they need it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
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

    message = postgast.pg_query_pb2.ParseResult()
    _fill(message, {"stmts": [{"stmt": {kind: fields}}]})
    sql: str = postgast.deparse(message)
    return sql


def _fill(message: Any, values: Node) -> None:
    """Set the fields of a message; protobuf's own reader of JSON lists all kinds of nodes anew for each node."""
    fields = _fields(message.DESCRIPTOR)
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            continue
        if field.message_type is None:
            number = (
                field.enum_type.values_by_name[value].number if isinstance(value, str) and field.enum_type else value
            )
            setattr(message, field.name, number)
        elif isinstance(value, list):
            for item in value:
                _fill(getattr(message, field.name).add(), item)
        else:
            part = getattr(message, field.name)
            part.SetInParent()
            _fill(part, value)


@cache
def _fields(descriptor: Any) -> Mapping[str, Any]:
    """The fields of a kind of message, by their names in JSON."""
    return {field.json_name: field for field in descriptor.fields}


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
