"""dbmate: a file a migration, each in its own transaction."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.tools.tool import Tool
from benchmarks.workload import Changes


def _write(folder: Path, changes: Changes) -> None:
    for number, change in enumerate(changes, start=1):
        text = f"-- migrate:up\n{change.sql};\n\n-- migrate:down\n{change.undo};\n"
        (folder / f"{number:014}_{change.id}.sql").write_text(text, encoding="utf-8")


def _command(folder: Path, database: Database) -> Command:
    url = database.url("postgres")
    return Command(("dbmate", "--url", url, "--migrations-dir", ".", "--no-dump-schema", "migrate"), folder)


TOOL = Tool("dbmate", "dbmate", ("--version",), _write, _command)
