"""Every command and option explains itself."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from changelog_engine.cli.main import COMMANDS, changelog
from changelog_engine.cli.options import Call
from changelog_engine.cli.streams import Streams

COMMON = {"--changelog", "--url", "--config", "--env", "--format", "--quiet", "--verbose", "--no-color"}
FILTERS = {"--context", "--all-contexts", "--no-context", "--label", "--select", "--param"}
OUTPUT = {"--format", "--quiet", "--verbose", "--no-color"}
TARGETS = {
    "--tag",
    "--count",
    "--to-date",
    "--deployment",
    "--select",
    "--all",
    "--cascade",
    "--rollback-from",
    "--discard-newer-rows",
}
RUN = FILTERS - {"--label", "--select"}

OPTIONS = {
    "init": OUTPUT,
    "new": COMMON | {"--author", "--description", "--depends-on"},
    "validate": COMMON,
    "deps": COMMON | {"--select", "--write"},
    "lint": COMMON,
    "status": COMMON | FILTERS | {"--check"},
    "plan": COMMON | FILTERS | {"--count", "--to-tag", "--sql", "-o"},
    "plan rollback": COMMON | RUN | TARGETS | {"--sql", "-o"},
    "update": COMMON
    | FILTERS
    | {"--count", "--to-tag", "--atomic", "--lock-wait", "--dry-run", "--sql", "--plan", "--no-cache", "--jobs"}
    | {"--require-proof"},
    "verify": COMMON | FILTERS | {"--orders", "--seed", "--record", "--scratch-url"},
    "backups": COMMON | {"--verify", "--prune", "--select", "--lock-wait"},
    "drift": COMMON | RUN | {"--scratch-url"},
    "rollback": COMMON | RUN | TARGETS | {"--atomic", "--lock-wait", "--dry-run", "--sql"},
    "redo": COMMON | FILTERS | {"--cascade", "--lock-wait"},
    "tag": COMMON | {"--list", "--delete", "--force"},
    "history": COMMON | {"--verify", "--expect-head"},
    "mark-applied": COMMON | FILTERS - {"--select"},
    "unmark": COMMON | FILTERS - {"--select"},
    "accept-checksum": COMMON | FILTERS - {"--select"},
    "resolve": COMMON | {"--applied", "--not-applied"},
    "lock": COMMON | {"--release"},
    "graph": COMMON | {"--select"},
    "schema": OUTPUT | {"-o"},
    "completion": OUTPUT,
}


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(changelog)
    for name in COMMANDS:
        command = changelog.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())


@pytest.mark.parametrize(("name", "command"), list(commands()))
class TestCommands:
    def test_has_the_options_of_the_contract(self, name: str, command: click.Command) -> None:
        options = {parameter.opts[0] for parameter in command.params if isinstance(parameter, click.Option)}
        assert options == OPTIONS[name]

    def test_says_what_it_does_and_gives_an_example(self, name: str, command: click.Command) -> None:
        assert command.help
        assert "Example" in command.help
        assert f"changelog {name}" in command.help

    def test_every_option_has_help_that_is_a_sentence(self, name: str, command: click.Command) -> None:
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"
                assert parameter.help[0].isupper()
                assert parameter.help.endswith((".", "'"))

    def test_help_can_be_printed(self, name: str, command: click.Command) -> None:
        assert command.params is not None
        result = CliRunner().invoke(
            changelog, [*name.split(), "--help"], prog_name="changelog", obj=Call(Streams(), {})
        )
        assert result.exit_code == 0
        assert f"Usage: changelog {name}" in result.output


def test_every_command_stands_in_the_help_of_the_whole() -> None:
    output = CliRunner().invoke(changelog, ["--help"]).output
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in output
        assert line.split()[0] in output
