"""Applying many small changesets with next to no network: what the client adds to what the server takes."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

from benchmarks import workload
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Section, Table, middle
from benchmarks.process import Usage
from benchmarks.tools import OURS, OURS_ATOMIC, PSQL, PSQL_ATOMIC
from benchmarks.tools.tool import Tool

_RATIO, _CPU = 1.2, 0.9
_OTHERS_ROUNDS = 3


def apply(bench: Bench) -> Section:
    count, rounds = bench.size(1_000, 200), bench.size(5, 2)
    found = _rounds(bench, count, rounds, (OURS, PSQL), tuple(bench.others))
    ratios = _ratios(found[OURS], found[PSQL])
    cpu = tuple(usage.cpu_seconds for usage in found[OURS])
    return Section(
        "apply",
        f"Applying {count:,} small changesets",
        f"{count:,} tables, a changeset each, into an empty database on 127.0.0.1, whole process from start to exit. "
        "`psql` runs a script with the same statements, each in a transaction with an insert into a table of history. "
        "In each round every tool runs once, in random order; the ratio is taken round by round.",
        (
            Figure(f"{count:,} changesets, time over that of `psql`", ratios, "×", _RATIO),
            Figure(f"{count:,} changesets, CPU of the client", cpu, "s", None if bench.is_quick else _CPU),
        ),
        (_table(bench, found, PSQL),),
    )


def atomic(bench: Bench) -> Section:
    count, rounds = bench.size(1_000, 200), bench.size(5, 2)
    found = _rounds(bench, count, rounds, (OURS_ATOMIC, PSQL_ATOMIC), ())
    ratios = _ratios(found[OURS_ATOMIC], found[PSQL_ATOMIC])
    return Section(
        "atomic",
        "All in one transaction",
        f"The same {count:,} tables with `update --atomic`, and with `psql -1`, which runs the same script without the "
        "transactions in it.",
        (Figure(f"{count:,} changesets with `--atomic`, time over that of `psql -1`", ratios, "×", _RATIO),),
        (_table(bench, found, PSQL_ATOMIC),),
    )


def _rounds(
    bench: Bench, count: int, rounds: int, always: Sequence[Tool], others: Sequence[Tool]
) -> Mapping[Tool, list[Usage]]:
    changes = workload.tables(count)
    found: dict[Tool, list[Usage]] = defaultdict(list)
    broken: set[Tool] = set()
    for number in range(rounds):
        others_now = others if number < bench.size(_OTHERS_ROUNDS, 1) else ()
        for tool in bench.shuffled([*always, *(tool for tool in others_now if tool not in broken)]):
            usage = bench.apply(tool, changes)
            if usage is not None:
                found[tool].append(usage)
            elif tool in always:
                raise SystemExit(f"{tool.name} did not apply {count:,} changesets")
            else:
                broken.add(tool)
    return found


def _ratios(one: Sequence[Usage], other: Sequence[Usage]) -> tuple[float, ...]:
    return tuple(ours.seconds / theirs.seconds for ours, theirs in zip(one, other, strict=True))


def _table(bench: Bench, found: Mapping[Tool, list[Usage]], measure: Tool) -> Table:
    base = statistics.median(usage.seconds for usage in found[measure])
    rows = []
    for tool in sorted(found, key=lambda tool: statistics.median(usage.seconds for usage in found[tool])):
        seconds = [usage.seconds for usage in found[tool]]
        cpu = statistics.median(usage.cpu_seconds for usage in found[tool])
        ratio = statistics.median(seconds) / base
        version = bench.others.get(tool) or tool.version() or ""
        rows.append((f"{tool.name} {version}", middle(seconds, "s"), f"{ratio:.2f}", f"{cpu:.2f} s", tool.how))
    return Table(("tool", "seconds (spread)", f"over {measure.name}", "CPU of the client", ""), tuple(rows))
