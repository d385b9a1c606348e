"""The rules of `changelog lint`: their names, which a changelog can switch off, and what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Severity(StrEnum):
    """How bad a finding is: an ``error`` is sure to go wrong, a ``warning`` may, a ``note`` is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class LintRule(NamedTuple):
    """``meaning`` says what is found, ``remedy`` what to do about it in general."""

    severity: Severity
    meaning: str
    remedy: str


RULES: Final[Mapping[str, LintRule]] = {
    "undeclared-dependency": LintRule(
        Severity.NOTE,
        "a changeset uses what another makes and does not declare it; the order is kept all the same",
        "declare it in `depends_on`; `changelog deps --write` adds all of them",
    ),
    "contradicted-dependency": LintRule(
        Severity.ERROR,
        "a declared dependency puts a changeset before what its own SQL needs",
        "take the dependency out, or turn it round",
    ),
    "redundant-dependency": LintRule(
        Severity.NOTE,
        "a declared dependency follows from the others, and the SQL uses nothing of it",
        "take it out of `depends_on`",
    ),
    "conflict": LintRule(
        Severity.WARNING,
        "two changesets change the same thing, and nothing says which of them comes first",
        "let the one depend on the other, or make one changeset of the two",
    ),
    "rollback-does-not-undo": LintRule(
        Severity.ERROR,
        "a rollback leaves what its changes made, drops what they did not, or does not bring back what they dropped",
        "write what undoes exactly these changes, or say why nothing does: `rollback: {irreversible: REASON}`",
    ),
    "drop-without-backup": LintRule(
        Severity.WARNING,
        "a table, a column or all rows of a table are dropped, and no copy of the data is kept",
        "keep the data: `rollback: {backup: {tables: [...]}}`, or a copy that the changeset makes itself",
    ),
    "lossy-update-without-backup": LintRule(
        Severity.WARNING,
        "rows are overwritten or deleted, and neither the rollback nor a copy brings their old values back",
        "keep the data: `rollback: {backup: {tables: [...]}}`, or a copy that the changeset makes itself",
    ),
    "transaction-false-missing": LintRule(
        Severity.ERROR,
        "the database refuses a statement in a transaction, or passes over it, and the changeset runs in one",
        "`transaction: false`, best in a changeset of its own",
    ),
    "transaction-false-superfluous": LintRule(
        Severity.NOTE,
        "`transaction: false` is not needed: a failure in the middle would leave the changeset half done for nothing",
        "take `transaction: false` out",
    ),
    "opaque-sql": LintRule(
        Severity.NOTE,
        "what a statement does cannot be read, so that its dependencies are not known",
        "correct it if it is mistyped; else declare in `depends_on` what it needs",
    ),
    "locking-ddl": LintRule(
        Severity.WARNING,
        "a statement locks a table of PostgreSQL longer than it has to, as the program squawk says",
        "what squawk advises in its message",
    ),
}
