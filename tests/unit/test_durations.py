"""Durations: what they are read as, what is said of what is none, and how they are shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from changelog_engine.durations import meant_duration, parse_duration, show_duration


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("500ms", 500),
        ("500 ms", 500),
        ("5s", 5_000),
        ("5", 5_000),
        ("1.5s", 1_500),
        ("10min", 600_000),
        ("2h", 7_200_000),
        ("0.5 h", 1_800_000),
        ("0", 0),
        (5, 5_000),
        (0, 0),
        (1.5, 1_500),
        (Decimal("0.25"), 250),
        (0.0000001, 1),
        ("0.001s", 1),
        ("0.0001", None),
        ("99h", 356_400_000),
        ("100h", None),
        (1_000_000, None),
        (-1, None),
        (True, None),
        (None, None),
        (float("nan"), None),
        ("", None),
        (" 5s", None),
        ("5s\n", None),
        ("5 seconds", None),
        ("5m", None),
        ("5S", None),
        ("-5s", None),
        ("٣s", None),
    ],
)
def test_a_duration_is_read_as_milliseconds(written: object, milliseconds: int | None) -> None:
    if milliseconds is not None:
        assert parse_duration(written) == milliseconds
    else:
        with pytest.raises(ValueError, match="is not a duration such as `500ms`"):
            parse_duration(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("5 sec", "5s"),
        ("5m", "5min"),
        ("5 Minutes", "5min"),
        ("3hours", "3h"),
        ("9S", "9s"),
        ("5 days", None),
        ("x", None),
    ],
)
def test_other_words_for_units_are_understood_for_hints(written: str, meant: str | None) -> None:
    assert meant_duration(written) == meant


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "none"),
        (1, "1 ms"),
        (1_500, "1500 ms"),
        (5_000, "5 s"),
        (90_000, "90 s"),
        (600_000, "10 min"),
        (7_200_000, "2 h"),
    ],
)
def test_a_duration_is_shown_in_the_largest_whole_unit(milliseconds: int, shown: str) -> None:
    assert show_duration(milliseconds) == shown
