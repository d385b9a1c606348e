"""Many transactions in one journey to the server and back, by the pipeline of PostgreSQL's protocol.

Everything is sent with one sync at the end. Each transaction has its own BEGIN and COMMIT, so that those before a
failure stay; after it the server skips all that follows, up to the sync. A transaction is made when it is about to be
sent, while the server works on those before it. Written on ``psycopg.pq``, libpq itself: a cursor for each of some ten
thousand messages costs the client more than all else that it does.

Only the last COMMIT waits for the disk, and for a standby that is waited for: it brings all before it there too, since
the server's log is written in order. A server that crashes before that may lose the latest transactions of the batch,
each with its records, and never one without those after it.
"""

from __future__ import annotations

import re
import select
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from changelog_engine.databases.database import PREAMBLE, BatchOutcome, Commit, Done, Row, Transaction
from changelog_engine.errors import DatabaseError, StatementError

ELAPSED_MS = "CAST(extract(epoch FROM clock_timestamp() - now()) * 1000 AS bigint)"

# COPY to or from the client would break the connection, and blame another transaction for it.
_COPY = re.compile(r"\bCOPY\b", re.IGNORECASE)
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")
_CANCEL_AGAIN_MS = 500
_FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE, pq.ExecStatus.NONFATAL_ERROR)


class _Message(NamedTuple):
    """One statement on its way; ``statement`` counts from 0 in its transaction, None is the engine's own."""

    sql: bytes
    parameters: tuple[bytes | None, ...] = ()
    statement: int | None = None
    is_first_record: bool = False
    is_last: bool = False


_BEGIN, _COMMIT = _Message(b"BEGIN"), _Message(b"COMMIT", is_last=True)
_COMMIT_SOON = _Message(b"SET LOCAL synchronous_commit TO off")
"""What the next COMMIT writes is on disk within moments (three times ``wal_writer_delay``, 0.6 s by default)."""


def joins_batch(sql: str) -> bool:
    """A COPY cannot, nor what looks like one."""
    return _COPY.search(sql) is None


