"""What was last found complete: lets ``update`` say 'nothing to do' without reading the changelog.

Kept in the lock row, and so warm on every machine. A record is made only where a full comparison, or a whole run, left
nothing pending, waiting, outdated, edited or in doubt, and no ``run: always``; it holds for one head of the ledger, for
the very bytes of all files, and for the same contexts, labels and version of the engine. No value of a parameter is
part of it but of those that stand in file names, which no secret may: what is applied does not depend on the others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from changelog_engine import __version__
from changelog_engine.changelog.expressions import render_expression
from changelog_engine.changelog.inventory import is_unchanged
from changelog_engine.databases.database import Row
from changelog_engine.errors import DatabaseError
from changelog_engine.ledger.entries import Head
from changelog_engine.ledger.names import LAYOUT
from changelog_engine.model import Inventory, Run
from changelog_engine.plan.request import Filters, UpdateRequest
from changelog_engine.plan.steps import Plan
from changelog_engine.results import UpdateResult
from changelog_engine.settings import Settings

if TYPE_CHECKING:
    from changelog_engine.ledger.ledger import Ledger

KEPT = 8
"""Records in one ledger: one each for the changelogs and contexts that are used with it; the oldest goes first."""


class Completion:
    """The record for one request to a ledger. A request for a part of what is pending has none."""

    def __init__(self, settings: Settings, request: UpdateRequest, saved_plan: str | None) -> None:
        self._settings = settings
        is_whole = saved_plan is None and request.count is None and request.to_tag is None
        self._is_whole = is_whole and request.filters.select is None
        self._key = completion_key(settings, request.filters)
        self._kept: str | None = None
        self._values = request.filters.parameters.for_file_names

    def holds(self, looked: Row | None) -> bool:
        """Whether the record says that there is nothing to do, for the present head and the present files.

        ``looked`` is what a first look saw.
        """
        if not self._is_whole or looked is None:
            return False
        layout, seq, digest, self._kept, last_seq, last_digest = looked
        head = Head(seq, digest)
        if layout > LAYOUT or head != Head(last_seq or 0, last_digest or ""):
            return False
        record = _records(self._kept).get(self._key)
        return (
            record is not None
            and record["head"] == str(head)
            and is_unchanged(_inventory(record), self._settings.root, self._values)
        )

    def keep(self, ledger: Ledger, head: Head, inventory: Inventory) -> None:
        """Make the record. Whoever may not write does without."""
        if not self._is_whole or not head.seq:
            return
        records = _records(self._kept)
        records.pop(self._key, None)
        records[self._key] = {"head": str(head), **asdict(inventory)}
        text = json.dumps(dict(list(records.items())[-KEPT:]), ensure_ascii=False)
        with suppress(DatabaseError):
            ledger.keep_complete(text, head)


def is_all_done(plan: Plan, result: UpdateResult) -> bool:
    """Whether a run left nothing that another one would do."""
    is_repeated = any(step.changeset is not None and step.changeset.run is Run.ALWAYS for step in plan.steps)
    return not (is_repeated or result.skipped or result.failed or plan.halts)


def completion_key(settings: Settings, filters: Filters) -> str:
    """What a record holds for: the engine's version, the changelog's path from its root, and the filters."""
    sources = filters.parameters
    parts: list[Any] = [
        __version__,
        os.path.relpath(settings.changelog, settings.root),
        str(filters.contexts),
        None if filters.label is None else render_expression(filters.label),
        sorted(sources.given),
        sorted(sources.configured),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _inventory(record: Mapping[str, Any]) -> Inventory:
    return Inventory(
        tuple((name, digest) for name, digest in record["files"]),
        tuple((beside, pattern, tuple(matches)) for beside, pattern, matches in record["globs"]),
        tuple((name, value) for name, value in record["values"]),
    )


def _records(kept: str | None) -> dict[str, Any]:
    """What is kept, as far as this version can read it."""
    try:
        records = json.loads(kept or "{}")
    except ValueError:
        return {}
    return records if isinstance(records, dict) else {}
