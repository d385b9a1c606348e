"""What a statement about an existing object is about: DROP, ALTER, COMMENT, GRANT name objects in much the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.expressions import use_type
from changelog_engine.sql.postgresql.names import column, items, other, strings
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.state import State

RELATIONS = {
    "OBJECT_TABLE": "table",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_INDEX": "index",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_FOREIGN_TABLE": "foreign table",
}
_ROUTINES = {
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "procedure",
    "OBJECT_ROUTINE": "routine",
    "OBJECT_AGGREGATE": "aggregate",
}
_OF_RELATION = {
    "OBJECT_TABCONSTRAINT": (Kind.CONSTRAINT, "constraint"),
    "OBJECT_TRIGGER": (Kind.TRIGGER, "trigger"),
    "OBJECT_POLICY": (Kind.POLICY, "policy"),
    "OBJECT_RULE": (Kind.RULE, "rule"),
    "OBJECT_COLUMN": (Kind.COLUMN, "column"),
    "OBJECT_ATTRIBUTE": (Kind.COLUMN, "attribute"),
}
_NAMED = {
    "OBJECT_COLLATION": (Kind.COLLATION, "collation"),
    "OBJECT_TSCONFIGURATION": (Kind.TEXT_SEARCH, "text search configuration"),
    "OBJECT_TSDICTIONARY": (Kind.TEXT_SEARCH, "text search dictionary"),
    "OBJECT_TSPARSER": (Kind.TEXT_SEARCH, "text search parser"),
    "OBJECT_TSTEMPLATE": (Kind.TEXT_SEARCH, "text search template"),
    "OBJECT_EXTENSION": (Kind.EXTENSION, "extension"),
    "OBJECT_ROLE": (Kind.ROLE, "role"),
}
_OTHERS = {
    "OBJECT_PUBLICATION": "publication",
    "OBJECT_SUBSCRIPTION": "subscription",
    "OBJECT_EVENT_TRIGGER": "event trigger",
    "OBJECT_FOREIGN_SERVER": "server",
    "OBJECT_FDW": "foreign data wrapper",
    "OBJECT_LANGUAGE": "language",
    "OBJECT_ACCESS_METHOD": "access method",
    "OBJECT_TABLESPACE": "tablespace",
    "OBJECT_DATABASE": "database",
    "OBJECT_STATISTIC_EXT": "statistics object",
    "OBJECT_CONVERSION": "conversion",
    "OBJECT_OPCLASS": "operator class",
    "OBJECT_OPFAMILY": "operator family",
}
_UNQUALIFIED = (Kind.EXTENSION, Kind.ROLE)
WITH_ROW_TYPE = ("table", "view", "materialized view", "foreign table")


class Target(NamedTuple):
    thing: Thing
    word: str
    alternatives: tuple[str, ...] = ()
    arguments: str | None = None


def target_of(state: State, kind: str, node: Any) -> Target | None:
    """The object that ``object`` names, of the kind ("OBJECT_TABLE"); None for a temporary relation and what is in one.

    A kind that is not known is opaque.
    """
    if kind in RELATIONS:
        return _relation(state, _names(node), RELATIONS[kind])
    if kind in _OF_RELATION:
        names = _names(node)
        return part_of(state, kind, names[:-1], names[-1])
    if kind in _ROUTINES:
        return _with_arguments(state, Kind.ROUTINE, _ROUTINES[kind], node)
    if kind == "OBJECT_OPERATOR":
        return _with_arguments(state, Kind.OPERATOR, "operator", node)
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        thing, alternatives = state.looked_up(Kind.TYPE, _names(node))
        return Target(thing, "domain" if kind == "OBJECT_DOMAIN" else "type", alternatives)
    if kind == "OBJECT_DOMCONSTRAINT":
        return _of_domain(state, node)
    if kind == "OBJECT_SCHEMA":
        return Target(Thing(Kind.SCHEMA, _names(node)[-1]), "schema")
    return _plain(state, kind, node)


def _plain(state: State, kind: str, node: Any) -> Target | None:
    if kind in _NAMED:
        thing_kind, word = _NAMED[kind]
        names = _names(node)
        if thing_kind in _UNQUALIFIED:
            return Target(Thing(thing_kind, names[-1]), word)
        thing, alternatives = state.looked_up(thing_kind, names)
        return Target(thing, word, alternatives)
    if kind in _OTHERS:
        return Target(other(_OTHERS[kind], _names(node)[-1]), _OTHERS[kind])
    if kind == "OBJECT_CAST":
        types = [strings(item["TypeName"]["names"]) for item in items(node)]
        for item in items(node):
            use_type(state, item["TypeName"])
        return Target(other("cast", " as ".join(name[-1] for name in types)), "cast")
    if kind == "OBJECT_TRANSFORM":
        type_name, language = items(node)
        names = strings(type_name["TypeName"]["names"])
        return Target(other("transform", f"{names[-1]} for {language['String']['sval']}"), "transform")
    if kind in ("OBJECT_LARGEOBJECT", "OBJECT_PARAMETER_ACL"):
        return None
    state.opaque(f"a statement about an object of a kind that is not understood ({kind})", state.start)
    return None


def _names(node: Any) -> list[str]:
    """The qualified name in the many shapes that the grammar has for one."""
    if "List" in node:
        return strings(node["List"].get("items", []))
    if "TypeName" in node:
        return strings(node["TypeName"].get("names", []))
    if "ObjectWithArgs" in node:
        return strings(node["ObjectWithArgs"].get("objname", []))
    if "RangeVar" in node:
        schema = node["RangeVar"].get("schemaname")
        return [schema, node["RangeVar"]["relname"]] if schema else [node["RangeVar"]["relname"]]
    if "RoleSpec" in node:
        return [node["RoleSpec"].get("rolename", "")]
    return strings([node])


def _relation(state: State, names: list[str], word: str) -> Target | None:
    relation = state.named(names[-2] if len(names) > 1 else None, names[-1])
    return Target(relation.thing, word, relation.alternatives) if relation is not None else None


def part_of(state: State, kind: str, qualifier: list[str], name: str) -> Target | None:
    """A column, constraint, trigger, policy or rule of a relation."""
    relation = state.named(qualifier[-2] if len(qualifier) > 1 else None, qualifier[-1])
    if relation is None:
        return None
    thing_kind, word = _OF_RELATION[kind]
    if thing_kind is Kind.COLUMN:
        return Target(column(relation.of, name), word, relation.alternatives)
    return Target(Thing(thing_kind, name, "", relation.of), word, relation.alternatives)


def _with_arguments(state: State, kind: Kind, word: str, node: Any) -> Target:
    named = node.get("ObjectWithArgs", {})
    types = [argument.get("TypeName", {}) for argument in named.get("objargs", [])]
    for type_name in types:
        use_type(state, type_name)
    thing, alternatives = state.looked_up(kind, _names(node))
    arguments = None if named.get("args_unspecified") else arguments_of(types)
    return Target(thing, word, alternatives, arguments)


def arguments_of(types: Sequence[Node]) -> str:
    """The types of arguments, as effects have them."""
    return ", ".join(
        ".".join(strings(node.get("names", []))).removeprefix("pg_catalog.") + "[]" * len(node.get("arrayBounds", []))
        for node in types
    )


def _of_domain(state: State, node: Any) -> Target:
    domain, name = items(node)
    thing, alternatives = state.looked_up(Kind.TYPE, _names(domain))
    of = f"{thing.schema}.{thing.name}" if thing.schema else thing.name
    return Target(Thing(Kind.CONSTRAINT, name["String"]["sval"], "", of), "constraint", alternatives)


def act_on(state: State, act: Act | None, target: Target | None, place: int, missing_ok: bool = False) -> None:
    """An act on an object that has to be there, unless ``missing_ok``; None: it only has to be there."""
    if target is None:
        return
    thing, word, alternatives, arguments = target
    state.add(Act.MAY_USE if missing_ok else Act.USES, thing, word, place, alternatives)
    if act is not None:
        state.add(act, thing, word, place, alternatives, arguments)
        if word in WITH_ROW_TYPE and act in (Act.DROPS, Act.RENAMES_FROM):
            state.add(act, Thing(Kind.TYPE, thing.name, thing.schema), "type", place, alternatives)
