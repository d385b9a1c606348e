"""Many transactions in one journey to the server and back, by the pipeline of PostgreSQL's protocol.

Everything is sent with one sync at the end. Each transaction has its own BEGIN and COMMIT, so that those before a
failure
stay; after it the server skips all that follows, up to the sync.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import BigInteger, ColumnElement, literal_column

from changelog_engine.databases.database import BatchOutcome, Commit, OwnStatement, Row, Transaction
from changelog_engine.errors import DatabaseError, StatementError

ELAPSED_MS: ColumnElement[int] = literal_column(
    "CAST(extract(epoch FROM clock_timestamp() - now()) * 1000 AS bigint)", BigInteger()
)

# COPY to or from the client would break the connection, and blame another transaction for it.
_COPY = re.compile(r"\bCOPY\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Message:
    """One statement on its way. ``transaction`` and ``statement`` count from 0; ``statement`` None is one of the
    engine's.
    """

    sql: str
    parameters: Any
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
) -> tuple[BatchOutcome, Row | None]:
    """Send the transactions, each with the ``closing`` statements before its records, and a ``question`` after them
    all.

    Gives what became of them, and the answer: None after a refusal, as it was then not asked. Raises what
    ``translate`` makes of an error that is not one statement's, such as a lost connection.
    """
    messages = (*_messages(transactions, commit, closing, prepare), _Message(question, None, len(transactions)))
    cursors: list[psycopg.Cursor[Row]] = []
    failure: psycopg.Error | None = None
    try:
        with connection.pipeline():
            try:
                for message in messages:
                    cursor = connection.cursor()
                    cursors.append(cursor)
                    cursor.execute(message.sql, message.parameters, prepare=False)
            except psycopg.Error as error:  # caught inside, for else the end of the pipeline would log a second one
                failure = error
    except psycopg.Error as error:
        failure = failure or error
    returned = _returned(messages, cursors)
    if failure is None:
        return BatchOutcome(returned), cursors[-1].fetchone()
    refused = translate(failure)
    if not isinstance(refused, StatementError):
        raise refused from failure
    at = next((n for n, cursor in enumerate(cursors) if cursor.statusmessage is None), len(cursors) - 1)
    refused.__cause__ = failure
    done = messages[at].transaction
    return BatchOutcome(returned[:done], refused, messages[at].statement), None


def _messages(
    transactions: Sequence[Transaction],
    commit: Commit,
    closing: Sequence[str],
    prepare: Callable[[OwnStatement], tuple[str, Any]],
) -> Iterator[_Message]:
    for number, transaction in enumerate(transactions):
        if commit is Commit.EACH:
            yield _Message("BEGIN", None, number)
        for index, sql in enumerate(transaction.statements):
            yield _Message(sql, None, number, index)
        if transaction.statements:
            for sql in closing:
                yield _Message(sql, None, number)
        for index, record in enumerate(transaction.records):
            sql, parameters = prepare(record)
            yield _Message(sql, parameters, number, is_first_record=index == 0)
        if commit is Commit.EACH:
            yield _Message("COMMIT", None, number)


def _returned(messages: Sequence[_Message], cursors: Sequence[psycopg.Cursor[Row]]) -> tuple[Row | None, ...]:
    """The first row of each transaction's first record."""
    rows: list[Row | None] = []
    for message, cursor in zip(messages, cursors, strict=False):
        if message.is_first_record:
            rows.append(cursor.fetchone() if cursor.statusmessage is not None and cursor.description else None)
    return tuple(rows)
