"""`changelog backups`: what rollbacks by backup rely on."""

from __future__ import annotations

import click

from changelog_engine.cli.options import Call, common_options, lock_wait_option

FAULTY = 1


@click.command()
@click.option(
    "--verify", is_flag=True, help="Read each back and compare its SHA-256; exits 1 where one is not as it was."
)
@click.option("--prune", is_flag=True, help="Delete those that nothing needs and the retention does not keep.")
@click.option(
    "--select", metavar="SEL", help="With --prune: delete the backups of these changesets, even if they are needed."
)
@lock_wait_option
@common_options
def backups(call: Call, verify: bool, prune: bool) -> None:
    """Show the backups that were made for rollbacks: of what, where, how large, and whether something needs them.

    A backup is needed as long as its changeset is applied. `keep` and `days` in the table [backups] of changelog.toml
    say which of the others --prune leaves.

    \b
    Examples:
      changelog backups
      changelog backups --verify --format json
      changelog backups --prune
    """
    from changelog_engine.errors import UsageError

    select = call.given.pop("select", None)

    if (verify and prune) or (select is not None and not prune):
        raise UsageError("`--verify` and `--prune` exclude each other, and `--select` goes with `--prune`")
    engine = call.engine()
    result = engine.prune_backups(select) if prune else engine.backups(verify=verify)
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_backups import show_backups

        show_backups(call.streams, result, is_pruned=prune)
    if result.is_faulty:
        raise click.exceptions.Exit(FAULTY)
