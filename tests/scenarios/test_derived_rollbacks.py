"""What is derived from SQL undoes it, whatever the SQL: the catalog and the rows are those of before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changelog_engine.catalog import Catalog, compare
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access, Session
from changelog_engine.errors import DatabaseError
from changelog_engine.plan.request import Everything, LastApplied
from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.plain_inverse import PlainInverter
from changelog_engine.sql.postgresql.inverse import Inverter
from tests.fixtures.catalogs import catalog_of
from tests.fixtures.projects import Project


def test_a_concurrent_index_is_undone_outside_a_transaction(postgresql_project: Project) -> None:
    project = postgresql_project
    project.write(
        """
        changesets:
          - {id: a, sql: CREATE TABLE a (x int)}
          - id: i
            depends_on: [a]
            transaction: false
            sql: CREATE INDEX CONCURRENTLY "By X" ON a (x);
        """
    )
    project.update()
    before = catalog_of(project.url)
    project.rollback(LastApplied(1))
    assert [str(each) for each in compare(before, catalog_of(project.url)) if "By X" in str(each)]
    project.update()
    project.rollback(Everything())


# ------------------------------------------------------------------------------------------------------- laws

NAMES = ("a", "B", "select", "Odd name", 'quo"te', "ä")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


EXAMPLES = 25

names = st.sampled_from(NAMES).map(quoted)
ON_BOTH = (
    "CREATE TABLE {0} ({1} int PRIMARY KEY, {2} text)",
    "CREATE TABLE {0} ({1} int, {2} int DEFAULT 3, UNIQUE ({1}, {2}))",
    "ALTER TABLE {0} ADD COLUMN {1} int DEFAULT 1",
    "ALTER TABLE {0} ADD COLUMN {1} int CHECK ({1} > 0)",
    "ALTER TABLE {0} RENAME TO {1}",
    "ALTER TABLE {0} RENAME COLUMN {1} TO {2}",
    "CREATE INDEX {0} ON {1} ({2})",
    "CREATE VIEW {0} AS SELECT 1 AS {1}",
    "INSERT INTO {0} VALUES (1, '2'), (3, '4')",
    "INSERT INTO {0} ({1}) VALUES (5)",
    "INSERT INTO {0} ({2}, {1}) VALUES (7, 8)",
    "DROP TABLE {0}",
    "ALTER TABLE {0} DROP COLUMN {1}",
)
ON_POSTGRESQL = (
    "CREATE VIEW {0} AS SELECT {1} FROM {2}",
    "CREATE TABLE {0} ({1} serial CONSTRAINT {2} UNIQUE, {2} text NOT NULL DEFAULT 'x')",
    "CREATE TABLE {0} (LIKE {1} INCLUDING ALL)",
    "ALTER TABLE {0} ADD COLUMN {1} serial, ADD CONSTRAINT {2} CHECK ({1} > 0)",
    "ALTER TABLE {0} ADD CONSTRAINT {1} UNIQUE ({2})",
    "ALTER TABLE {0} ADD CONSTRAINT {1} PRIMARY KEY ({2})",
    "ALTER TABLE {0} RENAME CONSTRAINT {1} TO {2}",
    "ALTER TABLE {0} ALTER {1} SET NOT NULL",
    "ALTER TABLE {0} ALTER {1} DROP NOT NULL",
    "ALTER TABLE {0} ALTER {1} SET DEFAULT '9', ALTER {2} DROP DEFAULT",
    "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {0} DISABLE ROW LEVEL SECURITY",
    "CREATE POLICY {1} ON {0} USING (true)",
    "COMMENT ON TABLE {0} IS 'one'",
    "COMMENT ON COLUMN {0}.{1} IS 'two'",
    "COMMENT ON COLUMN public.{0}.{1} IS NULL",
    "COMMENT ON CONSTRAINT {1} ON {0} IS 'three'",
    "CREATE TYPE {0} AS ENUM ('a', 'b')",
    "CREATE DOMAIN {0} AS int CONSTRAINT {1} CHECK (VALUE > 0)",
    "ALTER DOMAIN {0} RENAME CONSTRAINT {1} TO {2}",
    "CREATE SEQUENCE {0}",
    "CREATE FUNCTION {0}({1} int, {2} text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "COMMENT ON FUNCTION {0}(int, text) IS 'four'",
    "ALTER FUNCTION {0}(int, text) RENAME TO {1}",
    "GRANT SELECT ON {0} TO PUBLIC",
    "GRANT SELECT ({1}) ON {0} TO PUBLIC",
    "GRANT ALL ON {0} TO PUBLIC",
    "REVOKE SELECT ON {0} FROM PUBLIC",
    "CREATE SCHEMA {0}",
    "CREATE TABLE {0}.{1} ({2} int)",
    "ALTER TABLE {0}.{1} RENAME TO {2}",
)


def statements(forms: Sequence[str]) -> st.SearchStrategy[list[str]]:
    tables = st.sampled_from(NAMES[:3]).map(quoted)
    filled = st.builds(lambda form, *words: form.format(*words), st.sampled_from(forms), tables, names, names)
    tabled = st.builds(lambda form, *words: form.format(*words), st.sampled_from(forms[:2]), tables, names, names)
    return st.tuples(tabled, st.lists(filled, min_size=6, max_size=14)).map(lambda pair: [pair[0], *pair[1]])


def state_of(session: Session, list_tables: str) -> tuple[Catalog, dict[str, list[str]]]:
    tables = [row[0] for row in session.select(list_tables)]
    rows = {name: sorted(map(str, session.select(f"SELECT * FROM {quoted(name)}"))) for name in tables}
    return session.catalog(), rows


def try_out(session: Session, inverter: Inverter | PlainInverter, history: Sequence[str], list_tables: str) -> None:
    """Whatever the database takes is undone by what is derived, or nothing is."""
    before = state_of(session, list_tables)
    for sql in history:
        try:
            session.execute(sql)
        except DatabaseError:
            continue
        after = state_of(session, list_tables)
        inverter.begin()
        try:
            inverse = inverter.invert([sql])
        except UncertainError:
            inverter.take_in(sql)
        else:
            for statement in inverse.statements:
                session.execute(statement)
            undone = state_of(session, list_tables)
            differences = [str(each) for each in compare(before[0], undone[0])]
            assert differences == [], f"{sql} undone by {inverse.statements} in {history}"
            assert undone[1] == before[1], f"{sql} undone by {inverse.statements} in {history}"
            session.execute(sql)
        before = after


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_what_is_derived_restores_the_catalog_and_the_rows(postgresql_session: Session, data: st.DataObject) -> None:
    history = data.draw(statements(ON_BOTH + ON_POSTGRESQL))
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    for schema in ("public", *NAMES):
        postgresql_session.execute(f"DROP SCHEMA IF EXISTS {quoted(schema)} CASCADE")
    postgresql_session.execute("CREATE SCHEMA public")
    try_out(postgresql_session, Inverter(), history, tables)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_what_is_derived_restores_sqlite_too(data: st.DataObject) -> None:
    # SQLite takes a name in double quotes that it does not find for a text.
    history = [sql.replace('"', "`") for sql in data.draw(statements(ON_BOTH))]
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    session = connect("sqlite://", Access.WRITE)
    try_out(session, PlainInverter("sqlite"), history, tables)
    session.close()


@pytest.fixture
def postgresql_session(postgresql_url: str) -> Iterator[Session]:
    session = connect(postgresql_url, Access.WRITE)
    yield session
    session.close()
