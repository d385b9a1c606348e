from __future__ import annotations

import pytest

from changelog_engine.nearest import did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        pytest.param("create-order", "create-orders", id="a letter short"),
        pytest.param("Create-Orders", "create-orders", id="another case"),
        pytest.param("lables", "Labels", id="letters exchanged"),
        pytest.param("payments", None, id="nothing like it"),
    ],
)
def test_the_nearest_known_word_is_found_and_a_far_one_is_not(word: str, meant: str | None) -> None:
    known = ["create-orders", "create-customers", "Labels"]
    assert nearest(word, known) == meant
    assert did_you_mean(word, known) == (None if meant is None else f"did you mean `{meant}`?")
