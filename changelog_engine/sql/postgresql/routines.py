"""Functions and procedures, DO, triggers and rules: what they are made of, and what their bodies use."""

from __future__ import annotations

from typing import Any

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.expressions import Scope, use_type, walk
from changelog_engine.sql.postgresql.names import Relation, definitions, other, strings
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.plpgsql import fields_of_rows, has_fields, read_plpgsql
from changelog_engine.sql.postgresql.queries import read_statement
from changelog_engine.sql.postgresql.state import Handler, State, is_own_type, names_of
from changelog_engine.sql.postgresql.targets import arguments_of

_NOT_TAKEN = ("FUNC_PARAM_OUT", "FUNC_PARAM_TABLE")
_NOT_READ = ("c", "internal")
"""Languages whose bodies are names of what the server itself has."""


def _create_function(state: State, node: Node) -> None:
    names = names_of(node, "funcname")
    thing = state.new(Kind.ROUTINE, names, state.start)
    word = "procedure" if node.get("is_procedure") else "function"
    variables = _parameters(state, node)
    options = definitions(node, "options")
    language = options.get("language", {}).get("String", {}).get("sval", "sql").lower()
    state.use_other("language", [language], state.start)
    if "support" in options:
        state.use(Kind.ROUTINE, strings(options["support"]["List"]["items"]), "function", state.start)
    for type_name in options.get("transform", {}).get("List", {}).get("items", []):
        use_type(state, type_name["TypeName"])
    taken = [item["FunctionParameter"] for item in node.get("parameters", [])]
    arguments = arguments_of([each["argType"] for each in taken if each.get("mode") not in _NOT_TAKEN])
    act = Act.REPLACES if node.get("replace") else Act.CREATES
    state.add(act, thing, word, state.start, arguments=arguments)
    with state.within(names[-1], True, variables):
        state.rows = _rows(state, node)
        for item in node.get("options", []):
            _setting(state, item["DefElem"])
        if "sql_body" in node:
            _read_parsed(state, node["sql_body"])
        elif "as" in options:
            texts = strings(options["as"].get("List", {}).get("items", []))
            _read_body(state, language, texts, node)
            if language == "plpgsql" and names_of(node.get("returnType", {}), "names")[-1:] == ["trigger"]:
                state.has_fields(thing, fields_of_rows(texts[0]))


def _setting(state: State, option: Node) -> None:
    setting = option.get("arg", {}).get("VariableSetStmt", {})
    if setting.get("name") == "search_path":
        state.set_path(setting)


def _parameters(state: State, node: Node) -> frozenset[str]:
    """The types and defaults of parameters and result; gives back the parameters' names."""
    found = set()
    for item in node.get("parameters", []):
        parameter = item["FunctionParameter"]
        use_type(state, parameter["argType"])
        walk(state, parameter.get("defexpr", {}), Scope())
        found.add(parameter.get("name", ""))
    if "returnType" in node:
        use_type(state, node["returnType"])
    return frozenset(found)


def _rows(state: State, node: Node) -> dict[str, Relation]:
    """The parameters that may be rows of relations."""
    found = {}
    for item in node.get("parameters", []):
        parameter = item["FunctionParameter"]
        relation = state.row_of(names_of(parameter["argType"], "names"))
        if relation is not None and "name" in parameter and not parameter["argType"].get("pct_type"):
            found[parameter["name"]] = relation
    return found


def _read_parsed(state: State, body: Any) -> None:
    """BEGIN ATOMIC … END and RETURN, which are parsed along with the statement."""
    if "List" in body:
        for item in body["List"].get("items", []):
            _read_parsed(state, item)
        return
    for kind, statement in body.items():
        if kind == "ReturnStmt":
            walk(state, statement, Scope())
        else:
            state.statement(kind, statement)


def _read_body(state: State, language: str, texts: list[str], node: Node) -> None:
    if language in _NOT_READ or not texts:
        return
    if language == "sql":
        state.read_inner(texts[0])
    elif language == "plpgsql":
        read_plpgsql(state, _header(node, texts[0]), texts[0])
    else:
        state.opaque(f"the body of `{state.body}`, which is in {language}", state.start)


_MODES = {
    "FUNC_PARAM_OUT": "OUT ",
    "FUNC_PARAM_INOUT": "INOUT ",
    "FUNC_PARAM_VARIADIC": "VARIADIC ",
    "FUNC_PARAM_TABLE": "",
}


