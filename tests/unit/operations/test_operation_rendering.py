"""Each kind of typed change as SQL, on each kind of database: ``goldens`` has what they come to.

``python -m tests.unit.operations.test_operation_rendering`` writes the goldens anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from changelog_engine.changelog.reader import read_changelog
from changelog_engine.graph.build import build_graph
from changelog_engine.ledger.entries import Head, LedgerState
from changelog_engine.plan.request import Filters, ParameterSources, UpdateRequest
from changelog_engine.plan.steps import content_of
from changelog_engine.plan.update import plan_update
from changelog_engine.sql.templates import fill

HERE = Path(__file__).parent
SAMPLE = HERE / "sample.yaml"
FOUND = (
    "CREATE TABLE customers (id INTEGER PRIMARY KEY)",
    "CREATE TABLE labels (name TEXT PRIMARY KEY)",
)
KINDS = ("postgresql", "sqlite", "mariadb", "mysql")


def rendered(dbms: str) -> str:
    """The statements of the sample, as the ledger keeps them."""
    reading = read_changelog(SAMPLE, HERE)
    assert reading.problems == ()
    changelog = reading.changelog
    filters = Filters(parameters=ParameterSources(environ={"TOKEN": "secret"}))
    state = LedgerState(False, Head(), {}, {})
    graph = build_graph(changelog).graph
    plan = plan_update(changelog, graph, state, UpdateRequest(filters), dbms, lambda: FOUND)
    return content_of(plan.steps[0].statements)


@pytest.mark.parametrize("dbms", KINDS)
def test_each_kind_of_typed_change_is_rendered_as_the_golden_has_it(dbms: str) -> None:
    assert rendered(dbms) == (HERE / "goldens" / f"{dbms}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("dbms", KINDS)
def test_the_same_change_is_always_rendered_the_same(dbms: str) -> None:
    assert rendered(dbms) == rendered(dbms)


@pytest.mark.parametrize(("dbms", "within"), [("postgresql", r"'<it''s \ >'"), ("mysql", r"'<it''s \\ >'")])
def test_a_secret_in_a_value_keeps_to_its_quotes(dbms: str, within: str) -> None:
    [statement] = [line for line in rendered(dbms).splitlines() if "token" in line]
    assert "secret" not in statement
    assert within in fill(statement, {"token": "it's \\ "})


if __name__ == "__main__":
    for each in KINDS:
        (HERE / "goldens" / f"{each}.sql").write_text(rendered(each), encoding="utf-8")
