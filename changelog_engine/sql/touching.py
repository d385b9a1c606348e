"""Whose rows statements may change, as far as their text tells: for looking ahead in a run, past what it will do.

What is answered errs on the side of *may change*: whoever asks cannot then take a table for one that stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from changelog_engine.sql.effects import Act, Effects, Kind
from changelog_engine.sql.reading import is_built_in, read_effects
from changelog_engine.sql.standing import sets_session

_CASCADE = re.compile(r"\bcascade\b", re.IGNORECASE)
_READS = re.compile(r"\s*(?:SELECT|VALUES)\b", re.IGNORECASE)
# Of what a table's columns can be, so that a change of it is one of its rows.
_IN_ROWS = (Kind.TYPE, Kind.VALUE, Kind.COLLATION, Kind.OTHER)


class Touched(NamedTuple):
    """``named`` are relations that statements name, ``written`` those among them whose rows they write: there triggers
    and foreign keys may pass it on to others. Names are without their schema, in lower case.
    """

    named: frozenset[str]
    written: frozenset[str]


def touched_by(texts: Iterable[str], dbms: str) -> Touched | None:
    """What statements may change; None where that can be anything."""
    named: set[str] = set()
    written: set[str] = set()
    for text in texts:
        if sets_session(text):
            continue
        effects = read_effects(text, dbms)
        if _is_unknown(text, effects, dbms):
            return None
        named.update(relation.lower() for relation in _relations(effects))
        written.update(write.relation.name.lower() for write in effects.writes)
    return Touched(frozenset(named | written), frozenset(written))


def _is_unknown(text: str, effects: Effects, dbms: str) -> bool:
    if effects.opaque or _CASCADE.search(text):
        return True
    if not (effects.objects or effects.writes):
        return _READS.match(text) is None
    dropped = {effect.thing for effect in effects.objects if effect.act is Act.DROPS}
    return any(
        (
            effect.thing.kind is Kind.ROUTINE
            and effect.act is Act.USES
            and effect.thing not in dropped
            and not is_built_in(effect.thing, dbms)
        )
        or (effect.thing.kind in _IN_ROWS and effect.act is Act.ALTERS)
        or effect.thing.kind is Kind.VALUE
        for effect in effects.objects
    )


def _relations(effects: Effects) -> Iterable[str]:
    for effect in effects.objects:
        if effect.thing.kind is Kind.RELATION:
            yield effect.thing.name
        elif effect.thing.of:
            yield effect.thing.of.rpartition(".")[2]
