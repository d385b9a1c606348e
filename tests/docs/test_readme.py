"""Every command of the README is run, in its order, in a copy of the repository; shown output is compared.

A fenced `sh` block is run as one script. A `text` block after it is what it prints, standard output and standard error
together; a line `...` stands for any lines, and times, hashes and the ids of runs are not compared. Installing is what
CI does with the two commands as they stand; here their other halves are run. Docker is left out, and its address is
a test server's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLING = re.compile(r"python3 -m venv \.venv && \.venv/bin/pip install [^&]*&& ")
ELSEWHERE = re.compile(r"^(?:\. \.venv/bin/activate|docker .*)\n", re.MULTILINE)
COMPOSE_URL = "postgresql://hostman:hostman@127.0.0.1:5531/hostman"
VARYING = (
    (re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}"), "RUN"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "WHEN"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"\b[\d.]+ (?:ms|s)\b"), "TIME"),
    (re.compile(r"\bSQLite [\d.]+\d"), "SQLite"),
)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    """The text of one section of the README, with its subsections."""
    (text,) = re.findall(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", read("README.md"), flags=re.MULTILINE | re.DOTALL
    )
    return str(text)


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def scripts(text: str) -> Iterator[tuple[str, str | None]]:
    """Each `sh` block with the output that the page shows for it, if it does."""
    blocks = FENCED.findall(text)
    for (language, script), (following, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "sh":
            yield script, shown if following == "text" else None


def pattern_of(shown: str) -> str:
    """A regular expression for what a page shows, normalised: `...` on its own line is any lines."""
    lines = shown.splitlines(keepends=True)
    return "".join(r"(?:.*\n)*?" if line == "...\n" else re.escape(normal(line)) for line in lines)


def normal(output: str) -> str:
    """The output without what is different in every run."""
    for pattern, stand_in in VARYING:
        output = pattern.sub(stand_in, output)
    return "".join(line.rstrip() + "\n" for line in output.splitlines())


def run_script(script: str, folder: Path) -> str:
    """Run a script; gives its output."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CHANGELOG_", "PG", "SHOP_"))}
    environ |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert result.returncode == 0, f"exit code {result.returncode} of\n{script}\n{result.stdout}"
    return result.stdout


def run_page(text: str, folder: Path) -> None:
    """Run the scripts of a page one after the other, each in the folder in which the one before it ended."""
    ends_in = folder / "ends-in"
    for script, shown in scripts(ELSEWHERE.sub("", text)):
        printed = run_script(f"{script}\npwd >'{ends_in}'", folder)
        folder = Path(ends_in.read_text(encoding="utf-8").strip())
        if shown is not None:
            assert re.fullmatch(pattern_of(shown), normal(printed)), (
                f"{script}\nprints\n\n{printed}\nand not\n\n{shown}"
            )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the commands of the page work on: the sample, in a folder of its own."""
    shutil.copytree(ROOT / "changelogs", tmp_path / "changelogs")
    return tmp_path


def contents(folder: Path) -> dict[Path, str]:
    return {file: file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()}


def without_installing(script: str) -> str:
    return INSTALLING.sub("", script).replace(".venv/bin/", "")


def test_the_two_commands_are_one_line_each_and_begin_on_a_fresh_machine() -> None:
    lines = [script for script, _ in scripts(section("The two commands"))]
    assert len(lines) == 2
    assert all(line.count("\n") == 1 and INSTALLING.match(line) for line in lines)
    assert without_installing(lines[1]) == "pytest -n auto\n"


def test_the_first_command_ends_with_the_sample_applied_and_a_table(checkout: Path) -> None:
    first, _ = next(scripts(section("The two commands")))
    printed = run_script(without_installing(first), checkout)
    assert (checkout / "changelog.db").exists()
    assert re.search(r"^applied +report-sales-by-city ", printed, flags=re.MULTILINE)
    assert "next: nothing is pending" in printed


def test_the_tour_does_what_it_says_and_leaves_the_checkout_alone(checkout: Path) -> None:
    before = contents(checkout / "changelogs")
    run_page(section("Five minutes"), checkout)
    assert contents(checkout / "changelogs") == before
    assert {file.name for file in checkout.iterdir()} == {"changelogs", "tour", "ends-in"}


def test_the_sample_runs_on_postgresql_as_the_page_says(checkout: Path, postgresql_url: str) -> None:
    text = section("On PostgreSQL")
    assert COMPOSE_URL in text
    run_page(text.replace(COMPOSE_URL, f"'{postgresql_url}'"), checkout)


def test_the_example_of_a_changeset_is_one_of_the_sample() -> None:
    (example,) = [body for language, body in FENCED.findall(section("Five minutes")) if language == "yaml"]
    assert example in read("changelogs/customers/changelog.yaml")


def test_pages_link_to_what_is_there() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
