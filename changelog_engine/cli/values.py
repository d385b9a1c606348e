"""Values of options: each read by a function that says in words what is wrong with a text (exit code 2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click

Context = click.Context
Option = click.Parameter


def parse_parameters(context: Context, option: Option, texts: tuple[str, ...]) -> dict[str, str]:
    """``name=value`` texts by name; of two with the same name the later counts."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
            # Only the name is repeated: what follows may be a password.
            raise click.BadParameter(f"`{name}` is not `name=value`, such as `--param region=eu`", context, option)
        values[name] = value
    return values


def parse_seconds(context: Context, option: Option, text: str | None) -> float | None:
    """A number of seconds, 0 or more."""
    from changelog_engine.settings_file import parse_lock_wait

    try:
        return None if text is None else parse_lock_wait(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from None


def parse_moment(context: Context, option: Option, text: str | None) -> datetime | None:
    """An ISO date (its first moment) or date and time, in UTC; without an offset it is local time."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(
            f"`{text}` is neither a date nor a date and time, such as `2026-03-31`, `2026-03-31T18:00` (local time) or"
            " `2026-03-31T18:00Z`",
            context,
            option,
        ) from None


def parse_head(context: Context, option: Option, text: str | None) -> tuple[int, str] | None:
    """``SEQ:HASH`` as `history --verify` prints it, as a pair."""
    if text is None:
        return None
    match = re.fullmatch(r"(0):()|([1-9][0-9]*):(\d+:[0-9a-f]{64})", text.strip())
    if match is None:
        message = f"`{text}` is not `SEQ:HASH`, as `changelog history --verify` prints it"
        raise click.BadParameter(message, context, option)
    return int(match[1] or match[3]), match[4] or ""


def read_file(file: str, what: str, remedy: str) -> str:
    """The text of a file that an option names; UsageError where it cannot be read."""
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        from changelog_engine.errors import UsageError

        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"the {what} {file} cannot be read: {reason}", hint=remedy) from None


def write_file(file: str, option: str, text: str) -> None:
    """Write the file that an option names; UsageError where that is not possible."""
    try:
        Path(file).write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        from changelog_engine.errors import UsageError

        raise UsageError(
            f"{file} cannot be written: {error.strerror}", hint=f"name another file with `{option}`"
        ) from None
