"""What the SQL of a changelog says about its order: remembered, or read and inferred for one kind of database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from changelog_engine import collector
from changelog_engine.graph.build import Inferring
from changelog_engine.graph.inferred import Inference, Subject
from changelog_engine.graph.inferred_form import VERSION, dump_inference, load_inference
from changelog_engine.memory import Memory, said_by
from changelog_engine.model import Change, Changelog, Changeset, Operation, SqlText
from changelog_engine.plan.filtering import is_for_kind
from changelog_engine.sql.effects import Effect, Effects, Thing
from changelog_engine.sql.effects_form import VERSION as EFFECTS_VERSION
from changelog_engine.sql.effects_form import EffectsLoader, dump_effects
from changelog_engine.sql.statements import text_for


def inferring(changelog: Changelog, dbms: str, memory: Memory) -> Inferring | None:
    """What the graph is to ask for edges; None where the changelog wants none inferred.

    The whole of it is remembered for a changelog that says the same, and else what each of its files does.
    """
    if not changelog.infers or not any(changeset.infers for changeset in changelog.changesets):
        return None

    def infer_order(ids: Sequence[str], declared: Sequence[tuple[str, str]]) -> Inference:
        key = memory.key("inference", dbms, str(VERSION), said_by(changelog), repr(ids), repr(declared))
        places = {changeset.id: changeset.location for changeset in changelog.changesets}
        kept = memory.get([key]).get(key)
        known = None if kept is None else load_inference(kept, places)
        if known is not None:
            return known
        with collector.paused():
            found = _infer(changelog, dbms, memory, ids, declared)
        memory.put({key: dump_inference(found, places)})
        return found

    return infer_order


def _infer(
    changelog: Changelog, dbms: str, memory: Memory, ids: Sequence[str], declared: Sequence[tuple[str, str]]
) -> Inference:
    from changelog_engine.graph.inference import infer
    from changelog_engine.sql.reading import extensions_of

    def brought_by(thing: Thing) -> tuple[str, ...]:
        return extensions_of(thing, dbms)

    return infer(_subjects(changelog, dbms, memory, ids), declared, brought_by)


def _subjects(changelog: Changelog, dbms: str, memory: Memory, ids: Sequence[str]) -> Iterator[Subject]:
    """What each changeset does, one after the other; nothing where it is for other kinds of databases."""
    from changelog_engine.operations.effects import effects_of
    from changelog_engine.sql.implied import implied_uses, known_from

    loader = EffectsLoader()

    def read(changeset: Changeset) -> Any:
        return [dump_effects(effects_of(change, dbms)) for change, _ in _changes(changeset, dbms)]

    def load(value: Any) -> tuple[Effects, ...]:
        return tuple([loader.load(each) for each in value])

    recalled = memory.recall(f"effects:{dbms}:{EFFECTS_VERSION}", changelog, read, load)
    known = known_from(effects for found in recalled.values() for effects in found)
    changesets = {changeset.id: changeset for changeset in changelog.changesets}
    for name in ids:
        changeset, found = changesets[name], recalled.pop(name)
        if not known.is_empty:
            found = tuple(_with(effects, implied_uses(effects, known)) for effects in found)
        texts = (text for _, text in _changes(changeset, dbms))
        yield Subject(name, tuple(zip(texts, found, strict=True)), changeset.contexts, changeset.infers)


def _changes(changeset: Changeset, dbms: str) -> Iterator[tuple[Change, SqlText]]:
    """What it does on a kind of database; a typed change has no text, but a place."""
    if not is_for_kind(changeset.dbms, dbms):
        return
    for change in changeset.changes:
        text = SqlText("", change.location) if isinstance(change, Operation) else text_for(change.texts, dbms)
        if text is not None:
            yield change, text


def _with(effects: Effects, implied: tuple[Effect, ...]) -> Effects:
    return effects._replace(objects=(*effects.objects, *implied)) if implied else effects
