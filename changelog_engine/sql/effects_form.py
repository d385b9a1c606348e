"""Effects in a form that can be kept: as JSON, in which each is the list of its fields."""

from __future__ import annotations

from typing import Any

from changelog_engine.sql.effects import (
    Act,
    Call,
    ColumnType,
    Effect,
    Effects,
    ForeignKey,
    Inherits,
    Kind,
    Literal,
    Opaque,
    RowField,
    RowWrite,
    Thing,
    Writing,
)

VERSION = 2
_ACTS = {str(act): act for act in Act}
_KINDS = {str(kind): kind for kind in Kind}
_WRITINGS = {str(writing): writing for writing in Writing}


def dump_effects(effects: Effects) -> Any:
    """Effects as JSON; tuples and words stand for themselves."""
    return list(effects)


def load_effect(value: Any) -> Effect:
    """An effect from the list of its fields."""
    return EffectsLoader().effect(value)


class EffectsLoader:
    """Makes effects of what ``dump_effects`` gave, after it was written and read as JSON.

    Names that are equal are one value: a large changelog has the same ones in each of its changesets.
    """

    def __init__(self) -> None:
        self._things: dict[tuple[str, ...], Thing] = {}
        self._lists: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._texts: dict[str, str] = {}
        self._effects: dict[Effect, Effect] = {}

    def load(self, value: Any) -> Effects:
        """The effects of one text."""
        objects, writes, keys, opaque, types, literals, inherits, fields, calls = value
        thing, words = self._thing, self._words
        return Effects(
            tuple([self.effect(each) for each in objects]),
            tuple([self._write(each) for each in writes]),
            tuple([ForeignKey(thing(a), words(b), thing(c), words(d), place) for a, b, c, d, place in keys]),
            tuple([Opaque(what, place) for what, place in opaque]),
            tuple([ColumnType(thing(column), thing(type_), words(others)) for column, type_, others in types]),
            tuple([Literal(thing(column), text, place, words(others)) for column, text, place, others in literals]),
            tuple([Inherits(thing(relation), thing(parent), words(others)) for relation, parent, others in inherits]),
            tuple([RowField(thing(routine), column) for routine, column in fields]),
            tuple([Call(thing(relation), thing(by), place, words(others)) for relation, by, place, others in calls]),
        )

    def effect(self, value: Any) -> Effect:
        """An effect from the list of its fields."""
        if value.__class__ is Effect and (known := self._effects.get(value)) is not None:
            return known
        act, thing, word, place, alternatives, arguments = value
        word = self._texts.setdefault(word, word)
        effect = Effect(_ACTS[act], self._thing(thing), word, place, self._words(alternatives), arguments)
        return self._effects.setdefault(effect, effect)

    def _thing(self, value: Any) -> Thing:
        key = tuple(value)
        found = self._things.get(key)
        if found is None:
            kind, name, schema, of = value
            found = self._things[key] = Thing(_KINDS[kind], name, schema, of)
        return found

    def _words(self, value: Any) -> tuple[str, ...]:
        words = tuple(value)
        return self._lists.setdefault(words, words)

    def _write(self, value: Any) -> RowWrite:
        writing, relation, columns, rows, place = value
        share = self._texts.setdefault
        told = (
            None if rows is None else tuple([tuple([(share(name, name), text) for name, text in row]) for row in rows])
        )
        return RowWrite(_WRITINGS[writing], self._thing(relation), self._words(columns), told, place)
