"""The first look at a PostgreSQL server: one journey after the connect, with psycopg alone."""

from __future__ import annotations

import psycopg

from changelog_engine.databases.connect import connect, redact
from changelog_engine.databases.database import Access, Row, Session
from changelog_engine.databases.look import LedgerNames, Looked, look_sql
from changelog_engine.databases.postgresql_connect import (
    connect_arguments,
    connection_failed,
    options_of,
    without_options,
)
from changelog_engine.databases.postgresql_objects import quote

# Unqualified names may be found in another schema of the search path than the ledger's, which is the first one.
_IS_IN_SCHEMA = (
    ", (SELECT n.nspname = current_schema() FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    " ON n.oid = c.relnamespace WHERE c.oid = tableoid)"
)


def look(url: str, names: LedgerNames) -> Looked:
    """What the lock row holds. Raises ConfigurationError, ConnectionFailedError.

    A server that refuses our settings is left to the session.
    """
    options = options_of(url)
    arguments = connect_arguments(options, Access.WRITE, "changelog")
    try:
        connection = psycopg.connect(**arguments)
    except psycopg.Error as error:
        if without_options(error, arguments, options) is not None:
            return Looked(None, lambda: connect(url, Access.WRITE), lambda: None)
        raise connection_failed(error, options, redact(url)) from None

    def adopt() -> Session:
        return connect(url, Access.WRITE, opened=connection)

    return Looked(_row(connection, names), adopt, connection.close)


def _row(connection: psycopg.Connection[Row], names: LedgerNames) -> Row | None:
    further = _IS_IN_SCHEMA if names.schema is None else ", true"
    try:
        row = connection.execute(look_sql(names, quote, further)).fetchone()
    except psycopg.Error:
        return None
    return row[:-1] if row is not None and row[-1] else None
