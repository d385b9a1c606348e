"""Expressions: columns, functions, operators, types, and names in strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from changelog_engine.sql.disguise import is_parameter
from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.names import SYSTEM_COLUMNS, Relation, column, items, other, split_name, strings
from changelog_engine.sql.postgresql.own_names import built_in
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.state import SERIAL, State, is_own_type

EVERYDAY_OPERATORS = frozenset(
    (
        *("=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "||"),
        *("~", "!~", "~*", "!~*", "~~", "!~~", "~~*", "!~~*"),
    )
)
"""Operators that stand in every other expression: who makes them for a type of his own is not looked for."""

# Functions whose first argument, a literal, names a relation.
_NAMES_RELATION = frozenset({"nextval", "currval", "setval", "pg_relation_size", "pg_total_relation_size"})
# Functions whose first of at least so many arguments names a text search configuration.
_NAMES_CONFIGURATION = {
    **dict.fromkeys(("to_tsvector", "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery"), 2),
    **dict.fromkeys(("json_to_tsvector", "jsonb_to_tsvector", "ts_headline"), 3),
}
# Arguments of a cast that have no type of their own to be cast from.
_MADE_AS_TYPED = frozenset({"A_Const", "RowExpr", "A_ArrayExpr", "ParamRef"})
_REGISTERED: dict[str, tuple[Kind, str]] = {
    "regclass": (Kind.RELATION, "relation"),
    "regtype": (Kind.TYPE, "type"),
    "regproc": (Kind.ROUTINE, "function"),
    "regprocedure": (Kind.ROUTINE, "function"),
    "regoper": (Kind.OPERATOR, "operator"),
    "regoperator": (Kind.OPERATOR, "operator"),
    "regconfig": (Kind.TEXT_SEARCH, "text search configuration"),
    "regdictionary": (Kind.TEXT_SEARCH, "text search dictionary"),
    "regcollation": (Kind.COLLATION, "collation"),
    "regrole": (Kind.ROLE, "role"),
    "regnamespace": (Kind.SCHEMA, "schema"),
}


class Scope:
    """The names that a query sees: by alias, each relation, or None for what has no columns that we know of.

    ``qualified`` are those whose columns have to be qualified (``excluded``, ``new``). ``outputs`` are the names that
    ORDER BY and GROUP BY may mean; ``ctes`` hide tables of their name.
    """

    __slots__ = ("ctes", "outputs", "parent", "qualified", "relations")

    def __init__(self, parent: Scope | None = None, ctes: frozenset[str] = frozenset()) -> None:
        self.parent = parent
        self.ctes: frozenset[str] = ctes if parent is None else ctes | parent.ctes
        self.relations: dict[str, Relation | None] = {}
        self.qualified: dict[str, Relation | None] = {}
        self.outputs: frozenset[str] = frozenset()


Walker = Callable[[State, Any, Scope], None]


def walk(state: State, node: Any, scope: Scope) -> None:
    """All that an expression, or a list of them, uses."""
    if type(node) is list:
        for item in node:
            walk(state, item, scope)
    elif type(node) is dict:
        for key, value in node.items():
            if type(value) is dict or type(value) is list:
                WALKERS.get(key, walk)(state, value, scope)


def relation_scope(relation: Relation | None, *aliases: str) -> Scope:
    """What a constraint, a policy or an index sees: one relation."""
    scope = Scope()
    for alias in aliases:
        scope.relations[alias] = relation
    return scope


# ------------------------------------------------------------------------------------------------------- columns


def _column(state: State, node: Node, scope: Scope) -> None:
    fields = strings(node.get("fields", []))
    if not fields:
        return
    is_star = len(fields) < len(node["fields"])
    if len(fields) == 1:
        if not is_star:
            _plain_column(state, fields[0], state.at(node), scope)
        return
    if is_star:
        return
    if fields[-1] in SYSTEM_COLUMNS:
        return
    relation = _find(state, fields[:-1], scope)
    if relation is not None:
        state.use_column(relation, fields[-1], state.at(node))
    elif fields[-2] in state.rows and not _is_alias(fields[-2], scope):
        # A variable whose type may be a row's.
        state.use_column(state.rows[fields[-2]], fields[-1], state.at(node), Act.MAY_USE)


def _find(state: State, qualifier: list[str], scope: Scope | None) -> Relation | None:
    """The relation that a qualifier means."""
    alias = qualifier[-1]
    while scope is not None:
        if alias in scope.relations:
            return scope.relations[alias]
        if alias in scope.qualified:
            return scope.qualified[alias]
        scope = scope.parent
    if len(qualifier) > 1:
        return state.named(qualifier[-2], alias)
    return None


def _is_alias(name: str, scope: Scope | None) -> bool:
    while scope is not None:
        if name in scope.relations or name in scope.qualified:
            return True
        scope = scope.parent
    return False


def _plain_column(state: State, name: str, place: int, scope: Scope) -> None:
    if name in SYSTEM_COLUMNS or name in scope.outputs or is_parameter(name):
        return
    candidates: list[Relation] = []
    sole = True
    reached: Scope | None = scope
    while reached is not None:
        if name in reached.relations:
            # The row as a whole.
            return
        if reached.relations:
            candidates += [relation for relation in reached.relations.values() if relation is not None]
            sole = sole and len(reached.relations) == 1
            sole = sole and (reached is scope or not scope.relations)
        reached = reached.parent
    is_variable = name in state.variables
    if is_variable and not state.firm:
        return
    act = Act.USES if sole and len(candidates) == 1 and not is_variable else Act.MAY_USE
    for relation in dict.fromkeys(candidates):
        state.use_column(relation, name, place, act)


# ------------------------------------------------------------------------------------------ functions, operators


def _function(state: State, node: Node, scope: Scope) -> None:
    names = strings(node.get("funcname", []))
    arguments = node.get("args", [])
    own = names[-1] in built_in(Kind.ROUTINE) and (len(names) == 1 or names[-2] == "pg_catalog")
    if not own:
        state.use(Kind.ROUTINE, names, "function", state.at(node))
    elif len(names) == 1 and node.get("funcformat", "COERCE_EXPLICIT_CALL") == "COERCE_EXPLICIT_CALL":
        # Somebody may have made another of that name.
        thing, alternatives = state.looked_up(Kind.ROUTINE, names)
        state.add(Act.MAY_USE, thing, "function", state.at(node), alternatives)
    if own and arguments:
        _literal_names(state, names[-1], arguments)
    for key, value in node.items():
        if key != "funcname" and type(value) in (dict, list):
            WALKERS.get(key, walk)(state, value, scope)


def _literal_names(state: State, function: str, arguments: list[Node]) -> None:
    """Names in strings that a function of PostgreSQL takes for names."""
    place = _place(state, arguments[0])
    first = literal(arguments[0])
    if function in _NAMES_RELATION and first is not None:
        use_name(state, Kind.RELATION, first, "relation", place)
    elif function in _NAMES_CONFIGURATION and len(arguments) >= _NAMES_CONFIGURATION[function] and first is not None:
        use_name(state, Kind.TEXT_SEARCH, first, "text search configuration", place)
    elif function == "pg_get_serial_sequence" and first is not None and len(arguments) == 2:
        use_name(state, Kind.RELATION, first, "table", place)
        _use_column_named(state, first, literal(arguments[1]), place)
    elif function == "to_regclass" and first is not None:
        use_name(state, Kind.RELATION, first, "relation", place, Act.MAY_USE)
    elif function == "set_config" and first == "search_path":
        _set_path(state, literal(arguments[1]) if len(arguments) > 1 else None, place)


def _place(state: State, node: Node) -> int:
    """Of a literal, cast or not."""
    return _place(state, node["TypeCast"]["arg"]) if "TypeCast" in node else state.at(node.get("A_Const", {}))


def _use_column_named(state: State, table: str, name: str | None, place: int) -> None:
    parts = split_name(table)
    if parts and name is not None:
        state.use_column(state.named(parts[-2] if len(parts) > 1 else None, parts[-1]), name, place)


def _set_path(state: State, value: str | None, place: int) -> None:
    if value is None:
        state.opaque("a search path that is worked out when it is run", place)
    else:
        state.set_path_to([part for name in value.split(",") for part in split_name(name)])


def literal(node: Node) -> str | None:
    """The text of a string literal, cast or not."""
    if "TypeCast" in node:
        return literal(node["TypeCast"].get("arg", {}))
    constant = node.get("A_Const", {})
    return constant["sval"].get("sval", "") if "sval" in constant else None


def use_name(state: State, kind: Kind, text: str, word: str, place: int, act: Act = Act.USES) -> None:
    """A name in a string."""
    parts = split_name(text)
    if not parts or text.isdecimal():
        return
    if kind is Kind.RELATION:
        relation = state.named(parts[-2] if len(parts) > 1 else None, parts[-1])
        state.use_relation(relation, place, word, act)
    elif kind is Kind.SCHEMA:
        state.use_schema(parts[0], place)
    elif kind is Kind.TYPE:
        use_type_named(state, parts, place)
    else:
        state.use(kind, parts, word, place, act)


def _operation(state: State, node: Node, scope: Scope) -> None:
    names = strings(node.get("name", []))
    if names and names != ["="]:
        use_operator(state, names, state.at(node))
    left, right = node.get("lexpr", {}), node.get("rexpr", {})
    if "ColumnRef" in left:
        _compared(state, left["ColumnRef"], right, scope)
    elif "ColumnRef" in right:
        _compared(state, right["ColumnRef"], left, scope)
    walk(state, left, scope)
    walk(state, right, scope)


def _compared(state: State, reference: Node, value: Any, scope: Scope) -> None:
    """A column with a literal, or with a list of them."""
    fields = strings(reference["fields"])
    if not fields or not ("A_Const" in value or "List" in value):
        return
    relations = [_find(state, fields[:-1], scope)] if len(fields) > 1 else list(scope.relations.values())
    if len(relations) == 1:
        for item in items(value):
            state.gives(relations[0], fields[-1], item)


def use_operator(state: State, names: list[str], place: int) -> None:
    """One that is the database's own may have been made for other types too, if it is none of those of everyday."""
    if names and names[-1] not in EVERYDAY_OPERATORS and names[-1] in built_in(Kind.OPERATOR):
        thing, alternatives = state.looked_up(Kind.OPERATOR, names)
        state.add(Act.MAY_USE, thing, "operator", place, alternatives)
    else:
        state.use(Kind.OPERATOR, names, "operator", place)


