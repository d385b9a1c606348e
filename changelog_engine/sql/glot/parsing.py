"""sqlglot's trees, from SQL that is smoothed first: what it does not know gives way to what it does, sign for sign.

So every place in a tree is one in the text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from changelog_engine.sql.lexer import COMMENT, HINT, PLAIN, lexer_for

MOST_CHARACTERS = 300_000
"""A statement that is longer is not parsed: that takes about a second, and a kilobyte for ten characters."""

# A word or sign, and what stands for it.
_UNKNOWN_TO_SQLITE = re.compile(r"(?<=\bUPDATE)\s+OR\s+\w+|(?<!\bOR\s)(\bREPLACE)(?=\s+INTO\b)", re.IGNORECASE)
_UNKNOWN_TO_MYSQL = re.compile(
    r"(\A\s*REPLACE\b)|(?<=\bINSERT)\s+(?:LOW_PRIORITY|HIGH_PRIORITY|DELAYED)\b"
    r"|(?<=\bUPDATE)\s+(?:LOW_PRIORITY\s+)?(?:IGNORE)\b|(?<=\bDELETE)\s+(?:LOW_PRIORITY|QUICK|IGNORE)\b"
    r"|\b(?:ENFORCED|INVISIBLE)\b",
    re.IGNORECASE,
)
_CONDITIONAL = re.compile(r"/\*M?!\d*")


class RefusedError(Exception):
    """sqlglot does not take a statement."""


def parse(text: str, dbms: str) -> Any:
    """The tree of one statement. Raises ``RefusedError``, also for what is too long or too deep."""
    if len(text) > MOST_CHARACTERS:
        raise RefusedError("it is too long")
    try:
        with _silent():
            trees = sqlglot.parse(text, read="sqlite" if dbms == "sqlite" else "mysql")
    except SqlglotError as error:
        raise RefusedError("its syntax is not known") from error
    except RecursionError:
        raise RefusedError("it is nested too deeply") from None
    if len(trees) != 1 or trees[0] is None:
        raise RefusedError("it is more than one statement")
    return trees[0]


def smooth(text: str, dbms: str) -> str:
    """A statement, or a part of one, as sqlglot takes it; of the same length."""
    pieces: list[str] = []
    for kind, start, end in lexer_for(dbms).segments(text):
        piece = text[start:end]
        if kind in (COMMENT, HINT):
            piece = _blank(piece)
        elif kind is PLAIN:
            pattern = _UNKNOWN_TO_SQLITE if dbms == "sqlite" else _UNKNOWN_TO_MYSQL
            piece = pattern.sub(_known, piece)
        pieces.append(piece)
    return "".join(pieces)


def unwrap(text: str) -> str:
    """MySQL's text with what it runs out of comments (``/*!40101 SET … */``) as statements, of the same length."""
    if "/*!" not in text and "/*M!" not in text:
        return text
    pieces: list[str] = []
    for kind, start, end in lexer_for("mysql").segments(text):
        piece = text[start:end]
        if kind in (COMMENT, HINT) and (begin := _CONDITIONAL.match(piece)):
            piece = " " * begin.end() + piece[begin.end() :].removesuffix("*/")
        pieces.append(piece.ljust(end - start))
    return "".join(pieces)


def _known(match: re.Match[str]) -> str:
    return match[0].upper().replace("REPLACE", "INSERT ") if match[1] else " " * len(match[0])


def _blank(text: str) -> str:
    return "".join("\n" if sign == "\n" else " " for sign in text)


@contextmanager
def _silent() -> Iterator[None]:
    """sqlglot logs what it does not know; here that is said as effects."""
    logger = logging.getLogger("sqlglot")
    kept, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = kept
