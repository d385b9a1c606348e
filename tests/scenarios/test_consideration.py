"""Considerate to production: nobody queues long behind a change, and changes run as the role that owns."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread, Timer
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.errors import ChangesetFailedError, PlanRefusedError
from changelog_engine.execute.events import Warned
from changelog_engine.model import Consideration, Location, Retries, SqlText
from changelog_engine.plan.request import Filters, LastApplied, ParameterSources, RollbackRequest, UpdateRequest
from changelog_engine.sql.statements import split_statements
from tests.fixtures.databases import driver_url
from tests.fixtures.projects import Project

BUSY = """
changesets:
  - {id: busy, sql: CREATE TABLE busy (id int), rollback: DROP TABLE busy}
"""
SETTINGS = "SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement"


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(driver_url(make_url(url)), autocommit=True, prepare_threshold=None) as connection:
        yield connection


@contextmanager
def reader_of(url: str, table: str) -> Iterator[psycopg.Connection[Any]]:
    """A session that has read the table in a transaction that is still open, which no DDL gets past."""
    with connected(url) as connection:
        connection.execute("BEGIN")
        connection.execute(f"SELECT * FROM {table}")
        yield connection
        connection.execute("COMMIT")


def commit_after(connection: psycopg.Connection[Any], seconds: float) -> None:
    """Let a reader's transaction end so many seconds from now."""
    Timer(seconds, lambda: connection.execute("COMMIT")).start()


@pytest.fixture
def project(postgresql_project: Project) -> Project:
    return postgresql_project


def busy(project: Project, keys: str) -> None:
    """A changelog whose table `busy` is there; the changeset `wide` is to alter it."""
    project.write(BUSY)
    project.update()
    alter = "sql: ALTER TABLE busy ADD COLUMN wide int, rollback: ALTER TABLE busy DROP COLUMN wide"
    project.write(BUSY + f"  - {{id: wide, depends_on: [busy], {alter}, {keys}}}\n")


def warnings(project: Project) -> list[str]:
    return [event.message for event in project.events if isinstance(event, Warned)]


def when_tried_again(project: Project, times: int, do: Callable[[], object]) -> None:
    """Do something in the background as soon as a run has been refused so many times."""

    def wait() -> None:
        deadline = time.monotonic() + 20
        while len(warnings(project)) < times and time.monotonic() < deadline:
            time.sleep(0.01)
        do()

    Thread(target=wait).start()


