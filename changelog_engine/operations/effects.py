"""What typed changes do to the objects of a database: known from the operations themselves, without a parser.

Pieces of SQL in them (a query, a condition, an expression) are read as SQL is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from changelog_engine.model import Change, Operation
from changelog_engine.operations.reading import Reading
from changelog_engine.operations.spelled import spelled
from changelog_engine.operations.values import (
    Relation,
    Values,
    flag,
    record,
    records,
    relation,
    text,
    text_or_none,
    texts,
)
from changelog_engine.sql.effects import Act, Effects, Kind, Thing
from changelog_engine.sql.statements import text_for


def effects_of(change: Change, dbms: str) -> Effects:
    """What a change does on a kind of database; nothing where it has no SQL for it. Raises nothing."""
    if not isinstance(change, Operation):
        from changelog_engine.sql.reading import read_effects

        written = text_for(change.texts, dbms)
        return Effects() if written is None else read_effects(written.text, dbms)
    reading = Reading(dbms)
    _READERS[change.kind](reading, change.values)
    return reading.effects()


# ------------------------------------------------------------------------------------------------- the kinds


def _create_table(reading: Reading, values: Values) -> None:
    table = reading.relation(relation(values))
    reading.makes_relation(table, "table")
    columns = records(values, "columns")
    for column in columns:
        reading.declares_column(table, column)
    keys = tuple(text(column, "name") for column in columns if flag(column, "primary_key"))
    if keys:
        reading.makes_primary_key(table, keys, f"{table.name}_pkey")


def _drop_table(reading: Reading, values: Values) -> None:
    reading.drops_relation(reading.relation(relation(values)), "table")


def _rename_table(reading: Reading, values: Values) -> None:
    old = reading.uses_table(values, "from")
    new = Thing(Kind.RELATION, reading.name(text(values, "to")), old.schema)
    kinds = (Kind.RELATION, Kind.TYPE) if reading.has_types else (Kind.RELATION,)
    for act, thing in ((Act.RENAMES_FROM, old), (Act.RENAMES_TO, new)):
        for kind in kinds:
            reading.add(act, thing._replace(kind=kind), "type" if kind is Kind.TYPE else "table")
    for kind in (Kind.COLUMN, Kind.KEY, Kind.CONSTRAINT, Kind.TRIGGER, Kind.POLICY, Kind.RULE):
        reading.add(Act.RENAMES_TO, reading.of(kind, "*", new), str(kind))


def _add_column(reading: Reading, values: Values) -> None:
    reading.declares_column(reading.uses_table(values), record(values, "column"))


def _drop_column(reading: Reading, values: Values) -> None:
    table = reading.uses_table(values)
    column = reading.column(table, text(values, "column"))
    reading.add(Act.USES, column, "column")
    reading.add(Act.DROPS, column, "column")


def _rename_column(reading: Reading, values: Values) -> None:
    table = reading.uses_table(values)
    old, new = reading.column(table, text(values, "from")), reading.column(table, text(values, "to"))
    reading.add(Act.USES, old, "column")
    reading.add(Act.RENAMES_FROM, old, "column")
    reading.add(Act.RENAMES_TO, new, "column")


def _alter_column(reading: Reading, values: Values) -> None:
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


def _create_index(reading: Reading, values: Values) -> None:
    reading.reads_all(spelled("create_index", values, reading.dbms))


def _drop_index(reading: Reading, values: Values) -> None:
    named = relation(values) if "table" in values else Relation("", text_or_none(values, "schema"))
    reading.drops_relation(reading.index(reading.relation(named), text(values, "name")), "index")


def _add_primary_key(reading: Reading, values: Values) -> None:
    table, columns = reading.uses_table(values), texts(values, "columns")
    reading.makes_primary_key(table, columns, text(values, "name"))
    reading.tightens(table, columns)


def _add_unique_constraint(reading: Reading, values: Values) -> None:
    table, columns = reading.uses_table(values), texts(values, "columns")
    reading.makes_constraint(table, text(values, "name"), is_index=True)
    reading.uses_columns(table, columns)
    reading.add(Act.CREATES, reading.key(table, columns), "key")
    reading.tightens(table, columns)


def _add_check_constraint(reading: Reading, values: Values) -> None:
    table = reading.uses_table(values)
    reading.makes_constraint(table, text(values, "name"), is_index=False)
    first = len(reading.objects)
    reading.reads_condition(table, values["condition"])
    used = [effect for effect in reading.objects[first:] if effect.thing.kind is Kind.COLUMN]
    reading.objects += [effect._replace(act=Act.TIGHTENS) for effect in used]


def _add_foreign_key(reading: Reading, values: Values) -> None:
    table, columns = reading.uses_table(values), texts(values, "columns")
    reading.makes_constraint(table, text(values, "name"), is_index=False)
    reading.uses_columns(table, columns)
    target = reading.relation(relation({"table": text(values, "references")}))
    reading.refers(table, columns, target, texts(values, "referenced_columns"))
    if not flag(values, "not_valid"):
        reading.tightens(table, columns)


def _drop_constraint(reading: Reading, values: Values) -> None:
    table = reading.uses_table(values)
    constraint = reading.of(Kind.CONSTRAINT, reading.name(text(values, "name")), table)
    reading.add(Act.USES, constraint, "constraint")
    reading.add(Act.DROPS, constraint, "constraint")


def _create_view(reading: Reading, values: Values) -> None:
    first = len(reading.objects)
    reading.reads_all(spelled("create_view", values, reading.dbms))
    if flag(values, "replace"):
        made = reading.objects[first:]
        replaced = [each._replace(act=Act.REPLACES) if each.act is Act.CREATES else each for each in made]
        reading.objects[first:] = replaced


def _drop_view(reading: Reading, values: Values) -> None:
    reading.drops_relation(reading.relation(relation(values, "name")), "view")


def _create_sequence(reading: Reading, values: Values) -> None:
    reading.makes_relation(reading.relation(relation(values, "name")), "sequence")


def _drop_sequence(reading: Reading, values: Values) -> None:
    reading.drops_relation(reading.relation(relation(values, "name")), "sequence")


def _comment(reading: Reading, values: Values) -> None:
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


def _rows(kind: str) -> Callable[[Reading, Values], None]:
    """What is read of rows is what the SQL for it says."""
    return lambda reading, values: reading.reads_all(spelled(kind, values, reading.dbms))


_READERS: Mapping[str, Callable[[Reading, Values], None]] = {
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
    "insert": _rows("insert"),
    "update": _rows("update"),
    "delete": _rows("delete"),
}
