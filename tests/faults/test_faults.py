"""A folder a fault: changelog files, and ``expected.txt`` with everything that reading them reports.

``python tests/faults/test_faults.py`` writes the expected texts anew; look at the difference before it is committed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from changelog_engine.changelog.reader import read_changelog
from changelog_engine.changelog.source import excerpt
from changelog_engine.model import Problem

HERE = Path(__file__).parent
FAULTS = sorted(path.parent.name for path in HERE.glob("*/main.yaml"))


def report_of(fault: str) -> str:
    reading = read_changelog(HERE / fault / "main.yaml", HERE / fault)
    errors = [shown("error", problem) for problem in reading.problems]
    warnings = [shown("warning", problem) for problem in reading.warnings]
    ending = "" if reading.complete else "(a part could not be read)\n"
    return "\n".join(errors + warnings) + "\n" + ending


def shown(kind: str, problem: Problem) -> str:
    hint = "" if problem.hint is None else f"hint: {problem.hint}\n"
    return f"{kind}: {problem.message}\n{excerpt(problem)}\n{hint}"


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_reported_with_its_place_and_remedy(fault: str) -> None:
    expected = (HERE / fault / "expected.txt").read_text(encoding="utf-8")
    assert report_of(fault) == expected


def test_every_folder_is_a_fault() -> None:
    folders = {path.name for path in HERE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders == set(FAULTS)


if __name__ == "__main__":
    for each in FAULTS:
        (HERE / each / "expected.txt").write_text(report_of(each), encoding="utf-8")
