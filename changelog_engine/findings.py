"""What the verbs that prove and compare give back: typed, for applications and for the command line alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from changelog_engine.changelog.lint_rules import Severity
from changelog_engine.graph.dependencies import Needed, OpaqueUse


@dataclass(frozen=True, slots=True)
class LintFinding:
    """What a rule has found, where (line and column from 1), and what to do about it."""

    rule: str
    severity: Severity
    message: str
    changeset: str
    file: str
    line: int
    column: int
    remedy: str


@dataclass(frozen=True, slots=True)
class LintResult:
    """``findings`` in the order of their places; ``ignored`` counts those that the changelog switches off.

    ``notes`` say what was not looked for, and why.
    """

    findings: tuple[LintFinding, ...]
    changesets: int
    ignored: int = 0
    notes: tuple[str, ...] = ()

    @property
    def has_errors(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)


class FindingKind(StrEnum):
    """What was shown to be wrong: a changeset's rollback, an order that is legal, the way from a tag and back."""

    ROLLBACK = "rollback"
    ORDER = "order"
    WAY = "way"


@dataclass(frozen=True, slots=True)
class Finding:
    """``pair`` are two changesets between which an edge is missing, the one that must come first before the other.

    ``difference`` says line by line in what the catalog differs; ``remedy`` is YAML for the changelog, empty for none.
    """

    kind: FindingKind
    message: str
    changeset: str | None = None
    pair: tuple[str, str] | None = None
    difference: tuple[str, ...] = ()
    remedy: str = ""
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """``changesets`` were proven or are named in ``findings``; ``notes`` say what could not be tried, and why.

    ``rollbacks`` and ``ways`` count what was tried of each, ``orders_tried`` the orders besides the engine's own.
    ``seed`` makes the same random orders again.
    """

    findings: tuple[Finding, ...]
    changesets: tuple[str, ...]
    rollbacks: int
    orders_tried: int
    ways: int
    seed: int
    server: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftResult:
    """``differences`` say how the target's catalog differs from the one that its ledger stands for, line by line."""

    differences: tuple[str, ...]
    changesets: int
    database: str
    rebuilt_on: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """A backup: ``tables`` are those it holds, none for all of the database. ``size`` is in bytes, ``at`` in UTC.

    ``needed``: the changeset is applied, and its rollback restores this. ``fault`` says what is wrong with it, where it
    was ``verified``.
    """

    changeset: str
    deployment: str
    scope: str
    tables: tuple[str, ...]
    place: str
    size: int
    sha256: str
    at: str
    needed: bool
    present: bool
    fault: str | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class BackupsResult:
    """``leftovers`` are places of what killed runs have left; ``pruned`` and ``cleaned`` is what was deleted."""

    backups: tuple[BackupStatus, ...]
    leftovers: tuple[str, ...]
    pruned: tuple[BackupStatus, ...] = ()
    cleaned: tuple[str, ...] = ()
    database: str = ""

    @property
    def is_faulty(self) -> bool:
        return any(backup.fault or (backup.needed and not backup.present) for backup in self.backups)


@dataclass(frozen=True, slots=True)
class Declared:
    """A changeset to which dependencies were written, as they stand in its ``depends_on`` now."""

    changeset: str
    file: str
    line: int
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DepsResult:
    """``edges`` and ``opaque`` are those of the changesets asked for; ``written`` is what was added to the files.

    ``places`` leads from each of these changesets to its file and line.
    """

    edges: tuple[Needed, ...]
    opaque: tuple[OpaqueUse, ...]
    places: Mapping[str, str]
    written: tuple[Declared, ...] = ()
