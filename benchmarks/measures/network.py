"""Applying over a network: how many round trips are waited for, and what that costs."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import workload
from benchmarks.bench import ROUND_TRIP, Bench
from benchmarks.figures import Figure, Line, Section, Table, show
from benchmarks.process import FailedError, run
from benchmarks.server import network as slow_network
from benchmarks.tools import OURS, PSQL
from benchmarks.tools.tool import Tool

_FEW = 20
_WAITS_A_CHANGESET = 0.03


@dataclass(frozen=True)
class _Run:
    count: int
    seconds: float
    waits: int


def network(bench: Bench) -> Section:
    middle, most = bench.size(200, 50), bench.size(1_200, 300)
    rounds = bench.size(3, 1)
    ours = [_apply(bench, OURS, count, ROUND_TRIP) for _ in range(rounds) for count in (_FEW, middle, most)]
    near = [_apply(bench, OURS, count, 0.0) for _ in range(rounds) for count in (middle, most)]
    runs = {OURS: [made for made in ours if made]}
    for tool in (PSQL, *bench.others):
        both = [_apply(bench, tool, count, ROUND_TRIP) for count in (_FEW, bench.size(200, 40))]
        if all(both):
            runs[tool] = [made for made in both if made]
    by_count = _slope(runs[OURS], middle, most)
    added = {
        count: (_seconds(runs[OURS], count) - _seconds([made for made in near if made], count)) / ROUND_TRIP
        for count in (middle, most)
    }
    by_seconds = (added[most] - added[middle]) / (most - middle)
    between = f"between {middle:,} and {most:,} changesets"
    return Section(
        "network",
        f"Applying at {ROUND_TRIP * 1000:.0f} ms of round trip",
        "One table a changeset, through a relay that delays each direction by "
        f"{ROUND_TRIP * 500:.0f} ms and counts how many round trips came one after the other (the opening of a "
        "connection is one of them). *Waits a changeset* is the slope between the sizes, so start-up and the look at "
        "what is there are not in it: once as the relay counts, and once as the seconds that the delay adds (with it, "
        "less without it) over the length of a round trip, which has the noise of four measurements in it. "
        f"{_times(rounds)} of `changelog`, one run of the others.",
        (
            Figure(f"waits a changeset, counted {between}", (by_count,), "waits a changeset", _WAITS_A_CHANGESET),
            Figure(f"waits a changeset, by seconds {between}", (by_seconds,), "waits a changeset", _WAITS_A_CHANGESET),
        ),
        (_table(bench, runs),),
        tuple(Line(tool.name, tuple(_points(made))) for tool, made in runs.items()),
    )


def _times(rounds: int) -> str:
    return f"Medians of {rounds} runs" if rounds > 1 else "One run"


def _apply(bench: Bench, tool: Tool, count: int, round_trip: float) -> _Run | None:
    changes = workload.tables(count)
    with (
        bench.project(tool, changes) as folder,
        slow_network(bench.server.with_password(bench.server.new_database()), round_trip) as between,
    ):
        try:
            usage = run(tool.command(folder, between.database))
        except FailedError as error:
            if tool is OURS:
                raise
            bench.note(f"{tool.name} is left out: {error}")
            return None
        waits = between.take_waits().all
    bench.note(f"{tool.name}: {count:,} at {round_trip * 1000:.0f} ms, {usage.seconds:.2f} s, {waits:,} waits")
    return _Run(count, usage.seconds, waits)


def _seconds(runs: list[_Run], count: int) -> float:
    return statistics.median(made.seconds for made in runs if made.count == count)


def _waits(runs: list[_Run], count: int) -> float:
    return statistics.median(made.waits for made in runs if made.count == count)


def _slope(runs: list[_Run], fewer: int, more: int) -> float:
    return (_waits(runs, more) - _waits(runs, fewer)) / (more - fewer)


def _points(runs: list[_Run]) -> Iterator[tuple[int, float, float]]:
    for count in sorted({made.count for made in runs}):
        yield count, _waits(runs, count), _seconds(runs, count)


def _table(bench: Bench, runs: dict[Tool, list[_Run]]) -> Table:
    rows = []
    for tool, made in sorted(runs.items(), key=lambda item: _slope(item[1], *_ends(item[1]))):
        version = bench.others.get(tool) or tool.version() or ""
        for index, (count, waits, seconds) in enumerate(_points(made)):
            name = f"{tool.name} {version}" if not index else ""
            slope = show(_slope(made, *_ends(made)), "waits a changeset") if not index else ""
            rows.append((name, f"{count:,}", f"{waits:,.0f}", show(seconds, "s"), slope))
    return Table(("tool", "changesets", "waits in all", "seconds", "waits a changeset"), tuple(rows))


def _ends(runs: list[_Run]) -> tuple[int, int]:
    counts = sorted(made.count for made in runs)
    return (counts[0] if len(set(counts)) < 3 else sorted(set(counts))[1]), counts[-1]
