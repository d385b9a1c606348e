"""Proving a changelog on scratch databases: its rollbacks, its order, and its way from each tag and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from changelog_engine.databases.connect import database_kind
from changelog_engine.errors import ChangesetFailedError
from changelog_engine.execute.events import Listener, ProofAdvanced, ProofStarted
from changelog_engine.findings import VerifyResult
from changelog_engine.ledger.entries import NO_LEDGER
from changelog_engine.loading import Loaded
from changelog_engine.plan.request import Filters, UpdateRequest
from changelog_engine.plan.stepping import listed
from changelog_engine.plan.steps import Action, Plan
from changelog_engine.plan.update import plan_update
from changelog_engine.prove.ground import Trial
from changelog_engine.prove.orders import prove_orders
from changelog_engine.prove.rollbacks import prove_rollbacks
from changelog_engine.prove.ways import prove_ways
from changelog_engine.scratch.databases import scratch_databases
from changelog_engine.settings import Settings


def verify(
    settings: Settings,
    loaded: Loaded,
    filters: Filters,
    listener: Listener,
    *,
    scratch_url: str | None = None,
    orders: int = 8,
    seed: int,
) -> tuple[VerifyResult, Plan]:
    """Prove what an update of an empty database with these filters would run; gives that plan too.

    Raises what planning an update raises, ChangesetFailedError where a changeset cannot be applied in the engine's own
    order, and ConfigurationError or ConnectionFailedError where there is no server for scratch databases.
    """
    kind = database_kind(settings.url)
    whole = plan_update(loaded.changelog, loaded.graph, NO_LEDGER, UpdateRequest(filters), kind)
    tags = [step for step in whole.steps if step.action is Action.TAG]
    plan = replace(whole, steps=tuple(step for step in whole.steps if step.action is not Action.TAG))
    trial = Trial(settings, loaded, filters, plan)

    def advance(what: str) -> None:
        listener(ProofAdvanced(what))

    listener(ProofStarted(len(plan.steps) + orders + len(tags)))
    with scratch_databases(kind, scratch_url) as scratch:
        try:
            rollbacks = prove_rollbacks(trial, scratch, advance)
        except ChangesetFailedError as error:
            raise _unfit(error) from error
        proven = prove_orders(trial, scratch, rollbacks.catalog, orders, seed, advance)
        ways = prove_ways(trial, scratch, tags, rollbacks.catalog, advance)
    result = VerifyResult(
        findings=(*rollbacks.findings, *proven.findings, *ways.findings),
        changesets=tuple(step.id for step in plan.steps),
        rollbacks=rollbacks.tried,
        orders_tried=proven.tried,
        ways=ways.tried,
        seed=seed,
        server=rollbacks.server,
        notes=(*_notes(rollbacks.irreversible, rollbacks.skipped), *ways.notes),
    )
    return result, plan


def _notes(irreversible: Sequence[str], skipped: Sequence[str]) -> list[str]:
    notes = []
    if irreversible:
        verb = "is" if len(irreversible) == 1 else "are"
        words = "irreversible by the changelog's own word: no rollback to prove"
        notes.append(f"{listed(list(irreversible))} {verb} {words}")
    if skipped:
        verb = "was" if len(skipped) == 1 else "were"
        notes.append(f"{listed(list(skipped))} {verb} not tried, as a precondition passes over on an empty database")
    return notes


def _unfit(error: ChangesetFailedError) -> ChangesetFailedError:
    return ChangesetFailedError(
        f"nothing could be proven, as the changelog cannot be applied to an empty database: {error.message}",
        hint=error.hint or "see that it can be applied in the engine's own order first: `changelog plan` shows that",
        changeset=error.changeset,
        statement=error.statement,
        location=error.location,
        facts=error.facts,
    )
