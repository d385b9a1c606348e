"""Commands that change the record and run nothing: `mark-applied`, `unmark`, `resolve`, `accept-checksum`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from changelog_engine.cli.options import Call, common_options, label_option, run_options

if TYPE_CHECKING:
    from changelog_engine.results import RecordResult


@click.command("mark-applied")
@click.argument("selector", metavar="SEL")
@label_option
@run_options
@common_options
def mark_applied(call: Call, selector: str) -> None:
    """Record changesets as applied without running them: the database has what they do already.

    SEL picks changesets as --select does: an id, a glob, `label:NAME`, `+X` with all that X requires.

    \b
    Examples:
      changelog mark-applied create-customers
      changelog mark-applied '+release/baseline' --context prod
    """
    _show(call, call.engine().mark_applied(selector, call.filters()), "marked as applied")


@click.command()
@click.argument("selector", metavar="SEL")
@label_option
@run_options
@common_options
def unmark(call: Call, selector: str) -> None:
    """Record changesets as not applied without running anything: the next update applies them.

    \b
    Example:
      changelog unmark create-customers
    """
    _show(call, call.engine().unmark(selector, call.filters()), "unmarked")


@click.command("accept-checksum")
@click.argument("selector", metavar="SEL")
@label_option
@run_options
@common_options
def accept_checksum(call: Call, selector: str) -> None:
    """Take the present text of applied changesets as the right one: they are no longer `changed`. Nothing is run.

    \b
    Examples:
      changelog accept-checksum create-orders
      changelog accept-checksum state:changed
    """
    _show(call, call.engine().accept_checksum(selector, call.filters()), "present text accepted")


@click.command()
@click.argument("changeset", metavar="ID")
@click.option("--applied", is_flag=True, help="It is done: all its statements have taken effect.")
@click.option("--not-applied", is_flag=True, help="It is not done: nothing of it is left, and update will run it.")
@common_options
def resolve(call: Call, changeset: str, applied: bool, not_applied: bool) -> None:
    """Settle a changeset that a crash left in doubt, after a look at the database. Nothing is run.

    `changelog status` shows the statement at which it stopped.

    \b
    Examples:
      changelog resolve index-orders --applied
      changelog resolve index-orders --not-applied
    """
    from changelog_engine.errors import UsageError

    if applied == not_applied:
        raise UsageError("resolve needs one of `--applied` and `--not-applied`", hint="look at the database first")
    result = call.engine().resolve(changeset, applied=applied)
    _show(call, result, "settled as applied" if applied else "settled as not applied")


def _show(call: Call, result: RecordResult, what: str) -> None:
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_recorded

        show_recorded(call.streams, result.changesets, what)
