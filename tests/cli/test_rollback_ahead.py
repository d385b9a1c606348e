"""A rollback of several changesets that a restore stands in the way of changes nothing: it is refused at its start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from changelog_engine.cli import main
from tests.fixtures.projects import Project

REFUSED, FAILED = 7, 1

CHANGELOG = """
    changesets:
      - id: make
        sql: |
          CREATE TABLE t (id int, n int);
          CREATE TABLE u (id int, n int);
          INSERT INTO t VALUES (1, 1);
          INSERT INTO u VALUES (1, 1);
        rollback: {{irreversible: the beginning}}
      - tag: start
      - id: first
        depends_on: [make]
        sql: UPDATE t SET n = n + 1
        rollback: {{backup: {{tables: [t]}}}}
      - id: second
        depends_on: [first]
        sql: UPDATE u SET n = n + 1
        rollback: {{backup: {{tables: [u]}}}}
      - id: third
        depends_on: [second]
        sql: UPDATE t SET n = n * 5
        rollback: {{backup: {{tables: [t]}}}}
      - id: fourth
        depends_on: [third]
        sql: CREATE TABLE v (id int)
        rollback: {fourth}
      - id: fifth
        depends_on: [fourth]
        sql: ALTER TABLE u ADD COLUMN more int
        rollback: {{backup: {fifth}}}
