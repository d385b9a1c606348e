"""Flyway: a file a migration, each in its own transaction."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.tools.tool import Tool
from benchmarks.workload import Changes


def _write(folder: Path, changes: Changes) -> None:
    for number, change in enumerate(changes, start=1):
        (folder / f"V{number}__{change.id}.sql").write_text(f"{change.sql};\n", encoding="utf-8")


def _command(folder: Path, database: Database) -> Command:
    url = f"jdbc:postgresql://{database.host}:{database.port}/{database.name}?sslmode=disable"
    options = {"url": url, "user": database.user, "password": database.password, "locations": f"filesystem:{folder}"}
    return Command(("flyway", *(f"-{name}={value}" for name, value in options.items()), "migrate"), folder)


TOOL = Tool("Flyway", "flyway", ("-v",), _write, _command)
