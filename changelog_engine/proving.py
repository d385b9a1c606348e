"""The verbs that prove and compare: what is claimed of a changelog or a database, looked at or tried out."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from changelog_engine.opening import Opening
from changelog_engine.plan.request import Filters

if TYPE_CHECKING:
    from changelog_engine.findings import DriftResult, LintResult, VerifyResult


class Proving(Opening):
    """See :class:`changelog_engine.engine.Engine`."""

    def lint(self) -> LintResult:
        """What the changelog says that is likely to go wrong on the database's kind. Connects to nothing."""
        from changelog_engine.databases.connect import database_kind
        from changelog_engine.lint.linter import lint

        loaded = self._load()
        return lint(loaded.changelog, loaded.graph, database_kind(self.settings.url))

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
