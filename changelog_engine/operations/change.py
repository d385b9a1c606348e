"""A typed change on its way to SQL: its values, the kind of database, and where its statements go to."""

from __future__ import annotations

from collections.abc import Callable

from alembic.operations import ops

from changelog_engine.operations.collecting import Collector
from changelog_engine.operations.values import ColumnState, Relation, Values, relation, text

KnownColumn = Callable[[Relation, str], ColumnState | None]
"""What the changelog knows of a column at the moment; None where it does not."""

_MYSQL = ("mysql", "mariadb")


def knows_nothing(_table: Relation, _column: str) -> None:
    """Nothing is known of any column."""
    return


class Change:
    """The values of an operation, and where its statements go to."""

    def __init__(self, values: Values, dbms: str, collector: Collector, known: KnownColumn) -> None:
        self.values = values
        self.dbms = dbms
        self.collector = collector
        self.known = known
        self.is_mysql = dbms in _MYSQL

    def invoke(self, operation: ops.MigrateOperation) -> None:
        self.collector.operations.invoke(operation)

    def relation(self, key: str = "table") -> Relation:
        return relation(self.values, key)

    def text(self, key: str) -> str:
        return text(self.values, key)
