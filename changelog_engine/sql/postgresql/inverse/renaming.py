"""RENAME, back to the old name; ADD VALUE and RENAME VALUE of enums; SET SCHEMA."""

from __future__ import annotations

from collections.abc import Mapping

from changelog_engine.sql.inverses import Inverse
from changelog_engine.sql.postgresql.inverse.trees import Found, Undo, refuse_if, text, undoing, write

_MAYBE = "with IF EXISTS nobody knows whether it renamed anything"
_OF_RELATIONS = (
    *("OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_INDEX", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE"),
)
_PARTS = ("OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE")
_TEXTS = ("OBJECT_SCHEMA", "OBJECT_ROLE")


def _rename(found: Found) -> Inverse:
    node = dict(found.node)
    refuse_if(node.get("missing_ok"), _MAYBE)
    kind, new = node["renameType"], node["newname"]
    if kind in _OF_RELATIONS:
        node["newname"] = node["relation"]["relname"]
        node["relation"] = {**node["relation"], "relname": new}
    elif kind in _PARTS or kind in _TEXTS:
        node["newname"], node["subname"] = node["subname"], new
    elif "List" in node.get("object", {}):
        items = node["object"]["List"]["items"]
        node["newname"] = items[-1]["String"]["sval"]
        node["object"] = {"List": {"items": [*items[:-1], text(new)]}}
    elif "ObjectWithArgs" in node.get("object", {}):
        name = node["object"]["ObjectWithArgs"]["objname"]
        node["newname"] = name[-1]["String"]["sval"]
        node["object"] = {"ObjectWithArgs": {**node["object"]["ObjectWithArgs"], "objname": [*name[:-1], text(new)]}}
    elif "String" in node.get("object", {}):
        node["newname"], node["object"] = node["object"]["String"]["sval"], text(new)
    else:
        refuse_if(True, "no inverse is known for renaming this")
    return undoing(write("RenameStmt", **node))


def _enum(found: Found) -> Inverse:
    node = found.node
    refuse_if("oldVal" not in node, "PostgreSQL has no way to drop a value of an enum")
    return undoing(write("AlterEnumStmt", typeName=node["typeName"], oldVal=node["newVal"], newVal=node["oldVal"]))


def _schema(found: Found) -> Inverse:
    node = dict(found.node)
    refuse_if(node.get("missing_ok"), "with IF EXISTS nobody knows whether it moved anything")
    refuse_if(
        "relation" not in node or not node["relation"].get("schemaname"), "the schema that it was in is not named"
    )
    new, node["newschema"] = node["newschema"], node["relation"]["schemaname"]
    node["relation"] = {**node["relation"], "schemaname": new}
    return undoing(write("AlterObjectSchemaStmt", **node))


STATEMENTS: Mapping[str, Undo] = {
    "RenameStmt": _rename,
    "AlterEnumStmt": _enum,
    "AlterObjectSchemaStmt": _schema,
}
