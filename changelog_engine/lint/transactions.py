"""`transaction: false`: where the database demands it, and where it is said for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from changelog_engine.lint.subject import Hit, Subject
from changelog_engine.model import Changeset, Operation, RollbackChanges, SqlText
from changelog_engine.sql.autocommit import refused_in_transaction

_KINDS = ("postgresql", "sqlite")
"""MySQL and MariaDB refuse nothing, and DDL commits there whatever is said."""


def _parts(subject: Subject, changeset: Changeset) -> Iterator[tuple[str, bool, Sequence[SqlText]]]:
    """The changes and the rollback: each by its name, whether it runs in a transaction, and its texts."""
    yield f"`{changeset.id}`", changeset.transaction, subject.changes(changeset).texts
    rollback = subject.rollback(changeset)
    if rollback is not None and isinstance(changeset.rollback, RollbackChanges):
        yield f"the rollback of `{changeset.id}`", changeset.rollback.transaction, rollback.texts


def _typed_concurrently(changeset: Changeset) -> Iterator[Operation]:
    """The typed changes that say `concurrently: true`."""
    for change in changeset.changes:
        if isinstance(change, Operation) and change.values.get("concurrently") is True:
            yield change


def transaction_false_missing(subject: Subject) -> Iterator[Hit]:
    for changeset in subject.changesets:
        for change in _typed_concurrently(changeset) if changeset.transaction and subject.dbms == "postgresql" else ():
            message = f"`{changeset.id}` has `concurrently: true`, which postgresql refuses in a transaction"
            yield Hit(changeset, message, change.location)
        for name, in_transaction, texts in _parts(subject, changeset):
            for text in texts if in_transaction else ():
                for refusal in refused_in_transaction(text.text, subject.dbms) or ():
                    is_lost = refusal.what.startswith("PRAGMA")
                    why = "does nothing in a transaction" if is_lost else f"{subject.dbms} refuses in a transaction"
                    yield Hit(changeset, f"{name} has {refusal.what}, which {why}", text.locate(refusal.place))


def transaction_false_superfluous(subject: Subject) -> Iterator[Hit]:
    if subject.dbms not in _KINDS:
        return
    for changeset in subject.changesets:
        texts = subject.changes(changeset).texts
        if changeset.transaction or not texts or subject.changes(changeset).is_opaque:
            continue
        if any(_typed_concurrently(changeset)):
            continue
        if all(refused_in_transaction(text.text, subject.dbms) == () for text in texts):
            message = f"`{changeset.id}` has `transaction: false`, and nothing in it needs that"
            yield Hit(changeset, message, changeset.location)
