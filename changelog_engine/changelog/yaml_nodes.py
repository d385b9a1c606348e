"""YAML text to located nodes, from the parser's event stream; the only reader of the YAML library.

Composing the nodes here, and not in the library, is many times faster, keeps every place, and lets us say no to what a
changelog must not do: duplicate keys, several documents, tags, merge keys, aliases that multiply, endless nesting.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from changelog_engine.changelog.source import Source
from changelog_engine.changes.nodes import Mapping, Mark, Node, Scalar, Sequence
from changelog_engine.model import Problem

DEEPEST = 60
"""Levels of nesting; the deepest sensible changelog has about ten."""

MOST_ALIASED = 20_000
"""Nodes that the aliases of one file may stand for, taken together."""

_TAB_INDENTATION = re.compile(r"^ *(\t)", re.MULTILINE)


_CONTEXTS = {
    "while parsing a block collection": "list",
    "while parsing a block mapping": "map",
    "while parsing a flow sequence": "list in brackets",
    "while parsing a flow mapping": "map in braces",
    "while scanning a quoted scalar": "quoted text",
    "while scanning a block scalar": "block text",
}
"""Where the library was, in our words."""


class _StopError(Exception):
    """The rest of the file cannot be read; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def compose(source: Source) -> tuple[Node | None, tuple[Problem, ...]]:
    """The root node of a file, and what is wrong with it as YAML; None where it is empty or cannot be read."""
    loader_class: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    composer = _Composer(source)
    try:
        loader = loader_class(source.text)
        try:
            node = composer.document(loader.get_event)
        finally:
            loader.dispose()
    except _StopError as stop:
        return None, (*composer.problems, stop.problem)
    except yaml.YAMLError as error:
        return None, (*composer.problems, _syntax_problem(source, error))
    return node, tuple(composer.problems)