class TestWaiting:
    def test_a_change_that_waits_for_a_busy_table_gives_up(self, project: Project) -> None:
        busy(project, "lock_timeout: 200ms")
        started = time.monotonic()
        with reader_of(project.url, "busy"), pytest.raises(ChangesetFailedError, match="`wide`") as failed:
            project.update()
        assert time.monotonic() - started < 5
        assert failed.value.facts["sqlstate"] == "55P03"
        assert project.states() == {"busy": "applied", "wide": "pending"}
        assert project.update().applied == ("wide",)

    def test_it_is_tried_again_until_the_table_is_free(self, project: Project) -> None:
        busy(project, "lock_timeout: 100ms, retries: {attempts: 50, initial_seconds: 0.05}")
        with reader_of(project.url, "busy") as reader:
            when_tried_again(project, 2, lambda: reader.execute("COMMIT"))
            assert project.update().applied == ("wide",)
        assert len(warnings(project)) >= 2
        assert all("`wide`" in words and "trying again in" in words for words in warnings(project))
        assert [entry.event.value for entry in project.entries()] == ["applied", "applied"]

    def test_it_gives_up_for_good_after_the_last_attempt(self, project: Project) -> None:
        busy(project, "lock_timeout: 50ms, retries: {attempts: 2, initial_seconds: 0.01}")
        with reader_of(project.url, "busy"), pytest.raises(ChangesetFailedError):
            project.update()
        assert len(warnings(project)) == 2

    def test_others_do_not_queue_behind_it(self, project: Project) -> None:
        """A DDL that waits keeps all others waiting that come after it, and so must not wait for long."""
        busy(project, "lock_timeout: 150ms, retries: {attempts: 50, initial_seconds: 0.2}")
        waits: list[float] = []
        done = Flag()

        def read_on() -> None:
            with connected(project.url) as connection:
                while not done.is_set():
                    began = time.monotonic()
                    connection.execute("SELECT count(*) FROM busy")
                    waits.append(time.monotonic() - began)
                    time.sleep(0.01)

        with reader_of(project.url, "busy") as blocker:
            others = Thread(target=read_on)
            others.start()
            commit_after(blocker, 1.2)
            try:
                assert project.update().applied == ("wide",)
            finally:
                done.set()
                others.join()
        # Without a time-out it would be all of the 1.2 seconds for which the table is busy.
        assert 0.1 < max(waits) < 0.9
        assert len(waits) > 20

    def test_a_statement_that_takes_too_long_is_ended_and_not_tried_again(self, project: Project) -> None:
        project.write("""
            changesets:
              - id: endless
                statement_timeout: 200ms
                retries: 5
                sql: |
                  CREATE TABLE a (id int);
                  SELECT pg_sleep(20);
                rollback: DROP TABLE a
            """)
        started = time.monotonic()
        with pytest.raises(ChangesetFailedError, match="`endless` failed at statement 2 of 2") as failed:
            project.update()
        assert time.monotonic() - started < 5
        assert failed.value.facts["sqlstate"] == "57014"
        assert failed.value.location is not None
        assert failed.value.location.line == 8
        assert warnings(project) == []
        assert not project.has_table("a")

    def test_outside_of_a_transaction_the_time_outs_hold_too(self, project: Project) -> None:
        project.write("""
            changesets:
              - id: endless
                statement_timeout: 200ms
                transaction: false
                sql: SELECT pg_sleep(20)
                rollback: SELECT 1
            """)
        with pytest.raises(ChangesetFailedError, match="`endless`") as failed:
            project.update()
        assert failed.value.facts["sqlstate"] == "57014"


class TestWaitingOnMariadb:
    def test_a_change_that_waits_for_a_busy_table_gives_up_and_is_tried_again(
        self, tmp_path: Path, mariadb_url: str
    ) -> None:
        project = Project(tmp_path, mariadb_url)
        busy(project, "lock_timeout: 1s, retries: {attempts: 20, initial_seconds: 0.05}")
        reader = connect(mariadb_url, Access.READ)
        reader.begin()
        reader.select("SELECT * FROM busy")
        when_tried_again(project, 1, reader.commit)
        assert project.update().applied == ("wide",)
        assert "`wide`" in warnings(project)[0]
        assert project.states() == {"busy": "applied", "wide": "applied"}
        reader.close()


