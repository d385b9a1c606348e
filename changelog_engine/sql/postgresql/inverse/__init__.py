"""What undoes a changeset's SQL on PostgreSQL, from its parse trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from changelog_engine.sql.disguise import disguise_all, undisguise
from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.known import ColumnFacts, Names
from changelog_engine.sql.postgresql.inverse import altering, creating, own, renaming, rights, rows
from changelog_engine.sql.postgresql.inverse.facts import facts_of, quoted
from changelog_engine.sql.postgresql.inverse.folding import note, note_text, temporary_name
from changelog_engine.sql.postgresql.inverse.known import Known, Table
from changelog_engine.sql.postgresql.inverse.scope import Setting
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, as_spelled, text
from changelog_engine.sql.postgresql.parsing import RefusedError, Statement, parse

_HANDLERS: Mapping[str, Undo] = {
    **creating.STATEMENTS,
    **altering.STATEMENTS,
    **renaming.STATEMENTS,
    **rights.STATEMENTS,
    **rows.STATEMENTS,
}


class Inverter:
    """``sql.known.Known`` of PostgreSQL; raises UncertainError as told there."""

    def __init__(self) -> None:
        self._known = Known()

    def begin(self) -> None:
        """What comes next is another changeset."""
        self._known.begin()

    def take_in(self, text: str, *, is_certain: bool = True) -> None:
        """Take in what a text of the changeset at hand, as written, does, or may have done."""
        note_text(self._known, text, is_certain=is_certain)

    def invert(self, texts: Sequence[str]) -> Inverse:
        """What undoes texts of the changeset at hand, as written, in the order to run; they are taken in."""
        known = self._known
        parts: list[tuple[Inverse, tuple[Setting, ...]]] = []
        for number, source in enumerate(texts):
            for statement in _statements(source, number):
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
        disguised = "\n".join(disguise_all(each) for each in texts)
        statements = tuple(undisguise(as_spelled(sql, disguised)) for sql in inverse.statements)
        return inverse._replace(statements=statements)

    @property
    def has_settings(self) -> bool:
        """Whether the changeset at hand has set where names are looked up, or the role."""
        return bool(self._known.scope.settings)

    def key_of_rows(self, insert: str) -> tuple[str, ...]:
        """The columns by whose literals the rows of an INSERT are found again."""
        (statement,) = _statements(insert, 0)
        key, _ = rows.found_again(Found(statement.node, self._known))
        return tuple(map(undisguise, key))

    def column(self, table: Names, name: str) -> ColumnFacts | None:
        """What is known of a column; None for nothing, or not all of it."""
        known = self._table(table)
        column = None if known is None else known.columns.get(disguise_all(name))
        return None if column is None else facts_of(column)

    def comment(self, table: Names) -> str | None:
        """The comment of a table as SQL, empty for none; None where it is not known."""
        names = [text(disguise_all(each)) for each in table]
        found = altering.object_comment(self._known, {"objtype": "OBJECT_TABLE", "object": {"List": {"items": names}}})
        return undisguise(quoted(found)) if found else found

    def refuse_relied_on(self, table: Names, columns: Sequence[str]) -> None:
        """Nothing: a foreign key relies on the index of what it refers to, and that was there before it."""

    def is_own(self, table: Names) -> bool:
        """Whether it is known that the changeset at hand has made a table, and given it no triggers."""
        scope = self._known.scope
        key = scope.key([disguise_all(each) for each in table])
        return self._table(table) is not None and scope.is_own_relation(key) and key not in scope.triggered

    def forget_others(self, table: Names) -> None:
        """Know no longer the tables of other names that may be this one, as there are parameters in the names."""
        self._known.forget_others(self._known.scope.key([disguise_all(each) for each in table]))

    def copy(self) -> Inverter:
        """The same, to be told more by itself."""
        other = Inverter()
        other._known = self._known.copy()
        return other

    def _table(self, table: Names) -> Table | None:
        known = self._known.tables.get(self._known.scope.key([disguise_all(each) for each in table]))
        return None if known is None or known.has_parts or known.has_heirs else known


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
