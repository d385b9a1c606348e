"""Edges from objects: who uses, replaces, alters and ends what others make."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from changelog_engine.graph.footprint import (
    SOFT_USES,
    Footprint,
    Mention,
    candidates,
    full_name,
    owner_of,
    shown,
)
from changelog_engine.graph.gathering import Edges, Found, Group, across
from changelog_engine.graph.inferred import Firmness, Unresolved
from changelog_engine.graph.lives import SEVERAL, Life, Lives
from changelog_engine.model import Strength
from changelog_engine.sql.effects import Act, Kind, Thing

OVERLOADED = (Kind.ROUTINE, Kind.OPERATOR)
"""Several things may have one such name."""

NAMED_BY_THE_DATABASE = (Kind.CONSTRAINT, Kind.KEY)
"""Mostly without a name of their own: where one is taken, the database finds another."""

HARMLESS_TWICE = (Kind.SCHEMA, Kind.EXTENSION, Kind.ROLE, Kind.TYPE, Kind.OTHER, *OVERLOADED)
"""What two changesets may both make where it is missing."""

SHARED = (Kind.RELATION, Kind.SCHEMA, Kind.ROLE, Kind.EXTENSION)
"""What two changesets may alter in any order: what they alter of it is mostly not the same."""

Extensions = Callable[[Thing], tuple[str, ...]]


class Objects:
    """Adds to ``edges`` what the objects say; ``unresolved`` are the uses of names that no changeset makes."""

    def __init__(self, footprints: Sequence[Footprint], edges: Edges, extensions_of: Extensions) -> None:
        self.footprints = footprints
        self.edges = edges
        self.extensions_of = extensions_of
        self.names: dict[Thing, Lives] = {}
        self.parts: dict[Thing, list[Thing]] = {}
        self.unresolved: list[Unresolved] = []
        self._has_extensions = False

    def infer(self) -> None:
        self._gather_makers()
        self._gather_enders()
        self._settle()
        for number, footprint in enumerate(self.footprints):
            self._add_needs(number, footprint)
        for thing, lives in self.names.items():
            if lives.enders or lives.weak or len(lives.strong) > 1:
                self._add_lives(thing, lives)
        self._add_alterations()

    def _gather_makers(self) -> None:
        names = self.names
        for number, footprint in enumerate(self.footprints):
            for thing in footprint.makes:
                if thing not in names:
                    names[thing] = Lives()
                names[thing].strong.append(number)
            for thing in footprint.weak:
                if thing not in names:
                    names[thing] = Lives()
                names[thing].weak.append(number)
        for thing in names:
            if thing.kind is Kind.EXTENSION:
                self._has_extensions = True
            owner = owner_of(thing)
            if owner is not None:
                self.parts.setdefault(owner, []).append(thing)

    def _gather_enders(self) -> None:
        """An end of a relation or type is the end of all that is in it."""
        for number, footprint in enumerate(self.footprints):
            for thing in footprint.ends:
                ended = [thing]
                has_several = thing in self.names and len(self.names[thing].strong) + len(self.names[thing].weak) > 1
                if thing.kind in (Kind.RELATION, Kind.TYPE):
                    ended += self.parts.get(thing, ())
                for each in ended:
                    lives = self.names.get(each)
                    if lives is None or number in lives.strong or number in lives.weak:
                        continue
                    # Those of a part of what has several lives follow from these.
                    if each is thing or not has_several:
                        lives.enders.append(number)

    def _settle(self) -> None:
        parts: list[tuple[Lives, Lives]] = []
        for thing, lives in self.names.items():
            owner = owner_of(thing)
            of = None if owner is None else self.names.get(owner)
            if of is not None and of.enders and len(of.strong) + len(of.weak) > 1:
                parts.append((lives, of))
            else:
                lives.settle(one=thing.kind in OVERLOADED)
        for lives, of in parts:
            lives.settle_within(of)

    # ------------------------------------------------------------------------------------------------- users

    def _add_needs(self, number: int, footprint: Footprint) -> None:
        missing: list[Thing] = []
        for thing, need in footprint.needs.items():
            found = self._made(need)
            if found is None:
                if need.effect.act is not Act.MAY_USE and owner_of(thing) not in missing:
                    missing.append(thing)
                    place = footprint.location(need.part, need.effect.place)
                    self.unresolved.append(Unresolved(footprint.id, need.effect, place))
                continue
            self._add_use(number, footprint, need, found)

    def _made(self, need: Mention) -> Thing | None:
        """The name by which some changeset makes what is needed; None where none does."""
        for each in candidates(need.effect):
            if each in self.names:
                return each
            if each.kind is Kind.KEY and each.name == "*" and (owner := owner_of(each)) is not None:
                # Any key of the relation will do.
                keys = (part for part in self.parts.get(owner, ()) if part.kind is Kind.KEY)
                if (key := next(keys, None)) is not None and need.effect.thing.name == "*":
                    return key
        return self._extension(need.effect.thing)

    def _extension(self, thing: Thing) -> Thing | None:
        """The extension that some changeset makes and that brings such a thing."""
        if not self._has_extensions:
            return None
        made = (Thing(Kind.EXTENSION, name) for name in self.extensions_of(thing))
        return next((each for each in made if each in self.names), None)

    def _add_use(self, number: int, footprint: Footprint, need: Mention, found: Thing) -> None:
        lives = self.names[found]
        if number in lives.strong or number in lives.weak:
            # It makes the name anew after it used it: the lives say what it needs.
            return
        life = self._life(number, footprint, found)
        if number not in life.enders:
            life.users.append(number)
        firmness = Firmness.SOFT if need.effect.act in SOFT_USES else Firmness.CERTAIN
        pairs = self.edges.found
        for maker in life.makers:
            if maker != number and ((maker, number) not in pairs or pairs[(maker, number)].firmness > firmness):
                reason = f"{self._verb(footprint, need, found)}, {self._by(maker, found)}"
                self.edges.add(maker, number, Found(Strength.REQUIRES, firmness, reason, need.part, need.effect.place))

    def _life(self, number: int, footprint: Footprint, thing: Thing) -> Life:
        """The life that a user means; of a relation that one which has the columns that it uses."""
        lives = self.names[thing]
        if len(lives.lives) == 1:
            return lives.lives[0]
        owner = owner_of(thing) or thing
        of = self.names.get(owner, lives)
        chosen = of.life_of(number)
        if number not in (*chosen.strong, *chosen.weak, *chosen.enders):
            having: dict[int, int] = {}
            for part in self.parts.get(owner, ()):
                if part in footprint.needs:
                    for life in self.names[part].of:
                        having[id(life)] = having.get(id(life), 0) + 1
            most = max(having.values(), default=0)
            if having.get(id(chosen), 0) < most:
                chosen = next(life for life in of.lives if having.get(id(life)) == most)
        if thing == owner:
            return chosen
        if not lives.of:
            return lives.life_of(number)
        return next(
            (own for own, life in zip(lives.lives, lives.of, strict=True) if life is chosen), lives.life_of(number)
        )

    def _verb(self, footprint: Footprint, need: Mention, found: Thing) -> str:
        """What is done with what is used: the part of a reason before its comma."""
        effect = need.effect
        if found.kind is Kind.EXTENSION and effect.thing.kind is not Kind.EXTENSION:
            return f"uses {effect.word} {shown(effect.thing)} of extension {found.name}"
        if found.kind in (Kind.RELATION, Kind.KEY):
            target = found if found.kind is Kind.RELATION else owner_of(found)
            for referring in footprint.foreign_keys:
                key = referring.key
                if key.target == target and key.relation != target:
                    columns = ", ".join(key.columns)
                    own = (
                        f"{full_name(key.relation)}.{columns}"
                        if len(key.columns) == 1
                        else (f"{full_name(key.relation)} ({columns})")
                    )
                    return f"{own} references {shown(found)}"
        if found.name == "*":
            return f"uses {shown(effect.thing)}"
        lives = self.names[found]
        maker = self._mention(lives.life_of(0).first if not lives.strong else lives.strong[0], found)
        word = "" if found.kind is Kind.COLUMN else f"{maker.effect.word} "
        verbs = {Kind.ROUTINE: "calls", Kind.SCHEMA: "is in"}
        how = " when it runs" if effect.act is Act.USES_WHEN_RUN else ""
        return f"{verbs.get(found.kind, 'uses')} {word}{shown(found)}{how}"

    def _by(self, maker: int, thing: Thing) -> str:
        """Who made it, and how: the part of a reason after its comma."""
        footprint = self.footprints[maker]
        effect = self._mention(maker, thing).effect
        owner = owner_of(thing)
        is_added = owner is not None and not footprint.makes_relation(owner)
        if effect.act is Act.RENAMES_TO:
            verb = "named so by"
        elif thing.name == "*":
            return f"of {thing.of}, created by `{footprint.id}`"
        else:
            verb = "added by" if is_added else "created by"
        return f"{verb} `{footprint.id}`"

    def _mention(self, number: int, thing: Thing) -> Mention:
        footprint = self.footprints[number]
        return footprint.makes.get(thing) or footprint.weak[thing]

    # ------------------------------------------------------------------------------------------------- lives

    def _add_lives(self, thing: Thing, lives: Lives) -> None:
        earlier: Life | None = None
        for life in lives.lives:
            self._add_replacements(thing, life)
            self._add_ends(thing, life)
            if earlier is not None:
                self._add_turn(thing, earlier, life)
            earlier = life
        if thing.kind not in (*OVERLOADED, *NAMED_BY_THE_DATABASE):
            self._add_clash(thing, lives.strong)

    def _add_replacements(self, thing: Thing, life: Life) -> None:
        for number in life.weak:
            mention = self._mention(number, thing)
            verb = "replaces" if mention.effect.act is Act.REPLACES else "makes sure of"
            for maker in life.strong[:SEVERAL]:
                if is_other_overload(self._mention(maker, thing), mention):
                    continue
                reason = f"{verb} {mention.effect.word} {shown(thing)}, {self._by(maker, thing)}"
                self.edges.add(maker, number, self._certain(Strength.REQUIRES, reason, mention))
        replacing = [number for number in life.weak if self._mention(number, thing).effect.act is Act.REPLACES]
        ensuring = [] if thing.kind in HARMLESS_TWICE or owner_of(thing) or life.strong else life.weak
        for several, verb in ((replacing, "replace"), (ensuring, "make")):
            by_arguments: dict[str | None, dict[int, Mention]] = {}
            for number in several:
                mention = self._mention(number, thing)
                by_arguments.setdefault(mention.effect.arguments, {})[number] = mention
            for mentions in by_arguments.values():
                self._group(verb, thing, mentions)

    def _add_ends(self, thing: Thing, life: Life) -> None:
        for number in life.enders:
            mention = self._ending(number, thing)
            verb = "drops" if mention.effect.act is Act.DROPS else "renames"
            what = f"{verb} {mention.effect.word} {shown(mention.effect.thing)}"
            for maker in life.makers:
                part = "" if mention.effect.thing == thing else f" with {shown(thing)}"
                reason = f"{what}{part}, {self._by(maker, thing)}"
                self.edges.add(maker, number, self._certain(Strength.REQUIRES, reason, mention))
        if not life.enders:
            return
        changers = [number for number in life.weak if number not in life.makers]
        befores = [number for number in (*life.users, *changers) if number not in life.enders]
        for before, after in across(befores, life.enders):
            mention = self._ending(after, thing)
            verb = "drops" if mention.effect.act is Act.DROPS else "renames"
            does = "changes" if before in changers else "uses"
            reason = f"{verb} {mention.effect.word} {shown(mention.effect.thing)}, which `{self._id(before)}` {does}"
            self.edges.add(before, after, self._certain(Strength.AFTER, reason, mention))

    def _ending(self, number: int, thing: Thing) -> Mention:
        """The effect by which a changeset ends a thing: its own, or that of the relation that it is in."""
        ends = self.footprints[number].ends
        if thing in ends:
            return ends[thing]
        owner = owner_of(thing)
        assert owner is not None
        return ends[owner]

    def _add_turn(self, thing: Thing, earlier: Life, life: Life) -> None:
        """The name must be free before it is made again."""
        for before, after in across(earlier.enders, life.strong + life.weak):
            mention = self._mention(after, thing)
            reason = f"makes {mention.effect.word} {shown(thing)} anew, which `{self._id(before)}` ends"
            self.edges.add(
                before, after, self._certain(Strength.AFTER, reason, mention)._replace(firmness=Firmness.GUESS)
            )

    def _add_clash(self, thing: Thing, makers: Sequence[int]) -> None:
        """Two that make the same: one of them fails, unless the contexts differ or one has ended before."""
        mentions = {number: self._mention(number, thing) for number in makers}
        contexts = [self.footprints[number].contexts for number in makers]
        is_index = any(mention.effect.word == "index" for mention in mentions.values())
        if not is_index and not (None not in contexts and len(set(contexts)) == len(contexts)):
            self._group("make", thing, mentions)

    # ------------------------------------------------------------------------------------------- alterations

    def _add_alterations(self) -> None:
        altering: dict[Thing, list[int]] = {}
        for number, footprint in enumerate(self.footprints):
            for thing in footprint.alters:
                altering.setdefault(thing, []).append(number)
        for thing, numbers in altering.items():
            self._add_before_ends(thing, numbers)
            mentions = {number: self.footprints[number].alters[thing] for number in numbers}
            self._group("alter", thing, mentions, is_conflict=thing.kind not in SHARED)
            if thing.kind is Kind.COLUMN:
                self._add_views_on_altered(thing, numbers)

    def _add_before_ends(self, thing: Thing, numbers: list[int]) -> None:
        """What alters a thing mostly uses it too, and then comes before its end; IF EXISTS only alters."""
        lives = self.names.get(thing)
        if lives is None or not lives.enders:
            return
        for number in numbers:
            life = lives.life_of(number)
            if number not in life.users and number not in life.enders:
                for ender in life.enders:
                    mention = self._ending(ender, thing)
                    reason = f"ends {mention.effect.word} {shown(thing)}, which `{self._id(number)}` alters"
                    self.edges.add(number, ender, self._certain(Strength.AFTER, reason, mention))

    def _add_views_on_altered(self, column: Thing, numbers: list[int]) -> None:
        """A view on a column stands in the way of altering it: the view comes after, where nothing else is said."""
        lives = self.names.get(column)
        if lives is None:
            return
        views = [
            user
            for life in lives.lives
            for user in life.users
            if any(
                "view" in mention.effect.word
                for made in (self.footprints[user].makes, self.footprints[user].weak)
                for mention in made.values()
            )
        ]
        for before, after in across(numbers, views):
            need = self.footprints[after].needs.get(column) or next(iter(self.footprints[after].needs.values()))
            reason = f"uses {shown(column)}, altered by `{self._id(before)}`"
            found = Found(Strength.AFTER, Firmness.SOFT, reason, need.part, need.effect.place)
            self.edges.add(before, after, found)

    def _group(self, verb: str, thing: Thing, mentions: dict[int, Mention], *, is_conflict: bool = True) -> None:
        if len(mentions) > 1:
            self.edges.groups.append(Group(verb, shown(thing), mentions, is_conflict))

    def _id(self, number: int) -> str:
        return self.footprints[number].id

    @staticmethod
    def _certain(strength: Strength, reason: str, mention: Mention) -> Found:
        return Found(strength, Firmness.CERTAIN, reason, mention.part, mention.effect.place)


def is_other_overload(one: Mention, other: Mention) -> bool:
    """Whether two of one name are told apart by their arguments."""
    first, second = one.effect.arguments, other.effect.arguments
    return first is not None and second is not None and first != second
