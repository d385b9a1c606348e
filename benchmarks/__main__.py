"""Measure the engine beside `psql` and the other tools that are installed, and write down what came out.

    python -m benchmarks [--quick] [--only apply,noop] [--url postgresql://user@host/database] [--no-write]

Starts a PostgreSQL of its own with its default settings (`fsync` on), unless a URL names another one; its role must be
allowed to create databases. A whole run takes about a quarter of an hour, much of it spent on the
other tools at 20 ms (`--alone` does without), and writes `docs/performance.md` and its picture; with
`--only` just these measures are new there. `--quick` tries everything on small sizes, in a minute, and writes nothing.
Other tools are found on the PATH; see `benchmarks/tools/`.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.bench import Bench, warm_up
from benchmarks.figures import Section
from benchmarks.measures import MEASURES
from benchmarks.page import render, write_page
from benchmarks.process import kept_byte_code
from benchmarks.server import server
from benchmarks.tools import OTHERS, installed

_ROOT = Path(__file__).parents[1]
_PAGE = _ROOT / "docs" / "performance.md"
_RESULTS = _ROOT / "benchmarks" / "results.json"


def main(arguments: Sequence[str]) -> None:
    options = _parse(arguments)
    # Whoever ends it this way wants the server gone as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    others = {tool: version for tool, version in installed().items() if not options.alone}
    absent = [tool.name for tool in OTHERS if tool not in others]
    sys.stderr.write(f"beside {', '.join(tool.name for tool in others) or 'nothing'}; without {', '.join(absent)}\n")
    began = time.monotonic()
    with kept_byte_code(), server(options.url) as started:
        bench = warm_up(Bench(started, options.quick, others))
        facts = f"{machine.facts()}, {started.facts()}"
        sections = [made for name in options.only if (made := _measure(name, bench, facts))]
    sys.stdout.write(render(sections))
    sys.stderr.write(f"{time.monotonic() - began:.0f} s in all\n")
    if not (options.quick or options.no_write):
        _keep(sections)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds; writes nothing")
    parser.add_argument("--only", type=_names, default=tuple(MEASURES), help=f"some of {', '.join(MEASURES)}")
    parser.add_argument("--url", help="a PostgreSQL to measure with, instead of one of our own")
    parser.add_argument("--alone", action="store_true", help="without the other tools, but for psql")
    parser.add_argument("--no-write", action="store_true", help="print only")
    return parser.parse_args(arguments)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    return names


def _measure(name: str, bench: Bench, facts: str) -> Section | None:
    load, began = machine.load(), time.monotonic()
    sys.stderr.write(f"{name}\n")
    section = MEASURES[name](bench)
    bench.note(f"took {time.monotonic() - began:.0f} s")
    return section and replace(section, when=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", machine=f"{facts}, {load}")


def _keep(sections: Sequence[Section]) -> None:
    """The sections take the place of those of the same name from earlier runs; the page is made of all."""
    kept = json.loads(_RESULTS.read_text(encoding="utf-8")) if _RESULTS.exists() else {}
    kept |= {section.name: section.as_json() for section in sections}
    _RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_page(_PAGE, [Section.from_json(kept[name]) for name in MEASURES if name in kept])


if __name__ == "__main__":
    main(sys.argv[1:])
