"""An update that has nothing to do ends at once, and never where there might be something to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from changelog_engine.engine import Engine
from changelog_engine.errors import InvalidChangelogError
from changelog_engine.plan.request import LastApplied, ParameterSources, UpdateRequest
from tests.fixtures.projects import Project

READ = Engine._read_files


class UnreadError(Exception):
    """Raised in place of reading the changelog."""


@pytest.fixture
def project(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with files of every sort, applied; from then on reading the changelog raises ``UnreadError``."""
    project.write("""
        parameters: {folder: {default: one}, other: {default: x}}
        include: ["parts/*.yaml"]
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - {id: file, sql_file: "sql/${folder}.sql", rollback: DROP TABLE f}
          - {id: demo, contexts: test, sql: CREATE TABLE demo (id int), rollback: DROP TABLE demo}
        """)
    project.write("changesets: [{id: p, sql: CREATE TABLE p (id int), rollback: DROP TABLE p}]", "parts/p.yaml")
    project.write("CREATE TABLE f (id int)", "sql/one.sql")
    project.write("CREATE TABLE f (id bigint)", "sql/two.sql")
    project.update("prod")

    def unread(_: Engine) -> None:
        raise UnreadError

    monkeypatch.setattr(Engine, "_read_files", unread)
    return project


def reads(project: Project, *contexts: str, **settings: object) -> bool:
    """Whether an update reads the changelog."""
    try:
        project.engine(*(contexts or ("prod",)), **settings).update()
    except UnreadError:
        return True
    return False


def test_nothing_changed(project: Project) -> None:
    assert not reads(project)
    with pytest.raises(UnreadError):
        project.engine("prod").update(quick=False)


@pytest.mark.parametrize("file", ["main.yaml", "parts/p.yaml", "sql/one.sql"])
def test_any_file_that_changed_is_read(project: Project, file: str) -> None:
    path = project.folder / file
    path.write_text(path.read_text() + "\n")
    assert reads(project)


def test_a_further_match_of_a_glob_is_read(project: Project) -> None:
    project.write("changesets: []", "parts/q.yaml")
    assert reads(project)


def test_a_file_that_is_gone_is_noticed(project: Project) -> None:
    (project.folder / "parts/p.yaml").unlink()
    assert reads(project)


def test_other_contexts_labels_and_parameters_are_compared(project: Project) -> None:
    assert reads(project, "test")
    assert reads(project, label="slow")
    assert reads(project, parameters=ParameterSources(given={"folder": "two"}))
    assert reads(project, parameters=ParameterSources(given={"typo": "x"}))


def test_a_request_for_a_part_is_planned(project: Project) -> None:
    engine = project.engine("prod")
    for request in (
        UpdateRequest(engine.filters(select="a")),
        UpdateRequest(engine.filters(), count=1),
        UpdateRequest(engine.filters(), to_tag="t"),
    ):
        with pytest.raises(UnreadError):
            engine.update(request)


def test_a_ledger_that_moved_on_is_read(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Project(project.folder / "other", project.url)
    other.write("name: other\nchangesets: [{id: o, sql: CREATE TABLE o (id int), rollback: DROP TABLE o}]")
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "_read_files", READ)
        other.update()
    assert reads(project)


def test_a_rollback_is_followed_by_a_comparison(tmp_path: Path, database_url: str) -> None:
    project = Project(tmp_path, database_url)
    project.tables("a", "b")
    project.update()
    project.rollback(LastApplied(1))
    assert project.update().applied == ("b",)


def test_what_runs_always_or_waits_is_never_passed_over(tmp_path: Path, database_url: str) -> None:
    project = Project(tmp_path, database_url)
    project.write("""
        changesets:
          - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
          - id: waits
            preconditions: [{table_exists: ready, on_fail: skip}]
            sql: CREATE TABLE w (id int)
            rollback: DROP TABLE w
        """)
    project.update()
    project.sql("CREATE TABLE ready (id int)")
    assert project.update().applied == ("waits",)
    path = project.folder / "main.yaml"
    path.write_text(
        path.read_text() + "  - {id: always, run: always, sql: INSERT INTO a VALUES (1), rollback: DELETE FROM a}\n"
    )
    assert [project.update().applied for _ in range(3)] == [("always",)] * 3


def test_an_invalid_changelog_is_never_passed_over(tmp_path: Path, database_url: str) -> None:
    project = Project(tmp_path, database_url)
    project.tables("a")
    project.update()
    path = project.folder / "main.yaml"
    path.write_text(path.read_text() + "  - {id: a}\n")
    for _ in range(2):
        with pytest.raises(InvalidChangelogError):
            project.update()


def test_a_full_comparison_that_finds_nothing_makes_the_next_one_quick(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, database_url)
    project.tables("a")
    project.update()
    project.tables("a")
    path = project.folder / "main.yaml"
    path.write_text("# a comment\n" + path.read_text())
    project.update()

    def unread(_: Engine) -> None:
        raise UnreadError

    monkeypatch.setattr(Engine, "_read_files", unread)
    assert project.update().deployment == ""
