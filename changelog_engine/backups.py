"""Backups that rollbacks may need: listed from the ledger, read back and compared with it, and pruned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from changelog_engine.databases.backup import BackupError, Backups, Saved, Wanted
from changelog_engine.databases.backup_files import show_size
from changelog_engine.errors import PlanRefusedError, StatementError, UsageError
from changelog_engine.findings import BackupsResult, BackupStatus
from changelog_engine.ledger.backups import RecordedBackup, read_backups
from changelog_engine.ledger.entries import LedgerState
from changelog_engine.plan.steps import Plan, makes_backup, restores_backup
from changelog_engine.run import Run
from changelog_engine.settings_file import Retention


@dataclass(frozen=True, slots=True)
class _Kept:
    """A backup with what the ledger says of it, and whether something that is applied now needs it."""

    row: RecordedBackup
    saved: Saved
    needed: bool


def list_backups(run: Run, state: LedgerState, *, verify: bool) -> BackupsResult:
    """The backups of this changelog that are there or needed, oldest first, and what belongs to none.

    With ``verify`` each is read back and its digest compared with the ledger's. Writes nothing.
    """
    backups, kept, every = _look(run, state)
    statuses = [_status(run, backups, each, verify=verify) for each in kept]
    found = tuple(status for status in statuses if status.present or status.needed)
    with _reading(run):
        left = tuple(backups.leftovers(_place(run), every))
    return BackupsResult(found, left, database=run.session.location)


def prune_backups(
    run: Run, state: LedgerState, retention: Retention, now: datetime, chosen: Collection[str] | None
) -> BackupsResult:
    """Delete the backups that nothing needs and that the retention does not keep, and what belongs to none.

    ``chosen`` are changesets whose backups are deleted instead, needed or not: they cannot be rolled back then. Under
    the lock only. Raises UsageError where none of them has a backup.
    """
    backups, kept, every = _look(run, state)
    with _reading(run):
        there = [each for each in kept if backups.is_there(each.saved)]
        left = () if chosen is not None else tuple(backups.leftovers(_place(run), every))
    doomed = _expired(there, retention, now)
    if chosen is not None:
        doomed = [each for each in there if each.row.changeset in chosen]
    if chosen is not None and not doomed:
        raise UsageError("no backup of what is selected is there", hint="`changelog backups` lists them")
    _delete(run, backups, [each.saved for each in doomed], left)
    stay = tuple(_status(run, backups, each, verify=False) for each in there if each not in doomed)
    gone = tuple(_status(run, backups, each, verify=False) for each in doomed)
    return BackupsResult(stay, (), pruned=gone, cleaned=left, database=run.session.location)


def with_backup_notes(plan: Plan, run: Run) -> Plan:
    """The plan with what it saves before its steps, and how large that may be, as far as is known by now; and with
    what its rollbacks put back.
    """
    notes = []
    for step in plan.steps:
        if step.rollback is None or step.rollback.backup is None:
            continue
        tables = tuple(step.rollback.backup["wanted"])
        what = ", ".join(f"`{table}`" for table in tables) or "all of the database"
        if restores_backup(step):
            notes.append(f"the rollback of `{step.id}` puts {what} back as before it ran, from its backup")
        if not makes_backup(step):
            continue
        backups = run.session.backups
        size = None if backups is None else backups.estimate(tables)
        about = "" if size is None else f" (at most about {show_size(size)})"
        notes.append(f"before `{step.id}` runs, {what} {'are' if len(tables) > 1 else 'is'} backed up{about}")
    return replace(plan, notes=(*plan.notes, *notes))


def _look(run: Run, state: LedgerState) -> tuple[Backups, list[_Kept], list[Saved]]:
    backups = run.session.backups
    if backups is None:
        raise PlanRefusedError(
            f"no backups are made on {run.session.kind}", hint="write rollbacks in SQL for this kind of database"
        )
    rows = read_backups(run.ledger) if state.exists else ()
    needed = {row.rollback_seq for row in state} | {row.progress.seq for row in state if row.progress is not None}
    by_place: dict[str, _Kept] = {}
    for row in rows:
        saved = Saved.from_object(row.backup)
        if row.changelog == run.ledger.changelog:
            earlier = by_place.get(saved.place)
            is_needed = row.seq in needed or (earlier is not None and earlier.needed)
            first = row if earlier is None else replace(earlier.row, changeset=row.changeset)
            by_place[saved.place] = _Kept(first, saved, is_needed)
    return backups, list(by_place.values()), [Saved.from_object(row.backup) for row in rows]


@contextmanager
def _reading(run: Run) -> Iterator[None]:
    """A transaction for looking, whatever is refused in it."""
    run.session.begin()
    try:
        yield
    finally:
        run.session.rollback()


def _status(run: Run, backups: Backups, kept: _Kept, *, verify: bool) -> BackupStatus:
    row, saved = kept.row, kept.saved
    with _reading(run):
        present = backups.is_there(saved)
        fault = _fault(backups, row, saved) if verify and (present or kept.needed) else None
    return BackupStatus(
        row.changeset,
        row.deployment,
        saved.scope,
        saved.wanted,
        saved.place,
        saved.size,
        saved.sha256,
        row.at,
        kept.needed,
        present,
        fault,
        verify,
    )


def _fault(backups: Backups, row: RecordedBackup, saved: Saved) -> str | None:
    try:
        return backups.fault(saved)
    except StatementError as error:
        raise BackupError(
            f"the backup of `{row.changeset}` cannot be read back, so that nothing is known of it: {error.message}",
            hint="run as the role that made it, or grant this one SELECT on it",
        ) from error


def _place(run: Run) -> Wanted:
    tables = run.ledger.tables
    return Wanted(tables.backup_name, (), tables.schema, tables.names, run.backup_folder)


def _expired(there: Sequence[_Kept], retention: Retention, now: datetime) -> list[_Kept]:
    """Those that nothing needs, but for the latest and the youngest that the retention keeps."""
    free = sorted((each for each in there if not each.needed), key=lambda each: each.row.seq, reverse=True)
    since = "9999" if retention.days is None else (now - timedelta(days=retention.days)).strftime("%Y-%m-%dT%H:%M:%S")
    return [each for each in free[retention.keep or 0 :] if each.row.at < since]


def _delete(run: Run, backups: Backups, saved: Sequence[Saved], left: Sequence[str]) -> None:
    run.session.begin()
    try:
        for each in saved:
            backups.remove(each)
        for place in left:
            backups.remove_leftover(place)
        run.session.commit()
    except BackupError:
        run.session.rollback()
        raise
