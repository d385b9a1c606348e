"""What the definition of a column says, as far as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from changelog_engine.sql.plain_inverse.words import Token, source_of

_PARTS = frozenset(
    (
        *("NOT", "NULL", "DEFAULT", "AUTO_INCREMENT", "AUTOINCREMENT", "PRIMARY", "UNIQUE", "KEY", "COMMENT", "CHECK"),
        *("REFERENCES", "CONSTRAINT", "COLLATE", "CHARACTER", "CHARSET", "GENERATED", "AS", "ON", "INVISIBLE"),
        *("FIRST", "AFTER", "WITH", "WITHOUT", "REF_SYSTEM_ID", "COMPRESSED"),
    )
)
_UNLISTED = frozenset(("GENERATED", "AS", "INVISIBLE"))
_ACTIONS = ("CASCADE", "RESTRICT", "ACTION", "NULL", "DEFAULT")


@dataclass(slots=True)
class Column:
    """``written`` is its name as it stands, ``type`` the words of its type.

    ``default`` and ``comment`` are SQL as it is written, None for none. ``is_numbered``: the database numbers the rows
    by it. ``is_whole`` False: there is more to it than this; ``is_listed`` False: an INSERT that names no columns may
    leave it out.
    """

    written: str
    type: tuple[Token, ...] = ()
    is_nullable: bool = True
    default: str | None = None
    comment: str | None = None
    is_numbered: bool = False
    is_whole: bool = True
    is_listed: bool = True

    @property
    def type_text(self) -> str:
        return source_of(self.type)


def column_of(part: Sequence[Token], dbms: str) -> Column:
    """The column that a definition is of, from its name on."""
    end = _end_of_type(part)
    # More than a type is what SERIAL is short for, and what a comment for some versions alone may hold.
    is_whole = len(part) > 1 and part[1].word != "SERIAL" and not any(token.text[:2] == "/*" for token in part)
    is_listed = _UNLISTED.isdisjoint(token.word for token in part[end:])
    column = Column(part[0].text, tuple(part[1:end]), is_whole=is_whole, is_listed=is_listed)
    _Attributes(part[end:], column, dbms).read()
    return column


def _end_of_type(part: Sequence[Token]) -> int:
    depth = 0
    for place, token in enumerate(part[1:], 1):
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if depth == 0 and token.word in _PARTS:
            return place
    return len(part)


class _Attributes:
    """What follows a column's type, read from left to right into the column."""

    def __init__(self, tokens: Sequence[Token], column: Column, dbms: str) -> None:
        self._tokens = tokens
        self._place = 0
        self._column = column
        self._dbms = dbms

    def read(self) -> None:
        column = self._column
        while self._place < len(self._tokens):
            word = self._next()
            match word:
                case "NOT" if self._take("NULL"):
                    column.is_nullable = False
                case "PRIMARY" | "KEY":
                    self._take("KEY")
                    column.is_nullable = False
                case "UNIQUE":
                    self._take("KEY")
                case "AUTO_INCREMENT" | "AUTOINCREMENT":
                    column.is_numbered = True
                case "DEFAULT":
                    value = self._value()
                    column.default = None if value.upper() == "NULL" else value
                case "COMMENT":
                    column.comment = self._value()
                case "REFERENCES":
                    self._pass_reference()
                case "CHECK":
                    self._value()
                    # Where a column is stated anew, its check is gone without this.
                    column.is_whole = column.is_whole and self._dbms == "sqlite"
                case "CONSTRAINT":
                    self._next()
                case "FIRST" | "AFTER":
                    self._place = len(self._tokens)
                case "NULL" | "ASC" | "DESC":
                    pass
                case _:
                    column.is_whole = False

    def _next(self) -> str:
        """The next word, which is passed; empty at the end, and for what is in quotes."""
        word = self._tokens[self._place].word if self._place < len(self._tokens) else ""
        self._place += 1
        return word

    def _take(self, word: str) -> bool:
        is_next = self._place < len(self._tokens) and self._tokens[self._place].word == word
        self._place += is_next
        return is_next

    def _value(self) -> str:
        """A literal, a word, a call, or what is in parentheses, as it is written."""
        first = self._place
        if self._next() in ("+", "-"):
            self._next()
        while self._take("."):
            self._next()
        self._place = first if self._is_open(first) else self._place
        self._pass_parentheses()
        return source_of(self._tokens[first : self._place])

    def _is_open(self, place: int) -> bool:
        return place < len(self._tokens) and self._tokens[place].word == "("

    def _pass_parentheses(self) -> None:
        depth = 0
        while self._is_open(self._place) or depth:
            depth += {"(": 1, ")": -1}.get(self._next(), 0)
            if self._place >= len(self._tokens):
                return

    def _pass_reference(self) -> None:
        """``REFERENCES t (x) ON DELETE SET NULL``: a table's, and no part of the column."""
        self._next()
        while self._take("."):
            self._next()
        self._pass_parentheses()
        while self._take("ON"):
            self._next()
            while self._place < len(self._tokens) and self._next() not in _ACTIONS:
                pass
