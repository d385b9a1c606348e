"""GRANT and REVOKE, each undone by the other, where it is known that the right was not there, or was."""

from __future__ import annotations

from collections.abc import Mapping

from changelog_engine.sql.inverses import Inverse
from changelog_engine.sql.postgresql.inverse.folding import grantee_of, rights_of
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, refuse_if, undoing, write
from changelog_engine.sql.postgresql.parsing import Node

_FOR_ALL = ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_LANGUAGE")
"""What everybody has rights on from the beginning."""


def _grant(found: Found) -> Inverse:
    node = dict(found.node)
    refuse_if(node.get("targtype") != "ACL_TARGET_OBJECT", "which objects it is about depends on the moment")
    is_public = any(grantee_of(item) == "ROLESPEC_PUBLIC" for item in node["grantees"])
    refuse_if(is_public and node["objtype"] in _FOR_ALL, "everybody may have had the right before")
    refuse_if(
        any(item["RoleSpec"]["roletype"] not in ("ROLESPEC_CSTRING", "ROLESPEC_PUBLIC") for item in node["grantees"]),
        "whose right it is depends on who runs it",
    )
    if node.pop("is_grant", False):
        _refuse_unless_new(found)
        node.pop("grant_option", None)
    else:
        _refuse_unless_granted(found)
        node["is_grant"] = True
    return undoing(write("GrantStmt", **{**node, "behavior": "DROP_RESTRICT"}))


def _rights_before(found: Found) -> list[set[str]]:
    known, node = found.known, found.node
    identities = [known.scope.identity(node["objtype"], item) for item in node["objects"]]
    refuse_if(
        known.is_granted_unseen or not known.made.issuperset(identities),
        "whether the right was there before is not known from the changesets before it",
    )
    return [known.granted(each, grantee_of(item)) for each in identities for item in node["grantees"]]


def _refuse_unless_new(found: Found) -> None:
    rights = {_right(each) for each in rights_of(found.node)}
    for before in _rights_before(found):
        words = {_right(each) for each in before}
        overlap = words if rights & {"all"} or words & {"all"} else words & rights
        refuse_if(overlap, "a part of it was granted before")


def _right(text: str) -> str:
    """A right without the columns that it is for."""
    return text.partition(" ")[0]


def _refuse_unless_granted(found: Found) -> None:
    node: Node = found.node
    refuse_if(node.get("grant_option"), "who had the option before is not known")
    refuse_if(node.get("behavior") == "DROP_CASCADE", "with CASCADE it may take rights from others too")
    rights = rights_of(node)
    for before in _rights_before(found):
        refuse_if(not rights <= before, "whether it was granted before is not known from the changesets before it")
        refuse_if("with" in map(_right, before), "it was granted with an option that would not come back")
        of_columns = {each for each in before if " " in each}
        refuse_if(of_columns - rights, "rights on columns go with it, and would not come back")


def _grant_role(found: Found) -> Inverse:
    node = dict(found.node)
    refuse_if(not node.get("is_grant"), "whether the role was granted before is not known")
    roles = [item["AccessPriv"]["priv_name"] for item in node["granted_roles"]]
    made = {found.known.scope.identity("OBJECT_ROLE", {"String": {"sval": role}}) for role in roles}
    refuse_if(
        not found.known.made.issuperset(made) or any(found.known.granted(each, "") for each in made),
        "whether the role was granted before is not known from the changesets before it",
    )
    node.pop("opt", None)
    node.pop("is_grant")
    return undoing(write("GrantRoleStmt", **node))


STATEMENTS: Mapping[str, Undo] = {"GrantStmt": _grant, "GrantRoleStmt": _grant_role}
