"""How a connection to PostgreSQL is asked for, and what to say where none is to be had."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from changelog_engine.databases.database import Access
from changelog_engine.databases.urls import driver_arguments
from changelog_engine.errors import ConnectionFailedError

# A host or a network that is lost must not keep the lock for hours: both sides notice after a minute. Keep-alives do it
# where nothing is under way; what was sent and is not acknowledged would be sent again for a quarter of an hour.
_KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_SERVER_KEEPALIVES = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
# PostgreSQL 12 and later.
_SERVER_ACKNOWLEDGED = "-c tcp_user_timeout=60000"
# PostgreSQL 14 and later: a statement whose client is gone is ended, and does not run on for hours with the lock.
_CLIENT_CHECK = "-c client_connection_check_interval=10000"
_READ_ONLY = "-c default_transaction_read_only=on"
_CONNECT_SECONDS = 10

_SCHEME = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://", re.IGNORECASE)
_HOST = r"[\w.-]*(?::\d+)?"
# What libpq and SQLAlchemy read alike; several hosts libpq alone can read.
_PLAIN = re.compile(
    rf"{_SCHEME.pattern}(?:[^:/?#@+\s]+(?::[^:/?#@+\s]*)?@)?{_HOST}(?:,{_HOST})*"
    r"(?:/[^/?#@+%\s]*)?(?:\?(?P<query>[^?#+\s]*))?",
    re.IGNORECASE,
)

_HINTS = (
    (
        ("password authentication failed", "no password supplied", "fe_sendauth"),
        "check the user and the password: in the URL, in PGPASSWORD or in the password file (~/.pgpass)",
    ),
    (
        ("no pg_hba.conf entry",),
        "the server's pg_hba.conf does not let this user in from here",
    ),
    (("permission denied for database",), "let the user connect: `GRANT CONNECT ON DATABASE ... TO ...`"),
    (("role",), "create the user, or name another one in the URL"),
    (("database",), "create the database (`createdb NAME`), or name another one in the URL"),
    (
        ("resolve", "translate host name", "name or service not known", "nodename nor servname"),
        "check the host name in the URL",
    ),
    (("timeout", "timed out"), "check the host and the port in the URL, and the firewalls on the way"),
    (
        ("refused", "no such file or directory", "unreachable", "no route"),
        "check the host and the port in the URL, and whether the server is running there",
    ),
    (("ssl", "certificate"), "check `sslmode` and the certificates in the URL"),
    (("too many", "remaining connection slots"), "wait until other clients have gone, or raise max_connections"),
    (("starting up", "shutting down", "recovery"), "wait for the server, and try again"),
)


def options_of(url: str) -> dict[str, Any]:
    """What a URL says, by libpq's names. Raises ConfigurationError.

    A plain one is read by libpq, as SQLAlchemy takes longer to import than all else here.
    """
    plain = _PLAIN.fullmatch(url)
    if plain is not None and _names_once(plain["query"] or ""):
        with suppress(psycopg.ProgrammingError):
            return conninfo_to_dict(_SCHEME.sub("postgresql://", url, count=1))
    # The context is how SQLAlchemy wants values to be read, which is nothing of the URL's.
    return {name: value for name, value in driver_arguments(url)[1].items() if name != "context"}


def _names_once(query: str) -> bool:
    """Whether each option is given once: of several hosts libpq would take the last."""
    names = [option.partition("=")[0] for option in query.split("&")]
    return len(names) == len(set(names))


def connect_arguments(options: Mapping[str, Any], access: Access, name: str) -> dict[str, Any]:
    """What psycopg is given: the URL's own options, and ours where neither the URL nor libpq's environment has any."""
    defaults = {option.keyword.decode(): option.val for option in pq.Conninfo.get_defaults()}
    arguments = {"fallback_application_name": name, **_KEEPALIVES, **options}
    if not defaults.get("connect_timeout"):
        arguments.setdefault("connect_timeout", _CONNECT_SECONDS)
    # As options of the connection, so that RESET ALL comes back to them. The user's own come later, and win.
    ours = [_CLIENT_CHECK, _SERVER_KEEPALIVES, _SERVER_ACKNOWLEDGED, *([_READ_ONLY] if access is Access.READ else [])]
    theirs = options.get("options", (defaults.get("options") or b"").decode())
    arguments["options"] = " ".join([*ours, theirs]).strip()
    arguments["client_encoding"] = "utf8"
    return arguments | {"autocommit": True, "prepare_threshold": None}


def without_options(
    error: psycopg.Error, arguments: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The arguments for a second try, where the server or a pooler refused our settings; None where it was not that."""
    words = str(error)
    if "startup parameter" in words or "tcp_keepalives" in words:
        plainer = {key: value for key, value in arguments.items() if key != "options"}
        return plainer | ({"options": options["options"]} if "options" in options else {})
    if "client_connection_check_interval" in words:
        older = arguments["options"].replace(_CLIENT_CHECK, "").replace(_SERVER_ACKNOWLEDGED, "")
        return {**arguments, "options": older.strip()}
    return None


def connection_failed(error: psycopg.Error, options: Mapping[str, Any], location: str) -> ConnectionFailedError:
    """The error for a connection that was not to be had: what the driver says, without the password, and the remedy."""
    password = options.get("password")
    lines = [line.strip(" \t-") for line in str(error).splitlines()]
    words = "; ".join(dict.fromkeys(line.removeprefix("connection failed: ") for line in lines if line))
    if password and password not in (options.get("user"), options.get("dbname"), options.get("host")):
        words = words.replace(password, "***")
    return ConnectionFailedError(f"no connection to `{location}`: {words}", hint=_hint(words.lower()))


def _hint(words: str) -> str:
    for marks, hint in _HINTS:
        if any(mark in words for mark in marks):
            if marks in (("role",), ("database",)) and "does not exist" not in words:
                continue
            return hint
    return "check the database URL, and whether the server is running"


def way_to(connection: psycopg.Connection[Any]) -> tuple[str, str | None, int, str]:
    """How a program gets at the same database: a connection string, the password, the server's major version, and its
    host and port.
    """
    info = connection.info
    said = info.get_parameters()
    # What libpq fills in by itself where nobody has said it, and a program with an older libpq does not know.
    if said.get("sslcertmode") == "allow":
        del said["sslcertmode"]
    conninfo = psycopg.conninfo.make_conninfo(**said)
    return conninfo, info.password or None, info.server_version // 10000, f"{info.host}:{info.port}"
