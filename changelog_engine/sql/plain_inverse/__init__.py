"""What undoes a changeset's SQL on SQLite, MySQL and MariaDB, from the words of its statements.

Names are written back as they stand in the statement, quotes and all. Only forms that are read to their end are undone:
a word too many, and nothing is certain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from changelog_engine.model import Location, SqlText
from changelog_engine.sql.disguise import disguise_all, undisguise
from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.known import ColumnFacts, Names
from changelog_engine.sql.plain_inverse.folding import forget_changed, note
from changelog_engine.sql.plain_inverse.known import Key, Known
from changelog_engine.sql.plain_inverse.rows import found_again
from changelog_engine.sql.plain_inverse.statements import undo
from changelog_engine.sql.plain_inverse.tables import refuse_relied_on
from changelog_engine.sql.plain_inverse.words import Words, bare
from changelog_engine.sql.statements import split_statements

_TEXT = Location("", 1, 1)
_RUN_COMMENT = re.compile(r"/\*M?!")
_HIDDEN = "what stands in a comment that the server runs is not read"


class PlainInverter:
    """``sql.known.Known`` of one kind of database; raises UncertainError as told there."""

    def __init__(self, dbms: str) -> None:
        self._known = Known(dbms)

    def begin(self) -> None:
        """What comes next is another changeset."""
        self._known.begin()

    def take_in(self, text: str, *, is_certain: bool = True) -> None:
        """Take in what a text of the changeset at hand, as written, does, or may have done."""
        for statement in self._statements(text):
            note(self._known, self._words(statement))
            if not is_certain:
                forget_changed(self._known, self._words(statement))
        if self._run_comment(text):
            self._known.tables.clear()

    def invert(self, texts: Sequence[str]) -> Inverse:
        """What undoes texts of the changeset at hand, as written, in the order to run; they are taken in."""
        found = [self._inverses(text, number) for number, text in enumerate(texts)]
        return Inverse(tuple(undisguise(sql) for inverses in reversed(found) for sql in inverses))

    @property
    def has_settings(self) -> bool:
        """No: of what a USE does, nothing is undone."""
        return False

    def key_of_rows(self, insert: str) -> tuple[str, ...]:
        """The columns by whose literals the rows of an INSERT are found again."""
        words = self._words(insert)
        words.take("INSERT", "INTO")
        found = found_again(words, self._known, words.name())
        return tuple(undisguise(bare(name)) for name in found.key)

    def column(self, table: Names, name: str) -> ColumnFacts | None:
        """What is known of a column; None for nothing, or not all of it."""
        known = self._known.tables.get(self._key(table))
        column = None if known is None else known.columns.get(disguise_all(name).lower())
        if column is None or not column.is_whole or not column.type:
            return None
        texts = (column.type_text, column.default, column.comment)
        type_, default, comment = (None if each is None else undisguise(each) for each in texts)
        return ColumnFacts(type_ or "", column.is_nullable, default, comment, column.is_numbered)

    def comment(self, table: Names) -> str | None:
        """The comment of a table as SQL, empty for none; None where it is not known."""
        known = self._known.tables.get(self._key(table))
        return None if known is None else undisguise(known.comment)

    def refuse_relied_on(self, table: Names, columns: Sequence[str]) -> None:
        """UncertainError where an index of a table may not be dropped again, as a foreign key may rely on it."""
        if self._known.dbms != "sqlite":
            known = self._known.tables.get(self._key(table))
            refuse_relied_on(known, tuple(disguise_all(name).lower() for name in columns))

    def is_own(self, table: Names) -> bool:
        """Whether it is known that the changeset at hand has made a table, and given it no triggers."""
        key, known = self._key(table), self._known
        return key in known.tables and key in known.own and key not in known.triggered

    def forget_others(self, table: Names) -> None:
        """Know no longer the tables of other names that may be this one, as there are parameters in the names."""
        self._known.forget_others(self._key(table))

    def copy(self) -> PlainInverter:
        """The same, to be told more by itself."""
        other = PlainInverter(self._known.dbms)
        other._known = self._known.copy()
        return other

    def _key(self, table: Names) -> Key:
        return self._known.key_of([disguise_all(part) for part in table])

    def _inverses(self, text: str, number: int) -> tuple[str, ...]:
        if comment := self._run_comment(text):
            raise UncertainError(_HIDDEN, comment.start(), number)
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

    def _run_comment(self, text: str) -> re.Match[str] | None:
        """Where a comment may begin that MySQL or MariaDB runs: it may be any statement, or a part of one."""
        return None if self._known.dbms == "sqlite" else _RUN_COMMENT.search(text)

    def _statements(self, text: str) -> Sequence[str]:
        return [piece.text for piece in split_statements(SqlText(text, _TEXT), self._known.dbms)]

    def _words(self, statement: str) -> Words:
        return Words(statement, self._known.dbms)
