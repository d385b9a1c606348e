"""What typed changes do to the objects of a database: known from the operations themselves, without a parser.

Pieces of SQL in them (a query, a condition, an expression) are read as SQL is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from changelog_engine.model import Change, Operation, OperationValue, SqlText, sql_in
from changelog_engine.operations.values import (
    Relation,
    Values,
    flag,
    items,
    record,
    records,
    reference,
    relation,
    text,
    text_or_none,
    texts,
)
from changelog_engine.sql.effects import Act, ColumnType, Effect, Effects, ForeignKey, Kind, Opaque, RowWrite, Thing
from changelog_engine.sql.statements import text_for

_NEUTRAL = re.compile(
    r"\s*(?:smallint|integer|int|bigint|real|double|numeric|decimal|boolean|bool|text|varchar|char|date|time|timestamp|"
    r"timestamptz|interval|json|jsonb|uuid|bytea|binary|blob)\s*(?:\([\d\s,]+\))?\s*",
    re.IGNORECASE,
)
_DEFAULT_SCHEMAS = ("public", "main")


def effects_of(change: Change, dbms: str) -> Effects:
    """What a change does on a kind of database; nothing where it has no SQL for it. Raises nothing."""
    if not isinstance(change, Operation):
        from changelog_engine.sql.reading import read_effects

        written = text_for(change.texts, dbms)
        return Effects() if written is None else read_effects(written.text, dbms)
    reading = _Reading(dbms)
    _READERS[change.kind](reading, change.values)
    return Effects(
        tuple(reading.objects),
        tuple(reading.writes),
        tuple(reading.foreign_keys),
        tuple(reading.opaque),
        tuple(reading.types),
    )


class _Reading:
    """Collects what one operation does."""

    def __init__(self, dbms: str) -> None:
        self.dbms = dbms
        self.folds = dbms != "postgresql"
        self.has_types = dbms == "postgresql"
        self.quotes_by = "`" if dbms in ("mysql", "mariadb") else '"'
        self.objects: list[Effect] = []
        self.writes: list[RowWrite] = []
        self.foreign_keys: list[ForeignKey] = []
        self.opaque: list[Opaque] = []
        self.types: list[ColumnType] = []

    # ------------------------------------------------------------------------------------------------ names

    def name(self, written: str) -> str:
        """A name as effects have it: typed changes quote what the database would fold."""
        return written.lower() if self.folds and "${" not in written else written

    def relation(self, named: Relation) -> Thing:
        schema = "" if named.schema is None or named.schema in _DEFAULT_SCHEMAS else self.name(named.schema)
        return Thing(Kind.RELATION, self.name(named.name), schema)

    def of(self, kind: Kind, name: str, table: Thing) -> Thing:
        return Thing(kind, name, of=f"{table.schema}.{table.name}" if table.schema else table.name)

    def column(self, table: Thing, name: str) -> Thing:
        return self.of(Kind.COLUMN, self.name(name), table)

    def key(self, table: Thing, columns: Iterable[str]) -> Thing:
        return self.of(Kind.KEY, ",".join(sorted(self.name(column) for column in columns)), table)

    # -------------------------------------------------------------------------------------------------- acts

    def add(self, act: Act, thing: Thing, word: str) -> None:
        self.objects.append(Effect(act, thing, word))

    def uses_table(self, values: Values, key: str = "table") -> Thing:
        table = self.relation(relation(values, key))
        self.add(Act.USES, table, "table")
        return table

    def uses_columns(self, table: Thing, columns: Iterable[str]) -> None:
        for column in columns:
            self.add(Act.USES, self.column(table, column), "column")

    def tightens(self, table: Thing, columns: Iterable[str]) -> None:
        for column in columns:
            self.add(Act.TIGHTENS, self.column(table, column), "column")

    def makes_relation(self, thing: Thing, word: str, act: Act = Act.CREATES) -> None:
        if thing.schema:
            self.add(Act.USES, Thing(Kind.SCHEMA, thing.schema), "schema")
        self.add(act, thing, word)
        if self.has_types and word in ("table", "view"):
            self.add(act, Thing(Kind.TYPE, thing.name, thing.schema), "type")

    def index(self, table: Thing, name: str) -> Thing:
        """An index by its name: MySQL's stand among the constraints of their table."""
        if self.dbms in ("mysql", "mariadb"):
            return self.of(Kind.CONSTRAINT, self.name(name), table)
        return Thing(Kind.RELATION, self.name(name), table.schema)

    def drops_relation(self, thing: Thing, word: str) -> None:
        self.add(Act.USES, thing, word)
        self.add(Act.DROPS, thing, word)
        if self.has_types and word in ("table", "view"):
            self.add(Act.DROPS, Thing(Kind.TYPE, thing.name, thing.schema), "type")

    def makes_constraint(self, table: Thing, name: str, *, is_index: bool) -> None:
        self.add(Act.CREATES, self.of(Kind.CONSTRAINT, self.name(name), table), "constraint")
        if is_index and self.has_types:
            self.add(Act.CREATES, Thing(Kind.RELATION, self.name(name), table.schema), "index")

    def refers(self, table: Thing, columns: tuple[str, ...], target: Thing, referenced: tuple[str, ...]) -> None:
        """Columns of a table refer to those of another; SQLite asks for that only when rows are written."""
        act = Act.USES_WHEN_RUN if self.dbms == "sqlite" else Act.USES
        self.add(act, target, "table")
        for column in referenced:
            self.add(act, self.column(target, column), "column")
        self.add(act, self.key(target, referenced), "key")
        names = tuple(self.name(column) for column in columns)
        self.foreign_keys.append(ForeignKey(table, names, target, tuple(self.name(each) for each in referenced)))

    def declares_column(self, table: Thing, column: Values) -> None:
        """What comes with a column: its keys, what it refers to, its type, and what its default uses."""
        name = text(column, "name")
        self.add(Act.CREATES, self.column(table, name), "column")
        self.reads_type(table, name, text(column, "type"))
        if flag(column, "identity") and self.has_types:
            self.add(Act.CREATES, Thing(Kind.RELATION, f"{table.name}_{name}_seq", table.schema), "sequence")
        if flag(column, "unique"):
            if self.has_types:
                self.makes_constraint(table, f"{table.name}_{name}_key", is_index=True)
            self.add(Act.CREATES, self.key(table, [name]), "key")
        if "references" in column:
            if self.has_types:
                self.makes_constraint(table, f"{table.name}_{name}_fkey", is_index=False)
            target, referenced = reference(text(column, "references"))
            self.refers(table, (name,), self.relation(target), (referenced,))
        self.reads_expressions(column)

    def reads_type(self, table: Thing, column: str, written: str) -> None:
        """A type of the user's own is used; those of the database are nobody's to make."""
        if _NEUTRAL.fullmatch(written):
            return
        sql = f"CREATE TABLE {self.quoted(table)} ({self.quoted_name(column)} {written})"
        found = self.read(sql)
        self.objects += [
            effect for effect in found.objects if effect.thing.kind is Kind.TYPE and effect.act is Act.USES
        ]
        self.types += found.column_types

    def makes_primary_key(self, table: Thing, columns: tuple[str, ...], name: str) -> None:
        if self.has_types:
            self.makes_constraint(table, name, is_index=True)
        self.uses_columns(table, columns)
        self.add(Act.CREATES, self.key(table, columns), "key")
        self.add(Act.CREATES, self.of(Kind.KEY, "", table), "primary key")

    # --------------------------------------------------------------------------------------------------- SQL

    def quoted_name(self, name: str) -> str:
        return f"{self.quotes_by}{name.replace(self.quotes_by, self.quotes_by * 2)}{self.quotes_by}"

    def quoted(self, thing: Thing) -> str:
        name = self.quoted_name(thing.name)
        return f"{self.quoted_name(thing.schema)}.{name}" if thing.schema else name

    def read(self, sql: str) -> Effects:
        from changelog_engine.sql.reading import read_effects

        return read_effects(sql, self.dbms)

    def reads_all(self, sql: str) -> None:
        """All that a text does, but for its places: it is none of the changelog's."""
        found = self.read(sql)
        self.objects += [effect._replace(place=0) for effect in found.objects]
        self.writes += [write._replace(place=0) for write in found.writes]
        self.opaque += [each._replace(place=0) for each in found.opaque]

    def reads_expressions(self, value: OperationValue) -> None:
        """What expressions use that stand in no row of a table, such as defaults."""
        for sql in sql_in(value):
            self.reads_all(f"SELECT ({sql.text})")

    def reads_condition(self, table: Thing, sql: OperationValue) -> None:
        """What a condition or expression over the rows of a table uses."""
        if isinstance(sql, SqlText):
            self.reads_all(f"SELECT 1 FROM {self.quoted(table)} WHERE ({sql.text}) IS NOT NULL")


