"""From a URL to a session. Drivers are imported only when a connection is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module

from changelog_engine.databases.database import Access, Session
from changelog_engine.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class DatabaseKind:
    """``module`` has ``open_session``; ``driver`` is the one that SQLAlchemy is told to use; ``package`` brings it."""

    module: str
    driver: str
    package: str


KINDS = {
    "postgresql": DatabaseKind("changelog_engine.databases.postgresql", "psycopg", "psycopg[binary]"),
    "sqlite": DatabaseKind("changelog_engine.databases.sqlite", "pysqlite", "the sqlite3 module of Python"),
    "mysql": DatabaseKind("changelog_engine.databases.mysql", "pymysql", "changelog-engine[mysql]"),
    "mariadb": DatabaseKind("changelog_engine.databases.mysql", "pymysql", "changelog-engine[mysql]"),
}
ALIASES = {"postgres": "postgresql"}

EXAMPLES = (
    "write it as `postgresql://user@host:5432/database`, `mysql://user@host:3306/database` or `sqlite:///file.db`"
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(?:\+([A-Za-z0-9_]+))?://")
_USER = re.compile(r"([^:/?#]+://)([^:/@?#]*):(.*)$", re.DOTALL)
_PLAIN_PASSWORD = re.compile(r"[^@/?#\s]*(@[^@?]*(?:\?[\w.]+=.*)?)$", re.DOTALL)
_SECRET_OPTION = re.compile(r"([?&][^=&]*(?:pass|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)


def database_kind(url: str) -> str:
    """The kind of database that a URL means (``dbms``), without connecting. Raises :class:`ConfigurationError`."""
    kind, driver = _scheme(url)
    wanted = KINDS[kind].driver
    if driver not in (None, wanted):
        raise ConfigurationError(
            f"the driver `{driver}` in the database URL is not supported",
            hint=f"write `{kind}://`, which means `{kind}+{wanted}://`",
        )
    return kind


def redact(url: str) -> str:
    """The URL with ``***`` in place of its password, whatever shape it has: fit for messages."""
    match = _USER.match(url)
    if match is not None and "@" in match[3]:
        plain = _PLAIN_PASSWORD.match(match[3])
        # A password with unescaped signs in it: rather hide too much than show a part of it.
        rest = plain[1] if plain else match[3][match[3].rindex("@") :]
        url = f"{match[1]}{match[2]}:***{rest}"
    return _SECRET_OPTION.sub(r"\1***", url)


def connect(
    url: str, access: Access, *, name: str = "changelog", opened: object = None, is_scratch: bool = False
) -> Session:
    """Connect to the database at a URL; ``name`` is how the session names itself to the server.

    ``opened`` is a driver's connection that was made by the first look, and is taken over. What is written to a
    scratch file need not outlive a crash of the machine, which makes that four times as fast.

    Raises :class:`ConfigurationError` where the URL or the driver is at fault and
    :class:`~changelog_engine.errors.ConnectionFailedError` where the database is not to be reached; no message ever
    holds a password.
    """
    kind = KINDS[database_kind(url)]
    try:
        module = import_module(kind.module)
    except ImportError as error:
        # A driver that misses a library of its own names no module; one of ours that is missing is a bug.
        if (error.name or "").partition(".")[0] == __name__.partition(".")[0]:
            raise
        raise ConfigurationError(
            f"the driver for {database_kind(url)} is not installed: {error}",
            hint=f"install it: `pip install '{kind.package}'`",
        ) from error
    taken: dict[str, object] = {} if opened is None else {"opened": opened}
    if is_scratch and database_kind(url) == "sqlite":
        taken["is_scratch"] = True
    session: Session = module.open_session(url, access, name, redact(url), **taken)
    return session


def _scheme(url: str) -> tuple[str, str | None]:
    match = _SCHEME.match(url)
    if match is None:
        raise ConfigurationError("the database URL is not a URL", hint=EXAMPLES)
    kind = ALIASES.get(match[1].lower(), match[1].lower())
    if kind not in KINDS:
        raise ConfigurationError(
            f"the database kind `{match[1]}` is not supported", hint=f"supported are {', '.join(sorted(KINDS))}"
        )
    return kind, match[2]
