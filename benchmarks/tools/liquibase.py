"""Liquibase: changesets in one file of formatted SQL."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.tools.tool import Tool
from benchmarks.workload import Changes


def _write(folder: Path, changes: Changes) -> None:
    blocks = (f"--changeset mira:{change.id}\n{change.sql};\n--rollback {change.undo};\n\n" for change in changes)
    (folder / "changelog.sql").write_text("--liquibase formatted sql\n\n" + "".join(blocks), encoding="utf-8")


def _command(folder: Path, database: Database) -> Command:
    url = f"jdbc:postgresql://{database.host}:{database.port}/{database.name}?sslmode=disable"
    options = {
        "search-path": str(folder),
        "changelog-file": "changelog.sql",
        "url": url,
        "username": database.user,
        "password": database.password,
        "analytics-enabled": "false",
        "show-banner": "false",
    }
    return Command(("liquibase", *(f"--{name}={value}" for name, value in options.items()), "update"), folder)


TOOL = Tool(
    "Liquibase", "liquibase", ("--version",), _write, _command, version_pattern=r"Liquibase\D*Version\D*(\d[\w.]*)"
)
