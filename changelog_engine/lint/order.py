"""Dependencies: those that are said twice."""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.lint.subject import Hit, Subject
from changelog_engine.model import Changeset, Dependency, Origin


def redundant_dependency(subject: Subject) -> Iterator[Hit]:
    """What a changeset depends on anyway, by another of its dependencies."""
    place = {node: index for index, node in enumerate(subject.graph.order)}
    for changeset in subject.changesets:
        declared = list(_declared(subject, changeset))
        if len(declared) < 2:
            continue
        for id_, dependency in declared:
            others = [other for other, each in declared if other != id_ and not each.optional]
            through = next((other for other in others if _leads_to(subject, other, id_, place)), None)
            if through is not None:
                message = f"`{changeset.id}` need not name `{id_}`, for `{through}` requires it"
                yield Hit(changeset, message, dependency.location)


def _declared(subject: Subject, changeset: Changeset) -> Iterator[tuple[str, Dependency]]:
    """What it declares, by present ids."""
    for dependency in changeset.depends_on:
        present = subject.graph.present_ids.get(dependency.changeset, dependency.changeset)
        if dependency.origin is Origin.DECLARED and present in subject.graph.changesets:
            yield present, dependency


def _leads_to(subject: Subject, start: str, target: str, place: dict[str, int]) -> bool:
    """Whether a changeset requires another by what is declared. Nothing before the target can lead to it."""
    waiting, seen = [start], {start}
    while waiting:
        for before, dependency in _declared(subject, subject.graph.changesets[waiting.pop()]):
            if dependency.optional or before in seen or place[before] < place[target]:
                continue
            if before == target:
                return True
            seen.add(before)
            waiting.append(before)
    return False
