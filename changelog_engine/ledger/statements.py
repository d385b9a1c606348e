"""The ledger's own statements, as templates: ``{ledger}`` is a table of it, ``:name`` a value to be bound."""

from __future__ import annotations

from changelog_engine.ledger.entries import COLUMNS, DIGESTED, Event
from changelog_engine.ledger.tables import STATE_COLUMNS

LISTED = tuple(name for name in COLUMNS if name not in DIGESTED)
"""The columns that a list of rows shows: all but the long texts."""

PAGE = 500
"""Rows that are asked for at once."""

_ALL = ", ".join(COLUMNS)
_OF_CHANGESET = "FROM {ledger} WHERE changelog = :changelog AND changeset_id = :changeset"

HEAD = "SELECT layout, head_seq, head_hash FROM {lock} WHERE id = 1"
# One statement, for one moment: without the lock, somebody may be writing.
HEAD_AND_LAST = (
    f"SELECT k.head_seq, k.head_hash, {', '.join(f'r.{name}' for name in COLUMNS)} FROM {{lock}} k "
    "LEFT JOIN {ledger} r ON r.seq = (SELECT max(seq) FROM {ledger}) WHERE k.id = 1"
)
HEAD_AND_MOMENT = (
    "SELECT k.head_seq, k.head_hash, r.recorded_at FROM {lock} k LEFT JOIN {ledger} r ON r.seq = k.head_seq "
    "WHERE k.id = 1"
)
ANY_ROW = "SELECT seq FROM {ledger} LIMIT 1"
STATE = f"SELECT {', '.join(STATE_COLUMNS)} FROM {{state}} WHERE changelog = :changelog"
TAGS = (
    "SELECT seq, event, tag, recorded_at, detail FROM {ledger} WHERE changelog = :changelog AND tag IS NOT NULL "
    "ORDER BY seq"
)
PROGRESS = f"SELECT event, direction, statement_count, detail {_OF_CHANGESET} AND seq >= :since ORDER BY seq"
BEGUN_ROLLBACK = (
    f"SELECT rollback {_OF_CHANGESET} AND event = '{Event.STARTED}' AND rollback IS NOT NULL ORDER BY seq DESC LIMIT 1"
)
TEXTS = (
    f"SELECT source, content {_OF_CHANGESET} AND event <> '{Event.STARTED}' AND source IS NOT NULL "
    "ORDER BY seq DESC LIMIT 1"
)
HISTORY = f"SELECT {', '.join(LISTED)} FROM {{ledger}} WHERE changelog = :changelog ORDER BY seq"
ENTRY = f"SELECT {_ALL} FROM {{ledger}} WHERE seq = :seq"
ENTRIES = f"SELECT {_ALL} FROM {{ledger}} WHERE seq > :after ORDER BY seq LIMIT {PAGE}"
BACKUPS = (
    "SELECT seq, changelog, changeset_id, deployment_id, recorded_at, rollback FROM {ledger} "
    "WHERE rollback LIKE :pattern ORDER BY seq"
)

ADVANCE = "UPDATE {lock} SET head_seq = :seq, head_hash = :hash WHERE id = 1"
KEEP_COMPLETE = "UPDATE {lock} SET complete = :complete WHERE id = 1 AND head_seq = :seq"

HOLDER = "SELECT host, process, os_user, command, since FROM {lock} WHERE id = 1"
HOLD = (
    "UPDATE {lock} SET host = :host, process = :process, os_user = :os_user, command = :command, since = :since "
    "WHERE id = 1"
)


def insert(elapsed_ms: str | None = None) -> str:
    """What adds a row; with SQL for the milliseconds of the transaction these are its ``duration_ms``, and given
    back.
    """
    values = ", ".join(f":{name}" if elapsed_ms is None or name != "duration_ms" else elapsed_ms for name in COLUMNS)
    returning = "" if elapsed_ms is None else " RETURNING duration_ms"
    return f"INSERT INTO {{ledger}} ({_ALL}) VALUES ({values}){returning}"


def column_of(name: str, count: int) -> str:
    """One column of the rows whose numbers are bound as ``n0`` to ``n{count - 1}``."""
    places = ", ".join(f":n{number}" for number in range(count))
    return f"SELECT seq, {name} FROM {{ledger}} WHERE seq IN ({places})"
