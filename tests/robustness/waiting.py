"""Waiting for something to happen elsewhere, and statements that give it the time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from functools import cache

_COUNTED = (
    "WITH RECURSIVE g(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM g WHERE id < {rows}) SELECT count(*) AS n FROM g"
)


def wait_for(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def slow_statement(url: str, seconds: float, name: str = "big") -> str:
    """A statement that takes about so long on that database, however fast the machine is; on SQLite it makes the table
    ``name``.
    """
    if url.startswith("postgresql"):
        return f"SELECT pg_sleep({seconds})"
    return f"CREATE TABLE {name} AS {_COUNTED.format(rows=int(seconds * _rows_a_second()) + 1)}"


@cache
def _rows_a_second() -> float:
    """What SQLite counts on this machine: the most of several tries, as others may be at work on it now."""
    rows = 200_000
    with sqlite3.connect(":memory:") as connection:

        def tried() -> float:
            began = time.perf_counter()
            connection.execute(_COUNTED.format(rows=rows)).fetchall()
            return rows / (time.perf_counter() - began)

        return max(tried() for _ in range(5))
