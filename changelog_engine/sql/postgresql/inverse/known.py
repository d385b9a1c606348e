"""What the changelog knows of the state that a statement finds: folded from the statements that come before it.

Only what somebody made in the changelog is known. What dynamic SQL may have changed behind its back is not considered,
as it is by nobody who reads the changelog.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from changelog_engine.sql.disguise import disguise
from changelog_engine.sql.postgresql.inverse.objects import made_by
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.parsing import Node, RefusedError, Statement, parse

_NOT_NULL = ("CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY")
_KEYS = ("CONSTR_PRIMARY", "CONSTR_UNIQUE")
_NO_PART_OF_A_NAME = ("location", "typemod", "objfuncargs", "inh", "relpersistence")


@dataclass(slots=True)
class Column:
    """``default`` is an expression's node, None for none."""

    not_null: bool = False
    default: Node | None = None


@dataclass(slots=True)
class Table:
    """``keys`` are sets of columns by which a row is known, with the name of the constraint, empty for none.

    ``switches`` are what was last said of triggers and row security, by what it was said of.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    keys: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    switches: dict[str, str] = field(default_factory=dict)


class Known:
    """Tables by their names, without ``public``; ``made`` and ``comments`` by the identity of objects, ``grants`` by
    what was granted to whom.
    """

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.made: set[str] = set()
        self.comments: dict[str, str] = {}
        self.grants: set[str] = set()

    def table(self, relation: Node) -> Table | None:
        """The table that a RangeVar names; None where no changeset before has made it."""
        return self.tables.get(_name(relation))

    def note_text(self, text: str) -> None:
        """Take in what a text as written does; what the parser does not read is passed over."""
        try:
            parsed = parse(disguise(text))
        except (RefusedError, ImportError, OSError):
            return
        for statement in parsed.statements:
            self.note(statement)

    def note(self, statement: Statement) -> None:
        """Take in what a statement does."""
        made = made_by(statement.kind, statement.node)
        if made is not None:
            self.made.add(identity(made.kind, made.object))
        note = _NOTES.get(statement.kind)
        if note is not None:
            note(self, statement.node)


def identity(*parts: Any) -> str:
    """A text that is the same for nodes that name the same object in the same way."""
    return json.dumps([_bare(part) for part in parts], sort_keys=True)


def grants_of(node: Node) -> Iterator[str]:
    """Each single right that a GrantStmt is about: on one object, for one grantee."""
    privileges = node.get("privileges", []) or [{"AccessPriv": {"priv_name": "all"}}]
    for item in node.get("objects", []):
        for grantee in node.get("grantees", []):
            for privilege in privileges:
                yield identity(node.get("objtype"), item, grantee, privilege)


def _bare(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if value and key not in _NO_PART_OF_A_NAME}
    return [_bare(item) for item in node] if isinstance(node, list) else node


def _name(relation: Node) -> str:
    schema = relation.get("schemaname", "")
    return relation["relname"] if schema in ("", "public") else f"{schema}.{relation['relname']}"


# ------------------------------------------------------------------------------------------------------- folding


def _create_table(known: Known, node: Node) -> None:
    if node.get("if_not_exists") or node.get("inhRelations") or node.get("ofTypename"):
        known.tables.pop(_name(node["relation"]), None)  # it may have been there, or has columns from elsewhere
        return
    table = known.tables[_name(node["relation"])] = Table()
    for item in node.get("tableElts", []):
        if "ColumnDef" in item:
            _add_column(table, item["ColumnDef"])
        elif "Constraint" in item:
            _add_constraint(table, item["Constraint"])
        else:
            known.tables.pop(_name(node["relation"]), None)
            return


def _add_column(table: Table, node: Node) -> None:
    column = table.columns[node["colname"]] = Column()
    if any(
        name in ("serial", "bigserial", "smallserial") for name in strings(node.get("typeName", {}).get("names", []))
    ):
        column.not_null = True
        column.default = {}
    for item in node.get("constraints", []):
        constraint = item["Constraint"]
        if constraint["contype"] in _NOT_NULL:
            column.not_null = True
        if constraint["contype"] == "CONSTR_DEFAULT":
            column.default = constraint["raw_expr"]
        if constraint["contype"] in _KEYS:
            table.keys.append((constraint.get("conname", ""), (node["colname"],)))


def _add_constraint(table: Table, node: Node) -> None:
    columns = tuple(strings(node.get("keys", [])))
    if node["contype"] in _KEYS and columns:
        table.keys.append((node.get("conname", ""), columns))
    if node["contype"] == "CONSTR_PRIMARY":
        for name in columns:
            if name in table.columns:
                table.columns[name].not_null = True


def _alter_table(known: Known, node: Node) -> None:
    table = known.table(node["relation"])
    if table is None:
        return
    for item in node.get("cmds", []):
        command = item["AlterTableCmd"]
        subtype, name, definition = command["subtype"], command.get("name", ""), command.get("def", {})
        if subtype == "AT_AddColumn":
            _add_column(table, definition["ColumnDef"])
        elif subtype == "AT_AddConstraint":
            _add_constraint(table, definition["Constraint"])
        elif subtype == "AT_DropColumn":
            table.columns.pop(name, None)
            table.keys = [key for key in table.keys if name not in key[1]]
        elif subtype == "AT_DropConstraint":
            # One without a name in the changelog may be the one that is dropped by the name it was given.
            table.keys = [key for key in table.keys if key[0] not in ("", name)]
        elif subtype in ("AT_SetNotNull", "AT_DropNotNull") and name in table.columns:
            table.columns[name].not_null = subtype == "AT_SetNotNull"
        elif subtype == "AT_ColumnDefault" and name in table.columns:
            table.columns[name].default = definition or None
        elif subtype in SWITCHES:
            table.switches[f"{SWITCHES[subtype].about} {name}"] = subtype
        elif subtype in _FORGETTING:
            known.tables.pop(_name(node["relation"]), None)
            return


@dataclass(frozen=True, slots=True)
class Switch:
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
_FORGETTING = ("AT_AddInherit", "AT_DropInherit", "AT_AddOf", "AT_DropOf", "AT_DropIdentity", "AT_AddIdentity")


def _rename(known: Known, node: Node) -> None:
    if "relation" not in node:
        return
    name = _name(node["relation"])
    table = known.tables.get(name)
    if table is None:
        return
    kind, new = node["renameType"], node["newname"]
    if kind == "OBJECT_TABLE":
        schema = name.rpartition(".")[0]
        known.tables[f"{schema}.{new}" if schema else new] = known.tables.pop(name)
    elif kind == "OBJECT_COLUMN" and node["subname"] in table.columns:
        old = node["subname"]
        table.columns = {new if each == old else each: column for each, column in table.columns.items()}
        table.keys = [(key, tuple(new if each == old else each for each in columns)) for key, columns in table.keys]
    elif kind == "OBJECT_TABCONSTRAINT":
        table.keys = [(new if key == node["subname"] else key, columns) for key, columns in table.keys]


def _move(known: Known, node: Node) -> None:
    if "relation" in node:
        known.tables.pop(_name(node["relation"]), None)


def _drop(known: Known, node: Node) -> None:
    for item in node.get("objects", []):
        known.made.discard(identity(node["removeType"], item))
        known.comments.pop(identity(node["removeType"], item), None)
        if node["removeType"] == "OBJECT_TABLE":
            *schema, name = strings(item["List"]["items"])
            known.tables.pop(_name({"schemaname": schema[-1] if schema else "", "relname": name}), None)


def _comment(known: Known, node: Node) -> None:
    known.comments[identity(node["objtype"], node["object"])] = node.get("comment", "")


def _grant(known: Known, node: Node) -> None:
    (known.grants.update if node.get("is_grant") else known.grants.difference_update)(grants_of(node))


_NOTES: Mapping[str, Callable[[Known, Node], None]] = {
    "CreateStmt": _create_table,
    "AlterTableStmt": _alter_table,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _move,
    "DropStmt": _drop,
    "CommentStmt": _comment,
    "GrantStmt": _grant,
}
