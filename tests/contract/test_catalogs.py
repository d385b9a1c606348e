"""What a database holds is read as it is: each kind of object, each fact, and nothing that is mere position."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from changelog_engine.catalog import Catalog, Name, compare
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access

Read = Callable[..., Catalog]


@pytest.fixture
def read(database_url: str) -> Iterator[Read]:
    """Runs statements, and gives what the database then holds."""
    session = connect(database_url, Access.WRITE)

    def run(*statements: str) -> Catalog:
        for statement in statements:
            session.execute(statement)
        return session.catalog()

    yield run
    session.close()


BASE = (
    "CREATE TABLE parent (id integer PRIMARY KEY, name text)",
    "CREATE TABLE child (id integer PRIMARY KEY, parent_id integer REFERENCES parent (id), note text DEFAULT 'x')",
    "CREATE VIEW names AS SELECT name FROM parent",
    "CREATE INDEX parent_name ON parent (name)",
)
ON_ALL = [
    ("CREATE TABLE more (id integer)", ["table `more` is there, and was not expected"]),
    ("ALTER TABLE child ADD COLUMN extra integer", ["column `child.extra` is there, and was not expected"]),
    ("DROP INDEX parent_name", ["index `parent_name` of `parent` is missing"]),
    ("DROP VIEW names", ["view `names` is missing"]),
    ("ALTER TABLE child RENAME COLUMN note TO remark", ["column `child.note` is missing", "column `child.remark` is"]),
]
ON_POSTGRESQL = [
    ("ALTER TABLE child ALTER COLUMN note SET NOT NULL", ["column `child.note`: nullable is `no`, expected `yes`"]),
    ("ALTER TABLE child ALTER COLUMN note DROP DEFAULT", ["column `child.note`: no default"]),
    ("ALTER TABLE child ALTER COLUMN note TYPE varchar(9)", ["type is `character varying(9)`, expected `text`"]),
    ("ALTER TABLE child ADD CHECK (id > 0)", ["constraint `child_id_check` of `child` is there"]),
    ("ALTER TABLE child ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY", ["identity", "sequence `child_id_seq`"]),
    ("COMMENT ON COLUMN child.note IS 'remarks'", ["column `child.note`: comment is `remarks`, expected none"]),
    ("GRANT SELECT ON child TO PUBLIC", ["table `child`: grants is"]),
    ("GRANT UPDATE (note) ON child TO PUBLIC", ["column `child.note`: grants is `PUBLIC: UPDATE`, expected none"]),
    ("CREATE SEQUENCE numbers", ["sequence `numbers` is there"]),
    ("CREATE TYPE mood AS ENUM ('glad', 'sad')", ["enum `mood` is there"]),
    ("CREATE DOMAIN positive AS int CHECK (VALUE > 0)", ["domain `positive` is there"]),
    ("CREATE TYPE pair AS (a int, b int)", ["composite type `pair` is there"]),
    ("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'", ["function `one()` is there"]),
    ("CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1'", ["procedure `nothing()` is there"]),
    ("CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one", ["materialized view `kept` is there"]),
    ("CREATE SCHEMA other", ["schema `other` is there"]),
    ("ALTER TABLE child ENABLE ROW LEVEL SECURITY", ["table `child`: row security is `yes`, expected none"]),
    ("CREATE POLICY mine ON child USING (id = 1)", ["policy `mine` of `child` is there"]),
    ("CREATE RULE quiet AS ON DELETE TO child DO INSTEAD NOTHING", ["rule `quiet` of `child` is there"]),
    ("CREATE STATISTICS pairs ON id, parent_id FROM child", ["statistics `pairs` is there"]),
    ("CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)", ["aggregate `total(integer)` is there"]),
    ("CREATE TEXT SEARCH CONFIGURATION ours (COPY = simple)", ["text search configuration `ours` is there"]),
    ("CREATE PUBLICATION feed FOR TABLE child", ["publication `feed` is there"]),
    ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", ["default privileges `r` is there"]),
    ("CREATE OR REPLACE VIEW names AS SELECT upper(name) AS name FROM parent", ["view `names`: definition is"]),
    (
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        " CREATE TRIGGER touched BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION touch()",
        ["function `touch()` is there", "trigger `touched` of `child` is there"],
    ),
    (
        "CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at)",
        ["table `parts` is there"],
    ),
]
ON_SQLITE = [
    ("CREATE TRIGGER touched AFTER UPDATE ON child BEGIN SELECT 1; END", ["trigger `touched` of `child` is there"]),
]


def case_id(case: tuple[str, Sequence[str]]) -> str:
    return case[0][:40]


def assert_told(before: Catalog, after: Catalog, told: Sequence[str]) -> None:
    differences = [str(difference) for difference in compare(before, after)]
    assert differences
    for words in told:
        assert any(words in difference for difference in differences), differences


@pytest.mark.parametrize("case", ON_ALL, ids=case_id)
def test_each_change_is_told(read: Read, case: tuple[str, Sequence[str]]) -> None:
    before = read(*BASE)
    assert_told(before, read(case[0]), case[1])


class TestPostgresql:
    @pytest.fixture
    def database_url(self, postgresql_url: str) -> str:
        return postgresql_url

    @pytest.mark.parametrize("case", ON_POSTGRESQL, ids=case_id)
    def test_each_change_is_told(self, read: Read, case: tuple[str, Sequence[str]]) -> None:
        before = read(*BASE)
        assert_told(before, read(case[0]), case[1])

    def test_columns_have_no_positions(self, read: Read) -> None:
        before = read("CREATE TABLE t (a int, b text NOT NULL DEFAULT 'x')")
        after = read("ALTER TABLE t DROP COLUMN a", "ALTER TABLE t ADD COLUMN a int")
        assert compare(before, after) == ()

    def test_a_grant_that_is_taken_back_leaves_nothing(self, read: Read) -> None:
        before = read("CREATE TABLE t (a int)", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        after = read("GRANT SELECT ON t TO PUBLIC", "REVOKE SELECT ON t FROM PUBLIC")
        assert compare(before, after) == ()

    def test_what_an_extension_brings_is_its_own(self, read: Read) -> None:
        before = read()
        after = read("CREATE EXTENSION citext")
        assert [difference.name for difference in compare(before, after)] == [Name("extension", "citext")]


class TestSqlite:
    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        return sqlite_url

    @pytest.mark.parametrize("case", ON_SQLITE, ids=case_id)
    def test_each_change_is_told(self, read: Read, case: tuple[str, Sequence[str]]) -> None:
        before = read(*BASE)
        assert_told(before, read(case[0]), case[1])

    def test_checks_and_keys_are_read_from_the_text(self, read: Read) -> None:
        one = read("CREATE TABLE t (a integer PRIMARY KEY AUTOINCREMENT, b text COLLATE NOCASE, CHECK (a > 0))")
        other = read("DROP TABLE t", "CREATE TABLE t (b text, a integer PRIMARY KEY)")
        told = [str(difference) for difference in compare(one, other)]
        assert told == [
            "check `1` of `t` is missing",
            "table `t`: no options, expected `AUTOINCREMENT, COLLATE NOCASE`",
        ]

    def test_a_renaming_there_and_back_leaves_nothing(self, read: Read) -> None:
        before = read(*BASE)
        assert compare(before, read("ALTER TABLE parent RENAME TO p", "ALTER TABLE p RENAME TO parent")) == ()


class TestMariadb:
    @pytest.fixture
    def database_url(self, mariadb_url: str) -> str:
        return mariadb_url

    def test_each_kind_of_object_is_told(self, read: Read) -> None:
        before = read()
        after = read(
            "CREATE TABLE parent (id int PRIMARY KEY, name varchar(9) COMMENT 'first', CHECK (id > 0))",
            "CREATE TABLE child (id int PRIMARY KEY, parent_id int, FOREIGN KEY (parent_id) REFERENCES parent (id))",
            "CREATE VIEW names AS SELECT name FROM parent",
            "CREATE TRIGGER touched BEFORE UPDATE ON child FOR EACH ROW SET NEW.id = OLD.id",
            "CREATE FUNCTION one() RETURNS int RETURN 1",
        )
        assert_told(before, after, ["table `parent`", "table `child`", "view `names`", "function `one`"])
        assert {"check", "foreign key", "index", "trigger"} <= {name.kind for name in after}

    def test_facts_are_told(self, read: Read) -> None:
        before = read("CREATE TABLE t (id int, name varchar(9))")
        after = read("ALTER TABLE t MODIFY name varchar(10) NOT NULL", "CREATE UNIQUE INDEX t_name ON t (name)")
        assert_told(before, after, ["type is `varchar(10)`", "nullable is `no`", "index `t_name` of `t` is there"])