def _header(node: Node, body: str) -> str:
    """A CREATE FUNCTION for the body with types that the parser of PL/pgSQL knows: it looks them up."""
    parameters = [item["FunctionParameter"] for item in node.get("parameters", [])]
    columns = [_parameter(each, body) for each in parameters if each.get("mode") == "FUNC_PARAM_TABLE"]
    others = ", ".join(_parameter(each, body) for each in parameters if each.get("mode") != "FUNC_PARAM_TABLE")
    if node.get("is_procedure"):
        return f"CREATE PROCEDURE f({others}) LANGUAGE plpgsql AS"
    returns = ""
    if columns:
        returns = f" RETURNS TABLE ({', '.join(columns)})"
    elif "returnType" in node:
        returned = node["returnType"]
        known = "trigger" if names_of(returned, "names")[-1] == "event_trigger" else _known_type(returned, "text")
        returns = f" RETURNS {'SETOF ' if returned.get('setof') else ''}{known}"
    return f"CREATE FUNCTION f({others}){returns} LANGUAGE plpgsql AS"


def _parameter(node: Node, body: str) -> str:
    name = node.get("name", "")
    quoted = '"' + name.replace('"', '""') + '" ' if name else ""
    # What the parser does not know at all, it takes for a row.
    other = "changelog_row" if name and has_fields(name, body) else "text"
    return f"{_MODES.get(node.get('mode', ''), '')}{quoted}{_known_type(node['argType'], other)}"


def _known_type(node: Node, other: str) -> str:
    names = names_of(node, "names")
    if node.get("pct_type") or not is_own_type(names):
        return other
    return ".".join(f'"{name}"' for name in names) + "[]" * len(node.get("arrayBounds", []))


# ------------------------------------------------------------------------------------------------------------ DO


def _do(state: State, node: Node) -> None:
    options = definitions(node, "args")
    language = options.get("language", {}).get("String", {}).get("sval", "plpgsql").lower()
    state.use_other("language", [language], state.start)
    with state.within(None):
        if language == "plpgsql":
            read_plpgsql(state, "DO", options["as"]["String"]["sval"])
        else:
            state.opaque(f"a DO block in {language}", state.start)


# ------------------------------------------------------------------------------------------------ triggers, rules


def _create_trigger(state: State, node: Node) -> None:
    relation = _relation(state, node["relation"])
    place = state.at(node["relation"])
    if "constrrel" in node:
        _relation(state, node["constrrel"])
    state.use(Kind.ROUTINE, names_of(node, "funcname"), "function", state.start)
    for name in names_of(node, "columns"):
        state.use_column(relation, name, place)
    walk(state, node.get("whenClause", {}), _row_scope(relation))
    if relation is not None:
        act = Act.REPLACES if node.get("replace") else Act.CREATES
        thing = Thing(Kind.TRIGGER, node["trigname"], "", relation.of)
        state.calls(relation, names_of(node, "funcname"))
        state.add(act, thing, "trigger", state.start, relation.alternatives)


def _relation(state: State, node: Node) -> Relation | None:
    relation = state.relation(node)
    state.use_relation(relation, state.at(node), "table")
    return relation


def _row_scope(relation: Relation | None) -> Scope:
    scope = Scope()
    scope.qualified = {"new": relation, "old": relation}
    return scope


def _create_event_trigger(state: State, node: Node) -> None:
    state.use(Kind.ROUTINE, names_of(node, "funcname"), "function", state.start)
    state.add(Act.CREATES, other("event trigger", node["trigname"]), "event trigger", state.start)


def _create_rule(state: State, node: Node) -> None:
    relation = _relation(state, node["relation"])
    if relation is not None:
        act = Act.REPLACES if node.get("replace") else Act.CREATES
        thing = Thing(Kind.RULE, node["rulename"], "", relation.of)
        state.add(act, thing, "rule", state.start, relation.alternatives)
    scope = _row_scope(relation)
    walk(state, node.get("whereClause", {}), scope)
    with state.within(node["rulename"]):
        for action in node.get("actions", []):
            for kind, statement in action.items():
                if kind != "NotifyStmt":
                    read_statement(state, kind, statement, scope)


STATEMENTS: dict[str, Handler] = {
    "CreateFunctionStmt": _create_function,
    "DoStmt": _do,
    "CreateTrigStmt": _create_trigger,
    "CreateEventTrigStmt": _create_event_trigger,
    "RuleStmt": _create_rule,
}
