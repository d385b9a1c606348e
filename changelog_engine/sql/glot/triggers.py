"""Bodies of triggers and routines: statement by statement, each for what it needs when it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from changelog_engine.sql.effects import Kind
from changelog_engine.sql.glot.expressions import read_expression, read_query, read_rows
from changelog_engine.sql.glot.parsing import RefusedError, parse, smooth
from changelog_engine.sql.glot.queries import Scope
from changelog_engine.sql.glot.state import State
from changelog_engine.sql.glot.tokens import Cursor, Token

_OF_ROWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "TRUNCATE", "VALUES"})
_CONDITIONS = frozenset({"IF", "ELSEIF", "WHILE", "UNTIL", "RETURN", "WHEN", "CASE"})
_DYNAMIC = frozenset({"PREPARE", "EXECUTE"})
# What opens or closes a block and is followed by statements, or by nothing.
_BETWEEN = frozenset({"BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT"})
_QUIET = frozenset(
    {"DECLARE", "END", "LEAVE", "ITERATE", "OPEN", "FETCH", "CLOSE", "SIGNAL", "RESIGNAL", "GET", "NULL"}
)


def read_sqlite_body(state: State, tokens: Sequence[Token], scope: Scope) -> None:
    """The statements of SQLite's trigger, each of which ends in ``;``."""
    for piece in _pieces(tokens, frozenset()):
        _read_inner(state, piece, scope)


def read_mysql_body(state: State, tokens: Sequence[Token], scope: Scope) -> None:
    """A statement or a block of MySQL and MariaDB. Variables are not told from columns: both may be used."""
    for piece in _pieces(tokens, _BETWEEN):
        _mysql_statement(state, piece, scope)


def _mysql_statement(state: State, piece: list[Token], scope: Scope) -> None:
    word, cursor = piece[0].word, Cursor(piece)
    if len(piece) > 1 and piece[1].word == ":":
        # A label.
        if piece[2:]:
            _mysql_statement(state, piece[2:], scope)
    elif word in _OF_ROWS:
        _read_inner(state, piece, scope)
    elif word == "SET":
        cursor.take()
        read_assignments(state, cursor, scope)
    elif word == "CALL":
        cursor.take()
        read_call(state, cursor, scope)
    elif word in _CONDITIONS:
        cursor.take()
        read_expression(state, cursor, scope)
    elif word == "DECLARE" and any(token.word == "CURSOR" for token in piece):
        while cursor.take().word != "FOR":
            pass
        read_query(state, cursor, scope)
    elif word in _DYNAMIC:
        state.opaque(f"SQL that `{state.body}` makes when it runs", piece[0].start)
    elif word not in _QUIET:
        state.opaque(f"a statement in the body of `{state.body}` that is not understood ({word} …)", piece[0].start)


def _pieces(tokens: Sequence[Token], between: frozenset[str]) -> Iterator[list[Token]]:
    """The statements and conditions of a body: what stands between ``;`` and the words of blocks."""
    piece: list[Token] = []
    depth = cases = 0
    for index, token in enumerate(tokens):
        word = token.word
        depth += (word == "(") - (word == ")")
        # A CASE within an expression has words of its own that end nothing.
        if word == "CASE" and piece:
            cases += 1
        elif word == "END" and cases:
            cases -= 1
        if word == "WHEN" and piece and piece[0].word == "CASE" and not cases and not depth:
            # `CASE x WHEN y THEN statements` is a block; its conditions are read one by one.
            yield piece
            piece = []
        is_end = word == ";" or (word in between and not _is_function(tokens, index))
        if is_end and not depth and not cases:
            if piece:
                yield piece
            piece = []
        else:
            piece.append(token)
    if piece:
        yield piece


def _is_function(tokens: Sequence[Token], index: int) -> bool:
    """REPEAT may be a function; `END LOOP` and the like close."""
    follows = tokens[index + 1].word if index + 1 < len(tokens) else ""
    return (tokens[index].word == "REPEAT" and follows == "(") or (index > 0 and tokens[index - 1].word == "END")


def _read_inner(state: State, piece: list[Token], scope: Scope) -> None:
    """A query or a change of rows within a body; opaque if it is anything else."""
    start, end = piece[0].start, piece[-1].end
    text = smooth(state.text[start:end], state.dbms)
    try:
        if read_rows(state, parse(text, state.dbms), start, scope, replaces=False):
            return
        problem = "it is no query and no change of rows"
    except RefusedError as error:
        problem = str(error)
    state.opaque(f"a statement in the body of `{state.body}`: {problem}", start)


def read_assignments(state: State, cursor: Cursor, scope: Scope) -> None:
    """What is set: ``@a = …, NEW.b = …``; what stands on the right is read."""
    for item in cursor.items():
        while not item.ended() and item.peek().word not in ("=", ":="):
            item.take()
        if not item.ended():
            item.take()
            read_expression(state, item, scope)


def read_call(state: State, cursor: Cursor, scope: Scope) -> None:
    """What follows CALL."""
    names = cursor.names()
    schema = names[-2].name if len(names) > 1 else ""
    state.use(Kind.ROUTINE, names[-1].name, "procedure", names[0].start, schema)
    if cursor.is_at("("):
        read_expression(state, cursor.inner(), scope)
