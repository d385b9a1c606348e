"""SIGINT, SIGTERM: the first ends a run after what is in hand, the second cancels that, a later one ends it anyhow."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fixtures.nursery import Child, Nursery
from tests.fixtures.projects import Project
from tests.fixtures.proxy import relay_to, through
from tests.robustness.waiting import slow_statement, wait_for

CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


def write(project: Project, *, seconds: int, outside: bool = False) -> None:
    """Three changesets that leave marks; the middle one takes about so long, and the last one second."""
    project.write(
        f"""
        changesets:
          - {{id: first, sql: CREATE TABLE log (part int), rollback: DROP TABLE log}}
          - id: slow
            transaction: {"false" if outside else "true"}
            rollback: {{irreversible: nobody asks}}
            sql: |
              INSERT INTO log VALUES (1);
              {slow_statement(project.url, seconds)};
              INSERT INTO log VALUES (2);
          - id: last
            rollback: DELETE FROM log WHERE part = 3
            sql: |
              INSERT INTO log VALUES (3);
              {slow_statement(project.url, 1, "small")};
        """
    )


def start(nursery: Nursery, project: Project, *options: str) -> Child:
    """An update that has come to its slow statement."""
    child = nursery.start("update", "--changelog", "main.yaml", "--url", project.url, *options, cwd=project.folder)
    wait_for(lambda: "first" in project.states() and project.states()["first"] == "applied")
    time.sleep(0.3)
    return child


def complete(project: Project) -> None:
    project.update()
    assert project.sql("SELECT part FROM log ORDER BY part") == [(1,), (2,), (3,)]
    assert set(project.states().values()) == {"applied"}
    assert project.engine().verify_history().chain == "intact"


@pytest.mark.parametrize(("number", "code"), CODES)
def test_the_first_lets_the_step_in_hand_come_to_its_end(
    nursery: Nursery, project: Project, number: int, code: int
) -> None:
    write(project, seconds=2)
    child = start(nursery, project)
    child.send(number)
    ended = child.wait()
    assert ended.code == code, ended.err
    assert "stopping after what is in hand" in ended.err
    assert "applied slow" in ended.out
    assert "applied last" not in ended.out
    assert project.states()["slow"] == "applied"
    assert project.engine().lock().holder is None
    complete(project)


@pytest.mark.parametrize("outside", [False, True], ids=["in a transaction", "outside of one"])
def test_the_second_cancels_it_at_once(nursery: Nursery, project: Project, outside: bool) -> None:
    write(project, seconds=600, outside=outside)
    child = start(nursery, project)
    child.send(signal.SIGTERM)
    wait_for(lambda: "stopping after what is in hand" in child.written())
    began = time.monotonic()
    child.send(signal.SIGTERM)
    ended = child.wait()
    assert time.monotonic() - began < 10
    assert ended.code == 143, ended.err
    assert "cancelling what is in hand" in ended.err
    assert "error: interrupted" in ended.err
    assert "slow" not in project.states() or project.states()["slow"] != "applied"
    assert project.engine().lock().holder is None
    assert project.sql("SELECT part FROM log") == ([(1,)] if outside else [])
    # What was cancelled was not done, and its text may be mended: the rest goes on from there.
    write(project, seconds=0, outside=outside)
    complete(project)


def test_who_waits_for_the_lock_ends_at_once(nursery: Nursery, project: Project) -> None:
    write(project, seconds=3)
    holder = start(nursery, project)
    holder.send(signal.SIGSTOP)
    waiting = nursery.start("update", "--changelog", "main.yaml", "--url", project.url, cwd=project.folder)
    wait_for(lambda: "waiting for the lock" in waiting.written())
    began = time.monotonic()
    waiting.send(signal.SIGTERM)
    ended = waiting.wait()
    assert ended.code == 143, ended.err
    assert time.monotonic() - began < 10
    assert "applied" not in ended.out
    holder.send(signal.SIGCONT)
    assert holder.wait().code == 0
    complete(project)


def test_over_a_network_that_fell_silent_a_later_one_ends_the_program(
    nursery: Nursery, postgresql_project: Project
) -> None:
    project = postgresql_project
    write(project, seconds=2)
    with relay_to(project.url) as relay:
        cut_off = Project(project.folder, through(relay, project.url))
        child = nursery.start("update", "--changelog", "main.yaml", "--url", cut_off.url, cwd=project.folder)
        wait_for(lambda: "applied first" in (child.folder / "out").read_text())
        relay.hold()
        for _ in range(2):
            child.send(signal.SIGINT)
            time.sleep(0.2)
        began = time.monotonic()
        while not child.has_ended():
            assert time.monotonic() - began < 20
            child.send(signal.SIGINT)
            time.sleep(0.5)
        ended = child.wait()
        assert ended.code == 130, ended.err
        assert "ending at once" in ended.err
    complete(project)


def test_a_handler_that_raises_ends_a_statement_of_sqlite_too(sqlite_project: Project) -> None:
    """An application's own handlers, or Python's for Ctrl-C: what they raise inside of a statement gets out of it."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    write(sqlite_project, seconds=600)
    previous = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            sqlite_project.update()
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert sqlite_project.states()["slow"] == "pending"
    assert sqlite_project.engine().lock().held is False


def dump_of(child: Child) -> int | None:
    """The process of `pg_dump` that the run has started, once it dumps."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == child.process and b"--format=custom" in (path / "cmdline").read_bytes():
                return int(path.name)
    return None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
def test_the_second_ends_pg_dump_too(nursery: Nursery, postgresql_project: Project) -> None:
    project = postgresql_project
    project.write("""
        changesets:
          - {id: make, sql: "CREATE TABLE t AS SELECT g FROM generate_series(1, 300000) g", rollback: DROP TABLE t}
          - {id: wreck, depends_on: [make], sql: DELETE FROM t, rollback: {backup: database}}
        """)
    child = nursery.start("update", "--changelog", "main.yaml", "--url", project.url, cwd=project.folder)
    wait_for(lambda: dump_of(child) is not None)
    dump = dump_of(child)
    assert dump is not None
    os.kill(dump, signal.SIGSTOP)
    child.send(signal.SIGTERM)
    wait_for(lambda: "stopping after what is in hand" in child.written())
    assert dump_of(child) == dump
    child.send(signal.SIGTERM)
    ended = child.wait()
    assert ended.code == 143, ended.err
    assert "Traceback" not in ended.err
    assert list((project.folder / "backups").iterdir()) == []
    assert project.states() == {"make": "applied", "wreck": "pending"}
    project.update()
    project.rollback_one("wreck")
    assert project.sql("SELECT count(*) FROM t") == [(300_000,)]
