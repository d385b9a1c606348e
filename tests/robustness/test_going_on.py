"""Going on in the middle of a changeset that runs outside of a transaction."""

from __future__ import annotations

import signal

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from tests.fixtures.nursery import Nursery
from tests.fixtures.projects import Project
from tests.robustness.waiting import wait_for

OTHER_SCHEMA = """
    changesets:
      - id: tables
        rollback: {irreversible: nobody asks}
        sql: |
          CREATE SCHEMA app;
          CREATE TABLE app.t AS SELECT g AS id FROM generate_series(1, 1000) g;
      - id: index
        transaction: false
        rollback: {irreversible: nobody asks}
        sql: |
          -- for all that follows
          SET search_path = app;
          CREATE INDEX CONCURRENTLY i ON t (id);
          ANALYZE t;
    """
INDEX = "SELECT count(*)::int FROM pg_index WHERE indrelid = 'app.t'::regclass AND indisvalid"


def test_what_the_session_was_told_before_the_crash_it_is_told_again(
    nursery: Nursery, postgresql_project: Project
) -> None:
    """The index is looked for, dropped and made in the schema that an earlier statement, which is done, has set."""
    project = postgresql_project
    project.write(OTHER_SCHEMA)
    project.update(select="tables")
    blocker = connect(project.url, Access.WRITE)
    blocker.begin()
    blocker.execute("INSERT INTO app.t VALUES (0)")  # the index waits for this transaction, half made
    child = nursery.start("update", "--changelog", "main.yaml", "--url", project.url, cwd=project.folder)
    wait_for(lambda: project.sql("SELECT count(*)::int FROM pg_index WHERE indrelid = 'app.t'::regclass") == [(1,)])
    child.send(signal.SIGKILL)
    child.wait()
    project.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND datname = current_database()"
    )
    blocker.rollback()
    assert project.states()["index"] == "in_doubt"
    assert project.sql(INDEX) == [(0,)]
    assert project.update().applied == ("index",)
    assert project.sql(INDEX) == [(1,)]
    assert project.engine().verify_history().chain == "intact"
    blocker.close()
