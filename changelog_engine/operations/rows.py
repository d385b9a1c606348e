"""Changes of rows to SQL, with the values as literals."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from changelog_engine.model import SqlText
from changelog_engine.operations import constructs
from changelog_engine.operations.change import Change
from changelog_engine.operations.values import Values, record, records

_ROWS_AT_ONCE = 200


def _table(change: Change, columns: list[str]) -> sa.TableClause:
    table = change.relation()
    return sa.table(table.name, *(sa.column(name) for name in columns), schema=table.schema)


def insert(change: Change) -> None:
    """Rows with the same columns one after the other share a statement."""
    together: list[Values] = []
    for row in records(change.values, "rows"):
        if together and (list(row) != list(together[0]) or len(together) == _ROWS_AT_ONCE):
            _insert_rows(change, together)
            together = []
        together.append(row)
    _insert_rows(change, together)


def _insert_rows(change: Change, rows: list[Values]) -> None:
    table = _table(change, list(rows[0]))
    values = [{name: constructs.literal(value) for name, value in row.items()} for row in rows]
    change.collector.execute(sa.insert(table).values(values if len(values) > 1 else values[0]))


def update(change: Change) -> None:
    given = record(change.values, "set")
    statement = sa.update(_table(change, list(given)))
    change.collector.execute(
        _limited(change, statement.values({name: constructs.literal(value) for name, value in given.items()}))
    )


def delete(change: Change) -> None:
    """Rows that meet a condition; or, as the inverse of ``insert``, those that have these values."""
    rows = records(change.values, "rows")
    if not rows:
        change.collector.execute(_limited(change, sa.delete(_table(change, []))))
        return
    table = _table(change, list(rows[0]))
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        alternatives = [
            sa.and_(*(table.c[name] == constructs.literal(value) for name, value in row.items()))
            for row in rows[first : first + _ROWS_AT_ONCE]
        ]
        change.collector.execute(sa.delete(table).where(sa.or_(*alternatives)))


def _limited(change: Change, statement: Any) -> Any:
    where = change.values.get("where")
    return statement.where(constructs.Verbatim(where.text)) if isinstance(where, SqlText) else statement
