from __future__ import annotations

import gc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from changelog_engine.changelog.expressions import render_expression
from changelog_engine.changelog.reader import Reading, read_changelog
from changelog_engine.errors import UsageError
from changelog_engine.model import (
    AllOf,
    AnyOf,
    Changeset,
    DbmsIs,
    Dependency,
    Irreversible,
    IsApplied,
    NoneOf,
    ObjectExists,
    OnError,
    OnFail,
    ParameterDefined,
    RollbackChanges,
    RowCount,
    Run,
    RunningAs,
    SqlTest,
    Test,
)

Read = Callable[..., Reading]
One = Callable[..., Changeset]


@pytest.fixture
def one(read: Read) -> One:
    """The changeset that has these further lines."""

    def build(
        lines: str = "", *, sql: str = "sql: SELECT 1;", rollback: str = "rollback: SELECT 2;", top: str = ""
    ) -> Changeset:
        body = "".join(f"    {line}\n" for line in [sql, rollback, *lines.splitlines()])
        return read(f"{top}changesets:\n  - id: a\n{body}").changelog.changesets[0]

    return build


def test_a_changeset_has_the_defaults_of_the_format(one: One) -> None:
    changeset = one()
    assert (changeset.id, changeset.position, changeset.transaction) == ("a", 0, True)
    assert (changeset.run, changeset.on_error) == (Run.ONCE, OnError.HALT)
    assert (changeset.contexts, changeset.author, changeset.description) == (None, None, None)
    assert (changeset.labels, changeset.dbms, changeset.formerly, changeset.depends_on) == ((), (), (), ())
    assert (changeset.preconditions, changeset.checks, changeset.accept_checksums) == ((), (), ())


def test_every_key_of_a_changeset_is_read(one: One) -> None:
    changeset = one(
        """\
formerly: [b, c]
author: mira
description: what it is for
labels: [one, two]
contexts: dev or test
dbms: [postgresql, "!sqlite"]
depends_on: [x, {id: y, optional: true}, {id: z}]
transaction: false
run: on_change
on_error: continue
accept_checksums: ["1:abc"]
statements: {split: false, delimiter: GO}"""
    )
    assert (changeset.formerly, changeset.author, changeset.description) == (("b", "c"), "mira", "what it is for")
    assert (changeset.labels, changeset.dbms) == (("one", "two"), ("postgresql", "!sqlite"))
    assert changeset.contexts is not None
    assert render_expression(changeset.contexts) == "dev or test"
    assert [(each.changeset, each.optional) for each in changeset.depends_on] == [
        ("x", False),
        ("y", True),
        ("z", False),
    ]
    assert (changeset.transaction, changeset.run, changeset.on_error) == (False, Run.ON_CHANGE, OnError.CONTINUE)
    assert changeset.accept_checksums == ("1:abc",)
    assert (changeset.changes[0].split, changeset.changes[0].delimiter) == (False, "GO")


def test_any_checksum_may_be_accepted(one: One) -> None:
    assert one("accept_checksums: any").accept_checksums is None


def test_numbers_are_ids_as_they_are_written(read: Read) -> None:
    text = "changesets:\n  - {id: 001, sql: x, rollback: y}\n  - {id: 1.10, sql: x, rollback: y, depends_on: [001]}\n"
    first, second = read(text).changelog.changesets
    assert (first.id, second.id, second.depends_on[0].changeset) == ("001", "1.10", "001")


def test_on_and_no_and_dates_stay_text(one: One) -> None:
    assert one("labels: [on, no, y, 2024-01-01]").labels == ("on", "no", "y", "2024-01-01")


def test_short_forms_are_lists_of_one_change(one: One) -> None:
    short = one(sql="sql: SELECT 1;").changes[0]
    listed = one(sql="changes: [{sql: SELECT 1;}]").changes[0]
    assert (
        (short.kind, short.texts["default"].text) == (listed.kind, listed.texts["default"].text) == ("sql", "SELECT 1;")
    )


