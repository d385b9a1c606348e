"""What a rollback is aimed at: a tag, a number, a moment, a deployment, a selection or everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from changelog_engine.errors import UsageError
from changelog_engine.ledger.entries import Recorded, RecordedTag
from changelog_engine.nearest import did_you_mean
from changelog_engine.plan.request import (
    AppliedAfter,
    Everything,
    LastApplied,
    OfDeployment,
    RollbackTarget,
    Selected,
    ToTag,
)
from changelog_engine.plan.state import Situation
from changelog_engine.plan.stepping import listed


@dataclass(frozen=True, slots=True)
class Targets:
    """``reason`` is why each is to be undone, ``target`` what this goes back to, for people."""

    ids: frozenset[str]
    reason: str
    target: str
    notes: tuple[str, ...] = ()


def find_targets(situation: Situation, present: Mapping[str, Recorded], target: RollbackTarget) -> Targets:
    """The recorded changesets that a target names. Raises UsageError for what does not exist: never 'everything'."""
    match target:
        case ToTag(name):
            return _to_tag(_recorded_tag(situation, name), present)
        case LastApplied(count):
            return _last_applied(present, count)
        case AppliedAfter(when):
            return _applied_after(present, when)
        case OfDeployment(deployment):
            return _of_deployment(present, deployment)
        case Selected(selector):
            return _selected(situation, present, selector)
        case Everything():
            return Targets(frozenset(present), "everything is rolled back", "the state before the first changeset")
        case _:
            assert_never(target)


def _recorded_tag(situation: Situation, name: str) -> RecordedTag:
    tags = situation.ledger.tags
    if name in tags:
        return tags[name]
    if name in situation.graph.tags:
        raise UsageError(
            f"tag `{name}` is declared in the changelog and was never recorded in this database, as not all that "
            "stands above it has been applied",
            hint=f"`changelog update --to-tag {name}` applies it",
        )
    raise UsageError(
        f"there is no tag `{name}`", hint=did_you_mean(name, sorted(tags)) or "`changelog tag --list` shows the tags"
    )


def _to_tag(tag: RecordedTag, present: Mapping[str, Recorded]) -> Targets:
    gone = sorted(tag.changesets - present.keys())
    rerun = sorted(name for name in tag.changesets & present.keys() if (present[name].rerun_at or "") > tag.at)
    notes = []
    if gone:
        verb = "was" if len(gone) == 1 else "were"
        notes.append(f"{listed(gone)} {verb} applied at tag `{tag.name}` and rolled back since; this is not put back")
    if rerun:
        verb = "was" if len(rerun) == 1 else "were"
        notes.append(f"{listed(rerun)} {verb} run again since tag `{tag.name}`; this is left as it is")
    ids = frozenset(present.keys() - tag.changesets)
    return Targets(ids, f"not part of tag `{tag.name}`", f"tag `{tag.name}`", tuple(notes))


def _last_applied(present: Mapping[str, Recorded], count: int) -> Targets:
    if count < 1:
        raise UsageError(f"`--count {count}` rolls nothing back", hint="give a number from 1")
    newest_first = sorted(
        (row for row in present.values() if row.was_applied), key=lambda row: row.applied_seq, reverse=True
    )
    chosen = frozenset(row.id for row in newest_first[:count])
    notes = (f"only {len(chosen)} of {count} are there to be rolled back",) if 0 < len(chosen) < count else ()
    noun = "changeset" if count == 1 else f"{count} changesets"
    return Targets(chosen, f"among the {count} last applied", f"the state before the last {noun}", notes)


def _applied_after(present: Mapping[str, Recorded], when: datetime) -> Targets:
    moment = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    shown = moment.replace(".000000Z", "Z")
    ids = frozenset(row.id for row in present.values() if not row.applied_at or row.applied_at > moment)
    return Targets(ids, f"applied after {shown}", f"the state at {shown} (UTC)")


def _of_deployment(present: Mapping[str, Recorded], deployment: str) -> Targets:
    ids = frozenset(row.id for row in present.values() if row.deployment == deployment)
    if not ids:
        known = sorted({row.deployment for row in present.values() if row.deployment})
        raise UsageError(
            f"nothing that is applied now was applied by a deployment `{deployment}`",
            hint=did_you_mean(deployment, known) or "`changelog history` shows the deployments",
        )
    return Targets(ids, f"applied by deployment {deployment}", f"the state without deployment {deployment}")


def _selected(situation: Situation, present: Mapping[str, Recorded], selector: str) -> Targets:
    chosen = situation.select(selector)
    not_applied = sorted(chosen - present.keys())
    verb = "is" if len(not_applied) == 1 else "are"
    notes = (f"{listed(not_applied)} {verb} not applied",) if not_applied else ()
    return Targets(chosen & present.keys(), "selected", f"the state without `{selector}`", notes)
