"""What the text of a statement says of how it may be run on MySQL and MariaDB, without asking the server."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from changelog_engine.model import Consideration

# A comment that the server executes (`/*! .. */`, `/*M! .. */`) is no white space.
SPACE = r"(?:\s|--(?=\s|\Z)[^\n]*(?:\n|\Z)|\#[^\n]*(?:\n|\Z)|/\*(?!M?!)(?:[^*]|\*(?!/))*\*/)"

# The statements of which the manuals of both say that they commit nothing by themselves. Whatever is not among them
# may: DDL of all kinds, but also CALL, EXECUTE, LOCK TABLES, and what later versions bring.
_STAYS_INSIDE = re.compile(
    rf"""{SPACE}*(?:\({SPACE}*)*(?:
        (?:INSERT|UPDATE|DELETE|REPLACE|SELECT|WITH|VALUES|DO|SHOW|EXPLAIN|DESCRIBE|DESC|USE|SIGNAL)\b
      | LOAD{SPACE}+(?:DATA|XML)\b
      | (?:CREATE|DROP){SPACE}+TEMPORARY{SPACE}+TABLE\b
      | SET\b(?!{SPACE}*(?:STATEMENT|PASSWORD|DEFAULT)\b)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# Switching it on commits.
_AUTOCOMMIT = re.compile(rf"{SPACE}*SET\b.*\bautocommit\b", re.IGNORECASE | re.DOTALL)

# What leaves nothing on its connection, unless it names a variable, a lock or a temporary table. All else may: SET,
# USE, PREPARE, CALL, LOCK TABLES. One that is suspected wrongly costs a new connection, no more.
_PASSING = re.compile(
    rf"{SPACE}*(?:INSERT|UPDATE|DELETE|REPLACE|SELECT|WITH|CREATE|ALTER|DROP|RENAME|TRUNCATE|GRANT|REVOKE|ANALYZE|SHOW)\b",
    re.IGNORECASE,
)
_LASTING = re.compile(r"@|/\*M?!|\b(?:TEMPORARY|GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS)\b", re.IGNORECASE)
_DELIMITER = re.compile(rf"{SPACE}*DELIMITER\s", re.IGNORECASE)


_LONGEST_WAIT = 31_536_000
"""A year of seconds, the most that the servers take for ``lock_wait_timeout``."""


def may_commit(sql: str) -> bool:
    """Whether the statement may end the transaction that it stands in, and so has to be recorded by itself."""
    return _STAYS_INSIDE.match(sql) is None or _AUTOCOMMIT.match(sql) is not None


def may_last(sql: str) -> bool:
    """Whether the statement may leave a setting, a variable, a temporary table or a lock on its connection."""
    return _PASSING.match(sql) is None or _LASTING.search(sql) is not None


def is_client_command(sql: str) -> bool:
    """Whether it is the ``DELIMITER`` of the mysql client, which no server knows."""
    return _DELIMITER.match(sql) is not None


def timeouts(consideration: Consideration, kind: str) -> Iterator[tuple[str, str]]:
    """The variables of a session, and their values, that stand for the time-outs (milliseconds) of a changeset."""
    if consideration.lock_timeout is not None:
        # 0 would mean not to wait at all there.
        seconds = math.ceil(consideration.lock_timeout / 1000) or _LONGEST_WAIT
        yield "lock_wait_timeout", str(seconds)
        yield "innodb_lock_wait_timeout", str(seconds)
    if consideration.statement_timeout is not None and kind == "mariadb":
        yield "max_statement_time", f"{consideration.statement_timeout / 1000:.3f}"
    elif consideration.statement_timeout is not None:
        yield "max_execution_time", str(int(consideration.statement_timeout))
