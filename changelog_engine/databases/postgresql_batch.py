"""Many transactions in one journey to the server and back, by the pipeline of PostgreSQL's protocol.

Everything is sent with one sync at the end. Each transaction has its own BEGIN and COMMIT, so that those before a
failure stay; after it the server skips all that follows, up to the sync. Written on ``psycopg.pq``, libpq itself: a
cursor for each of some ten thousand messages costs the client more than all else that it does.
"""

from __future__ import annotations

import re
import select
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result
from sqlalchemy import BigInteger, ColumnElement, literal_column

from changelog_engine.databases.database import BatchOutcome, Commit, OwnStatement, Row, Transaction
from changelog_engine.errors import DatabaseError, StatementError

ELAPSED_MS: ColumnElement[int] = literal_column(
    "CAST(extract(epoch FROM clock_timestamp() - now()) * 1000 AS bigint)", BigInteger()
)

# COPY to or from the client would break the connection, and blame another transaction for it.
_COPY = re.compile(r"\bCOPY\b", re.IGNORECASE)
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")
_FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE, pq.ExecStatus.NONFATAL_ERROR)


@dataclass(frozen=True, slots=True)
class _Message:
    """One statement on its way; ``transaction`` and ``statement`` count from 0, ``statement`` None is the engine's own."""

    sql: bytes
    parameters: tuple[bytes | None, ...]
    transaction: int
    statement: int | None = None
    is_first_record: bool = False


def joins_batch(sql: str) -> bool:
    """A COPY cannot, nor what looks like one."""
    return _COPY.search(sql) is None


def run_batch(
    connection: psycopg.Connection[Row],
    transactions: Sequence[Transaction],
    commit: Commit,
    closing: Sequence[str],
    question: str,
    prepare: Callable[[OwnStatement], tuple[str, Any]],
    translate: Callable[[psycopg.Error], DatabaseError],
) -> tuple[BatchOutcome, int | None]:
    """Send the transactions, each with the ``closing`` statements before its records, and a ``question`` after them.

    Gives what became of them, and the number that answers the question: None after a refusal, as it was then not asked.
    Raises what ``translate`` makes of an error that is not one statement's, such as a lost connection.
    """
    last = _Message(question.encode(), (), len(transactions))
    messages = (*_messages(transactions, commit, closing, prepare), last)
    try:
        results = _exchange(connection.pgconn, messages)
    except psycopg.Error as error:
        raise translate(error) from error
    returned: list[Row | None] = []
    for message, result in zip(messages, results, strict=True):
        if result.status in _FAILED:
            failure = error_from_result(result)
            refused = translate(failure)
            if not isinstance(refused, StatementError):
                raise refused from failure
            refused.__cause__ = failure
            return BatchOutcome(tuple(returned[: message.transaction]), refused, message.statement), None
        if message.is_first_record:
            returned.append((_number(result),) if result.ntuples else None)
    return BatchOutcome(tuple(returned)), _number(results[-1])


def _messages(
    transactions: Sequence[Transaction],
    commit: Commit,
    closing: Sequence[str],
    prepare: Callable[[OwnStatement], tuple[str, Any]],
) -> Iterator[_Message]:
    closing_messages = [sql.encode() for sql in closing]
    for number, transaction in enumerate(transactions):
        if commit is Commit.EACH:
            yield _Message(b"BEGIN", (), number)
        for index, sql in enumerate(transaction.statements):
            yield _Message(sql.encode(), (), number, index)
        if transaction.statements:
            for closing_sql in closing_messages:
                yield _Message(closing_sql, (), number)
        for index, record in enumerate(transaction.records):
            text, values = prepare(record)
            numbered, names = _numbered(text)
            parameters = tuple(None if values[name] is None else str(values[name]).encode() for name in names)
            yield _Message(numbered, parameters, number, is_first_record=index == 0)
        if commit is Commit.EACH:
            yield _Message(b"COMMIT", (), number)


@lru_cache(maxsize=16)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """One of the engine's statements with ``$1`` for ``%(name)s``, as libpq wants it, and the names in that order."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] is None:
            return "%"
        names.append(match[1])
        return f"${len(names)}"

    return _PARAMETER.sub(number, sql).encode(), tuple(names)


def _exchange(pgconn: pq.abc.PGconn, messages: Sequence[_Message]) -> list[pq.abc.PGresult]:
    """Send every message and one sync; gives the result of each. Reads while it writes: the server may wait for that."""
    was_nonblocking = pgconn.nonblocking
    pgconn.nonblocking = 1
    pgconn.enter_pipeline_mode()
    try:
        results: list[pq.abc.PGresult] = []
        waiting = select.poll()
        sending = _send(pgconn, messages)
        is_sending, is_synced = True, False
        while not is_synced:
            waiting.register(pgconn.socket, select.POLLIN | (select.POLLOUT if is_sending else 0))
            ready = waiting.poll()[0][1]
            if ready & ~select.POLLOUT:
                pgconn.consume_input()
                is_synced = _collect(pgconn, results)
            if is_sending and ready & select.POLLOUT:
                is_sending = next(sending, None) is not None
        return results
    finally:
        if pgconn.status == pq.ConnStatus.OK:
            pgconn.exit_pipeline_mode()
            pgconn.nonblocking = was_nonblocking


def _send(pgconn: pq.abc.PGconn, messages: Sequence[_Message]) -> Iterator[str]:
    """Hand libpq the messages and the sync; stops at each point where the network takes no more for now."""
    for message in messages:
        pgconn.send_query_params(message.sql, message.parameters)
        while pgconn.flush():
            yield "full"
    pgconn.pipeline_sync()
    while pgconn.flush():
        yield "full"


def _collect(pgconn: pq.abc.PGconn, results: list[pq.abc.PGresult]) -> bool:
    """Take the results that are there; True when the sync's is among them."""
    while not pgconn.is_busy():
        # None ends the results of one message; a second one means that there is nothing more for now
        result = pgconn.get_result() or (None if pgconn.is_busy() else pgconn.get_result())
        if result is None:
            return False
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            return True
        results.append(result)
    return False


def _number(result: pq.abc.PGresult) -> int | None:
    value = result.get_value(0, 0)
    return None if value is None else int(value)