def test_several_changes_keep_their_order(one: One) -> None:
    changes = one(sql="changes: [{sql: A}, {sql: {sqlite: B, default: C}}]").changes
    assert [{kind: text.text for kind, text in each.texts.items()} for each in changes] == [
        {"default": "A"},
        {"sqlite": "B", "default": "C"},
    ]


def test_files_of_sql_are_read_beside_the_file_that_names_them(read: Read) -> None:
    reading = read(
        {
            "main.yaml": "include: [sub/a.yaml]\n",
            "sub/a.yaml": "changesets:\n  - {id: a, sql_file: ../sql/a.sql, rollback: {sql_file: {sqlite: b.sql}}}\n",
            "sql/a.sql": b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n",
            "sub/b.sql": "SELECT 3;",
        }
    )
    changeset = reading.changelog.changesets[0]
    change = changeset.changes[0]
    assert (change.kind, change.texts["default"].text) == ("sql_file", "SELECT 1;\nSELECT 2;\n")
    assert str(change.texts["default"].locate(10)) == "sql/a.sql:2:1"
    assert isinstance(changeset.rollback, RollbackChanges)
    assert changeset.rollback.changes[0].texts["sqlite"].text == "SELECT 3;"
    files = [name for name, _ in reading.changelog.inventory.files]
    assert files == ["main.yaml", "sql/a.sql", "sub/a.yaml", "sub/b.sql"]


@pytest.mark.parametrize(
    ("written", "texts", "transaction"),
    [
        ("SELECT 2;", [{"default": "SELECT 2;"}], True),
        ("{sqlite: A, default: B}", [{"sqlite": "A", "default": "B"}], True),
        ("[{sql: A}, {sql: B}]", [{"default": "A"}, {"default": "B"}], True),
        ("{sql: A, transaction: false}", [{"default": "A"}], False),
        ("{changes: [{sql: A}]}", [{"default": "A"}], True),
        ("{sql: {sqlite: A}}", [{"sqlite": "A"}], True),
    ],
)
def test_every_form_of_rollback(one: One, written: str, texts: list[dict[str, str]], transaction: bool) -> None:
    rollback = one(rollback=f"rollback: {written}").rollback
    assert isinstance(rollback, RollbackChanges)
    assert [{kind: text.text for kind, text in each.texts.items()} for each in rollback.changes] == texts
    assert rollback.transaction is transaction


def test_a_rollback_goes_without_a_transaction_where_its_changeset_does(one: One) -> None:
    rollback = one("transaction: false").rollback
    assert isinstance(rollback, RollbackChanges)
    assert rollback.transaction is False


def test_an_irreversible_changeset_says_why(one: One) -> None:
    rollback = one(rollback="rollback: {irreversible: the data are gone}").rollback
    assert isinstance(rollback, Irreversible)
    assert rollback.reason == "the data are gone"


def test_defaults_are_inherited_by_every_changeset_of_the_file(one: One) -> None:
    top = (
        "defaults: {author: team, labels: [shop, a], contexts: dev or test, dbms: [sqlite], on_error: continue,"
        " statements: {delimiter: GO}}\n"
    )
    inherited, own = one(top=top), one("author: me\nlabels: [a, b]\ncontexts: '!prod'\ndbms: [postgresql]", top=top)
    assert (inherited.author, inherited.labels, inherited.dbms) == ("team", ("shop", "a"), ("sqlite",))
    assert (inherited.on_error, inherited.changes[0].delimiter) == (OnError.CONTINUE, "GO")
    assert (own.author, own.labels, own.dbms) == ("me", ("shop", "a", "b"), ("postgresql",))
    assert own.contexts is not None
    assert render_expression(own.contexts) == "(dev or test) and not prod"


