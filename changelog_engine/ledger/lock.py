"""The lock: who works on this database now. A lock of the database excludes others; the lock row only informs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from changelog_engine.errors import DatabaseError, LockNotObtainedError
from changelog_engine.ledger import statements as sql
from changelog_engine.ledger.ledger import Ledger

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 1.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, as the lock row says; ``since`` is UTC."""

    host: str
    process: int
    os_user: str
    command: str
    since: str

    def __str__(self) -> str:
        return f"{self.os_user}@{self.host} (process {self.process}, `{self.command}`, since {self.since})"


def read_holder(ledger: Ledger) -> Holder | None:
    """Whom the lock row names; None where it names nobody or there is no ledger."""
    try:
        rows = ledger.run(sql.HOLDER)
    except DatabaseError:
        return None
    if not rows or rows[0][0] is None:
        return None
    return Holder(*rows[0])


def write_holder(ledger: Ledger, holder: Holder | None) -> None:
    """Name the holder in the lock row, or nobody."""
    names = ("host", "process", "os_user", "command", "since")
    ledger.run(sql.HOLD, **{name: getattr(holder, name) if holder else None for name in names})


@contextmanager
def hold_lock(ledger: Ledger, wait_seconds: float, waiting: Callable[[str, float], None]) -> Iterator[None]:
    """Hold the lock for the block.

    It is polled for in autocommit with no transaction open: a session that blocks in the server would be taken for a
    deadlock by the ``CREATE INDEX CONCURRENTLY`` of the holder, and an open transaction would stall that index.
    ``waiting`` is told who holds it and the seconds waited, before each pause, and may raise to give up. Raises
    LockNotObtainedError after ``wait_seconds``.
    """
    _take(ledger, wait_seconds, waiting)
    try:
        yield
    finally:
        with suppress(DatabaseError):  # a lost connection has lost its lock too, and must not hide what lost it
            write_holder(ledger, None)
        with suppress(DatabaseError):
            ledger.session.unlock(ledger.tables.lock_name)


def _take(ledger: Ledger, wait_seconds: float, waiting: Callable[[str, float], None]) -> None:
    started, pause = time.monotonic(), FIRST_PAUSE
    while not ledger.session.try_lock(ledger.tables.lock_name):
        waited = time.monotonic() - started
        holder = read_holder(ledger)
        who = str(holder) if holder else "another process"
        if waited >= wait_seconds:
            raise LockNotObtainedError(
                f"the lock on {ledger.session.location} is held by {who}; waited {waited:.0f} s, nothing was run",
                hint="try again when it is done, or wait longer with `--lock-wait SECONDS`; `changelog lock` "
                "shows who holds it",
                facts={"holder": who, "waited_seconds": round(waited, 1)},
            )
        waiting(who, waited)
        time.sleep(min(pause, max(wait_seconds - waited, 0.001)))
        pause = min(pause * 2, LONGEST_PAUSE)
