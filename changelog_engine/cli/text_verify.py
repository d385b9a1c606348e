"""What was proven and what was found, for people and for CI servers."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from click import style

from changelog_engine.cli.streams import Streams
from changelog_engine.cli.wording import count_of, database, duration, plain
from changelog_engine.findings import DriftResult, Finding, VerifyResult


def show_verified(streams: Streams, result: VerifyResult, seconds: float, record: str | None) -> None:
    """The findings, each with what differs and the remedy; then what was tried."""
    for finding in result.findings:
        _show_finding(streams, finding)
    for note in result.notes:
        streams.say(f"note: {plain(note)}")
    tried = (
        f"{count_of(result.rollbacks, 'rollback')}, {count_of(result.orders_tried, 'order')} besides the engine's own "
        f"and {count_of(result.ways, 'way')} from a tag and back, on {result.server} in {duration(seconds)}"
    )
    subject = count_of(len(result.changesets), "changeset")
    if result.findings:
        found = style(count_of(len(result.findings), "finding"), fg="red", bold=True)
        streams.say(f"{found} in {subject}: {tried}")
        streams.say(f"seed: {result.seed} (`--seed {result.seed}` tries the same orders again)")
    else:
        streams.say(f"{style('proven', fg='green', bold=True)}: {subject}, {tried}")
        streams.say(f"seed: {result.seed}")
        if record is not None:
            streams.say(f"recorded in {record}: `changelog update --require-proof {record}` refuses anything else")


def _show_finding(streams: Streams, finding: Finding) -> None:
    place = f" ({finding.file}:{finding.line})" if finding.file else ""
    streams.say(f"{style(finding.kind.value, fg='red', bold=True)}: {plain(finding.message)}{place}")
    for line in finding.difference:
        streams.say(f"    {plain(line)}")
    if finding.remedy:
        streams.say("  remedy, in the changelog:")
        streams.say("".join(f"    {line}\n" for line in finding.remedy.splitlines()).rstrip("\n"))
    streams.say()


def show_drift(streams: Streams, result: DriftResult) -> None:
    """What differs, line by line; then what was compared."""
    for line in result.differences:
        streams.say(plain(line))
    if result.differences:
        streams.say()
    for note in result.notes:
        streams.say(f"note: {plain(note)}")
    compared = f"{database(result.database)} with its {count_of(result.changesets, 'changeset')}"
    if result.differences:
        found = style(count_of(len(result.differences), "difference"), fg="red", bold=True)
        streams.say(f"{found}: {compared}, rebuilt on {result.rebuilt_on}")
        streams.say("make a changeset of what is to stay, and undo the rest by hand")
    else:
        streams.say(f"{style('no drift', fg='green', bold=True)}: {compared}, rebuilt on {result.rebuilt_on}")


def render_junit(result: VerifyResult) -> str:
    """A test case for each changeset, and one for each finding that is none's."""
    by_changeset: dict[str, list[Finding]] = {name: [] for name in result.changesets}
    for finding in result.findings:
        by_changeset.setdefault(finding.changeset or finding.message, []).append(finding)
    failures = sum(bool(found) for found in by_changeset.values())
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="changelog verify" tests="{len(by_changeset)}" failures="{failures}" errors="0" skipped="0">',
    ]
    for name, found in by_changeset.items():
        case = f'  <testcase classname="changelog.verify" name={quoteattr(_xml(name))}'
        if not found:
            lines.append(f"{case}/>")
            continue
        lines.append(f"{case}>")
        for finding in found:
            detail = "\n".join((*finding.difference, finding.remedy))
            message = quoteattr(_xml(finding.message))
            lines.append(f'    <failure type="{finding.kind}" message={message}>{escape(_xml(detail))}</failure>')
        lines.append("  </testcase>")
    return "\n".join((*lines, "</testsuite>"))


def _xml(text: str) -> str:
    """The text without what XML cannot hold."""
    return plain(text).replace("\ufffe", "").replace("\uffff", "")
