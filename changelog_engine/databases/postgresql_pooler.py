"""Poolers on the way to PostgreSQL: whether what a session holds on the server stays its own."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import pq

from changelog_engine.errors import ConfigurationError

_ATTEMPTS = 3
_SECONDS = 2.0
_WHO = b"BEGIN; SELECT pg_catalog.pg_backend_pid()"

Connection = psycopg.Connection[Any]


def refuse_shared_backends(connection: Connection, connect: Callable[[], Any], location: str) -> None:
    """Raise ConfigurationError where the pooler hands our server connection to others between two transactions.

    For connections to which somebody else's process id was told than that of the server process: a pooler's own, which
    does not say how it pools. So a further client, which ``connect`` makes as ours was, opens a transaction and keeps
    the server connection that it is given for that: where we get another one from then on, or it was given ours, they
    are shared out.
    """
    if _are_shared(connection, connect):
        connection.close()
        raise shared_backends(location)


def _are_shared(connection: Connection, connect: Callable[[], Any]) -> bool:
    for _ in range(_ATTEMPTS):
        ours = _backend(connection)
        try:
            other: Connection = connect()
        except psycopg.Error:
            continue  # no room for another client, and so for nobody who could be given ours
        try:
            theirs = _backend_in_transaction(other)
            if theirs == ours or _backend(connection) != ours:
                return True
            if theirs is None:
                return False  # ours was not in use, and still it was not given
        except psycopg.Error:
            return True  # transactions are refused: it is statements that are shared out
        finally:
            other.close()
    return False


def _backend(connection: Connection) -> int:
    return int(connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchall()[0][0])


def _backend_in_transaction(connection: Connection) -> int | None:
    """Open a transaction and say which server process has it; None where none is free within a moment."""
    pgconn = connection.pgconn
    pgconn.send_query(_WHO)
    pgconn.flush()
    deadline = time.monotonic() + _SECONDS
    found = None
    while True:
        while pgconn.is_busy():
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pgconn.socket], [], [], left)[0]:
                return None
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            return found
        if result.status == pq.ExecStatus.TUPLES_OK:
            value = result.get_value(0, 0)
            found = None if value is None else int(value)
        elif result.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(result.error_message.decode(errors="replace"))


def shared_backends(location: str) -> ConfigurationError:
    """The refusal: a lock would stay on a server connection that others are given, for ever."""
    return ConfigurationError(
        f"`{location}` leads through a pooler that gives each transaction another server connection, where the lock of "
        "a run cannot be held; nothing was run",
        hint="give the URL of the server itself, or have the pooler keep a server connection for each client (for "
        "PgBouncer `pool_mode = session` of this database or user); `status` and `plan` work as it is",
    )
