"""Start-up is design: a command imports what it needs and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.processes import environment

HEAVY = {"sqlalchemy", "psycopg", "networkx", "postgast", "google", "rich", "yaml", "filelock"}
CHANGELOG = "changesets:\n  - {id: a, sql: SELECT 1, rollback: SELECT 1}\n"

ALLOWED: dict[tuple[str, ...], set[str]] = {
    ("--version",): set(),
    ("--help",): set(),
    ("update", "--help"): set(),
    ("plan", "rollback", "--help"): set(),
    ("updat",): set(),
    ("update", "--count", "0"): set(),
    ("completion", "bash"): set(),
    (): set(),
    ("schema",): {"yaml"},
    ("validate",): {"yaml", "networkx"},
    ("graph",): {"yaml", "networkx"},
    ("history",): {"yaml", "filelock"},
    ("lock",): {"yaml", "filelock"},
    ("status",): {"yaml", "networkx", "filelock"},
    ("update",): {"yaml", "networkx", "filelock"},
}
"""For each command line on SQLite the heavy libraries that it may import."""


def imported(arguments: tuple[str, ...], folder: Path) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "changelog_engine", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert ended.returncode in (0, 2), ended.stderr
    lines = (line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:"))
    return {name.split(".")[0] for name in lines}


@pytest.mark.parametrize("arguments", ALLOWED, ids=lambda arguments: " ".join(arguments) or "(nothing)")
def test_a_command_imports_what_it_needs(arguments: tuple[str, ...], tmp_path: Path) -> None:
    if arguments:
        (tmp_path / "changelogs").mkdir()
        (tmp_path / "changelogs/main.yaml").write_text(CHANGELOG)
    assert imported(arguments, tmp_path) & HEAVY <= ALLOWED[arguments]


def test_the_version_and_the_help_need_nothing_of_ours_but_the_table_of_commands(tmp_path: Path) -> None:
    """What they take is measured in `benchmarks/start_up.py`; this is why it stays so."""
    code = (
        "import sys; from changelog_engine.cli.main import run; "
        "run(sys.argv[1:]); print(*(name for name in sys.modules if name.startswith('changelog_engine.')))"
    )
    for argument in ("--version", "--help"):
        ended = subprocess.run(
            [sys.executable, "-c", code, argument], cwd=tmp_path, env=environment(), capture_output=True, text=True
        )
        ours = set(ended.stdout.splitlines()[-1].split())
        names = ("cli", "cli.main", "cli.options", "cli.streams", "cli.values")
        assert ours == {f"changelog_engine.{name}" for name in names}
