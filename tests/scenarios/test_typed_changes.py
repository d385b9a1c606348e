"""Typed changes on real databases: applied, undone by what is derived from them, and the same by a script."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from changelog_engine.catalog import Catalog, compare
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access, Session
from changelog_engine.errors import ChangesetFailedError, InvalidChangelogError
from changelog_engine.plan.request import Everything, LastApplied, RollbackFrom, Selected
from tests.fixtures.databases import binaries, driver_url
from tests.fixtures.mariadb import MariadbServer
from tests.fixtures.processes import changelog
from tests.fixtures.projects import Project

BASE = """
    parameters:
      owner: {default: "O'Brien \\\\ 50% :x"}
      token: {env: TYPED_TOKEN, secret: true}
    changesets:
      - id: base
        changes:
          - create_table:
              table: customers
              comment: who orders
              columns:
                - {name: id, type: bigint, primary_key: true, identity: true}
                - {name: name, type: varchar(40), nullable: false, unique: true, comment: "what they're called"}
                - {name: Paid, type: boolean, default: false}
                - {name: credit, type: "numeric(10,2)", default: 1.50}
          - create_table:
              table: orders
              columns:
                - {name: id, type: bigint, nullable: false}
                - {name: customer_id, type: bigint, nullable: false, references: customers.id, on_delete: cascade}
                - {name: note, type: varchar(80), default: "it's"}
          - insert: {table: customers, rows: [{id: 1, name: "${owner}"}, {id: 2, name: "<${token}>", Paid: true}]}
          - insert: {table: orders, rows: [{id: 1, customer_id: 1}, {id: 2, customer_id: 2, note: null}]}
    """
REST = """
      - id: rest
        depends_on: [base]
        rollback: auto
        changes:
          - add_primary_key: {name: orders_key, table: orders, columns: [id]}
          - create_table:
              table: labels
              columns: [{name: name, type: varchar(20), primary_key: true}, {name: at, type: timestamp}]
          - insert: {table: labels, rows: [{name: "none"}, {name: "it's"}, {name: new, at: {sql: CURRENT_TIMESTAMP}}]}
          - add_column: {table: customers, column: {name: label, type: varchar(20), references: labels.name}}
          - add_column: {table: customers, column: {name: size, type: integer, nullable: false, default: 3}}
          - rename_column: {table: customers, from: Paid, to: order}
          - alter_column: {table: customers, column: credit, type: "numeric(12,2)", nullable: false, default: null}
          - alter_column: {table: orders, column: note, default: none}
          - create_index: {name: by_customer, table: orders, columns: [note, customer_id]}
          - create_index: {name: one_note, table: orders, columns: [note, id], unique: true}
          - drop_index: {name: one_note, table: orders}
          - add_unique_constraint: {name: one_each, table: orders, columns: [id, customer_id]}
          - add_check_constraint: {name: some_credit, table: customers, condition: credit >= 0}
          - add_check_constraint: {name: some_size, table: customers, condition: size > 0}
          - drop_constraint: {name: some_size, table: customers, kind: check}
          - add_foreign_key:
              {name: of_label, table: orders, columns: [note], references: labels, referenced_columns: [name],
               on_update: cascade, on_delete: set null, not_valid: true}
          - create_view: {name: dear, query: "SELECT id, name FROM customers WHERE credit > 9 -- above\\n;"}
          - create_view: {name: gone, query: SELECT id FROM orders}
          - drop_view: {name: gone}
          - comment: {table: customers, text: whoever orders}
          - comment: {table: customers, column: name, text: null}
          - insert: {table: customers, rows: [{id: 7, name: seven, order: true, credit: 3}]}
          - rename_table: {from: labels, to: words}
    """
SECRET = "it's \\ secret"


@pytest.fixture(params=("postgresql", "sqlite", "mariadb"))
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A project on each kind of database that typed changes are for."""
    return Project(tmp_path, request.getfixturevalue(f"{request.param}_url"))


@contextmanager
def session_of(project: Project) -> Iterator[Session]:
    session = connect(project.url, Access.WRITE)
    try:
        yield session
    finally:
        session.close()


def catalog(project: Project) -> Catalog:
    with session_of(project) as session:
        return {name: facts for name, facts in session.catalog().items() if "changelog_" not in f"{name.of}{name.name}"}


def rows(project: Project, query: str) -> list[tuple[Any, ...]]:
    with session_of(project) as session:
        return [tuple(row) for row in session.select(query)]


