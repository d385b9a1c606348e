"""Statements that need no inverse, as what they change goes with what the changeset itself has made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from changelog_engine.sql.effects import Kind
from changelog_engine.sql.inverses import Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse.scope import Scope
from changelog_engine.sql.postgresql.inverse.tables import SERIALS
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.own_names import built_in
from changelog_engine.sql.postgresql.parsing import Node, Statement

NOTHING = Inverse()

# Built-in functions that change something, or may be used to.
_NOT_HARMLESS = re.compile(
    r"(?:pg_(?!typeof$|size_)|lo_|lowrite$|(?:set|next|curr)val$|set_config$|binary_upgrade|dblink|ts_stat$|"
    r"(?:query|table|schema|database|cursor)_to_)"
)
_WRITING = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_MOVES = frozenset({"AT_AttachPartition", "AT_DetachPartition", "AT_AddInherit", "AT_DropInherit"})


def is_undone_with_its_object(statement: Statement, scope: Scope) -> bool:
    """Whether all that the statement changes was made by the changeset itself, so that dropping that undoes it too."""
    changed = _CHANGED.get(statement.kind)
    return changed is not None and changed(statement.node, scope)


def refuse_side_effects(node: Node) -> None:
    """UncertainError where a statement calls what may change something, or changes rows in a part of it."""
    for name in _calls(node):
        if name not in built_in(Kind.ROUTINE) or _NOT_HARMLESS.match(name):
            raise UncertainError(f"the function `{name}` that it calls may change something")
    if _writes_within(node):
        raise UncertainError("a part of it changes rows")


def calls_others(node: Node) -> bool:
    """Whether a routine is called that is not PostgreSQL's own."""
    return any(name not in built_in(Kind.ROUTINE) for name in _calls(node))


def relies_on_names(node: Any) -> bool:
    """Whether an expression, or a type, is another one when a routine, sequence or type has got another name."""
    if isinstance(node, list):
        return any(map(relies_on_names, node))
    if not isinstance(node, dict):
        return False
    if any(name not in built_in(Kind.ROUTINE) or _NOT_HARMLESS.match(name) for name in _calls(node)):
        return True
    *_, name = strings(node.get("names", [])) or [""]
    is_own_type = name in built_in(Kind.TYPE) or name in SERIALS
    is_named = bool(name) and (not is_own_type or name.startswith("reg"))
    return is_named or any(map(relies_on_names, node.values()))


def _calls(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "FuncCall" in node:
            *schema, name = strings(node["FuncCall"]["funcname"])
            yield name if schema in ([], ["pg_catalog"]) else ".".join((*schema, name))
        for value in node.values():
            yield from _calls(value)
    elif isinstance(node, list):
        for item in node:
            yield from _calls(item)


def _writes_within(node: Any) -> bool:
    if isinstance(node, dict):
        return not _WRITING.isdisjoint(node) or any(_writes_within(value) for value in node.values())
    return isinstance(node, list) and any(_writes_within(item) for item in node)


def _relation(node: Node, scope: Scope) -> bool:
    return scope.is_own_relation(scope.relation(node["relation"]))


def _rows(node: Node, scope: Scope) -> bool:
    """What a trigger does with the rows may reach other tables."""
    return _relation(node, scope) and scope.relation(node["relation"]) not in scope.triggered


def _alter_table(node: Node, scope: Scope) -> bool:
    moves = any(item["AlterTableCmd"]["subtype"] in _MOVES for item in node.get("cmds", []))
    return _relation(node, scope) and not moves


def _object(kind: str, key: str) -> Callable[[Node, Scope], bool]:
    return lambda node, scope: scope.is_own(node.get(kind, kind), node[key])


def _type(node: Node, scope: Scope) -> bool:
    return scope.is_own("OBJECT_TYPE", {"TypeName": {"names": node["typeName"]}})


def _grant(node: Node, scope: Scope) -> bool:
    of_objects = node.get("targtype") == "ACL_TARGET_OBJECT"
    return of_objects and all(scope.is_own(node["objtype"], item) for item in node.get("objects", []))


def _truncate(node: Node, scope: Scope) -> bool:
    relations = [item["RangeVar"] for item in node.get("relations", [])]
    is_alone = node.get("behavior") != "DROP_CASCADE"
    return is_alone and all(scope.is_own_relation(scope.relation(each)) for each in relations)


def _drop(node: Node, scope: Scope) -> bool:
    """Of temporary tables alone: what it drops of the others, their own inverse would miss."""
    relations = [scope.key(strings(item.get("List", {}).get("items", [])) or [""]) for item in node.get("objects", [])]
    return node["removeType"] == "OBJECT_TABLE" and all(key.schema == "pg_temp" for key in relations)


_CHANGED: Mapping[str, Callable[[Node, Scope], bool]] = {
    **dict.fromkeys(("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"), _rows),
    "IndexStmt": _relation,
    "AlterTableStmt": _alter_table,
    "CommentStmt": _object("objtype", "object"),
    "GrantStmt": _grant,
    "TruncateStmt": _truncate,
    "DropStmt": _drop,
    "AlterEnumStmt": _type,
    "AlterDomainStmt": _type,
    "AlterFunctionStmt": _object("OBJECT_FUNCTION", "func"),
    "AlterOwnerStmt": _object("objectType", "object"),
}
