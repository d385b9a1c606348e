"""Rollbacks that nobody wrote: shown in the plan, kept in the ledger, and refused where they are not certain."""

from __future__ import annotations

import pytest

from changelog_engine.catalog import compare
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from tests.cli.conftest import Cli
from tests.fixtures.catalogs import catalog_of

SHOP = """\
parameters:
  note: it's
  token: {env: DERIVED_TOKEN, secret: true}
changesets:
  - id: cities
    sql: "CREATE TABLE cities (id int PRIMARY KEY, note varchar(40))"
  - id: name
    depends_on: [cities]
    sql: "ALTER TABLE cities ADD COLUMN name varchar(40)"
  - id: rows
    depends_on: [name]
    rollback: auto
    sql: "INSERT INTO cities (id, note, name) VALUES (1, 'a', 'Ulm'), (2, '${token}', 'Bonn')"
  - id: by-name
    depends_on: [rows]
    sql: "CREATE UNIQUE INDEX cities_by_name ON cities (name)"
  - id: for-another
    dbms: [OTHER]
    sql: DROP TABLE cities
  - id: kinds
    sql:
      postgresql: CREATE TABLE "Of ""kinds" (id int)
      sqlite: CREATE TABLE "of kinds" (id int)
      mariadb: CREATE TABLE `of kinds` (id int)
"""


def there_and_back(cli: Cli, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGELOG_URL", url)
    monkeypatch.setenv("DERIVED_TOKEN", "s3cr3t-t0ken")
    other = "mariadb" if url.startswith("postgresql") else "postgresql"
    cli.write(SHOP.replace("OTHER", other))
    before = catalog_of(url)
    plan = cli("plan")
    assert "rollback, derived:" in plan.out
    assert "DROP TABLE cities;" in plan.out
    steps = {step["id"]: step for step in cli.json("plan")["steps"]}
    assert all(step["rollback_derived"] for step in steps.values())
    assert steps["rows"]["rollback"] != []
    assert "for-another" not in steps
    cli("update")
    # The ledger keeps them: a changelog that has lost the changesets can still go back.
    cli.write("changesets: []\n")
    assert "s3cr3t-t0ken" not in cli("plan", "rollback", "--all", "--sql").out
    cli("rollback", "--all")
    differences = [str(each) for each in compare(before, catalog_of(url))]
    assert [each for each in differences if "changelog" not in each] == []


def test_there_and_back(cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there_and_back(cli, database_url, monkeypatch)


def test_there_and_back_on_mariadb(cli: Cli, mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there_and_back(cli, mariadb_url, monkeypatch)


AT_ONCE = """\
changesets:
  - id: base
    sql: |
      CREATE TABLE cities (id int PRIMARY KEY, name varchar(40));
      CREATE TABLE streets (city int, name varchar(40), old int);
      INSERT INTO cities VALUES (1, 'Ulm');
      INSERT INTO streets VALUES (1, 'here', 2);
  - id: at-once
    depends_on: [base]
    sql: |
      ALTER TABLE streets
        ADD COLUMN no int NOT NULL DEFAULT 3 AFTER city,
        ADD CONSTRAINT of_city FOREIGN KEY (city) REFERENCES cities (id),
        ADD UNIQUE INDEX by_no (no, name),
        ADD CONSTRAINT some_no CHECK (no > 0),
        RENAME COLUMN old TO age,
        RENAME TO roads;
"""


def test_several_changes_in_one_statement_are_undone_in_one_on_mariadb(
    cli: Cli, mariadb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGELOG_URL", mariadb_url)
    cli.write(AT_ONCE)
    cli("update", "--select", "base")
    before = {key: facts for key, facts in catalog_of(mariadb_url).items() if "changelog_" not in f"{key.of}{key.name}"}
    cli("update")
    (undone,) = cli.json("plan", "rollback", "--count", "1")["steps"]
    assert undone["statements"] == [
        "ALTER TABLE roads RENAME TO streets, RENAME COLUMN age TO old, DROP CONSTRAINT some_no, DROP INDEX by_no, "
        "DROP FOREIGN KEY of_city, DROP INDEX of_city, DROP COLUMN no"
    ]
    cli("rollback", "--count", "1")
    after = {key: facts for key, facts in catalog_of(mariadb_url).items() if "changelog_" not in f"{key.of}{key.name}"}
    assert [str(each) for each in compare(before, after)] == []
    session = connect(mariadb_url, Access.READ)
    assert [tuple(row) for row in session.select("SELECT * FROM streets")] == [(1, "here", 2)]
    session.close()


def test_a_written_rollback_is_not_called_derived(cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGELOG_URL", database_url)
    cli.write("changesets:\n  - {id: a, sql: CREATE TABLE a (x int), rollback: DROP TABLE a}\n")
    step = cli.json("plan")["steps"][0]
    assert (step["rollback"], step["rollback_derived"]) == (["DROP TABLE a"], False)


def test_refusals_name_the_place_the_reason_and_the_remedy(
    cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGELOG_URL", database_url)
    cli.write(
        "changesets:\n"
        "  - id: gone\n"
        "    sql: |\n"
        "      CREATE TABLE a (x int);\n"
        "      DROP TABLE b;\n"
        "  - id: written\n"
        "    rollback: auto\n"
        "    sql: UPDATE a SET x = 1\n"
        "  - id: mixed\n"
        "    changes:\n"
        "      - create_table: {table: d, columns: [{name: x, type: integer}]}\n"
        "      - sql: CREATE TABLE c (x int)\n"
        "      - sql: |\n"
        "          CREATE INDEX i ON c (x);\n"
        "          DROP TABLE d\n"
    )
    err = cli("validate", code=3).err
    assert "main.yaml:5:7" in err
    assert "      DROP TABLE b;\n" in err
    assert "^" in err
    assert "changeset `gone`: it has no `rollback`, and none can be derived: what it drops" in err
    assert "changeset `written`: its rollback cannot be derived: what the rows were before" in err
    assert "main.yaml:8:10" in err
    assert "changeset `mixed`: it has no `rollback`, and none can be derived: what it drops" in err
    assert "main.yaml:15:11" in err
    assert "`rollback: {irreversible: REASON}`" in err
    assert cli("update", code=3).out == ""
