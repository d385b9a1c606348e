"""Edges from rows: child rows after their parents, changed rows after new ones, stricter rules after backfills."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from changelog_engine.graph.footprint import Footprint, Referring, Written, full_name
from changelog_engine.graph.gathering import Edges, Found, across
from changelog_engine.graph.inferred import Firmness
from changelog_engine.model import Strength
from changelog_engine.sql.effects import ForeignKey, Kind, RowWrite, Thing, Writing

FEW_ROWS = 8
"""Changesets that insert rows which one condition finds: with more of them the condition is no key."""

Key = tuple[str, ...]


class Rows:
    """Adds to ``edges`` what the rows say."""

    def __init__(self, footprints: Sequence[Footprint], edges: Edges) -> None:
        self.footprints = footprints
        self.edges = edges
        self.writers: dict[Thing, list[int]] = {}
        """By relation who writes rows of it, in order."""
        self.primary: dict[str, Key] = {}

    def infer(self) -> None:
        for number, footprint in enumerate(self.footprints):
            for relation in dict.fromkeys(written.write.relation for written in footprint.writes):
                self.writers.setdefault(relation, []).append(number)
        if not self.writers:
            return
        self._find_primary_keys()
        for child, keys in self._foreign_keys().items():
            if child in self.writers:
                for key in keys:
                    self._add_children(key)
        for relation in self.writers:
            self._add_found_rows(relation)
        self._add_tightened()

    def _written(self, relation: Thing) -> Iterator[tuple[int, Written]]:
        for number in self.writers.get(relation, ()):
            for written in self.footprints[number].writes:
                if written.write.relation == relation:
                    yield number, written

    def _find_primary_keys(self) -> None:
        """The columns of a primary key stand beside the key without a name, at the same place."""
        for footprint in self.footprints:
            keys = [mention for thing, mention in footprint.makes.items() if thing.kind is Kind.KEY]
            places = {
                (mention.effect.thing.of, mention.part, mention.effect.place)
                for mention in keys
                if not mention.effect.thing.name
            }
            for effect, part in keys:
                if effect.thing.name and (effect.thing.of, part, effect.place) in places:
                    self.primary[effect.thing.of] = tuple(effect.thing.name.split(","))

    def _foreign_keys(self) -> dict[Thing, list[ForeignKey]]:
        keys: dict[Thing, dict[tuple[Key, Thing, Key], ForeignKey]] = {}
        for footprint in self.footprints:
            for key, _ in footprint.foreign_keys:
                known = keys.setdefault(key.relation, {})
                known.setdefault((key.columns, key.target, key.target_columns), key)
        return {relation: list(known.values()) for relation, known in keys.items()}

    # ------------------------------------------------------------------------------------- children and parents

    def _add_children(self, key: ForeignKey) -> None:
        columns = key.target_columns or self.primary.get(full_name(key.target), ())
        parents: dict[Key, list[int]] = {}
        unknown: dict[int, None] = {}
        for number, (write, _) in self._written(key.target):
            if write.writing is not Writing.INSERTS:
                continue
            values = _values(write, columns) if len(columns) == len(key.columns) else None
            if values is None:
                unknown[number] = None
            for each in values or ():
                found = parents.setdefault(each, [])
                if number not in found[-1:]:
                    found.append(number)
        loose: dict[int, tuple[RowWrite, int]] = {}
        for number, (write, part) in self._written(key.relation):
            refers = not write.columns or set(key.columns) <= set(write.columns)
            is_insert = write.writing is Writing.INSERTS
            if is_insert and refers and self._add_child(key, number, write, part, parents):
                loose.setdefault(number, (write, part))
        befores = (
            list(unknown)
            if all(_values(write, key.columns) is not None for write, _ in loose.values())
            else (sorted({*unknown, *(number for found in parents.values() for number in found)}))
        )
        for before, after in across(befores, list(loose)):
            write, part = loose.get(after) or loose[min(loose)]
            reason = (
                f"inserts rows of {full_name(key.relation)}, which refer to rows of {full_name(key.target)} that "
                + (f"`{self._id(before)}` inserts")
            )
            self.edges.add(before, after, Found(Strength.AFTER, Firmness.SOFT, reason, part, write.place))

    def _add_child(
        self, key: ForeignKey, number: int, write: RowWrite, part: int, parents: dict[Key, list[int]]
    ) -> bool:
        """Add the edges to the parents that are known by their keys; whether there may be others."""
        values = _values(write, key.columns)
        if values is None:
            return True
        is_loose = False
        for each in dict.fromkeys(values):
            if any(value.upper() == "NULL" for value in each):
                continue
            found = parents.get(each, [])
            is_loose = is_loose or not found
            if number in found:
                continue
            for parent in found:
                shown = ", ".join(each)
                reason = f"inserts rows of {full_name(key.relation)} that refer to the row {shown} of " + (
                    f"{full_name(key.target)}, inserted by `{self._id(parent)}`"
                )
                self.edges.add(parent, number, Found(Strength.REQUIRES, Firmness.CERTAIN, reason, part, write.place))
        return is_loose

    # ----------------------------------------------------------------------------------- rows found by their key

    def _add_found_rows(self, relation: Thing) -> None:
        """An UPDATE or DELETE by a literal key comes after the INSERT of the row."""
        changes = [each for each in self._written(relation) if each[1].write.writing is not Writing.INSERTS]
        by_value: dict[tuple[str, str], list[int]] = {
            (column, plain(value)): [] for _, (write, _) in changes for row in write.rows or () for column, value in row
        }
        if not by_value:
            return
        asked = {column for column, _ in by_value}
        for number, (write, _) in self._written(relation):
            if write.writing is Writing.INSERTS:
                for row in write.rows or ():
                    for column, value in row:
                        inserting = by_value.get((column, plain(value))) if column in asked else None
                        if inserting is not None and number not in inserting[-1:]:
                            inserting.append(number)
        for number, (write, part) in changes:
            for row in write.rows or ():
                sets = [by_value[(column, plain(value))] for column, value in row]
                fewest = min(sets, key=len, default=())
                found = [each for each in fewest if all(one is fewest or _has(one, each) for one in sets)]
                if not found or len(found) > FEW_ROWS:
                    continue
                where = ", ".join(f"{column} = {value}" for column, value in row)
                for source in found:
                    reason = f"{write.writing} the row of {full_name(relation)} with {where}, inserted by " + (
                        f"`{self._id(source)}`"
                    )
                    edge = Found(Strength.REQUIRES, Firmness.CERTAIN, reason, part, write.place)
                    self.edges.add(source, number, edge)

    # ------------------------------------------------------------------------------------------ stricter rules

    def _add_tightened(self) -> None:
        tightening: dict[tuple[str, str], list[int]] = {}
        for number, footprint in enumerate(self.footprints):
            for thing in footprint.tightens:
                name = (thing.of, thing.name) if thing.kind is Kind.COLUMN else (full_name(thing), "")
                tightening.setdefault(name, []).append(number)
            for key in self._added_keys(footprint):
                tightening.setdefault((full_name(key.key.relation), ",".join(key.key.columns)), []).append(number)
        if not tightening:
            return
        by_name = {full_name(relation): relation for relation in self.writers}
        for (table, column), numbers in tightening.items():
            if table not in by_name:
                continue
            shown = f"{table}.{column}" if column and "," not in column else table
            preparing = dict(self._preparing(by_name[table], column))
            for before, after in across(list(preparing), numbers):
                part, place = self._place_of_tightening(after, table)
                reason = f"makes {shown} stricter, after `{self._id(before)}` changed its rows"
                self.edges.add(before, after, Found(preparing[before], Firmness.CERTAIN, reason, part, place))
            if column and "," not in column:
                self._add_rows_without(by_name[table], column, numbers)

    def _add_rows_without(self, relation: Thing, column: str, tightening: Sequence[int]) -> None:
        """Rows that are inserted without a value are there before they are given one, and before one is asked for."""
        inserting: dict[int, None] = {}
        filling: dict[int, tuple[int, int]] = {}
        for number, (write, part) in self._written(relation):
            if write.writing is Writing.INSERTS and write.columns and column not in write.columns:
                inserting[number] = None
            elif write.writing is Writing.UPDATES and column in write.columns:
                filling.setdefault(number, (part, write.place))
        later = filling | {number: self._place_of_tightening(number, full_name(relation)) for number in tightening}
        befores = [number for number in inserting if number not in later]
        for before, after in across(befores, sorted(later)):
            shown = f"{full_name(relation)}.{column}"
            does = f"fills in {shown}" if after in filling else f"makes {shown} stricter"
            reason = f"{does}, which rows that `{self._id(before)}` inserts are without"
            self.edges.add(before, after, Found(Strength.AFTER, Firmness.SOFT, reason, *later[after]))

    @staticmethod
    def _added_keys(footprint: Footprint) -> Iterator[Referring]:
        """The foreign keys that are added to a table that was there before."""
        return (each for each in footprint.foreign_keys if not footprint.makes_relation(each.key.relation))

    def _preparing(self, relation: Thing, column: str) -> Iterator[tuple[int, Strength]]:
        """Who changes the rows that are to be kept to a stricter rule: it holds no more without who fills all of them,
        and so requires that one.
        """
        columns = {name for name in column.split(",") if name}
        for number, (write, _) in self._written(relation):
            if write.writing is Writing.UPDATES and columns and columns <= set(write.columns) and write.rows is None:
                yield number, Strength.REQUIRES
            elif write.writing is Writing.DELETES or (
                write.writing is Writing.UPDATES and (not columns or not write.columns or columns & set(write.columns))
            ):
                yield number, Strength.AFTER

    def _place_of_tightening(self, number: int, name: str) -> tuple[int, int]:
        footprint = self.footprints[number]
        for thing, mention in footprint.tightens.items():
            if name in (thing.of, full_name(thing)):
                return mention.part, mention.effect.place
        return next((each.part, each.key.place) for each in footprint.foreign_keys)

    def _id(self, number: int) -> str:
        return self.footprints[number].id


def _has(numbers: Sequence[int], number: int) -> bool:
    """Whether a number is one of many, which are sorted."""
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number


def plain(literal: str) -> str:
    """A literal without its quotes: `'2'` and `2` are one value to a column."""
    return literal[1:-1] if len(literal) > 1 and literal[0] == literal[-1] == "'" else literal


def _values(write: RowWrite, columns: Key) -> list[Key] | None:
    """The values that the rows have in some columns; None where they cannot be told of every row."""
    if write.rows is None or not columns:
        return None
    found: list[Key] = []
    for row in write.rows:
        values = dict(row)
        if any(column not in values for column in columns):
            return None
        found.append(tuple(plain(values[column]) for column in columns))
    return found
