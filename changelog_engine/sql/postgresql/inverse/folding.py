"""What each statement changes of what is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from changelog_engine.sql.disguise import disguise_all
from changelog_engine.sql.postgresql.inverse.doubting import doubted_by
from changelog_engine.sql.postgresql.inverse.known import Known
from changelog_engine.sql.postgresql.inverse.objects import made_by
from changelog_engine.sql.postgresql.inverse.own import calls_others, relies_on_names
from changelog_engine.sql.postgresql.inverse.scope import PARTS, RELATIONS, Key
from changelog_engine.sql.postgresql.inverse.tables import alter_table, create_as, create_table, rename_part
from changelog_engine.sql.postgresql.names import strings
from changelog_engine.sql.postgresql.parsing import Node, RefusedError, Statement, parse

_EVENTS = {4: "INSERT", 8: "DELETE"}
_WORD = re.compile(r"\w+")


def note_text(known: Known, text: str, *, is_certain: bool = True) -> None:
    """Take in what a text of a changeset, as written, does; after one that the parser does not read nothing is known.

    Where it is not certain that it is run, what it is about is not known any more.
    """
    try:
        parsed = parse(disguise_all(text))
    except (RefusedError, ImportError, OSError):
        known.forget_all()
        return
    for statement in parsed.statements:
        doubtful = () if is_certain else doubted_by(statement)
        note(known, statement)
        for kind, node in doubtful:
            forget_object(known, kind, node)


def note(known: Known, statement: Statement) -> None:
    """Take in what a statement does."""
    node = statement.node
    if statement.kind == "VariableSetStmt":
        known.scope.set(node, statement.text)
        return
    if temporary := temporary_name(node):
        known.scope.temporary.add(temporary)
        return
    made = made_by(statement.kind, node)
    if made is not None:
        _make(known, statement, known.scope.identity(made.kind, made.object))
    if "relation" in node and known.scope.relation(node["relation"]).schema == "?" and statement.kind in _NOTES:
        # Which one it is depends on what is where.
        known.forget_named(node["relation"]["relname"])
    change = _NOTES.get(statement.kind)
    if change is not None:
        change(known, node)


def temporary_name(node: Node) -> str:
    """The name of the temporary relation that a statement makes; empty where it makes none."""
    into = node.get("into") or node.get("intoClause") or {}
    relation = into.get("rel") or node.get("view") or node.get("sequence") or node.get("relation") or {}
    makes = "tableElts" in node or "inhRelations" in node or into or "view" in node or "sequence" in node
    is_temporary = relation.get("relpersistence") == "t" or relation.get("schemaname") == "pg_temp"
    return relation["relname"] if makes and is_temporary else ""


def forget_object(known: Known, kind: str, node: Node) -> None:
    """Know nothing of an object, nor of what is a part of it."""
    identity = known.scope.identity(kind, node)
    known.forget(identity)
    known.scope.made.discard(identity)
    names = [node["RangeVar"]["relname"]] if "RangeVar" in node else strings(node.get("List", {}).get("items", []))
    if kind in PARTS and len(names) > 1:
        known.forget_named(names[-2])
    elif kind in RELATIONS and names:
        known.forget_named(names[-1])


def _make(known: Known, statement: Statement, identity: str) -> None:
    if statement.node.get("if_not_exists") or statement.node.get("base", {}).get("if_not_exists"):
        known.made.discard(identity)
    elif not statement.node.get("replace"):
        known.forget(identity)
        known.made.add(identity)
        known.remember(identity)
        known.scope.made.add(identity)
    elif identity not in known.made:
        known.comments.pop(identity, None)


# --------------------------------------------------------------------------------------------------------- making


def _index(known: Known, node: Node) -> None:
    table = known.table(node["relation"])
    if table is not None:
        table.is_bare = False


def _trigger(known: Known, node: Node) -> None:
    known.scope.triggered.add(known.scope.relation(node["relation"]))
    table = known.table(node["relation"])
    if table is not None:
        table.is_bare = False
        table.row_words |= {word for bit, word in _EVENTS.items() if node.get("events", 0) & bit}
        table.switches.pop(f"trigger {node['trigname']}", None)


def _rule(known: Known, node: Node) -> None:
    known.scope.triggered.add(known.scope.relation(node["relation"]))
    table = known.table(node["relation"])
    if table is not None:
        table.row_words.add({"CMD_INSERT": "INSERT", "CMD_DELETE": "DELETE"}.get(node["event"], ""))
        table.switches.pop(f"rule {node['rulename']}", None)


# ------------------------------------------------------------------------------------------------------- altering


def _rename(known: Known, node: Node) -> None:
    kind, new = node["renameType"], node["newname"]
    _forget_relying(known, kind, node)
    if kind == "OBJECT_SCHEMA":
        _forget_schema(known, node["subname"])
        return
    if "relation" not in node:
        if "object" in node:
            identity = known.scope.identity(kind, node["object"])
            known.forget(identity)
            known.scope.made.discard(identity)
        return
    key = known.scope.relation(node["relation"])
    if kind in RELATIONS:
        _rename_relation(known, node, key, new)
        return
    table = known.tables.get(key)
    if kind in PARTS and "subname" in node:
        path = [*key] if key.schema else [key.name]
        items = [{"String": {"sval": part}} for part in (*path, node["subname"])]
        known.forget(known.scope.identity(kind, {"List": {"items": items}}))
    if table is not None:
        rename_part(table, kind, node["subname"], new)


def _rename_relation(known: Known, node: Node, key: Key, new: str) -> None:
    old = {"RangeVar": node["relation"]}
    renamed = {"RangeVar": {**node["relation"], "relname": new}}
    identity, other = (known.scope.identity("OBJECT_TABLE", each) for each in (old, renamed))
    known.forget(identity)
    known.forget(other)
    known.tables.pop(Key(key.schema, new), None)
    if key in known.tables:
        known.tables[Key(key.schema, new)] = known.tables.pop(key)
    if identity in known.scope.made:
        known.scope.made.discard(identity)
        known.scope.made.add(other)
    if key.schema == "pg_temp":
        known.scope.temporary.discard(key.name)
        known.scope.temporary.add(new)


_NAMED_BY_COLUMNS = (
    *("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE", "OBJECT_SEQUENCE", "OBJECT_TYPE"),
    *("OBJECT_DOMAIN", "OBJECT_SCHEMA", "OBJECT_EXTENSION"),
)


def _forget_relying(known: Known, kind: str, node: Node) -> None:
    """Forget the tables with types and defaults that may name what gets another name or schema."""
    # ALTER TABLE renames sequences too.
    may_be_sequence = kind == "OBJECT_TABLE" and known.table(node["relation"]) is None
    if kind in _NAMED_BY_COLUMNS or may_be_sequence:
        known.forget_tables(
            key
            for key, table in known.tables.items()
            if any(relies_on_names([column.type, column.default]) for column in table.columns.values())
        )


def _move(known: Known, node: Node) -> None:
    _forget_relying(known, node["objectType"], node)
    if "relation" in node:
        key = known.scope.relation(node["relation"])
        known.forget_tables(iter((key, Key("" if node["newschema"] == "public" else node["newschema"], key.name))))
        known.forget(known.scope.identity("OBJECT_TABLE", {"RangeVar": node["relation"]}))
    elif "object" in node:
        known.forget(known.scope.identity(node["objectType"], node["object"]))


# ------------------------------------------------------------------------------------------------------- dropping


_KEEPS_TABLES = ("OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY", "OBJECT_TABLE")


def _drop(known: Known, node: Node) -> None:
    kind = node["removeType"]
    if node.get("behavior") == "DROP_CASCADE" and kind not in _KEEPS_TABLES:
        known.forget_all()
        return
    for item in node.get("objects", []):
        identity = known.scope.identity(kind, item)
        known.forget(identity)
        known.scope.made.discard(identity)
        if kind == "OBJECT_TABLE":
            key = known.scope.key(strings(item["List"]["items"]))
            known.tables.pop(key, None)
            if key.schema == "?":
                known.forget_named(key.name)
        elif kind == "OBJECT_SCHEMA":
            _forget_schema(known, item["String"]["sval"])


def _forget_schema(known: Known, schema: str) -> None:
    known.forget_tables(key for key in known.tables if key.schema == ("" if schema == "public" else schema))
    for identity in [each for each in known.made if f'"{schema}"' in each]:
        known.forget(identity)


def _body(known: Known, node: Node) -> None:
    """DO: what it names may be otherwise afterwards, and anything if it makes its statements itself."""
    body = " ".join(item["DefElem"]["arg"].get("String", {}).get("sval", "") for item in node.get("args", []))
    words = {word.lower() for word in _WORD.findall(body)}
    if "execute" in words:
        known.forget_all()
        return
    for name in {key.name for key in known.tables if key.name.lower() in words}:
        known.forget_named(name)
        for identity in [each for each in known.made if f'"{name}"' in each]:
            known.forget(identity)


# ------------------------------------------------------------------------------------------------ comments, rights


def _comment(known: Known, node: Node) -> None:
    kind, text = node["objtype"], node.get("comment", "")
    if kind != "OBJECT_COLUMN":
        identity = known.scope.identity(kind, node["object"])
        if identity.endswith('"*"]'):
            # Whichever function has that name.
            start = identity[: identity.rindex('"*"')]
            for each in [each for each in known.made if each.startswith(start)]:
                known.forget(each)
        known.comments[identity] = text
        known.remember(identity)
        return
    *relation, name = strings(node["object"]["List"]["items"])
    table = known.tables.get(known.scope.key(relation))
    if table is not None and name in table.columns:
        table.columns[name].comment = text


def grantee_of(node: Node) -> str:
    """A grantee as a text: a role's name, or its kind (``ROLESPEC_PUBLIC``)."""
    role = node["RoleSpec"]
    return str(role.get("rolename", role.get("roletype")))


