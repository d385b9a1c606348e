"""Rollback by backup on SQLite: tables, or all of the file; and what stands in the way changes nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from changelog_engine.errors import BackupFailedError, PlanRefusedError
from changelog_engine.plan.request import LastApplied, Selected
from changelog_engine.settings_file import Retention
from tests.fixtures.projects import Project
from tests.fixtures.small_disk import SmallDisk, small_disk

__all__ = ["small_disk"]

SHOP = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, balance NUMERIC,
      loud TEXT GENERATED ALWAYS AS (upper(email)), photo BLOB);
    CREATE TABLE "odd names" ("a b" text, c, PRIMARY KEY (c)) WITHOUT ROWID;
    CREATE TABLE plain (x);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id int REFERENCES customers (id) ON DELETE CASCADE);
    CREATE INDEX customers_balance ON customers (balance) WHERE balance > 0;
    CREATE TABLE log (what);
    CREATE TRIGGER noting AFTER INSERT ON customers BEGIN INSERT INTO log VALUES (NEW.email); END;
    CREATE VIEW addresses AS SELECT id, email FROM customers;
    INSERT INTO customers (email, balance, photo) VALUES ('a@x', 1.25, x'00ff'), ('b@x', '7', NULL),
      ('c@x', 'seven', 3);
    DELETE FROM customers WHERE email = 'c@x';
    INSERT INTO "odd names" VALUES ('''', 1), (NULL, 'two');
    INSERT INTO plain (rowid, x) VALUES (7, 1), (3, 'é'), (9, NULL);
    INSERT INTO orders (customer_id) SELECT id FROM customers;
"""
WRECKS = {
    "rows": "UPDATE customers SET balance = 0; DELETE FROM plain; INSERT INTO customers (email) VALUES ('new@x');",
    "columns": "DROP VIEW addresses; ALTER TABLE customers DROP COLUMN loud; ALTER TABLE customers ADD extra;"
    ' DROP TABLE "odd names";',
    "dropped": "DROP TABLE customers; DROP TABLE plain; CREATE TABLE plain (y);",
    "renamed": "ALTER TABLE customers RENAME TO clients; DROP INDEX customers_balance;",
    "set aside": "ALTER TABLE customers RENAME TO old; CREATE TABLE customers (id int);"
    " INSERT INTO customers SELECT id FROM old;",
    "set aside and read": "ALTER TABLE customers RENAME TO old; CREATE TABLE customers (id int);"
    " DROP VIEW addresses; CREATE VIEW addresses AS SELECT id FROM customers;",
    "parts": "DROP TRIGGER noting; CREATE TRIGGER other AFTER DELETE ON plain BEGIN SELECT 1; END;"
    " CREATE INDEX more ON plain (x); DROP VIEW addresses; CREATE VIEW addresses AS SELECT 1 FROM customers;",
}
TABLES = "{tables: [customers, plain, log, '\"odd names\"']}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, f"sqlite:///{tmp_path}/shop.db")


def changelog(project: Project, sql: str, backup: str) -> None:
    body = "\n".join(f"            {line}" for line in SHOP.splitlines())
    project.write(
        f"""\
        changesets:
          - id: shop
            sql: |
{body}
            rollback: {{irreversible: the beginning}}
          - id: wreck
            depends_on: [shop]
            sql: |
              {sql}
            rollback: {{backup: {backup}}}
        """
    )


def dump(project: Project) -> list[str]:
    """All of the database but what is ours, and the rowids of the table that has no others."""
    with closing(sqlite3.connect(project.folder / "shop.db")) as connection:
        lines = [line for line in connection.iterdump() if "changelog_" not in line]
        rowids = connection.execute("SELECT rowid, * FROM plain ORDER BY 1").fetchall() if "plain" in str(lines) else []
        # A renamed table is referenced with quotes from then on.
        return sorted(line.replace('"customers"', "customers") for line in lines) + [str(row) for row in rowids]


@contextmanager
def unchanged(project: Project) -> Iterator[None]:
    before = dump(project)
    yield
    assert dump(project) == before


