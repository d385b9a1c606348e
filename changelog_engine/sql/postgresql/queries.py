"""Queries and what changes rows: SELECT, INSERT, UPDATE, DELETE, MERGE, COPY, TRUNCATE."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from changelog_engine.sql.effects import Act, Kind, Thing, Writing
from changelog_engine.sql.postgresql.expressions import (
    WALKERS,
    Scope,
    use_key,
    use_type,
    walk,
)
from changelog_engine.sql.postgresql.names import Relation, key_name, key_part, strings
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.rows import condition_rows, inserted_rows
from changelog_engine.sql.postgresql.state import Handler, State, names_of

# ------------------------------------------------------------------------------------------------------- SELECT


def read_query(state: State, node: Node, outer: Scope) -> None:
    """A SelectStmt, as a statement or within another."""
    base = with_clause(state, node, outer)
    if "larg" in node:
        read_query(state, node["larg"], base)
        read_query(state, node["rarg"], base)
    scope = Scope(base)
    for item in node.get("fromClause", []):
        add_from(state, item, scope)
    if "intoClause" in node:
        into = state.new_relation(node["intoClause"]["rel"])
        make_from_query(state, into, node, Act.CREATES, "table", state.at(node["intoClause"]["rel"]))
    for key in ("targetList", "whereClause", "havingClause", "valuesLists", "limitCount", "limitOffset"):
        if key in node:
            walk(state, node[key], scope)
    scope.outputs = frozenset(target["ResTarget"].get("name", "") for target in node.get("targetList", []))
    if "larg" in node:
        # After UNION, only the output's columns can be meant.
        return
    for key in ("groupClause", "windowClause", "distinctClause", "sortClause"):
        if key in node:
            walk(state, node[key], scope)


def with_clause(state: State, node: Node, outer: Scope) -> Scope:
    """What the parts of a statement see: its CTEs hide relations of their names. A CTE sees those before it."""
    clause = node.get("withClause")
    if clause is None:
        return outer
    tables = [cte["CommonTableExpr"] for cte in clause.get("ctes", [])]
    names = frozenset(table["ctename"] for table in tables) if clause.get("recursive") else frozenset()
    scope = Scope(outer, names)
    for table in tables:
        for kind, query in table["ctequery"].items():
            read_statement(state, kind, query, scope)
        scope = Scope(scope, frozenset({table["ctename"]}))
    return scope


def read_statement(state: State, kind: str, node: Node, scope: Scope) -> None:
    """A query or a change of rows within another statement."""
    _WITHIN[kind](state, node, scope)


def add_from(state: State, item: Node, scope: Scope) -> None:
    """An item of FROM: what it reads, and what its names mean from now on."""
    for kind, node in item.items():
        if kind == "RangeVar":
            add_relation(state, node, scope)
        elif kind == "JoinExpr":
            _add_join(state, node, scope)
        elif kind == "RangeSubselect":
            inner = node["subquery"]["SelectStmt"]
            read_query(state, inner, scope if node.get("lateral") else _around(scope))
            scope.relations[_alias(node)] = None
        elif kind == "RangeTableSample":
            add_from(state, node["relation"], scope)
            state.use(Kind.ROUTINE, names_of(node, "method"), "function", state.at(node))
            walk(state, node.get("args", []), scope)
        else:
            walk(state, node, scope)
            scope.relations[_alias(node) or _function_name(node)] = None


def _around(scope: Scope) -> Scope:
    return scope.parent if scope.parent is not None else Scope()


def _alias(node: Node) -> str:
    name: str = node.get("alias", {}).get("aliasname", "")
    return name


def _function_name(node: Node) -> str:
    for function in node.get("functions", []):
        for part in function.get("List", {}).get("items", []):
            if "FuncCall" in part:
                return strings(part["FuncCall"].get("funcname", []))[-1]
    return ""


def add_relation(state: State, node: Node, scope: Scope, word: str = "relation") -> Relation | None:
    """A relation that a statement names, unless a CTE has that name."""
    name = node["relname"]
    relation = None
    if "schemaname" in node or name not in scope.ctes:
        relation = state.relation(node)
        state.use_relation(relation, state.at(node), word)
        if "colnames" in node.get("alias", {}):
            # Its columns have other names in this query.
            scope.relations[_alias(node)] = None
            return relation
    scope.relations[_alias(node) or name] = relation
    return relation


def _add_join(state: State, node: Node, scope: Scope) -> None:
    add_from(state, node["larg"], scope)
    add_from(state, node["rarg"], scope)
    relations = [relation for relation in scope.relations.values() if relation is not None]
    act = Act.USES if len(relations) == len(scope.relations) == 2 else Act.MAY_USE
    for name in names_of(node, "usingClause"):
        for relation in relations:
            state.use_column(relation, name, state.start, act)
    if "quals" in node:
        walk(state, node["quals"], scope)
    if alias := _alias(node):
        scope.relations[alias] = None


def _subquery(state: State, node: Node, scope: Scope) -> None:
    read_query(state, node, scope)


WALKERS["SelectStmt"] = _subquery


def make_from_query(state: State, made: Relation | None, query: Node, act: Act, word: str, place: int) -> None:
    """A view or table that a query makes, with its columns as far as they can be told."""
    if made is None:
        return
    state.add(act, made.thing, word, place)
    state.add(act, Thing(Kind.TYPE, made.thing.name, made.thing.schema), "type", place)
    for name in output_columns(query):
        state.add(act, Thing(Kind.COLUMN, name, "", made.of), "column", place)


def output_columns(query: Node) -> list[str]:
    """The names of a query's columns; ``*`` among them where some cannot be told."""
    while "larg" in query:
        query = query["larg"]
    if "valuesLists" in query:
        row = query["valuesLists"][0]["List"].get("items", [])
        return [f"column{index + 1}" for index in range(len(row))]
    return [_output_column(target["ResTarget"]) for target in query.get("targetList", [])]


