"""golang-migrate: two files a migration; it opens no transaction, and keeps only the current version."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.tools.tool import Tool
from benchmarks.workload import Changes


def _write(folder: Path, changes: Changes) -> None:
    for number, change in enumerate(changes, start=1):
        (folder / f"{number:06}_{change.id}.up.sql").write_text(f"{change.sql};\n", encoding="utf-8")
        (folder / f"{number:06}_{change.id}.down.sql").write_text(f"{change.undo};\n", encoding="utf-8")


def _command(folder: Path, database: Database) -> Command:
    return Command(("migrate", "-path", ".", "-database", database.url("postgres"), "up"), folder)


TOOL = Tool("golang-migrate", "migrate", ("-version",), _write, _command, "keeps no history, opens no transaction")
