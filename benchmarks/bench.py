"""What the measures have at hand: the server, the tools, and how much is to be measured."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.process import FailedError, Usage, run
from benchmarks.server import Server
from benchmarks.tools import OURS, PSQL
from benchmarks.tools.tool import Tool
from benchmarks.workload import Changes, tables

ROUND_TRIP = 0.020
"""Seconds that a round trip takes where latency is added."""


@dataclass
class Bench:
    """``others`` are the tools that are installed, with their versions."""

    server: Server
    is_quick: bool
    others: Mapping[Tool, str]
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def size(self, whole: int, quick: int) -> int:
        return quick if self.is_quick else whole

    def note(self, words: str) -> None:
        """Say to whoever waits what is going on."""
        sys.stderr.write(f"  {words}\n")
        sys.stderr.flush()

    def shuffled(self, tools: Sequence[Tool]) -> list[Tool]:
        """The tools in a random order, so that none always comes after the same other one."""
        return self.chance.sample(list(tools), len(tools))

    def apply(self, tool: Tool, changes: Changes) -> Usage | None:
        """What it takes the tool to apply the changes to an empty database; None where it fails, which is said."""
        with self.project(tool, changes) as folder:
            database = self.server.new_database()
            try:
                usage = run(tool.command(folder, database))
            except FailedError as error:
                self.note(f"{tool.name} is left out: {error}")
                return None
        self.note(f"{tool.name}: {len(changes):,} changesets, {usage.seconds:.2f} s, {usage.cpu_seconds:.2f} s of CPU")
        return usage

    @contextmanager
    def project(self, tool: Tool, changes: Changes) -> Iterator[Path]:
        """A folder for the block, with the changes as the tool wants them."""
        with tempfile.TemporaryDirectory(prefix="changelog-benchmark-") as name:
            tool.write(Path(name), changes)
            yield Path(name)


def warm_up(bench: Bench) -> Bench:
    """Let every tool run once, unmeasured; gives a bench without those that fail here. Raises FailedError for ours."""
    for tool in (OURS, PSQL):
        if bench.apply(tool, tables(2)) is None:
            raise FailedError(f"{tool.name} does not run here")
    return replace(bench, others={tool: v for tool, v in bench.others.items() if bench.apply(tool, tables(2))})
