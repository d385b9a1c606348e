"""Files that need not be read again: taken from where they were kept, and kept where nothing was wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from changelog_engine.changelog.expressions import render_expression
from changelog_engine.changelog.files import Chain
from changelog_engine.changelog.kept import KeptFile, dump_kept, load_kept
from changelog_engine.changelog.parser import Parser
from changelog_engine.changelog.source import Source
from changelog_engine.changelog.texts import Texts
from changelog_engine.changes.shapes import Fields
from changelog_engine.model import Changeset, Expression, Tag

_ALONE = frozenset({"format", "changesets", "defaults", "order", "lint", "infer"})
"""Keys of a file that can be kept: what the others declare reaches beyond it."""

_AT_ONCE = 16
"""Pieces of files that are written together."""


class Keeper(Protocol):
    """Where values are kept, as JSON, under keys that name all that they follow from. What is put is JSON already."""

    def key(self, *parts: str) -> str: ...
    def get(self, keys: Collection[str]) -> dict[str, Any]: ...
    def put_texts(self, texts: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Mark:
    """How far reading has come: what was found, and what there is, before a file."""

    findings: int
    position: int
    changesets: int
    tags: int
    texts: tuple[int, int, int]


class KeptFiles:
    """``keeper`` None keeps nothing."""

    def __init__(self, keeper: Keeper | None, texts: Texts, parser: Parser) -> None:
        self._keeper = keeper
        self._texts = texts
        self._parser = parser
        self._fresh: dict[str, str] = {}

    def key(
        self,
        source: Source,
        contexts: Sequence[Expression],
        chain: Chain | None,
        inherited: Sequence[str],
        declared: Sequence[str] | None,
    ) -> str | None:
        """The key of all that a file is read to: its text, and what reaches into it from the files that include it."""
        if self._keeper is None:
            return None
        given = [render_expression(context) for context in contexts]
        around = (given, None if chain is None else [chain.last], inherited, declared)
        return self._keeper.key("file", source.name, source.digest, repr(around))

    def take(self, key: str | None, source: Source, chain: Chain | None) -> bool:
        """Take a file from where it was kept; False where it was not, or a file of SQL that it names has changed."""
        keeper = self._keeper
        if keeper is None or key is None:
            return False

        def piece(number: int) -> Any:
            name = _piece_key(key, number)
            return keeper.get([name]).get(name)

        kept = load_kept(piece, source.name, self._parser.position)
        if kept is None or not self._texts.finds(kept.files):
            return False
        self._parser.take(kept.items)
        self._texts.take(kept.texts, kept.roles)
        ids = [item.id for item in kept.items if isinstance(item, Changeset)]
        if chain is not None and ids:
            chain.last = ids[-1]
        return True

    def mark(self) -> Mark:
        findings, parser = self._texts.findings, self._parser
        found = len(findings.problems) + len(findings.warnings)
        return Mark(found, parser.position, len(parser.changesets), len(parser.tags), self._texts.mark())

    def keep(self, key: str | None, source: Source, fields: Fields, before: Mark) -> None:
        """Keep what a file was read to since ``before``: one that stands alone, and with which nothing was wrong."""
        now = self.mark()
        if key is None or now.findings != before.findings or not fields.node.entries.keys() <= _ALONE:
            return
        items: list[Changeset | Tag] = [*self._parser.changesets[before.changesets :]]
        items += self._parser.tags[before.tags :]
        items.sort(key=lambda item: item.position)
        texts, roles, files = self._texts.since(before.texts)
        pieces = dump_kept(KeptFile(tuple(items), texts, roles, files), source.name, before.position)
        self._fresh.update((_piece_key(key, number), piece) for number, piece in enumerate(pieces))
        if len(self._fresh) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is to be kept."""
        if self._keeper is not None:
            self._keeper.put_texts(self._fresh)
            self._fresh.clear()


def _piece_key(key: str, number: int) -> str:
    return f"{key}:{number}" if number else key