class _Composer:
    """Builds the nodes of one file; ``count`` is how many there are, aliased ones each time."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.count = 0
        self.aliased = 0
        self.depth = 0
        self.next: Callable[[], Any]

    def document(self, next_event: Callable[[], Any]) -> Node | None:
        self.next = next_event
        next_event()
        if _kind(next_event()) is not DocumentStartEvent:
            return None
        node = self.node(next_event())
        event = next_event()
        while _kind(event) is DocumentEndEvent:
            event = next_event()
        if _kind(event) is DocumentStartEvent:
            hint = "put each document into a file of its own and `include` it"
            message = "a changelog file holds one YAML document, and here a second one begins"
            self.report(message, event.start_mark, hint, 3)
        return node

    def node(self, event: Any) -> Node:
        kind: Any = event.__class__
        if kind is AliasEvent:
            return self.alias(event)
        anchor = event.anchor
        if anchor is None:
            return self.unnamed(event)
        before = self.count
        self.anchors[anchor] = None
        node = self.unnamed(event)
        self.anchors[anchor] = (node, self.count - before)
        return node

    def unnamed(self, event: Any) -> Node:
        self.count += 1
        kind: Any = event.__class__
        is_faulty = event.tag is not None and self.has_faulty_tag(event, kind)
        if kind is ScalarEvent:
            # `!prod` without quotes is reported once, and then taken as the text that it was meant to be
            text = event.tag if is_faulty and event.value == "" else event.value
            return Scalar(text, event.implicit[0], event.style, event.tag, event.start_mark, event.end_mark)
        self.depth += 1
        if self.depth > DEEPEST:
            message = f"this is nested deeper than {DEEPEST} levels"
            raise _StopError(self.problem(message, event.start_mark))
        node = self.mapping(event) if kind is MappingStartEvent else self.sequence(event)
        self.depth -= 1
        return node

    def sequence(self, start: Any) -> Sequence:
        items: list[Node] = []
        next_event = self.next
        while True:
            event = next_event()
            kind: Any = event.__class__
            if kind is ScalarEvent and event.tag is None and event.anchor is None:
                items.append(
                    Scalar(event.value, event.implicit[0], event.style, None, event.start_mark, event.end_mark)
                )
                self.count += 1
            elif kind is SequenceEndEvent:
                return Sequence(items, start.start_mark, event.end_mark)
            else:
                items.append(self.node(event))

    def mapping(self, start: Any) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        next_event = self.next
        key: Any
        text: str | None
        value: Node
        while True:
            event = next_event()
            kind: Any = event.__class__
            if kind is MappingEndEvent:
                return Mapping(entries, bool(start.flow_style), start.start_mark, event.end_mark)
            if kind is ScalarEvent and event.tag is None and event.anchor is None:
                # most nodes of a changelog are plain keys and texts: made here, without three calls each
                text = event.value
                key = Scalar(text, event.implicit[0], event.style, None, event.start_mark, event.end_mark)
                self.count += 1
            else:
                key = self.node(event)
                text = key.text if key.__class__ is Scalar else None
            event = next_event()
            kind = event.__class__
            if kind is ScalarEvent and event.tag is None and event.anchor is None:
                value = Scalar(event.value, event.implicit[0], event.style, None, event.start_mark, event.end_mark)
                self.count += 1
            else:
                value = self.node(event)
            if text is None or text in entries or (text == "<<" and key.plain):
                self.report_key(key, text, entries)
            else:
                entries[text] = (key, value)

    def report_key(self, key: Any, text: str | None, entries: dict[str, tuple[Scalar, Node]]) -> None:
        if text is None:
            self.report("a key must be text", key.start)
        elif text in entries:
            self.duplicate_key(key, entries[text][0])
        else:
            hint = "write the keys out, or put what changesets have in common under `defaults:`"
            self.report("merge keys (`<<`) are not part of the format", key.start, hint, 2)

    def duplicate_key(self, key: Scalar, first: Scalar) -> None:
        place = f"{self.source.name}:{first.start.line + 1}:{first.start.column + 1}"
        hint = f"it stands already at {place}; keep one of them"
        self.report(f"key `{key.text}` is given twice", key.start, hint, len(key.text))

    def alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            hint = f"name it where it is first used: `&{event.anchor}`"
            message = f"alias `*{event.anchor}` stands for nothing"
            raise _StopError(self.problem(message, event.start_mark, hint, len(event.anchor) + 1))
        known = self.anchors[event.anchor]
        if known is None:
            message = f"alias `*{event.anchor}` stands inside of what it stands for"
            raise _StopError(self.problem(message, event.start_mark, None, len(event.anchor) + 1))
        node, size = known
        self.count += size
        self.aliased += size
        if self.aliased > MOST_ALIASED:
            message = f"the aliases of this file stand for more than {MOST_ALIASED:,} values"
            hint = "write out what is needed; aliases of aliases multiply"
            raise _StopError(self.problem(message, event.start_mark, hint, len(event.anchor) + 1))
        return node

    def has_faulty_tag(self, event: Any, kind: Any) -> bool:
        name = "str" if kind is ScalarEvent else "map" if kind is MappingStartEvent else "seq"
        if event.tag in ("!", f"tag:yaml.org,2002:{name}"):
            return False
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        hint = f'where it is meant as text, put it in quotes: `"{tag}"`' if not tag.startswith("!!") else "leave it out"
        self.report(f"`{tag}` is a YAML tag, and a changelog has none", event.start_mark, hint, len(tag))
        return True

    def report(self, message: str, mark: Mark, hint: str | None = None, length: int = 1) -> None:
        self.problems.append(self.problem(message, mark, hint, length))

    def problem(self, message: str, mark: Mark, hint: str | None = None, length: int = 1) -> Problem:
        return self.source.problem(message, mark.line + 1, mark.column + 1, hint=hint, length=length)


def _kind(event: Any) -> Any:
    return event.__class__


def _syntax_problem(source: Source, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return _character_problem(source, error)
    tab = _tab_before(source, mark.line)
    if tab is not None:
        return tab
    words = getattr(error, "problem", None) or "it cannot be read"
    message = f"this is not YAML: {_in_our_words(words)}"
    context = _CONTEXTS.get(getattr(error, "context", None) or "")
    context_mark = getattr(error, "context_mark", None)
    if context and context_mark is not None:
        message += f", in the {context} that begins in line {context_mark.line + 1}"
        if words == "found unexpected end of stream":
            mark = context_mark
    line = min(mark.line, len(source.lines) - 1)
    column = mark.column if line == mark.line else len(source.lines[line])
    return source.problem(message, line + 1, column + 1, hint=_syntax_hint(words, source.lines[line]))


def _in_our_words(words: str) -> str:
    known = {
        "mapping values are not allowed in this context": "a `:` cannot stand here",
        "could not find expected ':'": "a `:` is missing after a key",
        "did not find expected key": "a key is expected here",
        "did not find expected '-' indicator": "an item that begins with `-` is expected here",
        "did not find expected ',' or ']'": "a `,` or `]` is missing",
        "did not find expected ',' or '}'": "a `,` or `}` is missing",
        "found unexpected end of stream": "the file ends too early",
        "found character that cannot start any token": "a value cannot begin with this character",
    }
    return known.get(words, words)


def _syntax_hint(words: str, line: str) -> str | None:
    if words.startswith("mapping values are not allowed"):
        return "put a text that contains `: ` in quotes, or write it as a block after `|`; or mend the indentation"
    if words == "found unexpected end of stream":
        return "close the quote"
    if words == "did not find expected whitespace or line break" and "!" in line:
        return 'put a text that begins with `!` in quotes, as in `"!sqlite"`'
    if "cannot start any token" in words:
        return "put a text that begins with it in quotes"
    if words.startswith(("did not find expected key", "did not find expected '-'", "could not find expected ':'")):
        return "is it indented as its neighbours are, and is every quote closed?"
    if "{" in line or "[" in line:
        return "is every bracket closed, and every text with `,`, `:`, `[` or `{` in it in quotes?"
    return None


def _tab_before(source: Source, line: int) -> Problem | None:
    """The tab in the indentation of the line that cannot be read, or of the one before it, if there is one."""
    for number in (line, line - 1):
        if 0 <= number < len(source.lines):
            match = _TAB_INDENTATION.match(source.lines[number])
            if match:
                hint = "indent with spaces; YAML knows no tabs there"
                return source.problem("a tab is used as indentation", number + 1, match.start(1) + 1, hint=hint)
    return None


def _character_problem(source: Source, error: yaml.YAMLError) -> Problem:
    """A control character; the library's own position counts bytes, so the character is looked for."""
    for number, line in enumerate(source.lines, start=1):
        for column, char in enumerate(line, start=1):
            if (char < " " and char != "\t") or "\x7f" <= char < "\xa0" or "\ufffe" <= char <= "\uffff":
                message = f"the control character U+{ord(char):04X} cannot stand in YAML"
                hint = 'remove it, or write it as an escape in double quotes (`"\\x07"`)'
                return source.problem(message, number, column, hint=hint)
    return source.problem(f"this is not YAML: {getattr(error, 'reason', error)}", 1, 1)
