"""What stops a plan before anything is run, and what a failure means for the whole of it."""

from __future__ import annotations

from collections.abc import Collection
from math import ceil

from changelog_engine.errors import (
    ChangesetFailedError,
    StatementError,
    TooMuchForOneTransactionError,
    UsageError,
)
from changelog_engine.plan.steps import Plan
from changelog_engine.sql.templates import names_in

_LOCKS = "max_locks_per_transaction"
_MARGIN = 1.25
"""Later steps may need more locks than earlier ones, and others are at work on the server as well."""


def require_secrets(plan: Plan, known: Collection[str]) -> None:
    """Raise UsageError where a step needs a secret that has no value: the ledger keeps none, it must be given again."""
    for step in plan.steps:
        for statement in step.statements:
            missing = next((name for name, _ in names_in(statement.template) if name not in known), None)
            if missing is not None:
                raise UsageError(
                    f"changeset `{step.id}` needs the secret parameter `{missing}`, which has no value; "
                    "nothing was run",
                    hint=f"give it with `--param {missing}=...`, or in the environment variable that the "
                    "changelog names",
                    changeset=step.id,
                )


def nothing_applied(error: ChangesetFailedError, position: int, steps: int) -> ChangesetFailedError:
    """The failure of one changeset, the step at ``position`` (from 0) of ``steps``, as that of the whole transaction,
    which was rolled back.
    """
    cause = error.__cause__
    kind, hint = type(error), error.hint
    # Of memory of any other kind the server says the same SQLSTATE; the name of its setting is never translated.
    if isinstance(cause, StatementError) and _LOCKS in (cause.hint or ""):
        kind, hint = TooMuchForOneTransactionError, _how_to_hold(position, steps)
    return kind(
        f"{error.message}; nothing was applied, as all of it was one transaction",
        hint=hint,
        location=error.location,
        changeset=error.changeset,
        statement=error.statement,
        facts=error.facts,
    )


def _how_to_hold(position: int, steps: int) -> str:
    times = ceil(steps * _MARGIN / max(position, 1))
    return (
        f"the server has room for the locks of {position} of the {steps} steps: raise its `{_LOCKS}` "
        f"about {times}-fold and restart it, or run the command again without `--atomic`"
    )
