"""Rollbacks that are to be worked out from typed changes: which of them cannot be, for `validate`."""

from __future__ import annotations

from collections.abc import Iterable

from changelog_engine.model import Changelog, Changeset, DerivedRollback, Operation, Problem
from changelog_engine.operations.inverse import inverses_of
from changelog_engine.operations.knowledge import Knowledge
from changelog_engine.sql.inverses import REMEDY, Uncertain


def underivable_rollbacks(changelog: Changelog, order: Iterable[str], dbms: str) -> tuple[Problem, ...]:
    """A problem for each changeset whose rollback is to be derived and cannot be; ``order`` is that of applying."""
    changesets = {changeset.id: changeset for changeset in changelog.changesets}
    known = Knowledge()
    problems: list[Problem] = []
    for changeset in (changesets[name] for name in order if name in changesets):
        if isinstance(changeset.rollback, DerivedRollback):
            operations = [change for change in changeset.changes if isinstance(change, Operation)]
            inverse = inverses_of(operations, known.copy())
            if isinstance(inverse, Uncertain):
                problems.append(underivable(changeset, changeset.rollback, inverse))
        for change in changeset.changes:
            if isinstance(change, Operation):
                known.apply(change)
            else:
                known.apply_sql(change, dbms)
    return tuple(problems)


def underivable(changeset: Changeset, derived: DerivedRollback, inverse: Uncertain) -> Problem:
    """Why nothing undoes a changeset for certain, at the change that is the reason."""
    operation = [change for change in changeset.changes if isinstance(change, Operation)][inverse.number]
    wanted = "its rollback cannot be derived" if derived.is_written else "it has no `rollback`, and none can be derived"
    message = f"changeset `{changeset.id}`: {wanted}: `{operation.kind}`: {inverse.reason}"
    return Problem(message, operation.location, hint=REMEDY)
