"""Changelogs and ledgers written down as values, in as few words as a test needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from changelog_engine.graph.build import BuiltGraph, ChangesetGraph, build_graph
from changelog_engine.model import (
    Changelog,
    Changeset,
    Dependency,
    Inventory,
    Irreversible,
    Location,
    Origin,
    Parameter,
    Rollback,
    RollbackChanges,
    SqlChange,
    SqlText,
    Tag,
)

FILE = "changelogs/main.yaml"


def at(line: int, column: int = 1, file: str = FILE) -> Location:
    return Location(file, line, column)


def sql(text: str | Mapping[str, str], line: int = 1) -> SqlChange:
    """A change by SQL; a mapping gives a text for each database kind."""
    texts = {"default": text} if isinstance(text, str) else text
    return SqlChange("sql", at(line), {kind: SqlText(each, at(line, 5), 5) for kind, each in texts.items()})


def undo(text: str | Mapping[str, str], *, transaction: bool = True) -> RollbackChanges:
    return RollbackChanges((sql(text),), transaction, at(1))


def irreversible(reason: str) -> Irreversible:
    return Irreversible(reason, at(1))


def changeset(
    name: str,
    needs: Sequence[str] = (),
    *,
    after: Sequence[str] = (),
    text: str | Mapping[str, str] | None = None,
    rollback: Rollback | str | None = "",
    file: str = FILE,
    **fields: Any,
) -> Changeset:
    """A changeset that creates and drops a table of its name; its position is given by ``changelog``."""
    table = name.replace("-", "_")
    if rollback == "":
        rollback = f"DROP TABLE {table};"
    return Changeset(
        id=name,
        location=at(1, 9, file),
        position=0,
        changes=(sql(text if text is not None else f"CREATE TABLE {table} (id int);"),),
        rollback=undo(rollback) if isinstance(rollback, str) else rollback,
        source=f"- id: {name}\n",
        depends_on=(
            *(Dependency(each, at(1, 20, file)) for each in needs),
            *(Dependency(each, at(1, 20, file), optional=True) for each in after),
        ),
        **fields,
    )


def linear(*changesets: Changeset) -> tuple[Changeset, ...]:
    """The changesets, each requiring the one before it, as ``order: linear`` has it."""
    given = list(changesets)
    for index in range(1, len(given)):
        before = Dependency(given[index - 1].id, given[index].location, origin=Origin.LINEAR)
        given[index] = replace(given[index], depends_on=(*given[index].depends_on, before))
    return tuple(given)


def tag(name: str, first: int = 0) -> Tag:
    """A tag that stands for what is declared from the position ``first`` up to it."""
    return Tag(name, at(1), 0, first)


def changelog(*declared: Changeset | Tag, contexts: Sequence[str] | None = None, **fields: Any) -> Changelog:
    """A changelog of changesets and tags in this order; each stands on the line of its position + 1."""
    changesets: list[Changeset] = []
    tags: list[Tag] = []
    for position, item in enumerate(declared):
        line = position + 1
        place = Location(item.location.file, line, item.location.column)
        if isinstance(item, Tag):
            tags.append(replace(item, position=position, location=place))
            continue
        depends_on = tuple(replace(d, location=Location(d.location.file, line, 20)) for d in item.depends_on)
        changesets.append(replace(item, position=position, location=place, depends_on=depends_on))
    files = tuple(dict.fromkeys(item.location.file for item in declared)) or (FILE,)
    parameters: Iterable[Parameter] = fields.pop("parameters", ())
    return Changelog(
        name=fields.pop("name", "main"),
        root="/project",
        inventory=Inventory(tuple((file, "") for file in files)),
        changesets=tuple(changesets),
        tags=tuple(tags),
        parameters={parameter.name: parameter for parameter in parameters},
        contexts=None if contexts is None else tuple(contexts),
        **fields,
    )


def built(*declared: Changeset | Tag) -> BuiltGraph:
    return build_graph(changelog(*declared))


def graph(*declared: Changeset | Tag) -> ChangesetGraph:
    """The graph of a changelog that has no problems."""
    result = built(*declared)
    assert result.problems == ()
    return result.graph
