"""`changelog status`: each changeset's state."""

from __future__ import annotations

import click

from changelog_engine.cli.options import Call, common_options, filter_options

PENDING = 4


@click.command()
@click.option("--check", is_flag=True, help="Exit 4 where anything is pending or outdated, for use in scripts.")
@filter_options
@common_options
def status(call: Call, check: bool) -> None:
    """Show each changeset's state, the sums, and what to do next. Writes nothing to the database.

    States: applied; pending; excluded (by context, label or dbms); changed (applied, and edited since); outdated
    (run: on_change, will run again); in doubt (a crash left it, see `resolve`); unknown (applied, no longer in the
    changelog).

    \b
    Examples:
      changelog status --context prod
      changelog status --select state:pending --check
    """
    result = call.engine().status(call.filters())
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_status

        show_status(call.streams, result, call.settings())
    if check and {"pending", "outdated"} & set(result.counts):
        raise click.exceptions.Exit(PENDING)
