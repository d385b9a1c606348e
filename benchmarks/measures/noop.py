"""An update that finds next to nothing to do, in a large changelog; and the one before it, which applies all of it."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.bench import ROUND_TRIP, Bench
from benchmarks.figures import Figure, Section, Table, show, spread
from benchmarks.process import Usage, run
from benchmarks.server import Database, network
from benchmarks.tools import ours
from benchmarks.workload import write_large_changelog

_FILES = 100
_CHANGED, _NOTHING, _WHOLE, _ADDED = (
    "no-op of {}, one of 100 files changed",
    "no-op of {}, nothing changed",
    "no-op of {}, `--no-cache`",
    "one changeset added to {}, in one of 100 files",
)
_SECONDS = {_CHANGED: 1.0, _NOTHING: 0.5, _WHOLE: 1.5, _ADDED: None}
_ADD = """\
  - id: add-more-{0}
    sql: |
      INSERT INTO thing (id, name) VALUES ({0}, 'one more thing');
    rollback: |
      DELETE FROM thing WHERE id = {0};
"""
_MEMORY, _WAITS = 150.0, 6.0


def noop(bench: Bench) -> Section:
    count, rounds = bench.size(10_000, 1_000), bench.size(5, 2)
    with tempfile.TemporaryDirectory(prefix="changelog-benchmark-") as name:
        folder, database = Path(name), bench.server.with_password(bench.server.new_database())
        write_large_changelog(folder, count, _FILES)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        whole = run(ours.update(folder, database.url()))
        bench.note(f"{count:,} applied in {whole.seconds:.1f} s, {whole.memory:.0f} MiB")
        run(ours.update(folder, database.url()))
        found = _rounds(bench, folder, database, count, rounds)
        waits = {mode: _waits(folder, database, mode) for mode in ("disable", "")}
    figures = [
        Figure(case.format(f"{count:,}"), tuple(usage.seconds for usage in usages), "s", _SECONDS[case])
        for case, usages in found.items()
    ]
    return Section(
        "noop",
        f"Nothing to do, with {count:,} applied",
        f"A changelog of {count:,} changesets in {_FILES} files ({size:.1f} MB, three statements and up to three "
        "dependencies a changeset). First all of it is applied, then `update` finds nothing to do: with not a byte "
        "changed since; with a comment added to one of the files, on a machine that has read the others before; and "
        "with `--no-cache`. Then a changeset is added to one of the files, and applied: for that is inferred anew what "
        "the SQL of all of them says of the order. Whole processes, from start to exit, on 127.0.0.1, with a password. "
        f"The waits are those of it all at {ROUND_TRIP * 1000:.0f} ms of round trip, with the opening of the "
        "connection and the password; with libpq's default of asking for TLS first, where the server has none, they "
        f"are {waits['']}.",
        (
            *figures,
            Figure(f"no-op of {count:,}, waits in all", (float(waits["disable"]),), "waits", _WAITS),
            Figure(f"memory at its peak, applying {count:,}", (whole.memory,), "MiB", _MEMORY),
        ),
        (_table(count, whole, found),),
    )


def _rounds(bench: Bench, folder: Path, database: Database, count: int, rounds: int) -> dict[str, list[Usage]]:
    found = defaultdict(list)
    file = folder / "part-042.yaml"
    for number in range(rounds):
        for case in _SECONDS:
            if case in (_CHANGED, _ADDED):
                added = f"# round {number}\n" if case is _CHANGED else _ADD.format(1_000_000 + number)
                file.write_text(file.read_text(encoding="utf-8") + added, encoding="utf-8")
            usage = run(ours.update(folder, database.url(), *(["--no-cache"] if case is _WHOLE else [])))
            found[case].append(usage)
            what = case.format(f"{count:,}")
            bench.note(f"{what}: {usage.seconds:.2f} s, {usage.cpu_seconds:.2f} s of CPU, {usage.memory:.0f} MiB")
    return found


def _waits(folder: Path, database: Database, sslmode: str) -> int:
    with network(database, ROUND_TRIP) as between:
        run(ours.update(folder, between.database.url(sslmode=sslmode)))
        return between.take_waits().all


def _table(count: int, whole: Usage, found: dict[str, list[Usage]]) -> Table:
    cases = {
        f"applying all {count:,}": [whole],
        **{case.format(f"{count:,}"): usages for case, usages in found.items()},
    }
    rows = []
    for case, usages in cases.items():
        parts = [("s", [usage.seconds for usage in usages]), ("s", [usage.cpu_seconds for usage in usages])]
        times = [f"{show(sorted(values)[len(values) // 2], unit)} ({spread(values, unit)})" for unit, values in parts]
        rows.append((case, *times, show(max(usage.memory for usage in usages), "MiB")))
    return Table(("update", "seconds (spread)", "CPU of the client (spread)", "memory at its peak"), tuple(rows))
