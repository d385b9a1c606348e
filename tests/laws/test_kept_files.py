"""What was read before and kept is what reading it again would give, in every changelog, with all that is wrong."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changelog_engine.changelog.reader import Reading, read_changelog
from changelog_engine.changelog.source import Source
from changelog_engine.changelog.yaml_nodes import compose
from changelog_engine.memory import FILE, Memory

FAULTS = sorted((Path(__file__).parents[1] / "faults").glob("*/main.yaml"))
SAMPLE = Path(__file__).parents[2] / "changelogs" / "main.yaml"

ITEMS = (
    "- {id: NAME, sql: SELECT 1, rollback: SELECT 2}\n",
    "- {id: NAME, sql: 'SELECT ${size}', rollback: {irreversible: gone}, labels: [a, b]}\n",
    "- id: NAME\n  contexts: dev or not prod\n  sql:\n    sqlite: SELECT 1\n    default: |\n      SELECT\n        2\n"
    "  rollback: [{sql: SELECT 1}, {sql: SELECT 2}]\n  run: always\n",
    "- {id: NAME, sql_file: some.sql, rollback: SELECT 1, dbms: [sqlite], author: 'ü'}\n",
    "- {id: NAME, sql: SELECT 1, rollback: SELECT 1, checks: [{name: c, sql: SELECT 1, expect: 1.50}],\n"
    "   preconditions: [{not: {table_exists: x}, on_fail: skip}], run_as: '${role}', lock_timeout: 5s}\n",
    "- {id: NAME, sql: SELECT 1}\n",
    "- tag: NAME\n",
)
HEADS = ("", "order: linear\n", "defaults: {author: me, labels: [x], contexts: test}\n")


@st.composite
def projects(draw: st.DrawFn) -> dict[str, str]:
    """Files by name, some of them with faults, and one of SQL."""
    files = {"some.sql": "SELECT 1"}
    includes = []
    for number in range(draw(st.integers(1, 4))):
        name = f"f{number}.yaml"
        path = draw(st.sampled_from([name, f"{{path: {name}, contexts: '!prod'}}", f"{{path: {name}, order: linear}}"]))
        includes.append(path)
        items = draw(st.lists(st.sampled_from(ITEMS), max_size=4))
        body = "".join(
            "  " + text.replace("NAME", f"x{number}-{index}").replace("\n", "\n  ").rstrip() + "\n"
            for index, text in enumerate(items)
        )
        files[name] = f"{draw(st.sampled_from(HEADS))}changesets:\n{body}" if items else "changesets: []\n"
    files["main.yaml"] = (
        f"order: {draw(st.sampled_from(['linear', 'dependencies']))}\nparameters: {{size: 1, role: r}}\n"
        f"include: [{', '.join(includes)}]\nchangesets:\n  - {{id: last, sql: SELECT 1, rollback: SELECT 1}}\n"
    )
    return files


def read(folder: Path, memory: Memory | None) -> Reading:
    return read_changelog(folder / "main.yaml", folder, keeper=memory)


@given(projects(), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_kept_or_read_it_is_the_same(tmp_path: Path, files: dict[str, str], data: st.DataObject) -> None:
    shutil.rmtree(tmp_path, ignore_errors=True)
    tmp_path.mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with Memory(tmp_path / "cache") as memory:
        assert read(tmp_path, memory) == read(tmp_path, None)
        assert read(tmp_path, memory) == read(tmp_path, None)
    changed = data.draw(st.sampled_from(sorted(files)))
    text = "SELECT 3" if changed.endswith(".sql") else f"# another line\n{files[changed]}"
    (tmp_path / changed).write_text(text)
    with Memory(tmp_path / "cache") as memory:
        assert read(tmp_path, memory) == read(tmp_path, None)


@pytest.mark.parametrize("root", [*FAULTS, SAMPLE], ids=lambda path: path.parent.name)
def test_faults_are_told_the_same_the_second_time(tmp_path: Path, root: Path) -> None:
    with Memory(tmp_path) as memory:
        for _ in range(2):
            assert read_changelog(root, root.parent, keeper=memory) == read_changelog(root, root.parent)


def test_a_file_that_is_kept_is_not_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.yaml").write_text("include: [a.yaml]\n")
    (tmp_path / "a.yaml").write_text("changesets:\n  - {id: one, sql: SELECT 1, rollback: SELECT 1}\n")
    with Memory(tmp_path / "cache") as memory:
        first = read(tmp_path, memory)
        parsed: list[str] = []

        def noted(source: Source) -> object:
            parsed.append(source.name)
            return compose(source)

        monkeypatch.setattr("changelog_engine.changelog.includes.compose", noted)
        assert read(tmp_path, memory) == first
    assert parsed == ["main.yaml"]


@pytest.mark.parametrize("value", [None, [], [[[99]]], [[["x"]], 1, 2, 3], {"a": 1}, [[], [], [], [[1]]]])
def test_what_is_no_kept_file_is_read(tmp_path: Path, value: object) -> None:
    (tmp_path / "main.yaml").write_text("include: [a.yaml]\n")
    (tmp_path / "a.yaml").write_text("changesets:\n  - {id: one, sql: SELECT 1, rollback: SELECT 1}\n")

    class Odd(Memory):
        def get(self, keys):  # type: ignore[no-untyped-def]
            return dict.fromkeys(keys, value)

    assert read(tmp_path, Odd(None)) == read(tmp_path, None)


def test_a_file_of_many_changesets_is_kept_in_pieces_and_read_where_one_is_gone(tmp_path: Path) -> None:
    item = "  - {{id: x{}, sql: 'SELECT ${{size}}', rollback: SELECT 1}}\n"
    many = "".join(item.format(number) + (f"  - tag: t{number}\n" if number % 50 == 0 else "") for number in range(700))
    (tmp_path / "main.yaml").write_text("parameters: {size: 1}\ninclude: [first.yaml, many.yaml]\n")
    (tmp_path / "first.yaml").write_text("changesets:\n  - {id: one, sql: SELECT 1, rollback: SELECT 1}\n")
    (tmp_path / "many.yaml").write_text(f"changesets:\n{many}")
    found = read(tmp_path, None)
    with Memory(tmp_path / "cache") as memory:
        assert read(tmp_path, memory) == read(tmp_path, memory) == found
    with closing(sqlite3.connect(tmp_path / "cache" / FILE, isolation_level=None)) as connection:
        pieces = [key for (key,) in connection.execute("SELECT key FROM memory WHERE key LIKE '%:_'")]
        assert sorted(key[-1] for key in pieces) == ["1", "2"]
        connection.execute("DELETE FROM memory WHERE key LIKE '%:2'")
    with Memory(tmp_path / "cache") as memory:
        assert read(tmp_path, memory) == read(tmp_path, memory) == found
