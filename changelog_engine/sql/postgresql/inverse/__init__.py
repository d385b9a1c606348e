"""What undoes a text of PostgreSQL's SQL, from its parse tree."""

from __future__ import annotations

from collections.abc import Mapping

from changelog_engine.sql.disguise import disguise, undisguise
from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse import altering, creating, renaming, rights, rows
from changelog_engine.sql.postgresql.inverse.known import Known
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo
from changelog_engine.sql.postgresql.parsing import RefusedError, Statement, parse

_HANDLERS: Mapping[str, Undo] = {
    **creating.STATEMENTS,
    **altering.STATEMENTS,
    **renaming.STATEMENTS,
    **rights.STATEMENTS,
    **rows.STATEMENTS,
}


class Inverter:
    """Undoes one text after another, in the order in which they are applied."""

    def __init__(self) -> None:
        self._known = Known()

    def note_text(self, text: str) -> None:
        """Take in what a text as written does, without undoing it."""
        self._known.note_text(text)

    def invert(self, text: str) -> Inverse:
        """What undoes a text as written, in the order to run.

        Raises ``UncertainError`` for the first statement of which that is not certain.
        """
        try:
            parsed = parse(disguise(text))
        except RefusedError as error:
            raise UncertainError(f"PostgreSQL's parser does not read it: {error.message}", error.place) from None
        except (ImportError, OSError):
            raise UncertainError("PostgreSQL's parser is not installed here") from None
        found: list[Inverse] = []
        for statement in parsed.statements:
            try:
                found.append(_undo(statement, self._known))
            except UncertainError as error:
                raise UncertainError(error.reason, statement.place) from None
            if statement.kind not in altering.NOTED:
                self._known.note(statement)
        statements = tuple(undisguise(sql) for inverse in reversed(found) for sql in inverse.statements)
        return Inverse(statements, all(inverse.transaction for inverse in found))


def _undo(statement: Statement, known: Known) -> Inverse:
    undo = _HANDLERS.get(statement.kind)
    if undo is None:
        raise UncertainError("no inverse is known for a statement of this kind")
    return undo(Found(statement.node, known))
