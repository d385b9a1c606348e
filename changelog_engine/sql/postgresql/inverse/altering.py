"""ALTER TABLE, subcommand by subcommand, the last one first; COMMENT; and what changes nothing that is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from changelog_engine.sql.inverses import DROPPED, ENSURED, Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse.creating import drop_of
from changelog_engine.sql.postgresql.inverse.known import SWITCHES, Column, Known, identity
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, refuse_if, undoing, write
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.parsing import Node, Statement

NOTED = ("AlterTableStmt",)
"""What is known is told of these on the way, as their parts find what those before them have made."""

Commands = list[Node]
"""Subcommands of ALTER TABLE."""

_UNKNOWN_COLUMN = "what the column was before is not known, as no changeset before it makes the table"
_UNNAMED = "the constraint has no name in the changelog: give it one"


def _alter_table(found: Found) -> Inverse:
    node = found.node
    refuse_if(node.get("missing_ok"), "with IF EXISTS nobody knows whether it changed anything")
    refuse_if(
        node.get("objtype") not in ("OBJECT_TABLE", "OBJECT_FOREIGN_TABLE"), "no inverse is known for such an ALTER"
    )
    statements: list[str] = []
    for item in node.get("cmds", []):
        command = item["AlterTableCmd"]
        undo = _COMMANDS.get(command["subtype"])
        if undo is None:
            raise UncertainError(_reason(command["subtype"]))
        commands = undo(found.known, node, command)
        if commands:
            written = [{"AlterTableCmd": {"behavior": "DROP_RESTRICT", **each}} for each in commands]
            alter = write("AlterTableStmt", relation=node["relation"], cmds=written, objtype=node["objtype"])
            statements.insert(0, alter)
        found.known.note(Statement("AlterTableStmt", {**node, "cmds": [item]}, "", 0))
    return undoing(*statements)


def _reason(subtype: str) -> str:
    if subtype.startswith("AT_Drop"):
        return DROPPED
    if subtype == "AT_AlterColumnType":
        return "values that no longer fit the earlier type would be lost or refused"
    return "what was there before is known to nobody afterwards"


def _column(known: Known, node: Node, command: Node) -> Column:
    table = known.table(node["relation"])
    column = None if table is None else table.columns.get(command["name"])
    if column is None:
        raise UncertainError(_UNKNOWN_COLUMN)
    return column


def _add_column(_known: Known, _node: Node, command: Node) -> Commands:
    refuse_if(command.get("missing_ok"), ENSURED)
    return [{"subtype": "AT_DropColumn", "name": command["def"]["ColumnDef"]["colname"]}]


def _add_constraint(known: Known, node: Node, command: Node) -> Commands:
    constraint = command["def"]["Constraint"]
    refuse_if(not constraint.get("conname"), _UNNAMED)
    refuse_if(constraint.get("indexname"), "it takes over an index, which would be dropped with it")
    refuse_if(constraint["contype"] == "CONSTR_NOTNULL", "write it as ALTER COLUMN … SET NOT NULL")
    drop: Node = {"subtype": "AT_DropConstraint", "name": constraint["conname"]}
    if constraint["contype"] != "CONSTR_PRIMARY":
        return [drop]
    # A primary key makes its columns NOT NULL, and leaves them so.
    table = known.table(node["relation"])
    names = strings(constraint.get("keys", []))
    if table is None or any(name not in table.columns for name in names):
        raise UncertainError("whether the key's columns were NOT NULL before is not known")
    nullable = [name for name in names if not table.columns[name].not_null]
    return [drop, *({"subtype": "AT_DropNotNull", "name": name} for name in nullable)]


def _set_not_null(known: Known, node: Node, command: Node) -> Commands:
    is_set = _column(known, node, command).not_null
    return [] if is_set else [{"subtype": "AT_DropNotNull", "name": command["name"]}]


def _drop_not_null(known: Known, node: Node, command: Node) -> Commands:
    was_set = _column(known, node, command).not_null
    return [{"subtype": "AT_SetNotNull", "name": command["name"]}] if was_set else []


def _default(known: Known, node: Node, command: Node) -> Commands:
    before = _column(known, node, command).default
    refuse_if(before == {}, "the default before is one of a sequence that PostgreSQL made")
    return [{"subtype": "AT_ColumnDefault", "name": command["name"], **({"def": before} if before else {})}]


def _switch(known: Known, node: Node, command: Node) -> Commands:
    subtype, name = command["subtype"], command.get("name", "")
    switch = SWITCHES[subtype]
    table = known.table(node["relation"])
    last = None if table is None else table.switches.get(f"{switch.about} {name}")
    is_so_already = last == subtype or (last is None and table is not None and switch.is_first)
    return [] if is_so_already else [{"subtype": switch.opposite, **({"name": name} if name else {})}]


def _swap(subtype: str) -> Callable[[Known, Node, Node], Commands]:
    return lambda _known, _node, command: [{"subtype": subtype, "def": command["def"]}]


def _detach(_known: Known, _node: Node, command: Node) -> Commands:
    partition = {"PartitionCmd": {"name": command["def"]["PartitionCmd"]["name"]}}
    return [{"subtype": "AT_DetachPartition", "def": partition}]


def _add_identity(_known: Known, _node: Node, command: Node) -> Commands:
    return [{"subtype": "AT_DropIdentity", "name": command["name"]}]


_COMMANDS: Mapping[str, Callable[[Known, Node, Node], Commands]] = {
    "AT_AddColumn": _add_column,
    "AT_AddConstraint": _add_constraint,
    "AT_SetNotNull": _set_not_null,
    "AT_DropNotNull": _drop_not_null,
    "AT_ColumnDefault": _default,
    "AT_AttachPartition": _detach,
    "AT_AddInherit": _swap("AT_DropInherit"),
    "AT_DropInherit": _swap("AT_AddInherit"),
    "AT_AddIdentity": _add_identity,
    **dict.fromkeys(SWITCHES, _switch),
}


def _comment(found: Found) -> Inverse:
    node, known = found.node, found.known
    name = identity(node["objtype"], node["object"])
    before = known.comments.get(name)
    if before is None:
        refuse_if(
            not _is_made(known, node), "what the comment was before is not known, as no changeset before it makes it"
        )
        before = ""
    comment: dict[str, Any] = {"comment": before} if before else {}
    return undoing(write("CommentStmt", objtype=node["objtype"], object=node["object"], **comment))


def _is_made(known: Known, node: Node) -> bool:
    """Whether a changeset before has made what is commented on, and it had no comment then."""
    if node["objtype"] == "OBJECT_COLUMN":
        *relation, column = strings(node["object"]["List"]["items"])
        schema = relation[-2] if len(relation) > 1 else ""
        table = known.table({"schemaname": schema, "relname": relation[-1]})
        return table is not None and column in table.columns
    return identity(node["objtype"], node["object"]) in known.made


def _nothing(_found: Found) -> Inverse:
    return Inverse()


def _select(found: Found) -> Inverse:
    if "intoClause" in found.node:
        return drop_of("SelectStmt", found.node)
    refuse_if(_calls(found.node), "a function that it calls may change something")
    return Inverse()


def _calls(node: Any) -> bool:
    if isinstance(node, dict):
        return "FuncCall" in node or any(_calls(value) for value in node.values())
    return isinstance(node, list) and any(_calls(item) for item in node)


def _refresh(found: Found) -> Inverse:
    refuse_if(found.node.get("skipData"), "what the view held is known to nobody afterwards")
    return Inverse()


STATEMENTS: Mapping[str, Undo] = {
    "AlterTableStmt": _alter_table,
    "CommentStmt": _comment,
    "SelectStmt": _select,
    "RefreshMatViewStmt": _refresh,
    **dict.fromkeys(
        ("VariableSetStmt", "VacuumStmt", "ReindexStmt", "LockStmt", "ConstraintsSetStmt", "CheckPointStmt"), _nothing
    ),
}
