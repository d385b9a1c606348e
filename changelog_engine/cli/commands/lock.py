"""`changelog lock`: who works on the database now."""

from __future__ import annotations

import click

from changelog_engine.cli.options import Call, common_options


@click.command()
@click.option("--release", is_flag=True, help="Clear the row of a holder that is gone. Never ends a run that is alive.")
@common_options
def lock(call: Call, release: bool) -> None:
    """Show who holds the lock, and since when.

    The lock is the database's own and dies with its holder: after a crash nothing has to be released for the next run.

    \b
    Examples:
      changelog lock
      changelog lock --release
    """
    engine = call.engine()
    result = engine.release_lock() if release else engine.lock()
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_lock

        show_lock(call.streams, result)
