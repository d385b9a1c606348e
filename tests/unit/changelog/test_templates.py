from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.sql.templates import (
    MissingParameterError,
    TemplateError,
    expand,
    fill,
    malformed_in,
    names_in,
    show,
    to_template,
)

PIECES = st.lists(
    st.sampled_from(["$", "{", "}", "${", "$${", "$$", "${x}", "$${x}", "x", "'", "\n", "${ a", "_"])
).map("".join)


def test_names_are_found_with_their_places() -> None:
    assert names_in("a ${x} $${y} ${z.1-b}") == (("x", 2), ("z.1-b", 13))
    assert names_in("nothing") == ()


def test_what_is_no_parameter_is_found() -> None:
    assert malformed_in("${ok} ${not ok} $${fine} ${") == (("${not ok}", 6), ("${", 25))


def test_values_are_put_in_and_an_escape_becomes_literal() -> None:
    assert expand("a ${x} $${x} ${not one}", {"x": "1"}, ()) == "a 1 ${x} ${not one}"


def test_a_missing_value_is_named_with_its_place() -> None:
    with pytest.raises(MissingParameterError) as caught:
        expand("SELECT ${x}", {}, ())
    assert (caught.value.name, caught.value.offset) == ("x", 7)


def test_a_secret_never_stands_in_the_expanded_text_nor_in_the_template() -> None:
    secrets = {"pass-word": "hunter2"}
    expanded = expand("PASSWORD '${pass-word}' ${x}", {"x": "${literal}", **secrets}, secrets)
    template = to_template(expanded, secrets)
    assert "hunter2" not in expanded + template
    assert template == "PASSWORD '${pass-word}' $${literal}"
    assert fill(template, secrets) == "PASSWORD 'hunter2' ${literal}"
    assert show(template) == "PASSWORD '${pass-word}' ${literal}"


def test_the_marker_of_a_secret_is_one_identifier() -> None:
    assert expand("${p.w-d}", {}, ["p.w-d"]).isidentifier()


def test_a_value_of_a_secret_is_not_expanded_again() -> None:
    assert fill("${a} ${b}", {"a": "${b}", "b": "x"}) == "${b} x"


def test_a_secret_without_a_value_cannot_be_filled_in() -> None:
    with pytest.raises(MissingParameterError):
        fill("${a}", {})


def test_a_dollar_right_before_a_secret_is_refused() -> None:
    with pytest.raises(TemplateError):
        expand("${a}${secret}", {"a": "$"}, ["secret"])


@given(PIECES, PIECES)
def test_what_the_ledger_keeps_is_what_ran(text: str, value: str) -> None:
    try:
        expanded = expand(text, {"x": value}, ())
    except MissingParameterError:
        return
    assert fill(to_template(expanded, ()), {}) == expanded
    assert show(to_template(expanded, ())) == expanded


@given(PIECES, PIECES)
def test_what_the_ledger_keeps_is_what_ran_with_secrets(text: str, secret: str) -> None:
    try:
        expanded = expand(text, {"x": secret}, ["x"])
    except TemplateError:
        return
    assert fill(to_template(expanded, ["x"]), {"x": secret}) == expand(text, {"x": secret}, ())
