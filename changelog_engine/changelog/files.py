"""A file of a changelog whose structure was read: what the parser makes changesets of."""

from __future__ import annotations

from dataclasses import dataclass

from changelog_engine.changelog.declarations import Defaults
from changelog_engine.changelog.file_log import FileLog
from changelog_engine.changes.shapes import Fields
from changelog_engine.model import Expression


class Chain:
    """What is under one ``order: linear``: each changeset requires ``last``, the one declared before it."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: str | None = None


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """``contexts`` are those of the includes on the way to it, ``first`` the position of the first of what it includes.

    ``chain`` is None where dependencies alone give the order. ``lint_ignored`` are rules that are switched off for it.
    ``infers`` False: its changesets need what they declare alone.
    """

    log: FileLog
    fields: Fields
    defaults: Defaults
    contexts: tuple[Expression, ...]
    chain: Chain | None
    first: int
    lint_ignored: tuple[str, ...] = ()
    infers: bool = True
