"""Each changeset's state, and the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from changelog_engine.changelog.expressions import render_expression
from changelog_engine.changelog.parameters import Values
from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.graph.select import parse_selector, select
from changelog_engine.ledger.entries import Direction, Event, LedgerState, Progress, Recorded, text_digest
from changelog_engine.model import Changelog, Changeset, Run
from changelog_engine.plan.filtering import By, Exclusion, check_contexts, exclusion_of, values_of
from changelog_engine.plan.present import Renames, name_as_present
from changelog_engine.plan.rendering import Rendering, has_text
from changelog_engine.plan.request import ContextMode, Filters
from changelog_engine.plan.tags import sets_of_tags
from changelog_engine.plan.typed import Definitions, no_definitions
from changelog_engine.results import ChangesetStatus, State
from changelog_engine.sql.checksum import checksum_changes
from changelog_engine.sql.templates import show


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one changeset stands. ``checksum`` is the present one, None where it has no SQL for this kind of database.

    ``first`` is the statement (from 0) with which a run that was stopped goes on.
    """

    changeset: Changeset
    state: State
    reason: str
    checksum: str | None
    recorded: Recorded | None = None
    exclusion: Exclusion | None = None
    first: int = 0

    @property
    def is_applied(self) -> bool:
        return self.recorded is not None and self.recorded.was_applied

    @property
    def is_to_run(self) -> bool:
        """Whether an update that includes it would run it."""
        if self.exclusion is not None:
            return False
        is_due_again = self.state is State.APPLIED and self.changeset.run is Run.ALWAYS
        return is_due_again or self.state in (State.PENDING, State.OUTDATED)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a plan is made from, looked at once. ``ledger`` names everything by its present id.

    ``standings`` has the changelog's changesets in the engine's order, ``unknown`` what is recorded and not among them.
    """

    changelog: Changelog
    graph: ChangesetGraph
    ledger: LedgerState
    renames: Renames
    standings: Mapping[str, Standing]
    unknown: tuple[Recorded, ...]
    filters: Filters
    values: Values
    dbms: str
    notes: tuple[str, ...] = ()
    tag_sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    definitions: Definitions = no_definitions

    def rendering(self, *, needs_secrets: bool = True, is_done: bool = False) -> Rendering:
        """A rendering for this run; where nothing is run, secrets need no value."""
        return Rendering(
            self.graph,
            self.changelog.parameters,
            self.values.values,
            _secrets(self.changelog, self.values, needs_secrets=needs_secrets),
            self.dbms,
            self.filters.consideration,
            self.definitions,
            is_done=is_done,
        )

    def select(self, selector: str) -> frozenset[str]:
        """The ids that a selector picks, of the changelog's and the ledger's. Raises UsageError."""
        states = {name: str(standing.state) for name, standing in self.standings.items()}
        states |= {row.id: str(State.UNKNOWN) for row in self.unknown}
        return select(parse_selector(selector), self.graph, states, self.tag_sets)


def look(
    changelog: Changelog,
    graph: ChangesetGraph,
    ledger: LedgerState,
    filters: Filters,
    dbms: str,
    definitions: Definitions = no_definitions,
) -> Situation:
    """The situation that a plan starts from. Raises UsageError for a context or a parameter that does not exist."""
    notes = check_contexts(changelog, filters.contexts)
    values = values_of(changelog, filters)
    present, renames = name_as_present(graph, ledger)
    secrets = _secrets(changelog, values, needs_secrets=False)
    rendering = Rendering(graph, changelog.parameters, values.values, secrets, dbms, filters.consideration, definitions)
    known = changelog.checksums.get(dbms, {})
    standings = {
        name: _stand(graph.changesets[name], present.recorded.get(name), filters, rendering, known.get(name))
        for name in graph.order
        if name in graph.changesets
    }
    unknown = tuple(
        row
        for row in sorted(present, key=lambda row: (row.applied_seq, row.seq))
        if row.id not in standings and not is_untouched(row)
    )
    sets = tag_sets(changelog, graph, present)
    return Situation(
        changelog, graph, present, renames, standings, unknown, filters, values, dbms, notes, sets, definitions
    )


def rendering_of(
    changelog: Changelog, graph: ChangesetGraph, filters: Filters, dbms: str, definitions: Definitions
) -> Rendering:
    """A rendering by itself, for a database that has these definitions."""
    values = values_of(changelog, filters)
    secrets = _secrets(changelog, values, needs_secrets=True)
    return Rendering(graph, changelog.parameters, values.values, secrets, dbms, filters.consideration, definitions)


def _secrets(changelog: Changelog, values: Values, *, needs_secrets: bool) -> frozenset[str]:
    declared = frozenset(name for name, parameter in changelog.parameters.items() if parameter.secret)
    return frozenset(values.secrets) if needs_secrets else declared


def changeset_states(
    changelog: Changelog, graph: ChangesetGraph, ledger: LedgerState, filters: Filters, dbms: str
) -> tuple[ChangesetStatus, ...]:
    """Each changeset's status in the engine's order, then those that only the ledger knows; limited to ``select``.

    Raises UsageError for a context, a parameter, or anything in the selector that does not exist.
    """
    situation = look(changelog, graph, ledger, filters, dbms)
    statuses = [_status(graph, standing) for standing in situation.standings.values()]
    statuses += [_unknown_status(row) for row in situation.unknown]
    if filters.select is None:
        return tuple(statuses)
    chosen = situation.select(filters.select)
    return tuple(status for status in statuses if status.id in chosen)


def tag_sets(changelog: Changelog, graph: ChangesetGraph, ledger: LedgerState) -> Mapping[str, frozenset[str]]:
    """What each tag stands for: a declared one as the changelog is now, one set by hand as it was recorded."""
    del changelog
    recorded = {name: tag.changesets for name, tag in ledger.tags.items()}
    return recorded | sets_of_tags(graph, lambda _: True)


def is_untouched(row: Recorded) -> bool:
    """Whether a row is of a changeset that was refused at its first statement, so that nothing of it is there."""
    progress = row.progress
    return not row.was_applied and progress is not None and progress.can_go_on and not progress.statements_done


def is_in_doubt(row: Recorded) -> bool:
    """Whether some of what was begun may be done and some not; what stopped at its first statement is as before."""
    return row.progress is not None and not (row.progress.can_go_on and not row.progress.statements_done)


def describe_progress(progress: Progress) -> str:
    """How far a changeset came, in words: 'its rollback stopped at statement 2 of 3 (the database's words)'."""
    what = "its rollback" if progress.direction is Direction.ROLLBACK else "it"
    number = len(progress.statements_done) + 1
    if progress.checks_failed:
        return f"{what} was done outside of a transaction, and a check then failed ({progress.failed})"
    how = "died" if progress.failed is None else "stopped"
    words = f" ({progress.failed})" if progress.failed is not None else ""
    statement = progress.stopped_at
    shown = f", `{_shortened(show(statement))}`" if statement is not None else ""
    return f"{what} {how} at statement {number} of {progress.statement_count}{shown}{words}, outside of a transaction"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


