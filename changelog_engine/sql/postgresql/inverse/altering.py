"""ALTER TABLE, subcommand by subcommand, the last one first; COMMENT; and what changes nothing that is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from changelog_engine.sql.inverses import DROPPED, ENSURED, Inverse, UncertainError
from changelog_engine.sql.postgresql.inverse.creating import drop_of
from changelog_engine.sql.postgresql.inverse.folding import note
from changelog_engine.sql.postgresql.inverse.known import Column, Known
from changelog_engine.sql.postgresql.inverse.own import refuse_side_effects
from changelog_engine.sql.postgresql.inverse.tables import SWITCHES
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, refuse_if, undoing, write
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.parsing import Node, Statement

NOTED = ("AlterTableStmt",)
"""What is known is told of these on the way, as their parts find what those before them have made."""

Commands = list[Node]
"""Subcommands of ALTER TABLE."""

_UNKNOWN_COLUMN = "what the column was before is not known from the changesets before it"
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
        note(found.known, Statement("AlterTableStmt", {**node, "cmds": [item]}, "", 0))
    return undoing(*statements)


def _reason(subtype: str) -> str:
    if subtype.startswith("AT_Drop"):
        return DROPPED
    return "what was there before is known to nobody afterwards"


def _column(known: Known, node: Node, command: Node) -> Column:
    table = known.table_to_change(node["relation"])
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
    table = known.table_to_change(node["relation"])
    names = strings(constraint.get("keys", []))
    if table is None or any(name not in table.columns for name in names):
        raise UncertainError("whether the key's columns were NOT NULL before is not known")
    nullable = [name for name in names if table.columns[name].not_null is None]
    return [drop, *({"subtype": "AT_DropNotNull", "name": name} for name in nullable)]


def _set_not_null(known: Known, node: Node, command: Node) -> Commands:
    is_set = _column(known, node, command).not_null is not None
    return [] if is_set else [{"subtype": "AT_DropNotNull", "name": command["name"]}]


def _drop_not_null(known: Known, node: Node, command: Node) -> Commands:
    before = _column(known, node, command).not_null
    refuse_if(before, "the NOT NULL has a name, which it would not get again")
    return [] if before is None else [{"subtype": "AT_SetNotNull", "name": command["name"]}]


def _default(known: Known, node: Node, command: Node) -> Commands:
    before = _column(known, node, command).default
    refuse_if(before == {}, "the default before is one of a sequence that PostgreSQL made")
    return [{"subtype": "AT_ColumnDefault", "name": command["name"], **({"def": before} if before else {})}]


def _switch(known: Known, node: Node, command: Node) -> Commands:
    subtype, name = command["subtype"], command.get("name", "")
    switch = SWITCHES[subtype]
    table = known.table_to_change(node["relation"])
    if table is None or (switch.about == "trigger" and "triggers" in table.switches):
        raise UncertainError("how it was switched before is not known from the changesets before it")
    first = subtype if switch.is_first else switch.opposite
    last = table.switches.get(f"{switch.about} {name}", first)
    refuse_if(last not in (subtype, switch.opposite), "how it was switched before takes another statement")
    return [] if last == subtype else [{"subtype": switch.opposite, **({"name": name} if name else {})}]


def _widen(known: Known, node: Node, command: Node) -> Commands:
    """Back to the narrower type: what no longer fits is refused by PostgreSQL, and nothing is lost."""
    column = _column(known, node, command)
    definition = command["def"]["ColumnDef"]
    is_wider = _is_wider(_type_of(column.type), _type_of(definition["typeName"]))
    refuse_if(not is_wider or definition.get("raw_default") or "collClause" in definition, _OTHER_TYPE)
    back = {"ColumnDef": {"typeName": column.type}}
    return [{"subtype": "AT_AlterColumnType", "name": command["name"], "def": back}]


_OTHER_TYPE = "values that no longer fit the earlier type would be lost or refused"
_INTEGERS = ("int2", "int4", "int8")


def _type_of(node: Node) -> tuple[str, int | None]:
    """A type's name, and its length; -1 where there is more to it."""
    lengths = [item.get("A_Const", {}).get("ival", {}).get("ival", -1) for item in node.get("typmods", [])]
    name = strings(node.get("names", []))[-1:]
    plain = not node.get("arrayBounds") and not node.get("setof") and len(lengths) < 2
    return (name[0] if name and plain else "", lengths[0] if lengths else None)


def _is_wider(before: tuple[str, int | None], after: tuple[str, int | None]) -> bool:
    if before[0] in _INTEGERS and after[0] in _INTEGERS:
        return _INTEGERS.index(before[0]) < _INTEGERS.index(after[0])
    if before[0] != "varchar" or before[1] is None or before[1] < 1:
        return False
    return after == ("text", None) or (after[0] == "varchar" and (after[1] is None or after[1] >= before[1]))


def _validate(known: Known, node: Node, command: Node) -> Commands:
    """Only a new one is not valid again."""
    table = known.table_to_change(node["relation"])
    name = command["name"]
    constraint = {} if table is None else table.constraints.get(name, {})
    if constraint and not constraint.get("skip_validation"):
        return []
    refuse_if(not constraint, "PostgreSQL cannot make a constraint NOT VALID again")
    drop = {"subtype": "AT_DropConstraint", "name": name}
    return [drop, {"subtype": "AT_AddConstraint", "def": {"Constraint": constraint}}]


def _swap(subtype: str) -> Callable[[Known, Node, Node], Commands]:
    return lambda _known, _node, command: [{"subtype": subtype, "def": command["def"]}]


def _detach(known: Known, node: Node, command: Node) -> Commands:
    table = known.table(node["relation"])
    refuse_if(
        table is None or not table.is_bare,
        "the partition keeps the indexes, triggers and foreign keys that it gets from the table",
    )
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
    "AT_AlterColumnType": _widen,
    "AT_ValidateConstraint": _validate,
    "AT_AddIdentity": _add_identity,
    **dict.fromkeys(SWITCHES, _switch),
}


def _comment(found: Found) -> Inverse:
    node, known = found.node, found.known
    before = _column_comment(known, node) if node["objtype"] == "OBJECT_COLUMN" else object_comment(known, node)
    if before is None:
        raise UncertainError("what the comment was before is not known from the changesets before it")
    comment: dict[str, Any] = {"comment": before} if before else {}
    return undoing(write("CommentStmt", objtype=node["objtype"], object=node["object"], **comment))


def object_comment(known: Known, node: Node) -> str | None:
    """The comment of the object of a COMMENT, empty for none; None where it is not known."""
    identity = known.scope.identity(node["objtype"], node["object"])
    return known.comments.get(identity, "" if identity in known.made else None)


def _column_comment(known: Known, node: Node) -> str | None:
    *relation, name = strings(node["object"]["List"]["items"])
    table = known.tables.get(known.scope.key(relation))
    return table.columns[name].comment if table is not None and name in table.columns else None


def _nothing(_found: Found) -> Inverse:
    return Inverse()


def _select(found: Found) -> Inverse:
    refuse_side_effects(found.node)
    return drop_of("SelectStmt", found.node) if "intoClause" in found.node else Inverse()


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
