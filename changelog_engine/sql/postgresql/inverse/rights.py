"""GRANT and REVOKE, each undone by the other, where it is known that the right was not there, or was."""

from __future__ import annotations

from collections.abc import Mapping

from changelog_engine.sql.inverses import Inverse
from changelog_engine.sql.postgresql.inverse.known import grants_of
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, refuse_if, undoing, write

_FOR_ALL = ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_LANGUAGE")
"""What everybody has rights on from the beginning."""


def _grant(found: Found) -> Inverse:
    node = dict(found.node)
    refuse_if(node.get("targtype") != "ACL_TARGET_OBJECT", "which objects it is about depends on the moment")
    grants = set(grants_of(node))
    is_grant = bool(node.get("is_grant"))
    if is_grant:
        if grants <= found.known.grants:
            return Inverse()
        refuse_if(grants & found.known.grants, "a part of it was granted before")
        is_public = any(item["RoleSpec"].get("roletype") == "ROLESPEC_PUBLIC" for item in node["grantees"])
        refuse_if(is_public and node["objtype"] in _FOR_ALL, "everybody may have had the right before")
        node.pop("grant_option", None)
    else:
        refuse_if(node.get("grant_option"), "who had the option before is not known")
        refuse_if(not grants <= found.known.grants, "whether it was granted before is not known: no changeset does")
    node["is_grant"] = not is_grant
    return undoing(write("GrantStmt", **node))


def _grant_role(found: Found) -> Inverse:
    node = dict(found.node)
    refuse_if(not node.get("is_grant"), "whether the role was granted before is not known")
    node.pop("opt", None)
    node.pop("is_grant")
    return undoing(write("GrantRoleStmt", **node))


STATEMENTS: Mapping[str, Undo] = {"GrantStmt": _grant, "GrantRoleStmt": _grant_role}
