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


def dump_effects(effects: Effects) -> Any:
    """Effects as JSON; tuples and words stand for themselves."""
    return list(effects)


def load_effects(value: Any) -> Effects:
    """What ``dump_effects`` gave, after it was written and read as JSON."""
    objects, writes, keys, opaque, types, literals, inherits, fields, calls = value
    return Effects(
        tuple([load_effect(each) for each in objects]),
        tuple([_write(each) for each in writes]),
        tuple([ForeignKey(_thing(a), tuple(b), _thing(c), tuple(d), place) for a, b, c, d, place in keys]),
        tuple([Opaque(what, place) for what, place in opaque]),
        tuple([ColumnType(_thing(column), _thing(type_), tuple(others)) for column, type_, others in types]),
        tuple([Literal(_thing(column), text, place, tuple(others)) for column, text, place, others in literals]),
        tuple([Inherits(_thing(relation), _thing(parent), tuple(others)) for relation, parent, others in inherits]),
        tuple([RowField(_thing(routine), column) for routine, column in fields]),
        tuple([Call(_thing(relation), _thing(by), place, tuple(others)) for relation, by, place, others in calls]),
    )


def load_effect(value: Any) -> Effect:
    """An effect from the list of its fields."""
    act, thing, word, place, alternatives, arguments = value
    return Effect(_ACTS[act], _thing(thing), word, place, tuple(alternatives), arguments)


def _thing(value: Any) -> Thing:
    kind, name, schema, of = value
    return Thing(_KINDS[kind], name, schema, of)


def _write(value: Any) -> RowWrite:
    writing, relation, columns, rows, place = value
    told = None if rows is None else tuple([tuple([(name, text) for name, text in row]) for row in rows])
    return RowWrite(Writing(writing), _thing(relation), tuple(columns), told, place)
