"""YAML as located values: what the shapes read. Three slim classes without behaviour; no YAML library is needed here.

Plain classes and not frozen dataclasses, because a large changelog has a million of them.
"""

from __future__ import annotations

from sys import intern
from typing import Protocol


class Mark(Protocol):
    """A place in a file: line, column and character index, all from 0."""

    line: int
    column: int
    index: int


_NAME = 32


def shared(text: str) -> str:
    """The text; a short one as the one value that all equal ones are: names are the same in many changesets."""
    return intern(text) if len(text) <= _NAME else text


class Scalar:
    """``text`` is as written, numbers too; ``plain``: no quotes, block style or tag; ``style`` is ``|``, ``'``…"""

    __slots__ = ("end", "plain", "start", "style", "tag", "text")

    def __init__(self, text: str, plain: bool, style: str | None, tag: str | None, start: Mark, end: Mark) -> None:
        self.text = shared(text)
        self.plain = plain
        self.style = style
        self.tag = tag
        self.start = start
        self.end = end


class Sequence:
    __slots__ = ("end", "items", "start")

    def __init__(self, items: list[Node], start: Mark, end: Mark) -> None:
        self.items = items
        self.start = start
        self.end = end


class Mapping:
    """``entries`` are by the text of their keys, in order: the key itself and its value."""

    __slots__ = ("end", "entries", "is_flow", "start")

    def __init__(self, entries: dict[str, tuple[Scalar, Node]], is_flow: bool, start: Mark, end: Mark) -> None:
        self.entries = entries
        self.is_flow = is_flow
        self.start = start
        self.end = end


Node = Scalar | Sequence | Mapping
