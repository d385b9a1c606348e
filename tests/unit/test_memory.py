"""What is remembered saves time, and is never a reason for anything else."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from changelog_engine.changelog.reader import read_changelog
from changelog_engine.memory import FILE, KEPT_DAYS, Memory, key_of, open_memory
from changelog_engine.model import Changelog, Changeset


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "cache") as memory:
        yield memory


def written(folder: Path, *names: str) -> Changelog:
    folder.mkdir(exist_ok=True)
    (folder / "main.yaml").write_text("include: ['*.inc.yaml']\n")
    for name in names:
        text = f"changesets:\n  - {{id: {name}, sql: CREATE TABLE {name} (id int), rollback: DROP TABLE {name}}}\n"
        (folder / f"{name}.inc.yaml").write_text(text)
    return read_changelog(folder / "main.yaml", folder).changelog


class Counting:
    """Works out an id, and counts how often."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, changeset: Changeset) -> Any:
        self.asked.append(changeset.id)
        return {"id": changeset.id}


def test_what_is_kept_is_given_back(memory: Memory) -> None:
    memory.put({key_of("a"): {"x": [1, "ä", None]}, key_of("b"): 2})
    assert memory.get([key_of("a"), key_of("b"), key_of("c")]) == {key_of("a"): {"x": [1, "ä", None]}, key_of("b"): 2}


def test_each_file_is_worked_out_once_until_it_changes(tmp_path: Path, memory: Memory) -> None:
    work_out = Counting()
    assert memory.recall("ids", written(tmp_path / "p", "one", "two"), work_out) == {
        "one": {"id": "one"},
        "two": {"id": "two"},
    }
    memory.recall("ids", written(tmp_path / "p", "one", "two"), work_out)
    assert work_out.asked == ["one", "two"]
    (tmp_path / "p" / "two.inc.yaml").write_text("changesets:\n  - {id: new, sql: SELECT 1, rollback: SELECT 1}\n")
    changelog = read_changelog(tmp_path / "p" / "main.yaml", tmp_path / "p").changelog
    assert memory.recall("ids", changelog, work_out).keys() == {"one", "new"}
    assert work_out.asked == ["one", "two", "new"]


def test_another_question_is_another_matter(tmp_path: Path, memory: Memory) -> None:
    work_out = Counting()
    changelog = written(tmp_path / "p", "one")
    memory.recall("ids", changelog, work_out)
    memory.recall("more", changelog, work_out)
    assert work_out.asked == ["one", "one"]


def test_a_file_of_sql_counts_as_a_part_of_the_file_that_names_it(tmp_path: Path, memory: Memory) -> None:
    text = "changesets:\n  - {id: one, sql_file: one.sql, rollback: SELECT 1}\n"
    (tmp_path / "main.yaml").write_text(text)
    (tmp_path / "one.sql").write_text("SELECT 1")
    work_out = Counting()
    memory.recall("ids", read_changelog(tmp_path / "main.yaml", tmp_path).changelog, work_out)
    (tmp_path / "one.sql").write_text("SELECT 2")
    memory.recall("ids", read_changelog(tmp_path / "main.yaml", tmp_path).changelog, work_out)
    assert work_out.asked == ["one", "one"]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_file_is_made_anew(tmp_path: Path, memory: Memory, content: bytes) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / FILE).write_bytes(content)
    assert memory.get(["x"]) == {}
    memory.put({"x": 1})
    memory.put({"x": 1})
    assert memory.get(["x"]) == {"x": 1}


def test_values_that_are_no_json_or_of_another_shape_are_worked_out_again(tmp_path: Path, memory: Memory) -> None:
    work_out = Counting()
    changelog = written(tmp_path / "p", "one")
    memory.recall("ids", changelog, work_out)
    with sqlite3.connect(tmp_path / "cache" / FILE) as connection:
        connection.execute("UPDATE memory SET value = '[]'")
    assert memory.recall("ids", changelog, work_out) == {"one": {"id": "one"}}
    with sqlite3.connect(tmp_path / "cache" / FILE) as connection:
        connection.execute("UPDATE memory SET value = '{'")
    assert memory.recall("ids", changelog, work_out) == {"one": {"id": "one"}}
    assert work_out.asked == ["one"] * 3


