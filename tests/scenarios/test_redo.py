"""Rolling back and applying again, as one."""

from __future__ import annotations

import pytest

from changelog_engine.errors import ChecksumMismatchError, UsageError
from tests.fixtures.projects import Project


def test_nothing_is_rolled_back_where_the_update_would_be_refused(project: Project) -> None:
    project.tables("one", "two")
    project.update()
    text = (project.folder / "main.yaml").read_text()
    project.write(text.replace("CREATE TABLE one (id int)", "CREATE TABLE one (id bigint)"))
    with pytest.raises(ChecksumMismatchError, match="`one`"):
        project.engine().redo("two")
    assert project.has_table("two")
    assert project.states() == {"one": "changed", "two": "applied"}
    assert project.engine().redo("one").update.applied == ("one",)
    assert project.states() == {"one": "applied", "two": "applied"}


def test_contexts_that_nobody_named_are_asked_for_before_anything_is_rolled_back(project: Project) -> None:
    project.tables("one")
    project.update()
    project.write("""
        changesets:
          - {id: one, sql: CREATE TABLE one (id int), rollback: DROP TABLE one}
          - {id: seed, contexts: dev, sql: INSERT INTO one VALUES (1), rollback: DELETE FROM one}
        """)
    with pytest.raises(UsageError, match="context"):
        project.engine().redo("one")
    assert project.has_table("one")
