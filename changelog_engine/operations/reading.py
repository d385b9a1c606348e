"""What one typed change does, put together: its names as effects have them, its acts, and the SQL that stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from changelog_engine.model import OperationValue, SqlText, sql_in
from changelog_engine.operations.values import Relation, Values, flag, reference, relation, text
from changelog_engine.sql.effects import Act, ColumnType, Effect, Effects, ForeignKey, Kind, Opaque, RowWrite, Thing

_NEUTRAL = re.compile(
    r"\s*(?:smallint|integer|int|bigint|real|double|numeric|decimal|boolean|bool|text|varchar|char|date|time|timestamp|"
    r"timestamptz|interval|json|jsonb|uuid|bytea|binary|blob)\s*(?:\([\d\s,]+\))?\s*",
    re.IGNORECASE,
)
_DEFAULT_SCHEMAS = ("public", "main")


class Reading:
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

    def effects(self) -> Effects:
        """All that was put together."""
        return Effects(
            tuple(self.objects),
            tuple(self.writes),
            tuple(self.foreign_keys),
            tuple(self.opaque),
            tuple(self.types),
        )

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

    def reads_all(self, statements: Iterable[str]) -> None:
        """All that statements do, but for their places: they are none of the changelog's."""
        found = self.read(";\n".join(statements))
        self.objects += [effect._replace(place=0) for effect in found.objects]
        self.writes += [write._replace(place=0) for write in found.writes]
        self.opaque += [each._replace(place=0) for each in found.opaque]

    def reads_expressions(self, value: OperationValue) -> None:
        """What expressions use that stand in no row of a table, such as defaults."""
        for sql in sql_in(value):
            self.reads_all([f"SELECT ({sql.text})"])

    def reads_condition(self, table: Thing, sql: OperationValue) -> None:
        """What a condition or expression over the rows of a table uses."""
        if isinstance(sql, SqlText):
            self.reads_all([f"SELECT 1 FROM {self.quoted(table)} WHERE ({sql.text}) IS NOT NULL"])
