"""A database that never was: what its ledger would say after plans were executed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from changelog_engine.graph.build import build_graph
from changelog_engine.ledger.entries import (
    Direction,
    Event,
    Head,
    LedgerState,
    Progress,
    Recorded,
    RecordedTag,
    StoredRollback,
    text_digest,
)
from changelog_engine.model import Changelog
from changelog_engine.plan.request import (
    ContextChoice,
    ContextMode,
    Dependents,
    Filters,
    RollbackFrom,
    RollbackRequest,
    RollbackTarget,
    UpdateRequest,
)
from changelog_engine.plan.rollback import plan_rollback, select_rollback
from changelog_engine.plan.state import changeset_states
from changelog_engine.plan.steps import Action, Plan
from changelog_engine.plan.update import plan_update

ALL = ContextChoice(ContextMode.ALL)


def stamp(seq: int) -> str:
    """The moment of a row: one second after the one before it."""
    return f"2026-01-01T{seq // 3600:02}:{seq // 60 % 60:02}:{seq % 60:02}.000000Z"


@dataclass
class Database:
    """Plans and executes without a database: every step succeeds, every row is a second."""

    dbms: str = "sqlite"
    seq: int = 0
    deployments: int = 0
    recorded: dict[str, Recorded] = field(default_factory=dict)
    tags: dict[str, RecordedTag] = field(default_factory=dict)
    kept: dict[int, StoredRollback | None] = field(default_factory=dict)

    @property
    def state(self) -> LedgerState:
        return LedgerState(
            self.seq > 0, Head(self.seq, f"1:{self.seq}") if self.seq else Head(), dict(self.recorded), dict(self.tags)
        )

    @property
    def applied(self) -> set[str]:
        return set(self.recorded)

    # ------------------------------------------------------------------------------------------------ planning

    def plan(
        self, changelog: Changelog, *, count: int | None = None, to_tag: str | None = None, **filters: Any
    ) -> Plan:
        request = UpdateRequest(Filters(**{"contexts": ALL, **filters}), count, to_tag)
        return plan_update(changelog, build_graph(changelog).graph, self.state, request, self.dbms)

    def plan_rollback(
        self,
        changelog: Changelog,
        target: RollbackTarget,
        *,
        cascade: bool = False,
        rollback_from: RollbackFrom = RollbackFrom.LEDGER,
    ) -> Plan:
        dependents = Dependents.CASCADE if cascade else Dependents.REFUSE
        request = RollbackRequest(target, dependents, rollback_from, Filters(ALL))
        selection = select_rollback(changelog, build_graph(changelog).graph, self.state, request, self.dbms)
        return plan_rollback(selection, {seq: self.kept[seq] for seq in selection.seqs})

    def states(self, changelog: Changelog, **filters: Any) -> dict[str, str]:
        statuses = changeset_states(
            changelog, build_graph(changelog).graph, self.state, Filters(**{"contexts": ALL, **filters}), self.dbms
        )
        return {status.id: str(status.state) for status in statuses}

    # ----------------------------------------------------------------------------------------------- executing

    def update(self, changelog: Changelog, **request: Any) -> Plan:
        return self.execute(self.plan(changelog, **request))

    def rollback(self, changelog: Changelog, target: RollbackTarget, **request: Any) -> Plan:
        return self.execute(self.plan_rollback(changelog, target, **request))

    def execute(self, plan: Plan) -> Plan:
        assert plan.halts == ()
        self.deployments += 1
        for earlier, present in plan.renames:
            self.recorded[present] = replace(self.recorded.pop(earlier), id=present)
            self.seq += 2
        for step in plan.steps:
            self.seq += 1
            match step.action:
                case Action.TAG:
                    changesets = frozenset(step.tag_set)
                    self.tags[step.id] = RecordedTag(step.id, self.seq, stamp(self.seq), True, changesets)
                case Action.ROLLBACK | Action.UNMARK:
                    del self.recorded[step.id]
                case Action.APPLY:
                    self.recorded[step.id] = Recorded(
                        step.id,
                        Event.APPLIED,
                        self.seq,
                        step.checksum,
                        applied_seq=self.seq,
                        applied_at=stamp(self.seq),
                        deployment=f"d{self.deployments}",
                        rollback_seq=self.seq,
                        depends_on=tuple((edge.changeset, edge.strength) for edge in step.edges),
                    )
                    self.kept[self.seq] = step.rollback
                case Action.RERUN:
                    self.recorded[step.id] = replace(
                        self.recorded[step.id],
                        event=Event.RERUN,
                        seq=self.seq,
                        checksum=step.checksum,
                        rollback_seq=self.seq,
                        rerun_at=stamp(self.seq),
                        depends_on=tuple((edge.changeset, edge.strength) for edge in step.edges),
                    )
                    self.kept[self.seq] = step.rollback
        return plan

    # ---------------------------------------------------------------------------------------------- mishaps

    def tag(self, name: str) -> None:
        """Set a tag by hand."""
        self.seq += 1
        self.tags[name] = RecordedTag(name, self.seq, stamp(self.seq), False, frozenset(self.recorded))

    def mark(self, changeset: str) -> None:
        """Turn an applied changeset into one that its precondition marked."""
        self.recorded[changeset] = replace(self.recorded[changeset], event=Event.MARKED, marked=True)

    def stop(
        self,
        changeset: str,
        statements: tuple[str, ...],
        done: int,
        *,
        failed: str | None = None,
        died: bool = False,
        direction: Direction = Direction.APPLY,
    ) -> None:
        """Leave a changeset in the middle of its statements."""
        self.seq += 1
        progress = Progress(
            direction,
            self.seq,
            len(statements),
            statements=statements,
            statements_done=tuple(text_digest(statement) for statement in statements[:done]),
            failed=failed,
            died_outside=died,
        )
        before = self.recorded.get(changeset, Recorded(changeset, Event.STARTED, self.seq, None, 0, "", None, self.seq))
        self.recorded[changeset] = replace(before, progress=progress)


def ids(plan: Plan, *, tags: bool = False) -> list[str]:
    """The ids of a plan's steps, in order."""
    return [step.id for step in plan.steps if tags or step.action is not Action.TAG]
