"""What statements change of what is known of tables: their columns, keys, constraints and switches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from changelog_engine.sql.postgresql.inverse.known import Column, Known, Table
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.parsing import Node

_KEYS = ("CONSTR_PRIMARY", "CONSTR_UNIQUE")
SERIALS: Mapping[str, str] = {
    **dict.fromkeys(("serial", "serial4"), "integer"),
    **dict.fromkeys(("bigserial", "serial8"), "bigint"),
    **dict.fromkeys(("smallserial", "serial2"), "smallint"),
}
"""What a column is whose type is one of these words."""


class Switch(NamedTuple):
    """A subcommand that switches something: its opposite, what it is about, and whether that is how it begins."""

    opposite: str
    about: str
    is_first: bool


SWITCHES: Mapping[str, Switch] = {
    "AT_EnableTrig": Switch("AT_DisableTrig", "trigger", True),
    "AT_DisableTrig": Switch("AT_EnableTrig", "trigger", False),
    "AT_EnableRule": Switch("AT_DisableRule", "rule", True),
    "AT_DisableRule": Switch("AT_EnableRule", "rule", False),
    "AT_EnableRowSecurity": Switch("AT_DisableRowSecurity", "row security", False),
    "AT_DisableRowSecurity": Switch("AT_EnableRowSecurity", "row security", True),
    "AT_ForceRowSecurity": Switch("AT_NoForceRowSecurity", "row security of the owner", False),
    "AT_NoForceRowSecurity": Switch("AT_ForceRowSecurity", "row security of the owner", True),
}
_OTHER_SWITCHES = {
    **dict.fromkeys(("AT_EnableAlwaysTrig", "AT_EnableReplicaTrig"), "trigger"),
    **dict.fromkeys(("AT_EnableAlwaysRule", "AT_EnableReplicaRule"), "rule"),
}
_ALL_TRIGGERS = ("AT_EnableTrigAll", "AT_DisableTrigAll", "AT_EnableTrigUser", "AT_DisableTrigUser")
_HARMLESS = (
    *("AT_ChangeOwner", "AT_SetRelOptions", "AT_ResetRelOptions", "AT_SetStatistics"),
    *("AT_SetStorage", "AT_SetCompression", "AT_ReplicaIdentity", "AT_ClusterOn", "AT_SetTableSpace", "AT_SetLogged"),
    *("AT_SetUnLogged", "AT_SetOptions", "AT_ResetOptions", "AT_DropCluster", "AT_SetIdentity"),
)


def create_table(known: Known, node: Node) -> None:
    relation = node["relation"]
    key = known.scope.relation(relation)
    for item in node.get("inhRelations", []):
        _has_child(known, item["RangeVar"], is_part="partbound" in node)
    elements = node.get("tableElts", [])
    is_plain = all("ColumnDef" in item or "Constraint" in item for item in elements)
    if node.get("if_not_exists") or node.get("inhRelations") or node.get("ofTypename") or not is_plain:
        known.tables.pop(key, None)  # it may have been there, or has columns from elsewhere
        return
    table = known.tables[key] = Table(is_partitioned="partspec" in node)
    for item in elements:
        if "ColumnDef" in item:
            _add_column(table, item["ColumnDef"])
    for item in elements:
        if "Constraint" in item:
            _add_constraint(table, item["Constraint"])


def _has_child(known: Known, parent: Node, *, is_part: bool) -> None:
    table = known.table(parent)
    if table is not None:
        table.has_parts = table.has_parts or is_part
        table.has_heirs = table.has_heirs or not is_part


def create_as(known: Known, node: Node) -> None:
    into = node.get("into") or node.get("intoClause")
    if into is not None:
        known.tables.pop(known.scope.relation(into["rel"]), None)


def _add_column(table: Table, node: Node) -> None:
    type_name = node.get("typeName", {})
    column = table.columns[node["colname"]] = Column(type_name)
    if strings(type_name.get("names", []))[-1:] in [[name] for name in SERIALS]:
        column.not_null = ""
        column.default = {}
    for item in node.get("constraints", []):
        constraint = item["Constraint"]
        kind, name = constraint["contype"], constraint.get("conname", "")
        if kind == "CONSTR_NOTNULL":
            column.not_null = name
        elif kind in ("CONSTR_PRIMARY", "CONSTR_IDENTITY") and column.not_null is None:
            column.not_null = ""
        if kind in ("CONSTR_IDENTITY", "CONSTR_GENERATED"):
            column.default = {}
        elif kind == "CONSTR_DEFAULT":
            column.default = constraint["raw_expr"]
        if kind in _KEYS:
            table.keys.append((name, (node["colname"],)))
        table.is_bare = table.is_bare and kind not in (*_KEYS, "CONSTR_FOREIGN")
        if name:
            table.constraints[name] = {}


def _add_constraint(table: Table, node: Node) -> None:
    kind, name, columns = node["contype"], node.get("conname", ""), tuple(strings(node.get("keys", [])))
    if kind in _KEYS and columns and not node.get("without_overlaps"):
        table.keys.append((name, columns))
    if kind == "CONSTR_PRIMARY":
        for column in (table.columns[each] for each in columns if each in table.columns):
            column.not_null = "" if column.not_null is None else column.not_null
    if kind == "CONSTR_NOTNULL":
        for each in columns:
            if each in table.columns:
                table.columns[each].not_null = name
    table.is_bare = table.is_bare and kind in ("CONSTR_CHECK", "CONSTR_NOTNULL")
    if name:
        table.constraints[name] = node


def alter_table(known: Known, node: Node) -> None:
    table = known.table(node["relation"])
    key = known.scope.relation(node["relation"])
    for item in node.get("cmds", []):
        command = item["AlterTableCmd"]
        _note_children(known, node, command)
        if table is not None and not _alter(table, command):
            known.tables.pop(key, None)
            return


def _note_children(known: Known, node: Node, command: Node) -> None:
    subtype, definition = command["subtype"], command.get("def", {})
    if subtype == "AT_AddInherit":
        _has_child(known, definition["RangeVar"], is_part=False)
    elif subtype == "AT_AttachPartition":
        _has_child(known, node["relation"], is_part=True)
        known.tables.pop(known.scope.relation(definition["PartitionCmd"]["name"]), None)


def _alter(table: Table, command: Node) -> bool:
    """Take in one subcommand; False where the table is not known any more."""
    subtype, name, definition = command["subtype"], command.get("name", ""), command.get("def", {})
    column = table.columns.get(name)
    if subtype == "AT_AddColumn":
        if command.get("missing_ok"):
            return False
        _add_column(table, definition["ColumnDef"])
    elif subtype == "AT_AddConstraint":
        _add_constraint(table, definition["Constraint"])
    elif subtype == "AT_DropColumn":
        table.columns.pop(name, None)
        table.keys = [key for key in table.keys if name not in key[1]]
    elif subtype == "AT_DropConstraint":
        return _drop_constraint(table, name)
    elif subtype in ("AT_SetNotNull", "AT_DropNotNull") and column is not None:
        column.not_null = (column.not_null or "") if subtype == "AT_SetNotNull" else None
    elif subtype == "AT_ColumnDefault" and column is not None:
        column.default = definition or None
    elif subtype == "AT_AlterColumnType" and column is not None:
        column.type = definition["ColumnDef"]["typeName"]
    elif subtype in SWITCHES:
        table.switches[f"{SWITCHES[subtype].about} {name}"] = subtype
    elif subtype in _OTHER_SWITCHES:
        table.switches[f"{_OTHER_SWITCHES[subtype]} {name}"] = subtype
    elif subtype in _ALL_TRIGGERS:
        table.switches["triggers"] = subtype
    elif subtype == "AT_ValidateConstraint":
        table.constraints[name] = {**table.constraints.get(name, {}), "skip_validation": False}
    elif subtype == "AT_AttachPartition":
        return True
    else:
        return subtype in _HARMLESS
    return True


def _drop_constraint(table: Table, name: str) -> bool:
    """False where it may be one that has no name in the changelog, and is more than a key."""
    is_named = name in table.constraints
    if not is_named and name.endswith("_not_null"):
        return False
    table.constraints.pop(name, None)
    # One without a name in the changelog may be the one that is dropped by the name it was given.
    table.keys = [key for key in table.keys if key[0] != name and (is_named or key[0])]
    for column in table.columns.values():
        column.not_null = None if column.not_null == name else column.not_null
    return True


def rename_part(table: Table, kind: str, old: str, new: str) -> None:
    if kind == "OBJECT_COLUMN" and old in table.columns:
        table.columns = {new if each == old else each: column for each, column in table.columns.items()}
        table.keys = [(key, tuple(new if each == old else each for each in columns)) for key, columns in table.keys]
        # Their nodes name the column as it was.
        table.constraints = {key: {} for key in table.constraints}
    elif kind == "OBJECT_TABCONSTRAINT":
        table.keys = [(new if key == old else key, columns) for key, columns in table.keys]
        constraint = table.constraints.pop(old, {})
        table.constraints[new] = {**constraint, "conname": new} if constraint else {}
        for column in table.columns.values():
            column.not_null = new if column.not_null == old else column.not_null
    elif kind in ("OBJECT_TRIGGER", "OBJECT_RULE"):
        word = "trigger" if kind == "OBJECT_TRIGGER" else "rule"
        table.switches.pop(f"{word} {old}", None)
        table.switches[f"{word} {new}"] = "renamed"
