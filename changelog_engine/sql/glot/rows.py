"""INSERT, UPDATE, DELETE and TRUNCATE: the rows that they write, and all that they use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from changelog_engine.sql.disguise import is_parameter
from changelog_engine.sql.effects import Act, Thing, Writing
from changelog_engine.sql.glot.queries import Reader, Scope
from changelog_engine.sql.glot.state import Row, State

_MOST_ROWS = 1000
"""A text that inserts more is a load of data; which rows it has is not kept."""


def read_insert(reader: Reader, node: exp.Insert, outer: Scope, replaces: bool = False) -> None:
    """``replaces``: it was written as REPLACE."""
    state = reader.state
    base = reader.with_clause(node, outer)
    scope = Scope(base)
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    relation = _target(reader, target, scope)
    names = node.this.expressions if isinstance(node.this, exp.Schema) else []
    columns = _set(reader, relation, names)
    query = node.args.get("expression")
    if isinstance(query, exp.Query):
        reader.query(query, base)
    elif query is not None:
        reader.walk(query.args.get("expressions"), scope)
    place = reader.at(target)
    state.writes(Writing.INSERTS, relation, place, columns, _inserted(state, columns, query))
    if replaces or node.args.get("alternative") == "REPLACE":
        state.writes(Writing.DELETES, relation, place)
    if (conflict := node.args.get("conflict")) is not None:
        _conflict(reader, conflict, relation, scope)
    reader.walk(node.args.get("returning"), scope)


def _target(reader: Reader, node: exp.Table, scope: Scope) -> Thing | None:
    """The table whose rows are changed; not a CTE, whatever its name."""
    state = reader.state
    relation = state.relation(node.name, node.db)
    state.use_relation(relation, reader.at(node.args.get("db") or node))
    scope.relations[state.fold(node.alias or node.name)] = relation
    return relation


def _set(reader: Reader, relation: Thing | None, nodes: Sequence[Any]) -> list[str]:
    """The columns that are set, by their names."""
    for node in nodes:
        reader.state.use_column(relation, node.name, reader.at(node))
    return [node.name for node in nodes]


def _conflict(reader: Reader, node: exp.OnConflict, relation: Thing | None, scope: Scope) -> None:
    state, place = reader.state, reader.at(node)
    keys = [key.this if isinstance(key, exp.Ordered) else key for key in node.args.get("conflict_keys") or ()]
    columns = [key.name for key in keys if isinstance(key, exp.Column)]
    if relation is not None and columns and len(columns) == len(keys):
        state.add(Act.USES, state.key(relation, columns), "key", reader.at(keys[0]))
    for part in ("conflict_keys", "index_where"):
        reader.walk(node.args.get(part), scope)
    scope.qualified["excluded"] = relation
    assigned = _assigned(node.expressions)
    if assigned:
        _set(reader, relation, assigned)
        state.writes(Writing.UPDATES, relation, reader.at(assigned[0]), [column.name for column in assigned])
    reader.walk(node.expressions, scope)
    reader.walk(node.args.get("where"), scope)
    if node.args.get("duplicate") and not assigned:
        state.writes(Writing.UPDATES, relation, place)


def _assigned(nodes: Sequence[exp.Expression]) -> list[exp.Column]:
    """The columns on the left of assignments."""
    columns: list[exp.Column] = []
    for node in nodes:
        left = node.this if isinstance(node, exp.EQ) else None
        columns += [left] if isinstance(left, exp.Column) else left.expressions if isinstance(left, exp.Tuple) else []
    return columns


def read_update(reader: Reader, node: exp.Update, outer: Scope) -> None:
    state = reader.state
    base = reader.with_clause(node, outer)
    scope = Scope(base)
    relation = _target(reader, node.this, scope)
    if (index := node.this.args.get("indexed")) and isinstance(index, exp.Table):
        state.use_relation(state.relation(index.name), reader.at(index), "index")
    _more_sources(reader, node, scope)
    by_table: dict[Thing, list[str]] = {}
    for column in _assigned(node.expressions):
        written = scope.relations.get(state.fold(column.table), relation) if column.table else relation
        if not column.table and len(scope.relations) > 1 and not state.is_sqlite:
            # MySQL: of whichever of the joined tables has it.
            reader.column(column, scope)
            written = None
        else:
            state.use_column(written, column.name, reader.at(column))
        if written is not None:
            by_table.setdefault(written, []).append(column.name)
    for part in ("expressions", "where", "order", "limit", "returning"):
        reader.walk(node.args.get(part), scope)
    is_one = len(scope.relations) == 1 or state.is_sqlite
    rows = _conditions(state, node.args.get("where")) if is_one else None
    for written, columns in by_table.items():
        state.writes(Writing.UPDATES, written, reader.at(node.this), columns, rows)
    if not by_table:
        for written in scope.relations.values():
            state.writes(Writing.UPDATES, written, reader.at(node.this))


def _more_sources(reader: Reader, node: exp.Expression, scope: Scope) -> None:
    """Tables that are joined to the one that is changed."""
    for join in node.this.args.get("joins") or ():
        reader.join(join, scope)
    if (source := node.args.get("from_")) is not None:
        reader.source(source.this, scope)
    for join in node.args.get("joins") or ():
        reader.join(join, scope)
    for source in node.args.get("using") or ():
        reader.source(source, scope)


def read_delete(reader: Reader, node: exp.Delete, outer: Scope) -> None:
    state = reader.state
    base = reader.with_clause(node, outer)
    scope = Scope(base)
    relation = _target(reader, node.this, scope)
    _more_sources(reader, node, scope)
    for part in ("where", "order", "limit", "returning"):
        reader.walk(node.args.get(part), scope)
    tables = node.args.get("tables") or ()
    if not tables:
        rows = _conditions(state, node.args.get("where")) if len(scope.relations) == 1 else None
        state.writes(Writing.DELETES, relation, reader.at(node.this), (), rows)
    for table in tables:
        deleted = scope.relations.get(state.fold(table.name)) or state.relation(table.name, table.db)
        state.writes(Writing.DELETES, deleted, reader.at(table))


def read_truncate(reader: Reader, node: exp.TruncateTable) -> None:
    for table in node.expressions:
        relation = _target(reader, table, Scope())
        reader.state.writes(Writing.DELETES, relation, reader.at(table))


# ----------------------------------------------------------------------------------------------- literals


def _inserted(state: State, columns: Sequence[str], query: Any) -> tuple[Row, ...] | None:
    """The literals of each row of INSERT … VALUES; None for rows from elsewhere, or without column names."""
    if not isinstance(query, exp.Values) or not columns or len(query.expressions) > _MOST_ROWS:
        return None
    rows: list[Row] = []
    for values in query.expressions:
        found = zip(columns, values.expressions, strict=False)
        row = ((state.fold(name), text) for name, value in found if (text := _literal(value)) is not None)
        rows.append(tuple(sorted(row)))
    return tuple(rows)


def _conditions(state: State, where: Any) -> tuple[Row, ...] | None:
    """The rows that WHERE tells by ``=`` and ``IN`` with literals; None where it does not."""
    rows: list[dict[str, str]] = [{}]
    parts = [where.this] if isinstance(where, exp.Where) else []
    while parts:
        part = parts.pop()
        if isinstance(part, (exp.And, exp.Paren)):
            parts += [inner for inner in (part.args.get("expression"), part.this) if inner is not None]
            continue
        compared = _comparison(part)
        if compared is not None and len(rows) * len(compared[1]) <= _MOST_ROWS:
            name = state.fold(compared[0])
            rows = [{**row, name: value} for row in rows for value in compared[1]]
    return tuple(tuple(sorted(row.items())) for row in rows) if rows != [{}] else None


def _comparison(node: Any) -> tuple[str, list[str]] | None:
    """A column and the literals that it is compared with."""
    if isinstance(node, exp.In) and isinstance(node.this, exp.Column) and node.expressions:
        values = [_literal(item) for item in node.expressions]
        found = [value for value in values if value is not None]
        return (node.this.name, found) if len(found) == len(values) else None
    if isinstance(node, exp.EQ):
        for left, right in ((node.this, node.expression), (node.expression, node.this)):
            value = _literal(right)
            if isinstance(left, exp.Column) and not is_parameter(left.name) and value is not None:
                return left.name, [value]
    return None


def _literal(node: Any) -> str | None:
    """A literal as it is written in SQL: ``1``, ``'x'``, ``NULL``, ``true``, ``${name}``; None for all else."""
    if isinstance(node, exp.Literal):
        return "'" + node.name.replace("'", "''") + "'" if node.is_string else node.name
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        return f"-{node.this.name}"
    if isinstance(node, exp.Null):
        return "NULL"
    if isinstance(node, exp.Boolean):
        return "true" if node.this else "false"
    return node.name if isinstance(node, exp.Column) and not node.table and is_parameter(node.name) else None
