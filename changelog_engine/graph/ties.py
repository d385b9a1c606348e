"""What does not commute: rows of one table that several changesets read and write, triggers made between, and objects
that several change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

from changelog_engine.graph.footprint import Footprint, Written, full_name
from changelog_engine.graph.gathering import FEW, Group, Tie
from changelog_engine.graph.rows import plain
from changelog_engine.sql.effects import Kind, RowWrite, Thing, Writing

ALL = frozenset({"*"})


Keys = Mapping[str, AbstractSet[str]]
"""By the columns that all rows are known by, their values there; none where the rows cannot be told."""


@dataclass(slots=True)
class _Part:
    """What one changeset does to the rows of one relation, or several do: ``sets`` and ``reads`` are columns."""

    sets: AbstractSet[str]
    reads: AbstractSet[str]
    keys: Keys

    def commutes(self, other: _Part) -> bool:
        """Whether two changes are of other columns, or of other rows by some key."""
        is_of_all = "*" in self.sets or "*" in other.sets
        is_apart = not (self.sets & (other.sets | other.reads) or self.reads & other.sets)
        return (is_apart and not is_of_all) or self.is_of_other_rows(other)

    def is_of_other_rows(self, other: _Part) -> bool:
        common = self.keys.keys() & other.keys.keys() - self.sets - other.sets
        return any(self.keys[column].isdisjoint(other.keys[column]) for column in common)


class _Layer:
    """Changesets that follow each other and commute, and what all of them do."""

    def __init__(self, kind: str, number: int, part: _Part) -> None:
        self.kind = kind
        self.numbers = [number]
        self._keys = {column: set(values) for column, values in part.keys.items()}
        self.all = _Part(set(part.sets), set(part.reads), self._keys)

    def add(self, number: int, part: _Part) -> None:
        for column in list(self._keys):
            if column in part.keys:
                self._keys[column] |= part.keys[column]
            else:
                del self._keys[column]
        self.numbers.append(number)
        self.all.sets |= part.sets
        self.all.reads |= part.reads


class Ties:
    """The ties between changesets; ``place`` is each one's place in the order without them."""

    def __init__(self, footprints: Sequence[Footprint], groups: Sequence[Group], place: Mapping[int, int]) -> None:
        self.footprints = footprints
        self.groups = groups
        self.place = place
        self.found: list[Tie] = []

    def find(self) -> list[Tie]:
        """All of them, each along the order; few more than there are changesets that take part."""
        for group in self.groups:
            self._tie_group(group)
        self._find_in_rows()
        return self.found

    def _tie_group(self, group: Group) -> None:
        for before, after in pairwise(sorted(group.mentions, key=self.place.__getitem__)):
            effect, part = group.mentions[after]
            what = f"{effect.word} {group.name}"
            message = f"both {group.verb} {what}"
            reason = f"{group.verb}s {what}, as `{self._id(before)}` does"
            self.found.append(
                Tie(before, after, message, reason, part, effect.place, (after, message), group.is_conflict)
            )

    def _find_in_rows(self) -> None:
        inserting: dict[Thing, dict[int, Written]] = {}
        changing: dict[Thing, dict[int, Written]] = {}
        for number, footprint in enumerate(self.footprints):
            for written in footprint.writes:
                relation = written.write.relation
                if footprint.makes_relation(relation):
                    continue
                kind = inserting if written.write.writing is Writing.INSERTS else changing
                kind.setdefault(relation, {}).setdefault(number, written)
        for relation, changes in changing.items():
            self._tie_changes(relation, changes, inserting.get(relation, {}))
        triggers = self._triggers()
        readers = self._readers(inserting.keys() | changing.keys())
        for relation in dict.fromkeys((*inserting, *changing)):
            writers = {**inserting.get(relation, {}), **changing.get(relation, {})}
            if relation in triggers:
                self._tie_groups(relation, triggers[relation], "makes a trigger on", writers, "writes rows of")
            if relation in readers:
                self._tie_groups(relation, readers[relation], "reads rows of", writers, "writes rows of")

    def _triggers(self) -> dict[Thing, dict[int, None]]:
        found: dict[Thing, dict[int, None]] = {}
        for number, footprint in enumerate(self.footprints):
            for made in (footprint.makes, footprint.weak):
                for thing in made:
                    if thing.kind in (Kind.TRIGGER, Kind.RULE):
                        schema, _, name = thing.of.rpartition(".")
                        relation = Thing(Kind.RELATION, name, schema)
                        if not footprint.makes_relation(relation):
                            found.setdefault(relation, {})[number] = None
        return found

    def _readers(self, written: set[Thing]) -> dict[Thing, dict[int, None]]:
        """Changesets that write rows and nothing else, by what they read for it."""
        found: dict[Thing, dict[int, None]] = {}
        for number, footprint in enumerate(self.footprints):
            if not footprint.writes or footprint.makes or footprint.weak:
                continue
            own = {each.write.relation for each in footprint.writes}
            if all(each.write.rows is not None for each in footprint.writes):
                continue
            for thing in footprint.needs:
                if thing.kind is Kind.RELATION and thing in written and thing not in own:
                    found.setdefault(thing, {})[number] = None
        return found

    def _tie_changes(self, relation: Thing, changes: dict[int, Written], inserts: dict[int, Written]) -> None:
        name = full_name(relation)
        layers: list[_Layer] = []
        for number in sorted(changes.keys() | inserts.keys(), key=self.place.__getitem__):
            kind, part = "changes" if number in changes else "inserts", self._part(number, relation)
            last = layers[-1] if layers else None
            if last is not None and last.kind == kind and (kind == "inserts" or part.commutes(last.all)):
                last.add(number, part)
            else:
                layers.append(_Layer(kind, number, part))
        for first, second in pairwise(layers):
            self._tie_layers(relation, name, first, second)

    def _tie_layers(self, relation: Thing, name: str, first: _Layer, second: _Layer) -> None:
        verbs = {"changes": "changes rows of", "inserts": "inserts rows of"}
        is_apart = _Part.commutes if first.kind == second.kind else _Part.is_of_other_rows
        if is_apart(first.all, second.all):
            return
        parts = {number: self._part(number, relation) for number in (*first.numbers, *second.numbers)}
        for before, after in _across(first.numbers, second.numbers):
            if not is_apart(parts[before], parts[after]):
                self._tie(before, verbs[first.kind], after, verbs[second.kind], name, second.numbers[0])

    def _part(self, number: int, relation: Thing) -> _Part:
        """All that a changeset does to the rows of a relation."""
        footprint = self.footprints[number]
        writes = [written for written in footprint.writes if written.write.relation == relation]
        changes = [written.write for written in writes if written.write.writing is not Writing.INSERTS]
        sets: set[str] = set()
        for write in changes:
            sets |= set(write.columns or ALL)
        own = full_name(relation)
        reads = {thing.name for thing in footprint.needs if thing.kind is Kind.COLUMN and thing.of == own}
        keys = _keys([written.write for written in writes])
        return _Part(sets, reads, keys)

    def _tie_groups(
        self,
        relation: Thing,
        some: dict[int, None],
        some_do: str,
        others: dict[int, Written],
        others_do: str,
    ) -> None:
        layers: list[tuple[str, list[int]]] = []
        for number in sorted({*some, *others}, key=self.place.__getitem__):
            does = some_do if number in some else others_do
            if layers and layers[-1][0] == does:
                layers[-1][1].append(number)
            else:
                layers.append((does, [number]))
        for (first_does, befores), (second_does, afters) in pairwise(layers):
            for before, after in _across(befores, afters):
                self._tie(before, first_does, after, second_does, full_name(relation), afters[0])

    def _tie(self, before: int, first_does: str, after: int, second_does: str, name: str, group: int) -> None:
        if first_does == second_does:
            message = f"both {first_does.replace('changes', 'change')} {name}"
        else:
            message = f"the one {first_does} {name}, the other {second_does} it"
        reason = f"{second_does} {name}; `{self._id(before)}` {first_does} it"
        part, place = self._place_in(after, name)
        self.found.append(Tie(before, after, message, reason, part, place, (group, message)))

    def _place_in(self, number: int, name: str) -> tuple[int, int]:
        footprint = self.footprints[number]
        for written in footprint.writes:
            if full_name(written.write.relation) == name:
                return written.part, written.write.place
        for made in (footprint.makes, footprint.weak):
            for thing, mention in made.items():
                if thing.kind in (Kind.TRIGGER, Kind.RULE) and thing.of == name:
                    return mention.part, mention.effect.place
        return next(
            (need.part, need.effect.place) for thing, need in footprint.needs.items() if full_name(thing) == name
        )

    def _id(self, number: int) -> str:
        return self.footprints[number].id


def _keys(writes: Sequence[RowWrite]) -> Keys:
    rows: list[dict[str, str]] = []
    for write in writes:
        if write.rows is None:
            return {}
        rows += [{column: plain(value) for column, value in row} for row in write.rows]
    common = set.intersection(*(set(row) for row in rows)) if rows else set()
    return {column: {row[column] for row in rows} for column in common}


def _across(befores: Sequence[int], afters: Sequence[int]) -> Iterator[tuple[int, int]]:
    """All pairs, or, where these are too many for a tie each, those by way of the first of ``afters``."""
    if len(befores) * len(afters) <= FEW * (len(befores) + len(afters)):
        yield from ((before, after) for before in befores for after in afters)
        return
    yield from ((before, afters[0]) for before in befores)
    yield from ((befores[-1], after) for after in afters[1:])
