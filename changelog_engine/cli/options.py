"""The options that commands share, and the call that they add up to."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from changelog_engine.cli.streams import Streams, Volume
from changelog_engine.cli.values import parse_parameters, parse_seconds

if TYPE_CHECKING:
    from changelog_engine.cli.progress import RunLines
    from changelog_engine.engine import Engine
    from changelog_engine.plan.request import ContextChoice, Filters
    from changelog_engine.settings import Settings

Function = Callable[..., Any]

SHARED = (
    "changelog", "url", "config", "env", "format", "quiet", "verbose", "no_color",
    "context", "all_contexts", "no_context", "label", "select", "param", "lock_wait",
)  # fmt: skip


@dataclass(slots=True)
class Call:
    """One call of the command line: its command, what the shared options say, and where to write.

    ``given`` has only what was said. It is made before anything is parsed, so that an error can be shown the way it
    was asked for.
    """

    streams: Streams
    environ: Mapping[str, str]
    command: str = ""
    shape: str = ""
    """The JSON object that the command prints, by name: what a failure prints as far as it came."""
    given: dict[str, Any] = field(default_factory=dict, repr=False)
    loaded: Settings | None = field(default=None, repr=False)
    lines: RunLines | None = None
    """What listens to the run, where the command runs anything."""

    def take(self, command: str, given: dict[str, Any]) -> None:
        """Keep the shared options of a command that is about to run."""
        self.command = command
        self.shape = self.shape or command
        self.given = given
        if given.get("quiet") and given.get("verbose"):
            raise click.UsageError("`--quiet` and `--verbose` exclude each other")
        if given.get("format") == "json":
            self.streams.format = "json"
        self.streams.wants_color = self.streams.wants_color and not given.get("no_color")
        if given.get("quiet"):
            self.streams.volume = Volume.QUIET
        elif given.get("verbose"):
            self.streams.volume = Volume.VERBOSE

    def settings(self) -> Settings:
        """The settings of this run. ConfigurationError (2)."""
        from changelog_engine.settings import Options, load_settings

        if self.loaded is None:
            options = Options(
                changelog=self.given.get("changelog"),
                url=self.given.get("url"),
                config=self.given.get("config"),
                environment=self.given.get("env"),
                contexts=self._contexts(),
                label=self.given.get("label"),
                lock_wait=self.given.get("lock_wait"),
                parameters=self.given.get("param", {}),
                command=self.command,
            )
            self.loaded = load_settings(options, self.environ, Path(os.getcwd()))
        return self.loaded

    def engine(self, lines: RunLines | None = None) -> Engine:
        """The engine with this run's settings; ``lines`` is told what happens, and takes signals while a run is on."""
        from changelog_engine.engine import Engine

        if lines is None:
            return Engine(self.settings())
        self.lines = lines
        return Engine(self.settings(), listener=lines, interruption=lines.interruption)

    def filters(self) -> Filters:
        """The filters of this run: contexts, label, selection, parameters. UsageError (2) on a label that is none."""
        return self.engine().filters(select=self.given.get("select"))

    def _contexts(self) -> ContextChoice | None:
        from changelog_engine.plan.request import ContextChoice, ContextMode
        from changelog_engine.settings_file import parse_contexts

        names = [name for text in self.given.get("context", ()) for name in text.split(",")]
        said = [bool(names), self.given.get("all_contexts", False), self.given.get("no_context", False)]
        if sum(said) > 1:
            raise click.UsageError("`--context`, `--all-contexts` and `--no-context` exclude each other")
        if self.given.get("all_contexts"):
            return ContextChoice(ContextMode.ALL)
        if self.given.get("no_context"):
            return ContextChoice(ContextMode.NONE)
        try:
            return parse_contexts(names) if names else None
        except ValueError as error:
            raise click.UsageError(f"`--context`: {error}") from None


