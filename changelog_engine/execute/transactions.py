"""Which steps share one transaction with their record, and which plans can be one transaction as a whole."""

from __future__ import annotations

from changelog_engine.databases.database import Session
from changelog_engine.errors import PlanRefusedError
from changelog_engine.plan.steps import Plan, Step, makes_backup
from changelog_engine.sql.templates import show


def is_one_transaction(session: Session, step: Step) -> bool:
    """Whether all of the step's statements commit together with its record.

    Where DDL commits by itself, so do those of a step that has none; one that was begun statement by statement goes on
    so.
    """
    if not step.transaction or step.first:
        return False
    return session.capabilities.transactional_ddl or _committing(session, step) is None


def is_undone_where_it_fails(session: Session, step: Step) -> bool:
    """Whether nothing of the step is done where one of its statements is refused, so that it can be tried again."""
    return is_one_transaction(session, step) or (step.transaction and len(step.statements) == 1)


def _committing(session: Session, step: Step) -> str | None:
    """The first statement of the step that would end a transaction."""
    texts = (statement.template for statement in step.statements)
    return next((text for text in texts if session.runs_outside_only(text)), None)


def refuse_atomic(plan: Plan, session: Session) -> None:
    """Raise PlanRefusedError where the plan cannot be one transaction."""
    for step in plan.steps:
        if not step.transaction:
            raise PlanRefusedError(
                f"`--atomic` is refused, nothing was run: `{step.id}` has `transaction: false`, and cannot be part of "
                "one",
                hint="run it without `--atomic`, or leave that changeset out with `--select`",
                changeset=step.id,
            )
        if makes_backup(step) and step.rollback is not None and (step.rollback.backup or {})["scope"] == "database":
            raise PlanRefusedError(
                f"`--atomic` is refused, nothing was run: `{step.id}` makes a backup of all of the database, which "
                "cannot see what one great transaction has done before",
                hint="run it without `--atomic`, or back up tables by name",
                changeset=step.id,
            )
        committing = None if session.capabilities.transactional_ddl else _committing(session, step)
        if committing is not None:
            raise PlanRefusedError(
                f"`--atomic` is refused, nothing was run: a statement of `{step.id}` commits by itself on {plan.dbms}",
                hint="run it without `--atomic`: what a crash leaves is settled statement by statement",
                changeset=step.id,
                statement=show(committing),
            )
