"""What the pages in `docs/` show in code does what they say."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from changelog_engine import ContextChoice, ContextMode, Engine, Options, load_settings
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from tests.docs.test_readme import run_script

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execution_options(no_parameters=True).exec_driver_sql(sql)]
    engine.dispose()
    return rows


def test_the_view_of_the_state_is_there_to_be_queried(database_url: str) -> None:
    contexts = ContextChoice(ContextMode.GIVEN, ("prod",))
    applied = Engine(load_settings(Options(url=database_url, contexts=contexts), {}, ROOT)).update().applied
    assert [row[0] for row in query(database_url, blocks("ledger.md", "sql")[0])] == list(applied)


def test_the_holder_of_the_lock_can_be_seen_in_sql(postgresql_url: str) -> None:
    find_holder = blocks("ledger.md", "sql")[1]
    session = connect(postgresql_url, Access.WRITE)
    assert query(postgresql_url, find_holder) == []
    assert session.try_lock(f"{session.database}/{session.schema}/changelog_ledger")
    assert query(postgresql_url, find_holder) == [session.select("SELECT pg_backend_pid()")[0]]
    session.close()


def test_the_guide_begins_in_an_empty_folder(tmp_path: Path) -> None:
    for script in blocks("guide.md", "sh"):
        run_script(script, tmp_path)


def test_an_application_can_update_its_database(tmp_path: Path) -> None:
    (script,) = blocks("guide.md", "python")
    (tmp_path / "changelogs").symlink_to(ROOT / "changelogs")
    result = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, text=True, capture_output=True)
    assert re.fullmatch(r"\d+ changesets applied in run \S+\n", result.stdout), result.stderr


@pytest.mark.parametrize("number", range(2))
def test_the_examples_of_changesets_are_valid(tmp_path: Path, number: int) -> None:
    """The first two stand alone as changesets; the second uses a table of the first."""
    examples = [block for block in blocks("guide.md", "yaml") if "- id:" in block]
    text = "changesets:\n" + "\n".join(examples[: number + 1])
    (tmp_path / "main.yaml").write_text(text, encoding="utf-8")
    settings = load_settings(Options(changelog=str(tmp_path / "main.yaml")), {}, tmp_path)
    assert Engine(settings).validate().warnings == ()


def test_the_example_of_a_configuration_is_one(tmp_path: Path) -> None:
    (example,) = blocks("guide.md", "toml")
    (tmp_path / "changelog.toml").write_text(example, encoding="utf-8")
    settings = load_settings(Options(environment="prod"), {}, tmp_path)
    assert settings.contexts.names == ("prod",)
    assert (settings.schema, settings.lock_wait) == ("ops", 300)
    assert settings.parameters.configured == {"currency": "USD"}


def test_every_dependency_is_accounted_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["mysql"], *extras["embedded"], *extras["test"]]
    names = {re.split(r"[\[<>=; ]", requirement)[0].lower() for requirement in needed} - {project["name"]}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    listed = {name.lower() for name in re.findall(r"^\| \[([\w-]+)\]", page, flags=re.MULTILINE)}
    assert listed == names


@pytest.mark.parametrize("dbms", ["postgresql", "sqlite", "mariadb"])
def test_the_examples_of_typed_changes_run(dbms: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{dbms}_url")
    changes = ""
    for block in blocks("changes.md", "yaml"):
        first = block.split("\n", 1)[0]
        if not first.startswith("#") or dbms in first:
            changes += block
    (tmp_path / "main.yaml").write_text(
        "changesets:\n  - id: all\n    rollback: {irreversible: an example}\n    changes:\n"
        + "".join(f"      {line}\n" for line in changes.splitlines())
    )
    engine = Engine(load_settings(Options(url=url, changelog=str(tmp_path / "main.yaml")), {}, tmp_path))
    assert engine.update().applied == ("all",)
