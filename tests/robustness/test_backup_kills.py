"""Killed while backups are made, used or restored: the next run goes on, and every row comes back.

A changelog whose rollbacks are backups is applied and rolled back again and again, each at random moments of it killed.
Each statement changes what it finds, so that what is done twice, or half, or restored from a backup that is not whole
shows in the rows.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from changelog_engine.ledger.entries import Event
from tests.fixtures.nursery import Child, Nursery
from tests.fixtures.places import BACKUP, RESTORE, begun_in, place_of
from tests.fixtures.projects import Project
from tests.scenarios.test_table_backups import dump

IN_A_ROW = 3
ROWS = 10_000
CHANGED = ("rows", "column", "outside", "whole")

_POSTGRESQL = f"""
    changesets:
      - id: base
        sql: |
          CREATE TABLE items (id int PRIMARY KEY, n int NOT NULL, note text);
          INSERT INTO items SELECT g, g % 7, 'note ' || g FROM generate_series(1, {ROWS}) g;
          CREATE TABLE others (id serial PRIMARY KEY, item int REFERENCES items, n int NOT NULL DEFAULT 1);
          INSERT INTO others (item) SELECT id FROM items WHERE id % 4 = 0;
        rollback: {{irreversible: the beginning}}
      - tag: start
      - id: rows
        depends_on: [base]
        sql: |
          UPDATE items SET n = n + 1;
          DELETE FROM others WHERE id % 3 = 0;
          INSERT INTO others (id, item) VALUES (0, 1);
        rollback: {{backup: {{tables: [items, others]}}}}
      - id: column
        depends_on: [rows]
        sql: ALTER TABLE items DROP COLUMN note; UPDATE items SET n = n * 2
        rollback: {{backup: {{tables: [items]}}}}
      - id: outside
        depends_on: [column]
        transaction: false
        sql: |
          UPDATE others SET n = n + 1;
          CREATE INDEX CONCURRENTLY others_n ON others (n);
          UPDATE others SET n = n * 2;
        rollback: {{backup: {{tables: [others]}}}}
      - id: whole
        depends_on: [outside]
        sql: |
          DROP TABLE others;
          UPDATE items SET n = n + 5;
          CREATE TABLE more AS SELECT id, n FROM items WHERE id % 9 = 0;
        rollback: {{backup: database}}
"""

_NUMBERS = f"WITH RECURSIVE g(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM g WHERE id < {ROWS})"
_SQLITE = f"""
    changesets:
      - id: base
        transaction: false
        sql: |
          PRAGMA journal_mode = MODE;
          CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, n int NOT NULL, note text);
          INSERT INTO items {_NUMBERS} SELECT id, id % 7, 'note ' || id FROM g;
          CREATE TABLE others (item int, n int NOT NULL DEFAULT 1);
          INSERT INTO others (item) SELECT id FROM items WHERE id % 4 = 0;
        rollback: {{irreversible: the beginning}}
      - tag: start
      - id: rows
        depends_on: [base]
        sql: |
          UPDATE items SET n = n + 1;
          DELETE FROM others WHERE rowid % 3 = 0;
          INSERT INTO others (item) VALUES (1);
        rollback: {{backup: {{tables: [items, others]}}}}
      - id: column
        depends_on: [rows]
        sql: ALTER TABLE items DROP COLUMN note; UPDATE items SET n = n * 2
        rollback: {{backup: {{tables: [items]}}}}
      - id: outside
        depends_on: [column]
        transaction: false
        sql: |
          UPDATE others SET n = n + 1;
          CREATE INDEX others_n ON others (n);
          UPDATE others SET n = n * 2;
        rollback: {{backup: {{tables: [others]}}}}
      - id: whole
        depends_on: [outside]
        sql: |
          DROP TABLE others;
          UPDATE items SET n = n + 5;
          CREATE TABLE more AS SELECT id, n FROM items WHERE id % 9 = 0;
        rollback: {{backup: database}}
