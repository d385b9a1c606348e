"""Reading the ledger and adding to it. Nothing here, or anywhere, updates or deletes a row of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from changelog_engine.databases.database import OwnStatement, Row, Session, Sharing
from changelog_engine.databases.own_sql import fill_in
from changelog_engine.errors import (
    BrokenChainError,
    ConfigurationError,
    DatabaseError,
    LedgerTooNewError,
    StatementError,
)
from changelog_engine.ledger import statements as sql
from changelog_engine.ledger.entries import (
    COLUMNS,
    NO_LEDGER,
    Entry,
    Event,
    Head,
    LedgerState,
    Progress,
    Recorded,
    RecordedTag,
    StoredRollback,
    bounded,
    hash_entry,
    link,
)
from changelog_engine.ledger.names import LAYOUT
from changelog_engine.ledger.rows import entry_of, progress_of, recorded_of
from changelog_engine.ledger.tables import STATE_COLUMNS, LedgerTables, Part, name_tables

TIMED = (Event.APPLIED, Event.RERUN, Event.ROLLED_BACK)


class Ledger:
    """The ledger of one changelog (``changelog`` is its namespace) over one session."""

    def __init__(self, session: Session, changelog: str, *, schema: str | None, prefix: str = "") -> None:
        if schema is not None and not session.capabilities.schemas:
            raise ConfigurationError(
                f"`schema` is set to `{schema}`, but {session.kind} has no schemas",
                hint="remove `schema` from the settings of this environment",
            )
        self.session = session
        self.changelog = changelog
        self.schema = schema or session.schema
        self.tables: LedgerTables = name_tables(session.database, self.schema, prefix)
        self._names = self.tables.quoted(session.quote)
        self._insert = self._filled(sql.insert())
        self._timed_insert = None if session.elapsed_ms is None else self._filled(sql.insert(session.elapsed_ms))
        self._advance = self._filled(sql.ADVANCE)
        self._holds_head = False
        self._sharing: Sharing | None = None
        self._last: tuple[Head, str] | None = None

    # ------------------------------------------------------------------------------------------------ reading

    def read_head(self) -> Head | None:
        """The head that the lock row keeps; None where there is no ledger. Raises LedgerTooNewError."""
        try:
            rows = self.run(sql.HEAD)
        except StatementError:
            if not self.session.exists("table", self._qualified(self.tables.lock)):
                return None
            # Somebody else may have made it just now; any other refusal comes again.
            rows = self.run(sql.HEAD)
        if not rows and self._is_half_made():
            return None
        if not rows:
            raise self._row_is_gone()
        layout, seq, digest = rows[0]
        if layout > LAYOUT:
            raise LedgerTooNewError(
                f"the ledger in {self.session.location} has layout {layout}; this version knows layouts up to {LAYOUT}",
                hint="a newer version of changelog-engine has worked on this database: install that version or "
                "a later one",
            )
        return Head(seq, digest)

    def read_state(self) -> LedgerState:
        """What the ledger says of this changelog, as plans are made from it."""
        head = self.read_head()
        if head is None:
            return NO_LEDGER
        recorded: dict[str, Recorded] = {}
        for row in self.run(sql.STATE, changelog=self.changelog):
            values = dict(zip(STATE_COLUMNS, row, strict=True))
            progress = self._read_progress(values) if values["state"] == "in_doubt" else None
            recorded[values["changeset_id"]] = recorded_of(values, progress)
        return LedgerState(True, head, recorded, self._read_tags())

    def read_rollbacks(self, seqs: Collection[int]) -> dict[int, StoredRollback | None]:
        """The rollbacks that the rows of ``seqs`` keep; None for a row that keeps none."""
        texts = self._read_column("rollback", seqs)
        return {seq: None if text is None else StoredRollback.from_json(text) for seq, text in texts.items()}

    def read_contents(self, seqs: Collection[int]) -> dict[int, str | None]:
        """The statements as run that the rows of ``seqs`` keep, or their digest; None for a row that keeps none."""
        return self._read_column("content", seqs)

    def _read_column(self, name: str, seqs: Collection[int]) -> dict[int, str | None]:
        found: dict[int, str | None] = {}
        wanted = sorted(seqs)
        for start in range(0, len(wanted), sql.PAGE):
            page = {f"n{number}": seq for number, seq in enumerate(wanted[start : start + sql.PAGE])}
            found.update((seq, text) for seq, text in self.run(sql.column_of(name, len(page)), **page))
        return found

    def read_begun_rollback(self, changeset: str) -> StoredRollback | None:
        """The rollback that the row keeps with which a changeset was last begun outside of a transaction."""
        rows = self.run(sql.BEGUN_ROLLBACK, changelog=self.changelog, changeset=changeset)
        return StoredRollback.from_json(rows[0][0]) if rows else None

    def read_texts(self, changeset: str) -> tuple[str | None, str | None]:
        """What was last recorded of a changeset: as it was written then, and the statements as run; None for each
        that is not there.
        """
        rows = self.run(sql.TEXTS, changelog=self.changelog, changeset=changeset)
        return (rows[0][0], rows[0][1]) if rows else (None, None)

    def read_history(self) -> tuple[Entry, ...]:
        """This changelog's rows, oldest first, without their texts; nothing where there is no ledger."""
        if self.read_head() is None:
            return ()
        return tuple(entry_of(sql.LISTED, row) for row in self.run(sql.HISTORY, changelog=self.changelog))

    def read_entry(self, seq: int) -> Entry:
        """The whole row with that seq."""
        return entry_of(COLUMNS, self.run(sql.ENTRY, seq=seq)[0])

    def entries(self) -> Iterator[Entry]:
        """All rows of the ledger, of every changelog, whole, in order; read in pages."""
        after = 0
        while rows := self.run(sql.ENTRIES, after=after):
            for row in rows:
                entry = entry_of(COLUMNS, row)
                after = entry.seq
                yield entry

    def check_head(self) -> Head:
        """The ledger's head, after it was seen to be the last row, as hashed; raises BrokenChainError."""
        rows = self.run(sql.HEAD_AND_LAST)
        if not rows:
            raise self._row_is_gone()
        seq, digest, *values = rows[0]
        head, row = Head(seq, digest), dict(zip(COLUMNS, values, strict=True))
        last = entry_of(COLUMNS, tuple(values)) if row["seq"] is not None else None
        found = Head(last.seq, last.hash) if last else Head()
        if found != head or (last and hash_entry(last, last.prev_hash) != last.hash):
            raise BrokenChainError(
                f"the ledger ends in row {found.seq}, and that is not the head that was recorded (row "
                f"{head.seq}); nothing was run",
                hint="somebody edited the ledger by hand: `changelog history --verify` shows where, a backup "
                "what it was",
            )
        self._last = (head, last.recorded_at if last else "")
        return head

    def _row_is_gone(self) -> BrokenChainError:
        return BrokenChainError(
            f"the row of `{self.tables.lock}` is gone",
            hint="restore it from a backup: the ledger's layout and head are kept in it",
        )

    # ------------------------------------------------------------------------------------------------ writing

    def ensure(self, *, create_schema: bool) -> None:
        """Make the tables where there are none. Under the lock only."""
        if self.read_head() is not None:
            return
        where = (
            f"in schema `{self.schema}` of {self.session.location}" if self.schema else f"in {self.session.location}"
        )
        if self.schema is not None and not self.session.exists("schema", self.schema):
            self._make_schema(self.schema, create_schema=create_schema)
        elsewhere = ", or set `schema` to one where it has it" if self.session.capabilities.schemas else ""
        try:
            self._make_tables()
        except StatementError as error:
            self.session.rollback()
            raise DatabaseError(
                f"the ledger's tables cannot be created {where}: {error.message}",
                hint=f"grant the role the right to create tables there{elsewhere}",
            ) from error

    def _make_tables(self) -> None:
        """All of it in one transaction; where DDL commits by itself, only what a dead run has not made before."""
        parts = self.tables.parts(self.session.kind, self.session.quote)
        if not self.session.capabilities.transactional_ddl:
            for part in parts:
                if not self._is_made(part):
                    self.session.execute(part.sql)
            return
        self.session.begin()
        for part in parts:
            self.session.execute(part.sql)
        self.session.commit()

    def _is_made(self, part: Part) -> bool:
        return part.kind is not None and self.session.exists(part.kind, self._qualified(part.name), part.table)

    def _is_half_made(self) -> bool:
        """Whether a run died while it made the tables, one after the other: the lock's, but not yet its row."""
        is_atomic = self.session.capabilities.transactional_ddl
        return not is_atomic and not self.run(sql.ANY_ROW)

    def _make_schema(self, schema: str, *, create_schema: bool) -> None:
        if not create_schema:
            raise ConfigurationError(
                f"the schema `{schema}`, which is to hold the ledger, does not exist in {self.session.location}",
                hint="create it, or set `create_schema = true` in changelog.toml",
            )
        self.session.create_schema(schema)

    def append(self, entry: Entry, now: str) -> None:
        """Add a row, in the transaction that is open.

        ``now`` is UTC in the ledger's form; the row is never dated before the one that it follows.
        """
        if self._sharing is not None:
            self._sharing.take_turn(self.tables.lock_name)
            self._last = self._read_last()
        for own in self.records(entry, now):
            self.session.run(own.sql, own.parameters)

    def share(self) -> None:
        """From now on others write too: the chain's turn is waited for before each row, and the head read then."""
        self._sharing = self.session.sharing

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep the chain's turn for rows that are committed in the block, by ``records``."""
        sharing, name = self.session.sharing, self.tables.lock_name
        if self._sharing is None or sharing is None:
            yield
            return
        sharing.hold_turn(name)
        try:
            self._last = self._read_last()
            yield
        finally:
            with suppress(DatabaseError):  # a lost connection has lost its turn too
                sharing.release_turn(name)

    def _read_last(self) -> tuple[Head, str]:
        """The head, and when its row was recorded, as they are now."""
        seq, digest, at = self.run(sql.HEAD_AND_MOMENT)[0]
        return Head(seq, digest), at or ""

    def records(self, entry: Entry, now: str) -> tuple[OwnStatement, ...]:
        """The statements that add a row, for the caller to run in this order; rows asked for later follow this one.

        Where the database measures how long a transaction takes, a row of a changeset run that has no ``duration_ms``
        gets it from there, and the first statement gives it back.
        """
        head, before = self._last if self._last is not None else (self.check_head(), "")
        row = link(bounded(replace(entry, changelog=self.changelog, recorded_at=max(now, before))), head)
        self._last = (Head(row.seq, row.hash), row.recorded_at)
        values: dict[str, Any] = {name: _plain(getattr(row, name)) for name in COLUMNS}
        insert = self._insert
        if self._timed_insert is not None and row.event in TIMED and row.duration_ms is None:
            insert = self._timed_insert
            del values["duration_ms"]
        return (OwnStatement(insert, values), *([] if self._holds_head else [self._advancing()]))

    def _advancing(self) -> OwnStatement:
        assert self._last is not None
        head, _ = self._last
        return OwnStatement(self._advance, {"seq": head.seq, "hash": head.hash})

    @contextmanager
    def one_advance(self) -> Iterator[None]:
        """In one transaction: write the head once, at the end of the block, and not with each row.

        PostgreSQL walks over every earlier version of the lock's row that the transaction has made.
        """
        self._holds_head = True
        try:
            yield
            if self._last is not None:
                advancing = self._advancing()
                self.session.run(advancing.sql, advancing.parameters)
        finally:
            self._holds_head = False

    @property
    def head(self) -> Head:
        """The head after the rows that were added last, once they are committed."""
        if self._sharing is not None:
            return self._read_last()[0]
        return self._last[0] if self._last is not None else self.check_head()

    def keep_complete(self, text: str, head: Head) -> None:
        """Keep what was found complete, unless the ledger has moved on from ``head`` since."""
        self.run(sql.KEEP_COMPLETE, complete=text, seq=head.seq)

    def find_head(self) -> None:
        """See to it that ``records`` need not ask the database for the head."""
        if self._last is None:
            self.check_head()

    def forget_head(self) -> None:
        """After a transaction that did not commit: the head is what the database says, not what was hoped."""
        self._last = None

    # ----------------------------------------------------------------------------------------------- internal

    def run(self, template: str, **values: object) -> Sequence[Row]:
        """Run one of the ledger's own statements; gives its rows."""
        return self.session.run(self._filled(template), values)

    def _filled(self, template: str) -> str:
        return fill_in(template, self._names, self.session.parameter_style)

    def _qualified(self, name: str) -> str:
        return f"{self.schema}.{name}" if self.schema else name

    def _read_tags(self) -> dict[str, RecordedTag]:
        tags: dict[str, RecordedTag] = {}
        for seq, event, tag, at, detail in self.run(sql.TAGS, changelog=self.changelog):
            tags.pop(tag, None)
            if event == Event.TAGGED:
                facts = json.loads(detail)
                tags[tag] = RecordedTag(tag, seq, at, facts["declared"], frozenset(facts["changesets"]))
        return tags

    def _read_progress(self, state: Mapping[str, Any]) -> Progress:
        """How far the changeset came whose last deciding row is ``started``."""
        changeset, since = state["changeset_id"], state["seq"]
        return progress_of(since, self.run(sql.PROGRESS, changelog=self.changelog, changeset=changeset, since=since))


def _plain(value: object) -> object:
    """An enumeration's member as the plain text that drivers know."""
    return str(value) if isinstance(value, str) else value
