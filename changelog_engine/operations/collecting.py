"""Alembic's operations, offline: what they would run is collected, statement by statement, with values as literals."""

from __future__ import annotations

import io
from typing import Any

from alembic.ddl.impl import DefaultImpl
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import ExecutableDDLElement

_DIALECTS: dict[str, type[Any]] = {
    "postgresql": PGDialect,
    "sqlite": SQLiteDialect,
    "mysql": MySQLDialect,
    "mariadb": MariaDBDialect,
}


class _Collecting(DefaultImpl):
    """Mixed into Alembic's own class for a dialect.

    What Alembic writes itself in offline mode would have to be cut into statements again, and has blanks in place of
    tabs, inside of texts too.
    """

    collected: list[str]

    def _exec(self, construct: Any, *_: Any, **__: Any) -> None:
        options = {} if isinstance(construct, ExecutableDDLElement) else {"literal_binds": True}
        self.collected.append(str(construct.compile(dialect=self.dialect, compile_kwargs=options)).strip())


class Collector:
    """``operations`` are to be invoked, ``statements`` are what they came to. New for each rendering: Alembic's
    operations and the tables in them are changed by being used.
    """

    def __init__(self, dbms: str) -> None:
        # Named parameters: with others every `%` would be doubled.
        self.dialect: Dialect = _DIALECTS[dbms](paramstyle="named")
        buffer = io.StringIO()
        options = {"as_sql": True, "output_buffer": buffer}
        context = MigrationContext.configure(dialect=self.dialect, opts=options)
        implementation: Any = type("Collecting", (_Collecting, DefaultImpl.get_by_dialect(self.dialect)), {})
        self.implementation = implementation(self.dialect, None, True, None, buffer, options)
        self.statements: list[str] = []
        self.implementation.collected = self.statements
        self.operations = Operations(context, self.implementation)

    def execute(self, construct: Any) -> None:
        """Collect a statement that Alembic has no operation for."""
        self.implementation._exec(construct)

    def add(self, sql: str) -> None:
        """Collect a statement that nothing but its text is known of."""
        self.statements.append(sql)

    def quoted(self, name: str, schema: str | None = None) -> str:
        """A name as it stands in SQL: in quotes where it needs them."""
        preparer = self.dialect.identifier_preparer
        return preparer.quote(name) if schema is None else f"{preparer.quote_schema(schema)}.{preparer.quote(name)}"
