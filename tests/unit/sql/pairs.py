"""Whether the effects of one text show that it needs another, as an order that is worked out from them has to."""

from __future__ import annotations

from changelog_engine.sql.effects import Act, Effects, Kind, Thing, Writing
from changelog_engine.sql.reading import read_effects

_MAKES = (Act.CREATES, Act.REPLACES, Act.ENSURES, Act.RENAMES_TO)
_NEEDS = (Act.USES, Act.MAY_USE, Act.USES_WHEN_RUN)


def is_seen(first: str, second: str, dbms: str) -> bool:
    """Whether the second text is known to need the first, or is opaque."""
    made, needing = read_effects(first, dbms), read_effects(second, dbms)
    if needing.opaque:
        return True
    needs = things(needing, _NEEDS)
    return bool(things(made, _MAKES) & needs) or tightens_what_is_written(made, needing) or has_parents(made, needing)


def things(effects: Effects, acts: tuple[Act, ...]) -> set[Thing]:
    return {effect.thing for effect in effects.objects if effect.act in acts}


def tightens_what_is_written(first: Effects, second: Effects) -> bool:
    """The rows are made fit before they are refused."""
    written = {write.relation.name for write in first.writes if write.writing is not Writing.INSERTS}
    tightened = things(second, (Act.TIGHTENS,))
    return any((thing.name if thing.kind is Kind.RELATION else thing.of) in written for thing in tightened)


def has_parents(first: Effects, second: Effects) -> bool:
    """Rows of two tables; which refers to which is known from the foreign keys of others."""
    parents = {row for write in first.writes for row in write.rows or ()}
    children = {row for write in second.writes for row in write.rows or ()}
    values = {value for row in parents for _, value in row}
    return bool(parents) and any(value in values for row in children for _, value in row)
