"""What ended a command, in the words and fields that are shown: ours, click's, a signal, or a bug."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click

from changelog_engine.cli.options import Call
from changelog_engine.errors import (
    BackupFailedError,
    ChangelogEngineError,
    ChangesetFailedError,
    InvalidChangelogError,
    PreconditionFailedError,
    TooMuchForOneTransactionError,
)
from changelog_engine.model import Location, Problem

REPORT = "this is a bug: report it with the version (`changelog --version`) and what `--verbose` prints"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of any origin in the words and the fields that are shown."""

    code: str
    message: str
    hint: str | None = None
    changeset: str | None = None
    statement: str | None = None
    location: Location | None = None
    state: str = ""
    """What the failed changeset has left in the database."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    result: Any = None
    trace: str = ""


def describe_failure(error: BaseException, call: Call) -> Failure:
    """The words and fields of whatever ended a command; those of an unforeseen error hold nothing of its message."""
    match error:
        case InvalidChangelogError():
            return Failure(
                error.code, error.message, error.hint, problems=error.problems, warnings=error.facts.get("warnings", ())
            )
        case ChangelogEngineError():
            hint, state = error.hint, ""
            if isinstance(error, ChangesetFailedError) and "result" in error.facts:
                state, next_step = _after_failure(error, call)
                hint = "; then ".join(part for part in (hint, next_step) if part)
            return Failure(
                error.code,
                error.message,
                hint,
                error.changeset,
                error.statement,
                error.location,
                state,
                result=error.facts.get("result"),
            )
        case click.ClickException():
            return _describe_usage(error)
        case click.Abort() | KeyboardInterrupt():
            return Failure("interrupted", "interrupted")
        case Exception():
            return _describe_bug(error, call)
        case _:
            return Failure("interrupted", "terminated")


def _after_failure(error: ChangesetFailedError, call: Call) -> tuple[str, str]:
    """What state the database is in after a changeset failed in the middle of a run, and what to do next."""
    plan = call.lines.plan if call.lines is not None else None
    step = next((step for step in plan.steps if step.id == error.changeset), None) if plan is not None else None
    again = f"`changelog {call.command}` goes on where this run ended"
    mend = f"mend {f'`{error.changeset}`' if error.changeset else 'it'}, and {again}"
    if call.given.get("atomic"):
        state = "nothing of this run is left: all of it was one transaction"
        is_sound = isinstance(error, TooMuchForOneTransactionError)
        return state, "" if is_sound else f"{mend.partition(',')[0]}, and run it again"
    if isinstance(error, BackupFailedError):
        # It says itself that nothing was changed; and it is not the changeset that has to be mended.
        return "", again
    if step is None or isinstance(error, PreconditionFailedError):
        return "", mend
    if error.facts.get("is_undone", step.transaction):
        return f"`{step.id}` left nothing behind: its transaction was rolled back", mend
    why = "on this database DDL commits by itself" if step.transaction else "it runs outside of a transaction"
    state = f"`{step.id}`: {why}, so what its statements did before that stays"
    return state, f"see `changelog status` for how far it came; {mend}"


def _describe_usage(error: click.ClickException) -> Failure:
    """Click's own errors, in our style: lower case, no full stop, names in backticks."""
    message, hint = error.format_message(), None
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "changelog"
    if isinstance(error, click.NoSuchOption):
        message = f"`{path}` has no option `{error.option_name}`"
        near = error.possibilities or []
        if near:
            hint = f"did you mean {' or '.join(f'`{name}`' for name in near[:3])}?"
        elif context is not None and context.parent is None:
            hint = "options come after the command, such as `changelog status --url URL`"
    elif isinstance(error, click.BadParameter) and error.param is not None:
        name = (
            "/".join(error.param.opts) if error.param.param_type_name == "option" else error.param.human_readable_name
        )
        if isinstance(error, click.MissingParameter):
            message = f"`{path}` needs {'the option ' if name.startswith('-') else ''}`{name}`"
        else:
            message = f"`{name}`: {_in_style(error.message)}"
    return Failure("usage", _in_style(message), hint or f"`{path} --help` explains it")


def _in_style(message: str) -> str:
    message = re.sub(r"'([^']*)'", r"`\1`", message.strip()).rstrip(".")
    return message[:1].lower() + message[1:]


def _describe_bug(error: Exception, call: Call) -> Failure:
    # The message of an unforeseen error may hold anything, a password too: its type and place are enough here.
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    trace = _without_secrets("".join(traceback.format_exception(error)), call) if call.streams.is_verbose else ""
    return Failure("internal", f"internal error: {type(error).__name__}{place}", REPORT, trace=trace)


def _without_secrets(text: str, call: Call) -> str:
    if call.loaded is None:
        return text
    secrets = list(call.loaded.parameters.given.values())
    password = re.search(r"://[^:/@]*:(.*)@", call.loaded.url)
    if password:
        secrets += [password[1], unquote(password[1])]
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
