"""Whether the cost of a changeset stays the same, however many there are."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import workload
from benchmarks.bench import Bench
from benchmarks.figures import Section, Table
from benchmarks.process import Usage, run
from benchmarks.tools import OURS, ours

_COLUMNS = ("on", "changesets", "seconds", "for each 1,000", "CPU of the client for each 1,000", "memory at its peak")
_IN_MEMORY = Path("/dev/shm")


def linear(bench: Bench) -> Section:
    counts = (200, 1_000) if bench.is_quick else (1_000, 10_000, 50_000)
    rows = []
    for kind, apply in (("PostgreSQL", _on_postgresql), ("SQLite", _on_sqlite)):
        for count in counts:
            usage = apply(bench, count)
            bench.note(f"{count:,} on {kind}: {usage.seconds:.1f} s, {usage.memory:.0f} MiB")
            a_thousand = [f"{seconds / count * 1_000:.2f} s" for seconds in (usage.seconds, usage.cpu_seconds)]
            rows.append((kind, f"{count:,}", f"{usage.seconds:.1f} s", *a_thousand, f"{usage.memory:.0f} MiB"))
    return Section(
        "linear",
        f"Up to {counts[-1]:,} changesets",
        "Changesets of one INSERT each, cheap for the database and equally so from the first to the last; one run "
        "each, start-up included. SQLite's file is in memory, where the system has such a folder, so that no disk is "
        "measured.",
        (),
        (Table(_COLUMNS, tuple(rows)),),
    )


def _on_postgresql(bench: Bench, count: int) -> Usage:
    with bench.project(OURS, workload.rows(count)) as folder:
        database = bench.server.new_database()
        return run(ours.update(folder, database.url()))


def _on_sqlite(bench: Bench, count: int) -> Usage:
    place = tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None)
    with bench.project(OURS, workload.rows(count)) as folder, place as name:
        return run(ours.update(folder, f"sqlite:///{name}/benchmark.db"))
