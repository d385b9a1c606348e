"""Preconditions, time-outs, retries and roles in words, as plans and messages show them."""

from __future__ import annotations

from typing import assert_never

from changelog_engine.durations import show_duration
from changelog_engine.model import (
    AllOf,
    AnyOf,
    Consideration,
    DbmsIs,
    IsApplied,
    NoneOf,
    ObjectExists,
    ParameterDefined,
    RowCount,
    RunningAs,
    Scalar,
    SqlTest,
    Test,
)
from changelog_engine.sql.templates import show


def describe_test(test: Test) -> str:
    """What must hold, as part of a sentence; a query stands on one line, secrets as ``${name}``."""
    match test:
        case SqlTest(texts, expect):
            query = next((" ".join(show(sql.text).split()) for sql in texts.values()), "")
            return f"{query} gives {_value(expect)}"
        case ObjectExists(kind, name, table):
            of_table = f" of {show(table)}" if table else ""
            return f"{kind.replace('_', ' ')} {show(name)}{of_table} exists"
        case RowCount(table, expect):
            return f"{show(table)} has {expect} {'row' if expect == 1 else 'rows'}"
        case IsApplied(changeset):
            return f"{changeset} is applied"
        case DbmsIs(kinds):
            return f"the database is {' or '.join(kinds)}"
        case RunningAs(user):
            return f"running as {show(user)}"
        case ParameterDefined(name):
            return f"parameter {name} has a value"
        case AllOf(tests):
            return " and ".join(_inner(inner) for inner in tests)
        case AnyOf(tests):
            return " or ".join(_inner(inner) for inner in tests)
        case NoneOf(inner):
            return f"not {_inner(inner)}"
        case _:
            assert_never(test)


def describe_consideration(consideration: Consideration) -> str:
    """Time-outs, retries and role as a plan shows them; empty where nothing is said."""
    parts: list[str] = []
    for name, milliseconds in (
        ("lock_timeout", consideration.lock_timeout),
        ("statement_timeout", consideration.statement_timeout),
    ):
        if milliseconds is not None:
            parts.append(f"{name} {show_duration(milliseconds)}")
    if consideration.retries is not None:
        attempts = consideration.retries.attempts
        parts.append("1 retry" if attempts == 1 else f"{attempts or 'no'} retries")
    if consideration.run_as is not None:
        parts.append(f"run as `{consideration.run_as}`")
    return ", ".join(parts)


def _inner(test: Test) -> str:
    text = describe_test(test)
    return f"({text})" if isinstance(test, AllOf | AnyOf | NoneOf) else text


def _value(value: Scalar) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)
