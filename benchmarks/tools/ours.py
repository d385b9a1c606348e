"""The engine of this repository, as a program of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.tools.tool import Tool
from benchmarks.workload import write_changelog


def update(folder: Path, url: str, *options: str) -> Command:
    """``changelog update`` of the changelog in a folder."""
    arguments = (sys.executable, "-m", "changelog_engine", "update", "--changelog", "main.yaml", "--url", url)
    return Command((*arguments, "--all-contexts", "--quiet", *options), folder)


def _command(folder: Path, database: Database) -> Command:
    return update(folder, database.url())


def _atomic_command(folder: Path, database: Database) -> Command:
    return update(folder, database.url(), "--atomic")


_VERSION = ("-m", "changelog_engine", "--version")
TOOL = Tool("changelog", sys.executable, _VERSION, write_changelog, _command)
ATOMIC = Tool("changelog --atomic", sys.executable, _VERSION, write_changelog, _atomic_command)
