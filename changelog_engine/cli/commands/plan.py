"""`changelog plan` and `changelog plan rollback`: what would be done, and why."""

from __future__ import annotations

from typing import Any

import click

from changelog_engine.cli.options import Call, common_options, filter_options, run_options
from changelog_engine.cli.planned import show_planned
from changelog_engine.cli.targets import rollback_request, target_options

sql_option = click.option("--sql", "as_script", is_flag=True, help="Print the script for the database's own client.")
file_option = click.option(
    "-o", "--output", "file", metavar="FILE", help="Save the plan to a file; with --sql, the script."
)


@click.group(invoke_without_command=True, subcommand_metavar="[rollback]")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Only the first N changesets to apply or rerun.")
@click.option("--to-tag", metavar="NAME", help="Only up to a declared tag, with all that it stands for.")
@sql_option
@file_option
@filter_options
@common_options
def plan(call: Call, count: int | None, to_tag: str | None, as_script: bool, file: str | None) -> None:
    """Show what `changelog update` would do, in order, and why each step is where it is. Writes nothing.

    `changelog plan rollback` does the same for a rollback. A plan saved with -o is run, exactly as it is, by
    `changelog update --plan FILE`.

    \b
    Examples:
      changelog plan --context prod
      changelog plan --context prod -o release.plan
      changelog plan --sql --context prod > release.sql
      changelog plan rollback --tag release-2
    """
    from changelog_engine.plan.request import UpdateRequest

    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    engine = call.engine()
    show_planned(
        call, engine, engine.plan_update(UpdateRequest(call.filters(), count, to_tag)), as_script=as_script, file=file
    )


@plan.command("rollback")
@target_options
@sql_option
@file_option
@run_options
@common_options
def plan_rollback(call: Call, as_script: bool, file: str | None, **target: Any) -> None:
    """Show what `changelog rollback` would undo, in order, and why. Writes nothing.

    \b
    Examples:
      changelog plan rollback --tag release-2
      changelog plan rollback --select create-orders --cascade --sql
    """
    call.shape = "plan"
    request = rollback_request(call, **target)
    engine = call.engine()
    show_planned(call, engine, engine.plan_rollback(request), as_script=as_script, file=file)


def _refuse_options_before(context: click.Context) -> None:
    given = [
        parameter.opts[-1]
        for parameter in context.command.params
        if parameter.name and context.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        from changelog_engine.errors import UsageError

        raise UsageError(
            f"`{given[0]}` stands before `rollback`", hint=f"write it after: `changelog plan rollback {given[0]} ...`"
        )