def command(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    given = ("--changelog", "main.yaml", "--url", project.url)
    return changelog(*arguments, *given, cwd=project.folder, env={"TYPED_TOKEN": SECRET})


def run(project: Project, *arguments: str) -> None:
    ended = command(project, *arguments)
    assert ended.returncode == 0, ended.stderr


def test_derived_rollbacks_leave_the_catalog_and_the_rows_as_they_were(project: Project) -> None:
    empty = catalog(project)
    project.write(BASE + REST)
    run(project, "update", "--count", "1")
    before, customers = catalog(project), rows(project, "SELECT id, name, credit FROM customers ORDER BY id")
    assert customers[0][1] == "O'Brien \\ 50% :x"
    assert customers[1][1] == f"<{SECRET}>"
    run(project, "update")
    assert compare(before, catalog(project))
    assert rows(project, "SELECT name FROM words ORDER BY name") == [("it's",), ("new",), ("none",)]
    run(project, "rollback", "--count", "1")
    assert compare(before, catalog(project)) == ()
    assert rows(project, "SELECT id, name, credit FROM customers ORDER BY id") == customers
    assert rows(project, "SELECT id, customer_id, note FROM orders ORDER BY id") == [(1, 1, "it's"), (2, 2, None)]
    run(project, "update")
    run(project, "rollback", "--all")
    assert catalog(project) == empty


def test_a_script_does_what_the_update_does(project: Project, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    project.write((BASE + REST).replace("<${token}>", "none"))
    ended = command(project, "update", "--sql")
    assert ended.returncode == 0, ended.stderr
    script = tmp_path / "script.sql"
    script.write_text(ended.stdout)
    by_script = run_script(project, script, request)
    assert by_script.returncode == 0, by_script.stderr
    scripted, words = catalog(project), rows(project, "SELECT name FROM words ORDER BY name")
    assert project.states() == {"base": "applied", "rest": "applied"}
    run(project, "rollback", "--all")
    run(project, "update")
    assert compare(scripted, catalog(project)) == ()
    assert words == rows(project, "SELECT name FROM words ORDER BY name")


def run_script(project: Project, script: Path, request: pytest.FixtureRequest) -> subprocess.CompletedProcess[str]:
    url = make_url(project.url)
    if url.get_backend_name() == "mariadb":
        server: MariadbServer = request.getfixturevalue("mariadb_server")
        return server.client(url.database or "", script)
    if url.get_backend_name() == "sqlite":
        program = shutil.which("sqlite3")
        if program is None:
            pytest.skip("the program sqlite3 is not installed")
        arguments: Sequence[str] = [program, "-init", "/dev/null", str(url.database)]
    else:
        arguments = [str(binaries() / "psql"), "-X", "-q", "-f", str(script), driver_url(url)]
    with script.open() as lines:
        return subprocess.run(arguments, stdin=lines, capture_output=True, text=True, check=False)


def test_a_changeset_of_typed_changes_needs_no_rollback_where_one_is_certain(project: Project) -> None:
    empty = catalog(project)
    project.write("""
        changesets:
          - id: a
            changes:
              - create_table: {table: t, columns: [{name: id, type: integer}]}
        """)
    project.update()
    project.rollback(Everything())
    assert catalog(project) == empty


def test_typed_changes_undo_too(project: Project) -> None:
    empty = catalog(project)
    project.write("""
        changesets:
          - id: a
            sql: CREATE TABLE t (id integer)
            rollback:
              - rename_table: {from: t, to: u}
              - drop_table: {table: u}
        """)
    project.update()
    project.rollback(Everything())
    assert catalog(project) == empty


UNDERIVABLE = """
    changesets:
      - id: t
        sql: CREATE TABLE t AS SELECT 1 AS id, 'x' AS name
        rollback: DROP TABLE t
      - id: typed
        depends_on: [t]
        rollback: auto
        changes:
          - {change}
    """


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("drop_table: {table: t}", "its rows are gone with it"),
        ("drop_column: {table: t, column: name}", "its values are gone with it"),
        ("update: {table: t, set: {id: 1}}", "the values before it are gone"),
        ("delete: {table: t}", "the rows are gone"),
        ("alter_column: {table: t, column: id, nullable: false}", "say it by `was: {nullable: …}`"),
        ("add_primary_key: {name: k, table: t, columns: [id]}", "nothing tells whether `t.id` took NULL"),
        ("create_view: {name: v, query: SELECT 1, replace: true}", "nobody knows which view it replaces"),
        ("drop_index: {name: i, table: t}", "no typed change before it makes `i`"),
        ("insert: {table: t, rows: [{id: 1}]}", "the key of the table is not known from the changesets before it"),
        ("comment: {table: t, text: new}", "say it by `was: …`"),
    ],
)
def test_what_cannot_be_derived_is_refused_with_the_reason(tmp_path: Path, change: str, reason: str) -> None:
    project = Project(tmp_path, f"sqlite:///{tmp_path / 'database.db'}")
    project.write(UNDERIVABLE.replace("{change}", change))
    with pytest.raises(InvalidChangelogError) as raised:
        project.update()
    [problem] = raised.value.problems
    assert "its rollback cannot be derived" in problem.message
    assert reason in problem.message
    assert problem.location.line == 10


