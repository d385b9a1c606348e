"""goose: a file a migration, each in its own transaction."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.tools.tool import Tool
from benchmarks.workload import Changes


def _write(folder: Path, changes: Changes) -> None:
    for number, change in enumerate(changes, start=1):
        block = "-- +goose {0}\n-- +goose StatementBegin\n{1};\n-- +goose StatementEnd\n"
        text = block.format("Up", change.sql) + block.format("Down", change.undo)
        (folder / f"{number:05}_{change.id}.sql").write_text(text, encoding="utf-8")


def _command(folder: Path, database: Database) -> Command:
    return Command(("goose", "-dir", ".", "postgres", database.url("postgres"), "up"), folder)


TOOL = Tool("goose", "goose", ("--version",), _write, _command)
