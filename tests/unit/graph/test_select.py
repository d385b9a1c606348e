"""Selectors: what they pick, how strongly the signs bind, and what they say to mistakes."""

from __future__ import annotations

import pytest

from changelog_engine.errors import UsageError
from changelog_engine.graph.select import STATES, Complement, Intersection, Matching, Union, parse_selector, select
from changelog_engine.results import State
from tests.unit.factory import changeset, graph, tag

GRAPH = graph(
    changeset("a", labels=("core",)),
    changeset("b", ["a"], labels=("demo", "Needs Review")),
    tag("t"),
    changeset("c", ["b"], file="modules/x/changelog.yaml"),
    changeset("billing/d", after=["c"], file="modules/y/changelog.yaml", formerly=("d-old",)),
    changeset("lonely"),
)
"""a <- b <- c ~ billing/d, and lonely apart; tag t above c."""

STATE_OF = {
    "a": "applied",
    "b": "applied",
    "c": "pending",
    "billing/d": "pending",
    "lonely": "pending",
    "gone": "unknown",
}


def pick(selector: str) -> set[str]:
    return set(select(parse_selector(selector), GRAPH, STATE_OF, {"by-hand": frozenset({"a", "gone"})}))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("a", {"a"}),
        ("a, c", {"a", "c"}),
        ("gone", {"gone"}),
        ("d-old", {"billing/d"}),
        ("billing/*", {"billing/d"}),
        ("?", {"a", "b", "c"}),
        ("[ab]", {"a", "b"}),
        ("[!ab]", {"c"}),
        ("label:demo", {"b"}),
        ("label:DEMO", {"b"}),
        ("label:needs review", {"b"}),
        ("label:'needs review'", {"b"}),
        ("file:modules/x/changelog.yaml", {"c"}),
        ("file:modules/*", {"c", "billing/d"}),
        ("state:pending", {"c", "billing/d", "lonely"}),
        ("state:changed", set()),
        ("tag:t", {"a", "b"}),
        ("tag:by-hand", {"a", "gone"}),
        ("+c", {"a", "b", "c"}),
        ("b+", {"b", "c"}),
        ("+b+", {"a", "b", "c"}),
        ("+billing/d", {"billing/d"}),
        ("+label:demo", {"a", "b"}),
        ("+(a, c)", {"a", "b", "c"}),
        ("!+c", {"billing/d", "lonely", "gone"}),
        ("!state:pending & !gone", {"a", "b"}),
        ("!!a", {"a"}),
        ("a & b", set()),
        ("a, b & c", {"a"}),
        ("(a, b) & b", {"b"}),
        ("!(a, b, c)", {"billing/d", "lonely", "gone"}),
        (" * & ! file:modules/* ", {"a", "b", "lonely", "gone"}),
    ],
)
def test_a_selector_picks(selector: str, expected: set[str]) -> None:
    assert pick(selector) == expected


def test_the_signs_bind_as_documented() -> None:
    a, b, c = (Matching("id", name) for name in "abc")
    assert parse_selector("!a & b, c") == Union((Intersection((Complement(a), b)), c))


@pytest.mark.parametrize(
    ("selector", "message", "hint"),
    [
        ("lonley", "there is no changeset `lonley`", "did you mean `lonely`?"),
        ("Lonely", "there is no changeset `Lonely`", "did you mean `lonely`?"),
        ("biling/*", "no changeset matches `biling/*`", None),
        ("label:dem", "no changeset has the label `dem`", "did you mean `demo`?"),
        ("state:pendign", "there is no state `pendign`", "did you mean `pending`?"),
        ("tag:by-hant", "there is no tag `by-hant`", "did you mean `by-hand`?"),
        ("file:nowhere/*", "no changeset matches `file:nowhere/*`", None),
        ("labels:demo", "selector `labels:demo`: `labels:` selects nothing (character 1)", "did you mean `label`?"),
        ("label:", "selector `label:`: `label:` needs a value (character 1)", None),
        ("", "selector ``: something to select is missing (character 1)", None),
        ("a,", "selector `a,`: something to select is missing (character 3)", None),
        ("a & & b", "selector `a & & b`: something to select is missing before `&` (character 5)", None),
        ("(a", "selector `(a`: a parenthesis is not closed (character 3)", None),
        ("a)", "selector `a)`: `)` is not expected there (character 2)", None),
        ("a 'b", "selector `a 'b`: a quote or bracket is not closed (character 3)", None),
    ],
)
def test_a_mistake_is_named_with_the_nearest(selector: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        pick(selector)
    assert caught.value.message == message
    if hint is not None:
        assert caught.value.hint == hint


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    with pytest.raises(UsageError, match="nested too deeply"):
        parse_selector("(" * 5000 + "a" + ")" * 5000)


def test_a_state_needs_a_database() -> None:
    with pytest.raises(UsageError, match="needs a database"):
        select(parse_selector("state:pending"), GRAPH, {}, {})


def test_a_declared_tag_is_known_without_the_ledger() -> None:
    assert select(parse_selector("tag:t"), GRAPH, {}, {}) == {"a", "b"}


def test_selectors_know_every_state_that_there_is() -> None:
    assert set(STATES) == {str(state) for state in State}
