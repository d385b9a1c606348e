"""The command `changelog`: its commands, loaded when called, and the one place where errors become exit codes."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, NoReturn

import click

from changelog_engine import __version__
from changelog_engine.cli.options import Call
from changelog_engine.cli.streams import Streams

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("project", "Make a changelog.toml and a first changelog, in an empty project."),
    "new": ("project", "Add the skeleton of a changeset to a changelog."),
    "validate": ("validate", "Read everything and show all the errors at once; needs no database."),
    "deps": ("deps", "Show what comes after what and why; write what the SQL says into the changelog."),
    "lint": ("lint", "Show what is likely to go wrong, with the remedy; needs no database."),
    "status": ("status", "Show each changeset's state."),
    "plan": ("plan", "Show what update, or a rollback, would do, in order, and why."),
    "update": ("update", "Apply what is pending."),
    "rollback": ("rollback", "Undo what was applied: to a tag, a date, by count, deployment or selection."),
    "redo": ("rollback", "Roll back and apply again what is selected."),
    "verify": ("verify", "Prove the rollbacks, the order and the ways back on scratch databases."),
    "backups": ("backups", "Show the backups that rollbacks rely on; verify or prune them."),
    "drift": ("drift", "Compare what the database holds with what its ledger stands for."),
    "tag": ("ledger", "Mark the present state with a name; list or delete tags."),
    "history": ("ledger", "Show the ledger's events; verify their chain."),
    "mark-applied": ("record", "Record changesets as applied without running them."),
    "unmark": ("record", "Record changesets as not applied without running anything."),
    "resolve": ("record", "Settle a changeset that a crash left in doubt."),
    "accept-checksum": ("record", "Take the present text of an applied changeset as the right one."),
    "lock": ("lock", "Show who works on the database now; clear a stale row."),
    "graph": ("graph", "Draw the graph of changesets."),
    "schema": ("project", "Print the JSON Schema of the format, for editors."),
    "completion": ("completion", "Print the completion script for a shell."),
}
"""Each command: its module in ``cli/commands``, and its line in the help; `-` in a name is `_` in its function's."""

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


class _Terminated(BaseException):
    """SIGTERM outside of a run, where nothing is in hand."""


class _Commands(click.Group):
    """The commands of the table above, imported one by one."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"changelog_engine.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from changelog_engine.errors import UsageError
            from changelog_engine.nearest import nearest

            near = nearest(args[0], COMMANDS)
            hint = f"did you mean `changelog {near}`?" if near else "`changelog --help` lists the commands"
            raise UsageError(f"there is no command `{args[0]}`", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Options come after the command: `changelog update --context prod`. `changelog COMMAND --help` explains one."
    " Without a command, changelog shows where you stand and what to do next.",
)
@click.version_option(__version__, prog_name="changelog", message="%(prog)s %(version)s")
@click.pass_context
def changelog(ctx: click.Context) -> None:
    """Bring databases to the state that a changelog describes, and back."""
    if ctx.invoked_subcommand is None:
        from changelog_engine.cli.commands.overview import show_overview

        show_overview(ctx.ensure_object(Call))


def main() -> NoReturn:
    """The console script: runs the command line and exits with its code.

    Sessions are closed and everything is written by then. Taking the interpreter apart, object by object, would only
    be waited for: up to a third of a second after a large changelog.
    """
    # A command makes a million values that live as long as it does: the collector need not walk them again and again.
    gc.set_threshold(50_000, 20, 100)
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; the exit code. With ``--format json``, standard output gets one object, whatever happens."""
    call = Call(Streams.at_start(os.environ), os.environ)
    call.streams.format = "json" if _asks_for_json(arguments) else "text"
    previous = _on_sigterm(_raise_terminated)
    try:
        code = changelog.main(list(arguments), prog_name="changelog", standalone_mode=False, obj=call)
    except (Exception, KeyboardInterrupt, _Terminated) as error:
        _show_failure(error, call)
        return _exit_code(error)
    finally:
        _on_sigterm(previous)
    return code if isinstance(code, int) else 0


def _show_failure(error: BaseException, call: Call) -> None:
    """To people on standard error; to programs as their object, as far as it came, on standard output."""
    from changelog_engine.cli.failures import describe_failure

    failure = describe_failure(error, call)
    if call.streams.is_json:
        from changelog_engine.cli.json_output import dump_failure

        call.streams.out(dump_failure(failure, call.shape))
    else:
        from changelog_engine.cli.text_failures import render_failure

        root = call.loaded.root if call.loaded else None
        call.streams.err(render_failure(failure, root, is_verbose=call.streams.is_verbose))


def _exit_code(error: BaseException) -> int:
    from changelog_engine.errors import ChangelogEngineError, InterruptedRunError

    match error:
        case InterruptedRunError():
            return 128 + error.signal
        case ChangelogEngineError():
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            return INTERRUPTED
        case _Terminated():
            return TERMINATED
        case click.UsageError():
            return 2
        case _:
            return 1


def _asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether ``--format json`` was said, looked for before anything is parsed: a usage error is to be JSON as well."""
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)


def _raise_terminated(*_: Any) -> None:
    raise _Terminated


def _on_sigterm(handler: Any) -> Any:
    if handler is None or signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        return None
    try:
        return signal.signal(signal.SIGTERM, handler)
    except ValueError:
        # Not the main thread (an application that calls `run`): signals stay its own business.
        return None
