"""CREATE: undone by DROP, where it is certain that the statement made the object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from changelog_engine.sql.inverses import ENSURED, REPLACED, Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse.objects import made_by
from changelog_engine.sql.postgresql.inverse.own import refuse_side_effects
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, refuse_if, undoing, write
from changelog_engine.sql.postgresql.parsing import Node

_UNNAMED = "the name of what it makes is not in the statement: give it one"


def drop_of(kind: str, node: Node) -> Inverse:
    """The DROP of what a statement makes."""
    made = made_by(kind, node)
    if made is None:
        raise UncertainError(_UNNAMED)
    if made.kind == "OBJECT_ROLE":
        role = {"RoleSpec": {"roletype": "ROLESPEC_CSTRING", "rolename": node["role"]}}
        return undoing(write("DropRoleStmt", roles=[role]))
    is_concurrent = bool(node.get("concurrent"))
    drop = write(
        "DropStmt",
        objects=[made.object],
        removeType=made.kind,
        behavior="DROP_RESTRICT",
        concurrent=is_concurrent,
    )
    return undoing(drop, transaction=not is_concurrent)


def _creation(kind: str) -> Undo:
    def undo(found: Found) -> Inverse:
        refuse_if(found.node.get("base", found.node).get("if_not_exists"), ENSURED)
        refuse_if(found.node.get("replace"), REPLACED)
        refuse_side_effects(found.node)
        _refuse_more(kind, found.node)
        return drop_of(kind, found.node)

    return undo


def _refuse_more(kind: str, node: Node) -> None:
    """UncertainError where a statement makes more than what its DROP takes away."""
    names = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in _options(kind, node)}
    refuse_if(kind == "CreateExtensionStmt" and "cascade" in names, "with CASCADE it may make other extensions too")
    if node.get("kind") == "OBJECT_OPERATOR":
        refuse_if("commutator" in names or "negator" in names, "it may make the operator that it names beside itself")
    refuse_if(
        node.get("kind") == "OBJECT_TYPE" and names,
        "it fills in a type that was made before, and PostgreSQL cannot take that back",
    )


def _options(kind: str, node: Node) -> Sequence[Node]:
    found: Sequence[Node] = node.get("options" if kind == "CreateExtensionStmt" else "definition", [])
    return found if kind in ("CreateExtensionStmt", "DefineStmt") else ()


def _schema(found: Found) -> Inverse:
    refuse_if(
        found.node.get("schemaElts"), "it makes a schema with what is in it: make these in statements of their own"
    )
    return _creation("CreateSchemaStmt")(found)


def _user_mapping(found: Found) -> Inverse:
    node = found.node
    refuse_if(node.get("if_not_exists"), ENSURED)
    return undoing(write("DropUserMappingStmt", user=node["user"], servername=node["servername"]))


STATEMENTS: Mapping[str, Undo] = {
    **{
        kind: _creation(kind)
        for kind in (
            *("CreateStmt", "CreateForeignTableStmt", "CreateTableAsStmt", "ViewStmt", "IndexStmt", "CreateSeqStmt"),
            *("CreateEnumStmt", "CreateRangeStmt", "CompositeTypeStmt", "CreateDomainStmt", "CreateFunctionStmt"),
            *("DefineStmt", "CreateTrigStmt", "CreatePolicyStmt", "RuleStmt", "CreateCastStmt", "CreateStatsStmt"),
            *("CreateExtensionStmt", "CreatePublicationStmt", "CreateEventTrigStmt", "CreateForeignServerStmt"),
            *("CreateFdwStmt", "CreateRoleStmt"),
        )
    },
    "CreateSchemaStmt": _schema,
    "CreateUserMappingStmt": _user_mapping,
}
