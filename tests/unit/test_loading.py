from __future__ import annotations

import tracemalloc
from pathlib import Path
from textwrap import dedent

import pytest

from benchmarks.workload import rows, write_changelog
from changelog_engine.changelog.source import excerpt
from changelog_engine.errors import InvalidChangelogError
from changelog_engine.loading import load
from changelog_engine.settings import Settings


def refusal(folder: Path, text: str) -> InvalidChangelogError:
    (folder / "main.yaml").write_text(dedent(text))
    with pytest.raises(InvalidChangelogError) as caught:
        load(Settings(changelog=folder / "main.yaml", root=folder))
    return caught.value


def test_an_unknown_dependency_is_shown_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        """\
        changesets:
          - {id: create-orders, sql: SELECT 1, rollback: SELECT 1}
          - id: index-orders
            depends_on: [create-order]
            sql: SELECT 1
            rollback: SELECT 1
        """,
    )
    (problem,) = error.problems
    assert problem.message == "changeset `index-orders` depends on `create-order`, which does not exist"
    assert excerpt(problem) == dedent("""\
         --> main.yaml:4:18
          |
        4 |     depends_on: [create-order]
          |                  ^^^^^^^^^^^^""")
    assert problem.hint == "did you mean `create-orders` (main.yaml:2)?"


def test_a_circle_is_shown_edge_by_edge_with_a_line_of_it(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        """\
        changesets:
          - {id: a, depends_on: [b], sql: SELECT 1, rollback: SELECT 1}
          - {id: b, depends_on: [a], sql: SELECT 1, rollback: SELECT 1}
        """,
    )
    (problem,) = error.problems
    assert problem.line_text is not None
    assert "depends_on" in problem.line_text
    assert problem.message.splitlines() == [
        "changesets wait for each other in a circle: `a` -> `b` -> `a`",
        "  `a` waits for `b`: `a` depends on `b` (main.yaml:2:26)",
        "  `b` waits for `a`: `b` depends on `a` (main.yaml:3:26)",
    ]


def test_the_warnings_of_an_invalid_changelog_come_with_its_errors(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        """\
        changesets:
          - {id: people, formerly: [persons], sql: SELECT 1, rollback: SELECT 1}
          - {id: b, depends_on: [persons], sql: SELECT 1, rollback: SELECT 1}
          - {id: c, depends_on: [nowhere], sql: SELECT 1, rollback: SELECT 1}
        """,
    )
    assert [problem.location.line for problem in error.problems] == [4]
    (warning,) = error.facts["warnings"]
    assert warning.message == "changeset `b` depends on `persons`, which is now called `people`"
    assert warning.line_text == "  - {id: b, depends_on: [persons], sql: SELECT 1, rollback: SELECT 1}"


def peak(folder: Path, count: int) -> int:
    """Bytes that reading and inferring a changelog of one file takes at most, with nothing remembered of it."""
    folder.mkdir()
    write_changelog(folder, rows(count))
    settings = Settings(
        changelog=folder / "main.yaml", root=folder, url="postgresql://nowhere/never", cache=str(folder / "cache")
    )
    tracemalloc.start()
    try:
        load(settings)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_changeset_takes_little_memory_while_its_changelog_is_loaded(tmp_path: Path) -> None:
    peak(tmp_path / "first", 2)
    few, many = peak(tmp_path / "few", 300), peak(tmp_path / "many", 900)
    # Some 4,400 as it is; 7,500 where the nodes of a file, its forms and its effects are all kept to the end.
    assert (many - few) / 600 < 6_000
