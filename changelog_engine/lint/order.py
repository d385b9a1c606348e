"""The order: dependencies that are missing, wrong or said twice, and changesets that nothing orders."""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.graph.inferred import Firmness
from changelog_engine.lint.subject import Hit, Subject
from changelog_engine.model import Changeset, Dependency, Origin, Strength


def undeclared_dependency(subject: Subject) -> Iterator[Hit]:
    """What the SQL of a changeset needs and neither it nor what it depends on declares."""
    place = _places(subject)
    for edge in subject.graph.inference.edges:
        if edge.strength is not Strength.REQUIRES or edge.firmness > Firmness.SOFT:
            continue
        if edge.after not in subject.ids or _leads_to(subject, edge.after, edge.before, place):
            continue
        remedy = f"`depends_on: [{edge.before}]`; `changelog deps --write` adds all that are not declared"
        message = f"`{edge.after}` {edge.reason}, and does not declare that it depends on it"
        yield Hit(subject.graph.changesets[edge.after], message, edge.location, remedy)


def contradicted_dependency(subject: Subject) -> Iterator[Hit]:
    """What is declared against what the SQL is sure to need; of the rest, `validate` warns."""
    for contradiction in subject.graph.inference.contradictions:
        edge = contradiction.edge
        is_sure = edge.strength is Strength.REQUIRES and edge.firmness is Firmness.CERTAIN
        if is_sure and edge.after in subject.ids:
            yield Hit(subject.graph.changesets[edge.after], contradiction.message, edge.location)


def conflict(subject: Subject) -> Iterator[Hit]:
    """Two changesets that do not commute; either of them can switch it off."""
    for found in subject.graph.inference.conflicts:
        if found.second in subject.ids:
            pair = [subject.graph.changesets[id_] for id_ in (found.second, found.first)]
            named = next((each for each in pair if "conflict" in each.lint_ignored), pair[0])
            yield Hit(named, found.message, found.location, found.hint)


def redundant_dependency(subject: Subject) -> Iterator[Hit]:
    """What a changeset depends on anyway, by another of its dependencies, and does not use itself.

    What its own SQL requires is worth saying even so: the other dependency may go one day.
    """
    place = _places(subject)
    reasons = subject.graph.inference.reasons
    for changeset in subject.changesets:
        declared = list(_declared(subject, changeset))
        if len(declared) < 2:
            continue
        for id_, dependency in declared:
            if (edge := reasons.get((id_, changeset.id))) is not None and edge.strength is Strength.REQUIRES:
                continue
            others = [other for other, each in declared if other != id_ and not each.optional]
            through = next((other for other in others if _leads_to(subject, other, id_, place)), None)
            if through is not None:
                message = f"`{changeset.id}` need not name `{id_}`, for `{through}` requires it"
                yield Hit(changeset, message, dependency.location)


def _places(subject: Subject) -> dict[str, int]:
    return {node: index for index, node in enumerate(subject.graph.order)}


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
