"""ALTER TABLE, and what goes with any object: renaming, new owners and schemas, DROP, COMMENT."""

from __future__ import annotations

from typing import Any

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.expressions import Scope, tighten, use_type, walk
from changelog_engine.sql.postgresql.names import Relation, column, of_relation, other, schema_named, strings
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.state import Handler, State, names_of
from changelog_engine.sql.postgresql.tables import ANY, Table, add_column, add_constraint, make_any, make_sequence
from changelog_engine.sql.postgresql.targets import RELATIONS, WITH_ROW_TYPE, Target, act_on, part_of, target_of

# --------------------------------------------------------------------------------------------------- ALTER TABLE

_TRIGGERS = ("AT_EnableTrig", "AT_DisableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig")
_RULES = ("AT_EnableRule", "AT_DisableRule", "AT_EnableAlwaysRule", "AT_EnableReplicaRule")
_COLUMNS = (
    *("AT_ColumnDefault", "AT_DropNotNull", "AT_SetNotNull", "AT_SetExpression", "AT_DropExpression"),
    *("AT_SetStatistics", "AT_SetOptions", "AT_ResetOptions", "AT_SetStorage", "AT_SetCompression"),
    *("AT_AlterColumnType", "AT_AddIdentity", "AT_SetIdentity", "AT_DropIdentity", "AT_AlterColumnGenericOptions"),
)
_PARENTS = ("AT_AddInherit", "AT_DropInherit")
_PARTITIONS = ("AT_AttachPartition", "AT_DetachPartition", "AT_DetachPartitionFinalize")


def alter_table(state: State, node: Node) -> None:
    """An AlterTableStmt, of any kind of relation."""
    word = RELATIONS.get(node.get("objtype", ""), "type" if node.get("objtype") == "OBJECT_TYPE" else "table")
    relation = state.relation(node["relation"])
    place = state.at(node["relation"])
    state.use_relation(relation, place, word, Act.MAY_USE if node.get("missing_ok") else Act.USES)
    table = Table(node["relation"]["relname"], relation, False, missing_ok=bool(node.get("missing_ok")))
    for item in node.get("cmds", []):
        _command(state, table, item["AlterTableCmd"], place)


def _command(state: State, table: Table, node: Node, place: int) -> None:
    subtype = node["subtype"]
    definition = node.get("def", {})
    act = Act.ENSURES if node.get("missing_ok") else Act.CREATES
    if subtype == "AT_AddColumn":
        added = table._replace(act=act)
        add_column(state, added, definition["ColumnDef"])
    elif subtype == "AT_DropColumn":
        _drop_part(state, table, "OBJECT_COLUMN", node, place)
    elif subtype in ("AT_AddConstraint", "AT_AddIndexConstraint"):
        add_constraint(state, table, definition["Constraint"])
    elif subtype == "AT_DropConstraint":
        _drop_part(state, table, "OBJECT_TABCONSTRAINT", node, place)
    elif subtype in ("AT_ValidateConstraint", "AT_AlterConstraint"):
        _alter_constraint(state, table, node, place)
    elif subtype in _COLUMNS:
        _alter_column(state, table, node, place)
    elif subtype in _TRIGGERS and node.get("name"):
        _alter_part(state, table, Kind.TRIGGER, node["name"], "trigger", place)
    elif subtype in _RULES:
        _alter_part(state, table, Kind.RULE, node["name"], "rule", place)
    else:
        _command_on_table(state, table, node, place)


def _command_on_table(state: State, table: Table, node: Node, place: int) -> None:
    """What changes the table as a whole: its owner, parents, partitions, index to cluster by."""
    subtype = node["subtype"]
    definition = node.get("def", {})
    if subtype == "AT_ChangeOwner":
        state.use_role(node.get("newowner"))
        _replace_facet(state, "owner", _target(table), place)
    elif subtype in _PARENTS:
        parent = state.relation(definition["RangeVar"])
        state.use_relation(parent, state.at(definition["RangeVar"]), "table")
        if subtype == "AT_AddInherit":
            state.inherits(table.relation, parent)
    elif subtype in _PARTITIONS:
        _partition(state, table, definition["PartitionCmd"])
    elif subtype == "AT_ReplicaIdentity":
        _use_index(state, table, definition["ReplicaIdentityStmt"].get("name"), place)
    elif subtype == "AT_ClusterOn":
        _use_index(state, table, node["name"], place)
    elif subtype == "AT_AddOf":
        use_type(state, definition["TypeName"])
    elif subtype == "AT_SetTableSpace":
        state.use_other("tablespace", [node["name"]], place)
    elif subtype == "AT_SetAccessMethod" and node.get("name"):
        state.use_other("access method", [node["name"]], place)
    elif table.relation is not None:
        # Its storage, its row security and the like.
        state.add(Act.ALTERS, table.relation.thing, "relation", place, table.relation.alternatives)


