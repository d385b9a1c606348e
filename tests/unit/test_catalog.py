"""How two catalogs differ is told as a reader would say it."""

from __future__ import annotations

from changelog_engine.catalog import Catalog, Name, compare

ORDERS: Catalog = {
    Name("table", "orders"): {"owner": "shop"},
    Name("column", "id", "orders"): {"type": "bigint", "nullable": "no"},
    Name("constraint", "orders_pkey", "orders"): {"definition": "PRIMARY KEY (id)"},
}


def words(expected: Catalog, found: Catalog) -> list[str]:
    return [str(difference) for difference in compare(expected, found)]


def test_equal_catalogs_differ_in_nothing() -> None:
    assert words(ORDERS, dict(reversed(ORDERS.items()))) == []


def test_what_is_missing_as_a_whole_is_one_line() -> None:
    assert words(ORDERS, {}) == ["table `orders` is missing"]
    assert words({}, ORDERS) == ["table `orders` is there, and was not expected"]


def test_a_part_is_named_with_what_it_is_a_part_of() -> None:
    found = {name: facts for name, facts in ORDERS.items() if name.kind == "table"}
    assert words(ORDERS, found) == [
        "column `orders.id` is missing",
        "constraint `orders_pkey` of `orders` is missing",
    ]


def test_a_fact_is_told_with_what_was_expected() -> None:
    column = Name("column", "id", "orders")
    found = {**ORDERS, column: {"type": "integer", "default": "1"}}
    assert words(ORDERS, found) == [
        "column `orders.id`: default is `1`, expected none",
        "column `orders.id`: no nullable, expected `no`",
        "column `orders.id`: type is `integer`, expected `bigint`",
    ]


def test_long_and_laid_out_values_are_shown_in_one_line_of_bounded_length() -> None:
    view = Name("view", "v")
    [line] = words({view: {"definition": "SELECT\n  1"}}, {view: {"definition": "SELECT " + "x" * 1000}})
    assert "expected `SELECT 1`" in line
    assert len(line) < 400