class Batch:
    """Transactions on their way over one connection, each with the ``closing`` statements before its records.

    ``question`` is asked after them all, for one number.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        transactions: Iterable[Transaction],
        commit: Commit,
        *,
        closing: Sequence[str],
        question: str,
    ) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._coming = _messages(transactions, commit, closing)
        self._question = _Message(question.encode())
        self._sent: list[_Message] = []
        self._results: list[pq.abc.PGresult] = []
        self._row: Row | None = None
        self._done = 0
        self._is_cancelled = False

    def run(
        self, done: Done, cancel: Callable[[], None], translate: Callable[[psycopg.Error], DatabaseError]
    ) -> tuple[BatchOutcome, int | None]:
        """Send everything; gives what became of it, and the answer: None after a refusal, as it was then not asked.

        Raises what ``translate`` makes of an error that is not one statement's, such as a lost connection.
        """
        try:
            self._exchange(done, cancel)
        except psycopg.Error as error:
            raise translate(error) from error
        for message, result in zip(self._sent, self._results, strict=True):
            if result.status in _FAILED:
                return self._refused(message, error_from_result(result), translate), None
        return BatchOutcome(self._done), _number(self._results[-1])

    def _refused(
        self, message: _Message, failure: psycopg.Error, translate: Callable[[psycopg.Error], DatabaseError]
    ) -> BatchOutcome:
        if self._is_cancelled:  # what was begun in that moment does not count, whatever ended it
            return BatchOutcome(self._done)
        refused = translate(failure)
        if not isinstance(refused, StatementError):
            raise refused from failure
        refused.__cause__ = failure
        return BatchOutcome(self._done, refused, message.statement)

    def _exchange(self, done: Done, cancel: Callable[[], None]) -> None:
        """Send every message and one sync, and take all the results; reads while it writes: the server may wait for
        that.
        """
        pgconn = self._pgconn
        was_nonblocking = pgconn.nonblocking
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        try:
            waiting = select.poll()
            sending = self._send()
            is_sending, is_synced = True, False
            while not is_synced:
                waiting.register(pgconn.socket, select.POLLIN | (select.POLLOUT if is_sending else 0))
                events = waiting.poll(_CANCEL_AGAIN_MS if self._is_cancelled else None)
                if not events:
                    # Between two statements the server takes no notice of it.
                    cancel()
                    continue
                ready = events[0][1]
                if ready & ~select.POLLOUT:
                    pgconn.consume_input()
                    is_synced = self._collect(done, cancel)
                if is_sending and ready & select.POLLOUT:
                    is_sending = next(sending, None) is not None
        finally:
            if pgconn.status == pq.ConnStatus.OK:
                pgconn.exit_pipeline_mode()
                pgconn.nonblocking = was_nonblocking

    def _send(self) -> Iterator[str]:
        """Hand libpq the messages and the sync; stops after each transaction, and where the network takes no more.

        A flush request after each transaction has the server tell of it as it is done, and not at the end of all.
        """
        pgconn = self._pgconn
        for message in self._coming:
            self._hand_over(message)
            if message.is_last:
                pgconn.send_flush_request()
                while pgconn.flush():
                    yield "full"
                yield "sent"
        self._hand_over(self._question)
        pgconn.pipeline_sync()
        while pgconn.flush():
            yield "full"

    def _hand_over(self, message: _Message) -> None:
        self._sent.append(message)
        self._pgconn.send_query_params(message.sql, message.parameters)

    def _collect(self, done: Done, cancel: Callable[[], None]) -> bool:
        """Take the results that are there; True when the sync's is among them."""
        pgconn = self._pgconn
        while not pgconn.is_busy():
            # None ends the results of one message; a second one means that there is nothing more for now
            result = pgconn.get_result() or (None if pgconn.is_busy() else pgconn.get_result())
            if result is None:
                return False
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return True
            self._take(result, done, cancel)
        return False

    def _take(self, result: pq.abc.PGresult, done: Done, cancel: Callable[[], None]) -> None:
        message = self._sent[len(self._results)]
        self._results.append(result)
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            return
        if message.is_first_record:
            self._row = (_number(result),) if result.ntuples else None
        if message.is_last:
            self._done += 1
            if done(self._row) and not self._is_cancelled:
                self._is_cancelled = True
                cancel()


def _messages(
    transactions: Iterable[Transaction],
    commit: Commit,
    closing: Sequence[str],
) -> Iterator[_Message]:
    closing_messages = [_Message(sql.encode()) for sql in closing]
    is_alone = commit is Commit.EACH
    for transaction, is_followed in _followed(transactions):
        if is_alone:
            yield _BEGIN
        for sql in transaction.preamble:
            yield _Message(sql.encode(), statement=PREAMBLE)
        for index, sql in enumerate(transaction.statements):
            yield _Message(sql.encode(), statement=index)
        if transaction.statements:
            yield from closing_messages
        if is_alone and is_followed:
            yield _COMMIT_SOON
        count = len(transaction.records)
        for index, record in enumerate(transaction.records):
            numbered, names = _numbered(record.sql)
            values = [record.parameters[name] for name in names]
            parameters = tuple(None if value is None else str(value).encode() for value in values)
            is_last = index == count - 1 and not is_alone
            yield _Message(numbered, parameters, is_first_record=index == 0, is_last=is_last)
        if is_alone:
            yield _COMMIT


def _followed(transactions: Iterable[Transaction]) -> Iterator[tuple[Transaction, bool]]:
    """Each transaction, and whether one comes after it."""
    coming = iter(transactions)
    transaction = next(coming, None)
    while transaction is not None:
        following = next(coming, None)
        yield transaction, following is not None
        transaction = following


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


def _number(result: pq.abc.PGresult) -> int | None:
    value = result.get_value(0, 0)
    return None if value is None else int(value)
