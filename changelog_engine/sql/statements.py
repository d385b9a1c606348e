"""SQL text cut into statements, by the rules of each kind of database."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from itertools import pairwise

from changelog_engine.model import SqlByKind, SqlText
from changelog_engine.sql.lexer import COMMENT, PLAIN, WHITE_SPACE, Lexer, lexer_for
from changelog_engine.sql.pg_query import library

Span = tuple[int, int]
"""Where a piece begins and ends, in characters."""

_BYTE_ORDER_MARK = "\ufeff"
_SEPARATORS = WHITE_SPACE + ";"

_CONTROL = re.compile(
    r"(?:START\s+TRANSACTION|PREPARE\s+TRANSACTION|BEGIN|COMMIT|ROLLBACK|END|ABORT|SAVEPOINT|RELEASE)\b", re.IGNORECASE
)
_CONTROL_WORD = re.compile(r"(?:START|PREPARE|BEGIN|COMMIT|ROLLBACK|END|ABORT|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
_MYSQL_ROUTINE = re.compile(
    r"CREATE\b(?:(?!;).)*?\b(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE)\b", re.IGNORECASE | re.DOTALL
)
_SQLITE_TRIGGER = re.compile(
    r"(?:EXPLAIN\s+(?:QUERY\s+PLAN\s+)?)?CREATE\s+(?:TEMP(?:ORARY)?\s+)?TRIGGER\b", re.IGNORECASE
)
_BLOCK_WORD = re.compile(
    r"[();]|\b(?:BEGIN\s+ATOMIC|BEGIN|CASE|END(?:\s+(?:IF|LOOP|WHILE|REPEAT|FOR|CASE))?)\b", re.IGNORECASE
)
# Chains and nestings of half a million were refused by the parser and did not crash it; what is longer is not tried.
_PARSER_CHARACTERS = 8_000_000


def clean_text(text: str) -> str:
    """The text without a byte order mark and with ``\\n`` at its line ends."""
    return text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")


def text_for(texts: SqlByKind, dbms: str) -> SqlText | None:
    """The text for a kind of database: its own, for mariadb else mysql's, else the default; None if there is none."""
    kinds = (dbms, "mysql", "default") if dbms == "mariadb" else (dbms, "default")
    return next((texts[kind] for kind in kinds if kind in texts), None)


def split_statements(sql: SqlText, dbms: str, delimiter: str | None = None) -> tuple[SqlText, ...]:
    """The statements of a text, each without its delimiter and without white space and comments around it.

    Hints stay. Pieces that are comments only are dropped. ``delimiter`` None or ``;`` cuts by the database's own rules.
    A word like ``GO``, or ``/``, cuts where it has a line to itself; any other delimiter wherever it stands outside of
    quotes and comments.
    """
    return tuple(
        SqlText(sql.text[start:end], sql.locate(start), sql.column)
        for start, end in statement_spans(sql.text, dbms, delimiter)
    )


def statement_spans(text: str, dbms: str, delimiter: str | None = None) -> tuple[Span, ...]:
    """Where the statements of a text begin and end, cut and trimmed like those of ``split_statements``."""
    lexer = lexer_for(dbms)
    spans = (_trim(text, span, lexer) for span in _spans(text, dbms, lexer, delimiter))
    return tuple((start, end) for start, end in spans if start < end)


def transaction_control(sql: SqlText, dbms: str) -> tuple[tuple[str, int], ...]:
    """The statements that begin or end a transaction or a part of one: each its keyword, upper-case, and its offset."""
    if _CONTROL_WORD.search(sql.text) is None:
        return ()
    lexer = lexer_for(dbms)
    found = []
    for span in _lexical_spans(sql.text, dbms, lexer):
        start, end = _trim(sql.text, span, lexer)
        # Comments may stand between two keywords.
        if match := _CONTROL.match(_without_comments(sql.text[start:end], lexer)):
            found.append((" ".join(match[0].upper().split()), start))
    return tuple(found)


def _spans(text: str, dbms: str, lexer: Lexer, delimiter: str | None) -> list[Span]:
    if delimiter is not None and delimiter.strip() != ";":
        return _spans_by_delimiter(text, lexer, delimiter.strip())
    if ";" not in text.rstrip(_SEPARATORS):
        return [(0, len(text))]
    if dbms == "postgresql":
        parsed = _parsed_spans(text)
        if parsed is not None:
            return parsed
    if dbms == "sqlite":
        return _sqlite_spans(text, lexer)
    return _lexical_spans(text, dbms, lexer)


def _without_comments(text: str, lexer: Lexer) -> str:
    pieces = (" " if kind is COMMENT else text[start:end] for kind, start, end in lexer.segments(text))
    return "".join(pieces)


def _trim(text: str, span: Span, lexer: Lexer) -> Span:
    """The span without white space, comments and ``;`` at its ends."""
    first = last = -1
    offset = span[0]
    piece = text[offset : span[1]]
    for kind, start, end in lexer.segments(piece):
        if kind is COMMENT:
            continue
        if kind is PLAIN:
            content = piece[start:end]
            end = start + len(content.rstrip(_SEPARATORS))
            start += len(content) - len(content.lstrip(_SEPARATORS)) if first < 0 else 0
        if start < end:
            first = start if first < 0 else first
            last = end
    return (offset + first, offset + last) if first >= 0 else (offset, offset)


# --------------------------------------------------------------------------------------------- PostgreSQL


