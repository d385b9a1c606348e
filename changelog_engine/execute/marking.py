"""Changing the record without running anything: tags by hand, marks, accepted checksums, settled doubts."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from changelog_engine.errors import UsageError
from changelog_engine.execute import records
from changelog_engine.execute.worker import Worker
from changelog_engine.ledger.entries import Event, LedgerState
from changelog_engine.plan.steps import Step
from changelog_engine.results import TagStatus

_TAG_NAME = re.compile(r"[A-Za-z0-9._/-]{1,255}")


def check_new_tag(name: str, declared: Collection[str], state: LedgerState, *, force: bool) -> None:
    """Raise UsageError where a tag cannot be set by hand."""
    if _TAG_NAME.fullmatch(name) is None:
        raise UsageError(
            f"`{name}` is no name of a tag",
            hint="letters, digits and `. _ - /`, at most 255: as for the ids of changesets",
        )
    if name in declared:
        raise UsageError(
            f"tag `{name}` is declared in the changelog, and is recorded by `changelog update`",
            hint="choose another name",
        )
    if name in state.tags and not force:
        raise UsageError(
            f"tag `{name}` was set at {state.tags[name].at} already; nothing was changed",
            hint=f"choose another name, or move it with `changelog tag {name} --force`",
        )


def set_tag(name: str, worker: Worker, state: LedgerState) -> TagStatus:
    """Record a tag that stands for all that is applied."""
    changesets = tuple(sorted(row.id for row in state if row.was_applied))
    worker.record_alone(records.tag_entry(Event.TAGGED, name, worker.run, declared=False, changesets=changesets))
    return TagStatus(name, False, worker.now(), changesets)


def remove_tag(name: str, declared: Collection[str], worker: Worker, state: LedgerState) -> TagStatus:
    """Record that a tag stands for nothing any more. Raises UsageError where it is not set, or still declared."""
    tag = state.tags.get(name)
    if name in declared and (tag is None or tag.declared):
        raise UsageError(
            f"tag `{name}` is declared in the changelog, so the next update would record it anew; nothing was changed",
            hint="take it out of the changelog, then delete it",
        )
    if tag is None:
        known = ", ".join(f"`{known}`" for known in sorted(state.tags)) or "none"
        raise UsageError(f"there is no recorded tag `{name}`; nothing was changed", hint=f"recorded tags: {known}")
    changesets = tuple(sorted(tag.changesets))
    worker.record_alone(
        records.tag_entry(Event.UNTAGGED, name, worker.run, declared=tag.declared, changesets=changesets)
    )
    return TagStatus(name, tag.declared, None, changesets)


def mark(worker: Worker, steps: tuple[Step, ...]) -> None:
    """Record the steps' changesets as applied, all or none."""
    with worker.transaction():
        for step in steps:
            worker.record(records.marked_entry(step, worker.run, by="command", reason="marked by `mark-applied`"))


def unmark(worker: Worker, steps: tuple[Step, ...]) -> None:
    """Take the steps' changesets off the record, all or none."""
    with worker.transaction():
        for step in steps:
            worker.record(
                records.done_entry(Event.UNMARKED, step, worker.run, duration_ms=None, detail={"by": "command"})
            )


def accept(worker: Worker, steps: tuple[Step, ...]) -> None:
    """Record the steps' present checksums and texts as the right ones; the rollbacks kept so far stay."""
    with worker.transaction():
        for step in steps:
            entry = records.done_entry(Event.CHECKSUM_ACCEPTED, step, worker.run, duration_ms=None, detail={})
            worker.record(replace(entry, content=None, rollback=None))


def settle(changeset: str, event: Event, worker: Worker, state: LedgerState) -> None:
    """Record what a person says of a changeset in doubt. Raises UsageError where it is in no doubt."""
    row = state.recorded.get(changeset)
    if row is None or row.progress is None:
        doubtful = ", ".join(f"`{other.id}`" for other in state if other.is_in_doubt) or "none"
        raise UsageError(f"changeset `{changeset}` is not in doubt; nothing was changed", hint=f"in doubt: {doubtful}")
    doubtful_entry = worker.ledger.read_entry(row.progress.seq)
    worker.record_alone(records.resolved_entry(event, doubtful_entry, worker.run))
