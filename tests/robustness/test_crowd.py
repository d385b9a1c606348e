"""Started at the same time: all succeed, everything is done once, and who waits says for whom."""

from __future__ import annotations

import signal
import time

from tests.fixtures.nursery import Child, Nursery
from tests.fixtures.projects import Project
from tests.robustness.changelogs import assert_complete, on_postgresql, on_sqlite
from tests.robustness.waiting import slow_statement, wait_for

CROWD = 20


def start(nursery: Nursery, project: Project, *options: str) -> Child:
    return nursery.start("update", "--changelog", "main.yaml", "--url", project.url, *options, cwd=project.folder)


def test_twenty_at_once_on_an_empty_database_all_succeed(nursery: Nursery, project: Project) -> None:
    counted = on_postgresql() if project.url.startswith("postgresql") else on_sqlite()
    project.write(counted.text)
    children = [start(nursery, project) for _ in range(CROWD)]
    ended = [child.wait() for child in children]
    assert [one.err for one in ended if one.code != 0] == []
    assert_complete(project, counted)
    assert sum("applied log" in one.out for one in ended) == 1
    assert project.engine().lock().holder is None


WAITS = """
    changesets:
      - {id: first, sql: CREATE TABLE log (part int), rollback: DROP TABLE log}
      - id: slow
        transaction: false
        sql: |
          INSERT INTO log VALUES (1);
          {slow};
          INSERT INTO log VALUES (2);
        rollback: {irreversible: nobody asks}
      - {id: last, sql: INSERT INTO log VALUES (3), rollback: DELETE FROM log WHERE part = 3}
    """


def slow_changelog(project: Project) -> None:
    project.write(WAITS.replace("{slow}", slow_statement(project.url, 3)))


def is_at_work(project: Project) -> bool:
    """Whether the first statement of `slow` is recorded as done, and the second one not."""
    events = [str(entry.event) for entry in project.engine().history().events if entry.changeset_id == "slow"]
    return events == ["started", "statement_done"]


def test_others_go_on_when_the_holder_dies(nursery: Nursery, project: Project) -> None:
    slow_changelog(project)
    holder = start(nursery, project)
    wait_for(lambda: is_at_work(project))
    holder.send(signal.SIGSTOP)  # so that it cannot be done before the others have come, however busy the machine is
    others = [start(nursery, project) for _ in range(3)]
    wait_for(lambda: all("waiting for the lock" in other.written() for other in others))
    assert all(f"(process {holder.process}, `update`" in other.written() for other in others)
    holder.send(signal.SIGKILL)
    holder.wait()
    ended = [other.wait() for other in others]
    assert [one.err for one in ended if one.code != 0] == []
    assert project.sql("SELECT part FROM log ORDER BY part") == [(1,), (2,), (3,)]
    assert set(project.states().values()) == {"applied"}
    assert project.engine().verify_history().chain == "intact"


def test_who_does_not_want_to_wait_longer_is_told_for_whom_and_how_long(nursery: Nursery, project: Project) -> None:
    slow_changelog(project)
    holder = start(nursery, project)
    wait_for(lambda: is_at_work(project))
    holder.send(signal.SIGSTOP)
    began = time.monotonic()
    ended = start(nursery, project, "--lock-wait", "0.2").wait()
    assert time.monotonic() - began < 20
    assert ended.code == 5
    assert f"process {holder.process}" in ended.err
    assert "waited" in ended.err
    assert "--lock-wait" in ended.err
    holder.send(signal.SIGCONT)
    assert holder.wait().code == 0
    assert set(project.states().values()) == {"applied"}


def test_looking_at_the_history_while_a_run_writes_finds_no_broken_chain(nursery: Nursery, project: Project) -> None:
    counted = on_postgresql() if project.url.startswith("postgresql") else on_sqlite()
    project.write(counted.text)
    child = start(nursery, project)
    looks = 0
    while not child.has_ended():
        assert project.engine().verify_history().chain == "intact"
        looks += 1
    assert looks > 0
    assert child.wait().code == 0
