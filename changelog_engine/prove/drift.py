"""Drift: what the target holds, compared with what its ledger stands for, rebuilt on a scratch database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from changelog_engine.catalog import Catalog, compare
from changelog_engine.databases.database import Access
from changelog_engine.errors import ChangesetFailedError
from changelog_engine.execute.events import Listener, ProofAdvanced, ProofStarted, ignore
from changelog_engine.execute.interruption import Interruption
from changelog_engine.findings import DriftResult
from changelog_engine.ledger.entries import NO_LEDGER, Head, Recorded
from changelog_engine.loading import Loaded
from changelog_engine.model import Consideration, Location, SqlText
from changelog_engine.plan.links import Links
from changelog_engine.plan.present import name_as_present
from changelog_engine.plan.request import ContextChoice, ContextMode, Filters, UpdateRequest
from changelog_engine.plan.stepping import listed
from changelog_engine.plan.steps import Action, Direction, Plan, Statement, Step
from changelog_engine.plan.update import plan_update
from changelog_engine.prove.ground import Trial, open_ground, without_ours
from changelog_engine.run import Run
from changelog_engine.scratch.databases import scratch_databases
from changelog_engine.settings import Settings
from changelog_engine.sql.statements import split_statements


def find_drift(
    settings: Settings, loaded: Loaded, filters: Filters, listener: Listener, scratch_url: str | None
) -> DriftResult:
    """How the target's catalog differs from the one that its ledger stands for. Writes nothing to the target.

    Raises ChangesetFailedError where what was applied cannot be applied again to an empty database, and
    ConfigurationError or ConnectionFailedError where there is no server for scratch databases.
    """
    listener(ProofStarted(3))
    listener(ProofAdvanced("reading the target"))
    with Run(settings, loaded.changelog.name, Access.READ, ignore, Interruption()) as run:
        found = without_ours(run.session.catalog(), settings.table_prefix)
        rebuilding = _Rebuilding(loaded, run, filters)
        owners = {entry.db_user or "" for entry in run.ledger.read_history()} | {run.session.user}
        kind, location, target = run.session.kind, run.session.location, run.session.server
    listener(ProofAdvanced("applying again what the ledger has"))
    plan = rebuilding.plan(kind)
    trial = Trial(settings, loaded, filters, plan)
    with scratch_databases(kind, scratch_url) as scratch, open_ground(trial, scratch) as ground:
        try:
            ground.apply(plan.steps)
        except ChangesetFailedError as error:
            raise _unfit(error) from error
        expected = ground.catalog()
        server = ground.server
        found = _owned_alike(found, owners, ground.run.session.user)
        differences = compare(*(map(_without_maintain, (expected, found)) if server != target else (expected, found)))
    listener(ProofAdvanced("comparing"))
    notes = rebuilding.notes
    if server != target:
        notes.append(f"the target is {target}, it was rebuilt on {server}: definitions may be written differently")
    return DriftResult(tuple(str(each) for each in differences), len(plan.steps), location, server, tuple(notes))


class _Rebuilding:
    """What the ledger has as applied, as the steps of a plan for an empty database."""

    def __init__(self, loaded: Loaded, run: Run, filters: Filters) -> None:
        self._loaded = loaded
        self._filters = filters
        state = run.ledger.read_state()
        present, _ = name_as_present(loaded.graph, state)
        self._rows: Mapping[str, Recorded] = {row.id: row for row in present if row.was_applied}
        self._contents = run.ledger.read_contents({row.rollback_seq for row in self._rows.values()})
        self._roles = run.ledger.read_rollbacks({row.rollback_seq for row in self._rows.values()})
        self.notes: list[str] = []
        doubtful = sorted(row.id for row in self._rows.values() if row.is_in_doubt)
        if doubtful:
            self.notes.append(f"{listed(doubtful)} in doubt: taken as applied")

    def plan(self, dbms: str) -> Plan:
        """In the order of applying, corrected by the edges. What the ledger keeps no text of is taken from the
        changelog.
        """
        order = tuple(reversed(Links.of(self._loaded.graph, self._rows).order_of_undoing(frozenset(self._rows))))
        without_text = [name for name in order if self._content(name) is None]
        declared = self._declared(without_text, dbms) if without_text else {}
        lost = [name for name in without_text if name not in declared]
        if lost:
            self.notes.append(f"the text of {listed(lost)} is neither in the ledger nor in the changelog: left out")
        steps = (
            declared[name] if name in declared else self._recorded(name, dbms) for name in order if name not in lost
        )
        return Plan(Direction.UPDATE, self._loaded.changelog.name, dbms, Head(), tuple(steps))

    def _content(self, name: str) -> str | None:
        row = self._rows[name]
        content = None if row.marked else self._contents.get(row.rollback_seq)
        return None if content is None or content.startswith("sha256:") else content

    def _declared(self, names: Collection[str], dbms: str) -> dict[str, Step]:
        everything = replace(self._filters, contexts=ContextChoice(ContextMode.ALL), label=None, select=None)
        select = ",".join(name for name in names if name in self._loaded.graph.changesets)
        if not select:
            return {}
        request = UpdateRequest(replace(everything, select=select))
        plan = plan_update(self._loaded.changelog, self._loaded.graph, NO_LEDGER, request, dbms)
        wanted = set(names)
        return {
            step.id: replace(step, conditions=(), checks=())
            for step in plan.steps
            if step.id in wanted and step.action is not Action.TAG
        }

    def _recorded(self, name: str, dbms: str) -> Step:
        """A changeset as it was run, from the ledger's text."""
        changeset = self._loaded.graph.changesets.get(name)
        written = SqlText(self._content(name) or "", Location(name, 1, 1))
        rollback = self._roles.get(self._rows[name].rollback_seq)
        return Step(
            name,
            Action.APPLY,
            "applied, by the ledger",
            statements=tuple(Statement(piece.text) for piece in split_statements(written, dbms)),
            transaction=changeset is None or changeset.transaction,
            changeset=changeset,
            checksum=self._rows[name].checksum,
            consideration=Consideration(run_as=rollback.role if rollback else None),
        )


def _owned_alike(catalog: Catalog, owners: Collection[str], owner: str) -> Catalog:
    """The catalog with what those own who ran the changelog as if ``owner`` did."""
    return {
        name: {**facts, "owner": owner} if facts.get("owner") in owners else facts for name, facts in catalog.items()
    }


def _without_maintain(catalog: Catalog) -> Catalog:
    """The catalog without a right that PostgreSQL has had since version 17, and the owner of a table has by itself."""
    return {
        name: {**facts, "grants": facts["grants"].replace("MAINTAIN ", "")} if "grants" in facts else facts
        for name, facts in catalog.items()
    }


def _unfit(error: ChangesetFailedError) -> ChangesetFailedError:
    return ChangesetFailedError(
        f"what the ledger has as applied cannot be applied again to an empty database: {error.message}",
        hint="`changelog verify` shows whether the changelog can; a scratch server that has all that the target has is "
        "named with `--scratch-url`",
        changeset=error.changeset,
        statement=error.statement,
        facts=error.facts,
    )