def output_options(function: Function) -> Function:
    """``--format``, ``--quiet``, ``--verbose``, ``--no-color``; the command gets a :class:`Call` first."""
    formats = click.Choice(("text", "json"))
    return _with(
        _calling(function),
        click.option("--format", type=formats, default="text", help="For people, or one JSON object for programs."),
        *_VOICE,
    )


_VOICE = (
    click.option("--quiet", is_flag=True, help="Print only errors and what was asked for."),
    click.option("--verbose", is_flag=True, help="Print statements too, and tracebacks of internal errors."),
    click.option("--no-color", is_flag=True, help="No colours, also on a terminal. NO_COLOR does the same."),
)

_SOURCES = (
    click.option(
        "--changelog", metavar="FILE", help="The root changelog. Else CHANGELOG_FILE, else changelogs/main.yaml."
    ),
    click.option(
        "--url",
        metavar="URL",
        help="The database, such as postgresql://user@host/name or sqlite:///file.db; ${NAME} names an environment"
        " variable. Else CHANGELOG_URL, else changelog.toml, else sqlite:///changelog.db.",
    ),
    click.option(
        "--config", metavar="FILE", help="The configuration file. Else changelog.toml in this folder or above."
    ),
    click.option("--env", metavar="NAME", help="An environment of changelog.toml: its table [environments.NAME]."),
)


def common_options(function: Function) -> Function:
    """Where to work and how to write: ``--changelog``, ``--url``, ``--config``, ``--env`` and the output's options."""
    return _with(output_options(function), *_SOURCES)


def common_options_with(formats: tuple[str, ...], help_text: str) -> Callable[[Function], Function]:
    """As :func:`common_options`, with formats of a command's own."""

    def decorate(function: Function) -> Function:
        return _with(
            _calling(function),
            click.option("--format", type=click.Choice(formats), default="text", help=help_text),
            *_VOICE,
            *_SOURCES,
        )

    return decorate


context_options = (
    click.option(
        "--context", metavar="NAME", multiple=True, help="A context of this run; repeatable, or separated by commas."
    ),
    click.option("--all-contexts", is_flag=True, help="Run everything, whatever contexts it is for."),
    click.option("--no-context", is_flag=True, help="Run with no context: every name counts as false."),
    click.option(
        "--param",
        callback=parse_parameters,
        metavar="NAME=VALUE",
        multiple=True,
        help="The value of a parameter, such as --param region=eu; repeatable.",
    ),
)
label_option = click.option(
    "--label", metavar="EXPR", help="Only changesets whose labels fulfil this, such as 'demo and not slow'."
)
select_option = click.option(
    "--select",
    metavar="SEL",
    help="Only these changesets, such as 'billing/*', 'label:demo', '+create-orders', '!state:applied'.",
)
lock_wait_option = click.option(
    "--lock-wait",
    callback=parse_seconds,
    metavar="SECONDS",
    help="How long to wait for another run to end (60 by default); 0 does not wait.",
)

scratch_option = click.option(
    "--scratch-url",
    metavar="URL",
    help="A server to make scratch databases on, whose user may create them; every one is dropped again. Else"
    " PostgreSQL comes from the extra `embedded`, and SQLite needs none.",
)


def filter_options(function: Function) -> Function:
    """Contexts, parameters, ``--label`` and ``--select``."""
    return _with(function, *context_options, label_option, select_option)


def run_options(function: Function) -> Function:
    """Contexts and parameters, without a selection: for commands that have one of their own."""
    return _with(function, *context_options)


def _with(function: Function, *options: Callable[[Any], Any]) -> Function:
    for option in reversed(options):
        function = option(function)
    return function


def _calling(function: Function) -> Function:
    """The command with a :class:`Call` in front, made of the shared options, and its own options only."""

    @functools.wraps(function)
    def command(**options: Any) -> Any:
        context = click.get_current_context()
        call = context.find_object(Call)
        if call is None:
            raise RuntimeError("a command is called through `changelog_engine.cli.main`")
        given = {name: options.pop(name) for name in SHARED if name in options}
        call.take(context.command_path.partition(" ")[2], given)
        return function(call, **options)

    return command
