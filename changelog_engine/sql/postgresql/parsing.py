"""PostgreSQL's parse trees, as the JSON that its parser gives, with places in characters.

A tree is nested dicts and lists: ``{"SelectStmt": {"targetList": [...]}}``. What is zero, false or empty is left out.
JSON and not protobuf, for that stops at a hundred levels, which fifty ``||`` in a row are.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, NamedTuple

from changelog_engine.sql.lexer import PLAIN, lexer_for
from changelog_engine.sql.pg_query import library

Node = dict[str, Any]

# The tree takes some 140 bytes a character; and the parser itself crashes at nestings of some ten thousand.
MOST_CHARACTERS = 2_000_000
_MOST_LEVELS = 600
_SURELY_FLAT = 4_000
_LEADING = re.compile(r"(?:[\s;]|--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_DEEPENING = re.compile(r"[(\[,;)\]]|[-+*/<>=~!@#%^&|`?:]+|\b(?:join|union|except|intersect|case|not|and|or)\b", re.I)


class RefusedError(Exception):
    """The parser does not take the text; ``place`` is the character that its message is about."""

    def __init__(self, message: str, place: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class Statement(NamedTuple):
    """The kind of its node ("SelectStmt"), the node, its text, and where that begins, in characters."""

    kind: str
    node: Node
    text: str
    place: int


class Parsed(NamedTuple):
    """``place_of`` turns a node's ``location`` into a place in the text."""

    statements: tuple[Statement, ...]
    place_of: Callable[[int], int]


def parse(text: str) -> Parsed:
    """The statements of a text. Raises ``RefusedError``, also for what is too long or too deep to be read."""
    lib = library()
    encoded = _encoded(text)
    result = lib.pg_query_parse(encoded)
    try:
        if result.error:
            # Its place is counted in characters, from 1, unlike those of the nodes.
            error = result.error.contents
            raise RefusedError(error.message.decode(errors="replace"), max(0, error.cursorpos - 1))
        trees: list[Node] = json.loads(result.parse_tree).get("stmts", [])
    except RecursionError:
        raise RefusedError("it is nested too deeply to be read") from None
    finally:
        lib.pg_query_free_parse_result(result)
    place_of = _places(text, encoded)
    statements = []
    for tree in trees:
        first = tree.get("stmt_location", 0)
        start = _LEADING.match(text, place_of(first)).end()  # type: ignore[union-attr]
        end = place_of(first + tree["stmt_len"]) if "stmt_len" in tree else len(text)
        for kind, node in tree.get("stmt", {}).items():
            statements.append(Statement(kind, node, text[start:end], start))
    return Parsed(tuple(statements), place_of)


def parse_body(text: str) -> list[Node]:
    """The bodies of a CREATE FUNCTION or DO in PL/pgSQL. Raises ``RefusedError``."""
    lib = library()
    result = lib.pg_query_parse_plpgsql(_encoded(text))
    try:
        if result.error:
            raise RefusedError(result.error.contents.message.decode(errors="replace"))
        return _functions(result.plpgsql_funcs.decode(errors="replace"))
    except RecursionError:
        raise RefusedError("it is nested too deeply to be read") from None
    finally:
        lib.pg_query_free_plpgsql_parse_result(result)


def _functions(found: str) -> list[Node]:
    head, sign, tail = found.partition('"refname":"found"')
    # The library closes each of a trigger's own variables (TG_OP and others) once too often.
    text = head.replace(",{}}", "") + sign + tail
    try:
        functions: list[Node] = json.loads(text)
    except ValueError:
        raise RefusedError("the parser gives no tree for it") from None
    if not functions:
        raise RefusedError("the parser gives no tree for it")
    return functions


def _encoded(text: str) -> bytes:
    if len(text) > MOST_CHARACTERS:
        raise RefusedError("it is too long to be read")
    if "\0" in text:
        raise RefusedError("it holds a NUL", text.index("\0"))
    if len(text) > _SURELY_FLAT and _levels(text) > _MOST_LEVELS:
        raise RefusedError("it is nested too deeply to be read")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise RefusedError("it holds half of a surrogate pair", error.start) from None


def _levels(text: str) -> int:
    """No fewer than the levels that the tree of a text has: parentheses, and chains of operators between commas."""
    most = level = 0
    chains = [0]
    for kind, start, end in lexer_for("postgresql").segments(text):
        if kind is not PLAIN:
            continue
        for match in _DEEPENING.finditer(text, start, end):
            sign = match[0]
            if sign in "([":
                chains.append(0)
                level += 1
            elif sign in ")]":
                level -= chains.pop() + 1 if len(chains) > 1 else 0
            elif sign == ",":
                level -= chains[-1]
                chains[-1] = 0
            elif sign == ";":
                level, chains = 0, [0]
            else:
                chains[-1] += 1
                level += 1
            most = max(most, level)
    return most


def _places(text: str, encoded: bytes) -> Callable[[int], int]:
    if len(encoded) == len(text):
        return int
    # The bytes that go on with a character: as many as there are before a byte, so much less is its place.
    continuing = [index for index, byte in enumerate(encoded) if byte & 0xC0 == 0x80]
    return lambda location: location - bisect_left(continuing, location)