def test_mariadb_asks_for_what_it_would_forget(tmp_path: Path, mariadb_url: str) -> None:
    project = Project(tmp_path, mariadb_url)
    project.write(
        UNDERIVABLE.replace("{change}", "alter_column: {table: t, column: id, nullable: false, was: {nullable: true}}")
    )
    with pytest.raises(InvalidChangelogError) as raised:
        project.update()
    problem = raised.value.problems[0]
    assert "nothing tells the type and default of `t.id`" in problem.message
    assert problem.hint == "say how it is: `was: {type: …, default: …}`"


# ------------------------------------------------------------------------------------- SQLite: moving a table

GROWN = """
    changesets:
      - id: grown
        rollback: {irreversible: a start}
        sql: |
          CREATE TABLE owners (id integer PRIMARY KEY);
          CREATE TABLE t (
            id integer PRIMARY KEY AUTOINCREMENT,
            name varchar(20) NOT NULL DEFAULT 'a:b',
            kind mytype DEFAULT (lower('A')),
            owner integer REFERENCES owners (id) ON DELETE CASCADE ON UPDATE SET NULL,
            CHECK (name <> ':x' AND length(name) > 0), CONSTRAINT "my check" CHECK (kind <> ')'),
            UNIQUE (name, kind)
          );
          CREATE TABLE children (id integer PRIMARY KEY, t integer REFERENCES t (id) ON DELETE CASCADE);
          CREATE UNIQUE INDEX by_name ON t (lower(name)) WHERE kind IS NOT NULL;
          CREATE VIEW names AS SELECT name FROM t;
          CREATE TRIGGER more AFTER INSERT ON t BEGIN INSERT INTO children (t) VALUES (new.id); END;
          CREATE TRIGGER owned AFTER INSERT ON owners BEGIN INSERT INTO t (name) VALUES ('o' || new.id); END;
          INSERT INTO owners VALUES (1), (2);
          INSERT INTO t (name, owner) VALUES ('last', 1);
          DELETE FROM t WHERE name = 'last';
          DELETE FROM children WHERE t = 3;
    """
WIDER = """
      - id: wider
        depends_on: [grown]
        rollback: auto
        changes:
          - alter_column:
              {table: t, column: name, type: text, nullable: true, was: {type: varchar(20), nullable: false}}
    """


@pytest.fixture
def grown(tmp_path: Path, sqlite_url: str) -> Project:
    project = Project(tmp_path, sqlite_url)
    project.write(GROWN)
    project.update()
    project.write(GROWN + WIDER)
    return project


def master(project: Project) -> dict[str, str]:
    return dict(
        rows(project, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'changelog%'")
    )


def test_what_belongs_to_a_table_survives_its_move(grown: Project) -> None:
    before, data = master(grown), rows(grown, "SELECT * FROM t")
    grown.update()
    after = master(grown)
    assert {name: sql for name, sql in after.items() if name != "t"} == {
        name: sql for name, sql in before.items() if name != "t"
    }
    moved = after["t"]
    for kept in (
        "AUTOINCREMENT",
        "name TEXT DEFAULT 'a:b'",
        "kind mytype DEFAULT (lower('A'))",
        "REFERENCES owners (id) ON DELETE CASCADE ON UPDATE SET NULL",
        "CHECK (name <> ':x' AND length(name) > 0)",
        "CONSTRAINT \"my check\" CHECK (kind <> ')')",
        "UNIQUE (name, kind)",
    ):
        assert kept in moved
    assert rows(grown, "SELECT * FROM t") == data
    assert rows(grown, "SELECT t FROM children") == [(1,), (2,)]
    assert rows(grown, "PRAGMA foreign_key_check") == []
    # Numbers of deleted rows are not given again.
    assert rows(grown, "INSERT INTO t (name) VALUES ('next') RETURNING id") == [(4,)]


def test_rows_that_refer_to_a_moved_table_survive_where_foreign_keys_are_enforced(grown: Project) -> None:
    """A script run by a client that enforces them is refused before anything is dropped."""
    ended = command(grown, "update", "--sql")
    statements = [line for line in ended.stdout.splitlines() if not line.startswith(".")]
    connection = sqlite3.connect(make_url(grown.url).database or "", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError, match="cannot be copied while foreign keys are enforced"):
        connection.executescript("\n".join(statements))
    connection.close()
    assert rows(grown, "SELECT t FROM children") == [(1,), (2,)]


def test_a_rollback_that_would_lose_what_was_added_since_is_refused(grown: Project) -> None:
    grown.update()
    grown.write(
        GROWN
        + WIDER
        + """
      - id: later
        depends_on: [grown]
        changes:
          - add_column: {table: t, column: {name: added, type: integer}}
    """
    )
    grown.update()
    with pytest.raises(ChangesetFailedError, match="the table t is not what it was when this was planned"):
        grown.rollback(Selected("wider"))
    assert "added" in master(grown)["t"]
    grown.rollback(Selected("wider"), rollback_from=RollbackFrom.CHANGELOG)
    assert "added" in master(grown)["t"]
    assert "name varchar(20) DEFAULT 'a:b' NOT NULL" in master(grown)["t"].replace("VARCHAR", "varchar")


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("name text COLLATE NOCASE", "the copy would lose `COLLATE`"),
        ("name integer UNIQUE ON CONFLICT IGNORE", "the copy would lose `ON CONFLICT`"),
        ("name integer AS (id * 2)", "it has a generated column"),
    ],
)
def test_a_table_that_cannot_be_moved_without_loss_is_refused(
    tmp_path: Path, sqlite_url: str, column: str, reason: str
) -> None:
    project = Project(tmp_path, sqlite_url)
    project.write(
        """
        changesets:
          - id: a
            sql: CREATE TABLE t (id integer, {column})
            rollback: DROP TABLE t
          - id: b
            depends_on: [a]
            changes:
              - alter_column: {table: t, column: id, nullable: false, was: {nullable: true}}
        """.replace("{column}", column)
    )
    with pytest.raises(InvalidChangelogError, match=reason):
        project.update()


