"""What a first look at a ledger asks and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from changelog_engine.databases.database import Row, Session

LOOKED_AT = ("layout", "head_seq", "head_hash", "complete")


@dataclass(frozen=True, slots=True)
class LedgerNames:
    """Where a ledger is: ``schema`` None is the connection's own."""

    schema: str | None
    lock: str
    ledger: str


@dataclass(frozen=True, slots=True)
class Looked:
    """``row``: layout, head_seq, head_hash and complete of the lock row, and seq and hash of the ledger's last row.

    None where there is no ledger. ``open`` gives a session that writes, over the same connection where there is one;
    whoever does not call it calls ``close``.
    """

    row: Row | None
    open: Callable[[], Session]
    close: Callable[[], None]


def look_sql(names: LedgerNames, quote: Callable[[str], str], further: str = "") -> str:
    """The query that a look asks; ``further`` are more columns of the lock row's."""
    lock, ledger = (
        ".".join(quote(part) for part in (names.schema, name) if part) for name in (names.lock, names.ledger)
    )
    return (
        f"SELECT {', '.join(LOOKED_AT)}, (SELECT max(seq) FROM {ledger}), "
        f"(SELECT hash FROM {ledger} ORDER BY seq DESC LIMIT 1){further} FROM {lock} WHERE id = 1"
    )
