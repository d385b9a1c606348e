"""What ``update`` does, in order, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from changelog_engine.errors import InvalidChangelogError, PlanRefusedError, UsageError
from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.ledger.entries import LedgerState
from changelog_engine.model import Changelog, Changeset, Strength
from changelog_engine.nearest import did_you_mean
from changelog_engine.plan.filtering import refuse_unsaid_contexts
from changelog_engine.plan.rendering import Rendering
from changelog_engine.plan.request import UpdateRequest
from changelog_engine.plan.state import Situation, Standing, describe_progress, is_in_doubt, look
from changelog_engine.plan.stepping import (
    changeset_step,
    counts_as_met,
    effective_requirements,
    listed,
    place_of,
    tag_step,
)
from changelog_engine.plan.steps import Direction, Halt, Plan, Step, content_of
from changelog_engine.plan.tags import sets_of_tags, tags_complete
from changelog_engine.plan.typed import Definitions, no_definitions
from changelog_engine.results import State


def plan_update(
    changelog: Changelog,
    graph: ChangesetGraph,
    ledger: LedgerState,
    request: UpdateRequest,
    dbms: str,
    definitions: Definitions = no_definitions,
) -> Plan:
    """The plan of an update. ``halts`` says where the update itself would stop before it does anything.

    Raises UsageError for contexts that nobody named and for anything in the request that does not exist,
    PlanRefusedError where a changeset would run without what it requires, InvalidChangelogError where one has no SQL
    or a parameter no value.
    """
    refuse_unsaid_contexts(changelog.changesets, request.filters.contexts)
    situation = look(changelog, graph, ledger, request.filters, dbms, definitions)
    scope = _scope(situation, request)
    due = [name for name, standing in situation.standings.items() if name in scope.ids and standing.is_to_run]
    refuse_without_requirements(situation, due)
    if request.count is not None:
        due = due[: request.count]
    rendering = situation.rendering()
    return Plan(
        Direction.UPDATE,
        changelog.name,
        dbms,
        ledger.head,
        steps=_steps(situation, due, rendering),
        contexts=str(request.filters.contexts),
        parameters=situation.values.digest,
        renames=situation.renames,
        halts=halts_of(situation),
        notes=(*situation.notes, *scope.notes, *_notes(situation, due), *rendering.notes),
    )


@dataclass(frozen=True, slots=True)
class _Scope:
    """The changesets that the request is about."""

    ids: Collection[str]
    notes: tuple[str, ...] = ()


def _scope(situation: Situation, request: UpdateRequest) -> _Scope:
    if request.count is not None and request.count < 1:
        raise UsageError(f"`--count {request.count}` applies nothing", hint="give a number from 1")
    ids: frozenset[str] = frozenset(situation.standings)
    notes: tuple[str, ...] = ()
    if request.to_tag is not None:
        ids &= _up_to(situation, request.to_tag)
    if request.filters.select is not None:
        chosen = situation.select(request.filters.select)
        ids &= situation.graph.requirements(name for name in chosen if not _is_left_out(situation, name))
        notes = _notes_on_chosen(situation, chosen)
    return _Scope(ids, notes)


def _up_to(situation: Situation, tag: str) -> frozenset[str]:
    graph = situation.graph
    if tag in graph.tags:
        return situation.tag_sets[tag]
    if tag in situation.ledger.tags:
        raise UsageError(
            f"tag `{tag}` was set by hand and is not declared in the changelog, so nothing leads to it",
            hint=f"`--select tag:{tag}` applies what it stood for",
        )
    raise UsageError(f"there is no tag `{tag}` in the changelog", hint=did_you_mean(tag, sorted(graph.tags)))


def _notes_on_chosen(situation: Situation, chosen: Collection[str]) -> tuple[str, ...]:
    """What is selected and left out, in one note for each reason why: contexts, labels, the kind of database."""
    left_out: dict[str, list[str]] = {}
    for name, standing in situation.standings.items():
        if name in chosen and standing.exclusion is not None and _is_left_out(situation, name):
            left_out.setdefault(str(standing.exclusion.by), []).append(name)
    notes = []
    for by, names in left_out.items():
        if len(names) == 1:
            notes.append(f"`{names[0]}` is selected and left out: {situation.standings[names[0]].reason}")
        else:
            notes.append(f"{len(names)} of the selected changesets are left out by {by}: {listed(names, 3)}")
    return tuple(notes)


def _is_left_out(situation: Situation, changeset: str) -> bool:
    return changeset in situation.standings and situation.standings[changeset].state is State.EXCLUDED


def refuse_without_requirements(situation: Situation, due: Collection[str]) -> None:
    """PlanRefusedError, naming both, where something would run that requires what contexts or labels exclude."""
    refused: list[tuple[str, str, Standing]] = []
    for name in due:
        for requirement in effective_requirements(situation.graph.requires_declared, situation.standings, name):
            standing = situation.standings[requirement]
            if not standing.is_applied and standing.exclusion is not None and not counts_as_met(standing):
                refused.append((name, requirement, standing))
    if not refused:
        return
    lines = [
        f"`{name}` would run, but it requires `{requirement}`, which is not applied and which {standing.exclusion.by} "
        f"exclude: {standing.exclusion.reason}"
        for name, requirement, standing in refused
        if standing.exclusion is not None
    ]
    name, requirement, standing = refused[0]
    raise PlanRefusedError(
        "\n".join([*lines, "nothing was run"]),
        hint=f"let the run include `{requirement}` too, or give `{name}` the same "
        f"{standing.exclusion.by if standing.exclusion else 'contexts'}",
        changeset=name,
        location=situation.standings[name].changeset.location,
        facts={"changesets": [name for name, _, _ in refused], "requires": [each for _, each, _ in refused]},
    )


def _steps(situation: Situation, due: list[str], rendering: Rendering) -> tuple[Step, ...]:
    tags = _tags_due(situation, due)
    planned: dict[str, int] = {}
    steps: list[Step] = []
    wanted = frozenset(due)
    for node in situation.graph.order:
        if node in wanted:
            place = place_of(situation.graph, node, planned)
            steps.append(changeset_step(situation, situation.standings[node], rendering, place))
            planned[node] = len(planned)
        elif node in tags:
            steps.append(tags[node])
    if rendering.problems:
        raise InvalidChangelogError(tuple(dict.fromkeys(rendering.problems)))
    return tuple(steps)


def _tags_due(situation: Situation, due: Collection[str]) -> dict[str, Step]:
    """The declared tags to be recorded, by their node: complete by the end of the plan, and new or grown."""
    standings = situation.standings
    applied = frozenset(due) | {name for name, standing in standings.items() if standing.is_applied}
    complete = tags_complete(situation.graph, lambda name: name not in applied and standings[name].exclusion is None)
    sets = sets_of_tags(situation.graph, applied.__contains__)
    steps: dict[str, Step] = {}
    for name, tag in situation.graph.tags.items():
        recorded = situation.ledger.tags.get(name)
        stands_for = sets[name] & applied
        is_empty_by_exclusion = not stands_for and bool(situation.graph.edges_into(f"tag:{name}"))
        if tag.name not in complete or is_empty_by_exclusion or (recorded is not None and not recorded.declared):
            continue
        if recorded is None or stands_for - recorded.changesets:
            steps[f"tag:{name}"] = tag_step(name, stands_for, None if recorded is None else recorded.changesets)
    return steps


def halts_of(situation: Situation) -> tuple[Halt, ...]:
    """What makes an update stop before it does anything: applied changesets that were edited, and those in doubt."""
    earlier = {present: recorded for recorded, present in situation.renames}
    halts = [
        Halt(
            name,
            str(standing.state),
            standing.reason,
            standing.changeset.source,
            _content_in_files(situation, standing.changeset) if standing.state is State.CHANGED else None,
            earlier.get(name),
        )
        for name, standing in situation.standings.items()
        if standing.state in (State.CHANGED, State.IN_DOUBT)
    ]
    halts += [
        Halt(row.id, str(State.IN_DOUBT), describe_progress(row.progress))
        for row in situation.unknown
        if row.progress is not None and is_in_doubt(row)
    ]
    return tuple(halts)


def _content_in_files(situation: Situation, changeset: Changeset) -> str | None:
    """What a changeset with files of SQL would run; None where all of it stands in the changeset, or lacks a value."""
    if all(change.kind != "sql_file" for change in changeset.changes):
        return None
    rendering = situation.rendering()
    statements = rendering.statements(changeset)
    return None if rendering.problems else content_of(statements)


def _notes(situation: Situation, due: Collection[str]) -> tuple[str, ...]:
    """What was seen and is left alone."""
    notes = []
    gone = [row.id for row in situation.unknown if not is_in_doubt(row)]
    if gone:
        verb = "is" if len(gone) == 1 else "are"
        notes.append(f"{listed(gone)} {verb} applied and no longer in the changelog")
    for name in due:
        if situation.standings[name].is_applied:
            continue
        notes.extend(_notes_on_inferred(situation, name))
        early = [each for each in situation.graph.required_by(name) if situation.standings[each].is_applied]
        if early:
            notes.append(f"`{name}` is applied only now, after {listed(early)}, which requires it by now")
    for name in situation.graph.tags:
        recorded = situation.ledger.tags.get(name)
        if recorded is not None and not recorded.declared:
            notes.append(
                f"tag `{name}` was set by hand and stays as it is; the changelog declares one of the same name"
            )
    return tuple(notes)


def _notes_on_inferred(situation: Situation, name: str) -> Iterator[str]:
    """What a changeset seems to need by its SQL and this run leaves out: nothing is refused for that."""
    for edge in situation.graph.edges_into(name):
        standing = situation.standings.get(edge.before)
        if standing is None or not edge.is_inferred or edge.strength is not Strength.REQUIRES:
            continue
        if standing.state is State.EXCLUDED and standing.exclusion is not None and not counts_as_met(standing):
            yield f"`{name}` {edge.reason}, which {standing.exclusion.by} exclude here"
