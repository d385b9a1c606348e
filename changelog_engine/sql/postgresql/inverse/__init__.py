"""What undoes a changeset's SQL on PostgreSQL, from its parse trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from changelog_engine.sql.disguise import disguise_all, undisguise
from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse import altering, creating, own, renaming, rights, rows
from changelog_engine.sql.postgresql.inverse.folding import note, note_texts, temporary_name
from changelog_engine.sql.postgresql.inverse.known import Known
from changelog_engine.sql.postgresql.inverse.scope import Setting
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, as_spelled
from changelog_engine.sql.postgresql.parsing import RefusedError, Statement, parse

_HANDLERS: Mapping[str, Undo] = {
    **creating.STATEMENTS,
    **altering.STATEMENTS,
    **renaming.STATEMENTS,
    **rights.STATEMENTS,
    **rows.STATEMENTS,
}


class Inverter:
    """Undoes one changeset after another, in the order in which they are applied."""

    def __init__(self) -> None:
        self._known = Known()

    def note(self, texts: Sequence[str]) -> None:
        """Take in what a changeset's texts, as written, do, without undoing them."""
        note_texts(self._known, texts)

    def doubt(self, texts: Sequence[str]) -> None:
        """Take in that a changeset's texts, as written, may have been run, or not."""
        note_texts(self._known, texts, is_certain=False)

    def forget_table(self, name: str) -> None:
        """Know no longer what the tables of a name are like, as something else than SQL has changed one."""
        self._known.forget_named(name)

    def invert(self, texts: Sequence[str]) -> Inverse:
        """What undoes a changeset's texts as written, in the order to run.

        Raises ``UncertainError`` for the first statement of which that is not certain; what the texts do is taken in
        all the same.
        """
        try:
            return self._inverse(texts)
        except UncertainError:
            self.note(texts)
            raise

    def _inverse(self, texts: Sequence[str]) -> Inverse:
        known = self._known
        known.begin()
        parts: list[tuple[Inverse, tuple[Setting, ...]]] = []
        for number, text in enumerate(texts):
            for statement in _statements(text, number):
                settings = tuple(known.scope.settings)
                try:
                    inverse = _undo(statement, known)
                except UncertainError as error:
                    raise UncertainError(error.reason, statement.place, number) from None
                if statement.kind not in altering.NOTED or inverse is own.NOTHING:
                    note(known, statement)
                if inverse.statements:
                    parts.append((inverse, settings))
        inverse = _joined(parts)
        source = "\n".join(disguise_all(text) for text in texts)
        statements = tuple(undisguise(as_spelled(sql, source)) for sql in inverse.statements)
        return inverse._replace(statements=statements)


def _joined(parts: Sequence[tuple[Inverse, tuple[Setting, ...]]]) -> Inverse:
    """The parts, the last one first, each with names looked up as in the statement that it undoes."""
    found: list[str] = []
    current: tuple[Setting, ...] = ()
    for inverse, settings in reversed(parts):
        if settings != current:
            if any(each.name != "search_path" for each in current[len(settings) :]):
                raise UncertainError("the role that it sets on the way is not that of all that is to be undone")
            found += ["RESET search_path"] if current else []
            found += [each.text for each in settings]
            current = settings
        found += inverse.statements
    return Inverse(tuple(found), all(inverse.transaction for inverse, _ in parts))


def _statements(text: str, number: int) -> Sequence[Statement]:
    try:
        return parse(disguise_all(text)).statements
    except RefusedError as error:
        raise UncertainError(f"PostgreSQL's parser does not read it: {error.message}", error.place, number) from None
    except (ImportError, OSError):
        raise UncertainError("PostgreSQL's parser is not installed here", 0, number) from None


def _undo(statement: Statement, known: Known) -> Inverse:
    if temporary_name(statement.node) or own.is_undone_with_its_object(statement, known.scope):
        own.refuse_side_effects(statement.node)
        return own.NOTHING
    undo = _HANDLERS.get(statement.kind)
    if undo is None:
        raise UncertainError("no inverse is known for a statement of this kind")
    return undo(Found(statement.node, known))