@pytest.mark.parametrize(
    ("written", "test"),
    [
        ("table_exists: shop.t", ObjectExists("table", "shop.t")),
        ("view_exists: v", ObjectExists("view", "v")),
        ("column_exists: {table: t, column: c}", ObjectExists("column", "c", "t")),
        ("index_exists: i", ObjectExists("index", "i")),
        ("index_exists: {name: i, table: t}", ObjectExists("index", "i", "t")),
        ("foreign_key_exists: {name: f, table: t}", ObjectExists("foreign_key", "f", "t")),
        ("sequence_exists: s", ObjectExists("sequence", "s")),
        ("row_count: {table: t, expect: 3}", RowCount("t", 3)),
        ("applied: b", IsApplied("b")),
        ("dbms: sqlite", DbmsIs(("sqlite",))),
        ("dbms: [sqlite, mysql]", DbmsIs(("sqlite", "mysql"))),
        ("running_as: app", RunningAs("app")),
        ("parameter_defined: p", ParameterDefined("p")),
        ("not: {table_exists: t}", NoneOf(ObjectExists("table", "t"))),
        (
            "any: [{table_exists: t}, {all: [{dbms: sqlite}]}]",
            AnyOf((ObjectExists("table", "t"), AllOf((DbmsIs(("sqlite",)),)))),
        ),
    ],
)
def test_every_precondition(one: One, written: str, test: Test) -> None:
    assert one(f"preconditions:\n  - {written}").preconditions[0].test == test


def test_a_precondition_says_what_is_to_be_done(one: One) -> None:
    written = "{table_exists: t, on_fail: mark_applied, on_error: warn, message: no table}"
    precondition, plain = one(f"preconditions: [{written}, {{dbms: sqlite}}]").preconditions
    assert (precondition.on_fail, precondition.on_error) == (OnFail.MARK_APPLIED, OnFail.WARN)
    assert (precondition.message, plain.on_fail, plain.on_error) == ("no table", OnFail.HALT, OnFail.HALT)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0),
        ("-3", -3),
        ("1.50", Decimal("1.50")),
        ("1e3", Decimal(1000)),
        ("'0'", "0"),
        ("001", "001"),
        ("no", "no"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("'null'", "null"),
        ("0x1F", 31),
        (".inf", ".inf"),
    ],
)
def test_expected_values_keep_their_type(one: One, written: str, value: object) -> None:
    changeset = one(
        f"checks: [{{name: n, sql: SELECT 1, expect: {written}}}]\n"
        f"preconditions: [{{sql: {{query: SELECT 1, expect: {written}}}}}]"
    )
    test = changeset.preconditions[0].test
    assert isinstance(test, SqlTest)
    for expect in (changeset.checks[0].expect, test.expect):
        assert (expect, type(expect)) == (value, type(value))


def test_a_check_without_a_name_goes_by_its_sql(one: One) -> None:
    assert one("checks: [{sql: 'SELECT\n  1', expect: 1}]".replace("\n", " ")).checks[0].name == "SELECT 1"


def test_a_changesets_source_is_its_own_lines(read: Read) -> None:
    reading = read(
        "changesets:\n"
        "  # before the first\n"
        "  - id: a\n"
        "    sql: |\n"
        "      SELECT 1;  # not a comment of YAML\n"
        "      # nor is this\n"
        "    rollback: SELECT 2;  # its own\n"
        "    # its own too\n"
        "\n"
        "  # before the second\n"
        "  - {id: b, sql: x, rollback: y}\n"
        "# the end\n"
    )
    first, second = reading.changelog.changesets
    assert first.source == (
        "id: a\n"
        "sql: |\n"
        "  SELECT 1;  # not a comment of YAML\n"
        "  # nor is this\n"
        "rollback: SELECT 2;  # its own\n"
        "# its own too\n"
    )
    assert second.source == "{id: b, sql: x, rollback: y}\n"


def test_a_part_of_a_changeset_that_is_faulty_does_not_hide_its_id(read: Read) -> None:
    reading = read("changesets:\n  - {id: a, sql: [], rollback: 3, run: never, depends_on: [b]}\n", faulty=True)
    assert [changeset.id for changeset in reading.changelog.changesets] == ["a"]
    assert reading.changelog.changesets[0].depends_on[0].changeset == "b"
    assert reading.complete
    assert len(reading.problems) == 3


