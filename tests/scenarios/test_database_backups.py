"""Rollback by backup of a whole PostgreSQL database: by `pg_dump`, restored in the transaction that records it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from changelog_engine.databases import postgresql_programs as programs
from changelog_engine.errors import BackupFailedError, ChangesetFailedError, PlanRefusedError
from changelog_engine.plan.request import LastApplied, Selected
from changelog_engine.settings_file import Retention
from tests.fixtures.databases import Server, binaries
from tests.fixtures.projects import Project
from tests.fixtures.small_disk import SmallDisk, small_disk
from tests.scenarios.test_table_backups import WRECKS, changelog, dump, unchanged

__all__ = ["small_disk"]

MORE = {
    "added": "CREATE TABLE more (id serial PRIMARY KEY, t text); CREATE SCHEMA extra; CREATE TABLE extra.t (id int);"
    " CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;"
    " CREATE TYPE pair AS (a int, b text); CREATE PUBLICATION p; ALTER TYPE mood RENAME VALUE 'sour' TO 'bitter';"
    " GRANT CREATE ON SCHEMA public TO PUBLIC; COMMENT ON SCHEMA public IS 'ours';",
    "gone": "DROP TABLE orders, reviews, customers CASCADE; DROP TYPE mood; DROP FUNCTION touch();",
}
AWKWARD = r"""
    CREATE SCHEMA "Odd Schema"; CREATE TABLE "Odd Schema"."Odd;Table" ("a b" text, "c" bytea, d numeric[]);
    INSERT INTO "Odd Schema"."Odd;Table" VALUES (E'tab\t, line\n, \\. and ''', '\x00ff', '{1,NULL}'), ('', NULL, NULL);
    CREATE FUNCTION tricky() RETURNS text LANGUAGE sql AS $$ SELECT '