def _operator_named(state: State, node: Any, scope: Scope) -> None:
    """The operators of ``x op ANY (SELECT …)`` and ORDER BY USING."""
    del scope
    if type(node) is list:
        use_operator(state, strings(node), state.start)


# --------------------------------------------------------------------------------------------------------- types


def use_type(state: State, node: Node, scope: Scope | None = None) -> None:
    """A TypeName: a type, or ``t.c%TYPE``."""
    del scope
    names = strings(node.get("names", []))
    place = state.at(node)
    if node.get("pct_type"):
        relation = state.named(names[-3] if len(names) > 2 else None, names[-2])
        state.use_relation(relation, place)
        state.use_column(relation, names[-1], place)
    else:
        use_type_named(state, names, place)


def use_type_named(state: State, names: list[str], place: int) -> None:
    if len(names) == 1 and (names[0] in SERIAL or names[0] in state.temporary):
        return
    plain = names[-1].removesuffix("[]")
    if plain.startswith("_") and plain[1:] in built_in(Kind.TYPE):
        return
    state.use(Kind.TYPE, [*names[:-1], plain], "type", place)


def _cast(state: State, node: Node, scope: Scope) -> None:
    argument = node.get("arg", {})
    names = strings(node.get("typeName", {}).get("names", []))
    constant = argument.get("A_Const", {})
    if names and "sval" in constant:
        _cast_literal(state, names, constant["sval"].get("sval", ""), state.at(constant))
    walk(state, argument, scope)
    use_type(state, node.get("typeName", {}))
    if names and not is_own_type(names) and not _MADE_AS_TYPED.intersection(argument):
        # Of whichever type the argument is.
        state.add(Act.MAY_USE, other("cast", cast_name("*", names)), "cast", state.at(node))


