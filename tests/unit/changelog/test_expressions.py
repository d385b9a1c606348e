from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.changelog.expressions import (
    ExpressionError,
    all_of,
    evaluate,
    names_in,
    parse_expression,
    render_expression,
)
from changelog_engine.model import And, Expression, Name, Not, Or

NAMES = st.sampled_from(["dev", "test", "Prod", "a.b", "x_1", "7", "-", "andy", "notes", "orange"])


def joined(kind: type[And] | type[Or], operands: list[Expression]) -> Expression:
    """As the parser gives it: one of a kind is never right within another of that kind."""
    flat = [inner for each in operands for inner in (each.operands if isinstance(each, kind) else (each,))]
    return kind(tuple(flat))


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    NAMES.map(Name),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: joined(And, each)),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: joined(Or, each)),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_a_rendered_expression_parses_back_to_itself(expression: Expression) -> None:
    assert parse_expression(render_expression(expression)) == expression


@given(EXPRESSIONS, st.sets(NAMES))
def test_case_never_matters(expression: Expression, names: set[str]) -> None:
    shouted = parse_expression(render_expression(expression).upper())
    assert evaluate(shouted, {name.lower() for name in names}) == evaluate(expression, names)


@given(EXPRESSIONS, EXPRESSIONS, st.sets(NAMES))
def test_all_of_holds_where_all_hold(one: Expression, other: Expression, names: set[str]) -> None:
    both = all_of((one, None, other))
    assert both is not None
    assert evaluate(both, names) == (evaluate(one, names) and evaluate(other, names))


@pytest.mark.parametrize(
    ("text", "names", "holds"),
    [
        ("dev", ["DEV"], True),
        ("dev, test", ["test"], True),
        ("dev or (test and not prod)", ["test"], True),
        ("dev or (test and not prod)", ["test", "prod"], False),
        ("not a or b", ["a", "b"], True),
        ("!a and !b", [], True),
        ("a, b and c", ["a"], True),
        ("a or b and c", ["b"], False),
        ("NOT a AND b", ["b"], True),
        ("!!a", ["a"], True),
        ("not-a", ["not-a"], True),
    ],
)
def test_not_binds_closest_then_and_then_or(text: str, names: list[str], holds: bool) -> None:
    assert evaluate(parse_expression(text), names) is holds


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 0), ("a b", 2), ("a and", 5), ("(a or b", 0), ("a)", 1), ("or a", 0), ("a & b", 2), ("a,, b", 2), ("()", 1)],
)
def test_a_fault_has_its_position(text: str, position: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.position == position


def test_endless_nesting_is_refused() -> None:
    with pytest.raises(ExpressionError):
        parse_expression("(" * 1000 + "a" + ")" * 1000)
    with pytest.raises(ExpressionError):
        parse_expression("!" * 1000 + "a")


def test_names_come_once_in_order() -> None:
    assert names_in(parse_expression("b and (a or B) and not c")) == ("b", "a", "c")
