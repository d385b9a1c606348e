"""Types, and what is defined like one: aggregates, operators, collations, text search objects."""

from __future__ import annotations

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.expressions import EVERYDAY_OPERATORS, Scope, use_type, walk
from changelog_engine.sql.postgresql.names import definitions, made_up, name_in, of_relation, strings
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.state import Handler, State, names_of
from changelog_engine.sql.postgresql.targets import Target, act_on, arguments_of


def _of(thing: Thing) -> str:
    return of_relation(thing.schema, thing.name)


def _create_enum(state: State, node: Node) -> None:
    thing = state.new(Kind.TYPE, names_of(node, "typeName"), state.start)
    state.add(Act.CREATES, thing, "type", state.start)
    for value in names_of(node, "vals"):
        state.add(Act.CREATES, Thing(Kind.VALUE, value, "", _of(thing)), "enum value", state.start)


def _alter_enum(state: State, node: Node) -> None:
    thing, alternatives = state.looked_up(Kind.TYPE, names_of(node, "typeName"))
    act_on(state, Act.ALTERS, Target(thing, "type", alternatives), state.start)
    of = _of(thing)
    for key in ("oldVal", "newValNeighbor"):
        if key in node:
            value = Target(Thing(Kind.VALUE, node[key], "", of), "enum value", alternatives)
            act_on(state, Act.RENAMES_FROM if key == "oldVal" else None, value, state.start)
    act = Act.ENSURES if node.get("skipIfNewValExists") else Act.CREATES
    act = Act.RENAMES_TO if "oldVal" in node else act
    state.add(act, Thing(Kind.VALUE, node["newVal"], "", of), "enum value", state.start, alternatives)


def _create_domain(state: State, node: Node) -> None:
    thing = state.new(Kind.TYPE, names_of(node, "domainname"), state.start)
    use_type(state, node["typeName"])
    if "collClause" in node:
        state.use(Kind.COLLATION, strings(node["collClause"]["collname"]), "collation", state.start)
    state.add(Act.CREATES, thing, "domain", state.start)
    for item in node.get("constraints", []):
        _domain_constraint(state, thing, item["Constraint"])


def _domain_constraint(state: State, domain: Thing, node: Node) -> None:
    walk(state, node.get("raw_expr", {}), Scope())
    label = {"CONSTR_CHECK": "check", "CONSTR_NOTNULL": "not_null"}.get(node["contype"])
    if label is not None:
        name = node.get("conname") or made_up(domain.name, "", label)
        state.add(Act.CREATES, Thing(Kind.CONSTRAINT, name, "", _of(domain)), "constraint", state.at(node))


def _alter_domain(state: State, node: Node) -> None:
    thing, alternatives = state.looked_up(Kind.TYPE, names_of(node, "typeName"))
    target = Target(thing, "domain", alternatives)
    subtype = node.get("subtype")
    act_on(state, Act.TIGHTENS if subtype in ("C", "O", "V") else Act.ALTERS, target, state.start)
    definition = node.get("def", {})
    if subtype == "C":
        _domain_constraint(state, thing, definition["Constraint"])
    elif subtype in ("X", "V"):
        constraint = Target(Thing(Kind.CONSTRAINT, node["name"], "", _of(thing)), "constraint", alternatives)
        act_on(
            state, Act.DROPS if subtype == "X" else Act.ALTERS, constraint, state.start, bool(node.get("missing_ok"))
        )
    else:
        walk(state, definition, Scope())


def _create_range(state: State, node: Node) -> None:
    names = names_of(node, "typeName")
    parameters = definitions(node, "params")
    thing = state.new(Kind.TYPE, names, state.start)
    for key, value in parameters.items():
        if key == "subtype" and "TypeName" in value:
            use_type(state, value["TypeName"])
        elif key in ("subtype_diff", "canonical"):
            state.use(Kind.ROUTINE, name_in(value), "function", state.start)
        elif key == "collation":
            state.use(Kind.COLLATION, name_in(value), "collation", state.start)
        elif key == "subtype_opclass":
            state.use_other("operator class", name_in(value), state.start)
    state.add(Act.CREATES, thing, "type", state.start)
    state.add(Act.CREATES, thing._replace(kind=Kind.ROUTINE), "function", state.start)
    multirange = name_in(parameters["multirange_type_name"]) if "multirange_type_name" in parameters else []
    name = multirange[-1] if multirange else _multirange_name(thing.name)
    state.add(Act.CREATES, thing._replace(name=name), "type", state.start)
    state.add(Act.CREATES, thing._replace(kind=Kind.ROUTINE, name=name), "function", state.start)


