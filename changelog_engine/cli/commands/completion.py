"""`changelog completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import sys

import click

from changelog_engine.cli.options import Call, output_options

INSTALL = {
    "bash": 'add to ~/.bashrc: eval "$(changelog completion bash)"',
    "zsh": 'add to ~/.zshrc, after compinit: eval "$(changelog completion zsh)"',
    "fish": "run: changelog completion fish > ~/.config/fish/completions/changelog.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(tuple(INSTALL)))
@output_options
def completion(call: Call, shell: str) -> None:
    """Print the completion script for a shell: bash, zsh or fish.

    \b
    Examples:
      eval "$(changelog completion bash)"      # in ~/.bashrc
      eval "$(changelog completion zsh)"       # in ~/.zshrc
      changelog completion fish > ~/.config/fish/completions/changelog.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    root = click.get_current_context().find_root().command
    # `ShellComplete.source` of the base: that of bash starts bash to ask for its version.
    script = ShellComplete.source(kind(root, {}, "changelog", "_CHANGELOG_COMPLETE")).strip()
    if call.streams.is_json:
        from changelog_engine.cli.json_output import dump

        call.streams.out(dump({"shell": shell, "script": script, "install": INSTALL[shell]}))
        return
    call.streams.out(script)
    if call.streams.is_terminal(sys.stdout):
        call.streams.err(f"\nto install it, {INSTALL[shell]}")