@pytest.mark.parametrize("backup", [TABLES, "database"])
@pytest.mark.parametrize("wreck", WRECKS)
def test_whatever_a_changeset_does_is_undone(project: Project, wreck: str, backup: str) -> None:
    changelog(project, WRECKS[wreck], backup)
    project.update(select="shop")
    before = dump(project)
    assert project.update().applied == ("wreck",)
    assert dump(project) != before
    assert project.rollback(LastApplied(1)).rolled_back == ("wreck",)
    assert dump(project) == before
    assert [str(entry.event) for entry in project.entries()] == ["applied", "applied", "rolled_back"]
    assert project.update().applied == ("wreck",)


def test_all_of_a_database_comes_back_with_what_the_changeset_added_gone(project: Project) -> None:
    changelog(project, "CREATE TABLE more (id int); DROP TABLE orders; PRAGMA user_version = 9;", "database")
    project.update(select="shop")
    before = dump(project)
    project.update()
    project.rollback(LastApplied(1))
    assert dump(project) == before
    assert project.sql("SELECT * FROM pragma_user_version") == [(0,)]


@pytest.mark.parametrize("backup", [TABLES, "database"])
def test_rows_written_since_are_not_lost_unasked(project: Project, backup: str) -> None:
    changelog(project, WRECKS["rows"], backup)
    project.update()
    project.sql("INSERT INTO plain VALUES (1)")
    with unchanged(project), pytest.raises(BackupFailedError, match="`plain` has 1 row, and had 0 right after"):
        project.rollback(LastApplied(1))
    assert project.rollback(Selected("wreck"), discards_newer=True).rolled_back == ("wreck",)
    assert project.sql("SELECT count(*) FROM plain") == [(3,)]


def the_file(project: Project) -> Path:
    (path,) = (project.folder / "backups").iterdir()
    return path


def test_rows_written_since_to_a_table_set_aside_are_not_lost_unasked(project: Project) -> None:
    changelog(project, WRECKS["set aside"], TABLES)
    project.update(select="shop")
    before = dump(project)
    project.update()
    project.sql("UPDATE old SET balance = 9")
    with unchanged(project), pytest.raises(BackupFailedError, match="rows of `old` were changed since"):
        project.rollback(LastApplied(1))
    project.rollback(LastApplied(1), discards_newer=True)
    assert dump(project) == before


def test_views_and_triggers_of_others_that_read_a_table_in_anothers_place_stay(project: Project) -> None:
    changelog(project, WRECKS["set aside"], TABLES)
    project.update()
    later = {
        "later": "CREATE VIEW later AS SELECT id FROM customers",
        "latest": "CREATE VIEW latest AS SELECT id FROM later",
        "at": "CREATE TRIGGER at AFTER INSERT ON orders BEGIN DELETE FROM customers WHERE id = 0; END",
    }
    project.sql(*later.values())
    project.rollback(LastApplied(1))
    found = project.sql("SELECT name, sql FROM sqlite_schema WHERE name IN ('later', 'latest', 'at')")
    assert dict(found) == later
    assert project.sql("SELECT id FROM latest") == [(1,), (2,)]


