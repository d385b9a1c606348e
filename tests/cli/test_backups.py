"""`changelog backups`: listed, read back, pruned; and what a plan says of backups to be made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from changelog_engine.cli import main
from tests.fixtures.projects import Project

Run = Callable[..., tuple[int, str]]

CHANGELOG = """
    changesets:
      - id: make
        sql: CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE TABLE u (id int)
        rollback: DROP TABLE t
      - id: change
        depends_on: [make]
        sql: UPDATE t SET id = 2
        rollback: {backup: {tables: [t]}}
      - id: more
        depends_on: [make]
        sql: INSERT INTO u VALUES (5)
        rollback: {backup: {tables: [u]}}
"""


@pytest.fixture
def project(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, database_url)
    project.write(CHANGELOG)
    return project


@pytest.fixture
def run(project: Project, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        code = main.run([*arguments, "--url", project.url, "--changelog", "main.yaml"])
        return code, "".join(capfd.readouterr())

    return call


def listed(project: Project, *, verify: bool = False) -> dict[str, tuple[bool, bool, str | None]]:
    found = project.engine().backups(verify=verify).backups
    return {backup.changeset: (backup.needed, backup.present, backup.fault) for backup in found}


def copy_of(project: Project, changeset: str) -> str:
    return next(each.place for each in project.engine().backups().backups if each.changeset == changeset)


def test_backups_are_listed_with_what_needs_them(project: Project) -> None:
    assert project.engine().backups().backups == ()
    project.update()
    assert listed(project, verify=True) == {"change": (True, True, None), "more": (True, True, None)}
    project.rollback_one("more")
    assert listed(project)["more"] == (False, True, None)


def test_a_damaged_or_missing_backup_is_found_before_it_is_needed(project: Project) -> None:
    project.update()
    project.sql(f"UPDATE {copy_of(project, 'change')} SET id = 9")
    project.sql(f"DROP TABLE {copy_of(project, 'more')}")
    result = project.engine().backups(verify=True)
    assert result.is_faulty
    faults = {backup.changeset: backup.fault or "" for backup in result.backups}
    assert "is damaged" in faults["change"]
    assert "is missing" in faults["more"]


def test_pruning_leaves_what_is_needed(project: Project) -> None:
    project.update()
    project.rollback_one("more")
    result = project.engine().prune_backups()
    assert [backup.changeset for backup in result.pruned] == ["more"]
    assert listed(project) == {"change": (True, True, None)}
    assert project.rollback_one("change") == ("change",)


def test_retention_keeps_the_latest_and_the_youngest(project: Project) -> None:
    from changelog_engine.settings_file import Retention

    project.update()
    for _ in range(2):
        project.rollback_one("more")
        project.update()
    assert project.engine(backups=Retention(days=1)).prune_backups().pruned == ()
    assert len(project.engine(backups=Retention(keep=1)).prune_backups().pruned) == 1
    assert len(project.engine().prune_backups().pruned) == 1


def test_a_needed_backup_is_deleted_only_where_it_is_selected(project: Project) -> None:
    from changelog_engine.errors import BackupFailedError

    project.update()
    (gone,) = project.engine().prune_backups("change").pruned
    assert (gone.changeset, gone.needed) == ("change", True)
    with pytest.raises(BackupFailedError, match="is missing"):
        project.rollback_one("change")


def test_what_a_killed_run_has_left_is_found_and_cleaned(project: Project) -> None:
    project.update()
    project.sql("CREATE TABLE changelog_backup_0123456789ab_1 (id int)")
    (left,) = project.engine().backups().leftovers
    assert "changelog_backup_0123456789ab_1" in left
    assert project.engine().prune_backups().cleaned == (left,)
    assert project.engine().backups().leftovers == ()
    assert listed(project)["change"] == (True, True, None)


def test_the_plan_says_what_will_be_saved(project: Project, run: Run) -> None:
    project.update(select="make")
    _, output = run("plan")
    assert "before `change` runs, `t` is backed up" in output
    project.update()
    _, output = run("plan", "rollback", "--select", "change")
    assert "the rollback of `change` puts `t` back as before it ran, from its backup" in output


def test_no_script_is_made_of_a_backup(project: Project) -> None:
    from changelog_engine.errors import PlanRefusedError

    engine = project.engine()
    with pytest.raises(PlanRefusedError, match="no script is made: changeset `change` saves a backup"):
        engine.script(engine.plan_update())


def test_the_command_lists_for_people_and_programs(project: Project, run: Run) -> None:
    project.update()
    code, output = run("backups", "--verify")
    assert code == 0
    assert "needed, verified" in output
    code, output = run("backups", "--format", "json")
    assert (code, [each["changeset"] for each in json.loads(output)["backups"]]) == (0, ["change", "more"])
    project.sql(f"DELETE FROM {copy_of(project, 'change')}")
    code, output = run("backups", "--verify")
    assert code == 1
    assert "not as it was: `change`" in output
    code, output = run("backups", "--prune", "--select", "change")
    assert (code, "can no longer be rolled back" in output) == (0, True)


def test_who_is_refused_a_restore_is_told_what_to_do_and_not_to_mend_the_changeset(project: Project, run: Run) -> None:
    project.update()
    project.sql("INSERT INTO t VALUES (7)")
    code, text = run("rollback", "--select", "change")
    assert code == 1
    assert "`change` was not rolled back, and nothing of it was changed" in text
    assert "--discard-newer-rows" in text
    assert "mend" not in text
    assert run("rollback", "--select", "change", "--discard-newer-rows")[0] == 0
    assert project.sql("SELECT id FROM t") == [(1,)]


def test_what_is_missing_is_said_without_reading_anything_back(project: Project, run: Run) -> None:
    project.update()
    place = copy_of(project, "more")
    project.sql(f"DROP TABLE {place}")
    code, output = run("backups")
    assert code == 1
    assert f"not as it was: `more`: {place} is missing" in output
    assert "a rollback by it is refused, and changes nothing" in output
    code, output = run("rollback", "--select", "more")
    assert code == 1
    assert "older than the damage" in output
    assert "changelog unmark more" in output


def test_a_table_that_was_renamed_since_is_told_by_its_new_name(project: Project, run: Run) -> None:
    project.update()
    project.sql("ALTER TABLE t RENAME TO other")
    _, output = run("rollback", "--select", "change")
    assert "was renamed since, and is `" in output or "`t` was dropped since" in output
    assert "a restore would undo what was done since" in output
    assert "restores the tables all the same" in output
    assert run("rollback", "--select", "change", "--discard-newer-rows")[0] == 0
    assert project.sql("SELECT id FROM t") == [(1,)]
