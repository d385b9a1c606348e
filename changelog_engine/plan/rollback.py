"""What ``rollback`` undoes: targets, what requires them, refusals, and the order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from changelog_engine.errors import InDoubtError, InvalidChangelogError, PlanRefusedError, UsageError
from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.ledger.entries import Direction as Way
from changelog_engine.ledger.entries import LedgerState, Recorded, StoredRollback, text_digest
from changelog_engine.model import Changelog
from changelog_engine.plan.links import Links
from changelog_engine.plan.rendering import Rendering
from changelog_engine.plan.request import Dependents, RollbackFrom, RollbackRequest
from changelog_engine.plan.state import Situation, describe_progress, is_in_doubt, is_untouched, look
from changelog_engine.plan.stepping import listed
from changelog_engine.plan.steps import Action, Direction, Plan, Statement, Step, StepEdge
from changelog_engine.plan.targets import find_targets
from changelog_engine.plan.typed import Definitions, no_definitions
from changelog_engine.sql.templates import names_in


@dataclass(frozen=True, slots=True)
class RollbackSelection:
    """What is to be undone, in order, before it is known how. ``seqs`` are the rows that keep the rollbacks of it.

    ``why`` gives the reason for each; ``notes`` say what was seen and is left alone.
    """

    situation: Situation
    request: RollbackRequest
    ids: tuple[str, ...]
    why: Mapping[str, str]
    links: Links
    target: str
    notes: tuple[str, ...] = ()

    @property
    def seqs(self) -> tuple[int, ...]:
        rows = self.situation.ledger.recorded
        return tuple(rows[name].rollback_seq for name in self.ids if not rows[name].marked)


def select_rollback(
    changelog: Changelog,
    graph: ChangesetGraph,
    ledger: LedgerState,
    request: RollbackRequest,
    dbms: str,
    definitions: Definitions = no_definitions,
) -> RollbackSelection:
    """What a rollback undoes, with the order.

    Raises UsageError for a target that does not exist, InDoubtError where something to be undone is in doubt,
    PlanRefusedError where something applied requires a target and ``dependents`` is not ``CASCADE``.
    """
    situation = look(changelog, graph, ledger, request.filters, dbms, definitions)
    present = {row.id: row for row in situation.ledger if not is_untouched(row)}
    links = Links.of(graph, present)
    found = find_targets(situation, present, request.target)
    dependents = links.dependents(found.ids) - found.ids
    _refuse_doubt(present, sorted(found.ids | dependents))
    if dependents and request.dependents is Dependents.REFUSE:
        raise _dependents_refused(found.ids, dependents, links)
    ids = links.order_of_undoing(found.ids | dependents)
    undone = frozenset(ids)
    why = dict.fromkeys(found.ids, found.reason)
    why |= {name: f"requires {links.describe_requirements(name, undone)}" for name in dependents}
    return RollbackSelection(situation, request, ids, why, links, found.target, found.notes)


def plan_rollback(selection: RollbackSelection, kept: Mapping[int, StoredRollback | None]) -> Plan:
    """The plan that undoes a selection with the rollbacks that its rows keep.

    Raises PlanRefusedError, naming all of them, where something cannot be undone; InvalidChangelogError where the
    changelog's own rollback is asked for and cannot be rendered.
    """
    situation = selection.situation
    chosen = _Rollbacks(selection, kept)
    followers: dict[str, str] = {}
    steps: list[Step] = []
    for name in selection.ids:
        steps.append(_step(selection, name, chosen, followers.get(name)))
        followers.update(dict.fromkeys(selection.links.comes_after(name), name))
    chosen.raise_problems()
    touched = set(selection.ids)
    return Plan(
        Direction.ROLLBACK,
        situation.changelog.name,
        situation.dbms,
        situation.ledger.head,
        steps=tuple(steps),
        contexts=str(selection.request.filters.contexts),
        parameters=situation.values.digest,
        renames=tuple((earlier, name) for earlier, name in situation.renames if name in touched),
        notes=(*selection.notes, *chosen.notes),
        target=selection.target,
    )


def _refuse_doubt(present: Mapping[str, Recorded], ids: Iterable[str]) -> None:
    """InDoubtError where something to be undone is in doubt, unless it is an undoing that can go on."""
    doubtful = [present[name] for name in ids if is_in_doubt(present[name]) and not _may_go_on(present[name])]
    if not doubtful:
        return
    first = doubtful[0]
    words = describe_progress(first.progress) if first.progress is not None else ""
    others = f" (and {len(doubtful) - 1} more)" if len(doubtful) > 1 else ""
    raise InDoubtError(
        f"changeset `{first.id}`{others} is in doubt, nothing was rolled back: {words}",
        hint="look at the database, then say what is so: "
        f"`changelog resolve {first.id} --applied` or `changelog resolve {first.id} --not-applied`",
        changeset=first.id,
        facts={"changesets": [row.id for row in doubtful]},
    )


def _may_go_on(row: Recorded) -> bool:
    return row.progress is not None and row.progress.direction is Way.ROLLBACK and row.progress.can_go_on


def _dependents_refused(targets: frozenset[str], dependents: frozenset[str], links: Links) -> PlanRefusedError:
    lines = []
    for name in sorted(dependents):
        required = sorted(links.requires(name) & (targets | dependents))
        lines.append(f"`{name}` requires {listed(required)}" if required else f"`{name}`")
    verb = "changeset requires" if len(lines) == 1 else "changesets require"
    return PlanRefusedError(
        f"{len(lines)} applied {verb} what is to be rolled back; nothing was rolled back: {'; '.join(lines)}",
        hint=f"`--cascade` rolls {'it' if len(lines) == 1 else 'them'} back too",
        changeset=min(dependents),
        facts={"dependents": sorted(dependents), "targets": sorted(targets)},
    )


def _step(selection: RollbackSelection, name: str, chosen: _Rollbacks, follower: str | None) -> Step:
    """The step that undoes a changeset; ``follower`` is the last before it that comes after the changeset."""
    situation = selection.situation
    row = situation.ledger.recorded[name]
    changeset = situation.graph.changesets.get(name)
    place = "reverse of the order of applying" if follower is None else f"after `{follower}`, which builds on it"
    edges = tuple(StepEdge(each, strength) for each, strength in row.depends_on)
    if row.marked:
        reason = f"{selection.why[name]}; a precondition marked it, so nothing is run"
        return Step(name, Action.UNMARK, reason, place, edges=edges, changeset=changeset, checksum=row.checksum)
    rollback = chosen.of(row)
    configured = selection.request.filters.consideration
    considerate = configured if changeset is None else changeset.consideration.over(configured)
    return Step(
        name,
        Action.ROLLBACK,
        selection.why[name],
        place,
        statements=tuple(Statement(template) for template in rollback.statements),
        edges=edges,
        transaction=rollback.transaction,
        first=chosen.first(row, rollback),
        changeset=changeset,
        checksum=row.checksum,
        rollback=rollback,
        # As whom it was applied, for that role owns what is to be undone.
        consideration=replace(considerate, run_as=rollback.role),
        discards_newer=selection.request.discards_newer,
    )


def _is_same(present: StoredRollback, kept: StoredRollback) -> bool:
    return replace(present.declared, role=kept.declared.role) == kept.declared


class _Rollbacks:
    """Chooses each changeset's rollback, and collects what stands in the way of all of them."""

    def __init__(self, selection: RollbackSelection, kept: Mapping[int, StoredRollback | None]) -> None:
        self.kept = kept
        self.graph = selection.situation.graph
        self.prefers_changelog = selection.request.rollback_from is RollbackFrom.CHANGELOG
        self.rendering = selection.situation.rendering()
        self.comparing: Rendering = selection.situation.rendering(needs_secrets=False)
        self.secrets = selection.situation.values.secrets
        self.notes: list[str] = []
        self.irreversible: list[tuple[str, str]] = []
        self.missing: list[str] = []
        self.stopped: list[tuple[str, str]] = []
        self.needed: dict[str, str] = {}

    def of(self, row: Recorded) -> StoredRollback:
        """The rollback to run; where there is none, an empty one, and ``raise_problems`` says why."""
        kept = self.kept.get(row.rollback_seq)
        rollback = self._preferred(row, kept)
        if rollback is None:
            self.missing.append(row.id)
            return StoredRollback("sql")
        if rollback.is_backup and "place" not in (rollback.backup or {}):
            self.irreversible.append((row.id, "it was recorded without being run, so no backup was made"))
        if rollback.kind == "irreversible":
            self.irreversible.append((row.id, rollback.reason or "no reason given"))
        for template in rollback.statements:
            self.needed.update({name: row.id for name, _ in names_in(template) if name not in self.secrets})
        for rendering in (self.rendering, self.comparing):
            rendering.typed.ran(rollback.statements)
        return rollback

    def _preferred(self, row: Recorded, kept: StoredRollback | None) -> StoredRollback | None:
        changeset = self.graph.changesets.get(row.id)
        if self.prefers_changelog:
            present = None if changeset is None else self.rendering.rollback(changeset)
            if present is not None and kept is not None and present.is_backup and kept.is_backup:
                # What was saved is in the ledger alone.
                return kept
            if present is None and kept is not None:
                self.notes.append(f"the changelog has no rollback for `{row.id}`; the one that the ledger kept is used")
            return present or kept
        problems = len(self.comparing.problems)
        present = None if changeset is None else self.comparing.rollback(changeset)
        is_known = present is not None and len(self.comparing.problems) == problems
        if kept is not None and present is not None and is_known and not _is_same(present, kept):
            self.notes.append(
                f"the changelog now has another rollback for `{row.id}`; the one that the ledger kept is used "
                "(`--rollback-from changelog` takes the other)"
            )
        return kept

    def first(self, row: Recorded, rollback: StoredRollback) -> int:
        """The statement (from 0) with which an undoing that was stopped goes on."""
        if row.progress is None or not _may_go_on(row):
            return 0
        done = row.progress.statements_done
        if tuple(text_digest(template) for template in rollback.statements[: len(done)]) != done:
            self.stopped.append((row.id, describe_progress(row.progress)))
        return len(done)

    def raise_problems(self) -> None:
        """PlanRefusedError, InDoubtError or InvalidChangelogError, with all that stands in the way."""
        if self.rendering.problems:
            raise InvalidChangelogError(tuple(dict.fromkeys(self.rendering.problems)))
        if self.stopped:
            name, words = self.stopped[0]
            raise InDoubtError(
                f"changeset `{name}` is in doubt, nothing was rolled back: {words}; its rollback is another one now",
                hint=f"look at the database, then `changelog resolve {name} --applied` or `--not-applied`",
                changeset=name,
            )
        for secret, name in self.needed.items():
            raise UsageError(
                f"the rollback of `{name}` needs the secret parameter `{secret}`, which has no value; nothing was run",
                hint=f"give it one as for an update, for example `--param {secret}=VALUE`",
                changeset=name,
            )
        lines = [f"`{name}` is irreversible: {reason}" for name, reason in self.irreversible]
        lines += [f"no rollback was kept for `{name}`" for name in self.missing]
        if not lines:
            return
        names = [*(name for name, _ in self.irreversible), *self.missing]
        remedies = ["roll back less"]
        if self.missing and not self.prefers_changelog:
            remedies.append("take the changelog's with `--rollback-from changelog`")
        remedies.append(f"undo it by hand and then `changelog unmark {','.join(names)}`")
        raise PlanRefusedError(
            f"nothing was rolled back: {'; '.join(lines)}",
            hint=", or ".join(remedies),
            changeset=names[0],
            facts={"irreversible": dict(self.irreversible), "without_rollback": list(self.missing)},
        )