def test_ids_that_cannot_be_read_make_a_reading_incomplete(read: Read) -> None:
    assert not read("changesets:\n  - {id: a b, sql: x, rollback: y}\n", faulty=True).complete
    assert not read("include: [gone.yaml]\n", faulty=True).complete


def test_problems_come_sorted_by_place(read: Read) -> None:
    reading = read("changesets:\n  - {id: a, sql: '${x}', x: 1}\n  - {id: A, sql: 1, rollback: y}\n", faulty=True)
    assert [problem.location for problem in reading.problems] == sorted(
        problem.location for problem in reading.problems
    )
    assert len(reading.problems) == 4


def test_the_edges_of_yaml_references_are_followed(read: Read) -> None:
    reading = read("changesets:\n  - &a {id: a, sql: &s SELECT 1;, rollback: *s}\n")
    rollback = reading.changelog.changesets[0].rollback
    assert isinstance(rollback, RollbackChanges)
    assert rollback.changes[0].texts["default"].text == "SELECT 1;"


def test_a_changelog_that_is_not_there_is_a_matter_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_changelog(tmp_path / "main.yaml", tmp_path)
    with pytest.raises(UsageError):
        read_changelog(tmp_path, tmp_path)


def test_a_changelog_outside_of_its_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("changesets: []\n")
    (tmp_path / "root").mkdir()
    reading = read_changelog(tmp_path / "main.yaml", tmp_path / "root")
    assert "leaves the project's root" in reading.problems[0].message


def test_the_collector_is_left_as_it_was(read: Read) -> None:
    read("changesets: []\n")
    assert gc.isenabled()
    gc.disable()
    try:
        read("changesets: []\n")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_dependencies_are_where_they_are_written(read: Read) -> None:
    changeset = read("changesets:\n  - {id: a, depends_on: [b], sql: x, rollback: y}\n").changelog.changesets[0]
    assert isinstance(changeset.depends_on[0], Dependency)
    assert str(changeset.depends_on[0].location) == "main.yaml:2:26"


# ------------------------------------------------------------------------------------------ transaction control

_ATOMIC = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;"
_TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET n = 1; END;"


@pytest.mark.parametrize(
    ("sql", "reported"),
    [
        pytest.param(f"sql: {_ATOMIC}", [], id="a body in PostgreSQL's words"),
        pytest.param(f"sql: {_TRIGGER}", [], id="a trigger in SQLite's words"),
        pytest.param(f"sql: {{sqlite: '{_TRIGGER}', default: '{_ATOMIC}'}}", [], id="each kind its own"),
        pytest.param(f"sql: {_TRIGGER} COMMIT;", ["COMMIT"], id="what all kinds find stays an error"),
        pytest.param(f"sql: {_TRIGGER}\n    dbms: [postgresql]", ["END"], id="only the kinds it may run on"),
        pytest.param(f"sql: {_ATOMIC}\n    dbms: ['!postgresql', '!mysql', '!mariadb']", ["END"], id="kinds left out"),
        pytest.param(f"sql: {{sqlite: '{_ATOMIC}', default: SELECT 1}}", ["END"], id="a kind's own text"),
    ],
)
def test_transaction_control_is_what_every_kind_that_may_run_it_takes_for_it(
    read: Read, sql: str, reported: list[str]
) -> None:
    reading = read(f"changesets:\n  - id: a\n    rollback: SELECT 2\n    {sql}\n", faulty=True)
    assert [problem.message.split("`")[1] for problem in reading.problems] == reported


def test_a_misspelled_rollback_is_reported_once(read: Read) -> None:
    reading = read("changesets:\n  - {id: a, sql: SELECT 1, rolback: SELECT 2}\n", faulty=True)
    assert [problem.message for problem in reading.problems] == ["`rolback` is no key of a changeset"]
