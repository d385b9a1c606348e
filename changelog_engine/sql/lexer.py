"""What is text, comment or quoted in SQL, by the lexical rules of each kind of database.

A lexer cuts a text into segments without a gap: comments, hints, quoted tokens, and the plain runs between them. It
never fails; what is not closed reaches to the end. Plain runs are cut further, into words and signs, by
``Lexer.tokens``. What it finds is under the frozen checksums: a change here must not change their test vectors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

WHITE_SPACE = " \t\n\r\f\v"


class SegmentKind(StrEnum):
    PLAIN = "plain"
    QUOTED = "quoted"
    COMMENT = "comment"
    HINT = "hint"


PLAIN, QUOTED, COMMENT, HINT = SegmentKind.PLAIN, SegmentKind.QUOTED, SegmentKind.COMMENT, SegmentKind.HINT
_KINDS = {"-": COMMENT, "/": COMMENT, "#": COMMENT, **dict.fromkeys("'\"`[$", QUOTED)}

Segment = tuple[SegmentKind, int, int]
"""Its kind, and where it begins and ends, in characters. A bare tuple, as there are very many of them."""


@dataclass(frozen=True, slots=True)
class Lexer:
    """``special`` finds the next comment or quoted token, ``tokens`` the words and signs of a plain run.

    Every alternative of ``special`` begins with a literal sign: so the search for it is many times as fast. What may
    stand before a quotation mark as a part of the token is therefore looked for backwards, with ``prefix``.
    """

    special: re.Pattern[str]
    tokens: re.Pattern[str]
    prefix: re.Pattern[str]
    prefix_ends: str
    nested_comments: bool

    def segments(self, text: str) -> list[Segment]:
        """The whole text, in order, without gaps."""
        segments: list[Segment] = []
        position = 0
        search = self.special.search
        while (match := search(text, position)) is not None:
            start, end = match.span()
            kind = _KINDS[text[start]]
            if kind is QUOTED and start > position and text[start - 1] in self.prefix_ends:
                start = self._begin_of_prefix(text, position, start)
            elif kind is COMMENT and text[start] == "/":
                kind, end = self._block_comment(text, start, end)
            if start > position:
                segments.append((PLAIN, position, start))
            segments.append((kind, start, end))
            position = end
        if position < len(text):
            segments.append((PLAIN, position, len(text)))
        return segments

    def _block_comment(self, text: str, start: int, end: int) -> tuple[SegmentKind, int]:
        if self.nested_comments:
            end = _end_of_nested_comment(text, start)
        else:
            end = end if end - start >= 4 and text.endswith("*/", start, end) else -1
        if text[start + 2 : start + 3] in ("+", "!"):
            return HINT, end if end >= 0 else len(text)
        # One that is not closed is not passed over: the database shall see it, and refuse what is lost in it.
        return (COMMENT, end) if end >= 0 else (QUOTED, len(text))

    def _begin_of_prefix(self, text: str, position: int, quotation: int) -> int:
        # The longest prefix of all is the name of a character set in MySQL.
        match = self.prefix.search(text, max(position, quotation - 64), quotation + 1)
        return match.start() if match is not None else quotation


_COMMENT_MARK = re.compile(r"/\*|\*/")


def _end_of_nested_comment(text: str, start: int) -> int:
    """-1 where it is not closed."""
    depth = 0
    for match in _COMMENT_MARK.finditer(text, start):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return -1


# A letter, digit, `_` or `$`, or anything beyond ASCII, white space of Unicode too, as databases have it. Written as
# what it is not, for the regex engine is then faster by half.
_LETTER = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
_NOT_IN_WORD = rf"(?<!{_LETTER})"
# The rest of a quotation, after the sign that opens it.
_DOUBLED_SINGLE = r"[^']*(?:''[^']*)*(?:'|\Z)"
_DOUBLED_DOUBLE = r'[^"]*(?:""[^"]*)*(?:"|\Z)'
_BACKTICKS = r"`[^`]*(?:``[^`]*)*(?:`|\Z)"
_ESCAPED_SINGLE = r"[^'\\]*(?:(?:''|\\.|\\\Z)[^'\\]*)*(?:'|\Z)"
_ESCAPED_DOUBLE = r'[^"\\]*(?:(?:""|\\.|\\\Z)[^"\\]*)*(?:"|\Z)'
_BLOCK_COMMENT = r"/\*.*?(?:\*/|\Z)"
_LINE_COMMENT = r"--[^\n\r]*"
_NUMBER = r"\d[\d.]*[eE][+-]\d+"
_WORD = rf"{_LETTER}+"
# PostgreSQL's rule: an operator does not end in + or -, unless it has one of the signs in the first alternative.
_POSTGRESQL_OPERATOR = r"[*/<>=+-]*[~!@#^&|`?%][~!@#^&|`?%*/<>=+-]*|[*/<>=+-]*[*/<>=]|::|:=|\.\.|=>"


def _compile(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.DOTALL | re.ASCII)


# As in `E'..'`: the sign, and the letter looked for behind it.
_ESCAPES_BEGIN = rf"'(?<=[eE]')(?<!{_LETTER}[eE]')"


_TAG = r"(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?"
_DOLLAR_QUOTE = rf"\$(?<!{_LETTER}\$)({_TAG}\$).*?(?:\$\1|\Z)"
# In a text as written, `$${` is an escaped `${` and neither opens nor closes a quotation.
_DOLLAR_QUOTE_WRITTEN = rf"\$(?<!{_LETTER}\$)({_TAG}\$)(?!\{{).*?(?:\$\1(?!\{{)|\Z)"


@cache
def _postgresql(dollar_quote: str) -> Lexer:
    return Lexer(
        special=_compile(
            rf"{_ESCAPES_BEGIN}{_ESCAPED_SINGLE}(?:[ \t\f\v]*[\n\r]\s*'{_ESCAPED_SINGLE})*",
            rf"'{_DOUBLED_SINGLE}",
            rf'"{_DOUBLED_DOUBLE}',
            dollar_quote,
            _LINE_COMMENT,
            _BLOCK_COMMENT,
        ),
        tokens=_compile(_NUMBER, _WORD, r"[(),;]", _POSTGRESQL_OPERATOR, r"[^\s]"),
        prefix=_compile(rf"{_NOT_IN_WORD}(?:(?:[eEbBxXnN]|[uU]&)'|[uU]&\")\Z"),
        prefix_ends="eEbBxXnN&",
        nested_comments=True,
    )


@cache
def _sqlite() -> Lexer:
    return Lexer(
        special=_compile(
            rf"'{_DOUBLED_SINGLE}",
            rf'"{_DOUBLED_DOUBLE}',
            _BACKTICKS,
            r"\[[^\]]*(?:\]|\Z)",
            _LINE_COMMENT,
            _BLOCK_COMMENT,
        ),
        tokens=_compile(_NUMBER, rf"[?:@#]?{_WORD}", r"[(),;]", r"->>?|\|\||<<|>>|<=|>=|==|<>|!=", r"[^\s]"),
        prefix=_compile(rf"{_NOT_IN_WORD}[xX]'\Z"),
        prefix_ends="xX",
        nested_comments=False,
    )


@cache
def _mysql() -> Lexer:
    return Lexer(
        special=_compile(
            rf"'{_ESCAPED_SINGLE}",
            rf'"{_ESCAPED_DOUBLE}',
            _BACKTICKS,
            r"#[^\n\r]*",
            # Two dashes begin a comment only before white space: `5--3` is a difference.
            r"--(?=[\s\x00]|\Z)[^\n\r]*",
            _BLOCK_COMMENT,
        ),
        tokens=_compile(_NUMBER, rf"@{{0,2}}{_WORD}", r"[(),;]", r"<=>|->>|->|:=|\|\||&&|<<|>>|<>|!=|<=|>=", r"[^\s]"),
        prefix=_compile(rf"{_NOT_IN_WORD}(?:(?:[nNxXbB]|_\w+)'|_\w+\")\Z"),
        prefix_ends="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
        nested_comments=False,
    )


def lexer_for(dbms: str) -> Lexer:
    """The lexer for SQL as the database gets it; a kind that we do not know is read by SQLite's plain rules.

    Made when it is first asked for: the expressions of each take a millisecond or two to compile.
    """
    if dbms == "postgresql":
        return _postgresql(_DOLLAR_QUOTE)
    return _mysql() if dbms in ("mysql", "mariadb") else _sqlite()


def lexer_for_written(dbms: str) -> Lexer:
    """The lexer for SQL as it stands in a changelog, before parameters are replaced."""
    return _postgresql(_DOLLAR_QUOTE_WRITTEN) if dbms == "postgresql" else lexer_for(dbms)
