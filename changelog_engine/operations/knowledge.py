"""What the changelog itself knows of tables: the columns that typed changes have made, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from changelog_engine.model import Operation, SqlChange
from changelog_engine.operations.values import (
    ColumnState,
    Relation,
    flag,
    record,
    records,
    relation,
    state_of,
    text,
    text_or_none,
    texts,
)
from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.statements import text_for

_Key = tuple[str, str]
_CHANGES = frozenset(
    {Act.CREATES, Act.REPLACES, Act.ENSURES, Act.ALTERS, Act.TIGHTENS, Act.DROPS, Act.RENAMES_FROM, Act.RENAMES_TO}
)


@dataclass(slots=True)
class _Table:
    columns: dict[str, ColumnState]
    key: tuple[str, ...] = ()
    comment: str | None = None
    parts: dict[str, Operation] = field(default_factory=dict)
    """What made its indexes and constraints, by their names."""

    def copy(self) -> _Table:
        return _Table(dict(self.columns), self.key, self.comment, dict(self.parts))


class Knowledge:
    """Only what is certain: a table that anything else may have changed is forgotten."""

    def __init__(self) -> None:
        self._tables: dict[_Key, _Table] = {}
        self._views: dict[_Key, Operation] = {}

    def copy(self) -> Knowledge:
        """The same, to be changed by itself."""
        other = Knowledge()
        other._tables = {key: table.copy() for key, table in self._tables.items()}
        other._views = dict(self._views)
        return other

    def has_table(self, table: Relation) -> bool:
        return _key(table) in self._tables

    def column(self, table: Relation, name: str) -> ColumnState | None:
        """What is known of a column; None for nothing."""
        known = self._tables.get(_key(table))
        return None if known is None else known.columns.get(name.lower())

    def primary_key(self, table: Relation) -> tuple[str, ...]:
        """The columns of a table's primary key, in lower case; none where it has none or nothing is known."""
        known = self._tables.get(_key(table))
        return () if known is None else known.key

    def comment(self, table: Relation) -> str | None:
        """The comment of a table that is known."""
        return self._tables[_key(table)].comment

    def made(self, operation: Operation) -> Operation | None:
        """What made the view, index or constraint that an operation drops or replaces; None where nothing is known."""
        values = operation.values
        if operation.kind in ("drop_view", "create_view"):
            return self._views.get(_key(relation(values, "name")))
        name = text(values, "name").lower()
        if "table" in values:
            known = self._tables.get(_key(relation(values)))
            return None if known is None else known.parts.get(name)
        return next((table.parts[name] for table in self._tables.values() if name in table.parts), None)

    def forget_all(self) -> None:
        """Nothing is certain any more."""
        self._tables.clear()
        self._views.clear()

    def apply(self, operation: Operation) -> None:
        """Learn what an operation does; names and values must be those of the run."""
        values = operation.values
        match operation.kind:
            case "create_table":
                columns = records(values, "columns")
                self._tables[_key(relation(values))] = _Table(
                    {text(each, "name").lower(): state_of(each) for each in columns},
                    tuple(text(each, "name").lower() for each in columns if flag(each, "primary_key")),
                    text_or_none(values, "comment"),
                )
            case "drop_table":
                self._tables.pop(_key(relation(values)), None)
            case "rename_table":
                old = relation(values, "from")
                table = self._tables.pop(_key(old), None)
                if table is not None:
                    table.parts.clear()
                    self._tables[_key(Relation(text(values, "to"), old.schema))] = table
            case "create_view":
                self._views[_key(relation(values, "name"))] = operation
            case "drop_view":
                self._views.pop(_key(relation(values, "name")), None)
            case "drop_index" if "table" not in values:
                for table in self._tables.values():
                    table.parts.pop(text(values, "name").lower(), None)
            case _ if "table" in values:
                table = self._tables.get(_key(relation(values)))
                if table is not None:
                    _apply_to_table(operation, table)

    def apply_sql(self, change: SqlChange, dbms: str) -> None:
        """Forget what SQL may have changed."""
        if not self._tables and not self._views:
            return
        from changelog_engine.sql.reading import read_effects

        written = text_for(change.texts, dbms)
        if written is None:
            return
        effects = read_effects(written.text, dbms)
        if effects.opaque:
            self.forget_all()
        for effect in effects.objects:
            if effect.act in _CHANGES:
                self._forget(effect.thing)

    def _forget(self, thing: Thing) -> None:
        if thing.kind is Kind.RELATION:
            self._tables.pop((thing.schema, thing.name.lower()), None)
            self._views.pop((thing.schema, thing.name.lower()), None)
            for table in self._tables.values():
                table.parts.pop(thing.name.lower(), None)
        elif thing.of:
            schema, _, name = thing.of.rpartition(".")
            self._tables.pop((schema, name.lower()), None)


def _key(table: Relation) -> _Key:
    schema = "" if table.schema in (None, "public", "main") else str(table.schema)
    return schema, table.name.lower()


def _apply_to_table(operation: Operation, table: _Table) -> None:
    values, columns = operation.values, table.columns
    match operation.kind:
        case "add_column":
            column = record(values, "column")
            columns[text(column, "name").lower()] = state_of(column)
        case "drop_column":
            columns.pop(text(values, "column").lower(), None)
            # Which of them goes with the column depends on the database.
            table.parts.clear()
        case "rename_column":
            state = columns.pop(text(values, "from").lower(), None)
            table.parts.clear()
            if state is not None:
                columns[text(values, "to").lower()] = state
            old, new = text(values, "from").lower(), text(values, "to").lower()
            table.key = tuple(new if each == old else each for each in table.key)
        case "alter_column" | "comment" if "column" in values:
            name = text(values, "column").lower()
            if name in columns:
                columns[name] = _altered(columns[name], operation)
        case "comment":
            table.comment = text_or_none(values, "text")
        case "add_primary_key":
            table.key = tuple(each.lower() for each in texts(values, "columns"))
            for each in table.key:
                if each in columns:
                    columns[each] = replace(columns[each], nullable=False)
            table.parts[text(values, "name").lower()] = operation
        case "create_index" | "add_unique_constraint" | "add_check_constraint" | "add_foreign_key":
            table.parts[text(values, "name").lower()] = operation
        case "drop_index":
            table.parts.pop(text(values, "name").lower(), None)
        case "drop_constraint":
            made = table.parts.pop(text(values, "name").lower(), None)
            if values.get("kind") in (None, "primary_key") and (made is None or made.kind == "add_primary_key"):
                table.key = ()


def _altered(state: ColumnState, operation: Operation) -> ColumnState:
    values = operation.values
    if operation.kind == "comment":
        return replace(state, comment=text_or_none(values, "text"))
    return replace(
        state,
        type=text(values, "type") if "type" in values else state.type,
        nullable=flag(values, "nullable", state.nullable),
        default=values.get("default", state.default),
    )
