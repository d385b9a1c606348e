"""A restore undoes its own changeset alone: what later changesets have made around its tables stays as they made it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.errors import BackupFailedError
from changelog_engine.ledger.entries import hash_entry
from changelog_engine.plan.request import LastApplied, Selected
from tests.fixtures.projects import Project

MAKE = (
    "CREATE TABLE t (id int, n int DEFAULT 1); CREATE TABLE u (id int); CREATE INDEX t_id ON t (id);"
    " CREATE VIEW v AS SELECT id FROM t; INSERT INTO t (id) VALUES (1)"
)
CHANGES = {
    "rows": "UPDATE t SET n = 7",
    "an index": "CREATE INDEX own_index ON t (n, id); INSERT INTO t (id) VALUES (3)",
    "a column": "ALTER TABLE t ADD COLUMN own int DEFAULT 3",
}
LATER = {
    "postgresql": (
        "CREATE INDEX later_index ON t (n)",
        "ALTER TABLE t ADD CONSTRAINT later_check CHECK (id < 100)",
        "ALTER TABLE t ALTER COLUMN n SET DEFAULT 5",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER later_trigger BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "GRANT SELECT ON t TO pg_monitor",
        "COMMENT ON TABLE t IS 'later'",
        "COMMENT ON TRIGGER later_trigger ON t IS 'too'",
        "ALTER TABLE u ADD CONSTRAINT later_key UNIQUE (id)",
        "DROP INDEX t_id",
        "CREATE OR REPLACE VIEW v AS SELECT id + 0 AS id FROM t",
    ),
    "sqlite": (
        "CREATE INDEX later_index ON t (n)",
        "CREATE TRIGGER later_trigger AFTER DELETE ON t BEGIN DELETE FROM u; END",
        "DROP INDEX t_id",
        "DROP VIEW v",
        "CREATE VIEW v AS SELECT id + 0 AS id FROM t",
    ),
}
VIEW = "CREATE VIEW later_view AS SELECT n FROM t"


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Project:
    return Project(tmp_path, database_url)


def apply(project: Project, change: str, later: tuple[str, ...]) -> None:
    """The first changeset, the change with its backup, and what came later, by changesets that know nothing of it."""
    steps = "".join(
        f'  - {{id: later-{number}, depends_on: [{f"later-{number - 1}" if number else "make"}], sql: "{sql}",'
        " rollback: SELECT 1}\n"
        for number, sql in enumerate(later)
    )
    project.write(
        f'infer: false\nchangesets:\n  - {{id: make, sql: "{MAKE}", rollback: DROP TABLE t}}\n  - {{id: change, '
        f'depends_on: [make], sql: "{CHANGES[change]}", rollback: {{backup: {{tables: [t]}}}}}}\n{steps}'
    )
    project.update(select="change")
    project.update()


def kind(project: Project) -> str:
    return "sqlite" if project.url.startswith("sqlite") else "postgresql"


def catalog(project: Project) -> dict[str, object]:
    """All that the database holds but what is ours."""
    session = connect(project.url, Access.READ)
    try:
        return {str(name): dict(facts) for name, facts in session.catalog().items() if "changelog_" not in str(name)}
    finally:
        session.close()


@pytest.mark.parametrize("change", CHANGES)
def test_what_came_later_stays(project: Project, change: str) -> None:
    views = () if change == "a column" else (VIEW,)
    apply(project, change, (*LATER[kind(project)], *views))
    before = catalog(project)
    assert project.rollback(Selected("change")).rolled_back == ("change",)
    assert catalog(project) == {name: facts for name, facts in before.items() if "own" not in name}
    assert project.sql("SELECT * FROM t") == [(1, 1)]


def test_a_table_that_is_gone_since_comes_back_with_all_it_had(project: Project) -> None:
    apply(project, "an index", ())
    project.sql("DROP VIEW v", "DROP TABLE t")
    with pytest.raises(BackupFailedError, match="`t` was dropped since"):
        project.rollback(Selected("change"))
    project.rollback(Selected("change"), discards_newer=True)
    found = catalog(project)
    assert any("t_id" in name for name in found)
    assert not any("own_index" in name for name in found)
    assert project.sql("SELECT * FROM v") == [(1,)]


@pytest.mark.parametrize("change", ["rows", "a column"])
def test_columns_that_were_changed_since_are_not_lost_unasked(project: Project, change: str) -> None:
    apply(project, change, ())
    sqlite = kind(project) == "sqlite"
    project.sql("ALTER TABLE t RENAME COLUMN n TO m" if sqlite else "ALTER TABLE t ALTER COLUMN n TYPE bigint")
    with pytest.raises(BackupFailedError, match="`t` was altered since" if sqlite else "columns of `t` were changed"):
        project.rollback(Selected("change"))
    assert project.rollback(Selected("change"), discards_newer=True).rolled_back == ("change",)
    assert project.sql("SELECT n FROM t") == [(1,)]


def test_what_came_later_than_a_backup_of_all_is_not_lost_unasked(project: Project) -> None:
    project.write(f"""
        changesets:
          - {{id: make, sql: "{MAKE}", rollback: DROP TABLE t}}
          - {{id: all, depends_on: [make], sql: DELETE FROM t, rollback: {{backup: database}}}}
          - {{id: some, depends_on: [all], sql: DELETE FROM t, rollback: {{backup: {{tables: [t]}}}}}}
          - {{id: view, depends_on: [make], sql: "{VIEW}", rollback: DROP VIEW later_view}}
          - {{id: index, depends_on: [make], sql: CREATE INDEX later_index ON u (id), rollback: DROP INDEX later_index}}
    """)
    for name in ("make", "all", "view", "index"):
        project.update(select=name)
    before = catalog(project)
    with pytest.raises(BackupFailedError, match="table `u` was changed since; view `later_view` was made since"):
        project.rollback(Selected("all"))
    assert catalog(project) == before
    project.rollback(Selected("index"))
    with pytest.raises(BackupFailedError, match="changed: view `later_view` was made since: a restore would undo"):
        project.rollback(Selected("all"))
    project.update(select="some")
    project.rollback(Selected("some"))
    project.rollback(Selected("view"))
    assert project.rollback(Selected("all")).rolled_back == ("all",)
    assert project.sql("SELECT id FROM t") == [(1,)]


@pytest.mark.parametrize("written", ["INSERT INTO t VALUES (2, 20)", "UPDATE t SET v = 20"])
@pytest.mark.parametrize("is_old", [False, True])
def test_rows_of_a_table_that_took_anothers_place_are_not_lost_unasked(
    postgresql_project: Project, written: str, is_old: bool
) -> None:
    project = postgresql_project
    replace_table(project)
    if is_old:
        forget_what_took_its_place(project)
    project.sql(written)
    rows = project.sql("SELECT * FROM t ORDER BY id")
    words = "`t` was made since" if is_old else "`t` has 2 rows, and had 1" if "INSERT" in written else "rows of `t`"
    with pytest.raises(BackupFailedError, match=words):
        project.rollback(LastApplied(1))
    assert project.sql("SELECT * FROM t ORDER BY id") == rows
    assert project.rollback(LastApplied(1), discards_newer=True).rolled_back == ("change",)
    assert project.sql("SELECT * FROM t") == [(1, "one")]


def test_a_table_that_was_made_in_the_place_of_a_renamed_one_is_not_lost_unasked(postgresql_project: Project) -> None:
    project = postgresql_project
    replace_table(project, "ALTER TABLE t RENAME TO t_old")
    project.sql("CREATE TABLE t (id int)")
    with pytest.raises(BackupFailedError, match="`t` was made since"):
        project.rollback(LastApplied(1))
    project.sql("DROP TABLE t")
    assert project.rollback(LastApplied(1)).rolled_back == ("change",)
    assert project.sql("SELECT * FROM t") == [(1, "one")]


def test_a_table_that_took_anothers_place_goes_where_nobody_wrote_to_it(postgresql_project: Project) -> None:
    project = postgresql_project
    replace_table(project)
    assert project.rollback(LastApplied(1)).rolled_back == ("change",)
    assert project.sql("SELECT * FROM t") == [(1, "one")]
    assert not project.has_table("t_old")


def replace_table(
    project: Project,
    sql: str = "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id int PRIMARY KEY, v int);"
    " INSERT INTO t SELECT id, length(v) FROM t_old",
) -> None:
    project.write(f"""
        changesets:
          - id: make
            statements: {{split: true}}
            sql: "CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'one')"
            rollback: DROP TABLE t
          - id: change
            depends_on: [make]
            statements: {{split: true}}
            sql: "{sql}"
            rollback: {{backup: {{tables: [t]}}}}
    """)
    project.update(select="make")
    project.update()


def forget_what_took_its_place(project: Project) -> None:
    """The backup as earlier versions have recorded it."""
    (entry,) = [entry for entry in project.entries() if entry.changeset_id == "change"]
    rollback = json.loads(entry.rollback or "")
    for table in rollback["backup"]["tables"]:
        del table["changed"]["in_place"]
    older = replace(entry, rollback=json.dumps(rollback), hash="")
    text, digest = (older.rollback or "").replace("'", "''"), hash_entry(older, older.prev_hash)
    project.sql(
        f"UPDATE changelog_ledger SET rollback = '{text}', hash = '{digest}' WHERE seq = {entry.seq}",
        f"UPDATE changelog_lock SET head_hash = '{digest}'",
    )