# ------------------------------------------------------------------------------------------------- the kinds


def _create_table(reading: _Reading, values: Values) -> None:
    table = reading.relation(relation(values))
    reading.makes_relation(table, "table")
    columns = records(values, "columns")
    for column in columns:
        reading.declares_column(table, column)
    keys = tuple(text(column, "name") for column in columns if flag(column, "primary_key"))
    if keys:
        reading.makes_primary_key(table, keys, f"{table.name}_pkey")


def _drop_table(reading: _Reading, values: Values) -> None:
    reading.drops_relation(reading.relation(relation(values)), "table")


def _rename_table(reading: _Reading, values: Values) -> None:
    old = reading.uses_table(values, "from")
    new = Thing(Kind.RELATION, reading.name(text(values, "to")), old.schema)
    kinds = (Kind.RELATION, Kind.TYPE) if reading.has_types else (Kind.RELATION,)
    for act, thing in ((Act.RENAMES_FROM, old), (Act.RENAMES_TO, new)):
        for kind in kinds:
            reading.add(act, thing._replace(kind=kind), "type" if kind is Kind.TYPE else "table")
    for kind in (Kind.COLUMN, Kind.KEY, Kind.CONSTRAINT, Kind.TRIGGER, Kind.POLICY, Kind.RULE):
        reading.add(Act.RENAMES_TO, reading.of(kind, "*", new), str(kind))


