"""What PostgreSQL says when it refuses something, as errors of ours."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import pq

from changelog_engine.errors import ConnectionLostError, DatabaseError, StatementError

# Lock time-out, deadlock, serialization failure.
_PASSING = frozenset({"55P03", "40P01", "40001"})
_TUPLE_FUNCTIONS = frozenset({"simple_heap_update", "simple_heap_delete", "heap_update", "heap_delete"})
_LOST_STATES = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04"})


def translate(error: psycopg.Error, connection: psycopg.Connection[Any], location: str) -> DatabaseError:
    """The error of a connection to the database at ``location``; a COPY that it left open is ended."""
    if connection.closed or error.sqlstate in _LOST_STATES:
        return ConnectionLostError(
            f"the connection to `{location}` is lost: {_words(error)}",
            hint="see whether the server is up, and run the command again: it goes on where this one stopped",
        )
    if error.sqlstate is None and connection.pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
        _leave_copy(connection)
        return StatementError(
            "COPY from or to the client is not supported",
            hint="use INSERT statements, or COPY with a file on the server",
        )
    position = error.diag.statement_position
    return StatementError(
        _words(error),
        sqlstate=error.sqlstate,
        position=int(position) - 1 if position else None,
        detail="\n".join(part for part in (error.diag.message_detail, error.diag.context) if part) or None,
        hint=error.diag.message_hint,
        # Not the message, which the server may translate, nor the SQLSTATE, which SET TRANSACTION has too.
        # The last is a procedure that commits, which did nothing before it was told that it may not.
        refuses_transaction=error.diag.source_function == "PreventInTransactionBlock" or error.sqlstate == "2D000",
        may_pass=error.sqlstate in _PASSING or _met_on_a_catalogue_row(error),
    )


def _leave_copy(connection: psycopg.Connection[Any]) -> None:
    """End a COPY that the server has begun, so that the connection can be used again."""
    pgconn = connection.pgconn
    try:
        result = pgconn.get_result()
        while result is not None:
            if result.status == pq.ExecStatus.COPY_IN:
                pgconn.put_copy_end(b"not supported by the changelog engine")
                while pgconn.flush():
                    pass
            elif result.status == pq.ExecStatus.COPY_OUT:
                while pgconn.get_copy_data(0)[0] > 0:
                    pass
            result = pgconn.get_result()
    except psycopg.Error:
        connection.close()


def _met_on_a_catalogue_row(error: psycopg.Error) -> bool:
    """DDL of two sessions on one row: GRANT on one table, CREATE OR REPLACE of one function, CREATE ... IF NOT
    EXISTS.
    """
    is_unique_row = error.sqlstate == "23505" and error.diag.schema_name == "pg_catalog"
    return is_unique_row or (error.sqlstate == "XX000" and error.diag.source_function in _TUPLE_FUNCTIONS)


def _words(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).strip() or type(error).__name__
