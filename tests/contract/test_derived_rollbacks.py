"""What is derived is what is expected, and restores all that the database held; what is uncertain is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from changelog_engine.catalog import compare
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access, Session
from changelog_engine.model import Location, SqlText
from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.statements import split_statements
from tests.derived import Case, derive, read_cases, words

KINDS = ("postgresql", "sqlite", "mariadb")
TABLES = {
    "postgresql": "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables"
    " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    "sqlite": "SELECT '\"' || replace(name, '\"', '\"\"') || '\"' FROM sqlite_master WHERE type = 'table'"
    " AND name NOT LIKE 'sqlite_%'",
    "mariadb": "SELECT concat('`', replace(table_name, '`', '``'), '`') FROM information_schema.tables"
    " WHERE table_schema = database() AND table_type = 'BASE TABLE'",
}
ROLES = """DO $$BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN CREATE ROLE "{0}"; END IF;
EXCEPTION WHEN unique_violation OR duplicate_object THEN NULL;
END$$"""
CASES = [(kind, case) for kind in KINDS for case in read_cases(kind)]


def case_id(value: object) -> str:
    return " ".join(value.change.split())[:60] if isinstance(value, Case) else str(value)


@pytest.mark.parametrize(("kind", "case"), CASES, ids=case_id)
def test_what_is_derived_is_what_is_expected(kind: str, case: Case) -> None:
    assert words(derive(kind, case)) == case.derived


DERIVED = [
    (kind, case)
    for kind, case in CASES
    if not case.derived.startswith("refused: ") and "${" not in case.before + case.change
]


@pytest.mark.parametrize(("kind", "case"), DERIVED, ids=case_id)
def test_what_is_derived_restores_what_was_there(kind: str, case: Case, request: pytest.FixtureRequest) -> None:
    session = connect(request.getfixturevalue(f"{kind}_url"), Access.WRITE)
    try:
        if kind == "postgresql":
            for role in ("joe", "Ann B"):
                session.execute(ROLES.format(role))
        run(session, case.before)
        before, rows = session.catalog(), rows_of(session)
        inverse = derive(kind, case)
        assert not isinstance(inverse, UncertainError)
        run(session, case.change, transaction=inverse.transaction)
        run(session, *inverse.statements, transaction=inverse.transaction)
        assert [str(difference) for difference in compare(before, session.catalog())] == []
        assert rows_of(session) == rows
    finally:
        session.close()


def run(session: Session, *texts: str, transaction: bool = True) -> None:
    """Run the texts as a changeset is: in a transaction, and what they set is gone afterwards."""
    transaction = transaction and session.kind != "mariadb"  # where DDL ends it
    if transaction:
        session.begin()
    for text in texts:
        for statement in split_statements(SqlText(text, Location("", 1, 1)), session.kind):
            session.execute(statement.text)
    if transaction:
        session.commit()
    if session.kind == "postgresql":
        session.execute("RESET ALL")
        session.execute("RESET ROLE")


def rows_of(session: Session) -> Mapping[str, list[str]]:
    tables = [row[0] for row in session.select(TABLES[session.kind])]
    return {table: sorted(str(row) for row in session.select(f"SELECT * FROM {table}")) for table in tables}
