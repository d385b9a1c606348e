"""What somebody changed by hand is found, and what the changelog made is not."""

from __future__ import annotations

import json

from tests.fixtures.processes import changelog
from tests.fixtures.projects import Project


def drift(project: Project) -> tuple[str, ...]:
    return project.engine().drift().differences


def test_what_an_update_made_has_not_drifted(project: Project) -> None:
    project.tables("one", "two", depends_on={"two": ["one"]})
    project.update()
    assert drift(project) == ()


def test_changes_by_hand_are_named(project: Project) -> None:
    project.tables("one", "two")
    project.update()
    project.sql("ALTER TABLE one ADD COLUMN hack text", "DROP TABLE two", "CREATE TABLE three (id int)")
    assert drift(project) == (
        "column `one.hack` is there, and was not expected",
        "table `three` is there, and was not expected",
        "table `two` is missing",
    )


def test_what_was_rolled_back_is_not_expected(project: Project) -> None:
    project.tables("one", "two")
    project.update()
    project.engine().redo("two")
    assert drift(project) == ()
    project.tables("one")
    assert drift(project) == ()


def test_the_ledgers_text_counts_and_not_the_edited_changelog(project: Project) -> None:
    project.tables("one")
    project.update()
    edited = '{id: one, sql: "CREATE TABLE one (id int, more int)", rollback: DROP TABLE one}'
    project.write(f"changesets:\n  - {edited}\n")
    assert drift(project) == ()


def test_what_was_marked_as_applied_is_taken_from_the_changelog(project: Project) -> None:
    project.tables("one")
    project.sql("CREATE TABLE one (id int, more int)")
    project.engine().mark_applied("one")
    assert drift(project) == ("column `one.more` is there, and was not expected",)


def test_the_owner_may_be_another_one_than_on_the_scratch_server(postgresql_project: Project) -> None:
    postgresql_project.tables("one")
    postgresql_project.update()
    assert drift(postgresql_project) == ()
    postgresql_project.sql("GRANT SELECT ON one TO PUBLIC")
    [line] = drift(postgresql_project)
    assert line.startswith("table `one`: grants is `PUBLIC: SELECT, owner:")


def test_the_command_exits_6_on_drift(project: Project) -> None:
    project.tables("one")
    project.update()
    arguments = ("drift", "--changelog", "main.yaml", "--url", project.url)
    ended = changelog(*arguments, cwd=project.folder)
    assert ended.returncode == 0
    assert "no drift" in ended.stdout
    project.sql("DROP TABLE one")
    ended = changelog(*arguments, cwd=project.folder)
    assert ended.returncode == 6
    assert "table `one` is missing" in ended.stdout
    ended = changelog(*arguments, "--format", "json", cwd=project.folder)
    assert json.loads(ended.stdout)["drift"] == ["table `one` is missing"]
