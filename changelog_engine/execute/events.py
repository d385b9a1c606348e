"""What happens during a run, as a closed set of typed records. The engine prints nothing: listeners do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from changelog_engine.plan.steps import Plan, Step


@dataclass(frozen=True, slots=True)
class LockWaited:
    """Somebody else holds the lock. ``seconds`` waited so far; ``holder`` says who, as far as is known."""

    holder: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RunStarted:
    plan: Plan
    deployment: str


@dataclass(frozen=True, slots=True)
class StepStarted:
    """``index`` counts from 0."""

    step: Step
    index: int


@dataclass(frozen=True, slots=True)
class StepDone:
    """``what`` is the ledger's event (``applied``, ``marked``, ...)."""

    step: Step
    index: int
    what: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class StepSkipped:
    step: Step
    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class StepFailed:
    """Only where the run goes on (``on_error: continue``); else the failure is the error that ends it."""

    step: Step
    index: int
    message: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that a person should know and that stops nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class ProofStarted:
    """Something is about to be tried out in ``total`` parts."""

    total: int


@dataclass(frozen=True, slots=True)
class ProofAdvanced:
    """``what`` is tried now."""

    what: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    deployment: str


RunEvent = (
    LockWaited
    | RunStarted
    | StepStarted
    | StepDone
    | StepSkipped
    | StepFailed
    | Warned
    | ProofStarted
    | ProofAdvanced
    | RunEnded
)
Listener = Callable[[RunEvent], None]


def ignore(event: RunEvent) -> None:
    """The listener that listens to nothing."""
