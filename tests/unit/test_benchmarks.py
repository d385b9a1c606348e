"""The parts of the benchmark that need no server: what is written for each tool, and the page with its picture."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.figures import Figure, Line, Section, Table
from benchmarks.page import write_page
from benchmarks.server import Database
from benchmarks.tools import OTHERS, OURS, OURS_ATOMIC, PSQL, PSQL_ATOMIC
from benchmarks.tools.tool import Tool
from benchmarks.workload import tables, write_large_changelog
from changelog_engine import Engine, Options, load_settings

ALL = (OURS, OURS_ATOMIC, PSQL, PSQL_ATOMIC, *OTHERS)
SECTION = Section(
    "network",
    "Over a network",
    "How it was measured.",
    (Figure("seconds", (1.0, 3.0, 2.0), "s", 2.5), Figure("waits", (7.0,), "waits", 6.0)),
    (Table(("tool", "seconds"), (("psql", "1.00 s"),)),),
    (Line("changelog", ((20, 31.0, 2.4), (200, 33.0, 2.5))), Line("psql", ((20, 85.0, 2.1), (200, 805.0, 17.0)))),
    "2026-01-31 12:00 UTC",
    "2 cores",
)


@pytest.mark.parametrize("tool", ALL, ids=lambda tool: tool.name)
def test_every_tool_gets_the_same_statements(tool: Tool, tmp_path: Path) -> None:
    changes = tables(3)
    tool.write(tmp_path, changes)
    written = "".join(path.read_text() for path in sorted(tmp_path.rglob("*.*")) if path.is_file())
    assert all(change.sql in written for change in changes)
    command = tool.command(tmp_path, Database("db.example", 5433, "mira", "secret", "shop"))
    words = " ".join((*command.arguments, *command.environment.values()))
    assert "db.example:5433/shop" in words


def test_the_large_changelog_is_valid(tmp_path: Path) -> None:
    write_large_changelog(tmp_path, 200, 10)
    result = Engine(load_settings(Options(changelog=str(tmp_path / "main.yaml")), {}, tmp_path)).validate()
    assert (result.changesets, result.warnings) == (200, ())


def test_what_was_measured_is_kept_and_written(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Performance\n\n<!-- generated: figures -->\nold\n<!-- end -->\n")
    write_page(page, [Section.from_json(SECTION.as_json())])
    text = page.read_text()
    assert "| seconds | 2.00 s | 1.00 s to 3.00 s, 3 runs | at most 2.50 s | met, in the median only |" in text
    assert "| waits | 7 | one run | at most 6 | **missed** |" in text
    assert "old" not in text
    assert "Measured 2026-01-31 12:00 UTC, on 2 cores." in text
    drawn = ElementTree.fromstring(page.with_suffix(".svg").read_text())
    assert len(drawn.findall("{*}polyline")) == 4