def test_a_value_that_cannot_be_loaded_is_worked_out_again(tmp_path: Path, memory: Memory) -> None:
    changelog = written(tmp_path / "p", "one")
    memory.recall("ids", changelog, lambda changeset: changeset.id)
    work_out = Counting()
    loaded = memory.recall("ids", changelog, work_out, lambda value: value["id"])
    assert loaded == {"one": "one"}
    assert work_out.asked == ["one"]


def test_a_folder_that_cannot_be_made_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Memory(tmp_path / "file" / "cache")
    memory.put({"x": 1})
    assert memory.get(["x"]) == {}


def test_one_that_somebody_else_holds_is_not_waited_for(tmp_path: Path, memory: Memory) -> None:
    memory.put({"x": 1})
    with closing(sqlite3.connect(tmp_path / "cache" / FILE, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        begin = time.monotonic()
        for number in range(50):
            assert memory.get(["x"]) == {}
            memory.put({f"y{number}": 1})
        assert time.monotonic() - begin < 5
        connection.execute("ROLLBACK")
    with Memory(tmp_path / "cache") as later:
        assert later.get(["x", "y0"]) == {"x": 1}


def test_a_text_that_no_file_can_hold_leaves_the_others_alone(memory: Memory) -> None:
    memory.put({"x": 1})
    memory.put({"y": "\ud800"})
    assert memory.get(["x", "y"]) == {"x": 1}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_not_believed(tmp_path: Path, memory: Memory) -> None:
    memory.put({"x": 1})
    os.chown(tmp_path / "cache" / FILE, 65534, 65534)
    assert memory.get(["x"]) == {}
    memory.put({"x": 2})
    os.chown(tmp_path / "cache" / FILE, 0, 0)
    assert memory.get(["x"]) == {"x": 1}


def grow_older(folder: Path, days: int) -> None:
    with closing(sqlite3.connect(folder / "cache" / FILE)) as connection, connection:
        connection.execute("UPDATE memory SET day = day - ?", (days,))


def test_what_is_old_and_not_used_is_dropped(tmp_path: Path, memory: Memory) -> None:
    memory.put({"x": 1, "used": 2})
    grow_older(tmp_path, KEPT_DAYS + 1)
    assert memory.get(["used"]) == {"used": 2}
    memory.put({"y": 1})
    assert memory.get(["x", "used", "y"]) == {"used": 2, "y": 1}
    grow_older(tmp_path, KEPT_DAYS)
    with Memory(tmp_path / "cache") as other:
        other.put({"z": 1})
    assert memory.get(["used", "y"]) == {"used": 2, "y": 1}


def test_where_there_is_too_much_what_is_not_used_today_goes(
    tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("changelog_engine.memory.MOST_BYTES", 500_000)
    memory.put({"used": "x" * 200_000, "unused": "x" * 400_000})
    grow_older(tmp_path, 1)
    memory.get(["used"])
    memory.put({"new": "x" * 1000})
    assert memory.get(["used", "unused", "new"]).keys() == {"used", "new"}
    size = (tmp_path / "cache" / FILE).stat().st_size
    assert size < 300_000
    memory.put({"more": "x" * 400_000})
    memory.put({"last": 1})
    assert memory.get(["used", "new", "more", "last"]) == {"last": 1}
    memory.put({"kept": 1})
    assert memory.get(["last", "kept"]) == {"last": 1, "kept": 1}


def _put_without_room(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    memory = Memory(folder)
    memory.put({"small": 1})
    memory.put({"large": "x" * 200_000})
    memory.put({"later": 1})
    assert memory.get(["small", "large"]) == {"small": 1}


def test_a_full_disk_is_no_matter(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_put_without_room, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0
    with Memory(tmp_path) as memory:
        memory.put({"again": 1})
        assert memory.get(["small", "again"]) == {"small": 1, "again": 1}


def _put_many(folder: Path, number: int) -> None:
    memory = Memory(folder)
    for index in range(5):
        memory.put({f"{number}-{index}": "x" * 1000})
        memory.get([f"{number}-{index}"])


def test_many_at_once_leave_it_sound(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_put_many, args=(tmp_path, number)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_it_can_be_switched_off_and_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    open_memory("user").put({"x": 1})
    assert (tmp_path / "home" / "changelog-engine" / FILE).exists()
    open_memory(str(tmp_path / "there")).put({"x": 1})
    assert (tmp_path / "there" / FILE).exists()
    open_memory("off").put({"x": 1})
    assert open_memory("off").get(["x"]) == {}
