"""SQL of which it cannot be told what it does."""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.lint.subject import Hit, Subject


def opaque_sql(subject: Subject) -> Iterator[Hit]:
    for changeset in subject.changesets:
        changes = subject.changes(changeset)
        for opaque in (each for read in changes.read for each in read.opaque):
            yield Hit(changeset, f"`{changeset.id}` has what cannot be read: {opaque.what}", changes.located(opaque))
