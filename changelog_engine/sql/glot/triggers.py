"""Bodies of triggers and routines: statement by statement, each for what it needs when it runs."""

from __future__ import annotations

from collections.abc import Sequence

from changelog_engine.sql.glot.expressions import read_rows
from changelog_engine.sql.glot.parsing import RefusedError, parse, smooth
from changelog_engine.sql.glot.queries import Scope
from changelog_engine.sql.glot.state import State
from changelog_engine.sql.glot.tokens import Token


def read_body(state: State, tokens: Sequence[Token], scope: Scope) -> None:
    """The statements of SQLite's trigger, each of which ends in ``;``."""
    start = None
    for token in tokens:
        if token.word == ";":
            if start is not None:
                read_inner(state, start, token.start, scope)
            start = None
        elif start is None:
            start = token.start


def read_inner(state: State, start: int, end: int, scope: Scope) -> None:
    """A query or a change of rows within a body; opaque if it is anything else."""
    text = smooth(state.text[start:end], state.dbms)
    try:
        if read_rows(state, parse(text, state.dbms), start, scope, replaces=False):
            return
        problem = "it is no query and no change of rows"
    except RefusedError as error:
        problem = str(error)
    state.opaque(f"a statement in the body of `{state.body}`: {problem}", start)
