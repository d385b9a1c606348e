"""What a crash left of changesets outside of a transaction: settled where the database can tell, else left in doubt."""

from __future__ import annotations

from dataclasses import replace

from changelog_engine.databases.database import Settled
from changelog_engine.errors import StatementError
from changelog_engine.execute import records
from changelog_engine.execute.worker import Worker
from changelog_engine.ledger.entries import Event, LedgerState, Recorded, text_digest
from changelog_engine.sql.standing import sets_session
from changelog_engine.sql.templates import fill


def settle_doubts(worker: Worker, state: LedgerState) -> tuple[str, ...]:
    """Ask the database about each statement that ran bare when its run died, and record what it says.

    Under the lock only. Gives what was settled, in words; read the state again where that is anything.
    """
    said = []
    for row in state:
        if row.progress is not None and row.progress.died_outside:
            words = _settle(worker, row)
            if words is not None:
                said.append(words)
    return tuple(said)


def _settle(worker: Worker, row: Recorded) -> str | None:
    progress = row.progress
    assert progress is not None
    template = progress.stopped_at
    if template is None:
        return None
    try:
        # Names in the statement are to mean what they meant when it was run.
        for earlier in progress.statements[: len(progress.statements_done)]:
            if sets_session(earlier):
                worker.session.execute(fill(earlier, worker.run.secrets))
        settled = worker.session.settle(fill(template, worker.run.secrets))
    except StatementError:
        return None
    finally:
        worker.session.renew()
    number = len(progress.statements_done) + 1
    begun = worker.ledger.read_entry(progress.seq)
    blank = replace(
        begun, event=Event.FAILED, content=None, source=None, rollback=None, deployment_id=worker.run.deployment
    )
    match settled:
        case Settled.UNKNOWN:
            return None
        case Settled.DONE:
            detail = {"statement": number, "digest": text_digest(template), "settled": True}
            worker.record_alone(
                replace(blank, event=Event.STATEMENT_DONE, content=template, detail=records.to_json(detail))
            )
            return f"`{row.id}`: a run died at statement {number}; the database says that it was done"
        case Settled.NOT_DONE:
            words = f"the run died at statement {number}; the database says that it was not done"
            detail = {"statement": number, "message": words, "settled": True}
            worker.record_alone(replace(blank, detail=records.to_json(detail)))
            return f"`{row.id}`: {words}"