COPY t FROM stdin;
\restrict x
' $$;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM "Odd Schema"."Odd;Table";
    CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
    CREATE TABLE parts_26 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO parts VALUES (1, '2026-05-05');
    CREATE SEQUENCE lonely START 50; SELECT nextval('lonely');
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;
"""


@pytest.fixture
def project(postgresql_project: Project) -> Project:
    return postgresql_project


@pytest.mark.parametrize("wreck", [*MORE, "columns", "replaced"])
def test_all_of_the_database_comes_back_and_what_was_added_goes(project: Project, wreck: str) -> None:
    changelog(project, {**MORE, **WRECKS}[wreck], "database")
    project.update(select="shop")
    project.sql(AWKWARD)
    before = dump(project.url)
    assert project.update().applied == ("wreck",)
    assert dump(project.url) != before
    assert project.rollback(LastApplied(1)).rolled_back == ("wreck",)
    assert dump(project.url) == before
    assert [str(entry.event) for entry in project.entries()] == ["applied", "applied", "rolled_back"]
    assert project.engine().verify_history().chain == "intact"
    assert project.update().applied == ("wreck",)


def test_copies_of_tables_survive_the_restore_of_the_database(project: Project) -> None:
    project.write("""
        changesets:
          - {id: make, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
          - {id: fill, sql: INSERT INTO t VALUES (1), depends_on: [make], rollback: {backup: {tables: [t]}}}
          - {id: all, sql: DROP TABLE t, depends_on: [fill], rollback: {backup: database}}
        """)
    project.update()
    assert project.rollback(Selected("all")).rolled_back == ("all",)
    assert project.sql("SELECT * FROM t") == [(1,)]
    assert project.rollback(Selected("fill")).rolled_back == ("fill",)
    assert project.sql("SELECT * FROM t") == []


def the_file(project: Project) -> Path:
    (path,) = (project.folder / "backups").iterdir()
    return path


def test_rows_written_since_are_not_lost_unasked(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update()
    project.sql("INSERT INTO reviews VALUES (NULL, 1)", "CREATE TABLE new (id int)")
    with unchanged(project), pytest.raises(BackupFailedError, match=r"new` was made since; .*reviews` has \d+ rows"):
        project.rollback(LastApplied(1))
    assert project.rollback(LastApplied(1), discards_newer=True).rolled_back == ("wreck",)
    assert not project.has_table("new")


@pytest.mark.parametrize(("damage", "words"), [("flip", "is damaged"), ("cut", "is damaged"), ("delete", "is missing")])
def test_a_damaged_or_missing_file_restores_nothing(project: Project, damage: str, words: str) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update()
    path = the_file(project)
    data = path.read_bytes()
    if damage == "flip":
        path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    elif damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.unlink()
    with unchanged(project), pytest.raises(BackupFailedError, match=words):
        project.rollback(LastApplied(1))


def test_a_changeset_that_fails_leaves_no_file(project: Project) -> None:
    changelog(project, "DELETE FROM reviews; SELECT 1/0;", "database")
    project.update(select="shop")
    with unchanged(project), pytest.raises(ChangesetFailedError, match="division by zero"):
        project.update()
    assert list((project.folder / "backups").iterdir()) == []


def test_what_a_killed_dump_has_left_is_cleaned_by_the_next(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update()
    whole = the_file(project)
    left = whole.with_name(f"{whole.stem.rpartition('_')[0]}_0123456789ab.dump.part")
    left.touch()
    assert project.engine().backups().leftovers == (str(left),)
    project.rollback(LastApplied(1))
    project.update()
    assert not left.exists()
    assert len(list(whole.parent.iterdir())) == 2
    assert whole.stat().st_mode & 0o777 == 0o600


def test_databases_that_share_a_folder_leave_each_others_files_alone(
    project: Project, postgresql_server: Server
) -> None:
    """As those of one project do, deployed from one machine; and of schemas of one database with a ledger each."""
    changelog(project, "UPDATE reviews SET stars = 1;", "database")
    project.update()
    left = the_file(project).with_suffix(".dump.part")
    left.touch()
    url = postgresql_server.create_database()
    try:
        other = Project(project.folder, url.render_as_string(hide_password=False))
        other.update()
        assert left.exists()
        assert other.engine().prune_backups().cleaned == ()
        assert other.engine().backups(verify=True).leftovers == ()
        assert project.engine().prune_backups().cleaned == (str(left),)
        assert not other.engine().backups(verify=True).is_faulty
        elsewhere = project.engine(schema="elsewhere")
        assert elsewhere.backups().leftovers == ()
    finally:
        postgresql_server.drop_database(url)
    assert project.rollback(LastApplied(1)).rolled_back == ("wreck",)


# ------------------------------------------------------------------------------------------------------- faults


def test_an_older_pg_dump_does_not_fit_and_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    debian = Path("/usr/lib/postgresql/15/bin")
    if not (debian / "pg_dump").exists():
        pytest.skip("PostgreSQL 15 of Debian is not installed")
    changelog(project, WRECKS["rows"], "database")
    project.update(select="shop")
    monkeypatch.setattr(programs, "folders", lambda: iter([debian]))
    with (
        unchanged(project),
        pytest.raises(PlanRefusedError, match=r"fit PostgreSQL \d+: there is 15.*, which is older"),
    ):
        project.update()
    monkeypatch.setattr(programs, "folders", lambda: iter([debian, binaries()]))
    assert project.update().applied == ("wreck",)


def test_no_pg_dump_at_all_is_told_before_anything_is_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    changelog(project, WRECKS["rows"], "database")
    monkeypatch.setattr(programs, "folders", lambda: iter([project.folder]))
    with pytest.raises(PlanRefusedError, match="there are none on the PATH") as caught:
        project.update()
    assert "changelog-engine[embedded]" in (caught.value.hint or "")
    assert not project.has_table("customers")


def test_no_room_is_told_before_anything_is_run(project: Project, small_disk: SmallDisk) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update(select="shop")
    project.settings = replace(project.settings, backups=Retention(folder=str(small_disk("16k"))))
    with unchanged(project), pytest.raises(PlanRefusedError, match="there is no room for the backup"):
        project.update()


def test_a_disk_that_is_full_in_the_middle_leaves_everything_as_it_was(project: Project, small_disk: SmallDisk) -> None:
    """The room is looked at before earlier changesets of the run fill the database."""
    changelog(project, WRECKS["rows"], "database", more="")
    disk = small_disk("512k")
    (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - 8192))
    project.settings = replace(project.settings, backups=Retention(folder=str(disk)))
    with pytest.raises(BackupFailedError, match=r"`wreck` was not begun, as its backup could not be made: .*room"):
        project.update()
    assert project.states() == {"shop": "applied", "wreck": "pending"}
    assert [path.name for path in disk.iterdir()] == ["ballast"]


def test_large_objects_are_said(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update(select="shop")
    project.sql("SELECT lo_create(0)")
    with unchanged(project), pytest.raises(PlanRefusedError, match="has large objects"):
        project.update()
