"""Statements as parse trees, written as SQL by the parser's own writer, which puts names in quotes as they need it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse.known import Known
from changelog_engine.sql.postgresql.parsing import Node

# A parameter by itself, disguised, in the quotes that the writer gives to all that is not plain.
_QUOTED_PARAMETER = re.compile('"(\u0724\u077b[\u0721-\u077c\u077e]+\u077d)"')


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
    return _QUOTED_PARAMETER.sub(r"\1", postgast.deparse(message))


def undoing(*statements: str, transaction: bool = True) -> Inverse:
    return Inverse(statements, transaction)


def text(name: str) -> Node:
    return {"String": {"sval": name}}


def refuse_if(condition: Any, reason: str) -> None:
    """UncertainError for that reason, if the condition holds."""
    if condition:
        raise UncertainError(reason)
