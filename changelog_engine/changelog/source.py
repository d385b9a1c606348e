"""The text of a file, places in it, and the excerpt with a caret that an error shows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from unicodedata import combining, east_asian_width

from changelog_engine.model import Location, Problem

_LINE_ENDS = re.compile("\n|\x85|\u2028|\u2029")
_WIDEST_EXCERPT = 140


class Source:
    """A file that was read: ``name`` as messages have it; ``digest`` is the SHA-256 of its bytes, empty for a text that
    is in no file.
    """

    def __init__(self, name: str, path: Path, text: str, digest: str = "") -> None:
        self.name = name
        self.path = path
        self.text = text
        self.digest = digest

    @cached_property
    def text(self) -> str:
        """Without byte order mark, its line ends ``\\n``."""
        return _read_again(self.path)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Made when they are needed: to find the places of blocks, and for messages."""
        return tuple(_split_lines(self.text))

    def let_go(self) -> None:
        """Drop the text and its lines: for a message about the file, which may still come, it is read again."""
        self.__dict__.pop("text", None)
        self.__dict__.pop("lines", None)

    def problem(self, message: str, line: int, column: int, *, length: int = 1, hint: str | None = None) -> Problem:
        """A problem at a place of this file; line and column from 1."""
        line_text = self.lines[line - 1] if line <= len(self.lines) else ""
        location = Location(self.name, line, column)
        return Problem(message, location, hint, min(length, max(1, len(line_text) - column + 1)), line_text)


def source_of(name: str, path: Path, text: str) -> Source:
    """The source that a text makes, however its lines end."""
    return Source(name, path, _unified(text))


def read_source(path: Path, name: str) -> Source | Problem:
    """The file, or what keeps it from being read as text. Raises ``OSError`` where it cannot be opened."""
    data = path.read_bytes()
    try:
        return Source(name, path, _unified(data.decode("utf-8")), hashlib.sha256(data).hexdigest())
    except UnicodeDecodeError as error:
        return _not_utf8(data, error.start, name)


def with_line_texts(problems: Iterable[Problem], root: Path) -> tuple[Problem, ...]:
    """The problems, each with the text of its line; ``root`` is the folder that their files are relative to."""
    lines: dict[str, list[str]] = {}
    completed: list[Problem] = []
    for problem in problems:
        if problem.line_text is None:
            file = problem.location.file
            if file not in lines:
                text = _read_again(root / file)
                lines[file] = _split_lines(text) if text else []
            if problem.location.line <= len(lines[file]):
                problem = replace(problem, line_text=lines[file][problem.location.line - 1])
        completed.append(problem)
    return tuple(completed)


def excerpt(problem: Problem) -> str:
    """Where a problem is: its place, and its line with the faulty part underlined, where the line is known.

    ::

          --> changelogs/main.yaml:14:18
           |
        14 |     depends_on: [create-order]
           |                  ^^^^^^^^^^^^
    """
    number = str(problem.location.line)
    margin = " " * len(number)
    arrow = f"{margin}--> {problem.location}"
    if problem.line_text is None:
        return arrow
    shown = "".join(char if char.isprintable() or char == "\t" else "�" for char in problem.line_text)
    line, start, length = _window(shown, problem.location.column - 1, problem.length)
    before = "".join("\t" if char == "\t" else " " * _width(char) for char in line[:start])
    under = "^" * max(1, sum(_width(char) for char in line[start : start + length]))
    return f"{arrow}\n{margin} |\n{number} | {line}".rstrip() + f"\n{margin} | {before}{under}"


def _window(line: str, start: int, length: int) -> tuple[str, int, int]:
    """As much of a long line as fits, with the underlined part in it."""
    if len(line) <= _WIDEST_EXCERPT:
        return line, start, length
    first = max(0, min(start - 40, len(line) - _WIDEST_EXCERPT))
    left = "…" if first else ""
    shown = line[first : first + _WIDEST_EXCERPT]
    right = "…" if first + _WIDEST_EXCERPT < len(line) else ""
    start = start - first + len(left)
    return left + shown + right, start, min(length, max(1, len(left + shown) - start))


def _width(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def _split_lines(text: str) -> list[str]:
    """The lines as YAML counts them."""
    if "\x85" in text or "\u2028" in text or "\u2029" in text:
        return _LINE_ENDS.split(text)
    return text.split("\n")


def _unified(text: str) -> str:
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _read_again(path: Path) -> str:
    """The text of a file; empty where it cannot be read any more."""
    try:
        return _unified(path.read_bytes().decode("utf-8", "replace"))
    except OSError:
        return ""


def _not_utf8(data: bytes, offset: int, name: str) -> Problem:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Problem(f"`{name}` is UTF-16, not UTF-8", Location(name, 1, 1), "save the file as UTF-8")
    line_start = data.rfind(b"\n", 0, offset) + 1
    line_end = data.find(b"\n", offset)
    line_bytes = data[line_start : line_end if line_end >= 0 else len(data)]
    column = len(data[line_start:offset].decode("utf-8", "replace")) + 1
    return Problem(
        f"`{name}` is not UTF-8: byte 0x{data[offset]:02x} is no part of a character",
        Location(name, data.count(b"\n", 0, offset) + 1, column),
        "save the file as UTF-8",
        line_text=line_bytes.decode("utf-8", "replace").rstrip("\r").removeprefix("\ufeff"),
    )
