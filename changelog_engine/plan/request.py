"""What a user asks for, as values: filters, and the requests of update and rollback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from changelog_engine.model import Consideration, Expression


class ContextMode(StrEnum):
    """``UNSAID``: nobody named contexts, so a changelog that has any is not run."""

    GIVEN = "given"
    ALL = "all"
    NONE = "none"
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class ContextChoice:
    """The contexts of this run; ``names`` are lower-case and empty unless ``mode`` is ``GIVEN``."""

    mode: ContextMode = ContextMode.UNSAID
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As the ledger's ``run_contexts`` and people read it."""
        if self.mode is ContextMode.GIVEN:
            return ",".join(self.names)
        return {ContextMode.ALL: "(all)", ContextMode.NONE: "(none)", ContextMode.UNSAID: ""}[self.mode]


@dataclass(frozen=True, slots=True)
class ParameterSources:
    """Where values of parameters may come from: ``--param``, the environment, the configuration file."""

    given: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    configured: Mapping[str, str] = field(default_factory=dict)

    @property
    def for_file_names(self) -> Mapping[str, str]:
        """The values that parameters in file names may take: files are read before contexts and variables are looked
        at.
        """
        return {**self.configured, **self.given}


@dataclass(frozen=True, slots=True)
class Filters:
    """``label`` is evaluated against each changeset's labels; ``select`` is a selector as written. ``consideration``
    holds where a changeset says nothing of its own.
    """

    contexts: ContextChoice = ContextChoice()
    label: Expression | None = None
    select: str | None = None
    parameters: ParameterSources = ParameterSources()
    consideration: Consideration = field(default_factory=Consideration)


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """``count`` limits the apply and rerun steps; ``to_tag`` stops at a declared tag, with all that it stands for."""

    filters: Filters = Filters()
    count: int | None = None
    to_tag: str | None = None


@dataclass(frozen=True, slots=True)
class ToTag:
    name: str


@dataclass(frozen=True, slots=True)
class LastApplied:
    count: int


@dataclass(frozen=True, slots=True)
class AppliedAfter:
    """``when`` is aware."""

    when: datetime


@dataclass(frozen=True, slots=True)
class OfDeployment:
    deployment: str


@dataclass(frozen=True, slots=True)
class Selected:
    selector: str


@dataclass(frozen=True, slots=True)
class Everything:
    pass


RollbackTarget = ToTag | LastApplied | AppliedAfter | OfDeployment | Selected | Everything


class Dependents(StrEnum):
    """What to do with applied changesets that require one that is to be undone."""

    REFUSE = "refuse"
    CASCADE = "cascade"


class RollbackFrom(StrEnum):
    """Whose rollback is run: the one that the ledger kept, or the one that the changelog has now."""

    LEDGER = "ledger"
    CHANGELOG = "changelog"


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """``discards_newer``: where a backup is restored, what was written to its tables since may be lost."""

    target: RollbackTarget
    dependents: Dependents = Dependents.REFUSE
    rollback_from: RollbackFrom = RollbackFrom.LEDGER
    filters: Filters = Filters()
    discards_newer: bool = False
