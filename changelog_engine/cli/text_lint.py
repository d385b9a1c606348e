"""Findings of `changelog lint` for people: where, what, and what to do about it."""

from __future__ import annotations

from click import style

from changelog_engine.changelog.lint_rules import Severity
from changelog_engine.cli.streams import Streams
from changelog_engine.cli.wording import count_of
from changelog_engine.findings import LintFinding, LintResult

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show_findings(streams: Streams, result: LintResult) -> None:
    """Each finding, then the sums. ``--quiet`` leaves out notes; what was not looked for is said with ``--verbose``."""
    for finding in result.findings:
        if finding.severity is not Severity.NOTE or not streams.is_quiet:
            streams.out(_lines(finding))
            streams.out()
    if streams.is_verbose:
        for note in result.notes:
            streams.err(f"note: {note}")
    streams.say(_sums(result))


def _lines(finding: LintFinding) -> str:
    head = style(finding.severity.value, fg=_COLORS[finding.severity], bold=True)
    return "\n".join(
        (
            f"{head}[{finding.rule}]: {finding.message}",
            f"  --> {finding.file}:{finding.line}:{finding.column}",
            f"{style('remedy', fg='green')}: {finding.remedy}",
        )
    )


def _sums(result: LintResult) -> str:
    found = [
        count_of(number, severity.value)
        for severity in Severity
        if (number := sum(finding.severity is severity for finding in result.findings))
    ]
    ignored = f" ({count_of(result.ignored, 'finding')} switched off)" if result.ignored else ""
    return f"{count_of(result.changesets, 'changeset')}: {', '.join(found) or 'nothing found'}{ignored}"
