"""What one changeset leaves and needs: the net of its effects, without what it makes, uses and drops by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from changelog_engine.graph.inferred import Subject
from changelog_engine.model import Location, SqlText
from changelog_engine.sql.effects import Act, Effect, Effects, ForeignKey, Kind, RowWrite, Thing

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
    that it needs to be there before; the rows that it writes and the foreign keys that it adds.
    """

    __slots__ = (
        "alters",
        "contexts",
        "ends",
        "foreign_keys",
        "id",
        "infers",
        "makes",
        "needs",
        "opaque",
        "texts",
        "tightens",
        "weak",
        "writes",
    )

    def __init__(self, subject: Subject, net: _Net) -> None:
        self.id = subject.id
        self.contexts = subject.contexts
        self.infers = subject.infers
        self.texts = tuple([text for text, _ in subject.parts])
        self.makes: Mapping[Thing, Mention] = net.makes or _NOTHING
        self.weak: Mapping[Thing, Mention] = net.weak or _NOTHING
        self.ends: Mapping[Thing, Mention] = net.ends or _NOTHING
        self.alters: Mapping[Thing, Mention] = net.alters or _NOTHING
        self.tightens: Mapping[Thing, Mention] = net.tightens or _NOTHING
        self.needs: Mapping[Thing, Mention] = net.needs or _NOTHING
        parts = [(part, effects) for part, (_, effects) in enumerate(subject.parts)]
        self.writes = tuple([Written(write, part) for part, effects in parts for write in effects.writes])
        self.foreign_keys = tuple([Referring(key, part) for part, effects in parts for key in effects.foreign_keys])
        self.opaque = tuple([(opaque, part) for part, effects in parts for opaque in effects.opaque])

    def location(self, part: int, place: int) -> Location:
        """The place in the changelog's files of a character of one of the texts."""
        return self.texts[part].locate(place)

    def makes_relation(self, name: Thing) -> bool:
        return name in self.makes or name in self.weak


_NOTHING: Mapping[Thing, Mention] = {}
"""Most changesets do few of these things: for the others they share one map."""


def footprints_of(subjects: Iterable[Subject]) -> list[Footprint]:
    """The footprint of each. Nothing else stays of a subject, so that they can be made one after the other.

    Mentions that are equal are one value: many changesets are alike.
    """
    mentions: dict[Mention, Mention] = {}
    return [Footprint(subject, _Net(subject.parts, mentions)) for subject in subjects]


class _Net:
    """What is left of the effects of a changeset's texts, taken one after the other."""

    __slots__ = ("alters", "ends", "makes", "needs", "tightens", "weak")

    def __init__(self, parts: Sequence[tuple[SqlText, Effects]], mentions: dict[Mention, Mention]) -> None:
        self.makes: dict[Thing, Mention] = {}
        self.weak: dict[Thing, Mention] = {}
        self.ends: dict[Thing, Mention] = {}
        self.alters: dict[Thing, Mention] = {}
        self.tightens: dict[Thing, Mention] = {}
        self.needs: dict[Thing, Mention] = {}
        for part, (_, effects) in enumerate(parts):
            for effect in effects.objects:
                mention = Mention(effect, part)
                self._add(mentions.setdefault(mention, mention))
        if self.makes or self.weak:
            late = [thing for thing, need in self.needs.items() if need.effect.act in SOFT_USES]
            for thing in late:
                if self._made_itself(self.needs[thing].effect):
                    del self.needs[thing]

    def _made_itself(self, effect: Effect) -> bool:
        """Whether what is used was made before by the changeset itself."""
        return any(thing in self.makes or thing in self.weak for thing in candidates(effect))

    def _add(self, mention: Mention) -> None:
        effect = mention.effect
        act, thing = effect.act, effect.thing
        if act in USES:
            known = self.needs.get(thing)
            is_firmer = known is not None and act is Act.USES and known.effect.act in SOFT_USES
            if is_firmer or (known is None and not ((self.makes or self.weak) and self._made_itself(effect))):
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
