"""Effects written down by hand, in as few words as a test of inference needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from changelog_engine.graph.build import Inferring
from changelog_engine.graph.inference import infer
from changelog_engine.graph.inferred import Inference, InferredEdge, Subject
from changelog_engine.model import Location, SqlText
from changelog_engine.sql.effects import Act, Effect, Effects, ForeignKey, Kind, Opaque, RowWrite, Thing, Writing

Row = Mapping[str, str]
Deed = Effect | RowWrite | ForeignKey | Opaque | list[Effect]


def relation(name: str) -> Thing:
    schema, _, bare = name.rpartition(".")
    return Thing(Kind.RELATION, bare, schema)


def part(kind: Kind, name: str) -> Thing:
    """`orders.total`: a column, or another part of a relation or type."""
    of, _, bare = name.rpartition(".")
    return Thing(kind, bare, "", of)


def does(act: Act, thing: Thing, word: str = "") -> Effect:
    return Effect(act, thing, word or str(thing.kind))


def table(name: str, *columns: str, act: Act = Act.CREATES) -> list[Effect]:
    """CREATE TABLE with a primary key of its first column."""
    made = [does(act, relation(name), "table")]
    made += [does(act, part(Kind.COLUMN, f"{name}.{column}")) for column in columns]
    if columns:
        made.append(does(act, Thing(Kind.KEY, columns[0], "", name), "key"))
        made.append(does(act, Thing(Kind.KEY, "", "", name), "primary key"))
    return made


def uses(name: str, *columns: str, act: Act = Act.USES) -> list[Effect]:
    return [does(act, relation(name), "table")] + [does(act, part(Kind.COLUMN, f"{name}.{c}")) for c in columns]


def column(act: Act, name: str) -> list[Effect]:
    """ALTER TABLE: something is done to a column of a table that must be there."""
    found = part(Kind.COLUMN, name)
    return [*uses(found.of, *([] if act is Act.CREATES else [found.name])), does(act, found)]


def inserts(name: str, *rows: Row) -> list[Deed]:
    columns = tuple(sorted({column for row in rows for column in row}))
    told = tuple(tuple(sorted(row.items())) for row in rows) if rows else None
    return [uses(name, *columns), RowWrite(Writing.INSERTS, relation(name), columns, told)]


def updates(name: str, columns: Collection[str], *rows: Row) -> list[Deed]:
    told = tuple(tuple(sorted(row.items())) for row in rows) if rows else None
    return [uses(name, *columns), RowWrite(Writing.UPDATES, relation(name), tuple(sorted(columns)), told)]


def deletes(name: str, *rows: Row) -> list[Deed]:
    told = tuple(tuple(sorted(row.items())) for row in rows) if rows else None
    return [uses(name), RowWrite(Writing.DELETES, relation(name), (), told)]


def references(child: str, columns: Sequence[str], target: str) -> list[Deed]:
    key = Thing(Kind.KEY, "", "", target)
    return [uses(target), does(Act.USES, key), ForeignKey(relation(child), tuple(columns), relation(target))]


def function(name: str, act: Act = Act.CREATES, arguments: str | None = None) -> Effect:
    return Effect(act, Thing(Kind.ROUTINE, name), "function", 0, (), arguments)


def subject(name: str, *deeds: Deed | list[Deed], line: int = 1, **fields: object) -> Subject:
    flat: list[Effect | RowWrite | ForeignKey | Opaque] = []
    for deed in deeds:
        for each in deed if isinstance(deed, list) else [deed]:
            flat.extend(each if isinstance(each, list) else [each])
    effects = Effects(
        objects=tuple(each for each in flat if isinstance(each, Effect)),
        writes=tuple(each for each in flat if isinstance(each, RowWrite)),
        foreign_keys=tuple(each for each in flat if isinstance(each, ForeignKey)),
        opaque=tuple(each for each in flat if isinstance(each, Opaque)),
    )
    return Subject(name, ((SqlText("", Location("main.yaml", line, 1)), effects),), **fields)  # type: ignore[arg-type]


def inferred(*subjects: Subject, declared: Collection[tuple[str, str]] = ()) -> Inference:
    return infer(subjects, declared)


def by_hand(subjects: Mapping[str, Subject]) -> Inferring:
    """What the graph is to ask for edges, of changesets that do what is written down."""
    return lambda ids, declared: infer([subjects[name] for name in ids], declared)


def edge(found: Inference, before: str, after: str) -> InferredEdge | None:
    return next((each for each in found.edges if (each.before, each.after) == (before, after)), None)


def told(found: Inference) -> set[str]:
    """The edges as `b requires a`."""
    return {f"{each.after} {each.strength} {each.before}" for each in found.edges}
