"""`changelog deps`: what comes after what and why, and writing it into the files."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli

URL = ("--url", "postgresql://mira@nowhere/shop")
"""Nothing connects to it: it says which kind of database the SQL is for."""

SHOP = """\
changesets:
  # orders come first here, and wait all the same
  - id: create-orders        # the heart of it
    sql: |
      CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers);
    rollback: DROP TABLE orders;

  - id: create-customers
    sql: CREATE TABLE customers (id int PRIMARY KEY, email text);
    rollback: DROP TABLE customers;

  - id: totals
    depends_on: [create-orders]
    sql: ALTER TABLE orders ADD COLUMN total numeric;
    rollback: ALTER TABLE orders DROP COLUMN total;

  - id: view
    depends_on:
      - create-orders        # it reads them
    sql: CREATE VIEW v AS SELECT o.total, c.email FROM orders o JOIN customers c ON c.id = o.customer_id;
    rollback: DROP VIEW v;

  - id: by-hand
    sql: DO $$ BEGIN EXECUTE 'ANALYZE ' || current_user; END $$
    rollback: DROP TABLE nowhere
"""


MAIN = "changelogs/main.yaml"


def text_of(cli: Cli) -> str:
    return (cli.folder / MAIN).read_text()


def needs(cli: Cli, *arguments: str) -> set[tuple[str, str, str, bool]]:
    edges = cli.json("deps", *URL, *arguments)["edges"]
    return {(edge["changeset"], edge["strength"], edge["needs"], edge["declared"]) for edge in edges}


def test_each_edge_has_its_reason(cli: Cli) -> None:
    cli.write(SHOP)
    shown = cli("deps", *URL).out
    assert "create-orders  main.yaml:3" in shown
    assert (
        "  requires  create-customers  inferred  "
        "orders.customer_id references customers, created by `create-customers`" in shown
    )
    assert "  requires  create-orders  declared  uses table orders, created by `create-orders`" in shown
    assert "uses orders.total, added by `totals`" in shown
    assert "dynamic SQL" in shown
    assert "5 edges: 2 declared, 3 inferred; 1 place not known" in shown


def test_as_json_it_is_what_the_contract_says(cli: Cli) -> None:
    cli.write(SHOP)
    value = cli.json("deps", *URL)
    assert set(value) == {"edges", "opaque"}
    assert {
        "changeset": "create-orders",
        "needs": "create-customers",
        "strength": "requires",
        "declared": False,
        "reason": "orders.customer_id references customers, created by `create-customers`",
    } in value["edges"]
    (opaque,) = value["opaque"]
    assert set(opaque) == {"changeset", "what", "file", "line"}
    assert (opaque["changeset"], opaque["line"]) == ("by-hand", 24)


def test_a_part_of_it_can_be_asked_for(cli: Cli) -> None:
    cli.write(SHOP)
    assert {each[0] for each in needs(cli, "--select", "view")} == {"view"}
    assert "nowhere" not in cli("deps", *URL, "--select", "view").out


def test_a_name_that_nobody_makes_is_told(cli: Cli) -> None:
    cli.write("changesets:\n  - {id: a, sql: SELECT crypt(x) FROM nowhere, rollback: SELECT 1}\n")
    shown = cli("deps", *URL).out
    assert "nowhere is made by no changeset" in shown
    assert "`CREATE EXTENSION pgcrypto` would bring it" in shown


def test_infer_false_leaves_what_is_declared(cli: Cli) -> None:
    cli.write("infer: false\n" + SHOP)
    value = cli.json("deps", *URL)
    assert {(edge["changeset"], edge["declared"]) for edge in value["edges"]} == {("totals", True), ("view", True)}
    assert value["opaque"] == []


def test_infer_false_in_an_included_file_is_for_its_own_changesets(cli: Cli) -> None:
    cli.write("include: [quiet.yaml]\nchangesets:\n  - {id: b, sql: SELECT * FROM t, rollback: SELECT 1}\n")
    cli.write(
        "infer: false\nchangesets:\n  - {id: c, sql: SELECT * FROM t, rollback: SELECT 1}\n"
        "  - {id: a, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}\n",
        "changelogs/quiet.yaml",
    )
    assert needs(cli) == {("b", "requires", "a", False)}


def test_typed_changes_have_their_edges_too(cli: Cli) -> None:
    cli.write(
        """\
        changesets:
          - id: child
            changes:
              - create_table: {table: child, columns: [{name: id, type: integer, references: parent.id}]}
            rollback: DROP TABLE child
          - id: parent
            changes:
              - create_table: {table: parent, columns: [{name: id, type: integer, primary_key: true}]}
            rollback: DROP TABLE parent
        """
    )
    assert needs(cli) == {("child", "requires", "parent", False)}


# ------------------------------------------------------------------------------------------------------ writing


def test_what_is_written_keeps_comments_and_layout(cli: Cli) -> None:
    cli.write(SHOP)
    shown = cli("deps", *URL, "--write").out
    assert text_of(cli) == SHOP.replace(
        "  - id: create-orders        # the heart of it\n",
        "  - id: create-orders        # the heart of it\n    depends_on: [create-customers]\n",
    ).replace(
        "      - create-orders        # it reads them\n",
        "      - create-orders        # it reads them\n      - create-customers\n      - totals\n",
    )
    assert "main.yaml:3  create-orders  depends_on: create-customers" in shown
    assert "3 dependencies written in 1 file; the order is the same" in shown
    assert all(declared for _, _, _, declared in needs(cli))
    assert "nothing to write" in cli("deps", *URL, "--write").out


def test_what_only_orders_is_written_as_optional_and_what_only_ties_is_not(cli: Cli) -> None:
    cli.write(
        """\
        changesets:
          - {id: make, sql: "CREATE TABLE t (id int PRIMARY KEY, a int)", rollback: DROP TABLE t}
          - {id: rows, depends_on: [make], sql: INSERT INTO t (id) SELECT 1, rollback: DELETE FROM t}
          - {id: fill, depends_on: [make], sql: UPDATE t SET a = 1, rollback: SELECT 1}
          - {id: gone, depends_on: [ make ], sql: ALTER TABLE t DROP COLUMN a, rollback: SELECT 1}
        """
    )
    cli("deps", *URL, "--write")
    text = text_of(cli)
    assert "{id: gone, depends_on: [ make, {id: fill, optional: true} ], sql:" in text
    assert "{id: fill, depends_on: [make], sql:" in text
    assert ("fill", "after", "rows", False) in needs(cli)


def test_line_ends_and_a_mark_at_the_beginning_stay(cli: Cli) -> None:
    file = cli.folder / MAIN
    file.parent.mkdir()
    written = "\ufeff" + SHOP.replace("\n", "\r\n")
    file.write_bytes(written.encode())
    cli("deps", *URL, "--write")
    data = file.read_bytes().decode()
    assert data.startswith("\ufeff")
    assert data.count("\r\n") == data.count("\n") == written.count("\n") + 3


def test_a_list_behind_an_alias_is_refused_and_nothing_is_written(cli: Cli) -> None:
    text = """\