def test_a_damaged_file_restores_nothing(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update()
    data = bytearray(the_file(project).read_bytes())
    data[-100] ^= 1
    the_file(project).write_bytes(data)
    with unchanged(project), pytest.raises(BackupFailedError, match="is damaged, as its SHA-256 is another one"):
        project.rollback(LastApplied(1))


def test_a_missing_file_restores_nothing(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update()
    the_file(project).unlink()
    with unchanged(project), pytest.raises(BackupFailedError, match=r"the file `.*` is missing"):
        project.rollback(LastApplied(1))


def test_a_file_is_readable_by_its_owner_alone(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update()
    assert the_file(project).stat().st_mode & 0o777 == 0o600


def test_databases_that_share_a_folder_leave_each_others_files_alone(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update()
    left = Path(f"{the_file(project)}.part-journal")
    left.touch()
    other = Project(project.folder, f"sqlite:///{project.folder}/other.db")
    other.update()
    assert left.exists()
    assert other.engine().prune_backups().cleaned == ()
    assert project.engine().backups().leftovers == (str(left),)
    project.rollback(LastApplied(1))
    project.update()
    assert not left.exists()
    assert not other.engine().backups(verify=True).is_faulty


def test_a_file_of_a_database_with_a_write_ahead_log_is_one_file_when_it_is_read(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.update(select="shop")
    project.sql("PRAGMA journal_mode = WAL")
    before = dump(project)
    project.update()
    data = the_file(project).read_bytes()
    with closing(sqlite3.connect(the_file(project))) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
        connection.execute("SELECT count(*) FROM customers").fetchall()
        assert the_file(project).read_bytes() == data
    project.rollback(LastApplied(1))
    assert dump(project) == before
    assert project.sql("SELECT * FROM pragma_journal_mode") == [("wal",)]


def test_a_changeset_that_fails_leaves_no_file(project: Project) -> None:
    changelog(project, "DELETE FROM plain; SELECT a FROM nowhere;", "database")
    project.update(select="shop")
    with unchanged(project), pytest.raises(Exception, match="no such table: nowhere"):
        project.update()
    assert list((project.folder / "backups").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_run(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    (project.folder / "file").touch()
    project.settings = replace(project.settings, backups=Retention(folder=str(project.folder / "file" / "inside")))
    with pytest.raises(PlanRefusedError, match=r"nothing was run: .* the folder `.*` for backups cannot be made"):
        project.update()
    assert not project.has_table("customers")


def test_no_room_for_a_copy_leaves_the_database_as_it_was(tmp_path: Path, small_disk: SmallDisk) -> None:
    disk = small_disk("2m")
    project = Project(tmp_path, f"sqlite:///{disk}/shop.db")
    changelog(project, "DELETE FROM log;", "{tables: [log]}")
    project.update(select="shop")
    project.sql("INSERT INTO log SELECT hex(randomblob(900)) FROM pragma_function_list LIMIT 140")
    (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - 100_000))
    before = project.sql("SELECT * FROM log ORDER BY 1")
    with pytest.raises(BackupFailedError, match="its backup could not be made: there is no room") as caught:
        project.update()
    assert "make room on the disk" in (caught.value.hint or "")
    assert project.sql("SELECT * FROM log ORDER BY 1") == before
    assert project.sql("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'changelog_backup%'") == [(0,)]


def test_no_room_for_a_file_is_told_before_anything_is_run(project: Project, small_disk: SmallDisk) -> None:
    changelog(project, WRECKS["rows"], "database")
    project.settings = replace(project.settings, backups=Retention(folder=str(small_disk("8k"))))
    project.update(select="shop")
    with unchanged(project), pytest.raises(PlanRefusedError, match=r"nothing was run: .* there is no room") as caught:
        project.update()
    assert "`folder` in the table `[backups]`" in (caught.value.hint or "")


def test_rows_of_others_that_would_reference_nothing_are_named(project: Project) -> None:
    changelog(project, "INSERT INTO customers (id, email) VALUES (50, 'z@x');", "{tables: [customers]}")
    project.update()
    project.sql("INSERT INTO orders VALUES (77, 50)")
    with unchanged(project), pytest.raises(BackupFailedError, match="rows of `orders` would reference rows"):
        project.rollback(LastApplied(1))


def test_a_database_in_one_great_transaction_is_not_backed_up(project: Project) -> None:
    changelog(project, WRECKS["rows"], "database")
    with pytest.raises(PlanRefusedError, match=r"`--atomic` is refused, nothing was run: `wreck` .* backup of all"):
        project.update(atomic=True)


@pytest.mark.parametrize(
    ("later", "undone"),
    [
        ("ALTER TABLE t RENAME TO t2", "ALTER TABLE t2 RENAME TO t"),
        ("ALTER TABLE p RENAME TO pp", "ALTER TABLE pp RENAME TO p"),
    ],
)
def test_a_renaming_that_was_undone_again_is_not_in_the_way(project: Project, later: str, undone: str) -> None:
    """SQLite writes the renamed table's definition anew, with quotes that nobody wrote."""
    project.write(f"""
        changesets:
          - id: base
            sql: |
              CREATE TABLE p (id int PRIMARY KEY);
              CREATE TABLE t (id int PRIMARY KEY, v int, p_id int REFERENCES p (id));
              INSERT INTO t VALUES (1, 1, NULL);
            rollback: DROP TABLE t; DROP TABLE p;
          - {{id: wreck, depends_on: [base], sql: UPDATE t SET v = 2, rollback: {{backup: {{tables: [t]}}}}}}
          - {{id: later, depends_on: [wreck], sql: {later}, rollback: {undone}}}
    """)
    project.update()
    assert project.rollback(LastApplied(2)).rolled_back == ("later", "wreck")
    assert project.sql("SELECT v FROM t") == [(1,)]
