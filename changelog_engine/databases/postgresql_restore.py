"""Putting tables of PostgreSQL back as they were, from the copies of their rows and their definitions.

Besides the rows, what the changeset has made, changed or dropped is put back; what others have made or changed since,
such as an index or a view of a later changeset, stays.

A table whose columns are as they were is emptied and filled; any other is made anew. Both in the transaction that is
open, so that nothing is ever half restored. What is not part of the backup and depends on a table that must be made
anew is named, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from changelog_engine.databases.backup import BackupError, SavedTable
from changelog_engine.databases.postgresql_definitions import (
    ORDER,
    Definition,
    Piece,
    Query,
    Rights,
    grantees,
    key_of,
    read_definition,
)

Send = Callable[[str], object]
Key = tuple[str, str, str]

# Gone before the rows are put back, however they are: they would act on the rows.
_ACTING = ("foreign_key", "trigger", "rule")

_DEPENDENTS = """
    SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, 0)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_type t ON t.oid = c.reltype JOIN pg_catalog.pg_depend d
      ON (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid)
      OR (d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray))
    WHERE c.oid = %s::bigint::oid AND d.deptype = 'n'
      AND NOT (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid)
      AND NOT (d.classid = 'pg_catalog.pg_constraint'::regclass)
      AND NOT (d.classid = 'pg_catalog.pg_attrdef'::regclass
        AND d.objid IN (SELECT oid FROM pg_catalog.pg_attrdef WHERE adrelid = c.oid))
      AND NOT (d.classid = 'pg_catalog.pg_policy'::regclass
        AND d.objid IN (SELECT oid FROM pg_catalog.pg_policy WHERE polrelid = c.oid))
      AND NOT (d.classid = 'pg_catalog.pg_trigger'::regclass
        AND d.objid IN (SELECT oid FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid))
      AND NOT (d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid IN (SELECT w.oid
        FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid OR w.ev_class::regclass::text = ANY(%s)))
    ORDER BY 1"""


def find(ask: Query, definition: Definition) -> int | None:
    """The table now: the one that it was, whatever its name is by now, else the one of its name."""
    rows = ask(
        "SELECT oid::bigint FROM pg_catalog.pg_class WHERE relkind = 'r' AND (oid = %s::bigint::oid"
        " OR oid = pg_catalog.to_regclass(%s)) ORDER BY oid = %s::bigint::oid DESC",
        definition.oid,
        definition.name,
        definition.oid,
    )
    return int(rows[0][0]) if rows else None


def find_in_place(ask: Query, definition: Definition) -> int | None:
    """What a restore drops: the table that stands at the saved one's place, which has another name or schema by now."""
    rows = ask(
        "SELECT oid::bigint FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND oid = pg_catalog.to_regclass(%s)"
        " AND oid <> %s::bigint::oid"
        " AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE oid = %s::bigint::oid AND relkind = 'r')",
        definition.name,
        definition.oid,
        definition.oid,
    )
    return int(rows[0][0]) if rows else None


def restore_tables(ask: Query, send: Send, tables: Sequence[SavedTable]) -> None:
    """Put the tables back. The search path must be empty; raises BackupError before anything is changed where it can
    be told, and leaves the transaction to be rolled back else.
    """
    _Restoring(ask, send, tables).run()