changesets:
  - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}
  - {id: b, depends_on: &base [a], sql: CREATE TABLE b (id int), rollback: DROP TABLE b}
  - {id: c, depends_on: *base, sql: "CREATE VIEW c AS SELECT a.id FROM a, b", rollback: DROP VIEW c}
"""
    cli.write(text)
    ended = cli("deps", *URL, "--write", code=2)
    assert "the `depends_on` of `c` stands elsewhere, behind an alias" in ended.err
    assert text_of(cli) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("depends_on: []", "depends_on: [a]"),
        ("depends_on: [z, ]", "depends_on: [z, a, ]"),
        ("depends_on:\n    - z\n    # the last\n", "depends_on:\n    - z\n    - a\n    # the last\n"),
        (
            "depends_on:\n      - id: z\n        optional: true",
            "depends_on:\n      - id: z\n        optional: true\n      - a",
        ),
    ],
)
def test_lists_of_any_layout_are_added_to(before: str, after: str, cli: Cli) -> None:
    text = f"""\
changesets:
  - id: b
    {before}
    sql: CREATE VIEW b AS SELECT id FROM a
    rollback: DROP VIEW b
  - {{id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}}
  - {{id: z, sql: SELECT 1, rollback: SELECT 1}}
"""
    cli.write(text)
    cli("deps", *URL, "--write")
    assert text_of(cli) == text.replace(before, after)


# ------------------------------------------------------------------------------------------- what others show


def test_validate_warns_of_what_does_not_commute_with_the_place_and_two_ways_to_settle_it(cli: Cli) -> None:
    cli.write(
        """\
        changesets:
          - id: one
            sql: CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
            rollback: DROP FUNCTION f
          - id: two
            sql: CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'
            rollback: DROP FUNCTION f
        """
    )
    (warning,) = cli.json("validate", *URL)["warnings"]
    assert "`one` and `two` do not commute" in warning["message"]
    assert (warning["file"], warning["line"]) == ("main.yaml", 6)
    assert "depends_on: [one]" in warning["hint"]
    assert "make the two one changeset" in warning["hint"]


def test_validate_warns_of_a_contradiction(cli: Cli) -> None:
    cli.write(
        """\
        changesets:
          - {id: make, depends_on: [use], sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
          - {id: use, sql: SELECT id FROM t, rollback: SELECT 1}
        """
    )
    (warning,) = cli.json("validate", *URL)["warnings"]
    assert "`use` requires `make` by its SQL (uses table t, created by `make`)" in warning["message"]


def test_the_graph_draws_what_is_inferred_with_dashes(cli: Cli) -> None:
    cli.write(SHOP)
    assert "requires create-customers (inferred: orders.customer_id references" in cli("graph", *URL).out
    assert 'style=dashed, tooltip="orders.customer_id references' in cli("graph", *URL, "--format", "dot").out
    assert "-.->" in cli("graph", *URL, "--format", "mermaid").out
    edges = cli.json("graph", *URL)["edges"]
    assert {edge["origin"] for edge in edges} == {"declared", "inferred"}


def test_selectors_follow_what_is_inferred(cli: Cli) -> None:
    cli.write(SHOP)
    assert "create-customers" in cli("graph", *URL, "--select", "+create-orders").out
    assert "view" in cli("graph", *URL, "--select", "create-customers+").out
