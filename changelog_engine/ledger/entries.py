"""The ledger's rows as values: events, the hash chain, and the state that plans are made from. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

GENESIS = ""
"""``prev_hash`` of the first row."""

HASH_VERSION = "1:"

TEXT_LIMIT = 1024 * 1024
"""Above this many characters a text is kept as its digest, except a rollback."""


class Event(StrEnum):
    APPLIED = "applied"
    RERUN = "rerun"
    MARKED = "marked"
    UNMARKED = "unmarked"
    ROLLED_BACK = "rolled_back"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    STARTED = "started"
    STATEMENT_DONE = "statement_done"
    FAILED = "failed"
    RESOLVED_APPLIED = "resolved_applied"
    RESOLVED_NOT_APPLIED = "resolved_not_applied"
    CHECKSUM_ACCEPTED = "checksum_accepted"
    RENAMED = "renamed"
    ADOPTED = "adopted"


class Direction(StrEnum):
    APPLY = "apply"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of the ledger: 0 and the genesis where it is empty."""

    seq: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True)
class StoredRollback:
    """The rollback as the ledger keeps it: what any checkout of the changelog can run.

    ``kind`` is ``sql``, ``irreversible`` (then ``reason`` says why) or ``backup``. ``statements`` are templates: secret
    parameters stand as ``${name}``, all else is literal, with ``${`` escaped as ``$${``. ``backup`` says what is saved
    (``scope``, and as ``wanted`` the tables that the changelog names), and once it was made also where, its size in
    bytes and its SHA-256, and all that putting it back needs.
    """

    kind: str
    statements: tuple[str, ...] = ()
    transaction: bool = True
    reason: str | None = None
    role: str | None = None
    backup: Mapping[str, Any] | None = None

    def to_json(self) -> str:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if self.backup is None:
            # As it was written before there were backups, and as earlier versions read it.
            del values["backup"]
        return json.dumps(values, ensure_ascii=False)

    @property
    def is_backup(self) -> bool:
        return self.kind == "backup"

    @property
    def declared(self) -> StoredRollback:
        """The rollback as the changelog declares it: without what a run has filled in."""
        if self.backup is None:
            return self
        wanted = {"scope": self.backup["scope"], "wanted": list(self.backup["wanted"])}
        return replace(self, role=None, backup=wanted)

    @classmethod
    def from_json(cls, text: str) -> StoredRollback:
        value = json.loads(text)
        value["statements"] = tuple(value["statements"])
        return cls(**value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of ``changelog_ledger``; the fields are its columns, in their order."""

    event: Event
    seq: int = 0
    direction: Direction | None = None
    changelog: str | None = None
    changeset_id: str | None = None
    tag: str | None = None
    checksum: str | None = None
    depends_on: str | None = None
    author: str | None = None
    description: str | None = None
    file: str | None = None
    labels: str | None = None
    contexts: str | None = None
    deployment_id: str | None = None
    run_contexts: str | None = None
    statement_count: int | None = None
    duration_ms: int | None = None
    db_user: str | None = None
    os_user: str | None = None
    host: str | None = None
    tool_version: str | None = None
    recorded_at: str = ""
    source: str | None = None
    content: str | None = None
    rollback: str | None = None
    detail: str | None = None
    prev_hash: str = GENESIS
    hash: str = ""


COLUMNS = tuple(field.name for field in fields(Entry))
DIGESTED = ("source", "content", "rollback")
NOT_HASHED = ("duration_ms", "prev_hash", "hash")


def text_digest(text: str) -> str:
    """``sha256:`` and the digest of a text; what the chain covers of a text, and what is kept of one above the
    limit.
    """
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def bounded(entry: Entry) -> Entry:
    """The entry with texts above the limit replaced by their digests; a rollback is always kept."""

    def kept(text: str | None) -> str | None:
        return text if text is None or len(text) <= TEXT_LIMIT else text_digest(text)

    return replace(entry, source=kept(entry.source), content=kept(entry.content))


def hash_entry(entry: Entry, prev_hash: str) -> str:
    """The row's hash: ``1:`` and the SHA-256 of its canonical form.

    The canonical form is a JSON object in UTF-8, keys sorted, no spaces, non-ASCII characters as they are: each column
    but ``duration_ms`` and ``hash`` that is not NULL, with ``prev_hash``, the texts ``source``, ``content`` and
    ``rollback`` replaced by their digests. A text that is already a digest stands for itself.
    """
    values: dict[str, Any] = {"prev_hash": prev_hash}
    for name in COLUMNS:
        value = getattr(entry, name)
        if name in NOT_HASHED or value is None:
            continue
        if name in DIGESTED and not value.startswith("sha256:"):
            value = text_digest(value)
        values[name] = value
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return HASH_VERSION + hashlib.sha256(canonical.encode()).hexdigest()


def link(entry: Entry, head: Head) -> Entry:
    """The entry as the row that follows ``head``: with its seq and hashes."""
    numbered = replace(entry, seq=head.seq + 1, prev_hash=head.hash)
    return replace(numbered, hash=hash_entry(numbered, head.hash))


def first_break(entries: Iterable[Entry]) -> int | None:
    """The seq of the first row, from 1, that does not follow from the one before it; None where the chain is intact."""
    head = Head()
    for entry in entries:
        if entry.seq != head.seq + 1 or entry.prev_hash != head.hash or hash_entry(entry, head.hash) != entry.hash:
            return head.seq + 1
        head = Head(entry.seq, entry.hash)
    return None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a changeset came that is run outside of a transaction and is neither done nor undone.

    ``statements`` are the templates that it was begun with, ``statements_done`` the digests of those recorded as
    done, in order. ``failed`` holds the words with which the next one was refused (nothing of it was done);
    ``checks_failed``: all statements were done, and a check then failed. ``died_outside``: the run died while the
    next one ran outside of a transaction, and the ledger alone cannot tell whether it was done.
    """

    direction: Direction
    seq: int
    statement_count: int
    statements: tuple[str, ...] = ()
    statements_done: tuple[str, ...] = ()
    failed: str | None = None
    checks_failed: bool = False
    died_outside: bool = False

    @property
    def stopped_at(self) -> str | None:
        """The template of the first statement that is not recorded as done; None where all are."""
        done = len(self.statements_done)
        return self.statements[done] if done < len(self.statements) else None

    @property
    def can_go_on(self) -> bool:
        """Whether a later run may go on from the first statement that is not done."""
        return not self.died_outside and not self.checks_failed


@dataclass(frozen=True, slots=True)
class Recorded:
    """A changeset that is applied, or in doubt (then ``progress`` says how far it came): a row of ``changelog_state``.

    ``applied_seq`` is the row that applied it first since it was last undone (0 for one in doubt that never was),
    ``rollback_seq`` the row that holds its latest rollback. ``marked``: recorded by a precondition, nothing was ever
    run. ``depends_on``: (changeset id, ``requires`` or ``after``) as it was when applied.
    """

    id: str
    event: Event
    seq: int
    checksum: str | None
    applied_seq: int
    applied_at: str
    deployment: str | None
    rollback_seq: int
    depends_on: tuple[tuple[str, str], ...] = ()
    marked: bool = False
    rerun_at: str | None = None
    progress: Progress | None = None

    @property
    def is_in_doubt(self) -> bool:
        return self.progress is not None

    @property
    def was_applied(self) -> bool:
        """Applied, whether or not an undoing of it is in doubt now."""
        return self.applied_seq > 0


@dataclass(frozen=True, slots=True)
class RecordedTag:
    """A tag as last recorded: ``changesets`` is the set that it stands for."""

    name: str
    seq: int
    at: str
    declared: bool
    changesets: frozenset[str]


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What the ledger says of one changelog. ``exists`` False where no ledger has been made yet."""

    exists: bool
    head: Head
    recorded: Mapping[str, Recorded]
    tags: Mapping[str, RecordedTag]

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self.recorded.values())


NO_LEDGER = LedgerState(exists=False, head=Head(), recorded={}, tags={})
"""The state of a database to which nothing was ever applied."""
