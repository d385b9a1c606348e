"""PostgreSQL's own client: the least that can be done, and so the measure of the others.

Each change is a transaction with a row of history of seven columns, as a careful person would script it.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.tools.tool import Tool
from benchmarks.workload import Change, Changes

_HISTORY = (
    "CREATE TABLE history (seq bigint PRIMARY KEY, id text NOT NULL, author text NOT NULL, at timestamptz NOT NULL, "
    "sql text NOT NULL, undo text NOT NULL, hash text NOT NULL);\n"
)


def _record(number: int, change: Change) -> str:
    return (
        f"INSERT INTO history VALUES ({number}, '{change.id}', 'mira', now(), $sql${change.sql}$sql$, "
        f"$sql${change.undo}$sql$, '{number:064x}');\n"
    )


def _write(folder: Path, changes: Changes) -> None:
    blocks = (
        f"BEGIN;\n{change.sql};\n{_record(number, change)}COMMIT;\n" for number, change in enumerate(changes, start=1)
    )
    (folder / "script.sql").write_text(_HISTORY + "".join(blocks), encoding="utf-8")


def _write_atomic(folder: Path, changes: Changes) -> None:
    blocks = (f"{change.sql};\n{_record(number, change)}" for number, change in enumerate(changes, start=1))
    (folder / "script.sql").write_text(_HISTORY + "".join(blocks), encoding="utf-8")


def _command(folder: Path, database: Database, *options: str) -> Command:
    arguments = ("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *options, "-d", database.url(), "-f", "script.sql")
    return Command(arguments, folder)


def _atomic_command(folder: Path, database: Database) -> Command:
    return _command(folder, database, "-1")


TOOL = Tool("psql", "psql", ("--version",), _write, _command, "a transaction and a row of history a change")
ATOMIC = Tool("psql -1", "psql", ("--version",), _write_atomic, _atomic_command, "all in one transaction")
