"""What the changelog knows of the state that it has come to: told by typed changes and by SQL, asked by both.

Of tables and their columns whatever made them is known; how a view, an index or a constraint is made again, only where
a typed change made it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from changelog_engine.model import Location, Operation, OperationValue, SqlText
from changelog_engine.operations.spelled import spelled, spelled_rows
from changelog_engine.operations.values import ColumnState, Relation, Values, relation, text
from changelog_engine.sql.disguise import may_be_one
from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.known import Known
from changelog_engine.sql.statements import clean_text
from changelog_engine.sql.templates import out_of_quotes

_Key = tuple[str, str]
_CHANGES = frozenset(
    {Act.CREATES, Act.REPLACES, Act.ENSURES, Act.ALTERS, Act.TIGHTENS, Act.DROPS, Act.RENAMES_FROM, Act.RENAMES_TO}
)
_PARTS = frozenset(
    ("create_index", "add_primary_key", "add_unique_constraint", "add_check_constraint", "add_foreign_key")
)
_WITH_PARTS = frozenset(("create_table", "drop_table", "rename_table", "drop_column", "rename_column"))
_NOWHERE = Location("", 1, 1)


def known_of(dbms: str) -> Known:
    """What SQL alone is told and asked: knowledge of nothing yet, on a kind of database."""
    if dbms == "postgresql":
        from changelog_engine.sql.postgresql.inverse import Inverter

        return Inverter()
    from changelog_engine.sql.plain_inverse import PlainInverter

    return PlainInverter(dbms)


class Knowledge:
    """Only what is certain: what anything else may have changed is forgotten. For one kind of database.

    Names and values are those of the changes, all as written or all of one run.
    """

    def __init__(self, dbms: str) -> None:
        self.dbms = dbms
        self._known = known_of(dbms)
        self._views: dict[_Key, Operation] = {}
        self._parts: dict[_Key, dict[str, Operation]] = {}
        """What made the indexes and constraints of tables, by their names."""
        self._has_parameters = False
        """Whether a parameter stood in the name of a table or view."""

    def copy(self) -> Knowledge:
        """The same, to be told more by itself."""
        other = Knowledge(self.dbms)
        other._known = self._known.copy()
        other._views = dict(self._views)
        other._parts = {key: dict(parts) for key, parts in self._parts.items()}
        other._has_parameters = self._has_parameters
        return other

    # ------------------------------------------------------------------------------------------------ telling

    def begin(self) -> None:
        """What comes next is another changeset."""
        self._known.begin()

    def apply(self, operation: Operation, *, is_certain: bool = True) -> None:
        """Take in what an operation does, or may have done."""
        kind, values = operation.kind, operation.values
        if kind in ("insert", "update", "delete"):
            return
        for statement in spelled(kind, values, self.dbms):
            self._known.take_in(statement, is_certain=is_certain)
        keys = ("name",) if kind in ("create_view", "drop_view") else ("table", "from")
        for named in (relation(values, key) for key in keys if key in values):
            self._known.forget_others(_names(named))
            self._forget_others(_key(named))
            self._forget_aliases(_key(named))
        self._note(operation, is_certain=is_certain)

    def apply_sql(self, sql: str, *, is_certain: bool = True) -> None:
        """Take in what a text of SQL does, or may have done."""
        self._known.take_in(clean_text(sql), is_certain=is_certain)
        self._forget_made(sql)

    def invert_sql(self, texts: Sequence[str]) -> Inverse:
        """What undoes texts of SQL of the changeset at hand, which are taken in.

        Raises UncertainError for the first statement of which that is not certain; it is not taken in any more.
        """
        for sql in texts:
            self._forget_made(sql)
        return self._known.invert([clean_text(sql) for sql in texts])

    def forget_all(self) -> None:
        """Nothing is certain any more."""
        self._known = known_of(self.dbms)
        self._views.clear()
        self._parts.clear()

    def _note(self, operation: Operation, *, is_certain: bool) -> None:
        """What made a view, an index or a constraint; what may have been changed with it is forgotten."""
        kind, values = operation.kind, operation.values
        if kind in ("create_view", "drop_view"):
            key = _key(relation(values, "name"))
            self._views.pop(key, None)
            if kind == "create_view" and is_certain:
                self._views[key] = operation
        elif kind in _WITH_PARTS:
            # Which of them goes with a column depends on the database.
            self._parts.pop(_key(relation(values, "from" if kind == "rename_table" else "table")), None)
        elif kind == "drop_index" and "table" not in values:
            for parts in self._parts.values():
                parts.pop(text(values, "name").lower(), None)
        elif "table" in values and "name" in values:
            parts = self._parts.setdefault(_key(relation(values)), {})
            parts.pop(text(values, "name").lower(), None)
            if kind in _PARTS and is_certain:
                parts[text(values, "name").lower()] = operation

    def _forget_made(self, sql: str) -> None:
        if not self._parts and not self._views:
            return
        from changelog_engine.sql.reading import read_effects

        effects = read_effects(sql, self.dbms)
        if effects.opaque:
            self._parts.clear()
            self._views.clear()
        for effect in effects.objects:
            if effect.act in _CHANGES:
                self._forget(effect.thing)

    def _forget_others(self, key: _Key) -> None:
        """Forget what belongs to tables and views of other names that may be this one."""
        self._has_parameters = self._has_parameters or any("${" in part for part in key)
        if not self._has_parameters:
            return
        for other in [other for other in self._parts if other != key and may_be_one(other, key)]:
            del self._parts[other]
        for other in [other for other in self._views if other != key and may_be_one(other, key)]:
            del self._views[other]

    def _forget_aliases(self, key: _Key) -> None:
        """Forget what is of the same name but for the database, which only one of both names; PostgreSQL has none."""
        if self.dbms == "postgresql":
            return
        stores: tuple[dict[_Key, Any], ...] = (self._parts, self._views)
        for store in stores:
            for other in [each for each in store if each[1] == key[1] and bool(each[0]) != bool(key[0])]:
                del store[other]

    def _forget(self, thing: Thing) -> None:
        if thing.kind is Kind.RELATION:
            self._forget_aliases((thing.schema, thing.name.lower()))
            self._parts.pop((thing.schema, thing.name.lower()), None)
            self._views.pop((thing.schema, thing.name.lower()), None)
            for parts in self._parts.values():
                parts.pop(thing.name.lower(), None)
        elif thing.of:
            schema, _, name = thing.of.rpartition(".")
            self._forget_aliases((schema, name.lower()))
            self._parts.pop((schema, name.lower()), None)

    # ------------------------------------------------------------------------------------------------- asking

    def column(self, table: Relation, name: str) -> ColumnState | None:
        """What is known of a column; None for nothing, or not all of it."""
        facts = self._known.column(_names(table), name)
        if facts is None:
            return None
        default = None if facts.default is None else self._value(facts.default)
        comment = self._text(facts.comment)
        return ColumnState(SqlText(facts.type, _NOWHERE), facts.is_nullable, default, comment, facts.is_generated)

    @property
    def has_settings(self) -> bool:
        """Whether the changeset at hand has set by SQL where names are looked up, or the role."""
        return self._known.has_settings

    def has_comment(self, table: Relation) -> bool:
        """Whether it is known what the comment of a table is, or that it has none."""
        return self._known.comment(_names(table)) is not None

    def comment(self, table: Relation) -> str | None:
        """The comment of a table of which it is known."""
        return self._text(self._known.comment(_names(table)))

    def key_of_rows(self, table: Relation, rows: Sequence[Values]) -> tuple[str, ...]:
        """The columns by which rows are found again, as the rows name them. UncertainError where none are certain."""
        first, *others = rows
        columns = [name for name in first if all(name in row for row in others)]
        if not columns:
            raise UncertainError("the rows have no column in common by which to find them again")
        insert = spelled_rows(table, columns, ([row[name] for name in columns] for row in rows), self.dbms)
        return self._known.key_of_rows(insert)

    def refuse_relied_on(self, table: Relation, columns: Sequence[str]) -> None:
        """UncertainError where an index of a table may not be dropped again, as a foreign key may rely on it."""
        self._known.refuse_relied_on(_names(table), columns)

    def is_own(self, table: Relation) -> bool:
        """Whether it is known that the changeset at hand has made a table, and given it no triggers."""
        return self._known.is_own(_names(table))

    def made(self, operation: Operation) -> Operation | None:
        """What made the view, index or constraint that an operation drops or replaces; None where nothing is known."""
        values = operation.values
        if operation.kind in ("drop_view", "create_view"):
            return self._views.get(_key(relation(values, "name")))
        name = text(values, "name").lower()
        tables = [self._parts.get(_key(relation(values)), {})] if "table" in values else self._parts.values()
        return next((parts[name] for parts in tables if name in parts), None)

    def _text(self, literal: str | None) -> str | None:
        value = self._value(literal) if literal else None
        return value if isinstance(value, str) else None

    def _value(self, sql: str) -> OperationValue:
        """What SQL is as a value of a typed change."""
        if _STRING.fullmatch(sql) and (self.dbms in ("postgresql", "sqlite") or not _ESCAPE.search(sql)):
            inner = out_of_quotes(sql[1:-1]).replace("''", "'")
            return inner.replace("\\\\", "\\") if self.dbms in ("mysql", "mariadb") else inner
        if _NUMBER.fullmatch(sql):
            return Decimal(sql) if "." in sql else int(sql)
        return _WORDS.get(sql.lower(), SqlText(sql, _NOWHERE))


_STRING = re.compile(r"'(?:[^']|'')*'", re.DOTALL)
_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\[^\\]", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_WORDS: dict[str, OperationValue] = {"true": True, "false": False}


def _names(table: Relation) -> tuple[str, ...]:
    return (table.name,) if table.schema is None else (table.schema, table.name)


def _key(table: Relation) -> _Key:
    schema = "" if table.schema in (None, "public", "main") else str(table.schema)
    return schema, table.name.lower()
