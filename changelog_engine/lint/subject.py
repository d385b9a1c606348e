"""What the rules look at: a changelog, its graph, and what its SQL does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.model import Change, Changelog, Changeset, Location, Operation, RollbackChanges, SqlText
from changelog_engine.operations.effects import effects_of
from changelog_engine.plan.filtering import is_for_kind
from changelog_engine.sql.effects import Act, Effect, Effects, Opaque, RowWrite, Thing
from changelog_engine.sql.statements import text_for


class Hit(NamedTuple):
    """What a rule has found in a changeset; ``remedy`` in place of the rule's own."""

    changeset: Changeset
    message: str
    location: Location
    remedy: str = ""


class Script(NamedTuple):
    """Texts that run one after the other: a changeset's changes, or its rollback; each with what it does."""

    texts: tuple[SqlText, ...]
    read: tuple[Effects, ...]

    def effects(self) -> Iterator[Effect]:
        """What is done to objects, in order."""
        for read in self.read:
            yield from read.objects

    def writes(self) -> Iterator[RowWrite]:
        for read in self.read:
            yield from read.writes

    def located(self, found: Effect | RowWrite | Opaque) -> Location:
        """Where something that was read stands in the files."""
        for text, read in zip(self.texts, self.read, strict=True):
            if any(found is each for each in (*read.objects, *read.writes, *read.opaque)):
                return text.locate(found.place)
        raise LookupError("it is from another script")

    @property
    def is_opaque(self) -> bool:
        return any(read.opaque for read in self.read)

    def things(self, *acts: Act) -> set[Thing]:
        """The things that one of these acts is done to."""
        return {effect.thing for read in self.read for effect in read.objects if effect.act in acts}


class Subject:
    """A changelog that is being looked at, for one kind of database. ``changesets`` are those that are for that."""

    def __init__(self, changelog: Changelog, graph: ChangesetGraph, dbms: str) -> None:
        self.changelog = changelog
        self.graph = graph
        self.dbms = dbms
        self.changesets = tuple(each for each in changelog.changesets if is_for_kind(each.dbms, dbms))
        self.ids = frozenset(each.id for each in self.changesets)
        self._changes: dict[str, Script] = {}
        self._rollbacks: dict[str, Script] = {}

    def changes(self, changeset: Changeset) -> Script:
        """What a changeset does."""
        if changeset.id not in self._changes:
            self._changes[changeset.id] = self._script(changeset.changes)
        return self._changes[changeset.id]

    def rollback(self, changeset: Changeset) -> Script | None:
        """What the rollback does that a changeset has as SQL; None where it has none."""
        if not isinstance(changeset.rollback, RollbackChanges):
            return None
        if changeset.id not in self._rollbacks:
            self._rollbacks[changeset.id] = self._script(changeset.rollback.changes)
        return self._rollbacks[changeset.id]

    def _script(self, changes: Iterable[Change]) -> Script:
        texts: list[SqlText] = []
        read: list[Effects] = []
        for change in changes:
            # A typed change has no text, but a place.
            text = SqlText("", change.location) if isinstance(change, Operation) else text_for(change.texts, self.dbms)
            if text is not None:
                texts.append(text)
                read.append(effects_of(change, self.dbms))
        return Script(tuple(texts), tuple(read))