def test_rows_must_meet_a_new_foreign_key(tmp_path: Path, sqlite_url: str) -> None:
    project = Project(tmp_path, sqlite_url)
    project.write("""
        changesets:
          - id: a
            sql: |
              CREATE TABLE o (id integer PRIMARY KEY);
              CREATE TABLE t (o integer);
              INSERT INTO t VALUES (1);
            rollback: {irreversible: a start}
          - id: b
            depends_on: [a]
            changes:
              - add_foreign_key: {name: of_o, table: t, columns: [o], references: o, referenced_columns: [id]}
        """)
    project.update(select="a")
    with pytest.raises(ChangesetFailedError, match="rows of t refer by of_o to rows of o that are not there"):
        project.update()
    assert project.states() == {"a": "applied", "b": "pending"}
    with session_of(project) as session:
        session.execute("INSERT INTO o VALUES (1)")
    project.update()
    project.rollback(LastApplied(1))
    assert "FOREIGN KEY" not in master(project)["t"]


def test_a_table_can_be_moved_in_the_plan_that_creates_it(tmp_path: Path, sqlite_url: str) -> None:
    project = Project(tmp_path, sqlite_url)
    project.write(GROWN + WIDER)
    project.update()
    assert "name TEXT DEFAULT 'a:b'" in master(project)["t"]


def test_changesets_that_move_one_table_are_undone_one_after_the_other(tmp_path: Path, sqlite_url: str) -> None:
    project = Project(tmp_path, sqlite_url)
    project.write("""
        changesets:
          - id: t
            changes:
              - create_table:
                  table: t
                  columns: [{name: a, type: integer, unique: true}, {name: b, type: integer, default: -1}]
              - add_unique_constraint: {name: both, table: t, columns: [a, b]}
              - create_index: {name: by_b, table: t, columns: [b]}
          - id: checked
            depends_on: [t]
            changes:
              - add_check_constraint: {name: some, table: t, condition: a > 0}
          - id: wider
            depends_on: [checked]
            changes:
              - add_column: {table: t, column: {name: c, type: integer, unique: true}}
              - add_unique_constraint: {name: a_c, table: t, columns: [a, c]}
          - id: renamed
            depends_on: [wider]
            changes:
              - rename_table: {from: t, to: u}
        """)
    for count in (4, 3, 2):
        project.update()
        project.rollback(LastApplied(count))
    project.update()
    project.rollback(Everything())
    assert master(project) == {}


def test_a_proof_on_sqlite_finds_nothing_wrong_with_moved_tables(tmp_path: Path, sqlite_url: str) -> None:
    project = Project(tmp_path, sqlite_url)
    changeset = """
          - id: {name}
            depends_on: [t]
            changes:
              - add_column: {table: t, column: {name: {name}, type: integer, unique: true}}
        """
    project.write(
        """
        changesets:
          - id: t
            changes:
              - create_table: {table: t, columns: [{name: id, type: integer}]}
        """.rstrip()
        + "".join(changeset.replace("{name}", name).rstrip() for name in ("b", "c", "d"))
    )
    ended = command(project, "verify", "--orders", "4")
    assert ended.returncode == 0, ended.stdout + ended.stderr
