"""The verbs that prove and compare: what is claimed of a changelog or a database, looked at or tried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changelog_engine.opening import Opening

if TYPE_CHECKING:
    from changelog_engine.findings import LintResult


class Proving(Opening):
    """See :class:`changelog_engine.engine.Engine`."""

    def lint(self) -> LintResult:
        """What the changelog says that is likely to go wrong on the database's kind. Connects to nothing."""
        from changelog_engine.databases.connect import database_kind
        from changelog_engine.lint.linter import lint

        loaded = self._load()
        return lint(loaded.changelog, loaded.graph, database_kind(self.settings.url))
