"""What the verbs that prove and compare give back: typed, for applications and for the command line alike."""

from __future__ import annotations

from dataclasses import dataclass

from changelog_engine.changelog.lint_rules import Severity


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
