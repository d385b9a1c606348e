"""Backups for people: a row each, and what to do about those that are not as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click import style

from changelog_engine.cli.tables import show_table
from changelog_engine.cli.wording import count_of, moment, size

if TYPE_CHECKING:
    from changelog_engine.cli.streams import Streams
    from changelog_engine.findings import BackupsResult, BackupStatus


def show_backups(streams: Streams, result: BackupsResult, *, is_pruned: bool) -> None:
    """What is there now, and what was deleted."""
    if is_pruned:
        _show_pruned(streams, result)
    elif not result.backups and not result.leftovers:
        streams.say("no backups; `rollback: {backup: {tables: [...]}}` in a changeset makes one")
        return
    if result.backups:
        headings = ("CHANGESET", "WHAT", "MADE", ">SIZE", "SHA-256", "STATE", "PLACE")
        show_table(streams, headings, [_row(backup) for backup in result.backups])
    faults = {backup: backup.fault or f"{backup.place} is missing" for backup in result.backups if _is_faulty(backup)}
    for backup, fault in faults.items():
        streams.out(f"{style('not as it was:', fg='red', bold=True)} `{backup.changeset}`: {fault}")
    if faults:
        streams.say(
            "a rollback by it is refused, and changes nothing; a file can be put back at its place, the rows of a copy "
            "are only in an older backup of the database: find them before they are needed"
        )
    for place in result.leftovers:
        streams.out(f"left by a run that was killed, and needed by nothing: {place}")
    if result.leftovers:
        streams.say("`changelog backups --prune` deletes that")


def _is_faulty(backup: BackupStatus) -> bool:
    return backup.fault is not None or not backup.present


def _row(backup: BackupStatus) -> tuple[str, ...]:
    what = ", ".join(backup.tables) or "the database"
    state = "missing" if not backup.present else "damaged" if backup.fault else "needed" if backup.needed else "free"
    if backup.verified and not backup.fault:
        state += ", verified"
    return backup.changeset, what, moment(backup.at), size(backup.size), backup.sha256, state, backup.place


def _show_pruned(streams: Streams, result: BackupsResult) -> None:
    for backup in result.pruned:
        needed = "; the changeset can no longer be rolled back" if backup.needed else ""
        streams.out(f"deleted the backup of `{backup.changeset}` ({size(backup.size)}){needed}")
    for place in result.cleaned:
        streams.out(f"deleted what a killed run had left: {place}")
    streams.say(f"{count_of(len(result.pruned), 'backup')} deleted, {len(result.backups)} kept")
