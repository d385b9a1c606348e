"""Killed at any moment, a run leaves nothing that the next one could not go on from, and nothing is done twice.

Each kind of kill is tried at random moments of an update that has both kinds of changesets, in transactions and outside
of them. Up to three runs in a row are killed, so that what settles a crash is killed too.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from tests.fixtures.databases import driver_url, start_again, start_postgresql
from tests.fixtures.nursery import Child, Ended, Nursery
from tests.fixtures.processes import kill, start_changelog
from tests.fixtures.projects import Project
from tests.fixtures.proxy import Relay, relay_to, through
from tests.robustness.changelogs import Counted, assert_complete, on_postgresql, on_sqlite

IN_A_ROW = 3
DONE, LOST, KILLED = 0, 1, -signal.SIGKILL


class Trials:
    """Updates on new databases (``fresh`` makes one of each number), struck at random moments.

    ``codes`` and ``left`` count the exit codes of the struck runs, and what they left.
    """

    def __init__(self, nursery: Nursery, counted: Counted, fresh: Callable[[int], Project]) -> None:
        self.nursery = nursery
        self.counted = counted
        self.fresh = fresh
        self.codes: Counter[int] = Counter()
        self.left: Counter[str] = Counter()

    def run(self, kills: int, seed: str, strike: Callable[[Child, Project], None]) -> None:
        """Strike at ``kills`` moments, and see each time that the next run goes on from there."""
        chance = random.Random(seed)
        middle = self._time() / 2
        trial = 0
        while self.codes.total() < kills:
            trial += 1
            project = self._project(trial)
            for _ in range(chance.randint(1, IN_A_ROW)):
                child = self.start(project)
                time.sleep(middle * chance.uniform(0.3, 1.7))
                strike(child, project)
                # Most moments are to lie in between, however fast the machine is now.
                left = self._note(child.wait(), project)
                middle *= {"nothing": 1.15, "all": 0.85}.get(left, 1.0)
                if left == "all":
                    break
            last = self.start(project).wait()
            assert last.code == DONE, last.err
            assert_complete(project, self.counted)
        sys.stdout.write(f"{seed}: {self.codes.total()} moments in {trial} databases, exit codes {dict(self.codes)}, ")
        sys.stdout.write(f"left {dict(self.left)}\n")

    def start(self, project: Project) -> Child:
        options = ("--changelog", "main.yaml", "--url", project.url, "--lock-wait", "30")
        return self.nursery.start("update", *options, cwd=project.folder)

    def _time(self) -> float:
        """The seconds that a run takes which is left alone."""
        project = self._project(0)
        began = time.monotonic()
        ended = self.start(project).wait()
        seconds = time.monotonic() - began
        assert ended.code == DONE, ended.err
        assert_complete(project, self.counted)
        return seconds

    def _project(self, number: int) -> Project:
        project = self.fresh(number)
        project.write(self.counted.text)
        return project

    def _note(self, ended: Ended, project: Project) -> str:
        """Count how a struck run ended, and what it left, which is given back."""
        assert ended.code in (DONE, LOST, KILLED), ended.err
        assert "Traceback" not in ended.err
        self.codes[ended.code] += 1
        # Looking needs no recovery by a run that writes, whatever was left.
        states = project.states()
        assert len(states) == len(self.counted.ids)
        found = set(states.values())
        what = "nothing" if found == {"pending"} else "all" if found == {"applied"} else "a part"
        self.left[f"{what}, one in doubt" if "in_doubt" in found else what] += 1
        return what


def kill_process(child: Child, _project: Project) -> None:
    child.send(signal.SIGKILL)


def _schemas(folder: Path, database: str) -> Callable[[int], Project]:
    """A schema of its own for each trial, which costs less than a database."""

    def make(number: int) -> Project:
        own = folder / f"trial-{number}"
        own.mkdir()
        Project(own, database).sql(f"CREATE SCHEMA s{number}")
        url = make_url(database).update_query_dict({"options": f"-csearch_path=s{number}"})
        return Project(own, url.render_as_string(hide_password=False))

    return make


@pytest.fixture
def fresh_schema(tmp_path: Path, postgresql_url: str) -> Callable[[int], Project]:
    return _schemas(tmp_path, postgresql_url)


@pytest.fixture
def fresh_file(tmp_path: Path) -> Callable[[int], Project]:
    def make(number: int) -> Project:
        folder = tmp_path / f"trial-{number}"
        folder.mkdir()
        return Project(folder, f"sqlite:///{folder / 'database.db'}")

    return make


def test_postgresql_goes_on_after_its_client_was_killed(
    nursery: Nursery, fresh_schema: Callable[[int], Project], kills: int
) -> None:
    Trials(nursery, on_postgresql(), fresh_schema).run(kills, "client killed, PostgreSQL", kill_process)


def test_sqlite_goes_on_after_its_process_was_killed(
    nursery: Nursery, fresh_file: Callable[[int], Project], kills: int
) -> None:
    Trials(nursery, on_sqlite(), fresh_file).run(kills, "process killed, SQLite", kill_process)


def test_postgresql_goes_on_after_its_backend_was_terminated(
    nursery: Nursery, fresh_schema: Callable[[int], Project], postgresql_url: str, kills: int
) -> None:
    with psycopg.connect(driver_url(make_url(postgresql_url)), autocommit=True) as connection:

        def terminate(_child: Child, _project: Project) -> None:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'changelog' AND datname = current_database()"
            )

        Trials(nursery, on_postgresql(), fresh_schema).run(kills, "backend terminated", terminate)


def test_postgresql_goes_on_after_the_network_was_cut(
    nursery: Nursery, fresh_schema: Callable[[int], Project], postgresql_url: str, kills: int
) -> None:
    with relay_to(postgresql_url) as relay:

        def cut(_child: Child, _project: Project) -> None:
            relay.reset()

        def fresh(number: int) -> Project:
            return _through(relay, fresh_schema(number))

        Trials(nursery, on_postgresql(), fresh).run(kills, "network cut", cut)


def test_postgresql_goes_on_after_the_network_fell_silent(
    nursery: Nursery, fresh_schema: Callable[[int], Project], postgresql_url: str, kills: int
) -> None:
    """Nothing comes through any more, the client is killed; later the server sees that nobody is there."""
    with relay_to(postgresql_url) as relay:

        def silence(child: Child, _project: Project) -> None:
            relay.hold()
            time.sleep(0.01)
            child.send(signal.SIGKILL)
            relay.reset()
            relay.restore()

        def fresh(number: int) -> Project:
            return _through(relay, fresh_schema(number))

        Trials(nursery, on_postgresql(), fresh).run(kills, "network silent", silence)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["in order", "at once"])
def test_postgresql_goes_on_after_the_server_was_restarted(
    nursery: Nursery, tmp_path: Path, short_folder: Path, kills: int, how: signal.Signals
) -> None:
    """Which keeps what was committed in its memory for as long as it may, so that the crash loses some of it."""
    url = URL.create("postgresql", "postgres", database="postgres", query={"host": str(short_folder)})
    settings = {"fsync": "off", "wal_writer_delay": "10s"}
    servers = [start_postgresql(short_folder, settings)]

    def restart(_child: Child, _project: Project) -> None:
        servers[-1].send_signal(how)
        servers[-1].wait()
        servers.append(start_again(short_folder, settings))

    try:
        schemas = _schemas(tmp_path, url.render_as_string(hide_password=False))
        Trials(nursery, on_postgresql(), schemas).run(max(kills // 6, 2), f"server restarted {how.name}", restart)
    finally:
        servers[-1].send_signal(signal.SIGQUIT)
        servers[-1].wait()


def _through(relay: Relay, project: Project) -> Project:
    return Project(project.folder, through(relay, project.url))


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_the_program_as_it_is_installed_goes_on_after_it_was_killed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """As the others, with processes that import, connect and write for themselves."""
    chance = random.Random(kind)
    counted = on_postgresql() if kind == "postgresql" else on_sqlite()
    project = Project(tmp_path, request.getfixturevalue(f"{kind}_url"))
    project.write(counted.text)
    update = ("update", "--changelog", "main.yaml", "--url", project.url)
    for _ in range(3):
        process = start_changelog(*update, cwd=project.folder)
        time.sleep(chance.uniform(0.4, 1.2))
        kill(process)
    last = start_changelog(*update, cwd=project.folder)
    _, errors = last.communicate()
    assert last.returncode == DONE, errors
    assert_complete(project, counted)


HALF_WRITTEN = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE changelog_ledger SET source = hex(zeroblob(100000))")
print("half written", flush=True)
time.sleep(60)
"""


def test_looking_works_where_a_killed_process_left_a_half_written_file(sqlite_project: Project) -> None:
    """SQLite undoes what was half written when it is opened next, which a connection that may only read cannot do."""
    project = sqlite_project
    project.tables("a", "b")
    project.update()
    file = project.folder / "database.db"
    writer = subprocess.Popen([sys.executable, "-c", HALF_WRITTEN, str(file)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "half written\n"
    kill(writer)
    assert Path(f"{file}-journal").exists()
    assert project.states() == {"a": "applied", "b": "applied"}
    assert project.engine().verify_history().chain == "intact"