def _add_column(reading: _Reading, values: Values) -> None:
    reading.declares_column(reading.uses_table(values), record(values, "column"))


def _drop_column(reading: _Reading, values: Values) -> None:
    table = reading.uses_table(values)
    column = reading.column(table, text(values, "column"))
    reading.add(Act.USES, column, "column")
    reading.add(Act.DROPS, column, "column")


def _rename_column(reading: _Reading, values: Values) -> None:
    table = reading.uses_table(values)
    old, new = reading.column(table, text(values, "from")), reading.column(table, text(values, "to"))
    reading.add(Act.USES, old, "column")
    reading.add(Act.RENAMES_FROM, old, "column")
    reading.add(Act.RENAMES_TO, new, "column")


def _alter_column(reading: _Reading, values: Values) -> None:
    table = reading.uses_table(values)
    name = text(values, "column")
    column = reading.column(table, name)
    reading.add(Act.USES, column, "column")
    reading.add(Act.ALTERS, column, "column")
    if values.get("nullable") is False:
        reading.add(Act.TIGHTENS, column, "column")
    if "type" in values:
        reading.reads_type(table, name, text(values, "type"))
    reading.reads_condition(table, values.get("using"))
    reading.reads_expressions(values.get("default"))


def _create_index(reading: _Reading, values: Values) -> None:
    table = reading.quoted(reading.relation(relation(values)))
    columns = (
        f"({item.text})" if isinstance(item, SqlText) else reading.quoted_name(item)
        for item in items(values, "columns")
    )
    words = "CREATE UNIQUE INDEX" if flag(values, "unique") else "CREATE INDEX"
    name = reading.quoted_name(text(values, "name"))
    where = "" if reading.dbms in ("mysql", "mariadb") else _where(values)
    reading.reads_all(f"{words} {name} ON {table} ({', '.join(columns)}){where}")


def _drop_index(reading: _Reading, values: Values) -> None:
    named = relation(values) if "table" in values else Relation("", text_or_none(values, "schema"))
    reading.drops_relation(reading.index(reading.relation(named), text(values, "name")), "index")


def _add_primary_key(reading: _Reading, values: Values) -> None:
    table, columns = reading.uses_table(values), texts(values, "columns")
    reading.makes_primary_key(table, columns, text(values, "name"))
    reading.tightens(table, columns)


def _add_unique_constraint(reading: _Reading, values: Values) -> None:
    table, columns = reading.uses_table(values), texts(values, "columns")
    reading.makes_constraint(table, text(values, "name"), is_index=True)
    reading.uses_columns(table, columns)
    reading.add(Act.CREATES, reading.key(table, columns), "key")
    reading.tightens(table, columns)