"""

Contents = Callable[[Project], frozenset[str]]


class Rounds:
    """Updates and rollbacks of one database, struck at random moments. ``contents`` gives all that it holds but
    the ledger and the backups, a line a row. ``places`` counts where the kills fell.
    """

    def __init__(self, nursery: Nursery, project: Project, contents: Contents) -> None:
        self.nursery = nursery
        self.project = project
        self.contents = contents
        self.places: Counter[str] = Counter()
        self.rounds = 0
        self._runs = 0
        self._seconds: dict[str, float] = {}

    def run(self, kills: int, seed: str) -> None:
        chance = random.Random(seed)
        self.project.update(select="base")
        self._finish("update")
        after = self.contents(self.project)
        self._finish("rollback")
        before = self.contents(self.project)
        assert after != before
        while self.places.total() < kills:
            self.rounds += 1
            self._strike("update", chance)
            self._finish("update")
            assert self.contents(self.project) ^ after == frozenset()
            self._assert_applied()
            self._strike("rollback", chance)
            self._finish("rollback")
            assert self.contents(self.project) ^ before == frozenset()
            self._assert_rolled_back()
        inside = self.places[BACKUP], self.places[RESTORE]
        sys.stdout.write(f"{seed}: {self.places.total()} kills in {self.rounds} rounds, {inside[0]} strictly inside a ")
        sys.stdout.write(f"backup, {inside[1]} inside a restore; in all {dict(self.places.most_common())}\n")

    def _strike(self, verb: str, chance: random.Random) -> None:
        """Kill up to three runs in a row, each at a moment of its own."""
        for _ in range(chance.randint(1, IN_A_ROW)):
            self._runs += 1
            places = self.project.folder / f"places-{self._runs}"
            child = self._start(verb, places)
            # Most moments are to lie where there is something to be broken: soon after the so many-th beginning.
            begun = chance.randint(0, len(CHANGED))
            while begun_in(places) < begun and not child.has_ended():
                time.sleep(0.001)
            time.sleep(self._seconds[verb] * chance.random() / (len(CHANGED) if begun else 1))
            if not child.has_ended():
                child.send(signal.SIGKILL)
            ended = child.wait()
            assert ended.code in (0, -signal.SIGKILL), ended.err
            if ended.code == 0:
                return
            self.places[place_of(places)] += 1
            # Looking needs no recovery by a run that writes, whatever was left; and no backup counts that is not whole.
            assert not self.project.engine().backups(verify=True).is_faulty

    def _finish(self, verb: str) -> None:
        """The next run, which is left alone: it needs nobody's help."""
        began = time.monotonic()
        ended = self._start(verb).wait()
        self._seconds.setdefault(verb, time.monotonic() - began)
        assert ended.code == 0, ended.err
        assert "Traceback" not in ended.err

    def _start(self, verb: str, places: Path | None = None) -> Child:
        target = ("--tag", "start") if verb == "rollback" else ()
        options = ("--changelog", "main.yaml", "--url", self.project.url, "--lock-wait", "30")
        return self.nursery.start(verb, *target, *options, cwd=self.project.folder, places=places)

    def _assert_applied(self) -> None:
        assert set(self.project.states().values()) == {"applied"}
        found = self.project.engine().backups(verify=True)
        needed = [backup for backup in found.backups if backup.needed]
        assert [backup.changeset for backup in needed] == list(CHANGED)
        assert all(backup.present and backup.fault is None for backup in found.backups)
        assert list((self.project.folder / "backups").glob("*.part*")) == []
        self._assert_history(Event.APPLIED)

    def _assert_rolled_back(self) -> None:
        """Nothing is needed any more, what the kills have left is told, and goes with the rest."""
        assert {name for name, state in self.project.states().items() if state == "pending"} == set(CHANGED)
        self._assert_history(Event.ROLLED_BACK)
        folder, engine = self.project.folder / "backups", self.project.engine()
        told = engine.backups()
        places = {*told.leftovers, *(backup.place for backup in told.backups)}
        assert places.issuperset(str(path) for path in folder.iterdir())
        engine.prune_backups()
        assert list(folder.iterdir()) == []
        assert (engine.backups().backups, engine.backups().leftovers) == ((), ())

    def _assert_history(self, last: Event) -> None:
        """Each changeset was applied and rolled back in turn, and the chain is whole."""
        entries = [entry for entry in self.project.entries() if entry.event in (Event.APPLIED, Event.ROLLED_BACK)]
        for name in CHANGED:
            events = [entry.event for entry in entries if entry.changeset_id == name]
            turns = [Event.APPLIED, Event.ROLLED_BACK] * (self.rounds + 1)
            assert events == turns[: len(turns) - (last is Event.APPLIED)]
        assert self.project.engine().verify_history().chain == "intact"


def _of_postgresql(project: Project) -> frozenset[str]:
    return frozenset(dump(project.url).splitlines())


def _of_sqlite(project: Project) -> frozenset[str]:
    with closing(sqlite3.connect(project.folder / "database.db")) as connection:
        lines = [line for line in connection.iterdump() if "changelog_" not in line]
        rowids = connection.execute("SELECT rowid, * FROM items").fetchall()
    return frozenset([*lines, *map(str, rowids)])


@pytest.fixture
def kills(kills: int) -> int:
    """A few in the suite, as each takes longer than others do."""
    return kills // 3


def test_postgresql_goes_on_after_a_kill_around_backups(
    nursery: Nursery, postgresql_project: Project, kills: int
) -> None:
    postgresql_project.write(_POSTGRESQL)
    Rounds(nursery, postgresql_project, _of_postgresql).run(kills, "backups, PostgreSQL")


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_sqlite_goes_on_after_a_kill_around_backups(
    nursery: Nursery, sqlite_project: Project, kills: int, mode: str
) -> None:
    sqlite_project.write(_SQLITE.replace("MODE", mode))
    Rounds(nursery, sqlite_project, _of_sqlite).run(kills, f"backups, SQLite, {mode}")
