"""What the changelog itself knows of tables: the columns that typed changes have made, and what became of them."""

from __future__ import annotations

from dataclasses import replace

from changelog_engine.model import Operation, SqlChange
from changelog_engine.operations.values import (
    ColumnState,
    Relation,
    Values,
    flag,
    record,
    records,
    relation,
    state_of,
    text,
    text_or_none,
)
from changelog_engine.sql.effects import Act, Kind
from changelog_engine.sql.statements import text_for

_Key = tuple[str, str]
_CHANGES = frozenset(
    {Act.CREATES, Act.REPLACES, Act.ENSURES, Act.ALTERS, Act.TIGHTENS, Act.DROPS, Act.RENAMES_FROM, Act.RENAMES_TO}
)


class Knowledge:
    """Only what is certain: a table that anything else may have changed is forgotten."""

    def __init__(self) -> None:
        self._tables: dict[_Key, dict[str, ColumnState]] = {}

    def copy(self) -> Knowledge:
        """The same, to be changed by itself."""
        other = Knowledge()
        other._tables = {key: dict(columns) for key, columns in self._tables.items()}
        return other

    def column(self, table: Relation, name: str) -> ColumnState | None:
        """What is known of a column; None for nothing."""
        return self._tables.get(_key(table), {}).get(name.lower())

    def forget_all(self) -> None:
        """Nothing is certain any more."""
        self._tables.clear()

    def apply(self, operation: Operation) -> None:
        """Learn what an operation does; names and values must be those of the run."""
        values = operation.values
        match operation.kind:
            case "create_table":
                columns = records(values, "columns")
                self._tables[_key(relation(values))] = {text(each, "name").lower(): state_of(each) for each in columns}
            case "drop_table":
                self._tables.pop(_key(relation(values)), None)
            case "rename_table":
                table = relation(values, "from")
                columns_of = self._tables.pop(_key(table), None)
                if columns_of is not None:
                    self._tables[_key(Relation(text(values, "to"), table.schema))] = columns_of
            case _ if "table" in values:
                columns_of = self._tables.get(_key(relation(values)))
                if columns_of is not None:
                    _apply_to_columns(operation.kind, values, columns_of)

    def apply_sql(self, change: SqlChange, dbms: str) -> None:
        """Forget what SQL may have changed."""
        if not self._tables:
            return
        from changelog_engine.sql.reading import read_effects

        written = text_for(change.texts, dbms)
        if written is None:
            return
        effects = read_effects(written.text, dbms)
        if effects.opaque:
            self.forget_all()
        for effect in effects.objects:
            if effect.act not in _CHANGES:
                continue
            thing = effect.thing
            if thing.kind is Kind.RELATION:
                self._tables.pop((thing.schema, thing.name.lower()), None)
            elif thing.kind in (Kind.COLUMN, Kind.OTHER, Kind.CONSTRAINT, Kind.KEY):
                schema, _, name = thing.of.rpartition(".")
                self._tables.pop((schema, name.lower()), None)


def _key(table: Relation) -> _Key:
    schema = "" if table.schema in (None, "public", "main") else str(table.schema)
    return schema, table.name.lower()


def _apply_to_columns(kind: str, values: Values, columns: dict[str, ColumnState]) -> None:
    match kind:
        case "add_column":
            column = record(values, "column")
            columns[text(column, "name").lower()] = state_of(column)
        case "drop_column":
            columns.pop(text(values, "column").lower(), None)
        case "rename_column":
            state = columns.pop(text(values, "from").lower(), None)
            if state is not None:
                columns[text(values, "to").lower()] = state
        case "alter_column":
            name = text(values, "column").lower()
            if name in columns:
                columns[name] = _altered(columns[name], values)
        case "comment" if "column" in values:
            name = text(values, "column").lower()
            if name in columns:
                columns[name] = replace(columns[name], comment=text_or_none(values, "text"))


def _altered(state: ColumnState, values: Values) -> ColumnState:
    return replace(
        state,
        type=text(values, "type") if "type" in values else state.type,
        nullable=flag(values, "nullable", state.nullable),
        default=values.get("default", state.default),
    )
