"""A changeset's declarations as the statements that a step runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.factory import changelog, changeset, sql
from tests.unit.ledger_factory import Database


@pytest.mark.parametrize(
    ("text", "split", "delimiter", "are_one"),
    [
        pytest.param("SELECT 1; SELECT 2", True, None, [True, True], id="cut by the database's own rules"),
        pytest.param("SELECT 1; SELECT 2", False, None, [False], id="not cut, and two commands"),
        pytest.param("SELECT ';' -- ;", False, None, [True], id="not cut, and one command"),
        pytest.param("SELECT 1; SELECT 2\nGO\nSELECT 3", True, "GO", [False, True], id="a delimiter of its own"),
    ],
)
def test_a_statement_tells_whether_it_is_one_command(
    text: str, split: bool, delimiter: str | None, are_one: list[bool]
) -> None:
    change = replace(sql(text), split=split, delimiter=delimiter)
    plan = Database().plan(changelog(replace(changeset("a"), changes=(change,))))
    assert [statement.is_one for statement in plan.steps[0].statements] == are_one