"""
ALL = ["first", "second", "third", "fourth", "fifth"]


@dataclass
class Shop:
    project: Project
    capfd: pytest.CaptureFixture[str]

    def write(self, fourth: str = "DROP TABLE v", fifth: str = "{tables: [u]}") -> None:
        self.project.write(CHANGELOG.format(fourth=fourth, fifth=fifth))

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """The exit code of a command line, and all that it wrote."""
        self.capfd.readouterr()
        code = main.run([*arguments, "--url", self.project.url, "--changelog", "main.yaml"])
        return code, "".join(self.capfd.readouterr())

    def update(self) -> None:
        code, output = self("update")
        assert code == 0, output

    def rows(self) -> list[list[tuple[object, ...]]]:
        return [self.project.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("t", "u")]

    def applied(self) -> list[str]:
        return [name for name, state in self.project.states().items() if state == "applied" and name != "make"]

    def is_refused(self, *words: str) -> None:
        """A rollback to the beginning is refused with these words, and has changed nothing."""
        rows, rows_of_ledger = self.rows(), len(self.project.entries())
        code, output = self("rollback", "--tag", "start")
        assert code == REFUSED, output
        for word in ("nothing was", *words):
            assert word in output
        assert self.rows() == rows
        assert self.applied() == ALL
        assert len(self.project.entries()) == rows_of_ledger

    def goes(self, *options: str) -> None:
        """A rollback to the beginning goes through, and all is as it was then."""
        code, output = self("rollback", "--tag", "start", *options)
        assert code == 0, output
        assert self.rows() == [[(1, 1)], [(1, 1)]]
        assert self.applied() == []


@pytest.fixture
def shop(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shop:
    monkeypatch.chdir(tmp_path)
    shop = Shop(Project(tmp_path, database_url), capfd)
    shop.write()
    return shop


def test_nothing_in_the_way_lets_all_of_it_be_rolled_back(shop: Shop) -> None:
    shop.update()
    shop.goes()


def test_rows_written_since_to_a_table_of_a_later_step_refuse_it_at_the_start(shop: Shop) -> None:
    shop.update()
    shop.project.sql("INSERT INTO t VALUES (9, 9)")
    shop.is_refused("`third`: `t` has 2 rows, and had 1 right after", "--discard-newer-rows")
    shop.goes("--discard-newer-rows")


def test_every_table_that_was_written_is_named_at_once(shop: Shop) -> None:
    shop.update()
    shop.project.sql("UPDATE t SET n = 3", "INSERT INTO u VALUES (9, 9, 9)")
    shop.is_refused("`third`: rows of `t` were changed", "`fifth`: `u` has 2 rows")
    code, output = shop("rollback", "--tag", "start", "--format", "json")
    error = json.loads(output)["error"]
    assert (code, error["code"], error["changeset"]) == (REFUSED, "plan_refused", "fifth")


def test_what_was_written_between_two_backups_is_seen_through_the_later_one(shop: Shop) -> None:
    """The restore of `third` would bring it back; then `first` would be refused, with three undone."""
    for name in ("make", "first", "second"):
        assert shop("update", "--select", name)[0] == 0
    shop.project.sql("INSERT INTO t VALUES (2, 2)")
    shop.update()
    shop.is_refused("`first`: `t` has 2 rows, and had 1 right after")
    assert "`third`:" not in shop("rollback", "--tag", "start")[1]


def test_a_table_that_is_gone_is_told_at_the_start(shop: Shop) -> None:
    shop.update()
    shop.project.sql("ALTER TABLE t RENAME TO kept")
    code, output = shop("rollback", "--tag", "start")
    assert code == REFUSED
    assert "`third`: " in output
    assert shop.applied() == ALL


def test_a_missing_copy_is_told_at_the_start(shop: Shop) -> None:
    shop.update()
    backups = shop.project.engine().backups().backups
    shop.project.sql(f"DROP TABLE {next(each.place for each in backups if each.changeset == 'first')}")
    shop.is_refused("the backup of changeset `first` cannot be restored", "is missing")


def test_what_a_rollback_in_sql_names_is_not_known_beforehand(shop: Shop) -> None:
    """It may well put back what is not as it was; so no rollback is refused that would have gone through."""
    shop.write(fourth="DROP TABLE v; DELETE FROM t WHERE id = 9")
    shop.update()
    shop.project.sql("INSERT INTO t VALUES (9, 9)")
    shop.goes()


def test_what_a_trigger_may_do_is_not_known_beforehand(shop: Shop) -> None:
    shop.write(fourth="DELETE FROM v WHERE id = 9; DROP TABLE v")
    shop.update()
    body = "DELETE FROM t WHERE id = 9;"
    if shop.project.url.startswith("sqlite"):
        shop.project.sql(f"CREATE TRIGGER tidy AFTER DELETE ON v BEGIN {body} END")
    else:
        shop.project.sql(
            f"CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$",
            "CREATE TRIGGER tidy AFTER DELETE ON v FOR EACH ROW EXECUTE FUNCTION tidy()",
        )
    shop.project.sql("INSERT INTO v VALUES (9)", "INSERT INTO t VALUES (9, 9)")
    shop.goes()


def test_rows_that_a_rollback_in_sql_writes_elsewhere_hide_nothing(shop: Shop) -> None:
    shop.write(fourth="DELETE FROM v WHERE id = 9; DROP TABLE v")
    shop.update()
    shop.project.sql("INSERT INTO t VALUES (9, 9)")
    shop.is_refused("`third`: `t` has 2 rows")


def test_what_a_backup_of_all_leaves_is_looked_through(shop: Shop) -> None:
    """What stands in the way of `third` is in the file of `fifth`: it was there before that."""
    shop.write(fifth="database")
    for name in ("make", "first", "second", "third", "fourth"):
        assert shop("update", "--select", name)[0] == 0
    shop.project.sql("INSERT INTO t VALUES (2, 2)")
    shop.update()
    shop.is_refused("`third`: `t` has 2 rows, and had 1 right after")
    shop.project.sql("CREATE TABLE other (id int)")
    shop.is_refused("`third`: `t` has 2 rows", "other` was made since")


def test_a_backup_of_all_is_looked_at_past_the_steps_before_it(shop: Shop) -> None:
    shop.project.write("""
        changesets:
          - {id: make, sql: "CREATE TABLE t (id int, n int); CREATE TABLE u (id int, n int)", rollback: DROP TABLE t}
          - {id: all, depends_on: [make], sql: "INSERT INTO t VALUES (1, 1)", rollback: {backup: database}}
          - {id: some, depends_on: [all], sql: DELETE FROM t, rollback: {backup: {tables: [t]}}}
          - {id: more, depends_on: [some], sql: CREATE TABLE more (id int), rollback: DROP TABLE more}
    """)
    shop.update()
    shop.project.sql("INSERT INTO u VALUES (5, 5)")
    code, output = shop("rollback", "--count", "3")
    assert code == REFUSED
    assert "u` has 1 row, and had 0 right after" in output
    assert "more" not in output.split("nothing was rolled back")[1]
    shop.project.sql("DELETE FROM u")
    code, output = shop("rollback", "--count", "3")
    assert code == 0, output
    assert shop.rows() == [[], []]


def test_what_is_written_after_the_look_is_seen_at_the_step(shop: Shop) -> None:
    """As by somebody else, while an earlier step runs: only the step has the table locked."""
    shop.write(fourth="INSERT INTO t SELECT 2, 2; DROP TABLE v")
    shop.update()
    code, output = shop("rollback", "--tag", "start")
    assert code == FAILED
    assert "`third` was not rolled back, and nothing of it was changed: `t` has 2 rows" in output
    assert shop.applied() == ["first", "second", "third"]
