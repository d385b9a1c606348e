"""Rows of the ledger's table and view as values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from changelog_engine.databases.database import Row
from changelog_engine.ledger.entries import Direction, Entry, Event, Progress, Recorded


def progress_of(seq: int, rows: Sequence[Row]) -> Progress:
    """How far a changeset came, from the event, direction, statement_count and detail of its rows since ``started``."""
    (_, direction, count, detail), *later = rows
    begun = json.loads(detail)
    done, outside = list(begun["done"]), begun.get("outside")
    progress = Progress(Direction(direction), seq, count, statements=tuple(begun["statements"]))
    # A run that is at work may have added other rows since the state was read.
    for event, _, _, text in later:
        if event == Event.STATEMENT_DONE:
            done.append(json.loads(text)["digest"])
        elif event == Event.FAILED:
            facts = json.loads(text)
            checks_failed = facts.get("checks_failed", False)
            progress = replace(progress, failed=facts["message"], checks_failed=checks_failed)
    is_certain = outside is None or len(done) > outside
    return replace(progress, statements_done=tuple(done), died_outside=not is_certain and progress.failed is None)


def recorded_of(values: Mapping[str, Any], progress: Progress | None) -> Recorded:
    """A row of ``changelog_state``, by its column names; one that was renamed keeps when it was applied."""
    applied_seq, applied_at, deployment = values["applied_seq"], values["applied_at"] or "", values["deployment_id"]
    detail = json.loads(values["applied_detail"]) if values["applied_detail"] else {}
    if values["applied_event"] == Event.RENAMED:
        applied_seq, applied_at, deployment = detail["applied_seq"], detail["applied_at"], detail["deployment"]
    depends_on = json.loads(values["depends_on"]) if values["depends_on"] else []
    return Recorded(
        id=values["changeset_id"],
        event=Event(values["event"]),
        seq=values["seq"],
        checksum=values["checksum"],
        applied_seq=applied_seq,
        applied_at=applied_at,
        deployment=deployment,
        rollback_seq=values["rollback_seq"],
        depends_on=tuple((edge["id"], edge["strength"]) for edge in depends_on),
        marked=detail.get("by") == "precondition" and values["rerun_at"] is None,
        rerun_at=values["rerun_at"],
        progress=progress,
    )


def entry_of(names: tuple[str, ...], row: Row) -> Entry:
    """A row of ``changelog_ledger`` that has the columns ``names``."""
    values = dict(zip(names, row, strict=True))
    values["event"] = Event(values["event"])
    values["direction"] = Direction(values["direction"]) if values["direction"] else None
    return Entry(**values)
