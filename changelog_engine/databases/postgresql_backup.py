"""Backups of PostgreSQL's tables: copies inside the database, which commit together with the changeset and its row.

The copy depends on nothing: columns of types that are not the server's own are kept as text, so that a changeset may
drop their types too. All else that a table is, stands as statements in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from changelog_engine.databases import postgresql_restore as restoring
from changelog_engine.databases.backup import (
    DATABASE,
    GONE,
    TABLES,
    BackupError,
    Saved,
    SavedTable,
    States,
    Wanted,
    difference,
    digest_of_all,
)
from changelog_engine.databases.backup_files import left_files, remove_file
from changelog_engine.databases.database import Row
from changelog_engine.databases.postgresql_definitions import Definition, Query, changes, read_definition
from changelog_engine.databases.postgresql_dump import PostgresqlDumps, Reach
from changelog_engine.databases.postgresql_objects import quote
from changelog_engine.errors import StatementError

Result = TypeVar("Result")

# What decides how values look as text, and names; `SET LOCAL`, and put back by `_RESET`.
_SETTINGS = {
    "search_path": "''",
    "datestyle": "'ISO, YMD'",
    "timezone": "'UTC'",
    "intervalstyle": "'postgres'",
    "extra_float_digits": "1",
    "bytea_output": "'hex'",
    "row_security": "off",
}
_SET = "; ".join(f"SET LOCAL {name} = {value}" for name, value in _SETTINGS.items())
_RESET = "; ".join(f"RESET {name}" for name in _SETTINGS)

_FIND = """
    SELECT c.oid::bigint, c.oid::regclass::text, c.relkind::text, c.relispartition, EXISTS (
        SELECT 1 FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid OR inhparent = c.oid), c.reloftype <> 0,
      pg_catalog.pg_has_role(c.relowner, 'USAGE'), c.relowner::regrole::text,
      pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.pg_table_size(c.oid), c.relpersistence::text
    FROM pg_catalog.pg_class c WHERE c.oid = %s::bigint::oid"""
_FOREIGN_CHILDREN = """
    SELECT k.conrelid::regclass::text, k.conname FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.confrelid = ANY(%s::bigint[]::oid[]) AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
    ORDER BY 1, 2"""
# Triggers that are the server's own are those of foreign keys, of which only actions change rows.
_KEEPS_TO = """
    SELECT count(*) > 0 AND bool_and(c.relkind IN ('r', 'S', 'i') AND NOT c.relhasrules AND NOT c.relhassubclass
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.confrelid = c.oid
        AND (k.confdeltype NOT IN ('a', 'r') OR k.confupdtype NOT IN ('a', 'r'))))
    FROM pg_catalog.pg_class c WHERE lower(c.relname) = ANY(%s::text[])"""
_KINDS = {
    "p": "a partitioned table",
    "f": "a foreign table",
    "v": "a view",
    "m": "a materialized view",
    "S": "a sequence",
}
_NO_ROWS = "0:0"
_NO_RIGHT = "42501"


class PostgresqlBackups:
    """See :class:`~changelog_engine.databases.backup.Backups`. ``send`` runs statements as they are."""

    def __init__(
        self,
        ask: Query,
        send: Callable[[str], object],
        copy_in: Callable[[str, Iterable[bytes]], None],
        reach: Callable[[], Reach],
    ) -> None:
        self._ask = ask
        self._send = send
        self._dumps = PostgresqlDumps(ask, send, copy_in, reach, self._state_of)

    # --------------------------------------------------------------------------------------------- before

    def estimate(self, tables: tuple[str, ...]) -> int | None:
        if not tables:
            return self._dumps.estimate()
        oids = [oid for name in tables if (oid := self._oid(name)) is not None]
        if not oids:
            return None
        rows = self._ask("SELECT sum(pg_catalog.pg_table_size(oid::oid)) FROM unnest(%s::bigint[]) oid", oids)
        return int(rows[0][0])

    def check(self, wanted: Wanted) -> None:
        if not wanted.tables:
            self._dumps.check(wanted)
            return
        schema = wanted.schema or self._ask("SELECT current_schema()")[0][0]
        rows = self._ask("SELECT pg_catalog.has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace"
                         " WHERE nspname = %s", schema)  # fmt: skip
        if rows and not rows[0][0]:
            raise BackupError(
                f"its copies are to be made in the schema `{schema}`, and the role may not create tables there",
                hint=f"grant it the right: `GRANT CREATE ON SCHEMA {schema} TO …`",
            )
        found = [(name, oid) for name in wanted.tables if (oid := self._oid(name)) is not None]
        for name, oid in found:
            self._check_table(name, self._ask(_FIND, oid)[0])
        children = self._ask(_FOREIGN_CHILDREN, [oid for _, oid in found])
        if children:
            child, constraint = children[0]
            raise BackupError(
                f"a restored table needs the foreign key `{constraint}` of `{child}` made anew, and the role does not "
                f"own `{child}`",
                hint="run as a member of its owner",
            )

    def _check_table(self, name: str, row: Row) -> None:
        _, table, kind, is_partition, inherits, is_typed, _, _, reads, _, persistence = row
        what = _KINDS.get(kind) or ("a partition" if is_partition else None)
        what = what or ("part of an inheritance" if inherits else "a table of a type" if is_typed else None)
        what = what or ("a temporary table" if persistence == "t" else None)
        if what is not None:
            raise BackupError(
                f"`{name}` is {what}, of which a table's backup is not made",
                hint="back up all of it with `rollback: {backup: database}`, or write the rollback in SQL",
            )
        if not reads:
            raise BackupError(
                f"the role may not read `{table}`", hint=f"grant it the right: `GRANT SELECT ON {table} TO …`"
            )
        self._refuse_others_table(row)

    def _refuse_others_table(self, row: Row) -> None:
        table, owns, owner = row[1], row[6], row[7]
        if not owns:
            raise BackupError(
                f"the role is no member of `{owner}`, which owns `{table}`: it could not restore that table",
                hint=f"run as `{owner}`, or grant that role to this one",
            )

    def _oid(self, name: str) -> int | None:
        """The table that a name of the changelog means, on the session's search path."""
        for each in (name, ".".join(quote(part) for part in name.split("."))):
            try:
                oid = self._ask("SELECT pg_catalog.to_regclass(%s)::oid::bigint", each)[0][0]
            except StatementError:
                continue
            if oid is not None:
                return int(oid)
        return None

    # --------------------------------------------------------------------------------------------- saving

    def save(self, wanted: Wanted) -> Saved:
        return self._save_tables(wanted) if wanted.tables else self._with_settings(lambda: self._dumps.save(wanted))

    def _with_settings(self, action: Callable[[], Result]) -> Result:
        """What the action gives, with values as text looking the same in every session."""
        self._send(_SET)
        result = action()
        self._send(_RESET)
        return result

    def _save_tables(self, wanted: Wanted) -> Saved:
        self.check(wanted)
        schema = wanted.schema or self._ask("SELECT current_schema()")[0][0]
        oids: dict[str, int] = {}
        for name in wanted.tables:
            oid = self._oid(name)
            if oid is None:
                raise BackupError(f"there is no table `{name}` to back up", hint="correct its name in the `rollback`")
            if oid not in oids.values():
                oids[name] = oid
        self._send(_SET)
        names = ", ".join(self._ask("SELECT %s::bigint::oid::regclass::text", oid)[0][0] for oid in oids.values())
        # Writers wait from here to the commit: what they would write meanwhile could not be told from the changeset's.
        self._send(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
        tables = tuple(
            self._save_table(name, oid, f"{quote(schema)}.{quote(f'{wanted.name}_{number}')}")
            for number, (name, oid) in enumerate(oids.items(), start=1)
        )
        self._send(_RESET)
        place = ", ".join(table.copy for table in tables)
        size = sum(table.size for table in tables)
        return Saved(TABLES, wanted.tables, place, size, digest_of_all(tables), tables)

    def _save_table(self, name: str, oid: int, copy: str) -> SavedTable:
        definition = read_definition(self._ask, oid)
        if not definition.stored:
            raise BackupError(f"`{name}` has no columns to back up", hint="leave it out of the backup")
        columns = ", ".join(
            f"CAST({column} AS text) AS {column}" if cast else column for column, cast in definition.stored
        )
        self._send(f"CREATE TABLE {copy} AS SELECT {columns} FROM {definition.name}")
        self._keep_to_ourselves(copy)
        rows, sha256 = self._sha256(copy, definition)
        before = self._quick(definition.name, definition)
        if before != self._quick(copy, definition):
            raise BackupError(f"the copy of `{name}` was read back, and does not hold what the table holds")
        size = int(self._ask("SELECT pg_catalog.pg_table_size(%s::regclass)", copy)[0][0])
        return SavedTable(name, definition.name, copy, rows, size, sha256, definition.to_object(), before)

    def _keep_to_ourselves(self, copy: str) -> None:
        """Take away what default privileges have given to others: the copy is no more public than the table was."""
        rows = self._ask(
            "SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END"
            " FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a"
            " WHERE c.oid = %s::regclass AND a.grantee <> c.relowner",
            copy,
        )
        for (grantee,) in rows:
            self._send(f"REVOKE ALL ON TABLE {copy} FROM {grantee}")

    def mark(self, saved: Saved) -> Saved:
        if saved.scope == DATABASE:
            return self._with_settings(lambda: self._dumps.mark(saved))
        self._send(_SET)
        tables = tuple(replace(table, after=self._state(table), changed=self._changed(table)) for table in saved.tables)
        self._send(_RESET)
        return replace(saved, tables=tables)

    def _changed(self, table: SavedTable) -> Mapping[str, Any] | None:
        then = Definition.from_object(table.definition)
        found = changes(then, self._now(then))
        in_place = self._state_at(restoring.find_in_place(self._ask, then))
        return None if found is None else {**found, "in_place": in_place}

    def _now(self, then: Definition) -> Definition | None:
        """The table as it is now; the search path must be empty."""
        oid = restoring.find(self._ask, then)
        return None if oid is None else read_definition(self._ask, oid)

    def _state(self, table: SavedTable) -> str:
        """Where the table is now and a digest of its rows, whatever columns it has by now; ``GONE`` where it is not."""
        return self._state_at(restoring.find(self._ask, Definition.from_object(table.definition)))

    def _state_at(self, oid: int | None) -> str:
        if oid is None:
            return GONE
        name = str(self._ask("SELECT %s::bigint::oid::regclass::text", oid)[0][0])
        return f"{self._state_of(oid, name)}:{name}"

    def _state_of(self, oid: int, name: str) -> str:
        """The quick digest of a table, of whatever columns it has."""
        (columns,) = self._ask(
            "SELECT coalesce(string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum), '')"
            " FROM pg_catalog.pg_attribute WHERE attrelid = %s::bigint::oid AND attnum > 0 AND NOT attisdropped",
            oid,
        )[0]
        return self._quick_of(name, columns)

    # ---------------------------------------------------------------------------------------------- looking

    def is_there(self, saved: Saved) -> bool:
        if saved.scope == DATABASE:
            return Path(saved.place).exists()
        return all(
            self._ask("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", table.copy)[0][0] for table in saved.tables
        )

    def fault(self, saved: Saved) -> str | None:
        if saved.scope == DATABASE:
            return self._dumps.fault(saved)
        self._send(_SET)
        for table in saved.tables:
            what = f"the copy {table.copy} of `{table.wanted}`"
            if not self._ask("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", table.copy)[0][0]:
                return f"{what} is missing"
            try:
                rows, sha256 = self._sha256(table.copy, Definition.from_object(table.definition))
            except StatementError as error:
                if error.sqlstate == _NO_RIGHT:
                    raise
                return f"{what} cannot be read: {error.message}"
            if sha256 != table.sha256:
                counted = "" if rows == table.rows else f" (it has {rows} rows, and had {table.rows})"
                return f"{what} is damaged, as its SHA-256 is another one{counted}"
        self._send(_RESET)
        return None

    def check_restore(self, saved: Saved) -> None:
        if saved.scope == DATABASE:
            self._dumps.check_restore()

    def lock(self, saved: Saved) -> None:
        if saved.scope == DATABASE:
            self._dumps.lock(saved)
        for table in saved.tables:
            then = Definition.from_object(table.definition)
            for oid in filter(None, (restoring.find(self._ask, then), restoring.find_in_place(self._ask, then))):
                row = self._ask(_FIND, oid)[0]
                self._refuse_others_table(row)
                self._send(f"LOCK TABLE {row[1]} IN ACCESS EXCLUSIVE MODE")

    def states(self, saved: Saved) -> States:
        if saved.scope == DATABASE:
            return self._with_settings(lambda: self._dumps.states(saved))
        return self._with_settings(lambda: {table.wanted: self._state(table) for table in saved.tables})

    def altered_since(self, saved: Saved) -> tuple[str, ...]:
        if saved.scope == DATABASE:
            return self._with_settings(lambda: self._dumps.altered_since(saved))
        looks = (self._alteration, self._replacement)
        return self._with_settings(lambda: tuple(filter(None, (look(each) for each in saved.tables for look in looks))))

    def _alteration(self, table: SavedTable) -> str | None:
        """Columns can be changed with the same rows in them."""
        now = self._now(Definition.from_object(table.definition))
        if table.changed is None or now is None or list(now.columns) == table.changed["columns"]:
            return None
        return f"columns of `{table.wanted}` were changed since"

    def _replacement(self, table: SavedTable) -> str | None:
        """A restore drops what the changeset has put in a renamed table's place, and the rows written to it since."""
        now = self._state_at(restoring.find_in_place(self._ask, Definition.from_object(table.definition)))
        # Backups made by earlier versions do not say what stood there.
        then = (table.changed or {}).get("in_place", GONE)
        return None if now in (GONE, then) else difference(table.wanted, then, now)

    def states_restored(self, saved: Saved) -> Mapping[str, str | None] | None:
        if saved.scope == DATABASE:
            return self._dumps.states_restored(saved)
        restored: dict[str, str | None] = {}
        for table in saved.tables:
            definition = Definition.from_object(table.definition)
            # A generated column is part of what a table holds, and not of what is saved.
            restored[table.table] = table.before if len(definition.stored) == len(definition.columns) else None
        return restored

    def keeps_to(self, relations: Collection[str]) -> bool:
        return bool(self._ask(_KEEPS_TO, sorted(relations))[0][0])

    # --------------------------------------------------------------------------------------------- restoring

    def restore(self, saved: Saved) -> None:
        if saved.scope == DATABASE:
            self._with_settings(lambda: self._dumps.restore(saved))
            return
        self._send(_SET)
        restoring.restore_tables(self._ask, self._send, saved.tables)
        for table in saved.tables:
            if self._quick(table.table, Definition.from_object(table.definition)) != table.before:
                raise BackupError(f"`{table.wanted}` does not hold what it held before, now that it is restored")
        self._send(_RESET)

    def remove(self, saved: Saved) -> None:
        if saved.scope == DATABASE:
            remove_file(saved.place)
        for table in saved.tables:
            self._send(f"DROP TABLE IF EXISTS {table.copy}")

    def leftovers(self, wanted: Wanted, known: Iterable[Saved]) -> Sequence[str]:
        schema = wanted.schema or self._ask("SELECT current_schema()")[0][0]
        every = list(known)
        kept = {table.copy for saved in every for table in saved.tables}
        rows = self._ask(
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relname ~ ('^' || %s || '_[0-9a-f]{12}_[0-9]+$') AND c.relkind = 'r'"
            " ORDER BY 1",
            schema,
            wanted.name,
        )
        names = (f"{quote(schema)}.{quote(name)}" for (name,) in rows)
        tables = [name for name in names if name not in kept]
        beginning = self._dumps.beginning(wanted.name, schema)
        return [*tables, *left_files(wanted.folder, beginning, (saved.place for saved in every))]

    def remove_leftover(self, place: str) -> None:
        if not place.startswith('"'):
            remove_file(place)
            return
        self._send(f"DROP TABLE IF EXISTS {place}")

    # ---------------------------------------------------------------------------------------------- digests

    def _sha256(self, relation: str, definition: Definition) -> tuple[int, str]:
        """The number of rows and the digest of them, which no order of the rows changes.

        Each row is hashed as PostgreSQL writes it as text (its stored columns, in their order). These hashes are put
        into 256 heaps by their first byte; each heap is sorted and hashed, and so are the heaps' hashes in turn.
        """
        row = ", ".join(column for column, _ in definition.stored)
        rows = self._ask(f"""
            SELECT coalesce(sum(many), 0)::bigint,
              encode(sha256(coalesce(string_agg(heap, '' ORDER BY first), '')), 'hex')
            FROM (SELECT get_byte(hash, 0) AS first, count(*) AS many,
                    sha256(string_agg(hash, '' ORDER BY hash)) AS heap
                  FROM (SELECT sha256(convert_to(ROW({row})::text, 'UTF8')) AS hash FROM {relation}) hashes
                  GROUP BY 1) heaps""".replace("%", "%%"))  # fmt: skip
        return int(rows[0][0]), str(rows[0][1])

    def _quick(self, relation: str, definition: Definition) -> str:
        return self._quick_of(relation, ", ".join(column for column, _ in definition.stored))

    def _quick_of(self, relation: str, columns: str) -> str:
        """The number of rows, and a digest that is quick: enough to see that something was written."""
        if not columns:
            return _NO_ROWS
        query = (
            f"SELECT count(*), coalesce(sum(pg_catalog.hashtextextended(ROW({columns})::text, 0)), 0) FROM {relation}"
        )
        rows, digest = self._ask(query.replace("%", "%%"))[0]
        return f"{rows}:{digest}"
