"""`changelog drift`: what the database holds, compared with what its ledger stands for."""

from __future__ import annotations

import click

from changelog_engine.cli.options import Call, common_options, run_options, scratch_option
from changelog_engine.cli.progress import RunLines

DRIFTED = 6


@click.command()
@scratch_option
@run_options
@common_options
def drift(call: Call, scratch_url: str | None) -> None:
    """Compare the catalog of the database with the one that its ledger stands for, and name what somebody changed by
    hand. What is applied is applied again to a scratch database for that; the database itself is only read.

    Exits 6 where anything differs.

    \b
    Examples:
      changelog drift
      changelog drift --env prod --scratch-url postgresql://me@ci-server/postgres
    """
    with RunLines(call.streams) as lines:
        result = call.engine(lines).drift(call.filters(), scratch_url=scratch_url)
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_verify import show_drift

        show_drift(call.streams, result)
    if result.differences:
        raise click.exceptions.Exit(DRIFTED)
