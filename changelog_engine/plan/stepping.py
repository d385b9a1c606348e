"""Steps of an update: one changeset, or one tag, with its reason, its place and all that running it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from sys import intern

from changelog_engine.graph.build import ChangesetGraph, Edge
from changelog_engine.model import Origin, Run, Strength
from changelog_engine.plan.filtering import By
from changelog_engine.plan.rendering import Rendering
from changelog_engine.plan.state import Situation, Standing
from changelog_engine.plan.steps import Action, Step, StepEdge
from changelog_engine.results import State


def changeset_step(situation: Situation, standing: Standing, rendering: Rendering, place: str) -> Step:
    """The step that applies a changeset, or runs it again; what cannot be rendered goes to ``rendering.problems``."""
    changeset = standing.changeset
    return Step(
        id=changeset.id,
        action=Action.RERUN if standing.is_applied else Action.APPLY,
        reason=_reason(standing),
        place=place,
        conditions=rendering.conditions(changeset),
        statements=rendering.statements(changeset),
        checks=rendering.checks(changeset),
        edges=step_edges(situation.graph, situation.standings, changeset.id),
        transaction=changeset.transaction,
        first=standing.first,
        changeset=changeset,
        checksum=standing.checksum,
        rollback=rendering.rollback(changeset),
        consideration=rendering.consideration(changeset),
    )


def rendered_anew(steps: Sequence[Step], rendering: Rendering) -> tuple[Step, ...]:
    """Steps whose statements fit what ``rendering`` finds, where typed changes have made them: the steps may have been
    planned for another order.
    """
    found = []
    for step in steps:
        changeset = step.changeset
        if changeset is None or step.action is not Action.APPLY:
            found.append(step)
            continue
        statements, rollback = rendering.statements(changeset), rendering.rollback(changeset)
        found.append(replace(step, statements=statements, rollback=rollback))
    return tuple(found)


def _reason(standing: Standing) -> str:
    if standing.state is State.APPLIED and standing.changeset.run is Run.ALWAYS:
        return "run: always"
    # Most of a plan is pending for one reason, which is one value then.
    return intern(f"{standing.state}: {standing.reason}") if standing.state is State.PENDING else standing.reason


def tag_step(name: str, changesets: frozenset[str], recorded: frozenset[str] | None) -> Step:
    """The step that records a declared tag, for the first time or anew."""
    if recorded is None:
        count = len(changesets)
        reason = f"what stands above it is applied ({count} {'changeset' if count == 1 else 'changesets'})"
    else:
        reason = f"what stands above it has grown by {listed(sorted(changesets - recorded))}"
    place = "after all that is declared above it"
    return Step(name, Action.TAG, reason, place, tag_set=tuple(sorted(changesets)))


def step_edges(graph: ChangesetGraph, standings: Mapping[str, Standing], changeset: str) -> tuple[StepEdge, ...]:
    """What a changeset comes after: its own edges, and what is required by those that ``dbms`` excludes here."""
    edges: dict[str, str] = {}
    for edge in graph.edges_into(changeset):
        edges[edge.before] = edge.strength.value
    for name in effective_requirements(graph.requires, standings, changeset):
        edges[name] = Strength.REQUIRES.value
    return tuple(StepEdge(name, strength) for name, strength in edges.items())


def effective_requirements(
    requires: Callable[[str], tuple[str, ...]], standings: Mapping[str, Standing], changeset: str
) -> tuple[str, ...]:
    """What must be applied before: a requirement that ``dbms`` excludes counts as met, what it requires does not.

    ``requires`` gives direct requirements: the declared ones alone, where something is refused for their sake.
    """
    found: dict[str, None] = {}
    seen: set[str] = set()
    stack = list(reversed(requires(changeset)))
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        if counts_as_met(standings[name]):
            stack.extend(reversed(requires(name)))
        else:
            found[name] = None
    return tuple(found)


def counts_as_met(standing: Standing) -> bool:
    """Whether it is not applied because this kind of database does not need it."""
    exclusion = standing.exclusion
    return not standing.is_applied and exclusion is not None and exclusion.by is By.DBMS


def place_of(graph: ChangesetGraph, changeset: str, planned: Mapping[str, int]) -> str:
    """Why a step stands where it does: after the last planned one that it waits for, or where it is declared."""
    waits: Iterable[Edge] = (edge for edge in graph.edges_into(changeset) if edge.before in planned)
    last = max(waits, key=lambda edge: planned[edge.before], default=None)
    if last is None:
        return "declared order"
    if last.origin is Origin.LINEAR:
        return f"after `{last.before}` (order: linear)"
    if last.is_inferred:
        return f"after `{last.before}` ({last.reason})"
    verb = "depends on it" if last.strength is Strength.REQUIRES else "comes after it where it runs"
    return f"after `{last.before}` ({verb})"


def listed(names: list[str], limit: int = 5) -> str:
    """Names in backticks for a sentence, the first few of many."""
    shown = [f"`{name}`" for name in names[:limit]]
    if len(names) > limit:
        return f"{', '.join(shown)} and {len(names) - limit} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
