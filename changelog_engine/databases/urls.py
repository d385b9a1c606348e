"""Database URLs as SQLAlchemy reads them, which is what a URL means here; it is imported only where that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from changelog_engine.databases.connect import EXAMPLES, KINDS, database_kind, redact
from changelog_engine.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def parse_url(url: str) -> URL:
    """The URL, with the driver that we use. Raises ConfigurationError, without the password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    kind = database_kind(url)
    unreadable = ConfigurationError(
        f"the database URL `{redact(url)}` cannot be read",
        hint=f"{EXAMPLES}; in a password write `@` as `%40`, `:` as `%3A`, `/` as `%2F`",
    )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # `from None`: what the library says may quote a piece of the password.
        raise unreadable from None
    if "@" in (parsed.host or ""):
        # A piece of the password, which whoever looks for the host would show.
        raise unreadable
    return parsed.set(drivername=f"{kind}+{KINDS[kind].driver}")


def driver_arguments(url: str, hint: str = EXAMPLES) -> tuple[list[Any], dict[str, Any]]:
    """What the driver of a URL is given, in order and by name. Raises ConfigurationError with the ``hint``."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError

    parsed = parse_url(url)
    try:
        arguments, options = create_engine(parsed).dialect.create_connect_args(parsed)
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"the database URL `{redact(url)}` cannot be read", hint=hint) from None
    return list(arguments), dict(options)


def with_database(url: str, name: str) -> str:
    """The URL of another database of the same server. Raises ConfigurationError where ``url`` is none."""
    parsed = parse_url(url)
    return parsed.set(database=name, drivername=database_kind(url)).render_as_string(hide_password=False)
