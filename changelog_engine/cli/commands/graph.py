"""`changelog graph`: the graph of changesets, drawn."""

from __future__ import annotations

import click

from changelog_engine.cli.options import Call, common_options_with, select_option


@click.command()
@select_option
@common_options_with(("text", "mermaid", "dot", "json"), "The form of the graph.")
def graph(call: Call) -> None:
    """Draw the graph of changesets and tags, with the reason of each edge.

    \b
    Examples:
      changelog graph
      changelog graph --select '+create-orders' --format mermaid
      changelog graph --format dot | dot -Tsvg > graph.svg
    """
    call.streams.out(call.engine().graph(call.given["format"], call.given["select"]).rstrip("\n"))