def _stand(
    changeset: Changeset, recorded: Recorded | None, filters: Filters, rendering: Rendering, known: str | None
) -> Standing:
    dbms = rendering.dbms
    exclusion = exclusion_of(changeset, filters, dbms)
    is_for_this_kind = exclusion is None or exclusion.by is not By.DBMS
    checksum = None
    if is_for_this_kind and has_text(changeset, dbms):
        checksum = known or checksum_changes(changeset.changes, dbms)
    state, reason, first = _state(changeset, recorded, exclusion, checksum, filters, rendering)
    return Standing(changeset, state, reason, checksum, recorded, exclusion, first)


def _state(
    changeset: Changeset,
    recorded: Recorded | None,
    exclusion: Exclusion | None,
    checksum: str | None,
    filters: Filters,
    rendering: Rendering,
) -> tuple[State, str, int]:
    first = 0
    if recorded is not None and recorded.progress is not None and is_in_doubt(recorded):
        first = _going_on(changeset, recorded.progress, rendering)
        if first == 0:
            return State.IN_DOUBT, describe_progress(recorded.progress), 0
    if recorded is None or not recorded.was_applied:
        if exclusion is not None:
            return State.EXCLUDED, exclusion.reason, 0
        return State.PENDING, _why_pending(changeset, recorded, first, filters), first
    if first > 0:
        return State.OUTDATED, f"run: {changeset.run}; it goes on at statement {first + 1}", first
    return *_applied_state(changeset, recorded, exclusion, checksum), 0


