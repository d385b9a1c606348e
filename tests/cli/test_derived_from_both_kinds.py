"""What is known of a table is known whichever kind of change made it: SQL on what is typed, and the other way round."""

from __future__ import annotations

from typing import Any

import pytest

from changelog_engine.catalog import compare
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from tests.cli.conftest import Cli

KINDS = ("postgresql", "sqlite", "mariadb")

SQL_ON_TYPED = """\
parameters: {region: "it's"}
changesets:
  - id: base
    changes:
      - create_table:
          table: cities
          comment: where we are
          columns:
            - {name: id, type: bigint, primary_key: true}
            - {name: name, type: varchar(40), nullable: false, default: "${region}", comment: as on maps}
            - {name: since, type: timestamp}
            - {name: sum, type: "decimal(8,2)", default: 1.5}
            - {name: kind, type: uuid}
      - create_table:
          table: streets
          columns:
            - {name: city, type: bigint, nullable: false}
            - {name: number, type: integer, nullable: false}
            - {name: day, type: date}
      - add_primary_key: {name: streets_key, table: streets, columns: [city, number]}
      - insert: {table: cities, rows: [{id: 1, name: Ulm}]}
  - id: rows
    depends_on: [base]
    sql: |
      INSERT INTO cities (id, name) VALUES (2, 'Bonn'), (3, 'Köln');
      INSERT INTO streets VALUES (2, 7, '2026-01-01');
  - id: renamed
    depends_on: [rows]
    changes:
      - rename_column: {table: streets, from: number, to: no}
      - alter_column: {table: cities, column: since, type: date}
      - alter_column: {table: cities, column: sum, type: "numeric(12,2)", default: null}
      - alter_column: {table: cities, column: kind, type: text, using: kind}
  - id: more
    depends_on: [renamed]
    sql: INSERT INTO streets (no, city) VALUES (8, 2)
  - id: there
    depends_on: [more]
    sql:
      default: INSERT INTO cities (id) VALUES (9)
      postgresql: |
        ALTER TABLE cities ALTER name DROP NOT NULL, ALTER name SET DEFAULT 'none';
        ALTER TABLE cities ALTER name TYPE text;
        COMMENT ON COLUMN cities.name IS 'other';
        COMMENT ON TABLE cities IS NULL;
        GRANT SELECT ON cities TO PUBLIC;
      mariadb: CREATE INDEX by_name ON cities (name)
"""

TYPED_ON_SQL = """\
changesets:
  - id: base
    sql:
      default: |
        CREATE TABLE cities (id int PRIMARY KEY, name varchar(40) DEFAULT 'it''s', size decimal(8,2) DEFAULT 1.50,
          at timestamp, no int);
        CREATE TABLE streets (city int, no int);
      mariadb: |
        CREATE TABLE cities (
          id int AUTO_INCREMENT PRIMARY KEY, name varchar(40) DEFAULT 'it''s' COMMENT 'a\\\\b',
          size decimal(8,2) DEFAULT 1.50, at timestamp NULL, no int
        ) COMMENT='where';
        CREATE TABLE streets (city int, no int);
  - id: typed
    depends_on: [base]
    rollback: auto
    changes:
      - insert: {table: cities, rows: [{id: 4, name: Ulm}, {id: 5, name: Bonn}]}
      - alter_column: {table: cities, column: name, type: varchar(80), nullable: false}
      - alter_column: {table: cities, column: size, default: 2, nullable: false}
      - alter_column: {table: cities, column: at, type: date}
      - alter_column: {table: cities, column: no, type: bigint}
      - add_primary_key: {name: streets_key, table: streets, columns: [city, no]}
      - comment: {table: cities, column: name, text: as on maps}
      - comment: {table: cities, text: all of them}
"""


def state_of(url: str, *tables: str) -> tuple[Any, ...]:
    """The catalog and the rows, without the ledger."""
    session = connect(url, Access.WRITE)
    try:
        facts = {key: fact for key, fact in session.catalog().items() if "changelog_" not in f"{key.of}{key.name}"}
        return facts, [sorted(map(str, session.select(f"SELECT * FROM {table}"))) for table in tables]
    finally:
        session.close()


def there_and_back(cli: Cli, url: str, monkeypatch: pytest.MonkeyPatch, text: str) -> dict[str, Any]:
    """Apply all after `base`, undo it, and compare; the steps of the plan that did it."""
    monkeypatch.setenv("CHANGELOG_URL", url)
    cli.write(text)
    cli("update", "--select", "base")
    before, rows = state_of(url, "cities", "streets")
    steps = {step["id"]: step for step in cli.json("plan")["steps"]}
    assert steps
    assert all(step["rollback_derived"] for step in steps.values())
    cli("update")
    assert compare(before, state_of(url)[0])
    # What the ledger has is what the plan showed.
    undone = {step["id"]: step for step in cli.json("plan", "rollback", "--count", str(len(steps)))["steps"]}
    assert {name: step["statements"] for name, step in undone.items()} == {
        name: step["rollback"] for name, step in steps.items()
    }
    cli("rollback", "--count", str(len(steps)))
    after, rows_after = state_of(url, "cities", "streets")
    assert [str(each) for each in compare(before, after)] == []
    assert rows_after == rows
    return steps


