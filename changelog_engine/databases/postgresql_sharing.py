"""Several sessions of one run on one ledger: who is alive, and whose turn at the chain it is.

All of it is advisory locks of the server, so that its deadlock detector sees a worker that holds a row and waits for
its turn, behind one that waits for that row.
"""

from __future__ import annotations

from collections.abc import Callable

from changelog_engine.databases.postgresql_objects import COUNT_LOCKS, Ask, advisory_lock_test

WORKERS, TURN = "/workers", "/turn"
"""What is added to the name of a ledger's lock: each worker holds the first one shared, the writer of a row the
second.
"""


class PostgresqlSharing:
    """See :class:`~changelog_engine.databases.database.Sharing`; ``key`` makes the number of a lock from its name."""

    def __init__(self, ask: Ask, key: Callable[[str], int]) -> None:
        self._ask = ask
        self._key = key

    def join(self, name: str) -> None:
        self._ask("SELECT pg_advisory_lock_shared(%s::bigint)", self._key(name + WORKERS))

    def take_turn(self, name: str) -> None:
        self._ask("SELECT pg_advisory_xact_lock(%s::bigint)", self._key(name + TURN))

    def hold_turn(self, name: str) -> None:
        self._ask("SELECT pg_advisory_lock(%s::bigint)", self._key(name + TURN))

    def release_turn(self, name: str) -> None:
        self._ask("SELECT pg_advisory_unlock(%s::bigint)", self._key(name + TURN))


def try_lock_sql(workers_key: int, backend: int) -> str:
    """Take the lock with the key ``%s``, unless a worker of an earlier run is still alive.

    NULL, and no lock, where it is not the process ``backend`` that answers: nobody could release it there.
    """
    workers = _count_workers(workers_key).replace("%", "%%")
    return (
        f"SELECT CASE WHEN pg_catalog.pg_backend_pid() <> {backend} THEN NULL WHEN ({workers}) > 0 THEN false"
        " ELSE pg_try_advisory_lock(%s::bigint) END"
    )


def script_lock_condition(key: int, workers_key: int) -> str:
    """For a script: the lock is taken, and is true where nobody holds it and no worker of a run is alive."""
    return f"CASE WHEN ({_count_workers(workers_key)}) > 0 THEN false ELSE pg_try_advisory_lock({key}) END"


def _count_workers(workers_key: int) -> str:
    return f"{COUNT_LOCKS} AND {advisory_lock_test(workers_key)}"