def rights_of(node: Node) -> set[str]:
    """The rights that a GrantStmt is about, each with its columns."""
    found = set()
    for item in node.get("privileges", []):
        right = item["AccessPriv"]
        columns = strings(right.get("cols", []))
        found.add(right.get("priv_name", "all") + (f" {sorted(columns)}" if columns else ""))
    return found or {"all"}


def _grant(known: Known, node: Node) -> None:
    if node.get("targtype") != "ACL_TARGET_OBJECT":
        known.is_granted_unseen = True
        return
    rights = rights_of(node)
    if node.get("grant_option"):
        rights |= {"with grant option"}
    for item in node.get("objects", []):
        identity = known.scope.identity(node["objtype"], item)
        for grantee in map(grantee_of, node.get("grantees", [])):
            granted = known.grants.setdefault((identity, grantee), set())
            if node.get("is_grant"):
                granted |= rights
            elif "all" in rights and not node.get("grant_option"):
                granted.clear()
            else:
                granted -= rights


def _grant_role(known: Known, node: Node) -> None:
    for item in node.get("granted_roles", []):
        role = {"String": {"sval": item["AccessPriv"].get("priv_name", "")}}
        known.grants.setdefault((known.scope.identity("OBJECT_ROLE", role), ""), set()).add("member")


def _unseen(known: Known, _node: Node) -> None:
    known.is_granted_unseen = True


def _anything(known: Known, _node: Node) -> None:
    known.forget_all()


def _select(known: Known, node: Node) -> None:
    if calls_others(node):
        known.forget_all()
    create_as(known, node)


_NOTES: Mapping[str, Callable[[Known, Any], None]] = {
    "CreateStmt": create_table,
    "CreateTableAsStmt": create_as,
    "SelectStmt": _select,
    "IndexStmt": _index,
    "CreateTrigStmt": _trigger,
    "RuleStmt": _rule,
    "AlterTableStmt": alter_table,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _move,
    "DropStmt": _drop,
    "CommentStmt": _comment,
    "GrantStmt": _grant,
    "GrantRoleStmt": _grant_role,
    "AlterDefaultPrivilegesStmt": _unseen,
    "DoStmt": _body,
    **dict.fromkeys(("CallStmt", "DropOwnedStmt", "ImportForeignSchemaStmt"), _anything),
}