class TestWhoseValues:
    @pytest.mark.parametrize("atomic", [False, True])
    def test_a_changeset_s_values_are_its_own(self, project: Project, atomic: bool) -> None:
        changesets = {
            "a": "lock_timeout: 5s, statement_timeout: 10min",
            "b": "lock_timeout: 0",
            "c": "labels: [none]",
            "d": "statement_timeout: 1h, transaction: false",
        }
        if atomic:
            del changesets["d"]
        lines = [
            f'  - {{id: {name}, {keys}, sql: "CREATE TABLE {name} AS {SETTINGS}", rollback: DROP TABLE {name}}}\n'
            for name, keys in changesets.items()
        ]
        project.write("changesets:\n" + "".join(lines))
        project.update(atomic=atomic)
        expected = {"a": ("5s", "10min"), "b": ("0", "0"), "c": ("0", "0"), "d": ("0", "1h")}
        for table in changesets:
            assert project.sql(f"SELECT * FROM {table}")[0] == expected[table]

    def test_the_configuration_s_hold_where_a_changeset_says_nothing(self, project: Project) -> None:
        project.write(f"""
            defaults: {{lock_timeout: 7s}}
            changesets:
              - {{id: a, sql: "CREATE TABLE a AS {SETTINGS}", rollback: "CREATE TABLE gone AS {SETTINGS}"}}
              - {{id: b, statement_timeout: 0, sql: "CREATE TABLE b AS {SETTINGS}", rollback: DROP TABLE b}}
            """)
        configured = Consideration(lock_timeout=1_000, statement_timeout=60_000)
        engine = project.engine(consideration=configured)
        engine.update()
        assert [project.sql(f"SELECT * FROM {table}")[0] for table in "ab"] == [("7s", "1min"), ("7s", "0")]
        engine.rollback(RollbackRequest(LastApplied(2)))
        assert project.sql("SELECT * FROM gone")[0] == ("7s", "1min")

    def test_a_request_s_win_over_the_configuration_s(self, project: Project) -> None:
        project.write(f"""
            changesets:
              - {{id: a, sql: "CREATE TABLE a AS {SETTINGS}", rollback: DROP TABLE a}}
            """)
        engine = project.engine(consideration=Consideration(1_000, 2_000))
        engine.update(UpdateRequest(Filters(consideration=Consideration(statement_timeout=9_000))))
        assert project.sql("SELECT * FROM a")[0] == ("1s", "9s")

    def test_a_plan_says_them_and_a_script_sets_them(self, project: Project) -> None:
        project.write("""
            changesets:
              - {id: a, lock_timeout: 5s, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
            """)
        engine = project.engine(consideration=Consideration(retries=Retries(3)))
        plan = engine.plan_update()
        assert plan.steps[0].consideration == Consideration(lock_timeout=5_000, retries=Retries(3))
        lines = engine.script(plan).splitlines()
        begin = lines.index("SET lock_timeout = 5000;")
        assert lines[begin - 1 : begin + 2] == ["BEGIN;", "SET lock_timeout = 5000;", "CREATE TABLE a (id int);"]
        assert "RESET ALL;" in lines[begin:]


class Roles:
    """``owner`` may make tables, ``login`` may only log in, become the owner, and write the ledger in ``ops``."""

    def __init__(self, url: str) -> None:
        unique = uuid.uuid4().hex[:12]
        self.url = url
        self.owner, self.login = f"owner_{unique}", f"login_{unique}"
        self.login_url = make_url(url).set(username=self.login).render_as_string(hide_password=False)


@pytest.fixture
def roles(project: Project) -> Iterator[Roles]:
    found = Roles(project.url)
    database = make_url(project.url).database
    project.write("changesets: [{id: none-yet, contexts: never, sql: SELECT 1, rollback: SELECT 1}]")
    with connected(project.url) as admin:
        admin.execute("CREATE SCHEMA ops")
        project.engine("now", schema="ops").update()
        project.engine("now", schema="ops").tag("made")
        for statement in (
            f"CREATE ROLE {found.owner} NOLOGIN",
            f"CREATE ROLE {found.login} LOGIN NOINHERIT IN ROLE {found.owner}",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {database} TO {found.login}",
            f"GRANT CREATE, USAGE ON SCHEMA public TO {found.owner}",
            f"GRANT USAGE ON SCHEMA ops TO {found.login}",
            f"GRANT SELECT, INSERT ON ops.changelog_ledger TO {found.login}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ops.changelog_lock TO {found.login}",
            f"GRANT SELECT ON ops.changelog_state TO {found.login}",
        ):
            admin.execute(statement)
        yield found
        admin.execute(f"DROP OWNED BY {found.owner}, {found.login} CASCADE")
        admin.execute(f"DROP ROLE {found.login}")
        admin.execute(f"DROP ROLE {found.owner}")


OWNED = """
parameters: {{owner: nobody}}
changesets:
  - {{id: a, run_as: "${{owner}}", sql: CREATE TABLE a (id int), rollback: DROP TABLE a}}
  - {{id: b, run_as: {owner}, depends_on: [a], sql: CREATE TABLE b (id int), rollback: DROP TABLE b}}
  - id: c
    run_as: {owner}
    depends_on: [a]
    transaction: false
    sql: |
      CREATE TABLE c (id int);
      CREATE INDEX CONCURRENTLY c_id ON c (id);
      INSERT INTO c VALUES (1);
    rollback: DROP TABLE c
  - {{id: d, run_as: {owner}, sql: CREATE TABLE d (id int), rollback: DROP TABLE d,
      checks: [{{sql: SELECT current_user, expect: {owner}}}]}}
"""