def _multirange_name(name: str) -> str:
    if "range" in name:
        return name.replace("range", "multirange", 1)
    return made_up(name, "", "multirange")


_DEFINED = {
    "OBJECT_AGGREGATE": (Kind.ROUTINE, "aggregate"),
    "OBJECT_OPERATOR": (Kind.OPERATOR, "operator"),
    "OBJECT_TYPE": (Kind.TYPE, "type"),
    "OBJECT_COLLATION": (Kind.COLLATION, "collation"),
    "OBJECT_TSCONFIGURATION": (Kind.TEXT_SEARCH, "text search configuration"),
    "OBJECT_TSDICTIONARY": (Kind.TEXT_SEARCH, "text search dictionary"),
    "OBJECT_TSPARSER": (Kind.TEXT_SEARCH, "text search parser"),
    "OBJECT_TSTEMPLATE": (Kind.TEXT_SEARCH, "text search template"),
}
_TYPES = frozenset({"stype", "basetype", "mstype", "leftarg", "rightarg", "like", "element"})
_ARGUMENTS = ("basetype", "leftarg", "rightarg")
_FUNCTIONS = frozenset(
    (
        *("sfunc", "finalfunc", "combinefunc", "serialfunc", "deserialfunc", "msfunc", "minvfunc", "mfinalfunc"),
        *("procedure", "function", "restrict", "join", "input", "output", "receive", "send", "analyze", "subscript"),
        *("typmod_in", "typmod_out", "start", "gettoken", "end", "headline", "lextypes", "init", "lexize"),
    )
)
_SEARCHED = frozenset({"copy", "parser", "template"})


def _define(state: State, node: Node) -> None:
    """A DefineStmt: an aggregate, operator, base type, collation or text search object."""
    kind, word = _DEFINED[node["kind"]]
    act = Act.REPLACES if node.get("replace") else (Act.ENSURES if node.get("if_not_exists") else Act.CREATES)
    thing = state.new(kind, names_of(node, "defnames"), state.start)
    types = [
        parameter["FunctionParameter"]["argType"]
        for argument in node.get("args", [])
        for parameter in argument.get("List", {}).get("items", [])
    ]
    for type_name in types:
        use_type(state, type_name)
    for key, value in definitions(node, "definition").items():
        if key in _TYPES and "TypeName" in value:
            use_type(state, value["TypeName"])
            types += [value["TypeName"]] if key in _ARGUMENTS else []
        elif key in _FUNCTIONS:
            state.use(Kind.ROUTINE, name_in(value), "function", state.start)
        elif key in _SEARCHED and kind is Kind.TEXT_SEARCH:
            state.use(Kind.TEXT_SEARCH, name_in(value), "text search object", state.start)
        elif key == "from" and kind is Kind.COLLATION:
            state.use(Kind.COLLATION, name_in(value), "collation", state.start)
        elif key in ("sortop", "commutator", "negator") and not (kind is Kind.OPERATOR and key != "sortop"):
            state.use(Kind.OPERATOR, name_in(value), "operator", state.start)
    arguments = arguments_of(types) if kind in (Kind.ROUTINE, Kind.OPERATOR) else None
    state.add(act, thing, word, state.start, arguments=arguments)
    if kind is Kind.OPERATOR and thing.name in EVERYDAY_OPERATORS:
        state.opaque(f"where the operator {thing.name} is used for these types", state.start)


def _alter_search(state: State, node: Node) -> None:
    """ALTER TEXT SEARCH CONFIGURATION and DICTIONARY."""
    names = names_of(node, "cfgname") or names_of(node, "dictname")
    thing, alternatives = state.looked_up(Kind.TEXT_SEARCH, names)
    word = "text search configuration" if "cfgname" in node else "text search dictionary"
    act_on(state, Act.ALTERS, Target(thing, word, alternatives), state.start)
    for item in node.get("dicts", []):
        state.use(Kind.TEXT_SEARCH, name_in(item), "text search dictionary", state.start)


def _alter_type(state: State, node: Node) -> None:
    thing, alternatives = state.looked_up(Kind.TYPE, names_of(node, "typeName"))
    act_on(state, Act.ALTERS, Target(thing, "type", alternatives), state.start)


STATEMENTS: dict[str, Handler] = {
    "CreateEnumStmt": _create_enum,
    "AlterEnumStmt": _alter_enum,
    "CreateDomainStmt": _create_domain,
    "AlterDomainStmt": _alter_domain,
    "CreateRangeStmt": _create_range,
    "DefineStmt": _define,
    "AlterTSConfigurationStmt": _alter_search,
    "AlterTSDictionaryStmt": _alter_search,
    "AlterTypeStmt": _alter_type,
}
