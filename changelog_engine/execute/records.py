"""What a run writes to the ledger: steps and their outcomes as entries. Pure, given the facts of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from changelog_engine.changelog.expressions import render_expression
from changelog_engine.ledger.entries import Direction, Entry, Event, Recorded, text_digest
from changelog_engine.plan.steps import Action, Step, content_of


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Who runs, what and as what: the columns that all rows of a run have in common."""

    deployment: str
    contexts: str
    db_user: str
    os_user: str
    host: str
    tool_version: str
    parameters: tuple[str, ...] = ()
    """The names of the parameters that have a value."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def redact(self, text: str) -> str:
        """The text with the values of secret parameters replaced by ``${name}``."""
        for name, value in sorted(self.secrets.items(), key=lambda item: -len(item[1])):
            if value:
                text = text.replace(value, f"${{{name}}}")
        return text


def timestamp(moment: datetime) -> str:
    """A moment in UTC as the ledger writes it, in microseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def direction_of(step: Step) -> Direction:
    return Direction.ROLLBACK if step.action in (Action.ROLLBACK, Action.UNMARK) else Direction.APPLY


def plain_entry(event: Event, run: RunFacts, **columns: Any) -> Entry:
    """A row with the run's columns filled in."""
    return Entry(
        event,
        deployment_id=run.deployment,
        run_contexts=run.contexts,
        db_user=run.db_user,
        os_user=run.os_user,
        host=run.host,
        tool_version=run.tool_version,
        **columns,
    )


def done_entry(event: Event, step: Step, run: RunFacts, *, duration_ms: int | None, detail: Mapping[str, Any]) -> Entry:
    """The row that records a step as done: with its text, statements and rollback where it applied something."""
    entry = step_entry(event, step, run, detail)
    is_undoing = direction_of(step) is Direction.ROLLBACK
    return replace(
        entry,
        statement_count=len(step.statements),
        duration_ms=duration_ms,
        content=content_of(step.statements) if step.statements else None,
        source=step.changeset.source if step.changeset and not is_undoing else None,
        rollback=step.rollback.to_json() if step.rollback and not is_undoing else None,
    )


def marked_entry(step: Step, run: RunFacts, *, by: str, reason: str) -> Entry:
    """``marked``: as good as applied (``by`` the command), or passed over for good (``by`` a precondition: nothing to
    undo).
    """
    entry = done_entry(Event.MARKED, step, run, duration_ms=None, detail={"by": by, "reason": run.redact(reason)})
    return replace(entry, content=None, rollback=None if by == "precondition" else entry.rollback)


def started_entry(step: Step, run: RunFacts, done: tuple[str, ...], *, outside: int | None) -> Entry:
    """``started``: ``done`` are the digests of what is done before; ``outside`` is the statement (from 0) that is
    about to run outside of a transaction, None while none is: a run that dies then has left nothing in between.
    """
    detail: dict[str, Any] = {"statements": [statement.template for statement in step.statements], "done": list(done)}
    if outside is not None:
        detail["outside"] = outside
    entry = done_entry(Event.STARTED, step, run, duration_ms=None, detail=detail)
    return replace(entry, direction=direction_of(step), content=None)


def statement_entry(step: Step, run: RunFacts, index: int, *, duration_ms: int | None) -> Entry:
    """``statement_done``: the statement ``index`` (from 0) is done."""
    template = step.statements[index].template
    detail = {"statement": index + 1, "digest": text_digest(template)}
    entry = replace(step_entry(Event.STATEMENT_DONE, step, run, detail), direction=direction_of(step))
    return replace(entry, duration_ms=duration_ms, content=template)


def failed_entry(step: Step, run: RunFacts, facts: Mapping[str, Any]) -> Entry:
    """``failed``: ``facts`` say at which statement (from 1), and what the database said."""
    detail = {key: run.redact(value) if isinstance(value, str) else value for key, value in facts.items()}
    return replace(step_entry(Event.FAILED, step, run, detail), direction=direction_of(step))


def renamed_entries(before: Recorded, kept: Entry, new: str, run: RunFacts) -> tuple[Entry, Entry]:
    """The leaving of the earlier id and the arrival under the new one, which keeps what ``kept``, its row until now,
    holds.
    """
    detail = {
        "from": before.id,
        "applied_seq": before.applied_seq,
        "applied_at": before.applied_at,
        "deployment": before.deployment,
        "by": "precondition" if before.marked else None,
    }
    leaving = plain_entry(Event.RENAMED, run, changeset_id=before.id, detail=to_json({"to": new}))
    arrival = plain_entry(Event.RENAMED, run, changeset_id=new, checksum=before.checksum, detail=to_json(detail))
    return leaving, replace(_with_declaration(arrival, kept), content=kept.content)


def resolved_entry(event: Event, doubtful: Entry, run: RunFacts) -> Entry:
    """``resolved_applied`` or ``resolved_not_applied``: settles what the ``started`` row ``doubtful`` began."""
    entry = plain_entry(event, run, changeset_id=doubtful.changeset_id, checksum=doubtful.checksum, detail=None)
    return replace(_with_declaration(entry, doubtful), direction=doubtful.direction)


def _with_declaration(entry: Entry, kept: Entry) -> Entry:
    """The entry with all that an earlier row of the changeset keeps of its declaration, its edges and its rollback."""
    names = ("depends_on", "author", "description", "file", "labels", "contexts", "source", "rollback")
    return replace(entry, **{name: getattr(kept, name) for name in names})


def step_entry(event: Event, step: Step, run: RunFacts, detail: Mapping[str, Any]) -> Entry:
    """A row about a step's changeset, with what the changelog declares of it."""
    changeset = step.changeset
    edges = [{"id": edge.changeset, "strength": edge.strength} for edge in step.edges]
    return plain_entry(
        event,
        run,
        changeset_id=step.id,
        checksum=step.checksum,
        depends_on=to_json(edges),
        author=changeset.author if changeset else None,
        description=changeset.description if changeset else None,
        file=changeset.location.file if changeset else None,
        labels=",".join(changeset.labels) if changeset else None,
        contexts=render_expression(changeset.contexts) if changeset and changeset.contexts else None,
        detail=to_json(detail) if detail else None,
    )


def tag_entry(event: Event, name: str, run: RunFacts, *, declared: bool, changesets: tuple[str, ...]) -> Entry:
    """``tagged`` or ``untagged``, with the set that the tag stands for."""
    return plain_entry(event, run, tag=name, detail=to_json({"declared": declared, "changesets": sorted(changesets)}))


def to_json(value: object) -> str:
    """A ``detail`` or ``depends_on`` as the ledger keeps it."""
    return json.dumps(value, ensure_ascii=False)
