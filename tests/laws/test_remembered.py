"""What was worked out and is remembered is what working it out again would give, wherever the changesets stand now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changelog_engine.errors import ChangelogEngineError
from changelog_engine.graph import inference
from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.loading import Loaded, load
from changelog_engine.settings import Settings

FILES = {
    "main.yaml": "include: [tables.yaml, rows.yaml]\n",
    "tables.yaml": """\
changesets:
  - id: orders
    sql: |
      CREATE TABLE orders (
        id int PRIMARY KEY,
        customer int REFERENCES customers (id)
      );
    rollback: auto
  - id: customers
    sql: CREATE TABLE customers (id int PRIMARY KEY)
  - {id: typed, changes: [{add_column: {table: orders, column: {name: total, type: integer}}}]}
""",
    "rows.yaml": """\
changesets:
  - id: first
    sql: UPDATE customers SET id = 2
    rollback: UPDATE customers SET id = 1
  - id: second
    description: it does not commute
    sql: |
      UPDATE customers
      SET id = 3;
      UPDATE nobodys SET x = 1;
    rollback: {irreversible: gone}
  - {id: from-a-file, sql_file: view.sql, rollback: DROP VIEW totals}
  - {id: dynamic, contexts: dev, sql: "DO $$ BEGIN EXECUTE a; END $$", rollback: SELECT 1}
""",
    "view.sql": "\n\nCREATE VIEW totals AS\n  SELECT total FROM orders;\n",
}
WRITTEN = ("# a comment", "", "        ", "  - {id: another, sql: CREATE TABLE another (id int)}")


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


def loaded(folder: Path, cache: str) -> tuple[Loaded, ChangesetGraph, object] | list[str]:
    url = "postgresql://nowhere/never"
    try:
        found = load(Settings(changelog=folder / "main.yaml", root=folder, url=url, cache=cache))
    except ChangelogEngineError as error:
        return [str(error)]
    return found, found.graph, found.changelog.checksums


@given(st.sampled_from(sorted(FILES)), st.integers(0, 30), st.sampled_from(WRITTEN))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_remembered_or_worked_out_it_is_the_same(tmp_path: Path, name: str, line: int, text: str) -> None:
    folder = tmp_path / "project"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write(folder, FILES)
    cache = str(tmp_path / "cache")
    assert loaded(folder, cache) == loaded(folder, "off")
    lines = FILES[name].split("\n")
    (folder / name).write_text("\n".join([*lines[:line], text, *lines[line:]]))
    assert loaded(folder, cache) == loaded(folder, "off")
    assert loaded(folder, cache) == loaded(folder, "off")


@pytest.mark.parametrize(
    ("old", "new", "is_inferred_again"),
    [
        ("changesets:", "# moved down\n\nchangesets:", False),
        ("it does not commute", "described in other words", False),
        ("rollback: UPDATE customers SET id = 1", "rollback: UPDATE customers SET id = 0", False),
        ("SET id = 3", "SET id = 4", True),
        ("      UPDATE customers\n      SET id = 3", "      UPDATE customers SET\n      id = 3", True),
        ("  - id: second", "  - id: second\n    depends_on: [first]", True),
        ("contexts: dev", "contexts: test", True),
    ],
)
def test_it_is_inferred_again_only_where_the_sql_or_its_order_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, is_inferred_again: bool
) -> None:
    write(tmp_path, FILES)
    loaded(tmp_path, str(tmp_path / "cache"))
    asked: list[int] = []
    infer = inference.infer

    def noted(*given: object) -> object:
        asked.append(1)
        return infer(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(inference, "infer", noted)
    assert FILES["rows.yaml"].count(old) == 1
    (tmp_path / "rows.yaml").write_text(FILES["rows.yaml"].replace(old, new))
    found = loaded(tmp_path, str(tmp_path / "cache"))
    assert bool(asked) is is_inferred_again
    assert found == loaded(tmp_path, "off")