def _output_column(target: Node) -> str:
    if "name" in target:
        name: str = target["name"]
        return name
    value = target.get("val", {})
    while "TypeCast" in value and "ColumnRef" in value["TypeCast"].get("arg", {}):
        value = value["TypeCast"]["arg"]
    if "ColumnRef" in value:
        fields = value["ColumnRef"]["fields"]
        return "*" if "A_Star" in fields[-1] else strings(fields)[-1]
    if "FuncCall" in value:
        return strings(value["FuncCall"]["funcname"])[-1]
    # What else there is (CASE, a cast of a literal) has made-up names, which nobody should use.
    return "*"


# ------------------------------------------------------------------------------------- INSERT, UPDATE, DELETE


def _target(state: State, node: Node, scope: Scope) -> Relation | None:
    """The relation whose rows a statement changes; not a CTE, whatever its name."""
    relation = state.relation(node)
    state.use_relation(relation, state.at(node), "table")
    scope.relations[_alias(node) or node["relname"]] = relation
    return relation


def read_insert(state: State, node: Node, outer: Scope) -> None:
    base = with_clause(state, node, outer)
    scope = Scope(base)
    relation = _target(state, node["relation"], scope)
    columns = _set_columns(state, relation, node.get("cols", []))
    query = node.get("selectStmt", {}).get("SelectStmt")
    if query is not None:
        read_query(state, query, base)
        for values in query.get("valuesLists", []) if columns else []:
            for name, value in zip(columns, values["List"].get("items", []), strict=False):
                state.gives(relation, name, value)
    if "onConflictClause" in node:
        _read_conflict(state, node["onConflictClause"], relation, scope)
    _read_returning(state, node, scope)
    if relation is not None:
        rows = inserted_rows(columns, query)
        state.writes(Writing.INSERTS, relation, state.at(node["relation"]), columns, rows)


def _set_columns(state: State, relation: Relation | None, targets: Iterable[Node]) -> list[str]:
    columns = []
    for item in targets:
        target = item["ResTarget"]
        if "name" in target:
            columns.append(target["name"])
            state.use_column(relation, target["name"], state.at(target))
            state.gives(relation, target["name"], target.get("val", {}))
    return columns


def _read_conflict(state: State, node: Node, relation: Relation | None, scope: Scope) -> None:
    place = state.at(node)
    scope.qualified["excluded"] = relation
    infer = node.get("infer", {})
    elements = [element["IndexElem"] for element in infer.get("indexElems", [])]
    if elements:
        use_key(state, relation, key_name([key_part(element) for element in elements]), state.at(infer))
    for element in elements:
        if "name" in element:
            state.use_column(relation, element["name"], place)
    walk(state, infer, scope)
    if "conname" in infer and relation is not None:
        thing = Thing(Kind.CONSTRAINT, infer["conname"], "", relation.of)
        state.add(Act.USES, thing, "constraint", state.at(infer), relation.alternatives)
    targets = node.get("targetList", [])
    columns = _set_columns(state, relation, targets)
    walk(state, targets, scope)
    if "whereClause" in node:
        walk(state, node["whereClause"], scope)
    if relation is not None and targets:
        state.writes(Writing.UPDATES, relation, place, columns)


