"""Rollback by backup of PostgreSQL's tables: everything comes back, and each fault leaves the database as it was."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from changelog_engine.databases.backup import BackupError
from changelog_engine.errors import BackupFailedError, ChangesetFailedError, InvalidChangelogError, PlanRefusedError
from changelog_engine.plan.request import LastApplied, Selected
from tests.fixtures.databases import binaries, driver_url
from tests.fixtures.projects import Project
from tests.fixtures.small_disk import SmallDisk, small_disk

__all__ = ["small_disk"]

SHOP = """
    CREATE TYPE mood AS ENUM ('fine', 'sour');
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN NEW.note := coalesce(NEW.note, '') || '!'; RETURN NEW; END $$;
    CREATE TABLE customers (
      id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5) PRIMARY KEY,
      email text NOT NULL CONSTRAINT one_each UNIQUE, mood mood NOT NULL DEFAULT 'fine', note text COLLATE "C",
      seen timestamptz(3) NOT NULL DEFAULT now(), loud text GENERATED ALWAYS AS (upper(email)) STORED,
      CONSTRAINT long_enough CHECK (length(email) > 1)) WITH (fillfactor = 80);
    CREATE INDEX customers_note ON customers (lower(note)) WHERE note IS NOT NULL;
    ALTER TABLE customers ALTER COLUMN note SET STORAGE EXTERNAL, ALTER COLUMN note SET STATISTICS 50;
    CREATE STATISTICS moods (dependencies) ON mood, email FROM customers;
    CREATE TABLE orders (id serial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE);
    CREATE TABLE reviews (customer_id bigint REFERENCES customers DEFERRABLE INITIALLY DEFERRED, stars int);
    CREATE TRIGGER touching BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TRIGGER sleeping BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touch();
    ALTER TABLE customers DISABLE TRIGGER sleeping;
    COMMENT ON TABLE customers IS 'it''s us';
    COMMENT ON COLUMN customers.email IS '100% real';
    COMMENT ON CONSTRAINT one_each ON customers IS 'no twins';
    CREATE VIEW addresses AS SELECT id, email FROM customers;
    CREATE VIEW "Numbers" WITH (security_barrier) AS SELECT id FROM addresses;
    GRANT SELECT ON customers TO pg_monitor WITH GRANT OPTION;
    GRANT UPDATE (email) ON customers TO pg_monitor;
    GRANT SELECT ON "Numbers" TO pg_monitor;
    GRANT USAGE ON SEQUENCE customers_id_seq TO pg_monitor;
    ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
    CREATE POLICY few ON customers FOR SELECT TO pg_monitor USING (id > 0);
    INSERT INTO customers (email, note) SELECT 'u' || i || '@x', 'n' FROM generate_series(1, 50) i;
    INSERT INTO orders (customer_id) SELECT id FROM customers;
    INSERT INTO reviews SELECT id, 5 FROM customers;