def cast_name(source: str, target: list[str]) -> str:
    return f"{source} as {target[-1]}"


def _cast_literal(state: State, type_names: list[str], text: str, place: int) -> None:
    registered = _REGISTERED.get(type_names[-1])
    if registered is not None:
        use_name(state, registered[0], text, registered[1], place)
    else:
        use_value(state, type_names, text, place)


def use_value(state: State, type_names: list[str], text: str, place: int) -> None:
    """A literal of a type: if that is an enum, one of its values."""
    if is_own_type(type_names):
        return
    thing, alternatives = state.looked_up(Kind.TYPE, type_names)
    of = f"{thing.schema}.{thing.name}" if thing.schema else thing.name
    state.add(Act.MAY_USE, Thing(Kind.VALUE, text, "", of), "enum value", place, alternatives)


def _collation(state: State, node: Node, scope: Scope) -> None:
    state.use(Kind.COLLATION, strings(node.get("collname", [])), "collation", state.at(node))
    if "arg" in node:
        walk(state, node["arg"], scope)


def _nothing(state: State, node: Any, scope: Scope) -> None:
    """A node that names nothing."""
    del state, node, scope


WALKERS: dict[str, Walker] = {
    "ColumnRef": _column,
    "FuncCall": _function,
    "A_Expr": _operation,
    "operName": _operator_named,
    "useOp": _operator_named,
    "TypeCast": _cast,
    "TypeName": use_type,
    "typeName": use_type,
    "CollateClause": _collation,
    "collClause": _collation,
    "A_Const": _nothing,
}
"""How the value of a key is walked through: of a kind of node, or of a field that always holds that kind."""


def columns_in(node: Any) -> list[str]:
    """The plain column names in an expression, each once, in order."""
    found: dict[str, None] = {}
    pending = [node]
    while pending:
        item = pending.pop()
        if type(item) is list:
            pending.extend(reversed(item))
        elif type(item) is dict:
            for key, value in reversed(item.items()):
                if key == "ColumnRef":
                    fields = strings(value.get("fields", []))
                    if fields:
                        found[fields[-1]] = None
                else:
                    pending.append(value)
    return list(found)


def use_key(state: State, relation: Relation | None, key: str, place: int) -> None:
    """A key that a relation must have."""
    if relation is not None:
        state.add(Act.USES, Thing(Kind.KEY, key, "", relation.of), "key", place, relation.alternatives)


def tighten(state: State, relation: Relation | None, columns: list[str], place: int) -> None:
    """Rows that were taken before are refused: by columns, or by what the relation's rows are as a whole."""
    if relation is None:
        return
    for name in columns:
        state.add(Act.TIGHTENS, column(relation.of, name), "column", place, relation.alternatives)
    if not columns:
        state.add(Act.TIGHTENS, relation.thing, "table", place, relation.alternatives)
