"""Roles and rights: GRANT and REVOKE, roles, default privileges, policies."""

from __future__ import annotations

from itertools import product

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.expressions import relation_scope, walk
from changelog_engine.sql.postgresql.names import definitions, of_relation, other, schema_named
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.state import Handler, State, names_of
from changelog_engine.sql.postgresql.targets import Target, act_on, target_of

_MOST_PRIVILEGES = 200


def _grant(state: State, node: Node) -> None:
    for item in node.get("grantees", []):
        state.use_role(item["RoleSpec"])
    if node.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
        _grant_on_all(state, node)
        return
    targets = [target_of(state, node["objtype"], item) for item in node.get("objects", [])]
    privileges = [item["AccessPriv"] for item in node.get("privileges", [])]
    for item, target in zip(node.get("objects", []), targets, strict=True):
        place = state.at(item.get("RangeVar", {}))
        act_on(state, None, target, place)
        relation = state.relation(item["RangeVar"]) if "RangeVar" in item else None
        for privilege in privileges:
            for name in names_of(privilege, "cols"):
                state.use_column(relation, name, place)
    _privileges(state, node, [target for target in targets if target is not None], privileges)


def _grant_on_all(state: State, node: Node) -> None:
    for item in node.get("objects", []):
        schema = item["String"]["sval"]
        state.use_schema(schema_named(schema), state.start)
        what = node["objtype"].removeprefix("OBJECT_").lower()
        state.opaque(f"rights on every {what} that schema {schema} has when it is run", state.start)


def _privileges(state: State, node: Node, targets: list[Target], privileges: list[Node]) -> None:
    """Each privilege that is granted or revoked, as a thing of its own: GRANT and REVOKE of it do not commute."""
    act = Act.ENSURES if node.get("is_grant") else Act.DROPS
    names = [_privilege_name(privilege) for privilege in privileges] or ["all"]
    grantees = [_role_name(item["RoleSpec"]) for item in node.get("grantees", [])]
    for name, target, grantee in list(product(names, targets, grantees))[:_MOST_PRIVILEGES]:
        thing = target.thing
        on = of_relation(thing.of, thing.name)
        privilege = other("privilege", f"{name} on {thing.kind} {on} to {grantee}", thing.schema)
        state.add(act, privilege, "privilege", state.start, target.alternatives)


def _privilege_name(node: Node) -> str:
    columns = ", ".join(sorted(names_of(node, "cols")))
    name: str = node.get("priv_name", "all")
    return f"{name} ({columns})" if columns else name


def _role_name(node: Node) -> str:
    name: str = node.get("rolename") or node.get("roletype", "").removeprefix("ROLESPEC_").lower()
    return name


def _grant_role(state: State, node: Node) -> None:
    for item in node.get("granted_roles", []):
        state.use(Kind.ROLE, [item["AccessPriv"]["priv_name"]], "role", state.start)
    for item in node.get("grantee_roles", []):
        state.use_role(item["RoleSpec"])
    act = Act.ENSURES if node.get("is_grant") else Act.DROPS
    for granted, grantee in product(node.get("granted_roles", []), node.get("grantee_roles", [])):
        name = f"member of {granted['AccessPriv']['priv_name']}: {_role_name(grantee['RoleSpec'])}"
        state.add(act, other("privilege", name), "privilege", state.start)


def _default_privileges(state: State, node: Node) -> None:
    options = definitions(node, "options")
    for item in options.get("roles", {}).get("List", {}).get("items", []):
        state.use_role(item["RoleSpec"])
    for item in options.get("schemas", {}).get("List", {}).get("items", []):
        state.use_schema(schema_named(item["String"]["sval"]), state.start)
    for item in node["action"].get("grantees", []):
        state.use_role(item["RoleSpec"])
    what = node["action"]["objtype"].removeprefix("OBJECT_").lower()
    state.add(Act.ALTERS, other("default privileges", what), "default privileges", state.start)


def _create_role(state: State, node: Node) -> None:
    for value in definitions(node, "options").values():
        for item in value.get("List", {}).get("items", []) if isinstance(value, dict) else []:
            state.use_role(item.get("RoleSpec"))
    state.add(Act.CREATES, Thing(Kind.ROLE, node["role"]), "role", state.start)


def _alter_role(state: State, node: Node) -> None:
    role = node.get("role", {})
    if role.get("roletype") == "ROLESPEC_CSTRING":
        act_on(state, Act.ALTERS, Target(Thing(Kind.ROLE, role["rolename"]), "role"), state.at(role))
    for value in definitions(node, "options").values():
        # ALTER GROUP … ADD USER.
        for item in value.get("List", {}).get("items", []):
            state.use_role(item.get("RoleSpec"))


def _owned(state: State, node: Node) -> None:
    """REASSIGN OWNED and DROP OWNED: whatever there is."""
    for item in node.get("roles", []):
        state.use_role(item["RoleSpec"])
    state.use_role(node.get("newrole"))
    state.opaque("all that a role owns when it is run", state.start)


def _policy(state: State, node: Node) -> None:
    relation = state.relation(node["table"])
    place = state.at(node["table"])
    state.use_relation(relation, place, "table")
    for item in node.get("roles", []):
        state.use_role(item["RoleSpec"])
    scope = relation_scope(relation, node["table"]["relname"])
    for key in ("qual", "with_check"):
        walk(state, node.get(key, {}), scope)
    if relation is None:
        return
    target = Target(Thing(Kind.POLICY, node["policy_name"], "", relation.of), "policy", relation.alternatives)
    if "cmd_name" in node:
        state.add(Act.CREATES, target.thing, "policy", state.start, relation.alternatives)
    else:
        act_on(state, Act.ALTERS, target, state.start)


STATEMENTS: dict[str, Handler] = {
    "GrantStmt": _grant,
    "GrantRoleStmt": _grant_role,
    "AlterDefaultPrivilegesStmt": _default_privileges,
    "CreateRoleStmt": _create_role,
    "AlterRoleStmt": _alter_role,
    "AlterRoleSetStmt": _alter_role,
    "ReassignOwnedStmt": _owned,
    "DropOwnedStmt": _owned,
    "CreatePolicyStmt": _policy,
    "AlterPolicyStmt": _policy,
}