"""

WRECKS = {
    "rows": "UPDATE customers SET note = 'x', mood = 'sour';"
    " DELETE FROM reviews WHERE customer_id < 150; DELETE FROM customers WHERE id < 150;"
    " INSERT INTO customers (email) VALUES ('new@x');",
    "emptied": "TRUNCATE customers CASCADE;",
    "columns": 'DROP VIEW "Numbers", addresses; ALTER TABLE customers DROP COLUMN loud, DROP COLUMN email;'
    " ALTER TABLE customers ADD extra int DEFAULT 3; ALTER TABLE customers RENAME seen TO looked;",
    "type": "ALTER TABLE customers ALTER COLUMN mood DROP DEFAULT, ALTER COLUMN mood TYPE text; DROP TYPE mood;"
    " ALTER TABLE customers ADD UNIQUE (note, id); CREATE TYPE mood AS ENUM ('fine', 'sour');",
    "dropped": "DROP TABLE customers CASCADE;",
    "replaced": "CREATE TABLE other (LIKE customers INCLUDING ALL); DROP TABLE customers CASCADE;"
    " ALTER TABLE other RENAME TO customers;",
    "renamed": "ALTER TABLE customers RENAME TO clients; ALTER TABLE clients RENAME COLUMN note TO remark;",
    "set aside": "ALTER TABLE customers RENAME TO old; CREATE TABLE customers (id int);",
    "parts": "DROP INDEX customers_note; ALTER TABLE customers DROP CONSTRAINT long_enough;"
    " ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey; DROP TRIGGER touching ON customers;"
    " CREATE TRIGGER touching AFTER DELETE ON customers FOR EACH ROW EXECUTE FUNCTION touch();"
    " ALTER TABLE customers ENABLE TRIGGER sleeping; DROP POLICY few ON customers;"
    " CREATE POLICY all_of_it ON customers; ALTER TABLE customers FORCE ROW LEVEL SECURITY;"
    " CREATE INDEX wrong ON customers (mood); CREATE RULE no AS ON DELETE TO customers DO INSTEAD NOTHING;"
    " DROP STATISTICS moods; ALTER TABLE customers REPLICA IDENTITY FULL;",
    "rights": "REVOKE ALL ON customers FROM pg_monitor CASCADE; GRANT ALL ON customers TO pg_read_all_data;"
    " COMMENT ON TABLE customers IS NULL; COMMENT ON COLUMN customers.note IS 'new';"
    " ALTER TABLE customers OWNER TO pg_database_owner; REVOKE USAGE ON SEQUENCE customers_id_seq FROM pg_monitor;",
    "numbers": "ALTER TABLE customers ALTER COLUMN id RESTART WITH 7000; INSERT INTO orders (customer_id)"
    " SELECT max(id) FROM customers; ALTER TABLE orders ALTER COLUMN id DROP DEFAULT; DROP SEQUENCE orders_id_seq;",
}


def changelog(
    project: Project, sql: str, backup: str = "{tables: [customers, orders, reviews]}", more: str = ""
) -> None:
    body = "\n".join(f"            {line}" for line in SHOP.splitlines())
    project.write(
        f"""\
        changesets:
          - id: shop
            statements: {{split: true}}
            sql: |
{body}
            rollback: {{irreversible: the beginning}}
          - id: wreck
            depends_on: [shop]
            sql: |
              {sql}
            rollback: {{backup: {backup}}}
            {more}
        """
    )


def dump(url: str) -> str:
    """All of the database but what is ours, as pg_dump writes it."""
    command: list[str | Path] = [binaries() / "pg_dump", "--exclude-table=changelog_*", driver_url(make_url(url))]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "\n".join(sorted(line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))))


@contextmanager
def unchanged(project: Project) -> Iterator[None]:
    before = dump(project.url)
    yield
    assert dump(project.url) == before


@pytest.mark.parametrize("wreck", WRECKS)
def test_whatever_a_changeset_does_to_its_tables_is_undone(postgresql_project: Project, wreck: str) -> None:
    project = postgresql_project
    changelog(project, WRECKS[wreck])
    project.update(select="shop")
    before = dump(project.url)
    assert project.update().applied == ("wreck",)
    assert dump(project.url) != before
    assert project.rollback(LastApplied(1)).rolled_back == ("wreck",)
    assert dump(project.url) == before


def test_the_ledger_has_place_size_and_sha256_of_a_backup(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, WRECKS["rows"], "{tables: [customers]}")
    project.update()
    (backup,) = [entry.detail for entry in project.entries() if entry.changeset_id == "wreck"]
    assert backup is not None
    import json

    said = json.loads(backup)["backup"]
    assert said["size"] > 0
    assert len(said["sha256"]) == 64
    assert [table["rows"] for table in said["tables"]] == [50]
    assert project.sql(f"SELECT count(*) FROM {said['place']}") == [(50,)]


# ------------------------------------------------------------------------------------------------------- faults


def test_rows_written_since_are_not_lost_unasked(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, WRECKS["rows"])
    project.update()
    project.sql("INSERT INTO customers (email) VALUES ('late@x')")
    with unchanged(project), pytest.raises(BackupFailedError, match=r"`customers` has \d+ rows, and had \d+") as caught:
        project.rollback(LastApplied(1))
    assert "--discard-newer-rows" in (caught.value.hint or "")
    assert project.rollback(LastApplied(1), discards_newer=True).rolled_back == ("wreck",)
    assert project.sql("SELECT count(*) FROM customers") == [(50,)]


def test_rows_that_were_changed_since_are_seen_too(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, WRECKS["rows"])
    project.update()
    project.sql("UPDATE customers SET note = 'later' WHERE id = 200")
    with unchanged(project), pytest.raises(BackupFailedError, match="rows of `customers` were changed since"):
        project.rollback(LastApplied(1))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE {} SET note = 'y' WHERE id = 200", "is damaged, as its SHA-256 is another one"),
        ("DELETE FROM {} WHERE id = 200", r"another one \(it has 49 rows, and had 50\)"),
        ("ALTER TABLE {} DROP COLUMN note", "cannot be read"),
        ("DROP TABLE {}", "is missing"),
    ],
)
def test_a_damaged_or_missing_backup_restores_nothing(postgresql_project: Project, damage: str, words: str) -> None:
    project = postgresql_project
    changelog(project, WRECKS["rows"], "{tables: [customers]}")
    project.update()
    ((copy,),) = project.sql("SELECT relname FROM pg_class WHERE relname LIKE 'changelog_backup_%' AND relkind = 'r'")
    project.sql(damage.format(copy))
    with unchanged(project), pytest.raises(BackupFailedError, match=words):
        project.rollback(LastApplied(1))


def test_what_depends_on_a_table_to_be_made_anew_is_named(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, WRECKS["columns"])
    project.update()
    project.sql("CREATE VIEW later AS SELECT id, extra FROM customers")
    with (
        unchanged(project),
        pytest.raises(BackupFailedError, match=r"depend on it which the backup does not hold.*later"),
    ):
        project.rollback(LastApplied(1))
    project.sql("DROP VIEW later")
    assert project.rollback(LastApplied(1)).rolled_back == ("wreck",)


def test_tables_that_later_reference_a_restored_one_keep_their_keys(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, WRECKS["columns"])
    project.update()
    project.sql("CREATE TABLE later (customer_id bigint CONSTRAINT mine REFERENCES customers)")
    project.sql("INSERT INTO later SELECT id FROM customers")
    project.rollback(LastApplied(1))
    assert project.sql("SELECT count(*) FROM pg_constraint WHERE conname = 'mine'") == [(1,)]


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ("nowhere", "there is no table `nowhere` to back up"),
        ("addresses", "`addresses` is a view"),
        ("parts", "`parts` is a partitioned table"),
    ],
)
def test_what_cannot_be_saved_stops_the_changeset(postgresql_project: Project, tables: str, words: str) -> None:
    project = postgresql_project
    project.sql("CREATE TABLE parts (id int) PARTITION BY RANGE (id)")
    changelog(project, WRECKS["rows"], f"{{tables: [customers, {tables}]}}")
    project.update(select="shop")
    with unchanged(project), pytest.raises((BackupFailedError, PlanRefusedError), match=words):
        project.update()
    assert project.states()["wreck"] == "pending"


def test_a_changeset_that_fails_leaves_no_backup(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, "DELETE FROM reviews; SELECT 1/0;")
    project.update(select="shop")
    with unchanged(project), pytest.raises(ChangesetFailedError, match="division by zero"):
        project.update()
    assert project.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'changelog_backup_%'") == [(0,)]


def test_who_does_not_own_a_table_is_told_before_anything_is_run(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, "UPDATE customers SET note = 'x';", "{tables: [customers]}")
    project.update(select="shop")
    role = f"clerk_{make_url(project.url).database}"
    project.sql(
        f"CREATE ROLE {role} LOGIN",
        f"GRANT ALL ON SCHEMA public TO {role}",
        f"GRANT SELECT, UPDATE ON customers TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON changelog_ledger, changelog_lock, changelog_state TO {role}",
    )
    clerk = Project(project.folder, make_url(project.url).set(username=role).render_as_string(hide_password=False))
    try:
        with unchanged(project), pytest.raises(PlanRefusedError, match="which owns `customers`"):
            clerk.update()
        project.sql(f"REVOKE ALL ON customers FROM {role}")
        with unchanged(project), pytest.raises(PlanRefusedError, match="may not read `customers`"):
            clerk.update()
        project.sql(f"REVOKE ALL ON SCHEMA public FROM {role}", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        with unchanged(project), pytest.raises(PlanRefusedError, match="may not create tables there"):
            clerk.update()
    finally:
        project.sql(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_who_may_not_restore_a_table_is_told_what_it_takes_and_not_that_the_copy_is_damaged(
    postgresql_project: Project,
) -> None:
    project = postgresql_project
    changelog(project, "UPDATE customers SET note = 'x';", "{tables: [customers]}")
    project.update()
    role = f"clerk_{make_url(project.url).database}"
    project.sql(
        f"CREATE ROLE {role} LOGIN",
        f"GRANT ALL ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON changelog_ledger, changelog_lock, changelog_state TO {role}",
    )
    clerk = Project(project.folder, make_url(project.url).set(username=role).render_as_string(hide_password=False))
    try:
        with unchanged(project), pytest.raises(BackupFailedError, match="permission denied for table") as caught:
            clerk.rollback(LastApplied(1))
        assert "run as the role that owns what is named" in (caught.value.hint or "")
        with pytest.raises(BackupError, match="of `wreck` cannot be read back, so that nothing is known of it"):
            clerk.engine().backups(verify=True)
        project.sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        with unchanged(project), pytest.raises(BackupFailedError, match="which owns `customers`: it could not restore"):
            clerk.rollback(LastApplied(1))
    finally:
        project.sql(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
    assert project.rollback(LastApplied(1)).rolled_back == ("wreck",)


def test_no_room_on_the_disk_leaves_everything_as_it_was(postgresql_project: Project, small_disk: SmallDisk) -> None:
    project = postgresql_project
    changelog(project, "UPDATE customers SET note = 'x';", "{tables: [customers]}")
    project.update(select="shop")
    disk = small_disk("400k")
    name = f"small_{make_url(project.url).database}"
    project.sql("INSERT INTO customers (email, note) SELECT 'm' || i, repeat('x', 900) FROM generate_series(1, 900) i")
    project.sql(f"CREATE TABLESPACE {name} LOCATION '{disk}'")
    project.sql(f"ALTER DATABASE {make_url(project.url).database} SET default_tablespace = {name}")
    try:
        with unchanged(project), pytest.raises(BackupFailedError, match="No space left on device") as caught:
            project.update()
        assert "make room on the disk" in (caught.value.hint or "")
        assert project.states()["wreck"] == "pending"
    finally:
        project.sql(f"ALTER DATABASE {make_url(project.url).database} RESET default_tablespace")
        project.sql(f"DROP TABLESPACE {name}")


# ----------------------------------------------------------------------------------------------- rules, and modes


def test_a_changeset_that_runs_again_has_no_rollback_by_backup(postgresql_project: Project) -> None:
    changelog(postgresql_project, "UPDATE customers SET note = 'x';", more="run: always")
    with pytest.raises(InvalidChangelogError) as caught:
        postgresql_project.engine().validate()
    assert "run again is not undone by a backup" in caught.value.problems[0].message


def test_a_backup_is_part_of_one_great_transaction(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, WRECKS["rows"])
    assert project.update(atomic=True).applied == ("shop", "wreck")
    project.rollback(LastApplied(1))
    assert project.sql("SELECT count(*) FROM customers") == [(50,)]


def test_outside_of_a_transaction_the_backup_is_committed_first(postgresql_project: Project) -> None:
    project = postgresql_project
    changelog(project, "DELETE FROM reviews; SELECT 1/(SELECT count(*) - 50 FROM orders);", more="transaction: false")
    project.update(select="shop")
    before = dump(project.url)
    with pytest.raises(ChangesetFailedError, match="division by zero"):
        project.update()
    changelog(project, "DELETE FROM reviews; DELETE FROM orders;", more="transaction: false")
    project.sql("DELETE FROM orders WHERE id = 50")
    changelog(project, "DELETE FROM reviews; SELECT 1/(SELECT count(*) - 50 FROM orders);", more="transaction: false")
    assert project.update().applied == ("wreck",)
    project.rollback(Selected("wreck"))
    assert dump(project.url) == before