def _parsed_spans(text: str) -> list[Span] | None:
    """By PostgreSQL's own grammar; None where its parser is not installed or does not take the text."""
    try:
        lib = library()
    except (ImportError, OSError):
        return None
    if "\0" in text or len(text) > _PARSER_CHARACTERS:
        return None
    try:
        encoded = text.encode("utf-8")
    except UnicodeEncodeError:
        return None
    result = lib.pg_query_split_with_parser(encoded)
    try:
        if result.error:
            return None
        # Not `postgast.split`: it gives no places, and these are counted in bytes.
        pieces = [result.stmts[index].contents for index in range(result.n_stmts)]
        ends = [piece.stmt_location + piece.stmt_len for piece in pieces]
    finally:
        lib.pg_query_free_split_result(result)
    # From end to end, for the parser takes hints for comments and begins a statement after them.
    ends = ends if len(encoded) == len(text) else _in_characters(encoded, ends)
    return list(pairwise([0, *ends]))


def _in_characters(encoded: bytes, places: list[int]) -> list[int]:
    characters: list[int] = []
    position = count = 0
    for place in places:
        count += len(encoded[position:place].decode())
        position = place
        characters.append(count)
    return characters


# --------------------------------------------------------------------------------- by the lexical rules alone


def _lexical_spans(text: str, dbms: str, lexer: Lexer) -> list[Span]:
    """At each ``;`` that is in no quotation, no parentheses, and no body of a routine."""
    if dbms == "sqlite":
        return _sqlite_spans(text, lexer)
    spans: list[Span] = []
    start = parentheses = blocks = 0
    in_routine = False
    for match in _plain_matches(text, lexer, _BLOCK_WORD):
        word = match[0].upper()
        if word == "(":
            parentheses += 1
        elif word == ")":
            parentheses = max(0, parentheses - 1)
        elif word == ";":
            if not parentheses and not blocks:
                spans.append((start, match.start()))
                start, in_routine = match.end(), False
        elif dbms == "postgresql":
            blocks = _postgresql_blocks(blocks, word)
        elif blocks or (in_routine := in_routine or _is_routine(text, start, match.start(), lexer)):
            blocks = _mysql_blocks(blocks, word)
    spans.append((start, len(text)))
    return spans


def _postgresql_blocks(blocks: int, word: str) -> int:
    """How many blocks are open after the word; only in ``BEGIN ATOMIC`` do the words mean blocks."""
    if word.startswith("BEGIN") and word != "BEGIN":
        return blocks + 1
    if blocks and word == "CASE":
        return blocks + 1
    return blocks - 1 if blocks and word.startswith("END") else blocks


def _mysql_blocks(blocks: int, word: str) -> int:
    if word in ("BEGIN", "CASE"):
        return blocks + 1
    # What IF, LOOP and the others open is not counted, for IF may also be a function.
    return max(0, blocks - 1) if word.split() in (["END"], ["END", "CASE"]) else blocks


def _is_routine(text: str, start: int, end: int, lexer: Lexer) -> bool:
    first, last = _trim(text, (start, end), lexer)
    return _MYSQL_ROUTINE.match(text[first:last]) is not None


def _plain_matches(text: str, lexer: Lexer, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    for kind, start, end in lexer.segments(text):
        if kind is PLAIN:
            yield from pattern.finditer(text, start, end)


def _sqlite_spans(text: str, lexer: Lexer) -> list[Span]:
    """At each ``;`` outside of quotations of which SQLite itself says that it completes a statement."""
    spans: list[Span] = []
    start = 0
    after_end = False
    for match in _plain_matches(text, lexer, _SQLITE_WORD):
        if match[0] != ";":
            after_end = match[0].upper() == "END"
            continue
        # Only a `;` after END can complete a trigger. To ask at each `;` of a long one would take quadratic time.
        piece = text[start : match.end()]
        if (after_end or not _begins_trigger(piece, lexer)) and _is_complete(piece):
            spans.append((start, match.start()))
            start = match.end()
    spans.append((start, len(text)))
    return spans


_SQLITE_WORD = re.compile(r";|[^\s;]+")
_TRIGGER_WORD = re.compile(r"\bTRIGGER\b", re.IGNORECASE)
_BEGINNING = 4000


def _begins_trigger(piece: str, lexer: Lexer) -> bool:
    if _TRIGGER_WORD.search(piece) is None:
        return False
    beginning = _without_comments(piece[:_BEGINNING], lexer).lstrip(WHITE_SPACE)
    return _SQLITE_TRIGGER.match(beginning) is not None


def _is_complete(piece: str) -> bool:
    try:
        return sqlite3.complete_statement(piece)
    except ValueError:
        # It takes no NUL and no half of a surrogate pair; then our own reading of the quotations has to do.
        return True


# ------------------------------------------------------------------------------------------- by a delimiter


def _spans_by_delimiter(text: str, lexer: Lexer, delimiter: str) -> list[Span]:
    escaped = re.escape(delimiter)
    if delimiter == "/" or re.fullmatch(r"\w+", delimiter):
        pattern = re.compile(rf"^[ \t]*{escaped}[ \t]*;?[ \t]*$", re.IGNORECASE | re.MULTILINE)
    else:
        pattern = re.compile(escaped)
    spans: list[Span] = []
    start = 0
    plain = [(begin, end) for kind, begin, end in lexer.segments(text) if kind is PLAIN]
    index = 0
    for match in pattern.finditer(text):
        while index < len(plain) and plain[index][1] <= match.start():
            index += 1
        if index < len(plain) and plain[index][0] <= match.start():
            spans.append((start, match.start()))
            start = match.end()
    spans.append((start, len(text)))
    return spans
