"""What the changelog knows of the state that a statement finds: tables and their columns, comments, rights.

Only what the changelog has made and what is read to its end is known; all else is forgotten, so that nothing is undone
to a state that never was. A function that is called may change anything: only for DO, CALL and SELECT is that
considered.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from changelog_engine.sql.disguise import may_be_one
from changelog_engine.sql.postgresql.inverse.scope import Key, Scope, is_of_relation, is_relation, relation_in
from changelog_engine.sql.postgresql.parsing import Node


@dataclass(slots=True)
class Column:
    """``type`` is the node of its type. ``not_null`` is the name of that constraint, empty where PostgreSQL gives it,
    None where the column may be NULL. ``default`` is an expression's node, empty for one that PostgreSQL has made, None
    for none. ``comment`` is empty for none.
    """

    type: Node
    not_null: str | None = None
    default: Node | None = None
    comment: str = ""


@dataclass(slots=True)
class Table:
    """``keys`` are sets of columns by which a row is known, with the name of the constraint, empty for none.

    ``constraints`` are the nodes of those that were added by name. ``switches`` are what was last said of triggers and
    row security, by what it was said of. ``row_words`` are INSERT and DELETE, where a trigger or rule acts on them.
    ``has_parts`` and ``has_heirs``: there are partitions, tables that inherit from it. ``is_partitioned``: its rows are
    in partitions, wherever those were made. ``is_bare``: no index, trigger or foreign key, which a partition would get
    too.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    keys: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    constraints: dict[str, Node] = field(default_factory=dict)
    switches: dict[str, str] = field(default_factory=dict)
    row_words: set[str] = field(default_factory=set)
    has_parts: bool = False
    has_heirs: bool = False
    is_partitioned: bool = False
    is_bare: bool = True


@dataclass(slots=True)
class Known:
    """``made`` and ``comments`` go by the identity of objects (``Scope.identity``), ``grants`` by that and the grantee.

    ``is_granted_unseen``: somebody granted on whatever there is or will be.
    """

    scope: Scope = field(default_factory=Scope)
    tables: dict[Key, Table] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    comments: dict[str, str] = field(default_factory=dict)
    grants: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    is_granted_unseen: bool = False
    parts: dict[str, set[str]] = field(default_factory=dict)

    def begin(self) -> None:
        """The next statements are those of another changeset."""
        # Only what was looked up in a search path, or made for a session, has such a name.
        is_plain = not self.scope.settings and not self.scope.temporary
        self.scope = Scope(self.scope.has_parameters)
        if is_plain:
            return
        for key in [key for key in self.tables if key.schema in ("?", "pg_temp")]:
            del self.tables[key]

    def table(self, relation: Node) -> Table | None:
        """The table that a RangeVar names; None where it is not known."""
        return self.tables.get(self.scope.relation(relation))

    def table_to_change(self, relation: Node) -> Table | None:
        """As ``table``, for what an ALTER TABLE does to columns; with heirs nobody knows which of them it reaches."""
        table = self.table(relation)
        return None if table is None or table.has_parts or table.has_heirs else table

    def granted(self, identity: str, grantee: str) -> set[str]:
        return self.grants.get((identity, grantee), set())

    def remember(self, identity: str) -> None:
        """There is an object, or a comment on one."""
        if is_of_relation(identity):
            self.parts.setdefault(relation_in(identity), set()).add(identity)

    def forget(self, identity: str) -> None:
        """An object is gone, or has another name."""
        gone = {identity, *(self.parts.pop(relation_in(identity), ()) if is_relation(identity) else ())}
        self.made -= gone
        for each in gone:
            self.comments.pop(each, None)
        for key in [key for key in self.grants if key[0] == identity]:
            del self.grants[key]

    def forget_tables(self, keys: Iterator[Key]) -> None:
        for key in list(keys):
            self.tables.pop(key, None)

    def forget_named(self, name: str) -> None:
        """Forget every table of that name, in whatever schema."""
        self.forget_tables(key for key in self.tables if key.name == name)

    def forget_others(self, key: Key) -> None:
        """Forget every table of another name that may be this one, whatever the parameters in both names are."""
        if self.scope.has_parameters:
            self.forget_tables(other for other in self.tables if other != key and may_be_one(other, key))

    def copy(self) -> Known:
        """The same, to be changed by itself."""
        return deepcopy(self)

    def forget_all(self) -> None:
        """Anything may have changed."""
        self.tables.clear()
        self.made.clear()
        self.comments.clear()
        self.parts.clear()
        self.grants.clear()
        self.is_granted_unseen = True
