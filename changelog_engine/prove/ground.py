"""Where a changelog is tried out: scratch databases on which its steps are run by the very executor of an update."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from changelog_engine.catalog import Catalog, Name
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.errors import ChangesetFailedError
from changelog_engine.execute.events import ignore
from changelog_engine.execute.executor import Executor
from changelog_engine.execute.interruption import Interruption
from changelog_engine.execute.worker import Worker
from changelog_engine.ledger.names import LEDGER, LOCK, STATE
from changelog_engine.loading import Loaded
from changelog_engine.model import Operation
from changelog_engine.plan.request import Filters
from changelog_engine.plan.state import rendering_of
from changelog_engine.plan.stepping import rendered_anew
from changelog_engine.plan.steps import Plan, Step
from changelog_engine.run import Run
from changelog_engine.scratch.databases import Scratch, scratch_database
from changelog_engine.settings import Settings

OURS = (LEDGER, LOCK, STATE, "changelog_backup")
"""How the names of the engine's own tables begin."""

_NO_ROLE = re.compile(r'role "((?:[^"]|"")+)" does not exist')


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: the steps of ``plan`` are those of an update of an empty database, in the engine's order."""

    settings: Settings
    loaded: Loaded
    filters: Filters
    plan: Plan


class Ground:
    """One scratch database at work, empty at first, its lock held."""

    def __init__(self, trial: Trial, run: Run, worker: Worker, *, makes_roles: bool) -> None:
        self.trial = trial
        self.run = run
        self._worker = worker
        self._makes_roles = makes_roles

    @property
    def server(self) -> str:
        """The server's name and version, for people."""
        return self.run.session.server

    def apply(self, steps: Sequence[Step]) -> tuple[str, ...]:
        """Run steps in their order; gives the changesets that were applied: without those that a precondition skips.

        Raises ChangesetFailedError; what was done before the failure stays.
        """
        return self.execute(replace(self.trial.plan, steps=self._as_found(steps)))

    def _as_found(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """The steps as they would be planned for this database as it is now, where that makes a difference."""
        if not any(
            isinstance(change, Operation) for step in steps if step.changeset for change in step.changeset.changes
        ):
            return tuple(steps)
        if not (definitions := self.run.session.definitions()):
            return tuple(steps)
        trial, loaded = self.trial, self.trial.loaded
        kind = self.run.session.kind
        rendering = rendering_of(loaded.changelog, loaded.graph, trial.filters, kind, lambda: definitions)
        found = rendered_anew(steps, rendering)
        if rendering.problems:
            first = rendering.problems[0]
            raise ChangesetFailedError(first.message, hint=first.hint, location=first.location)
        return found

    def execute(self, plan: Plan) -> tuple[str, ...]:
        """Run a plan; gives the changesets that it applied or undid. Raises ChangesetFailedError as ``apply``."""
        done: list[str] = []
        while True:
            executor = Executor(self._worker, listener=ignore, interruption=Interruption())
            try:
                executor.execute(plan, self.run.ledger.read_state())
            except ChangesetFailedError as error:
                if not self._makes_role(error):
                    raise
                done += executor.outcome.done
                seen = {*executor.outcome.done, *executor.outcome.marked, *executor.outcome.tags}
                seen |= {name for name, _ in executor.outcome.skipped}
                plan = replace(plan, steps=tuple(step for step in plan.steps if step.id not in seen))
                continue
            return (*done, *executor.outcome.done)

    def catalog(self) -> Catalog:
        """What the database holds now, without what is the engine's own."""
        return without_ours(self.run.session.catalog())

    def _makes_role(self, error: ChangesetFailedError) -> bool:
        """Whether the failure was for want of a role that no changeset makes, and it is there now.

        Roles are the server's, and a server of our own has none.
        """
        match = _NO_ROLE.search(error.message)
        if match is None or not self._makes_roles:
            return False
        name = match[1].replace('""', '"')
        made = re.compile(rf'\bCREATE\s+(?:ROLE|USER|GROUP)\s+"?{re.escape(name)}\b', re.IGNORECASE)
        if any(made.search(each.template) for step in self.trial.plan.steps for each in step.statements):
            return False
        self.run.session.execute(f"CREATE ROLE {self.run.session.quote(name)} SUPERUSER")
        return True


@contextmanager
def open_ground(trial: Trial, scratch: Scratch) -> Iterator[Ground]:
    """A new, empty scratch database at work, dropped after the block."""
    with scratch_database(scratch) as url:
        settings = replace(trial.settings, url=url, schema=None, table_prefix="", lock_wait=0.0)
        changelog = trial.loaded.changelog
        session = partial(connect, url, Access.WRITE, is_scratch=True)
        with Run(settings, changelog.name, Access.WRITE, ignore, Interruption(), session) as run:
            worker = run.worker(trial.filters, changelog.parameters)
            with run.locked(worker):
                yield Ground(trial, run, worker, makes_roles=scratch.owns_server)


def without_ours(catalog: Catalog, prefix: str = "") -> Catalog:
    """The catalog without the engine's own tables; ``prefix`` is that of their names."""
    names = tuple(prefix + name for name in OURS)
    return {name: facts for name, facts in catalog.items() if not _is_ours(name, names)}


def _is_ours(name: Name, names: tuple[str, ...]) -> bool:
    return (name.of or name.name).rpartition(".")[2].startswith(names)
