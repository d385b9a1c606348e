"""`changelog rollback` and `changelog redo`."""

from __future__ import annotations

import time
from typing import Any

import click

from changelog_engine.cli.options import (
    Call,
    common_options,
    filter_options,
    lock_wait_option,
    run_options,
)
from changelog_engine.cli.planned import show_planned
from changelog_engine.cli.progress import RunLines
from changelog_engine.cli.targets import rollback_request, target_options

FAILED = 1


@click.command()
@target_options
@click.option("--atomic", is_flag=True, help="All of it is undone, or nothing.")
@lock_wait_option
@click.option("--dry-run", is_flag=True, help="Show what would be undone, and do nothing.")
@click.option(
    "--sql", "as_script", is_flag=True, help="Print the script for the database's own client, and do nothing."
)
@run_options
@common_options
def rollback(call: Call, atomic: bool, dry_run: bool, as_script: bool, **target: Any) -> None:
    """Undo what was applied, in reverse order of the dependencies. Exactly one target says how far.

    Where something applied requires what is to be undone, it is refused and named; --cascade takes it along.

    \b
    Examples:
      changelog rollback --count 1
      changelog rollback --tag release-2 --dry-run
      changelog rollback --select billing/invoices --cascade
      changelog rollback --to-date 2026-03-31T18:00
    """
    call.given["atomic"] = atomic
    request = rollback_request(call, **target)
    if dry_run or as_script:
        call.shape = "plan"
        engine = call.engine()
        show_planned(call, engine, engine.plan_rollback(request), as_script=as_script)
        return
    began = time.monotonic()
    with RunLines(call.streams, is_atomic=atomic) as lines:
        result = call.engine(lines).rollback(request, atomic=atomic)
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_rolled_back

        show_rolled_back(call.streams, result, call.settings(), time.monotonic() - began)


@click.command()
@click.argument("selector", metavar="[SEL]", required=False)
@click.option("--cascade", is_flag=True, help="Redo what requires them as well; without it such a redo is refused.")
@lock_wait_option
@filter_options
@common_options
def redo(call: Call, selector: str | None, cascade: bool) -> None:
    """Roll back what is selected and apply it again, such as a changeset that is being written.

    SEL picks changesets as --select does.

    \b
    Examples:
      changelog redo create-orders --context dev
      changelog redo 'label:reports' --cascade
    """
    from changelog_engine.errors import UsageError
    from changelog_engine.plan.request import Dependents

    given = [text for text in (selector, call.given.pop("select")) if text is not None]
    if len(given) != 1:
        raise UsageError("redo needs one selection", hint="such as `changelog redo create-orders`")
    dependents = Dependents.CASCADE if cascade else Dependents.REFUSE
    began = time.monotonic()
    with RunLines(call.streams) as lines:
        result = call.engine(lines).redo(given[0], call.filters(), dependents)
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_redone

        show_redone(call.streams, result, call.settings(), time.monotonic() - began)
    if result.update.failed:
        raise click.exceptions.Exit(FAILED)
