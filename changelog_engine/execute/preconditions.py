"""Evaluating preconditions just before their step, under the lock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import assert_never

from changelog_engine.databases.database import Session
from changelog_engine.execute.expectations import mismatch
from changelog_engine.model import (
    AllOf,
    AnyOf,
    DbmsIs,
    IsApplied,
    NoneOf,
    ObjectExists,
    ParameterDefined,
    RowCount,
    RunningAs,
    SqlTest,
    Test,
)
from changelog_engine.sql.statements import text_for
from changelog_engine.sql.templates import fill, show


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a precondition may ask about: the session, what is applied by now, the parameters that have values."""

    session: Session
    applied: Collection[str]
    parameters: Collection[str]
    secrets: Mapping[str, str]


def why_not(test: Test, now: Circumstances) -> str | None:
    """Why the test does not hold; None where it holds. Raises StatementError where it cannot be evaluated."""
    match test:
        case AllOf(tests):
            return next((why for part in tests if (why := why_not(part, now)) is not None), None)
        case AnyOf(tests):
            reasons = [why_not(part, now) for part in tests]
            return None if None in reasons or not reasons else "; ".join(why for why in reasons if why)
        case NoneOf(inner):
            return None if why_not(inner, now) is not None else "it holds, and is not to"
        case SqlTest():
            return _query(test, now)
        case ObjectExists(kind, name, table):
            of_table = f" of `{show(table)}`" if table else ""
            found = now.session.exists(kind, fill(name, now.secrets), fill(table, now.secrets) if table else None)
            return None if found else f"there is no {kind.replace('_', ' ')} `{show(name)}`{of_table}"
        case RowCount(table, expect):
            quoted = ".".join(now.session.quote(part) for part in fill(table, now.secrets).split("."))
            return mismatch(now.session.select(f"SELECT count(*) FROM {quoted}"), expect)
        case IsApplied(changeset):
            return None if changeset in now.applied else f"`{changeset}` is not applied"
        case DbmsIs(kinds):
            return None if _is_kind(now.session.kind, kinds) else f"the database is {now.session.kind}"
        case RunningAs(user):
            is_user = now.session.user.lower() == fill(user, now.secrets).lower()
            return None if is_user else f"the user is `{now.session.user}`"
        case ParameterDefined(name):
            return None if name in now.parameters else f"parameter `{name}` has no value"
        case _:
            assert_never(test)


def _query(test: SqlTest, now: Circumstances) -> str | None:
    sql = text_for(test.texts, now.session.kind)
    if sql is None:
        return f"there is no query for {now.session.kind}"
    return mismatch(now.session.select(fill(sql.text, now.secrets)), test.expect)


def _is_kind(kind: str, kinds: Collection[str]) -> bool:
    excluded = {name[1:] for name in kinds if name.startswith("!")}
    included = {name for name in kinds if not name.startswith("!")}
    return kind not in excluded and (kind in included or not included)
