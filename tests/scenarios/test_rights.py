"""Roles that may not do all that the engine asks of the database."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from changelog_engine.errors import DatabaseError
from tests.fixtures.projects import Project


def test_a_ledger_that_may_not_be_read_says_which_rights_are_missing(postgresql_project: Project) -> None:
    project = postgresql_project
    project.tables("one")
    project.update()
    role = f"poor_{project.folder.name.replace('-', '_')}"[:60].lower()
    project.sql(f"CREATE ROLE {role} LOGIN")
    try:
        engine = project.engine(url=make_url(project.url).set(username=role, password=None).render_as_string())
        with pytest.raises(DatabaseError, match=r"the ledger in .* cannot be read or written: permission denied") as no:
            engine.status()
        assert "grant the role SELECT on `changelog_ledger`" in (no.value.hint or "")
    finally:
        project.sql(f"DROP ROLE {role}")
