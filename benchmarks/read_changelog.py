"""How long a large changelog takes to be read, checked and ordered, and where the time goes.

    python benchmarks/read_changelog.py [--changesets 10000] [--files 100] [--rounds 5]

Writes a changelog of that size into a temporary folder (SQL, rollback, dependencies, descriptions: about 6 MB) and
reads it, each stage in turn. Every figure is the best of the rounds, the least disturbed one. The budget is 1.5 s.

On two cores of a machine shared with other work (load 2 to 3, Python 3.11, libyaml 0.2.5), 10,000 changesets in 100
files; such figures vary by half with what else runs:

    files to text                            0.03 s
    text to YAML events (libyaml)            0.25 s
    events to located nodes                  0.10 s
    nodes to fields: keys, types, shapes     0.12 s
    fields to changesets, and the rules      0.55 s
    READ AND CHECKED                         1.05 s
    the graph and its order                  0.14 s
    READ, CHECKED AND ORDERED                1.19 s
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from changelog_engine.changelog.file_log import FileLog, Findings
from changelog_engine.changelog.keys import CHANGELOG
from changelog_engine.changelog.reader import Reading, read_changelog
from changelog_engine.changelog.source import Source, read_source
from changelog_engine.changelog.yaml_nodes import compose
from changelog_engine.graph.build import build_graph
from changelog_engine.model import Problem

SEED = 20


def write_changelog(folder: Path, changesets: int, files: int) -> Path:
    """A changelog whose changesets depend on up to three earlier ones; gives its root file."""
    chance = random.Random(SEED)
    a_file = changesets // files
    for number in range(files):
        blocks = [changeset(number * a_file + index, chance) for index in range(a_file)]
        (folder / f"part-{number:03}.yaml").write_text("changesets:\n" + "\n".join(blocks), encoding="utf-8")
    root = folder / "main.yaml"
    root.write_text('name: benchmark\ninclude: ["part-*.yaml"]\n', encoding="utf-8")
    return root


def changeset(number: int, chance: random.Random) -> str:
    needed = sorted({chance.randrange(number) for _ in range(chance.randrange(4))}) if number else []
    depends_on = "".join(f"\n      - create-table-{other:05}" for other in needed)
    return f"""\
  - id: create-table-{number:05}
    author: author-{number % 7}
    description: Keeps the things of kind {number}, with what belongs to them
    labels: [benchmark, part-{number % 10}]
    depends_on:{depends_on or " []"}
    sql: |
      CREATE TABLE thing_{number:05} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL CHECK (name <> ''),
        amount numeric(12, 2) NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX thing_{number:05}_name ON thing_{number:05} (name);
      COMMENT ON TABLE thing_{number:05} IS 'things of kind {number}; one row each';
    rollback: |
      DROP TABLE thing_{number:05};
"""


def best(rounds: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest round, and what it gave."""
    fastest, result = float("inf"), None
    for _ in range(rounds):
        result = None
        gc.collect()
        begin = time.perf_counter()
        result = work()
        fastest = min(fastest, time.perf_counter() - begin)
    return fastest, result


def sources_of(folder: Path) -> list[Source]:
    read = [read_source(path, path.name) for path in sorted(folder.glob("*.yaml"))]
    return [source for source in read if not isinstance(source, Problem)]


def drain(sources: list[Source]) -> None:
    loader_class: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    for source in sources:
        loader = loader_class(source.text)
        while not isinstance(loader.get_event(), yaml.StreamEndEvent):
            pass
        loader.dispose()


def structure(sources: list[Source]) -> None:
    findings = Findings()
    for source in sources:
        node, _ = compose(source)
        if node is not None:
            CHANGELOG.read(node, FileLog(source, findings), "a changelog")
    if findings.problems:
        raise SystemExit(f"the benchmark's own changelog is faulty: {findings.problems[0].message}")


def without_collector(work: Callable[[], Any]) -> Callable[[], Any]:
    """As the reader does it."""

    def run() -> Any:
        gc.disable()
        try:
            return work()
        finally:
            gc.enable()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--changesets", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = write_changelog(folder, options.changesets, options.files)
        text_s, sources = best(options.rounds, lambda: sources_of(folder))
        events_s, _ = best(options.rounds, without_collector(lambda: drain(sources)))
        nodes_s, _ = best(options.rounds, without_collector(lambda: [compose(source) for source in sources]))
        fields_s, _ = best(options.rounds, without_collector(lambda: structure(sources)))
        whole_s, reading = best(options.rounds, lambda: read_changelog(root, folder))
        order_s, _ = best(options.rounds, lambda: build_graph(reading.changelog, complete=reading.complete))
    report(reading, sources, [text_s, events_s, nodes_s, fields_s, whole_s, order_s])


def report(reading: Reading, sources: list[Source], seconds: list[float]) -> None:
    text_s, events_s, nodes_s, fields_s, whole_s, order_s = seconds
    size = sum(len(source.text) for source in sources) / 1e6
    count = len(reading.changelog.changesets)
    rows = [
        ("files to text", text_s),
        ("text to YAML events (libyaml)", events_s),
        ("events to located nodes", nodes_s - events_s),
        ("nodes to fields: keys, types, shapes", fields_s - nodes_s),
        ("fields to changesets, and the rules", whole_s - fields_s - text_s),
        ("READ AND CHECKED", whole_s),
        ("the graph and its order", order_s),
        ("READ, CHECKED AND ORDERED", whole_s + order_s),
    ]
    lines = [f"{count:,} changesets, {len(sources)} files, {size:.1f} MB, {len(reading.problems)} problems"]
    lines += [f"  {name:<40} {value:6.3f} s  {value / (whole_s + order_s):4.0%}" for name, value in rows]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
