"""How the statements of one changeset find what they name: the search path that it has set, and what it has made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from changelog_engine.sql.disguise import is_disguised
from changelog_engine.sql.postgresql.names import PUBLIC, strings
from changelog_engine.sql.postgresql.parsing import Node

RELATIONS = (
    *("OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_SEQUENCE", "OBJECT_INDEX"),
)
PARTS = ("OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE")
"""What is named after the relation that it is of."""

_GROUPS = {
    **dict.fromkeys(RELATIONS, "relation"),
    **dict.fromkeys(("OBJECT_TYPE", "OBJECT_DOMAIN"), "type"),
    **dict.fromkeys(("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"), "routine"),
}
_NO_PART_OF_A_NAME = ("location", "typemod", "objfuncargs", "inh", "relpersistence")
_SESSION = ("search_path", "role", "session_authorization")


class Key(NamedTuple):
    """A relation. ``schema`` is empty for ``public``; ``?`` where the search path leaves it open which one it is."""

    schema: str
    name: str


class Setting(NamedTuple):
    """A statement that sets what names are looked up by, or the role."""

    name: str
    text: str


class Scope:
    """``settings`` are those so far: an inverse needs them too.

    ``made`` are the identities of what the changeset itself has made, ``temporary`` the names of its temporary
    relations, ``triggered`` the relations to whose rows it has given triggers or rules. ``has_parameters``: something
    was named with a parameter in its name, now or earlier.
    """

    def __init__(self, has_parameters: bool = False) -> None:
        self.has_parameters = has_parameters
        self.path: tuple[str, ...] = ()
        self.settings: list[Setting] = []
        self.made: set[str] = set()
        self.temporary: set[str] = set()
        self.triggered: set[Key] = set()

    def set(self, node: Node, text: str) -> None:
        """Take in a SET or RESET."""
        if node.get("kind") == "VAR_RESET_ALL":
            self.path = ()
            self.settings.append(Setting("all", text))
        if node.get("name") not in _SESSION:
            return
        self.settings.append(Setting(node["name"], text))
        if node["name"] == "search_path":
            schemas = [item.get("A_Const", {}).get("sval", {}).get("sval", "?") for item in node.get("args", [])]
            known = tuple(name for name in schemas if name != "pg_catalog")
            self.path = () if known == (PUBLIC,) else known

    def key(self, names: Sequence[str]) -> Key:
        """The relation of that name."""
        self.has_parameters = self.has_parameters or any(map(is_disguised, names))
        *schema, name = names
        if schema:
            return Key("" if schema[-1] == PUBLIC else schema[-1], name)
        if name in self.temporary:
            return Key("pg_temp", name)
        schema_of_path = self.path[0] if self.path else ""
        return Key("?" if len(self.path) > 1 else schema_of_path, name)

    def relation(self, node: Node) -> Key:
        """The relation that a RangeVar names."""
        return self.key([name for name in (node.get("schemaname"), node["relname"]) if name])

    def identity(self, kind: str, node: Node) -> str:
        """A text that is the same for nodes that name the same object."""
        group = _GROUPS.get(kind, kind)
        if "RangeVar" in node:
            return _text(group, *self.relation(node["RangeVar"]))
        if "String" in node:
            return _text(group, node["String"].get("sval", ""))
        if "TypeName" in node:
            return _text(group, *self.key(strings(node["TypeName"]["names"])))
        if "ObjectWithArgs" in node:
            given = node["ObjectWithArgs"]
            arguments = "*" if given.get("args_unspecified") else self._bare(given.get("objargs", []))
            return _text(group, *self.key(strings(given["objname"])), arguments)
        names = strings(node.get("List", {}).get("items", []))
        if not names:
            return _text(group, self._bare(node))
        if kind in PARTS:
            return _text(group, *self.key(names[:-1]), names[-1])
        return _text(group, *self.key(names))

    def is_own(self, kind: str, node: Node) -> bool:
        """Whether the changeset itself has made the object, or what it is a part of: dropping that undoes all."""
        if self.identity(kind, node) in self.made:
            return True
        names = strings(node.get("List", {}).get("items", []))
        return kind in PARTS and len(names) > 1 and self.is_own_relation(self.key(names[:-1]))

    def is_own_relation(self, key: Key) -> bool:
        return key.schema == "pg_temp" or _text("relation", *key) in self.made

    def _bare(self, node: Any) -> Any:
        """A node without what is no part of a name, and without ``public``."""
        if isinstance(node, dict):
            if "TypeName" in node:
                kept = {key: value for key, value in node["TypeName"].items() if key != "names"}
                return [self.key(strings(node["TypeName"].get("names", []))), self._bare(kept)]
            return {key: self._bare(value) for key, value in node.items() if value and key not in _NO_PART_OF_A_NAME}
        return [self._bare(item) for item in node] if isinstance(node, list) else node


def is_relation(identity: str) -> bool:
    """Whether an identity is that of a relation itself."""
    return str(json.loads(identity)[0]) == "relation"


def is_of_relation(identity: str) -> bool:
    """Whether an identity is that of a relation, or of a part of one."""
    group = json.loads(identity)[0]
    return group == "relation" or group in PARTS


def relation_in(identity: str) -> str:
    """The schema and the name of the relation that an identity is of, or of a part of which."""
    return _text(*json.loads(identity)[1:3])


def _text(*parts: Any) -> str:
    return json.dumps(parts, sort_keys=True)
