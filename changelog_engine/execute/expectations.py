"""Comparing the one value of a query with what a precondition or a check expects."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from changelog_engine.databases.database import Row
from changelog_engine.model import Scalar


def mismatch(rows: Sequence[Row], expect: Scalar) -> str | None:
    """Why the rows of a query are not the one value that is expected; None where they are.

    Numbers are compared as numbers, the rest as text, ``null`` means NULL.
    """
    if len(rows) != 1:
        return f"the query gave {'no row' if not rows else f'{len(rows)} rows'} where one value is expected"
    if len(rows[0]) != 1:
        return f"the query gave {len(rows[0])} columns where one value is expected"
    value = rows[0][0]
    if _equal(value, expect):
        return None
    return f"the query gave {_show(value)} where {_show(expect)} is expected"


def _equal(value: object, expect: Scalar) -> bool:
    if value is None or expect is None:
        return value is None and expect is None
    if isinstance(value, bool) or isinstance(expect, bool):
        return _truth(value) == _truth(expect)
    one, other = _number(value), _number(expect)
    if one is not None and other is not None:
        return one == other
    return str(value) == str(expect)


def _truth(value: object) -> object:
    """Booleans as databases write them: ``true``, ``t`` and 1 are one value, ``false``, ``f`` and 0 the other."""
    return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}.get(str(value).lower(), value)


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _show(value: object) -> str:
    return "NULL" if value is None else f"`{value}`"
