"""What is applied: small changes, the same ones for every tool."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Change:
    """One changeset, or migration: a statement without its semicolon, and the one that undoes it."""

    id: str
    sql: str
    undo: str


Changes = Sequence[Change]


def tables(count: int) -> Changes:
    """A small table each: what a changeset mostly is. Most of the time goes into the server's catalogs and commits."""
    columns = "(id bigint PRIMARY KEY, name text NOT NULL, amount numeric(12, 2))"
    return [
        _change(number, f"CREATE TABLE thing_{number:05} {columns}", f"DROP TABLE thing_{number:05}")
        for number in range(1, count + 1)
    ]


def rows(count: int) -> Changes:
    """A table, then a row each: so cheap for the server that what is seen is what the client takes."""
    columns = "(id bigint PRIMARY KEY, name text NOT NULL, amount numeric(12, 2))"
    first = _change(1, f"CREATE TABLE thing {columns}", "DROP TABLE thing")
    return [
        first,
        *(
            _change(
                number,
                f"INSERT INTO thing VALUES ({number}, 'a thing of kind {number}', {number}.50)",
                f"DELETE FROM thing WHERE id = {number}",
            )
            for number in range(2, count + 1)
        ),
    ]


def sleeps(count: int, seconds: float) -> Changes:
    """Independent changes that take their time on the server."""
    return [
        _change(number, f"DO $$ BEGIN PERFORM pg_sleep({seconds}); END $$", "SELECT 1")
        for number in range(1, count + 1)
    ]


def _change(number: int, sql: str, undo: str) -> Change:
    return Change(f"change-{number:05}", sql, undo)


def write_changelog(folder: Path, changes: Changes, files: int = 1) -> None:
    """A changelog of ours: ``main.yaml``, and the files that it includes."""
    a_file = -(-len(changes) // files)
    for number in range(files):
        blocks = [_changeset(change) for change in changes[number * a_file : (number + 1) * a_file]]
        (folder / f"part-{number:03}.yaml").write_text("changesets:\n" + "".join(blocks), encoding="utf-8")
    (folder / "main.yaml").write_text('name: benchmark\ninclude: ["part-*.yaml"]\n', encoding="utf-8")


def _changeset(change: Change) -> str:
    texts = f"    sql: |\n      {change.sql};\n    rollback: |\n      {change.undo};\n"
    return f"  - id: {change.id}\n    author: mira\n{texts}"


def write_large_changelog(folder: Path, count: int, files: int) -> None:
    """A changelog as a large one is: much text, labels, several statements, up to three dependencies a changeset. What
    it does is cheap for the database.
    """
    chance = random.Random(_SEED)
    a_file = count // files
    for part in range(files):
        numbers = range(part * a_file, (part + 1) * a_file)
        blocks = [_large_changeset(number, chance) if number else _FIRST for number in numbers]
        (folder / f"part-{part:03}.yaml").write_text("changesets:\n" + "\n".join(blocks), encoding="utf-8")
    (folder / "main.yaml").write_text('name: benchmark\ninclude: ["part-*.yaml"]\n', encoding="utf-8")


_SEED = 20

_FIRST = """\
  - id: add-thing-00000
    sql: |
      CREATE TABLE thing (id bigint PRIMARY KEY, name text NOT NULL, amount numeric(12, 2), created_at timestamptz);
    rollback: |
      DROP TABLE thing;
"""


def _large_changeset(number: int, chance: random.Random) -> str:
    needed = sorted({0, *(chance.randrange(number) for _ in range(chance.randrange(3)))})
    depends_on = "".join(f"\n      - add-thing-{other:05}" for other in needed)
    return f"""\
  - id: add-thing-{number:05}
    author: author-{number % 7}
    description: Adds the things of kind {number}, with what belongs to them
    labels: [benchmark, part-{number % 10}]
    depends_on:{depends_on}
    sql: |
      INSERT INTO thing (id, name, amount, created_at)
      VALUES ({2 * number}, 'a thing of kind {number}, the first of two', {number}.50, now());
      INSERT INTO thing (id, name, amount, created_at)
      VALUES ({2 * number + 1}, 'a thing of kind {number}, the second of two', {number}.75, now());
      UPDATE thing SET amount = amount + 1 WHERE id = {2 * number};
    rollback: |
      DELETE FROM thing WHERE id IN ({2 * number}, {2 * number + 1});
"""
