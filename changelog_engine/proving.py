"""The verbs that prove and compare: what is claimed of a changelog or a database, looked at or tried out."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from changelog_engine.databases.database import Access
from changelog_engine.opening import Opening
from changelog_engine.plan.request import Filters

if TYPE_CHECKING:
    from changelog_engine.findings import BackupsResult, DepsResult, DriftResult, LintResult, VerifyResult


class Proving(Opening):
    """See :class:`changelog_engine.engine.Engine`."""

    def lint(self) -> LintResult:
        """What the changelog says that is likely to go wrong on the database's kind. Connects to nothing."""
        from changelog_engine.databases.connect import database_kind
        from changelog_engine.lint.linter import lint
        from changelog_engine.loading import graph_with_all_inferred

        loaded = self._load()
        graph = graph_with_all_inferred(loaded, self.settings)
        return lint(loaded.changelog, graph, database_kind(self.settings.url))

    def deps(self, selector: str | None = None, *, write: bool = False) -> DepsResult:
        """What comes after what, declared or by the SQL, and why; ``write`` adds what is sure to the files first."""
        from changelog_engine.databases.connect import database_kind
        from changelog_engine.declaring import declare, dependencies_in
        from changelog_engine.graph.select import parse_selector, select

        loaded = self._load()
        chosen = None if selector is None else select(parse_selector(selector), loaded.graph, {}, {})
        if not write:
            return dependencies_in(loaded.graph, database_kind(self.settings.url), chosen)
        present, written = declare(self.settings, loaded, chosen)
        return dependencies_in(present.graph, database_kind(self.settings.url), chosen, written)

    def verify(
        self,
        filters: Filters | None = None,
        *,
        scratch_url: str | None = None,
        orders: int = 8,
        seed: int | None = None,
    ) -> tuple[VerifyResult, str]:
        """Prove rollbacks, order and ways on scratch databases; gives the text of a proof to be kept as well.

        The target is not touched, not even connected to. ``seed`` None draws one.
        """
        from changelog_engine.prove.proof import dump_proof
        from changelog_engine.prove.verify import verify

        chosen = secrets.randbelow(2**32) if seed is None else seed
        result, plan = verify(
            self.settings,
            self._load(),
            self._said(filters),
            self.listener,
            scratch_url=scratch_url,
            orders=orders,
            seed=chosen,
        )
        return result, dump_proof(result, plan)

    def drift(self, filters: Filters | None = None, *, scratch_url: str | None = None) -> DriftResult:
        """How the target differs from what its ledger stands for. Writes nothing to it."""
        from changelog_engine.prove.drift import find_drift

        return find_drift(self.settings, self._load(), self._said(filters), self.listener, scratch_url)

    def backups(self, *, verify: bool = False) -> BackupsResult:
        """The backups that rollbacks rely on; with ``verify`` each is read back. Writes nothing."""
        from changelog_engine.backups import list_backups

        with self._open_for_record(Access.READ) as run:
            return list_backups(run, run.ledger.read_state(), verify=verify)

    def prune_backups(self, selector: str | None = None) -> BackupsResult:
        """Delete the backups that nothing needs and the retention does not keep; those of what is selected, needed or
        not, where ``selector`` is given.
        """
        from datetime import UTC, datetime

        from changelog_engine.backups import prune_backups
        from changelog_engine.plan.state import look

        loaded = self._load()
        with self._open(loaded.changelog.name, Access.WRITE) as run:
            filters = self.filters()
            with run.locked(run.worker(filters, loaded.changelog.parameters)) as state:
                situation = look(loaded.changelog, loaded.graph, state, filters, run.session.kind)
                chosen = None if selector is None else situation.select(selector)
                return prune_backups(run, state, self.settings.backups, datetime.now(UTC), chosen)
