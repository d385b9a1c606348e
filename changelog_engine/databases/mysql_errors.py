"""What MySQL, MariaDB and their driver say when they refuse something, as errors of ours with the remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pymysql

from changelog_engine.databases.mysql_statements import is_client_command
from changelog_engine.errors import ConnectionFailedError, ConnectionLostError, DatabaseError, StatementError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

# The connection is gone: of the client's numbers (2xxx), and of the servers'.
_LOST = frozenset({2006, 2013, 2055, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031})
# The statement is refused because a transaction is open, before it has done anything.
_NOT_INSIDE = frozenset({1179, 1399, 1559, 1560, 1568, 1685, 1694, 1766})
# Lock time-out, deadlock, and a row that another transaction has changed since.
_PASSING = frozenset({1205, 1213, 1020})
_NEAR = re.compile(r"near '(.*)' at line (\d+)\Z", re.DOTALL)

_HINTS = {
    1044: "grant the user rights on this database: `GRANT ... ON database.* TO user`",
    1142: "grant the user the right that the message names",
    1143: "grant the user the right that the message names",
    1227: "the statement needs a privilege that the message names: grant it, or run it as somebody who has it",
    1370: "grant the user the right that the message names",
    1205: "somebody else holds rows or the table that it needs: try again, or see `SHOW PROCESSLIST`",
    1213: "it and another transaction waited for each other: try again",
    1290: "the server, or this replica, is read-only: connect to the primary",
    1836: "the server is read-only: connect to the primary",
    1419: "set `log_bin_trust_function_creators = 1` on the server, or grant the user SUPER",
    1153: "raise `max_allowed_packet` on the server",
    1792: "this connection only reads",
    1148: "LOAD DATA LOCAL is not supported: put the file on the server, or use INSERT",
    3948: "LOAD DATA LOCAL is not supported: put the file on the server, or use INSERT",
    4166: "LOAD DATA LOCAL is not supported: put the file on the server, or use INSERT",
}
_CONNECTION_HINTS = {
    1045: "check the user and the password in the URL, and that the user may connect from this host",
    1698: "check the user and the password in the URL; this user may be let in over the server's socket only",
    1044: "grant the user rights on this database: `GRANT ... ON database.* TO user`",
    1049: "create it: `CREATE DATABASE ... CHARACTER SET utf8mb4`, or name another one in the URL",
    1040: "wait until other clients have gone, or raise max_connections",
    1203: "wait until this user's other connections have gone",
    1129: "too many connections failed before: `mariadb-admin flush-hosts` on the server lets this host in again",
    1130: "let the user connect from this host: `CREATE USER user@host ...`",
}
_WORDS = (
    (("name or service not known", "nodename nor servname", "getaddrinfo", "name resolution"), "check the host name"),
    (("timed out", "timeout"), "check the host and the port in the URL, and the firewalls on the way"),
    (("cryptography",), "`pip install cryptography`, or use TLS or the server's socket"),
    (("ssl", "certificate", "tls"), "check `ssl_ca`, `ssl_cert`, `ssl_key` and the like in the URL"),
    (
        ("refused", "no such file", "no socket", "can't connect", "unreachable"),
        "check the host and the port in the URL, and whether the server is running there",
    ),
)


def number_and_words(error: BaseException) -> tuple[int, str]:
    """The error's number, 0 where it has none, and what it says."""
    arguments = error.args
    if len(arguments) > 1 and isinstance(arguments[0], int):
        return arguments[0], " ".join(str(arguments[1]).split("\n")).strip() or type(error).__name__
    return 0, str(error).strip() or type(error).__name__


def connection_failed(error: BaseException, url: URL, location: str) -> ConnectionFailedError:
    """The error for a connection that was not to be had, without the password."""
    number, words = number_and_words(error)
    if url.password and url.password not in (url.username, url.database, url.host):
        words = words.replace(url.password, "***")
    lowered = words.lower()
    hint = _CONNECTION_HINTS.get(number) or next(
        (hint for marks, hint in _WORDS if any(mark in lowered for mark in marks)),
        "check the database URL, and whether the server is running",
    )
    return ConnectionFailedError(f"no connection to `{location}`: {words}", hint=hint)


def translate(error: BaseException, sql: str, location: str, *, is_open: bool) -> DatabaseError:
    """What was said to a statement; ``is_open`` whether the driver still has its connection after it."""
    number, words = number_and_words(error)
    if not is_open or number in _LOST or isinstance(error, pymysql.InterfaceError):
        return ConnectionLostError(
            f"the connection to `{location}` is lost: {words if number else 'it was closed'}",
            hint="see whether the server is up, and run the command again: it goes on where this one stopped",
        )
    hint = _HINTS.get(number)
    if number == 1064 and is_client_command(sql):
        hint = (
            "`DELIMITER` is a command of the mysql client: leave it out, as the body of a routine is not cut at its "
            "`;`, or say `statements: {delimiter: ...}`"
        )
    return StatementError(
        words,
        sqlstate=str(number) if number else None,
        position=_position(words, sql) if number == 1064 else None,
        hint=hint,
        refuses_transaction=number in _NOT_INSIDE,
        may_pass=number in _PASSING,
    )


def _position(words: str, sql: str) -> int | None:
    """Where the text stands that a syntax error quotes; it is the rest of the statement, some 80 characters of it."""
    match = _NEAR.search(words)
    if match is None or not match[1]:
        return None
    line = [0, *(found.end() for found in re.finditer("\n", sql))]
    start = line[min(int(match[2]), len(line)) - 1]
    # Line ends became blanks in the words.
    place = sql.replace("\n", " ").find(match[1], start)
    return place if place >= 0 else None
