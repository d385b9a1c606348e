"""The lock: it dies with its holder, and not before the holder's session has ended its work."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.errors import LockNotObtainedError
from changelog_engine.execute.events import LockWaited
from changelog_engine.ledger.ledger import Ledger
from changelog_engine.ledger.lock import Holder, hold_lock, write_holder
from tests.fixtures.processes import start_changelog
from tests.fixtures.projects import Project

SLOW = """
    changesets:
      - {id: first, sql: CREATE TABLE first (id int), rollback: DROP TABLE first}
      - id: slow
        sql: |
          CREATE TABLE slow (id int);
          SELECT pg_sleep(3);
        rollback: DROP TABLE slow
    """


def start_update(project: Project) -> subprocess.Popen[str]:
    return start_changelog("update", "--changelog", "main.yaml", "--url", project.url, cwd=project.folder)


def wait_until(question: str, project: Project, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while project.sql(question) != [(1,)]:
        assert time.monotonic() < deadline, question
        time.sleep(0.05)


SLEEPING = (
    "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3)%' AND state = 'active' "
    "AND pid <> pg_backend_pid() AND datname = current_database()"
)


def test_who_waits_is_told_for_whom_and_gives_up_in_time(project: Project) -> None:
    project.tables("a")
    project.update()
    project.tables("a", "b")
    session = connect(project.url, Access.WRITE)
    ledger = Ledger(session, "main", schema=None)
    with hold_lock(ledger, 0, lambda *_: None):
        write_holder(ledger, Holder("desk", 42, "mira", "changelog update", "2026-01-01"))
        started = time.monotonic()
        with pytest.raises(LockNotObtainedError, match=r"mira@desk.*process 42"):
            project.engine(lock_wait=0.3).update()
        assert time.monotonic() - started < 3
        status = project.engine().lock()
        assert (status.held, status.since) == (True, "2026-01-01")
        with pytest.raises(LockNotObtainedError):
            project.engine().release_lock()
    assert any(isinstance(event, LockWaited) and "mira@desk" in event.holder for event in project.events)
    assert project.engine().lock().held is False
    assert project.update().applied == ("b",)
    session.close()


def test_a_stale_row_is_cleared_and_said(project: Project) -> None:
    project.tables("a")
    project.update()
    session = connect(project.url, Access.WRITE)
    ledger = Ledger(session, "main", schema=None)
    write_holder(ledger, Holder("gone", 42, "mira", "changelog update", "2026-01-01"))
    session.close()
    status = project.engine().lock()
    assert (status.held, status.holder is not None) == (False, True)
    released = project.engine().release_lock()
    assert released.released
    assert "gone" in (released.holder or "")
    assert project.engine().lock().holder is None


def test_the_lock_outlasts_a_client_whose_session_is_still_at_work(postgresql_project: Project) -> None:
    """The client is killed, its backend works on through all that was sent: nobody may start before that has ended."""
    project = postgresql_project
    project.write(SLOW)
    process = start_update(project)
    wait_until(SLEEPING, project)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with pytest.raises(LockNotObtainedError):
        project.engine(lock_wait=0.2).update()
    assert project.engine().lock().held
    assert project.sql(SLEEPING) == [(1,)]
    project.engine(lock_wait=30.0).update()
    assert [entry.changeset_id for entry in project.entries()] == ["first", "slow"]
    assert project.engine().verify_history().chain == "intact"


HOLD = """
import sys, time
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.ledger.ledger import Ledger
session = connect(sys.argv[1], Access.WRITE)
assert session.try_lock(Ledger(session, "main", schema=None).tables.lock_name)
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_process_leaves_no_lock(project: Project) -> None:
    project.tables("a")
    holder = subprocess.Popen([sys.executable, "-c", HOLD, project.url], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LockNotObtainedError):
        project.engine(lock_wait=0).update()
    holder.kill()
    holder.communicate()
    assert project.update().applied == ("a",)


def test_two_changelogs_in_different_schemas_do_not_wait_for_each_other(postgresql_project: Project) -> None:
    project = postgresql_project
    project.tables("a")
    session = connect(project.url, Access.WRITE)
    ledger = Ledger(session, "main", schema="other")
    with hold_lock(ledger, 0, lambda *_: None):
        assert project.engine(lock_wait=0).update().applied == ("a",)
    session.close()
