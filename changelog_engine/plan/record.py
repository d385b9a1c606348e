"""Which changesets' records are changed, and to what, where nothing is run: mark, unmark, accept."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from changelog_engine.errors import InDoubtError, InvalidChangelogError, PlanRefusedError, UsageError
from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.ledger.entries import LedgerState, Recorded
from changelog_engine.model import Changelog
from changelog_engine.plan.filtering import refuse_unsaid_contexts
from changelog_engine.plan.links import Links
from changelog_engine.plan.request import Filters
from changelog_engine.plan.state import Situation, Standing, describe_progress, is_in_doubt, is_untouched, look
from changelog_engine.plan.stepping import changeset_step, effective_requirements, listed, step_edges
from changelog_engine.plan.steps import Action, Step, StepEdge
from changelog_engine.plan.typed import Definitions, no_definitions
from changelog_engine.results import State


def plan_mark(
    changelog: Changelog,
    graph: ChangesetGraph,
    ledger: LedgerState,
    filters: Filters,
    dbms: str,
    selector: str,
    definitions: Definitions = no_definitions,
) -> tuple[Step, ...]:
    """The steps of the selected changesets that are pending and that the filters include, in order: as if applied.

    Raises UsageError where nothing of that kind exists, PlanRefusedError where one requires what would still not be
    applied, InDoubtError where one is in doubt.
    """
    situation = look(changelog, graph, ledger, filters, dbms, definitions)
    selected = situation.select(selector)
    chosen = [standing for name, standing in situation.standings.items() if name in selected]
    refuse_unsaid_contexts([standing.changeset for standing in chosen], filters.contexts)
    _refuse_doubt(standing.recorded for standing in chosen if standing.state is State.IN_DOUBT)
    marked = [standing for standing in chosen if standing.state is State.PENDING]
    _refuse_incomplete(situation, marked)
    rendering = situation.rendering(needs_secrets=False, is_done=True)
    steps = tuple(
        replace(changeset_step(situation, standing, rendering, "declared order"), reason="marked as applied", first=0)
        for standing in marked
    )
    if rendering.problems:
        raise InvalidChangelogError(tuple(dict.fromkeys(rendering.problems)))
    return steps


def plan_unmark(
    changelog: Changelog,
    graph: ChangesetGraph,
    ledger: LedgerState,
    filters: Filters,
    dbms: str,
    selector: str,
    definitions: Definitions = no_definitions,
) -> tuple[Step, ...]:
    """The steps that take the selected changesets off the record, in the order of a rollback.

    Raises UsageError where nothing selected exists, PlanRefusedError where something that stays applied requires one,
    InDoubtError where one is in doubt.
    """
    situation = look(changelog, graph, ledger, filters, dbms, definitions)
    present = {row.id: row for row in situation.ledger if not is_untouched(row)}
    chosen = situation.select(selector) & present.keys()
    _refuse_doubt(present[name] for name in sorted(chosen) if is_in_doubt(present[name]))
    links = Links.of(graph, present)
    dependents = links.dependents(chosen) - chosen
    if dependents:
        names = sorted(dependents)
        raise PlanRefusedError(
            f"nothing was changed: {listed(names)} would stay applied and require what is to be unmarked",
            hint=f"unmark them too: `changelog unmark '{','.join(sorted(chosen | dependents))}'`",
            changeset=names[0],
            facts={"dependents": names},
        )
    earlier = {present: earlier for earlier, present in situation.renames}
    return tuple(_record_step(present[name], earlier.get(name, name)) for name in links.order_of_undoing(chosen))


def plan_accept(
    changelog: Changelog,
    graph: ChangesetGraph,
    ledger: LedgerState,
    filters: Filters,
    dbms: str,
    selector: str,
    definitions: Definitions = no_definitions,
) -> tuple[Step, ...]:
    """The steps of the selected changesets that were edited since they were applied, with their present checksums.

    Raises UsageError where something is selected and none of it is applied, InvalidChangelogError where one has no SQL
    or a parameter no value.
    """
    situation = look(changelog, graph, ledger, filters, dbms, definitions)
    chosen = situation.select(selector)
    standings = [situation.standings[name] for name in situation.standings if name in chosen]
    if chosen and not any(standing.is_applied for standing in standings):
        names = sorted(chosen)
        reason = "is not applied" if len(names) == 1 else "are not applied"
        raise UsageError(
            f"{listed(names)} {reason}, so there is no checksum to accept",
            hint="`changelog status` shows what was edited",
        )
    edited = [standing for standing in standings if standing.state in (State.CHANGED, State.OUTDATED)]
    rendering = situation.rendering(needs_secrets=False, is_done=True)
    earlier = {present: earlier for earlier, present in situation.renames}
    steps = tuple(
        Step(
            earlier.get(standing.changeset.id, standing.changeset.id),
            Action.RERUN,
            "its present text is taken as the right one",
            statements=rendering.statements(standing.changeset),
            edges=step_edges(graph, situation.standings, standing.changeset.id),
            transaction=standing.changeset.transaction,
            changeset=standing.changeset,
            checksum=standing.checksum,
        )
        for standing in edited
    )
    if rendering.problems:
        raise InvalidChangelogError(tuple(dict.fromkeys(rendering.problems)))
    return steps


def _refuse_incomplete(situation: Situation, marked: Collection[Standing]) -> None:
    """PlanRefusedError where something would count as applied while what it requires does not."""
    names = {standing.changeset.id for standing in marked}
    missing = {
        requirement: name
        for name in names
        for requirement in effective_requirements(situation.graph.requires_declared, situation.standings, name)
        if requirement not in names and not situation.standings[requirement].is_applied
    }
    if missing:
        first = min(missing)
        raise PlanRefusedError(
            f"nothing was changed: `{missing[first]}` requires {listed(sorted(missing))}, not applied and not selected",
            hint=f"mark what it requires too: `changelog mark-applied '+{missing[first]}'`",
            changeset=missing[first],
            facts={"requires": sorted(missing)},
        )


def _refuse_doubt(rows: Iterable[Recorded | None]) -> None:
    for row in rows:
        if row is not None and row.progress is not None:
            raise InDoubtError(
                f"changeset `{row.id}` is in doubt, nothing was changed: {describe_progress(row.progress)}",
                hint="look at the database, then say what is so: "
                f"`changelog resolve {row.id} --applied` or `changelog resolve {row.id} --not-applied`",
                changeset=row.id,
            )


def _record_step(row: Recorded, recorded_as: str) -> Step:
    edges = tuple(StepEdge(name, strength) for name, strength in row.depends_on)
    return Step(recorded_as, Action.UNMARK, "taken off the record", edges=edges, checksum=row.checksum)
