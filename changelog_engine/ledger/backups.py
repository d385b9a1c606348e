"""What the ledger's rows say of backups that were made for rollbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from changelog_engine.ledger import statements as sql
from changelog_engine.ledger.entries import StoredRollback
from changelog_engine.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class RecordedBackup:
    """A row that keeps a rollback by backup: of which changeset and run, and when it was recorded."""

    seq: int
    changelog: str
    changeset: str
    deployment: str
    at: str
    backup: Mapping[str, Any]


def read_backups(ledger: Ledger) -> tuple[RecordedBackup, ...]:
    """The rows of every changelog of the ledger that keep a backup which was made, oldest first."""
    found = []
    rows = ledger.run(sql.BACKUPS, pattern='{"kind": "backup"%')
    for seq, changelog, changeset, deployment, at, text in rows:
        backup = StoredRollback.from_json(text).backup or {}
        if "place" in backup:
            found.append(RecordedBackup(seq, changelog, changeset, deployment, at, backup))
    return tuple(found)
