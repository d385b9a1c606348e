"""What a rollback goes back to: its options, shared by `rollback` and `plan rollback`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from changelog_engine.cli.options import Call
from changelog_engine.cli.values import parse_moment

if TYPE_CHECKING:
    from changelog_engine.plan.request import RollbackRequest, RollbackTarget

TARGETS = ("--tag", "--count", "--to-date", "--deployment", "--select", "--all")


def target_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The six targets, of which exactly one is given, and how it is gone back: ``--cascade`` and its like."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS = (
    click.option("--tag", metavar="NAME", help="Undo what is applied and not in the set that this tag stands for."),
    click.option("--count", type=click.IntRange(min=1), metavar="N", help="Undo the N changesets last applied."),
    click.option(
        "--to-date",
        callback=parse_moment,
        metavar="WHEN",
        help="Undo what was applied after this moment: an ISO date (its first moment) or date and time; local time"
        " where no offset is given. Such as 2026-03-31, 2026-03-31T18:00, 2026-03-31T18:00Z.",
    ),
    click.option("--deployment", metavar="ID", help="Undo what this run applied; `changelog history` shows the ids."),
    click.option("--select", metavar="SEL", help="Undo these changesets, such as 'billing/*' or 'create-orders+'."),
    click.option("--all", "everything", is_flag=True, help="Undo everything."),
    click.option(
        "--cascade", is_flag=True, help="Undo what requires them as well; without it such a rollback is refused."
    ),
    click.option(
        "--rollback-from",
        type=click.Choice(("ledger", "changelog")),
        default="ledger",
        help="Whose rollback is run: the one that the ledger kept (the default), or the changelog's present one.",
    ),
    click.option(
        "--discard-newer-rows",
        is_flag=True,
        help="Where a backup is restored: undo what was written or changed since, too; without it that is refused.",
    ),
)


def rollback_request(
    call: Call,
    *,
    tag: str | None,
    count: int | None,
    to_date: datetime | None,
    deployment: str | None,
    everything: bool,
    cascade: bool,
    rollback_from: str,
    discard_newer_rows: bool,
) -> RollbackRequest:
    """The request that the options make. UsageError (2) unless they name exactly one target."""
    from changelog_engine.plan import request

    select = call.given.pop("select", None)
    targets: list[RollbackTarget] = []
    if tag is not None:
        targets.append(request.ToTag(tag))
    if count is not None:
        targets.append(request.LastApplied(count))
    if to_date is not None:
        targets.append(request.AppliedAfter(to_date))
        _echo_date(call, to_date)
    if deployment is not None:
        targets.append(request.OfDeployment(deployment))
    if select is not None:
        targets.append(request.Selected(select))
    if everything:
        targets.append(request.Everything())
    if len(targets) != 1:
        _refuse(len(targets))
    return request.RollbackRequest(
        targets[0],
        request.Dependents.CASCADE if cascade else request.Dependents.REFUSE,
        request.RollbackFrom(rollback_from),
        call.filters(),
        discard_newer_rows,
    )


def _refuse(number: int) -> None:
    from changelog_engine.errors import UsageError

    names = ", ".join(f"`{name}`" for name in TARGETS)
    happened = "no target was given" if number == 0 else f"{number} targets were given"
    raise UsageError(
        f"a rollback has exactly one target, and {happened}",
        hint=f"one of {names}, such as `changelog rollback --count 1`; `changelog plan rollback` only shows it",
    )


def _echo_date(call: Call, when: datetime) -> None:
    # Local time is what people type and mistake: the moment that is meant is said before anything is done.
    if not call.streams.is_quiet and not call.streams.is_json:
        call.streams.err(f"to date: {when:%Y-%m-%dT%H:%M:%SZ} (UTC)")