def _add_check_constraint(reading: _Reading, values: Values) -> None:
    table = reading.uses_table(values)
    reading.makes_constraint(table, text(values, "name"), is_index=False)
    first = len(reading.objects)
    reading.reads_condition(table, values["condition"])
    used = [effect for effect in reading.objects[first:] if effect.thing.kind is Kind.COLUMN]
    reading.objects += [effect._replace(act=Act.TIGHTENS) for effect in used]


def _add_foreign_key(reading: _Reading, values: Values) -> None:
    table, columns = reading.uses_table(values), texts(values, "columns")
    reading.makes_constraint(table, text(values, "name"), is_index=False)
    reading.uses_columns(table, columns)
    target = reading.relation(relation({"table": text(values, "references")}))
    reading.refers(table, columns, target, texts(values, "referenced_columns"))
    if not flag(values, "not_valid"):
        reading.tightens(table, columns)


def _drop_constraint(reading: _Reading, values: Values) -> None:
    table = reading.uses_table(values)
    constraint = reading.of(Kind.CONSTRAINT, reading.name(text(values, "name")), table)
    reading.add(Act.USES, constraint, "constraint")
    reading.add(Act.DROPS, constraint, "constraint")


def _create_view(reading: _Reading, values: Values) -> None:
    view = reading.relation(relation(values, "name"))
    query = values["query"]
    assert isinstance(query, SqlText)
    words = "CREATE OR REPLACE VIEW" if flag(values, "replace") and reading.dbms != "sqlite" else "CREATE VIEW"
    first = len(reading.objects)
    reading.reads_all(f"{words} {reading.quoted(view)} AS {query.text}")
    if flag(values, "replace"):
        made = reading.objects[first:]
        replaced = [each._replace(act=Act.REPLACES) if each.act is Act.CREATES else each for each in made]
        reading.objects[first:] = replaced


def _drop_view(reading: _Reading, values: Values) -> None:
    reading.drops_relation(reading.relation(relation(values, "name")), "view")


def _create_sequence(reading: _Reading, values: Values) -> None:
    reading.makes_relation(reading.relation(relation(values, "name")), "sequence")


def _drop_sequence(reading: _Reading, values: Values) -> None:
    reading.drops_relation(reading.relation(relation(values, "name")), "sequence")


def _comment(reading: _Reading, values: Values) -> None:
    table = reading.relation(relation(values))
    name = f"{table.schema}.{table.name}" if table.schema else table.name
    column = text_or_none(values, "column")
    if column is None:
        reading.add(Act.USES, table, "table")
        commented = f"relation {name}"
    else:
        reading.add(Act.USES, reading.column(table, column), "column")
        commented = f"column {name}.{reading.name(column)}"
    reading.add(Act.REPLACES, Thing(Kind.OTHER, commented, of="comment"), "comment")


def _literal(value: OperationValue) -> str:
    if isinstance(value, SqlText):
        return f"({value.text})"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "NULL" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _insert(reading: _Reading, values: Values) -> None:
    table = reading.quoted(reading.relation(relation(values)))
    statements = []
    for row in records(values, "rows"):
        columns = ", ".join(reading.quoted_name(column) for column in row)
        statements.append(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(map(_literal, row.values()))})")
    reading.reads_all(";\n".join(statements))


def _update(reading: _Reading, values: Values) -> None:
    table = reading.quoted(reading.relation(relation(values)))
    given = record(values, "set")
    assignments = ", ".join(f"{reading.quoted_name(column)} = {_literal(value)}" for column, value in given.items())
    reading.reads_all(f"UPDATE {table} SET {assignments}{_where(values)}")


def _delete(reading: _Reading, values: Values) -> None:
    reading.reads_all(f"DELETE FROM {reading.quoted(reading.relation(relation(values)))}{_where(values)}")


def _where(values: Values) -> str:
    where = values.get("where")
    return f" WHERE {where.text}" if isinstance(where, SqlText) else ""


_READERS = {
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "rename_column": _rename_column,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "add_primary_key": _add_primary_key,
    "add_unique_constraint": _add_unique_constraint,
    "add_check_constraint": _add_check_constraint,
    "add_foreign_key": _add_foreign_key,
    "drop_constraint": _drop_constraint,
    "create_view": _create_view,
    "drop_view": _drop_view,
    "create_sequence": _create_sequence,
    "drop_sequence": _drop_sequence,
    "comment": _comment,
    "insert": _insert,
    "update": _update,
    "delete": _delete,
}
