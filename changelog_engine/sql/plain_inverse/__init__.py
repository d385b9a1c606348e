"""What undoes a changeset's SQL on SQLite, MySQL and MariaDB, from the words of its statements.

Names are written back as they stand in the statement, quotes and all. Only forms that are read to their end are undone:
a word too many, and nothing is certain.
"""

from __future__ import annotations

from collections.abc import Sequence

from changelog_engine.model import Location, SqlText
from changelog_engine.sql.disguise import undisguise
from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.plain_inverse.folding import forget_changed, note
from changelog_engine.sql.plain_inverse.known import Known
from changelog_engine.sql.plain_inverse.statements import undo
from changelog_engine.sql.plain_inverse.words import Token, Words
from changelog_engine.sql.statements import split_statements

_TEXT = Location("", 1, 1)


class PlainInverter:
    """Undoes one changeset after another, in the order in which they are applied, on one kind of database."""

    def __init__(self, dbms: str) -> None:
        self._known = Known(dbms)

    def note(self, texts: Sequence[str]) -> None:
        """Take in what a changeset's texts, as written, do, without undoing them."""
        self._known.begin()
        for text in texts:
            for statement in self._statements(text):
                note(self._known, self._words(statement))

    def doubt(self, texts: Sequence[str]) -> None:
        """Take in that a changeset's texts, as written, may have been run, or not."""
        self._known.begin()
        for text in texts:
            for statement in self._statements(text):
                note(self._known, self._words(statement))
                forget_changed(self._known, self._words(statement))

    def forget_table(self, name: str) -> None:
        """Know no longer what the tables of a name are like, as something else than SQL has changed one."""
        self._known.forget_named([Token(name, name.upper())])

    def invert(self, texts: Sequence[str]) -> Inverse:
        """What undoes a changeset's texts as written, in the order to run.

        Raises ``UncertainError`` for the first statement of which that is not certain; what the texts do is taken in
        all the same.
        """
        self._known.begin()
        try:
            found = [self._inverses(text, number) for number, text in enumerate(texts)]
        except UncertainError:
            self.note(texts)
            raise
        return Inverse(tuple(undisguise(sql) for inverses in reversed(found) for sql in inverses))

    def _inverses(self, text: str, number: int) -> tuple[str, ...]:
        found: list[tuple[str, ...]] = []
        place = 0
        for statement in self._statements(text):
            place = text.index(statement, place)
            try:
                found.append(undo(self._words(statement), self._known))
            except UncertainError as error:
                raise UncertainError(error.reason, place, number) from None
            note(self._known, self._words(statement))
            place += len(statement)
        return tuple(sql for statements in reversed(found) for sql in statements)

    def _statements(self, text: str) -> Sequence[str]:
        return [piece.text for piece in split_statements(SqlText(text, _TEXT), self._known.dbms)]

    def _words(self, statement: str) -> Words:
        return Words(statement, self._known.dbms)
