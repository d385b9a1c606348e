"""How a verb of the engine gets at what it works on: filters, the changelog, a look at the ledger, a run over it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from changelog_engine.databases.database import Access
from changelog_engine.execute.events import Listener, ignore
from changelog_engine.execute.interruption import Interruption
from changelog_engine.plan.request import ContextChoice, Filters, ParameterSources, RollbackRequest, UpdateRequest
from changelog_engine.settings import Settings
from changelog_engine.verbs import parse_label

if TYPE_CHECKING:
    from changelog_engine.databases.look import Looked
    from changelog_engine.loading import Loaded, ReadFiles
    from changelog_engine.run import Run

Request = TypeVar("Request", UpdateRequest, RollbackRequest)


class Opening:
    """What the engine has by its settings; everything is read anew for each verb."""

    def __init__(
        self, settings: Settings, *, listener: Listener = ignore, interruption: Interruption | None = None
    ) -> None:
        self.settings = settings
        self.listener = listener
        self.interruption = interruption or Interruption()

    @property
    def location(self) -> str:
        """The database's URL without its password, as messages show it."""
        from changelog_engine.databases.connect import redact

        return redact(self.settings.url)

    def filters(self, *, label: str | None = None, select: str | None = None) -> Filters:
        """The filters that the settings ask for, with a label expression and a selector. Raises UsageError.

        Requests need them only to say more than the settings do: what a request's filters leave unsaid comes from
        there.
        """
        settings = self.settings
        expression = None if (text := label or settings.label) is None else parse_label(text)
        return Filters(settings.contexts, expression, select, settings.parameters, settings.consideration)

    def _said(self, filters: Filters | None) -> Filters:
        """The filters; what they leave unsaid is what the settings say."""
        own = self.filters()
        if filters is None:
            return own
        return Filters(
            own.contexts if filters.contexts == ContextChoice() else filters.contexts,
            filters.label or own.label,
            filters.select,
            own.parameters if filters.parameters == ParameterSources() else filters.parameters,
            filters.consideration.over(own.consideration),
        )

    def _asked(self, request: Request) -> Request:
        return replace(request, filters=self._said(request.filters))

    def _load(self) -> Loaded:
        from changelog_engine.loading import load

        return load(self.settings)

    def _read_files(self) -> ReadFiles:
        from changelog_engine.loading import ReadFiles

        return ReadFiles(self.settings)

    def _look(self) -> Looked:
        """The lock row, before anything heavy is imported."""
        from changelog_engine.databases.first_look import first_look
        from changelog_engine.databases.look import LedgerNames
        from changelog_engine.ledger.names import LEDGER, LOCK

        prefix = self.settings.table_prefix
        return first_look(self.settings.url, LedgerNames(self.settings.schema, prefix + LOCK, prefix + LEDGER))

    def _open(self, name: str, access: Access, looked: Looked | None = None) -> Run:
        from changelog_engine.run import Run

        open_session = None if looked is None else looked.open
        return Run(self.settings, name, access, self.listener, self.interruption, open_session)

    def _open_for_record(self, access: Access) -> Run:
        """A run for what needs no more of the changelog than its name, which an invalid one has too."""
        from changelog_engine.loading import read_name

        return self._open(read_name(self.settings), access)
