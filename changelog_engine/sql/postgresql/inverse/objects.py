"""What a CREATE statement makes, as DROP and COMMENT name it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from changelog_engine.sql.postgresql.parsing import Node


class Made(NamedTuple):
    """``kind`` is the parser's word for the kind of object, ``object`` the node that names it."""

    kind: str
    object: Node


def made_by(kind: str, node: Node) -> Made | None:
    """What a statement makes; None where it makes nothing, or nothing that has a name of its own in the statement."""
    maker = _MAKERS.get(kind)
    return None if maker is None else maker(node)


def _string(name: str) -> Node:
    return {"String": {"sval": name}}


def _list(*nodes: Node) -> Node:
    return {"List": {"items": list(nodes)}}


def _relation(node: Node) -> Node:
    return _list(*(_string(name) for name in (node.get("schemaname"), node["relname"]) if name))


def _part(relation: Node, name: str) -> Node:
    return _list(*_relation(relation)["List"]["items"], _string(name))


def _type(names: list[Node]) -> Node:
    return {"TypeName": {"names": names, "typemod": -1}}


def _table_as(node: Node) -> Made:
    kind = node.get("objtype", "OBJECT_TABLE")
    return Made(kind, _relation(node["into"]["rel"]))


def _select_into(node: Node) -> Made | None:
    return Made("OBJECT_TABLE", _relation(node["intoClause"]["rel"])) if "intoClause" in node else None


def _index(node: Node) -> Made | None:
    if not node.get("idxname"):
        return None
    schema = node["relation"].get("schemaname")
    return Made("OBJECT_INDEX", _list(*(_string(name) for name in (schema, node["idxname"]) if name)))


def _schema(node: Node) -> Made | None:
    return Made("OBJECT_SCHEMA", _string(node["schemaname"])) if node.get("schemaname") else None


def _function(node: Node) -> Made:
    kept = [
        item["FunctionParameter"]
        for item in node.get("parameters", [])
        if item["FunctionParameter"].get("mode") not in ("FUNC_PARAM_OUT", "FUNC_PARAM_TABLE")
    ]
    arguments = [{"TypeName": parameter["argType"]} for parameter in kept]
    kind = "OBJECT_PROCEDURE" if node.get("is_procedure") else "OBJECT_FUNCTION"
    return Made(kind, {"ObjectWithArgs": {"objname": node["funcname"], "objargs": arguments}})


_DEFINED: Mapping[str, str] = {
    "OBJECT_COLLATION": "list",
    "OBJECT_TSCONFIGURATION": "list",
    "OBJECT_TSDICTIONARY": "list",
    "OBJECT_TSPARSER": "list",
    "OBJECT_TSTEMPLATE": "list",
    "OBJECT_TYPE": "type",
}


def _defined(node: Node) -> Made | None:
    kind = node["kind"]
    if kind == "OBJECT_AGGREGATE":
        return _aggregate(node)
    if kind == "OBJECT_OPERATOR":
        options = {item["DefElem"]["defname"].lower(): item["DefElem"].get("arg", {}) for item in node["definition"]}
        sides = [options.get(side, {}) for side in ("leftarg", "rightarg")]
        return Made(kind, {"ObjectWithArgs": {"objname": node["defnames"], "objargs": sides}})
    if kind not in _DEFINED:
        return None
    return Made(kind, _list(*node["defnames"]) if _DEFINED[kind] == "list" else _type(node["defnames"]))


def _aggregate(node: Node) -> Made | None:
    if node.get("oldstyle"):
        return None
    # Its arguments, and how many of them are direct ones: -1 for an ordinary aggregate.
    arguments, direct = node["args"][0].get("List", {}).get("items", []), node["args"][1]["Integer"].get("ival", 0)
    if direct != -1:
        return None
    types = [{"TypeName": item["FunctionParameter"]["argType"]} for item in arguments]
    return Made("OBJECT_AGGREGATE", {"ObjectWithArgs": {"objname": node["defnames"], "objargs": types}})


def _by(key: str, kind: str) -> Callable[[Node], Made]:
    """An object whose name is one text of the statement's."""
    return lambda node: Made(kind, _string(node[key]))


def _statistics(node: Node) -> Made | None:
    return Made("OBJECT_STATISTIC_EXT", _list(*node["defnames"])) if node.get("defnames") else None


_MAKERS: Mapping[str, Callable[[Any], Made | None]] = {
    "CreateStmt": lambda node: Made("OBJECT_TABLE", _relation(node["relation"])),
    "CreateForeignTableStmt": lambda node: Made("OBJECT_FOREIGN_TABLE", _relation(node["base"]["relation"])),
    "CreateTableAsStmt": _table_as,
    "SelectStmt": _select_into,
    "ViewStmt": lambda node: Made("OBJECT_VIEW", _relation(node["view"])),
    "IndexStmt": _index,
    "CreateSeqStmt": lambda node: Made("OBJECT_SEQUENCE", _relation(node["sequence"])),
    "CreateSchemaStmt": _schema,
    "CreateEnumStmt": lambda node: Made("OBJECT_TYPE", _type(node["typeName"])),
    "CreateRangeStmt": lambda node: Made("OBJECT_TYPE", _type(node["typeName"])),
    "CompositeTypeStmt": lambda node: Made("OBJECT_TYPE", _type(_relation(node["typevar"])["List"]["items"])),
    "CreateDomainStmt": lambda node: Made("OBJECT_DOMAIN", _type(node["domainname"])),
    "CreateFunctionStmt": _function,
    "DefineStmt": _defined,
    "CreateTrigStmt": lambda node: Made("OBJECT_TRIGGER", _part(node["relation"], node["trigname"])),
    "CreatePolicyStmt": lambda node: Made("OBJECT_POLICY", _part(node["table"], node["policy_name"])),
    "RuleStmt": lambda node: Made("OBJECT_RULE", _part(node["relation"], node["rulename"])),
    "CreateCastStmt": lambda node: Made(
        "OBJECT_CAST", _list({"TypeName": node["sourcetype"]}, {"TypeName": node["targettype"]})
    ),
    "CreateStatsStmt": _statistics,
    "CreateExtensionStmt": _by("extname", "OBJECT_EXTENSION"),
    "CreatePublicationStmt": _by("pubname", "OBJECT_PUBLICATION"),
    "CreateEventTrigStmt": _by("trigname", "OBJECT_EVENT_TRIGGER"),
    "CreateForeignServerStmt": _by("servername", "OBJECT_FOREIGN_SERVER"),
    "CreateFdwStmt": _by("fdwname", "OBJECT_FDW"),
    "CreateRoleStmt": _by("role", "OBJECT_ROLE"),
}
