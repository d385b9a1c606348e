"""What the engine's verbs give back: typed, for applications and for the command line alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from changelog_engine.ledger.entries import Entry, Head
from changelog_engine.model import Problem


class State(StrEnum):
    APPLIED = "applied"
    PENDING = "pending"
    EXCLUDED = "excluded"
    CHANGED = "changed"
    OUTDATED = "outdated"
    IN_DOUBT = "in_doubt"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChangesetStatus:
    """``reason`` says why it is in that state; ``at`` when it was applied (UTC), where it was."""

    id: str
    state: State
    reason: str
    checksum: str | None
    depends_on: tuple[str, ...] = ()
    contexts: str = ""
    labels: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class StatusResult:
    changesets: tuple[ChangesetStatus, ...]
    tags: tuple[str, ...]
    database: str
    head: Head

    @property
    def counts(self) -> Mapping[str, int]:
        """How many changesets there are in each state; states without any are left out."""
        counts: dict[str, int] = {}
        for changeset in self.changesets:
            counts[changeset.state] = counts.get(changeset.state, 0) + 1
        return counts


@dataclass(frozen=True, slots=True)
class ValidateResult:
    """Of a valid changelog (an invalid one raises): what it declares, and the warnings."""

    changesets: int
    tags: int
    files: int
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A changeset that failed while the run went on (``on_error: continue``)."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class UpdateResult:
    deployment: str
    applied: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    failed: tuple[Failed, ...] = ()
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    database: str = ""


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """``rolled_back`` holds what was undone, unmarked ones too, in order; ``to`` says what it went back to."""

    deployment: str
    rolled_back: tuple[str, ...] = ()
    to: str = ""
    notes: tuple[str, ...] = ()
    database: str = ""


@dataclass(frozen=True, slots=True)
class RedoResult:
    rollback: RollbackResult
    update: UpdateResult


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """``chain`` is None where it was not verified, else ``intact`` or ``broken at SEQ``."""

    events: tuple[Entry, ...]
    head: Head
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class TagStatus:
    """``declared`` by the changelog or set by hand; ``at`` None where it is declared and not yet recorded."""

    name: str
    declared: bool
    at: str | None
    changesets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LockStatus:
    """``held`` is what the database says; ``holder`` what the informing row says, None where it names nobody."""

    held: bool
    holder: str | None
    since: str | None
    released: bool = False


@dataclass(frozen=True, slots=True)
class RecordResult:
    """The changesets whose record was changed without running anything."""

    changesets: tuple[str, ...]
    database: str = ""
