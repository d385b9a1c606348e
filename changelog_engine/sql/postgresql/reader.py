"""From PostgreSQL's SQL to effects."""

from __future__ import annotations

from collections.abc import Mapping

from changelog_engine.sql.disguise import disguise, undisguised
from changelog_engine.sql.effects import Effects, Opaque
from changelog_engine.sql.postgresql import alter, objects, queries, rights, routines, session, tables, types
from changelog_engine.sql.postgresql.parsing import RefusedError
from changelog_engine.sql.postgresql.state import Handler, State
from changelog_engine.sql.statements import statement_spans

_HANDLERS: Mapping[str, Handler] = {
    **queries.STATEMENTS,
    **tables.STATEMENTS,
    **alter.STATEMENTS,
    **types.STATEMENTS,
    **objects.STATEMENTS,
    **rights.STATEMENTS,
    **routines.STATEMENTS,
    **session.STATEMENTS,
}

# The tree of a text takes some hundred times its length: that of a long one is made a statement at a time.
_AT_ONCE = 100_000


def read_postgresql(text: str) -> Effects:
    """What a text does; it may hold ``${parameters}``. Raises nothing: what cannot be read is opaque."""
    disguised = disguise(text)
    state = State(_HANDLERS)
    try:
        if len(disguised) <= _AT_ONCE:
            state.read(disguised, 0)
        else:
            _read_one_by_one(state, disguised)
    except RefusedError:
        state = State(_HANDLERS)
        _read_one_by_one(state, disguised)
    except (ImportError, OSError):
        return Effects(opaque=(Opaque("all of it, as PostgreSQL's parser is not installed here"),))
    effects = state.effects()
    return effects if disguised is text else undisguised(effects)


def _read_one_by_one(state: State, text: str) -> None:
    """The statements of a text, each by itself, so that the parser says which it does not take."""
    for start, end in statement_spans(text, "postgresql"):
        try:
            state.read(text[start:end], start)
        except RefusedError as error:
            state.opaque(f"a statement that the parser refuses: {error.message}", start + error.place)