class TestLeastPrivilege:
    def project(self, project: Project, roles: Roles, text: str) -> Project:
        """The project as the login sees it."""
        project.write(text.format(owner=roles.owner))
        return Project(project.folder, roles.login_url)

    def engine(self, project: Project, **settings: object) -> Any:
        owner = project.settings.url.split("login_", 1)[1][:12]
        sources = ParameterSources({"owner": f"owner_{owner}"})
        return project.engine(schema="ops", parameters=sources, **settings)

    def test_tables_are_the_owner_s_and_the_ledger_is_the_login_s(self, project: Project, roles: Roles) -> None:
        login = self.project(project, roles, OWNED)
        assert self.engine(login).update().applied == ("a", "b", "c", "d")
        owners = project.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert owners == [(roles.owner,)]
        writers = project.sql("SELECT DISTINCT db_user FROM ops.changelog_ledger WHERE changeset_id IS NOT NULL")
        assert writers == [(roles.login,)]

    def test_one_by_one_and_all_in_one_transaction_too(self, project: Project, roles: Roles) -> None:
        text = OWNED.split("  - id: c")[0]
        login = self.project(project, roles, text)
        assert self.engine(login).update(UpdateRequest(count=1)).applied == ("a",)
        assert self.engine(login).update(atomic=True).applied == ("b",)

    def test_without_the_role_the_login_may_make_nothing(self, project: Project, roles: Roles) -> None:
        login = self.project(project, roles, OWNED.replace("run_as", "description"))
        with pytest.raises(ChangesetFailedError, match="permission denied for schema public"):
            self.engine(login).update()

    def test_a_role_that_the_login_may_not_become_is_named(self, project: Project, roles: Roles) -> None:
        login = self.project(project, roles, OWNED.replace("{owner},", "postgres,"))
        with pytest.raises(ChangesetFailedError, match=r'`b`.* "postgres"'):
            self.engine(login).update()
        assert project.sql("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'") == [(roles.owner,)]

    def test_the_role_of_the_configuration_holds_for_all(self, project: Project, roles: Roles) -> None:
        login = self.project(project, roles, OWNED.replace("run_as", "description"))
        self.engine(login, consideration=Consideration(run_as=roles.owner)).update(UpdateRequest(count=2))
        assert project.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [(roles.owner,)]

    def test_a_rollback_runs_as_who_applied_it_whatever_the_changelog_says_now(
        self, project: Project, roles: Roles
    ) -> None:
        login = self.project(project, roles, OWNED)
        self.engine(login).update()
        login.write("changesets: []")
        plan = login.engine(schema="ops").plan_rollback(RollbackRequest(LastApplied(4)))
        assert {step.consideration.run_as for step in plan.steps} == {roles.owner}
        assert login.engine(schema="ops").rollback(RollbackRequest(LastApplied(4))).rolled_back == ("d", "c", "b", "a")
        assert project.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []

    def test_a_saved_plan_is_for_the_role_that_it_shows(self, project: Project, roles: Roles) -> None:
        login = self.project(project, roles, OWNED)
        saved = self.engine(login).save_plan(self.engine(login).plan_update())
        self.project(project, roles, OWNED.replace("run_as: {owner}, depends", "run_as: none, depends"))
        with pytest.raises(PlanRefusedError, match="`b` is another step now"):
            self.engine(login).update(saved_plan=saved)

    def test_a_script_becomes_the_owner_and_writes_the_ledger_as_the_login(
        self, project: Project, roles: Roles
    ) -> None:
        login = self.project(project, roles, OWNED)
        script = self.engine(login).script(self.engine(login).plan_update())
        with connected(roles.login_url) as connection:
            # Without psql: the lines that are SQL.
            lines = [line for line in script.splitlines() if not line.startswith("\\")]
            text = SqlText("\n".join(lines), Location("script.sql", 1, 1))
            for statement in split_statements(text, "postgresql"):
                connection.execute(statement.text)
        assert project.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [(roles.owner,)]
        assert self.engine(login).verify_history().chain == "intact"
        assert self.engine(login).update().applied == ()
