"""What stops a plan before anything is run, and what a failure means for the whole of it."""

from __future__ import annotations

from collections.abc import Collection

from changelog_engine.errors import ChangesetFailedError, UsageError
from changelog_engine.plan.steps import Plan
from changelog_engine.sql.templates import names_in


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


def nothing_applied(error: ChangesetFailedError, steps: int) -> ChangesetFailedError:
    """The failure of one changeset as that of the whole transaction, which was rolled back."""
    is_out_of_locks = error.facts.get("sqlstate") == "53200"
    hint = (
        f"one transaction cannot hold {steps} steps with this server's settings: raise "
        "`max_locks_per_transaction` on the "
        "server and restart it, or run it without `--atomic`"
        if is_out_of_locks
        else error.hint
    )
    return type(error)(
        f"{error.message}; nothing was applied, as all of it was one transaction",
        hint=hint,
        location=error.location,
        changeset=error.changeset,
        statement=error.statement,
        facts=error.facts,
    )
