"""Preconditions whose names come from secret parameters."""

from __future__ import annotations

import pytest

from changelog_engine.errors import PreconditionFailedError
from changelog_engine.plan.request import ParameterSources
from tests.fixtures.projects import Project

CHANGELOG = """
    parameters:
      hidden: {secret: true}
    changesets:
      - id: one
        sql: CREATE TABLE hidden_table (id int)
        rollback: DROP TABLE hidden_table
      - id: two
        depends_on: [one]
        preconditions:
          - table_exists: "${hidden}"
          - column_exists: {table: "${hidden}", column: id}
          - row_count: {table: "${hidden}", expect: 0}
        sql: INSERT INTO ${hidden} VALUES (1)
        rollback: DELETE FROM ${hidden}
"""

THIRD = """\
      - id: three
        preconditions: [{table_exists: "${hidden}"}]
        sql: SELECT 1
        rollback: SELECT 1
"""


def test_names_that_are_secret_are_filled_in_and_never_shown(project: Project) -> None:
    project.write(CHANGELOG)
    engine = project.engine(parameters=ParameterSources(given={"hidden": "hidden_table"}))
    assert engine.update().applied == ("one", "two")

    project.write(CHANGELOG + THIRD)
    engine = project.engine(parameters=ParameterSources(given={"hidden": "no_such_table"}))
    with pytest.raises(PreconditionFailedError) as failed:
        engine.update()
    assert "there is no table `${hidden}`" in failed.value.message
    assert "no_such_table" not in failed.value.message


def test_the_user_may_be_a_secret(postgresql_project: Project) -> None:
    project = postgresql_project
    user = str(project.sql("SELECT current_user::text")[0][0])
    project.write("""
        parameters:
          owner: {secret: true}
        changesets:
          - id: one
            preconditions: [{running_as: "${owner}"}]
            sql: CREATE TABLE one (id int)
            rollback: DROP TABLE one
    """)
    assert project.engine(parameters=ParameterSources(given={"owner": user})).update().applied == ("one",)
