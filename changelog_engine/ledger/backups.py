"""What the ledger's rows say of backups that were made for rollbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

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
    c = ledger.tables.ledger.c
    query = (
        sa.select(c.seq, c.changelog, c.changeset_id, c.deployment_id, c.recorded_at, c.rollback)
        .where(c.rollback.like('{"kind": "backup"%'))
        .order_by(c.seq)
    )
    found = []
    for seq, changelog, changeset, deployment, at, text in ledger.session.run(query):
        backup = StoredRollback.from_json(text).backup or {}
        if "place" in backup:
            found.append(RecordedBackup(seq, changelog, changeset, deployment, at, backup))
    return tuple(found)