@pytest.mark.parametrize("kind", KINDS)
def test_sql_on_a_typed_table(
    cli: Cli, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = there_and_back(cli, request.getfixturevalue(f"{kind}_url"), monkeypatch, SQL_ON_TYPED)
    quote = {"postgresql": "", "sqlite": '"', "mariadb": "`"}[kind]
    assert steps["rows"]["rollback"][0] == "DELETE FROM streets WHERE city = 2 AND number = 7".replace(
        "city", f"{quote}city{quote}"
    ).replace("number", f"{quote}number{quote}")
    assert "no = 8" in steps["more"]["rollback"][0]


@pytest.mark.parametrize("kind", KINDS)
def test_typed_changes_on_a_table_of_sql(
    cli: Cli, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    there_and_back(cli, request.getfixturevalue(f"{kind}_url"), monkeypatch, TYPED_ON_SQL)


BOTH_AT_ONCE = """\
changesets:
  - id: base
    sql: |
      CREATE TABLE cities (id int PRIMARY KEY, name varchar(40));
      CREATE TABLE streets (city int, no int DEFAULT 5);
      INSERT INTO cities VALUES (1, 'Ulm');
  - id: both
    depends_on: [base]
    changes:
      - create_table: {table: people, columns: [{name: id, type: integer, primary_key: true}]}
      - sql: |
          INSERT INTO people VALUES (1), (2);
          INSERT INTO cities VALUES (2, 'Bonn');
          UPDATE people SET id = id + 1 WHERE id = 2;
      - add_column: {table: cities, column: {name: size, type: integer}}
      - insert: {table: cities, rows: [{id: 3, size: 4}]}
      - alter_column: {table: streets, column: no, type: bigint, default: null}
      - sql: CREATE TABLE towns (id int PRIMARY KEY)
      - sql: ALTER TABLE cities RENAME COLUMN name TO label
      - create_index: {name: by_label, table: cities, columns: [label]}
      - rename_table: {from: people, to: persons}
      - insert: {table: towns, rows: [{id: 1}]}
      - update: {table: towns, set: {id: 2}, where: id = 1}
      - delete: {table: persons, where: id = 3}
"""


@pytest.mark.parametrize("kind", KINDS)
def test_both_kinds_in_one_changeset(
    cli: Cli, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    there_and_back(cli, request.getfixturevalue(f"{kind}_url"), monkeypatch, BOTH_AT_ONCE)


@pytest.mark.parametrize("name", ["people", "mydb.people"])
def test_rows_of_a_table_with_a_trigger_do_not_go_with_it_alone(cli: Cli, name: str) -> None:
    text = f"""\
changesets:
  - id: both
    changes:
      - create_table: {{table: people, columns: [{{name: id, type: integer}}]}}
      - sql: CREATE TRIGGER tr BEFORE UPDATE ON {name} FOR EACH ROW INSERT INTO log VALUES (1)
      - update: {{table: people, set: {{id: 2}}}}
"""
    err = refusal(cli, "mariadb://nobody@nowhere.invalid/none", text)
    assert "none can be derived: `update`: the values before it are gone" in err


@pytest.mark.parametrize(
    "anew",
    [
        "sql: DROP INDEX i ON mydb.people; CREATE INDEX i ON mydb.people (no)",
        "create_index: {schema: mydb, table: people, name: i, columns: ['no']}",
    ],
)
def test_an_index_made_anew_on_a_table_named_with_its_database_is_not_overlooked(cli: Cli, anew: str) -> None:
    columns = "[{name: id, type: integer}, {name: 'no', type: integer}]"
    text = f"""\
changesets:
  - id: base
    changes:
      - create_table: {{table: people, columns: {columns}}}
      - create_index: {{table: people, name: i, columns: [id]}}
  - id: anew
    depends_on: [base]
    rollback: {{irreversible: it is new}}
    changes:
      - {anew}
  - id: last
    depends_on: [anew]
    changes:
      - drop_index: {{table: people, name: i}}
"""
    err = refusal(cli, "mariadb://nobody@nowhere.invalid/none", text)
    assert "changeset `last`" in err
    assert "no typed change before it makes `i`" in err


def test_a_search_path_that_sql_sets_would_be_that_of_the_typed_rollback_too(cli: Cli) -> None:
    text = """\
changesets:
  - id: both
    changes:
      - create_table: {table: people, columns: [{name: id, type: integer}]}
      - sql: SET LOCAL search_path = other; CREATE TABLE towns (id int);
"""
    err = refusal(cli, "postgresql://nowhere.invalid/none", text)
    assert "none can be derived: beside typed changes it sets a role or where names are looked up" in err
    assert "main.yaml:5:" in err


BASE = """\
changesets:
  - id: base
    rollback: auto
    sql: |
      CREATE TABLE cities (id int PRIMARY KEY, name varchar(40));
      CREATE TABLE streets (city int, no int, CONSTRAINT of_city FOREIGN KEY (city) REFERENCES cities (id));
"""


def refusal(cli: Cli, url: str, text: str) -> str:
    """What `validate` says of a changelog, without ever connecting."""
    cli.write(text)
    return cli("validate", "--url", url, code=3).err


def test_on_mariadb_an_index_that_a_foreign_key_may_rely_on_is_not_undone(cli: Cli) -> None:
    url = "mariadb://nobody@nowhere.invalid/none"
    for change, place in (
        ("create_index: {name: i, table: streets, columns: [city, no]}", 11),
        ("add_unique_constraint: {name: u, table: streets, columns: [city]}", 11),
        ("add_primary_key: {name: p, table: streets, columns: [city, no]}", 11),
    ):
        err = refusal(cli, url, f"{BASE}  - id: typed\n    depends_on: [base]\n    changes:\n      - {change}\n")
        assert "`typed`: it has no `rollback`, and none can be derived: " in err
        assert "a foreign key may rely on the index" in err
        assert f"main.yaml:{place - 1}:" in err
    cli.write(
        f"{BASE}  - id: typed\n    depends_on: [base]\n"
        "    changes: [{create_index: {name: i, table: streets, columns: [no]}}]\n"
    )
    cli("validate", "--url", url)


TYPED_UNDERIVABLE = f"""{BASE}  - id: typed
    depends_on: [base]
    changes:
      - add_column: {{table: cities, column: {{name: size, type: integer}}}}
      - drop_column: {{table: streets, column: no}}
"""


@pytest.mark.parametrize("command", ["validate", "lint", "deps", "plan", "update"])
def test_each_command_says_what_is_wrong_with_a_typed_rollback_as_with_one_of_sql(cli: Cli, command: str) -> None:
    url = "sqlite:///never.db"
    cli.write(TYPED_UNDERIVABLE)
    typed = cli(command, "--url", url, code=3).err
    changes = TYPED_UNDERIVABLE[TYPED_UNDERIVABLE.index("      - add_column") :]
    cli.write(TYPED_UNDERIVABLE.replace(changes, "      - sql: ALTER TABLE streets DROP COLUMN no\n"))
    sql = cli(command, "--url", url, code=3).err
    assert "main.yaml:11:22" in typed
    assert "`drop_column`: its values are gone with it" in typed
    for err in (typed, sql):
        assert "changeset `typed`: it has no `rollback`, and none can be derived: " in err
        assert "`rollback: {irreversible: REASON}`" in err
    assert (cli.folder / "never.db").exists() is (command == "update")


ON_CITIES = f"""{BASE}  - id: rows
    depends_on: [base]
    changes: [{{insert: {{table: cities, rows: [{{id: 1}}]}}}}]
"""


def test_a_part_that_a_parameter_may_have_changed_is_not_made_again(cli: Cli) -> None:
    text = """\
infer: false
parameters: {c: cities}
changesets:
  - id: base
    changes:
      - create_table: {table: cities, columns: [{name: id, type: integer}, {name: name, type: text}]}
      - create_index: {name: i, table: cities, columns: [id, name]}
      - create_view: {name: v, query: SELECT 1}
  - id: less
    rollback: {irreversible: gone}
    changes: [{rename_column: {table: "${c}", from: name, to: label}}, {drop_view: {name: "v${c}"}}]
  - id: index
    changes: [{drop_index: {name: i, table: cities}}]
  - id: view
    changes: [{drop_view: {name: v}}]
"""
    err = refusal(cli, "sqlite:///never.db", text)
    assert "no typed change before it makes `i`" in err
    assert "no typed change before it makes `v`" in err
    cli.write(text.replace('"${c}"', '"no${c}"').replace('"v${c}"', '"w${c}"'))
    cli("validate", "--url", "sqlite:///never.db")


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("contexts: dev, changes: [{rename_column: {table: cities, from: id, to: no}}]", "the key of the table is"),
        ('contexts: dev, sql: "ALTER TABLE cities RENAME COLUMN id TO no", rollback: SELECT 1', "the key of the"),
        ('changes: [{rename_column: {table: "${c}", from: id, to: no}}]', "the key of the table is not known"),
        (
            'sql: "CREATE TRIGGER t BEFORE INSERT ON cities BEGIN SELECT 1; END"',
            "what a trigger of the table does on INSERT is not known",
        ),
        ("dbms: [postgresql], changes: [{rename_column: {table: cities, from: id, to: no}}]", ""),
        ('changes: [{rename_column: {table: "other_${c}", from: id, to: no}}]', ""),
        ("changes: [{alter_column: {table: cities, column: name, nullable: false}}]", ""),
    ],
)
def test_what_may_be_otherwise_is_not_known_of_either_kind(cli: Cli, before: str, reason: str) -> None:
    given = f"  - {{id: before, depends_on: [base], {before}}}\n"
    text = f"infer: false\nparameters: {{c: cities}}\n{ON_CITIES.replace('  - id: rows', given + '  - id: rows')}"
    if not reason:
        cli.write(text)
        cli("validate", "--url", "sqlite:///never.db")
        return
    err = refusal(cli, "sqlite:///never.db", text)
    assert "changeset `rows`: it has no `rollback`, and none can be derived: `insert`: " in err
    assert reason in err