class _Restoring:
    def __init__(self, ask: Query, send: Send, tables: Sequence[SavedTable]) -> None:
        self.ask = ask
        self.send = send
        self.saved = [(table, Definition.from_object(table.definition)) for table in tables]
        self.views = [piece.on for _, then in self.saved for piece in then.pieces if piece.kind == "view"]
        self.names = {then.name for _, then in self.saved}
        self.now: dict[str, Definition] = {}
        self.target: dict[Key, Piece] = {}

    def run(self) -> None:
        self._take_names_back()
        now = self.now = self._look()
        for table, then in self.saved:
            self.target.update(self._target(table, then))
        rebuilt = {
            then.name for _, then in self.saved if then.name not in now or now[then.name].columns != then.columns
        }
        for name in sorted(rebuilt & now.keys()):
            self._refuse_dependents(name, now[name])
        self._drop_what_is_in_the_way(now, rebuilt)
        for table, then in self.saved:
            self._fill(table, then, is_new=then.name in rebuilt)
        self._make_pieces()
        for table, then in self.saved:
            self._give_rights_back(table, then)

    def _take_names_back(self) -> None:
        """Tables that were renamed or moved get their names again; what stands at their places by now goes."""
        for _, then in self.saved:
            rows = self.ask(
                "SELECT oid::regclass::text, relname, relnamespace::regnamespace::text FROM pg_catalog.pg_class"
                " WHERE oid = %s::bigint::oid AND relkind = 'r'",
                then.oid,
            )
            if not rows or rows[0][0] == then.name:
                continue
            current, bare, schema = rows[0]
            self.send(f"DROP TABLE IF EXISTS {then.name}")
            if bare != then.bare_name:
                self.send(f"ALTER TABLE {current} RENAME TO {_quote(then.bare_name)}")
            if schema != _quote(then.schema) and schema != then.schema:
                self.send(f"ALTER TABLE {schema}.{_quote(then.bare_name)} SET SCHEMA {_quote(then.schema)}")

    def _look(self) -> dict[str, Definition]:
        """The tables as they are now, locked; those that are gone are left out."""
        now = {}
        for _, then in self.saved:
            oid = find(self.ask, then)
            if oid is not None:
                self.send(f"LOCK TABLE {then.name} IN ACCESS EXCLUSIVE MODE")
                now[then.name] = read_definition(self.ask, oid)
        return now

    def _target(self, table: SavedTable, then: Definition) -> dict[Key, Piece]:
        """The pieces that there are to be: as they were where the changeset has changed them, else as they are now."""
        before = {key_of(piece): piece for piece in then.pieces}
        present = {key_of(piece): piece for piece in self.now[then.name].pieces} if then.name in self.now else {}
        changed = {tuple(key) for key in table.changed["pieces"]} if present and table.changed is not None else None
        target = before if changed is None else {key: before[key] for key in before if key in changed}
        for key, piece in present.items():
            # Foreign keys of other tables are not ours to take away.
            is_theirs = piece.kind == "foreign_key" and key not in before and piece.on not in self.names
            if is_theirs or (changed is not None and key not in changed):
                target[key] = piece
        return target

    def _refuse_dependents(self, name: str, now: Definition) -> None:
        known = [piece.on for piece in now.pieces if piece.kind == "view" and piece.on in self.views]
        found = [text for (text,) in self.ask(_DEPENDENTS, now.oid, known)]
        if found:
            raise BackupError(
                f"the table {name} must be made anew, and other things depend on it which the backup does not hold: "
                f"{', '.join(found[:5])}{f' and {len(found) - 5} more' if len(found) > 5 else ''}",
                hint="roll back the changesets that made them first, or drop them and make them again afterwards",
            )

    def _drop_what_is_in_the_way(self, now: dict[str, Definition], rebuilt: set[str]) -> None:
        """Everything that acts on rows, every piece that was not there or was another one, and tables to be rebuilt."""
        pieces = {key_of(piece): piece for found in now.values() for piece in found.pieces}
        doomed = [
            piece
            for key, piece in pieces.items()
            if piece.kind in _ACTING or self.target.get(key) != piece or (piece.kind == "view" and rebuilt)
        ]
        for piece in sorted(doomed, key=lambda piece: ORDER.index(piece.kind), reverse=True):
            if piece.kind != "view" and piece.drop and not self._goes_with_its_view(piece, doomed):
                self.send(piece.drop)
        for piece in reversed([piece for piece in doomed if piece.kind == "view"]):
            self.send(piece.drop)
        for name in sorted(rebuilt & now.keys()):
            self.send(f"DROP TABLE {name}")

    def _goes_with_its_view(self, piece: Piece, doomed: Sequence[Piece]) -> bool:
        return any(other.kind == "view" and other.on == piece.on for other in doomed)

    def _fill(self, table: SavedTable, then: Definition, *, is_new: bool) -> None:
        for sequence in then.sequences:
            if sequence.create and not self._exists(sequence.name):
                self.send(sequence.create[0])
        if is_new:
            self.send(then.create.replace("%s", ", ".join(then.columns), 1))
        else:
            self.send(f"TRUNCATE {then.name}")
        for sequence in then.sequences:
            for text in sequence.create[1:]:
                self.send(text)
        columns = ", ".join(column for column, _ in then.stored)
        values = ", ".join(f"CAST({column} AS {cast})" if cast else column for column, cast in then.stored)
        self.send(f"INSERT INTO {then.name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {table.copy}")
        for sequence in then.sequences:
            value, called = sequence.last_value, "true" if sequence.is_called else "false"
            self.send(f"SELECT pg_catalog.setval({_literal(sequence.name)}, {value}, {called})")

    def _make_pieces(self) -> None:
        there = {key_of(piece) for _, then in self.saved for piece in self._pieces_now(then)}
        wanted = [piece for key, piece in self.target.items() if key not in there]
        for piece in sorted(wanted, key=lambda piece: ORDER.index(piece.kind)):
            for text in piece.create:
                self.send(text)

    def _pieces_now(self, then: Definition) -> Iterator[Piece]:
        oid = find(self.ask, then)
        if oid is not None:
            yield from read_definition(self.ask, oid).pieces

    def _give_rights_back(self, table: SavedTable, then: Definition) -> None:
        now = read_definition(self.ask, find(self.ask, then) or then.oid)
        theirs: Mapping[str, Rights] = {}
        if then.name in self.now and table.changed is not None:
            theirs = {
                name: rights
                for name, rights in self.now[then.name].rights.items()
                if name not in table.changed["rights"]
            }
        for name, rights in {**then.rights, **theirs}.items():
            present = now.rights.get(name)
            if present == rights or present is None:
                continue
            self._give_back(name, rights, present)

    def _give_back(self, name: str, rights: Rights, present: Rights) -> None:
        kind = rights.kind
        if present.owner != rights.owner:
            self.send(f"ALTER {kind} {name} OWNER TO {rights.owner}")
        if present.grants != rights.grants or present.owner != rights.owner:
            on = "SEQUENCE" if kind == "SEQUENCE" else "TABLE"
            oid = int(self.ask("SELECT %s::regclass::oid::bigint", name)[0][0])
            for grantee in grantees(self.ask, oid):
                self.send(f"REVOKE ALL ON {on} {name} FROM {grantee}")
            for text in rights.grants:
                self.send(text)
        texts = dict(rights.comments)
        for on, text in present.comments:
            if texts.get(on) != text:
                self.send(f"COMMENT ON {on} IS NULL")
        for on, text in rights.comments:
            self.send(f"COMMENT ON {on} IS {text}")

    def _exists(self, name: str) -> bool:
        return bool(self.ask("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", name)[0][0])


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
