"""Behind PgBouncer: with sessions of its own a run works; where they are shared out it is refused before it locks."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from changelog_engine.errors import ConfigurationError
from tests.fixtures.databases import driver_url
from tests.fixtures.pooler import pgbouncer, program
from tests.fixtures.projects import Project
from tests.robustness.changelogs import assert_complete, on_postgresql

pytestmark = pytest.mark.skipif(program() is None, reason="PgBouncer is not installed (Debian: pgbouncer)")

ADVISORY = "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'"


@pytest.fixture
def direct(tmp_path: Path, postgresql_url: str) -> Project:
    """The project with the server's own URL."""
    return Project(tmp_path, postgresql_url)


def by_way_of(project: Project, url: str) -> Project:
    pooled = Project(project.folder, url)
    pooled.settings = replace(pooled.settings, lock_wait=5.0)
    return pooled


def locks(project: Project) -> int:
    database = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    [(count,)] = project.sql(f"{ADVISORY} AND {database}")
    assert isinstance(count, int)
    return count


@pytest.mark.parametrize("ignored", ["", "options"], ids=["strict", "that ignores options"])
def test_session_pooling_works(direct: Project, tmp_path: Path, ignored: str) -> None:
    with pgbouncer(direct.url, tmp_path, "session", ignore_startup_parameters=ignored) as url:
        project = by_way_of(direct, url)
        counted = on_postgresql()
        project.write(counted.text)
        project.update()
        assert_complete(project, counted)
    assert locks(direct) == 0


def test_session_pooling_with_one_server_connection_works(direct: Project, tmp_path: Path) -> None:
    """There is none for a second client then, which must not be taken for sharing, nor be waited for for long."""
    with pgbouncer(direct.url, tmp_path, "session", default_pool_size=1) as url:
        project = by_way_of(direct, url)
        project.tables("a", "b")
        began = time.monotonic()
        assert project.update().applied == ("a", "b")
        assert time.monotonic() - began < 20


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_what_writes_is_refused_before_it_locks_where_backends_are_shared(
    direct: Project, tmp_path: Path, mode: str
) -> None:
    direct.tables("a")
    with pgbouncer(direct.url, tmp_path, mode) as url:
        project = by_way_of(direct, url)
        for _ in range(3):
            with pytest.raises(ConfigurationError, match="pooler") as refused:
                project.update()
            assert "pool_mode = session" in str(refused.value.hint)
            assert locks(direct) == 0
        assert not direct.has_table("a")
        assert not direct.has_table("changelog_lock")


def test_what_writes_is_refused_among_other_clients_too(direct: Project, tmp_path: Path) -> None:
    direct.tables("a")
    with pgbouncer(direct.url, tmp_path, "transaction", server_round_robin=1, default_pool_size=3) as url:
        others = [psycopg.connect(driver_url(make_url(url)), prepare_threshold=None) for _ in range(2)]
        for number, other in enumerate(others):
            other.execute("SELECT 1")
            if number:
                other.commit()
        with pytest.raises(ConfigurationError, match="pooler"):
            by_way_of(direct, url).update()
        for other in others:
            other.close()
    assert locks(direct) == 0


def test_looking_works_through_transaction_pooling(direct: Project, tmp_path: Path) -> None:
    direct.tables("a", "b")
    direct.update()
    with pgbouncer(direct.url, tmp_path, "transaction") as url:
        project = by_way_of(direct, url)
        assert project.states() == {"a": "applied", "b": "applied"}
        assert project.engine().plan_update().steps == ()
        assert project.engine().verify_history().chain == "intact"
        assert project.engine().lock().held is False
