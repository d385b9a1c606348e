"""A plan: a frozen value that is printed, saved, turned into a script and executed. There is no second path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from changelog_engine.ledger.entries import Head, StoredRollback
from changelog_engine.model import (
    Changeset,
    Consideration,
    DerivedRollback,
    Location,
    OnFail,
    RollbackChanges,
    Scalar,
    Test,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement of a step.

    ``template`` is what the ledger keeps: secret parameters stand as ``${name}``, other parameters are replaced, and a
    literal ``${`` is ``$${``. ``location`` is the place of its first character, None where it comes from the ledger;
    ``column`` the one in which its further lines begin. ``is_one`` False: it may hold several commands, as its text is
    not cut by the database's own rules (``split: false``, a delimiter of its own), and not every protocol takes that.
    ``is_written`` False: it was made of a typed change, so that ``location`` is the change's, whatever the character.
    """

    template: str
    location: Location | None = None
    column: int = 1
    is_one: bool = True
    is_written: bool = True


def content_of(statements: Sequence[Statement]) -> str:
    """Statements as the ledger keeps them, for people: one after the other, secrets as ``${name}``."""
    return "".join(f"{statement.template};\n" for statement in statements)


class Action(StrEnum):
    APPLY = "apply"
    RERUN = "rerun"
    ROLLBACK = "rollback"
    UNMARK = "unmark"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Condition:
    """A precondition as it is evaluated just before its step: queries in ``test`` have been rendered to templates.

    ``text`` is how a plan shows it.
    """

    text: str
    test: Test
    on_fail: OnFail
    on_error: OnFail
    message: str | None
    location: Location


@dataclass(frozen=True, slots=True)
class Assertion:
    """A check as it is evaluated after its step's statements."""

    name: str
    query: Statement
    expect: Scalar
    location: Location


@dataclass(frozen=True, slots=True)
class StepEdge:
    """What the step needs: for the ledger's ``depends_on``, and for what must be skipped where this one waits."""

    changeset: str
    strength: str


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a plan.

    ``reason`` says why it is there, ``place`` why at that place. ``first`` is the statement to begin with (from 0):
    above 0 where an earlier run of a changeset outside of a transaction got that far. For a tag, ``tag_set`` is what
    it stands for. ``rollback`` is what the ledger will keep (apply, rerun), or is about to run (rollback).
    """

    id: str
    action: Action
    reason: str
    place: str = ""
    conditions: tuple[Condition, ...] = ()
    statements: tuple[Statement, ...] = ()
    checks: tuple[Assertion, ...] = ()
    edges: tuple[StepEdge, ...] = ()
    transaction: bool = True
    first: int = 0
    changeset: Changeset | None = None
    checksum: str | None = None
    rollback: StoredRollback | None = None
    consideration: Consideration = field(default_factory=Consideration)
    tag_set: tuple[str, ...] = ()
    discards_newer: bool = False
    """For a rollback that restores a backup: rows that were written since may be lost."""


def makes_backup(step: Step) -> bool:
    """Whether data are saved before the step, for its rollback to restore."""
    return step.action in (Action.APPLY, Action.RERUN) and step.rollback is not None and step.rollback.is_backup


def restores_backup(step: Step) -> bool:
    return step.action is Action.ROLLBACK and step.rollback is not None and step.rollback.is_backup


def is_rollback_derived(step: Step) -> bool:
    """Whether what undoes the step was worked out from it, and written by nobody."""
    declared = None if step.changeset is None else step.changeset.rollback
    is_applied = step.action in (Action.APPLY, Action.RERUN)
    if not is_applied:
        return False
    return isinstance(declared, DerivedRollback) or (isinstance(declared, RollbackChanges) and declared.is_derived)


class Direction(StrEnum):
    UPDATE = "update"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Halt:
    """Why ``update`` would stop with 6 before it does anything: ``state`` is ``changed`` or ``in_doubt``.

    ``source`` is the changeset as it is written now, None where it is no longer declared. ``content`` is what it would
    run, as the ledger keeps it, where that stands in other files than the changeset itself. ``recorded_id`` is the
    earlier id that the ledger has it under, where that is another one.
    """

    id: str
    state: str
    reason: str
    source: str | None = None
    content: str | None = None
    recorded_id: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that will be done, in order.

    ``head`` is the ledger's when the plan was made; ``contexts`` as in ``run_contexts``; ``parameters`` a digest of
    their values. ``renames`` are (earlier id, id) that are recorded first. ``notes`` are for people: what was seen
    and is left alone.
    """

    direction: Direction
    changelog: str
    dbms: str
    head: Head
    steps: tuple[Step, ...]
    contexts: str = ""
    parameters: str = ""
    renames: tuple[tuple[str, str], ...] = ()
    halts: tuple[Halt, ...] = ()
    notes: tuple[str, ...] = ()
    target: str = ""
    """What a rollback goes back to, for people."""
