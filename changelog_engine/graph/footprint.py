"""What one changeset leaves and needs: the net of its effects, without what it makes, uses and drops by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from changelog_engine.graph.inferred import Subject
from changelog_engine.model import Location
from changelog_engine.sql.effects import Act, Effect, ForeignKey, Kind, RowWrite, Thing

MAKES = (Act.CREATES, Act.RENAMES_TO, Act.REPLACES, Act.ENSURES)
WEAK = (Act.REPLACES, Act.ENSURES)
ENDS = (Act.DROPS, Act.RENAMES_FROM)
USES = (Act.USES, Act.MAY_USE, Act.USES_WHEN_RUN)
SOFT_USES = (Act.MAY_USE, Act.USES_WHEN_RUN)


class Mention(NamedTuple):
    """An effect and the text of the changeset that it is in, by number."""

    effect: Effect
    part: int


class Written(NamedTuple):
    write: RowWrite
    part: int


class Referring(NamedTuple):
    key: ForeignKey
    part: int


class Footprint:
    """Each name that a changeset makes, weakly makes (OR REPLACE, IF NOT EXISTS), ends, alters, tightens, and those
    that it needs to be there before.
    """

    __slots__ = ("alters", "ends", "foreign_keys", "makes", "needs", "subject", "tightens", "weak", "writes")

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.makes: dict[Thing, Mention] = {}
        self.weak: dict[Thing, Mention] = {}
        self.ends: dict[Thing, Mention] = {}
        self.alters: dict[Thing, Mention] = {}
        self.tightens: dict[Thing, Mention] = {}
        self.needs: dict[Thing, Mention] = {}
        self.writes: list[Written] = []
        self.foreign_keys: list[Referring] = []
        for part, (_, effects) in enumerate(subject.parts):
            for effect in effects.objects:
                self._add(Mention(effect, part))
            self.writes += [Written(write, part) for write in effects.writes]
            self.foreign_keys += [Referring(key, part) for key in effects.foreign_keys]
        if self.makes or self.weak:
            late = [thing for thing, need in self.needs.items() if need.effect.act in SOFT_USES]
            for thing in late:
                if self.made_itself(self.needs[thing].effect):
                    del self.needs[thing]

    def location(self, part: int, place: int) -> Location:
        """The place in the changelog's files of a character of one of the texts."""
        return self.subject.parts[part][0].locate(place)

    def made_itself(self, effect: Effect) -> bool:
        """Whether what is used was made before by the changeset itself."""
        return any(thing in self.makes or thing in self.weak for thing in candidates(effect))

    def makes_relation(self, name: Thing) -> bool:
        return name in self.makes or name in self.weak

    def _add(self, mention: Mention) -> None:
        effect = mention.effect
        act, thing = effect.act, effect.thing
        if act in USES:
            known = self.needs.get(thing)
            is_firmer = known is not None and act is Act.USES and known.effect.act in SOFT_USES
            if is_firmer or (known is None and not ((self.makes or self.weak) and self.made_itself(effect))):
                self.needs[thing] = mention
        elif act in MAKES:
            if thing in self.ends:
                del self.ends[thing]
                self.weak[thing] = mention
            elif act in WEAK:
                if thing not in self.makes:
                    self.weak.setdefault(thing, mention)
            else:
                self.makes[thing] = mention
        elif act in ENDS:
            self._end(mention)
        elif thing not in self.makes and owner_of(thing) not in self.makes:
            (self.tightens if act is Act.TIGHTENS else self.alters).setdefault(thing, mention)

    def _end(self, mention: Mention) -> None:
        thing = mention.effect.thing
        if thing in self.makes:
            del self.makes[thing]
            if thing.kind in (Kind.RELATION, Kind.TYPE):
                for part in [each for each in self.makes if owner_of(each) == thing]:
                    del self.makes[part]
        else:
            self.weak.pop(thing, None)
            self.ends.setdefault(thing, mention)


def full_name(thing: Thing) -> str:
    """The name of a relation or type as the parts of it have it in ``of``."""
    return f"{thing.schema}.{thing.name}" if thing.schema else thing.name


def owner_of(thing: Thing) -> Thing | None:
    """The relation of a column, constraint and so on, the type of an enum value; None where there is no such."""
    if not thing.of or thing.kind is Kind.OTHER:
        return None
    schema, _, name = thing.of.rpartition(".")
    return Thing(Kind.TYPE if thing.kind is Kind.VALUE else Kind.RELATION, name, schema)


def candidates(effect: Effect) -> Iterator[Thing]:
    """The names that would satisfy a use, the likeliest first."""
    thing = effect.thing
    yield thing
    for schema in effect.alternatives:
        if thing.of:
            name = thing.of.rpartition(".")[2]
            yield thing._replace(of=f"{schema}.{name}" if schema else name)
        else:
            yield thing._replace(schema=schema)
    if owner_of(thing) is not None and thing.kind is not Kind.VALUE and thing.name != "*":
        yield from candidates(effect._replace(thing=thing._replace(name="*")))


def shown(thing: Thing) -> str:
    """A name as people write it: `orders.total` for a column."""
    name = thing.name
    if thing.kind is Kind.KEY:
        return f"{thing.of} ({name.replace(',', ', ')})" if name else thing.of
    if thing.kind is Kind.COLUMN:
        return f"{thing.of}.{name}"
    if thing.kind is Kind.VALUE:
        return f"'{name}' of {thing.of}"
    if thing.kind in (Kind.CONSTRAINT, Kind.TRIGGER, Kind.POLICY, Kind.RULE):
        return f"{name} of {thing.of}"
    return full_name(thing)
