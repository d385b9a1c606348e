"""What undoes typed changes: other operations, or the reason why nothing does for certain."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from changelog_engine.model import Operation, OperationValue, SqlText
from changelog_engine.operations.knowledge import Knowledge
from changelog_engine.operations.values import (
    ColumnState,
    Relation,
    flag,
    items,
    record,
    records,
    relation,
    text,
    text_or_none,
    texts,
    type_in,
)
from changelog_engine.sql.inverses import UncertainError

Inverse = tuple[Operation, ...]


def inverses_of(operations: Sequence[Operation], known: Knowledge) -> tuple[tuple[int, Operation], ...]:
    """What undoes operations that run one after the other, the last one first, each with the number of what it undoes.

    ``known`` is what the changelog knows before the first of them; it learns what they do. Raises UncertainError for
    the first operation that nothing undoes for certain, which is not learnt any more.
    """
    found: list[list[tuple[int, Operation]]] = []
    own: set[Relation] = set()
    for number, operation in enumerate(operations):
        _follow(operation, own)
        if not _goes_with_table(operation, own, known):
            try:
                found.append([(number, each) for each in _INVERSES[operation.kind](operation, known)])
            except UncertainError as error:
                raise UncertainError(f"`{operation.kind}`: {error.reason}", number=number) from None
        known.apply(operation)
    return tuple(each for inverses in reversed(found) for each in inverses)


def _follow(operation: Operation, own: set[Relation]) -> None:
    """``own`` are the tables that these operations make themselves, by their names at the moment."""
    if operation.kind == "create_table":
        own.add(relation(operation.values))
    elif operation.kind == "rename_table":
        old = relation(operation.values, "from")
        if old in own:
            own.remove(old)
            own.add(Relation(text(operation.values, "to"), old.schema))


def _goes_with_table(operation: Operation, own: set[Relation], known: Knowledge) -> bool:
    """Whether an operation needs no undoing, as the table that it changes will be dropped.

    What made it may stand before these operations, with SQL in between.
    """
    if operation.kind in ("create_table", "drop_table") or "table" not in operation.values:
        return False
    table = relation(operation.values)
    return table in own or known.is_own(table)


def _made(operation: Operation, kind: str, /, **values: OperationValue) -> Operation:
    """An operation in the same schema and at the same place; what is None is left out."""
    schema = operation.values.get("schema")
    given: dict[str, OperationValue] = {} if schema is None else {"schema": schema}
    given |= {key: value for key, value in values.items() if value is not None}
    return Operation(kind, operation.location, given, operation.texts)


def _table(operation: Operation) -> str:
    return text(operation.values, "table")


# ------------------------------------------------------------------------------------------------- tables


def _create_table(operation: Operation, known: Knowledge) -> Inverse:
    del known
    return (_made(operation, "drop_table", table=_table(operation)),)


def _rename_table(operation: Operation, known: Knowledge) -> Inverse:
    del known
    old = relation(operation.values, "from")
    values: dict[str, OperationValue] = {"from": text(operation.values, "to"), "to": old.name}
    if old.schema is not None:
        values["schema"] = old.schema
    return (Operation("rename_table", operation.location, values, operation.texts),)


def _add_column(operation: Operation, known: Knowledge) -> Inverse:
    del known
    column = record(operation.values, "column")
    refers = True if "references" in column else None
    name = text(column, "name")
    return (_made(operation, "drop_column", table=_table(operation), column=name, refers=refers),)


def _rename_column(operation: Operation, known: Knowledge) -> Inverse:
    del known
    values = dict(operation.values) | {"from": operation.values["to"], "to": operation.values["from"]}
    return (Operation("rename_column", operation.location, values, operation.texts),)


def _alter_column(operation: Operation, known: Knowledge) -> Inverse:
    values = operation.values
    was, state = record(values, "was"), known.column(relation(values), text(values, "column"))
    before = dict(was) if state is None else {**_described(state), **was}
    missing = [key for key in ("type", "nullable", "default") if key in values and key not in before]
    if missing:
        column = f"{_table(operation)}.{text(values, 'column')}"
        written = ", ".join(f"{key}: …" for key in missing)
        raise UncertainError(f"nothing tells what `{column}` was before: say it by `was: {{{written}}}`")
    back: dict[str, OperationValue] = {key: before[key] for key in ("type", "nullable", "default") if key in values}
    if "using" in values and "type" in back:
        quoted = '"' + text(values, "column").replace('"', '""') + '"'
        type_ = type_in(back)
        sql = type_.text if isinstance(type_, SqlText) else type_
        back["using"] = SqlText(f"CAST({quoted} AS {sql})", operation.location)
    after = {**before, **{key: values[key] for key in ("type", "nullable", "default") if key in values}}
    return (_altered(operation, text(values, "column"), back, after),)


def _altered(
    operation: Operation, column: str, values: dict[str, OperationValue], was: dict[str, OperationValue]
) -> Operation:
    """A change of a column; values that are None are meant so."""
    made = _made(operation, "alter_column", table=_table(operation), column=column)
    return Operation(made.kind, made.location, {**made.values, **values, "was": was}, made.texts)


def _described(state: ColumnState) -> dict[str, OperationValue]:
    """What is known of a column that can be said of it again."""
    found: dict[str, OperationValue] = {"type": state.type}
    if state.nullable is not None:
        found["nullable"] = state.nullable
    return found if state.identity else {**found, "default": state.default}


# ---------------------------------------------------------------------------------- indexes and constraints


def _create_index(operation: Operation, known: Knowledge) -> Inverse:
    values = operation.values
    known.refuse_relied_on(relation(values), [str(item) for item in items(values, "columns")])
    concurrently = values.get("concurrently")
    return (_made(operation, "drop_index", name=values["name"], table=_table(operation), concurrently=concurrently),)


def _add_unique_constraint(operation: Operation, known: Knowledge) -> Inverse:
    known.refuse_relied_on(relation(operation.values), texts(operation.values, "columns"))
    return (_dropped(operation, "unique"),)


def _add_check_constraint(operation: Operation, known: Knowledge) -> Inverse:
    del known
    return (_dropped(operation, "check"),)


def _add_foreign_key(operation: Operation, known: Knowledge) -> Inverse:
    dropped = _dropped(operation, "foreign_key")
    index = _made(operation, "drop_index", table=_table(operation), name=operation.values["name"])
    with_index = known.made(index) is None
    return (Operation(dropped.kind, dropped.location, {**dropped.values, "with_index": with_index}, dropped.texts),)


def _dropped(operation: Operation, kind: str) -> Operation:
    name = operation.values["name"]
    return _made(operation, "drop_constraint", table=_table(operation), name=name, kind=kind)


def _add_primary_key(operation: Operation, known: Knowledge) -> Inverse:
    """Its columns stay NOT NULL when a primary key goes, so that those which took NULL must be made to again."""
    known.refuse_relied_on(relation(operation.values), texts(operation.values, "columns"))
    back: list[Operation] = [_dropped(operation, "primary_key")]
    for column in texts(operation.values, "columns"):
        state = known.column(relation(operation.values), column)
        if state is None:
            raise UncertainError(
                f"a primary key leaves its columns NOT NULL, and nothing tells whether "
                f"`{_table(operation)}.{column}` took NULL before"
            )
        if state.nullable:
            was = {**_described(state), "nullable": False}
            back.append(_altered(operation, column, {"nullable": True}, was))
    return tuple(back)


def _made_before(operation: Operation, known: Knowledge) -> Inverse:
    """What is dropped is made again as the changelog made it, where that is known."""
    made = known.made(operation)
    if made is None:
        name = text(operation.values, "name")
        raise UncertainError(f"no typed change before it makes `{name}`, so that nobody knows how to make it again")
    return (Operation(made.kind, operation.location, made.values, made.texts),)


# ------------------------------------------------------------------------- views, sequences, comments, rows


def _create_view(operation: Operation, known: Knowledge) -> Inverse:
    if not flag(operation.values, "replace"):
        return (_made(operation, "drop_view", name=operation.values["name"]),)
    made = known.made(operation)
    if made is None:
        raise UncertainError("nobody knows which view it replaces, if any")
    values = {**made.values, "replace": True}
    return (Operation("create_view", operation.location, values, made.texts),)


def _create_sequence(operation: Operation, known: Knowledge) -> Inverse:
    del known
    return (_made(operation, "drop_sequence", name=operation.values["name"]),)


def _comment(operation: Operation, known: Knowledge) -> Inverse:
    values = operation.values
    column = text_or_none(values, "column")
    if "was" in values:
        before = values["was"]
    elif column is None:
        if not known.has_comment(relation(values)):
            raise UncertainError("nothing tells the comment before it: say it by `was: …`, or `was: null`")
        before = known.comment(relation(values))
    else:
        state = known.column(relation(values), column)
        if state is None:
            raise UncertainError("nothing tells the comment before it: say it by `was: …`, or `was: null`")
        before = state.comment
    return (
        Operation("comment", operation.location, {**values, "text": before, "was": values["text"]}, operation.texts),
    )


def _insert(operation: Operation, known: Knowledge) -> Inverse:
    rows = records(operation.values, "rows")
    key = known.key_of_rows(relation(operation.values), rows)
    found = tuple({name: row[name] for name in key} for row in reversed(rows))
    return (_made(operation, "delete", table=_table(operation), rows=found),)


def _refused(reason: str) -> Callable[[Operation, Knowledge], Inverse]:
    def inverse(operation: Operation, known: Knowledge) -> Inverse:
        del operation, known
        raise UncertainError(reason)

    return inverse


_INVERSES: dict[str, Callable[[Operation, Knowledge], Inverse]] = {
    "create_table": _create_table,
    "drop_table": _refused("its rows are gone with it"),
    "rename_table": _rename_table,
    "add_column": _add_column,
    "drop_column": _refused("its values are gone with it"),
    "rename_column": _rename_column,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _made_before,
    "add_primary_key": _add_primary_key,
    "add_unique_constraint": _add_unique_constraint,
    "add_check_constraint": _add_check_constraint,
    "add_foreign_key": _add_foreign_key,
    "drop_constraint": _made_before,
    "create_view": _create_view,
    "drop_view": _made_before,
    "create_sequence": _create_sequence,
    "drop_sequence": _refused("nobody knows afterwards how far it had counted"),
    "comment": _comment,
    "insert": _insert,
    "update": _refused("the values before it are gone"),
    "delete": _refused("the rows are gone"),
}