def _target(table: Table) -> Target | None:
    return Target(table.relation.thing, "table", table.relation.alternatives) if table.relation is not None else None


def _partition(state: State, table: Table, node: Node) -> None:
    part = state.relation(node["name"])
    place = state.at(node["name"])
    if part is not None:
        state.use_relation(part, place, "table")
        if "bound" in node:
            state.inherits(part, table.relation)
        make_any(state, Table(node["name"]["relname"], part, False), (Kind.KEY, Kind.CONSTRAINT), place)
    walk(state, node.get("bound", {}), table.scope())


def _use_index(state: State, table: Table, name: str | None, place: int) -> None:
    if name and table.relation is not None:
        index = table.relation.thing._replace(name=name)
        state.add(Act.USES, index, "index", place, table.relation.alternatives)


def _alter_part(
    state: State, table: Table, kind: Kind, name: str, word: str, place: int, act: Act = Act.ALTERS
) -> None:
    if table.relation is not None:
        target = Target(Thing(kind, name, "", table.relation.of), word, table.relation.alternatives)
        act_on(state, act, target, place, table.missing_ok)


def _drop_part(state: State, table: Table, kind: str, node: Node, place: int) -> None:
    if table.relation is None:
        return
    target = part_of(state, kind, [*_qualifier(table.relation)], node["name"])
    if target is not None:
        target = target._replace(alternatives=table.relation.alternatives)
    _drop(state, target, place, table.missing_ok or bool(node.get("missing_ok")))
    if kind == "OBJECT_TABCONSTRAINT":
        # If it is a key, its index goes too.
        index = table.relation.thing._replace(name=node["name"])
        if state.made(index):
            state.add(Act.DROPS, index, "index", place, table.relation.alternatives)


def _qualifier(relation: Relation) -> tuple[str, ...]:
    return (relation.thing.schema or "public", relation.thing.name)


def _alter_constraint(state: State, table: Table, node: Node, place: int) -> None:
    name = node.get("name") or node.get("def", {}).get("ATAlterConstraint", {}).get("conname", "")
    _alter_part(state, table, Kind.CONSTRAINT, name, "constraint", place)
    if node["subtype"] == "AT_ValidateConstraint":
        tighten(state, table.relation, [], place)


def _alter_column(state: State, table: Table, node: Node, place: int) -> None:
    name = node.get("name")
    if name is None:
        # ALTER INDEX i ALTER COLUMN 1.
        return
    tightens = node["subtype"] == "AT_SetNotNull"
    _alter_part(state, table, Kind.COLUMN, name, "column", place, Act.TIGHTENS if tightens else Act.ALTERS)
    definition = node.get("def", {})
    if node["subtype"] == "AT_AlterColumnType":
        column_definition = definition["ColumnDef"]
        use_type(state, column_definition["typeName"])
        if table.relation is not None:
            names = names_of(column_definition["typeName"], "names")
            state.is_of_type(column(table.relation.of, name), names)
        if "collClause" in column_definition:
            collation = strings(column_definition["collClause"]["collname"])
            state.use(Kind.COLLATION, collation, "collation", place)
        walk(state, column_definition.get("raw_default", {}), table.scope())
    elif node["subtype"] == "AT_AddIdentity":
        make_sequence(state, table, name, place)
    else:
        state.gives(table.relation, name, definition)
        walk(state, definition, table.scope() if node["subtype"] == "AT_SetExpression" else Scope())


# --------------------------------------------------------------------------------------- DROP, COMMENT and labels


def _drop_statement(state: State, node: Node) -> None:
    for item in node.get("objects", []):
        with state.optionally(bool(node.get("missing_ok"))):
            target = target_of(state, node["removeType"], item)
        _drop(state, target, state.start, bool(node.get("missing_ok")))
        if node["removeType"] == "OBJECT_SCHEMA" and node.get("behavior") == "DROP_CASCADE" and target is not None:
            state.opaque(f"all that schema {target.thing.name} has when it is dropped", state.start)


def _drop(state: State, target: Target | None, place: int, missing_ok: bool) -> None:
    """IF EXISTS needs nothing."""
    if target is not None and missing_ok:
        thing, word, alternatives, arguments = target
        state.add(Act.DROPS, thing, word, place, alternatives, arguments)
        if word in WITH_ROW_TYPE:
            state.add(Act.DROPS, Thing(Kind.TYPE, thing.name, thing.schema), "type", place, alternatives)
    else:
        act_on(state, Act.DROPS, target, place)


def _drop_roles(state: State, node: Node) -> None:
    for item in node.get("roles", []):
        name = item["RoleSpec"].get("rolename", "")
        _drop(state, Target(Thing(Kind.ROLE, name), "role"), state.at(item["RoleSpec"]), bool(node.get("missing_ok")))


