"""`changelog update`: applies what is pending."""

from __future__ import annotations

import time

import click

from changelog_engine.cli.options import Call, common_options, filter_options, lock_wait_option
from changelog_engine.cli.planned import show_planned
from changelog_engine.cli.progress import RunLines
from changelog_engine.cli.values import read_file

FAILED = 1


@click.command()
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Only the first N changesets to apply or rerun.")
@click.option("--to-tag", metavar="NAME", help="Only up to a declared tag, with all that it stands for.")
@click.option("--atomic", is_flag=True, help="All of it commits, or nothing.")
@lock_wait_option
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option(
    "--sql", "as_script", is_flag=True, help="Print the script for the database's own client, and do nothing."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Run changesets that may take long, and don't wait for one another, on up to N connections.",
)
@click.option(
    "--no-cache", is_flag=True, help="Compare every changeset, also where the database says that nothing has changed."
)
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    help="Run exactly the plan that `changelog plan -o FILE` saved; its contexts need not be given again.",
)
@click.option(
    "--require-proof",
    "proof_file",
    metavar="FILE",
    help="Refuse what the proof that `changelog verify --record FILE` wrote does not hold.",
)
@filter_options
@common_options
def update(
    call: Call,
    count: int | None,
    to_tag: str | None,
    atomic: bool,
    dry_run: bool,
    as_script: bool,
    jobs: int,
    no_cache: bool,
    plan_file: str | None,
    proof_file: str | None,
) -> None:
    """Apply what is pending, in the order of the dependencies; each changeset commits together with its record.

    What --select picks takes along what it requires. Where anything fails, what was applied before stays applied, and
    the next update goes on from there.

    \b
    Examples:
      changelog update --context prod
      changelog update --select billing/invoices --dry-run
      changelog update --to-tag release-2 --atomic
      changelog update --plan release.plan
    """
    from changelog_engine.plan.request import UpdateRequest

    saved = _read_plan(call, plan_file, count, to_tag, dry_run or as_script) if plan_file is not None else None
    proof = read_file(proof_file, "proof", "`changelog verify --record FILE` makes one") if proof_file else None
    call.given["atomic"] = atomic
    request = UpdateRequest(call.filters(), count, to_tag)
    if dry_run or as_script:
        call.shape = "plan"
        engine = call.engine()
        show_planned(call, engine, engine.plan_update(request), as_script=as_script)
        return
    began = time.monotonic()
    with RunLines(call.streams, is_atomic=atomic) as lines:
        result = call.engine(lines).update(
            request, atomic=atomic, saved_plan=saved, proof=proof, quick=not no_cache, jobs=jobs
        )
    if call.streams.is_json:
        from changelog_engine.cli.json_output import render_result

        call.streams.out(render_result(result))
    else:
        from changelog_engine.cli.text_output import show_updated

        show_updated(call.streams, result, call.settings(), time.monotonic() - began)
    if result.failed:
        raise click.exceptions.Exit(FAILED)


def _read_plan(call: Call, file: str, count: int | None, to_tag: str | None, is_shown_only: bool) -> str:
    from changelog_engine.errors import UsageError

    given = {"--count": count, "--to-tag": to_tag, "--select": call.given["select"], "--label": call.given["label"]}
    others = [name for name, value in given.items() if value is not None]
    if others or is_shown_only:
        names = " or ".join(f"`{name}`" for name in others) or "`--dry-run` or `--sql`"
        raise UsageError(
            f"`--plan` runs exactly the saved plan, not with {names}",
            hint="make another plan with `changelog plan -o FILE`",
        )
    return read_file(file, "plan", "`changelog plan -o FILE` saves one")
