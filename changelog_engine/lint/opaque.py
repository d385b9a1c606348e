"""SQL of which it cannot be told what it does."""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.lint.rollbacks import named
from changelog_engine.lint.subject import Hit, Subject

_WHOSE = "declare in `depends_on` what makes it; where the database has it anyway, there is nothing to do"


def opaque_sql(subject: Subject) -> Iterator[Hit]:
    """What cannot be read, and names that are used and that no changeset makes."""
    inference = subject.graph.inference
    for unread in inference.unread:
        if unread.changeset in subject.ids:
            changeset = subject.graph.changesets[unread.changeset]
            yield Hit(changeset, f"`{changeset.id}` has what cannot be read: {unread.what}", unread.location)
    for unresolved in inference.unresolved:
        if unresolved.changeset in subject.ids:
            changeset = subject.graph.changesets[unresolved.changeset]
            message = f"`{changeset.id}` uses {named(unresolved.effect)}, which no changeset makes"
            yield Hit(changeset, message, unresolved.location, _WHOSE)