def _read_returning(state: State, node: Node, scope: Scope) -> None:
    clause = node.get("returningClause")
    if clause is not None:
        target = next(iter(scope.relations.values()), None)
        scope.qualified |= {"old": target, "new": target}
        walk(state, clause.get("exprs", []), scope)


def read_update(state: State, node: Node, outer: Scope) -> None:
    base = with_clause(state, node, outer)
    scope = Scope(base)
    relation = _target(state, node["relation"], scope)
    columns = _set_columns(state, relation, node.get("targetList", []))
    for item in node.get("fromClause", []):
        add_from(state, item, scope)
    for key in ("targetList", "whereClause"):
        if key in node:
            walk(state, node[key], scope)
    _read_returning(state, node, scope)
    if relation is not None:
        rows = condition_rows(node.get("whereClause"))
        state.writes(Writing.UPDATES, relation, state.at(node["relation"]), columns, rows)


def read_delete(state: State, node: Node, outer: Scope) -> None:
    base = with_clause(state, node, outer)
    scope = Scope(base)
    relation = _target(state, node["relation"], scope)
    for item in node.get("usingClause", []):
        add_from(state, item, scope)
    if "whereClause" in node:
        walk(state, node["whereClause"], scope)
    _read_returning(state, node, scope)
    if relation is not None:
        rows = condition_rows(node.get("whereClause"))
        state.writes(Writing.DELETES, relation, state.at(node["relation"]), (), rows)


_MERGED = {"CMD_INSERT": Writing.INSERTS, "CMD_UPDATE": Writing.UPDATES, "CMD_DELETE": Writing.DELETES}


def read_merge(state: State, node: Node, outer: Scope) -> None:
    base = with_clause(state, node, outer)
    scope = Scope(base)
    relation = _target(state, node["relation"], scope)
    add_from(state, node["sourceRelation"], scope)
    walk(state, node.get("joinCondition", {}), scope)
    for item in node.get("mergeWhenClauses", []):
        clause = item["MergeWhenClause"]
        columns = _set_columns(state, relation, clause.get("targetList", []))
        walk(state, clause, scope)
        writing = _MERGED.get(clause.get("commandType", ""))
        if writing is not None and relation is not None:
            state.writes(writing, relation, state.at(node["relation"]), columns)
    _read_returning(state, node, scope)


_WITHIN = {
    "SelectStmt": read_query,
    "InsertStmt": read_insert,
    "UpdateStmt": read_update,
    "DeleteStmt": read_delete,
    "MergeStmt": read_merge,
}


# ---------------------------------------------------------------------------------------- COPY, TRUNCATE, others


def _copy(state: State, node: Node) -> None:
    scope = Scope()
    if "query" in node:
        for kind, query in node["query"].items():
            read_statement(state, kind, query, scope)
        return
    relation = _target(state, node["relation"], scope)
    columns = names_of(node, "attlist")
    for name in columns:
        state.use_column(relation, name, state.at(node["relation"]))
    if "whereClause" in node:
        walk(state, node["whereClause"], scope)
    if node.get("is_from") and relation is not None:
        state.writes(Writing.INSERTS, relation, state.at(node["relation"]), columns)


def _truncate(state: State, node: Node) -> None:
    for item in node.get("relations", []):
        relation = _target(state, item["RangeVar"], Scope())
        if relation is not None:
            state.writes(Writing.DELETES, relation, state.at(item["RangeVar"]))


def _at_top(kind: str) -> Handler:
    read: Any = _WITHIN[kind]
    return lambda state, node: read(state, node, Scope())


def _call(state: State, node: Node) -> None:
    call = node["funccall"]
    state.use(Kind.ROUTINE, strings(call["funcname"]), "procedure", state.at(call))
    walk(state, call.get("args", []), Scope())


def _inner_query(state: State, node: Node) -> None:
    """EXPLAIN, DECLARE CURSOR, PREPARE: for what they are about."""
    for kind, query in node.get("query", {}).items():
        state.statement(kind, query)
    for argument in node.get("argtypes", []):
        use_type(state, argument["TypeName"])


STATEMENTS: dict[str, Handler] = {
    **{kind: _at_top(kind) for kind in _WITHIN},
    "CopyStmt": _copy,
    "TruncateStmt": _truncate,
    "CallStmt": _call,
    "ExplainStmt": _inner_query,
    "DeclareCursorStmt": _inner_query,
    "PrepareStmt": _inner_query,
}