def _why_pending(changeset: Changeset, recorded: Recorded | None, first: int, filters: Filters) -> str:
    if first > 0 and recorded is not None and recorded.progress is not None:
        return f"{describe_progress(recorded.progress)}; it goes on there"
    if changeset.contexts is not None and filters.contexts.mode is ContextMode.UNSAID:
        return f"not yet applied; it is for contexts `{render_expression(changeset.contexts)}`, and none was given"
    return "not yet applied"


def _going_on(changeset: Changeset, progress: Progress, rendering: Rendering) -> int:
    """The statement (from 0) with which an update can go on: those before it are done and still the same. Else 0."""
    if not progress.can_go_on or progress.direction is Direction.ROLLBACK:
        return 0
    problems = len(rendering.problems)
    statements = rendering.statements(changeset)
    done = progress.statements_done
    present = tuple(text_digest(statement.template) for statement in statements[: len(done)])
    return len(done) if done == present and len(rendering.problems) == problems else 0


def _applied_state(
    changeset: Changeset, recorded: Recorded, exclusion: Exclusion | None, checksum: str | None
) -> tuple[State, str]:
    if exclusion is not None and exclusion.by is By.DBMS:
        return State.APPLIED, f"applied; {exclusion.reason}"
    if changeset.run is Run.ALWAYS:
        return State.APPLIED, "applied; runs on every update"
    if _is_accepted(changeset, recorded.checksum, checksum):
        return State.APPLIED, _how_applied(recorded)
    then = _short(recorded.checksum)
    if changeset.run is Run.ON_CHANGE:
        return State.OUTDATED, f"changed since it was applied ({then}, now {_short(checksum)}): run: on_change"
    return State.CHANGED, f"edited after it was applied (then {then}, now {_short(checksum)})"


def _is_accepted(changeset: Changeset, recorded: str | None, present: str | None) -> bool:
    accepted = changeset.accept_checksums
    return recorded is None or recorded == present or accepted is None or recorded in accepted


def _how_applied(recorded: Recorded) -> str:
    if recorded.marked:
        return "marked as applied by its precondition"
    return "marked as applied" if recorded.event is Event.MARKED else "applied"


def _short(checksum: str | None) -> str:
    return "no SQL for this kind of database" if checksum is None else checksum[:10]


def _status(graph: ChangesetGraph, standing: Standing) -> ChangesetStatus:
    changeset, recorded = standing.changeset, standing.recorded
    return ChangesetStatus(
        id=changeset.id,
        state=standing.state,
        reason=standing.reason,
        checksum=recorded.checksum if recorded is not None and recorded.was_applied else standing.checksum,
        depends_on=tuple(edge.before for edge in graph.edges_into(changeset.id)),
        contexts="" if changeset.contexts is None else render_expression(changeset.contexts),
        labels=changeset.labels,
        file=changeset.location.file,
        line=changeset.location.line,
        at=recorded.applied_at or None if recorded is not None else None,
    )


def _unknown_status(row: Recorded) -> ChangesetStatus:
    doubt = row.progress if is_in_doubt(row) else None
    return ChangesetStatus(
        id=row.id,
        state=State.UNKNOWN if doubt is None else State.IN_DOUBT,
        reason="applied, and no longer in the changelog" if doubt is None else describe_progress(doubt),
        checksum=row.checksum,
        depends_on=tuple(name for name, _ in row.depends_on),
        at=row.applied_at or None,
    )
