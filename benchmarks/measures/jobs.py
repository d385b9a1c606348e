"""Several changesets at the same time: what it gains where they are slow, and what it costs where they are cheap."""

from __future__ import annotations

import subprocess
import sys

from benchmarks import workload
from benchmarks.bench import ROUND_TRIP, Bench
from benchmarks.figures import Figure, Section
from benchmarks.process import run
from benchmarks.server import network
from benchmarks.tools import OURS, ours

_SLOW, _CHEAP = 1.7, 1.5


def jobs(bench: Bench) -> Section | None:
    if not _has_jobs():
        bench.note("`update` has no `--jobs`: left out")
        return None
    rounds, cheap = bench.size(5, 1), bench.size(200, 100)
    slow = tuple(_slow(bench) for _ in range(rounds))
    pairs = [(_cheap(bench, cheap, "--jobs", "4"), _cheap(bench, cheap)) for _ in range(rounds)]
    ratios = tuple(with_jobs / without for with_jobs, without in pairs)
    delay = f"{ROUND_TRIP * 1000:.0f} ms"
    return Section(
        "jobs",
        "Side by side",
        "Eight independent changesets that take a second each on the server, with `--jobs 8`; and "
        f"{cheap} cheap ones at {delay} of round trip with `--jobs 4`, over the time without it.",
        (
            Figure("8 changesets of 1 s with `--jobs 8`", slow, "s", _SLOW),
            Figure(f"{cheap} cheap ones at {delay}, `--jobs 4` over none", ratios, "×", _CHEAP),
        ),
    )


def _has_jobs() -> bool:
    arguments = [sys.executable, "-m", "changelog_engine", "update", "--help"]
    return "--jobs" in subprocess.run(arguments, capture_output=True, text=True).stdout


def _slow(bench: Bench) -> float:
    with bench.project(OURS, workload.sleeps(8, 1.0)) as folder:
        database = bench.server.new_database()
        seconds = run(ours.update(folder, database.url(), "--jobs", "8")).seconds
    bench.note(f"8 of 1 s with `--jobs 8`: {seconds:.2f} s")
    return seconds


def _cheap(bench: Bench, count: int, *options: str) -> float:
    with (
        bench.project(OURS, workload.tables(count)) as folder,
        network(bench.server.new_database(), ROUND_TRIP) as between,
    ):
        seconds = run(ours.update(folder, between.database.url(), *options)).seconds
    bench.note(f"{count} cheap ones {' '.join(options) or 'without'}: {seconds:.2f} s")
    return seconds