def _label(facet: str) -> Handler:
    """COMMENT ON and SECURITY LABEL ON."""

    def handler(state: State, node: Node) -> None:
        target = target_of(state, node["objtype"], node["object"])
        act_on(state, None, target, state.start)
        _replace_facet(state, facet, target, state.start)

    return handler


def _replace_facet(state: State, facet: str, target: Target | None, place: int) -> None:
    """What an object has one of, whatever else is done to it: a comment, an owner."""
    if target is not None:
        thing = target.thing
        arguments = "" if target.arguments is None else f"({target.arguments})"
        name = f"{thing.kind} {of_relation(thing.of, thing.name)}{arguments}"
        state.add(Act.REPLACES, other(facet, name, thing.schema), facet, place, target.alternatives)


# ------------------------------------------------------------------------------- renaming, new owners and schemas


def _object(state: State, kind: str, node: Node) -> Target | None:
    """The object of a RenameStmt and the like, which has it in one of two fields."""
    if "relation" in node and kind in RELATIONS:
        return target_of(state, kind, {"RangeVar": node["relation"]})
    return target_of(state, kind, node["object"]) if "object" in node else None


def _rename(state: State, node: Node) -> None:
    kind = node["renameType"]
    missing_ok = bool(node.get("missing_ok"))
    if kind in ("OBJECT_ROLE", "OBJECT_SCHEMA", "OBJECT_DATABASE", "OBJECT_TABLESPACE"):
        target = target_of(state, kind, {"String": {"sval": node["subname"]}})
    elif kind == "OBJECT_DOMCONSTRAINT":
        name = {"String": {"sval": node["subname"]}}
        target = target_of(state, kind, {"List": {"items": [node["object"], name]}})
    elif "subname" in node:
        target = part_of(state, kind, _relation_names(node["relation"]), node["subname"])
    else:
        target = _object(state, kind, node)
    if target is None:
        return
    act_on(state, Act.RENAMES_FROM, target, state.start, missing_ok)
    _made_by_renaming(state, target, target.thing._replace(name=node["newname"]))
    if target.thing.kind is Kind.SCHEMA:
        what = f"all that schema {target.thing.name} has, which is in {node['newname']} from here on"
        state.opaque(what, state.start)


def _relation_names(node: Node) -> list[str]:
    return [node["schemaname"], node["relname"]] if "schemaname" in node else [node["relname"]]


def _made_by_renaming(state: State, target: Target, renamed: Thing) -> None:
    state.add(Act.RENAMES_TO, renamed, target.word, state.start, target.alternatives, target.arguments)
    if target.word in WITH_ROW_TYPE:
        row_type = Thing(Kind.TYPE, renamed.name, renamed.schema)
        state.add(Act.RENAMES_TO, row_type, "type", state.start, target.alternatives)
        of = f"{renamed.schema}.{renamed.name}" if renamed.schema else renamed.name
        # The columns and all else that it had are of the new name now.
        for kind in (Kind.COLUMN, Kind.KEY, Kind.CONSTRAINT, Kind.TRIGGER, Kind.POLICY, Kind.RULE):
            state.add(Act.RENAMES_TO, Thing(kind, ANY, "", of), kind.value, state.start, target.alternatives)


def _set_schema(state: State, node: Node) -> None:
    target = _object(state, node["objectType"], node)
    schema = schema_named(node["newschema"])
    state.use_schema(schema, state.start)
    if target is None:
        return
    if target.thing.kind is Kind.EXTENSION:
        act_on(state, Act.ALTERS, target, state.start)
        return
    act_on(state, Act.RENAMES_FROM, target, state.start, bool(node.get("missing_ok")))
    _made_by_renaming(state, target._replace(alternatives=()), target.thing._replace(schema=schema))


def _set_owner(state: State, node: Node) -> None:
    target = _object(state, node["objectType"], node)
    act_on(state, None, target, state.start)
    _replace_facet(state, "owner", target, state.start)
    state.use_role(node.get("newowner"))


def _depends(state: State, node: Node) -> None:
    act_on(state, Act.ALTERS, _object(state, node["objectType"], node), state.start)
    extension: Any = node["extname"]
    state.use(Kind.EXTENSION, [extension["sval"]], "extension", state.start)


STATEMENTS: dict[str, Handler] = {
    "AlterTableStmt": alter_table,
    "DropStmt": _drop_statement,
    "DropRoleStmt": _drop_roles,
    "CommentStmt": _label("comment"),
    "SecLabelStmt": _label("security label"),
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _set_schema,
    "AlterOwnerStmt": _set_owner,
    "AlterObjectDependsStmt": _depends,
}
