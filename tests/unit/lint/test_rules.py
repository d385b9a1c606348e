"""What `changelog lint` finds, and what it leaves alone: each rule on small changelogs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from changelog_engine.changelog.lint_rules import RULES, Severity
from changelog_engine.findings import LintFinding
from tests.fixtures.projects import Project

POSTGRESQL = "postgresql://nobody@nowhere/none"
SQLITE = "sqlite:///none.db"

TABLE = "{id: base, sql: 'CREATE TABLE base (id int PRIMARY KEY, a int, b text)', rollback: DROP TABLE base}"


FAULTY = 10


def many(count: int, faulty: frozenset[int] = frozenset()) -> str:
    """Changesets of several kinds over tables that build on one another; those in ``faulty`` have a bad rollback."""
    parts = ["changesets:\n"]
    for number in range(count):
        base = number - number % 5
        sql, rollback, bad = (
            (f"CREATE TABLE t{number} (id integer PRIMARY KEY, a text)", f"DROP TABLE t{number}", "SELECT 1"),
            (f"ALTER TABLE t{base} ADD COLUMN b text", f"ALTER TABLE t{base} DROP COLUMN b", f"DROP VIEW v{number}"),
            (f"CREATE INDEX i{number} ON t{base} (a)", f"DROP INDEX i{number}", "SELECT 1"),
            (f"CREATE VIEW v{number} AS SELECT id, a FROM t{base}", f"DROP VIEW v{number}", f"DROP VIEW v{number + 1}"),
            (f"INSERT INTO t{base} (id, a) VALUES (1, 'x')", f"DELETE FROM t{base} WHERE id = 1", "SELECT 1"),
        )[number % 5]
        needs = f"    depends_on: [c{base}]\n" if number != base else ""
        way_back = bad if number in faulty else rollback
        parts.append(f"  - id: c{number}\n{needs}    sql: {sql}\n    rollback: {way_back}\n")
    return "".join(parts)


def lint(folder: Path, changesets: str, url: str = POSTGRESQL, head: str = "") -> tuple[LintFinding, ...]:
    """What is found but for locks, which another program looks for."""
    project = Project(folder, url)
    project.write(f"{head}changesets: [{TABLE}, {changesets}]")
    return tuple(found for found in project.engine().lint().findings if found.rule != "locking-ddl")


def rules(folder: Path, changes: str, rollback: str, more: str = "", url: str = POSTGRESQL) -> set[str]:
    found = lint(folder, f"{{id: x, depends_on: [base], sql: {quoted(changes)}, rollback: {rollback}{more}}}", url)
    return {finding.rule for finding in found if finding.changeset == "x"}


def quoted(sql: str) -> str:
    return "'" + sql.replace("'", "''") + "'"


UNDOES = {
    "a table": ("CREATE TABLE t (id int PRIMARY KEY, a text UNIQUE)", "DROP TABLE t"),
    "a table that is perhaps gone": ("CREATE TABLE t (a int)", "DROP TABLE IF EXISTS t"),
    "a table and its index": ("CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "DROP TABLE t"),
    "an index": ("CREATE INDEX i ON base (a)", "DROP INDEX i"),
    "a column": ("ALTER TABLE base ADD COLUMN c int", "ALTER TABLE base DROP COLUMN c"),
    "a column and its index": (
        "ALTER TABLE base ADD COLUMN c int; CREATE INDEX i ON base (c)",
        "ALTER TABLE base DROP COLUMN c",
    ),
    "a renamed table": ("ALTER TABLE base RENAME TO based", "ALTER TABLE based RENAME TO base"),
    "a renamed column": ("ALTER TABLE base RENAME COLUMN a TO c", "ALTER TABLE base RENAME COLUMN c TO a"),
    "a view that is made anew": (
        "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT a FROM base",
        "DROP VIEW v",
    ),
    "a view that is dropped": ("DROP VIEW v", "CREATE VIEW v AS SELECT a FROM base"),
    "rows": ("INSERT INTO base (id) VALUES (1)", "DELETE FROM base WHERE id = 1"),
    "rows of a table of its own": ("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", "DROP TABLE t"),
    "what is made on the way": (
        "CREATE TABLE tmp AS SELECT id FROM base; UPDATE base SET a = 1; DROP TABLE tmp",
        "UPDATE base SET a = 0",
    ),
}

UNDOES_ON_POSTGRESQL = {
    "a schema with all in it": ("CREATE SCHEMA s; CREATE TABLE s.t (a int)", "DROP SCHEMA s CASCADE"),
    "a table with a sequence and a trigger": (
        "CREATE TABLE t (id serial); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "DROP TABLE t; DROP FUNCTION f",
    ),
    "a function that may have been there": (
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
        "SELECT 1",
    ),
    "an extension that stays": ("CREATE EXTENSION IF NOT EXISTS pgcrypto", "SELECT 1"),
    "a check": ("ALTER TABLE base ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE base DROP CONSTRAINT c"),
    "what cannot be read": ("CREATE TABLE t (a int)", "DO $$ BEGIN EXECUTE 'DROP TABLE t'; END $$"),
    "an enum": ("CREATE TYPE mood AS ENUM ('a')", "DROP TYPE mood"),
}

LEAVES = {
    "another table": ("CREATE TABLE t (a int)", "DROP TABLE u", "table `t`, which the changeset makes, stays; "),
    "nothing": ("CREATE TABLE t (a int)", "SELECT 1", "table `t`, which the changeset makes, stays"),
    "one of two": ("CREATE TABLE t (a int); CREATE TABLE u (a int)", "DROP TABLE t", "table `u`"),
    "an index": ("CREATE INDEX i ON base (a)", "SELECT 1", "index `i`, which the changeset makes, stays"),
    "a column": ("ALTER TABLE base ADD COLUMN c int", "SELECT 1", "column `base.c`, which the changeset makes, stays"),
    "another column": ("ALTER TABLE base ADD COLUMN c int", "ALTER TABLE base DROP COLUMN d", "column `base.d`"),
    "a name": ("ALTER TABLE base RENAME COLUMN a TO c", "SELECT 1", "column `base.a`, which the changeset renames"),
    "what is dropped": ("DROP VIEW v", "SELECT 1", "view `v`, which the changeset drops, does not come back"),
    "rows": ("INSERT INTO base (id) VALUES (1)", "SELECT 1", "rows that the changeset inserts into `base` stay"),
}


class TestRollbackDoesNotUndo:
    @pytest.mark.parametrize("url", [POSTGRESQL, SQLITE], ids=["postgresql", "sqlite"])
    @pytest.mark.parametrize("case", UNDOES)
    def test_is_not_said_of_one_that_does(self, case: str, url: str, tmp_path: Path) -> None:
        changes, rollback = UNDOES[case]
        assert "rollback-does-not-undo" not in rules(tmp_path, changes, quoted(rollback), url=url)

    @pytest.mark.parametrize("case", UNDOES_ON_POSTGRESQL)
    def test_is_not_said_of_one_that_does_on_postgresql(self, case: str, tmp_path: Path) -> None:
        changes, rollback = UNDOES_ON_POSTGRESQL[case]
        assert "rollback-does-not-undo" not in rules(tmp_path, changes, quoted(rollback))

    @pytest.mark.parametrize("url", [POSTGRESQL, SQLITE], ids=["postgresql", "sqlite"])
    @pytest.mark.parametrize("case", LEAVES)
    def test_says_what_stays_goes_or_does_not_come_back(self, case: str, url: str, tmp_path: Path) -> None:
        changes, rollback, message = LEAVES[case]
        found = lint(tmp_path, f"{{id: x, sql: {quoted(changes)}, rollback: {quoted(rollback)}}}", url)
        (finding,) = [finding for finding in found if finding.rule == "rollback-does-not-undo"]
        assert message in finding.message
        assert finding.severity is Severity.ERROR

    def test_exactly_the_ten_faulty_ones_of_sixty_are_found(self, tmp_path: Path) -> None:
        faulty = frozenset(random.Random(11).sample(range(60), FAULTY))
        project = Project(tmp_path, POSTGRESQL)
        project.write(many(60, faulty))
        found = [each for each in project.engine().lint().findings if each.rule == "rollback-does-not-undo"]
        assert {each.changeset for each in found} == {f"c{number}" for number in faulty}

    def test_is_not_said_of_a_changeset_without_sql_for_the_database(self, tmp_path: Path) -> None:
        assert lint(tmp_path, "{id: x, sql: {sqlite: CREATE TABLE t (a int)}, rollback: DROP TABLE t}") == ()

    def test_is_not_said_where_there_is_no_way_back(self, tmp_path: Path) -> None:
        assert rules(tmp_path, "CREATE TABLE t (a int)", "{irreversible: no reason}") == set()


class TestLosses:
    @pytest.mark.parametrize(
        "changes",
        ["DROP TABLE base", "ALTER TABLE base DROP COLUMN a", "DROP SCHEMA s"],
    )
    @pytest.mark.parametrize("rollback", ["'SELECT 1'", "{irreversible: it is not needed}"])
    def test_what_is_dropped_without_a_copy_is_found(self, changes: str, rollback: str, tmp_path: Path) -> None:
        assert "drop-without-backup" in rules(tmp_path, changes, rollback)

    @pytest.mark.parametrize(
        "changes",
        [
            "CREATE TABLE kept AS SELECT * FROM base; DROP TABLE base",
            "CREATE TABLE kept (id int); INSERT INTO kept SELECT id FROM base; DROP TABLE base",
            "CREATE TABLE n (id int); INSERT INTO n SELECT id FROM base; DROP TABLE base; ALTER TABLE n RENAME TO base",
            "CREATE TABLE t (a int); DROP TABLE t",
            "DROP INDEX i",
            "DROP VIEW v",
        ],
    )
    @pytest.mark.parametrize("url", [POSTGRESQL, SQLITE], ids=["postgresql", "sqlite"])
    def test_what_is_copied_or_has_no_rows_is_left_alone(self, changes: str, url: str, tmp_path: Path) -> None:
        assert "drop-without-backup" not in rules(tmp_path, changes, "'SELECT 1'", url=url)

    @pytest.mark.parametrize("changes", ["UPDATE base SET a = 1", "DELETE FROM base WHERE id = 1"])
    def test_rows_that_are_lost_are_found(self, changes: str, tmp_path: Path) -> None:
        assert rules(tmp_path, changes, "'SELECT 1'") == {"lossy-update-without-backup"}

    @pytest.mark.parametrize(
        ("changes", "rollback"),
        [
            ("ALTER TABLE base ADD COLUMN c int; UPDATE base SET c = a", "ALTER TABLE base DROP COLUMN c"),
            ("UPDATE base SET a = a + 1", "UPDATE base SET a = a - 1"),
            ("CREATE TABLE t (a int); INSERT INTO t VALUES (1); UPDATE t SET a = 2", "DROP TABLE t"),
            ("CREATE TABLE kept AS SELECT * FROM base; UPDATE base SET a = 1", "DROP TABLE kept"),
            ("INSERT INTO base (id) VALUES (1)", "DELETE FROM base WHERE id = 1"),
        ],
    )
    def test_rows_that_are_new_or_come_back_are_left_alone(self, changes: str, rollback: str, tmp_path: Path) -> None:
        assert rules(tmp_path, changes, quoted(rollback)) == set()


class TestTransactions:
    @pytest.mark.parametrize(
        ("url", "changes"),
        [
            (POSTGRESQL, "CREATE INDEX CONCURRENTLY i ON base (a)"),
            (SQLITE, "VACUUM"),
            (SQLITE, "PRAGMA foreign_keys = OFF"),
        ],
    )
    def test_a_statement_that_is_refused_in_one_is_found(self, url: str, changes: str, tmp_path: Path) -> None:
        outside = rules(tmp_path, changes, "{irreversible: nothing}", ", transaction: false", url)
        assert rules(tmp_path, changes, "{irreversible: nothing}", url=url) - outside == {"transaction-false-missing"}
        assert "transaction-false-superfluous" not in outside

    def test_so_is_one_in_a_rollback(self, tmp_path: Path) -> None:
        rollback = "'DROP INDEX CONCURRENTLY i'"
        (finding,) = lint(
            tmp_path, f"{{id: x, depends_on: [base], sql: CREATE INDEX i ON base (a), rollback: {rollback}}}"
        )
        assert finding.message.startswith("the rollback of `x` has DROP INDEX CONCURRENTLY")

    @pytest.mark.parametrize(
        ("transaction", "concurrently", "rule"),
        [
            ("true", "true", {"transaction-false-missing"}),
            ("false", "true", set()),
            ("false", "false", {"transaction-false-superfluous"}),
            ("true", "false", set()),
        ],
    )
    def test_a_typed_change_is_looked_at_too(
        self, transaction: str, concurrently: str, rule: set[str], tmp_path: Path
    ) -> None:
        index = f"{{create_index: {{name: i, table: base, columns: [a], concurrently: {concurrently}}}}}"
        way = f"rollback: DROP INDEX i, transaction: {transaction}"
        found = lint(tmp_path, f"{{id: x, depends_on: [base], changes: [{index}], {way}}}")
        assert {each.rule for each in found} == rule

    def test_one_that_needs_none_is_found(self, tmp_path: Path) -> None:
        more = ", transaction: false"
        assert rules(tmp_path, "CREATE INDEX i ON base (a)", "DROP INDEX i", more) == {"transaction-false-superfluous"}


class TestOrder:
    def test_a_dependency_that_follows_from_others_is_found(self, tmp_path: Path) -> None:
        more = "{id: %s, depends_on: [%s], sql: SELECT 1, rollback: SELECT 1}"
        chain = ", ".join([more % ("c", "base"), more % ("d", "c"), more % ("e", "'base', 'd'"), more % ("f", "'c'")])
        (finding,) = lint(tmp_path, chain)
        assert (finding.rule, finding.changeset) == ("redundant-dependency", "e")
        assert finding.message == "`e` need not name `base`, for `d` requires it"

    def test_what_the_sql_uses_itself_is_worth_saying(self, tmp_path: Path) -> None:
        view = "{id: v, depends_on: [base], sql: CREATE VIEW v AS SELECT a FROM base, rollback: DROP VIEW v}"
        both = (
            "{id: w, depends_on: [base, v], sql: 'CREATE VIEW w AS SELECT base.a FROM v, base', rollback: DROP VIEW w}"
        )
        assert lint(tmp_path, f"{view}, {both}") == ()

    def test_one_that_only_orders_implies_nothing(self, tmp_path: Path) -> None:
        optional = "{id: c, depends_on: [{id: base, optional: true}], sql: SELECT 1, rollback: SELECT 1}"
        assert lint(tmp_path, optional + ", {id: d, depends_on: [base, c], sql: SELECT 1, rollback: SELECT 1}") == ()

    def test_what_is_used_and_not_declared_is_found_once(self, tmp_path: Path) -> None:
        view = "{id: v, depends_on: [base], sql: CREATE VIEW v AS SELECT a FROM base, rollback: DROP VIEW v}"
        more = "{id: %s, depends_on: [%s], sql: 'CREATE VIEW %s AS SELECT base.a FROM v, base', rollback: DROP VIEW %s}"
        found = lint(tmp_path, ", ".join((view, more % ("w", "v", "w", "w"), more % ("x", "base", "x", "x"))))
        assert [(each.rule, each.changeset) for each in found] == [("undeclared-dependency", "x")]
        assert found[0].message == "`x` uses view v, created by `v`, and does not declare that it depends on it"
        assert found[0].remedy.startswith("`depends_on: [v]`")

    def test_so_it_is_where_nothing_is_to_be_inferred(self, tmp_path: Path) -> None:
        index = "{id: i, sql: CREATE INDEX i ON base (a), rollback: DROP INDEX i}"
        (finding,) = lint(tmp_path, index, head="infer: false\n")
        assert (finding.rule, finding.changeset) == ("undeclared-dependency", "i")

    def test_a_declared_dependency_against_what_the_sql_needs_is_found(self, tmp_path: Path) -> None:
        project = Project(tmp_path, POSTGRESQL)
        project.write("""
            changesets:
              - {id: view, sql: CREATE VIEW v AS SELECT a FROM t, rollback: DROP VIEW v}
              - {id: table, depends_on: [view], sql: CREATE TABLE t (a int), rollback: DROP TABLE t}
            """)
        (finding,) = project.engine().lint().findings
        assert (finding.rule, finding.changeset, finding.severity) == ("contradicted-dependency", "view", "error")

    @pytest.mark.parametrize("ignoring", ["", "first", "second"])
    def test_two_that_do_not_commute_are_found_and_either_can_switch_it_off(
        self, ignoring: str, tmp_path: Path
    ) -> None:
        update = "{id: %s, depends_on: [base], sql: UPDATE base SET a = %s, rollback: UPDATE base SET a = 0%s}"
        off = {name: ", lint: {ignore: [conflict]}" if name == ignoring else "" for name in ("first", "second")}
        both = update % ("first", 1, off["first"]) + ", " + update % ("second", 2, off["second"])
        found = lint(tmp_path, both)
        assert [each.rule for each in found] == ([] if ignoring else ["conflict"])
        if not ignoring:
            assert "depends_on: [first]" in found[0].remedy

    def test_a_name_that_nobody_makes_is_found(self, tmp_path: Path) -> None:
        (finding,) = lint(tmp_path, "{id: x, sql: SELECT a FROM nowhere, rollback: SELECT 1}")
        assert finding.rule == "opaque-sql"
        assert finding.message == "`x` uses relation `nowhere`, which no changeset makes"


class TestPlacesAndSwitches:
    def test_a_finding_names_the_place_in_the_file(self, tmp_path: Path) -> None:
        project = Project(tmp_path, POSTGRESQL)
        project.write(
            """
            include: [more/*.yaml]
            changesets: []
            """
        )
        project.write(
            """
            changesets:
              - id: x
                sql: |
                  SELECT 1;
                    DROP TABLE gone;
                rollback: {irreversible: it is gone}
            """,
            "more/x.yaml",
        )
        (finding,) = [found for found in project.engine().lint().findings if found.rule == "drop-without-backup"]
        assert (finding.file, finding.line, finding.column) == ("more/x.yaml", 6, 9)
        assert "`rollback: {backup: {tables: [gone]}}`" in finding.remedy

    @pytest.mark.parametrize(
        ("head", "own"),
        [("lint: {ignore: [opaque-sql]}\n", ""), ("", ", lint: {ignore: [opaque-sql]}")],
        ids=["at the top", "on the changeset"],
    )
    def test_a_rule_can_be_switched_off(self, head: str, own: str, tmp_path: Path) -> None:
        opaque = "{id: x, sql: 'DO $$ BEGIN EXECUTE ''a'' || ''b''; END $$', rollback: SELECT 1%s}"
        assert [found.rule for found in lint(tmp_path, opaque % "")] == ["opaque-sql"]
        assert lint(tmp_path, opaque % own, head=head) == ()
        project = Project(tmp_path, POSTGRESQL)
        assert project.engine().lint().ignored == 1

    def test_what_a_file_switches_off_is_off_in_what_it_includes(self, tmp_path: Path) -> None:
        project = Project(tmp_path, POSTGRESQL)
        project.write("lint: {ignore: [opaque-sql]}\ninclude: [more.yaml]\nchangesets: []\n")
        opaque = "{id: x, sql: 'DO $$ BEGIN EXECUTE ''a'' || ''b''; END $$', rollback: SELECT 1}"
        project.write(f"lint: {{ignore: [conflict]}}\nchangesets: [{opaque}]\n", "more.yaml")
        assert project.engine().lint().findings == ()

    def test_a_changeset_for_another_kind_of_database_is_not_looked_at(self, tmp_path: Path) -> None:
        assert rules(tmp_path, "DROP TABLE base", "'SELECT 1'", ", dbms: [mysql]") == set()

    def test_every_rule_says_what_it_means_and_what_to_do(self) -> None:
        assert all(rule.meaning and rule.remedy for rule in RULES.values())
