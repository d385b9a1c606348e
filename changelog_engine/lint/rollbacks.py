"""Rollbacks that do not undo what their changes did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from changelog_engine.lint.subject import Hit, Script, Subject
from changelog_engine.model import Changeset, RollbackChanges
from changelog_engine.sql.effects import Act, Effect, Kind, Thing, Writing

_MAKES = (Act.CREATES, Act.RENAMES_TO)
_MAY_MAKE = (*_MAKES, Act.REPLACES, Act.ENSURES)
_ENDS = (Act.DROPS, Act.RENAMES_FROM)
# These go along with what they belong to, and are seldom named in a rollback.
_ALONG = frozenset({"index", "sequence", "type", "trigger", "policy", "rule", "constraint", "key", "primary key"})


def rollback_does_not_undo(subject: Subject) -> Iterator[Hit]:
    for changeset in subject.changesets:
        rollback = subject.rollback(changeset)
        changes = subject.changes(changeset)
        if rollback is None or not isinstance(changeset.rollback, RollbackChanges):
            continue
        if rollback.is_opaque or changes.is_opaque or not rollback.texts or not changes.texts:
            # What cannot be read may well undo it, and nobody runs what has no SQL for this database.
            continue
        wrong = [*_stays(changes, rollback), *_goes(changes, rollback), *_missing(changes, rollback)]
        if wrong:
            yield Hit(changeset, _sentence(changeset, wrong), changeset.rollback.location)


def _sentence(changeset: Changeset, wrong: list[str]) -> str:
    return f"the rollback of `{changeset.id}` does not undo it: {'; '.join(wrong)}"


def net(effects: Iterable[Effect]) -> tuple[dict[Thing, Effect], dict[Thing, Effect]]:
    """What is made and what is ended after all, without what is made and ended on the way."""
    made: dict[Thing, Effect] = {}
    ended: dict[Thing, Effect] = {}
    optional: set[Thing] = set()
    for effect in effects:
        if effect.act in _MAKES:
            if effect.thing in ended:
                del ended[effect.thing]
            else:
                made[effect.thing] = effect
        elif effect.act is Act.MAY_USE:
            optional.add(effect.thing)
        elif effect.act in _ENDS:
            if effect.thing in made:
                gone = [thing for thing in made if thing == effect.thing or _belongs(thing, effect.thing)]
                optional.update(gone)
                made = {thing: each for thing, each in made.items() if thing not in gone}
            elif effect.thing not in optional:
                ended[effect.thing] = effect
    return made, ended


def _belongs(thing: Thing, relation: Thing) -> bool:
    """Whether it goes with a relation: a column, the type of its rows."""
    of = f"{relation.schema}.{relation.name}" if relation.schema else relation.name
    return relation.kind is Kind.RELATION and (
        thing.of == of or (thing.kind is Kind.TYPE and thing._replace(kind=Kind.RELATION) == relation)
    )


def _stays(changes: Script, rollback: Script) -> Iterator[str]:
    """What the changes made and the rollback leaves."""
    made, _ = net(changes.effects())
    gone = rollback.things(*_ENDS)
    if not made or any("CASCADE" in text.text.upper() for text in rollback.texts):
        # What CASCADE takes along is not in the text.
        made = made if made and not gone else {}
    touched = changes.things(*_MAY_MAKE, Act.USES)
    for thing, effect in made.items():
        if thing in gone or _goes_along(effect, gone, touched) or _is_part(effect, made):
            continue
        yield f"{named(effect)}, which the changeset makes, stays"
    yield from _rows_that_stay(changes, rollback, gone)


def _rows_that_stay(changes: Script, rollback: Script, gone: set[Thing]) -> Iterator[str]:
    made = changes.things(*_MAY_MAKE)
    inserted = {write.relation for write in changes.writes() if write.writing is Writing.INSERTS}
    written = {write.relation for write in rollback.writes()}
    for relation in sorted(inserted - written - gone - made):
        yield f"the rows that the changeset inserts into `{_name(relation)}` stay"


def _goes_along(effect: Effect, gone: set[Thing], touched: set[Thing]) -> bool:
    """Whether it goes with what is dropped: with its relation, its schema, or one that the changes have to do with."""
    thing = effect.thing
    if thing.kind is Kind.KEY or thing.name == "*":
        return True
    schema, _, name = thing.of.rpartition(".")
    owners = {Thing(Kind.RELATION, name, schema), Thing(Kind.TYPE, name, schema)} if thing.of else set()
    if owners & gone or Thing(Kind.SCHEMA, thing.schema or schema) in gone:
        return True
    dropped = {each for each in gone if each.kind in (Kind.RELATION, Kind.COLUMN, Kind.CONSTRAINT)}
    return effect.word in _ALONG and bool(dropped & touched or any(each.of == thing.of for each in dropped if each.of))


def _is_part(effect: Effect, made: dict[Thing, Effect]) -> bool:
    """Whether it is said already by the table or view that it is a part of."""
    thing = effect.thing
    if any(_belongs(thing, relation) for relation in made):
        return True
    return effect.word in _ALONG and any(each.word == "table" for each in made.values())


def _goes(changes: Script, rollback: Script) -> Iterator[str]:
    """What the rollback drops and the changes did not make."""
    made = changes.things(*_MAY_MAKE)
    own = rollback.things(*_MAY_MAKE)
    relations = {thing.name for thing in made if thing.kind is Kind.RELATION}
    for thing, effect in net(rollback.effects())[1].items():
        if effect.act is not Act.DROPS or thing in made or thing in own or _is_dropped_along(thing, rollback):
            continue
        if thing.of.rpartition(".")[2] in relations or thing.kind is Kind.KEY:
            continue
        if thing.kind is Kind.CONSTRAINT or effect.word == "index":
            # Their names may be made up by the database.
            continue
        yield f"the rollback drops {named(effect)}, which the changeset does not make"


def _is_dropped_along(thing: Thing, rollback: Script) -> bool:
    return thing.kind is Kind.TYPE and thing._replace(kind=Kind.RELATION) in rollback.things(Act.DROPS)


def _missing(changes: Script, rollback: Script) -> Iterator[str]:
    """What the changes dropped and the rollback does not make again."""
    again = rollback.things(*_MAY_MAKE)
    ended = net(changes.effects())[1]
    for thing, effect in ended.items():
        if thing in again or thing.kind in (Kind.KEY, Kind.CONSTRAINT) or effect.word == "index":
            # A constraint may come back under another name.
            continue
        if thing.kind is Kind.TYPE and thing._replace(kind=Kind.RELATION) in ended:
            continue
        if thing.kind is Kind.COLUMN and Thing(Kind.COLUMN, "*", "", thing.of) in again:
            # Made again from a query, with whichever columns that has.
            continue
        if effect.act is Act.DROPS or thing.kind is not Kind.TYPE:
            done = "drops" if effect.act is Act.DROPS else "renames"
            yield f"{named(effect)}, which the changeset {done}, does not come back"


def named(effect: Effect) -> str:
    """An object in words: "column" and its name with that of its table."""
    thing = effect.thing
    inner = f"{thing.of}.{thing.name}" if thing.of and thing.kind is not Kind.OTHER else _name(thing)
    return f"{effect.word} `{inner}`"


def _name(thing: Thing) -> str:
    return f"{thing.schema}.{thing.name}" if thing.schema else thing.name
