"""Locks by ``GET_LOCK``: they are the server's, die with their session, and can be handed from a session to the next.

A lock is two names. Who wants it takes the gate first, then the lock, and leaves the gate: so a session that takes the
gate while it holds the lock can let another connection of its own have it, and nobody comes in between.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from changelog_engine.databases.database import Row
from changelog_engine.errors import DatabaseError

Ask = Callable[..., Sequence[Row]]
"""A query with ``%s`` and its values; gives the rows."""

_GATE_SECONDS = 30.0
_PAUSE = 0.005


@dataclass(frozen=True, slots=True)
class LockNames:
    """What a lock is called on the server, where names are shared by all databases and have at most 64 characters."""

    gate: str
    lock: str


def lock_names(name: str) -> LockNames:
    """Frozen, for engines of different versions must exclude each other.

    The first 20 bytes of the SHA-256 of ``changelog-engine:`` and the name in UTF-8, as hexadecimal digits, after
    ``changelog-gate:`` and ``changelog-lock:``.
    """
    digest = hashlib.sha256(f"changelog-engine:{name}".encode()).hexdigest()[:40]
    return LockNames(f"changelog-gate:{digest}", f"changelog-lock:{digest}")


def take(ask: Ask, name: str) -> bool:
    """Take the lock without waiting; False where somebody has it or is about to."""
    names = lock_names(name)
    if not _get(ask, names.gate):
        return False
    try:
        return _get(ask, names.lock)
    finally:
        _release(ask, names.gate)


def give_back(ask: Ask, name: str) -> None:
    _release(ask, lock_names(name).lock)


def is_taken(ask: Ask, name: str) -> bool:
    return bool(ask("SELECT IS_USED_LOCK(%s) IS NOT NULL", lock_names(name).lock)[0][0])


def hand_over(before: Ask, after: Ask, name: str) -> None:
    """Let the session ``after`` have the lock that ``before`` has. Raises DatabaseError where it had it no more."""
    names = lock_names(name)
    deadline = time.monotonic() + _GATE_SECONDS
    # Others hold the gate for the moment in which they see that the lock is taken.
    while not _get(after, names.gate):
        if time.monotonic() > deadline:
            raise DatabaseError(
                "the lock could not be handed to a new session", hint="run it again: it goes on from here"
            )
        time.sleep(_PAUSE)
    _release(before, names.lock)
    has_it = _get(after, names.lock)
    _release(after, names.gate)
    if not has_it:
        raise DatabaseError(
            "a statement released the lock of this run, and somebody else has taken it",
            hint="leave out RELEASE_ALL_LOCKS()",
        )


def count_own_question(names: Sequence[str]) -> str:
    """SQL for how many of the locks this session holds."""
    # The names are of our own making, and without quotation marks.
    tests = [f"COALESCE(IS_USED_LOCK('{lock_names(name).lock}') = CONNECTION_ID(), 0)" for name in names]
    return " + ".join(tests) or "0"


def _get(ask: Ask, name: str) -> bool:
    return bool(ask("SELECT GET_LOCK(%s, 0)", name)[0][0])


def _release(ask: Ask, name: str) -> None:
    ask("SELECT RELEASE_LOCK(%s)", name)
