"""Shapes: what a place in a changelog may hold. One definition reads and checks it, and gives its JSON Schema.

``read`` turns a node into values and reports everything that does not fit. Text is given back as its node, which
knows its place. The JSON Schema is made from the same shapes (:mod:`changelog_engine.changelog.schema`), so an
editor and ``validate`` agree on keys, types and shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from changelog_engine.changes.nodes import Mapping, Node, Scalar, Sequence
from changelog_engine.changes.scalars import FALSES, NULLS, TRUES, describe, value_of
from changelog_engine.nearest import nearest

_NO_TEXT: Final = NULLS | TRUES | FALSES


class Log(Protocol):
    """Where a shape reports what does not fit; ``length`` None underlines the whole of a value that is on one line."""

    def report(self, message: str, node: Node, hint: str | None = None, length: int | None = None) -> None: ...


class Invalid:
    """What a shape gives back for a node that it reported: the one value ``INVALID``."""

    __slots__ = ()


INVALID: Final = Invalid()


class Shape(Protocol):
    """``words`` says what it takes: "must be ...". ``name`` is how messages call the place that is read."""

    @property
    def words(self) -> str: ...

    def read(self, node: Node, log: Log, name: str) -> Any: ...


def refuse(shape: Shape, node: Node, log: Log, name: str, hint: str | None = None) -> Invalid:
    """Report that the node is nothing for the shape."""
    if isinstance(node, Scalar) and value_of(node) is None:
        log.report(f"{name} has no value", node, f"give it {shape.words}")
    else:
        log.report(f"{name} must be {shape.words}, not {describe(node)}", node, hint)
    return INVALID


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that a whole text must match, and what that is, in words."""

    pattern: re.Pattern[str]
    words: str


@dataclass(frozen=True, slots=True)
class Text:
    """Text; plain numbers too, as they are written, where ``numbers`` allows it. Read as its node.

    ``joint`` says how the items of a list, if somebody writes one here, would be written as text.
    """

    words: str = "text"
    rule: Rule | None = None
    longest: int | None = None
    numbers: bool = True
    joint: str | None = None
    examples: tuple[str, ...] = ()

    def read(self, node: Node, log: Log, name: str) -> Any:
        if not isinstance(node, Scalar):
            return refuse(self, node, log, name, self._as_text(node))
        text = node.text
        if node.plain and (not self.numbers or text in _NO_TEXT) and not isinstance(value_of(node), str):
            return refuse(self, node, log, name, f'where it is meant as text, put it in quotes: `"{text}"`')
        if self.rule is not None and not self.rule.pattern.fullmatch(text):
            if text.strip() == "":
                log.report(f"{name} is empty", node, f"give it {self.words}")
            else:
                log.report(f"{name} must be {self.rule.words}, not {describe(node)}", node)
            return INVALID
        if self.longest is not None and len(text) > self.longest:
            log.report(f"{name} has {len(text)} characters, {self.longest} are the most", node)
            return INVALID
        return node

    def _as_text(self, node: Node) -> str | None:
        if self.joint is None or not isinstance(node, Sequence):
            return None
        words = [item.text for item in node.items if isinstance(item, Scalar)]
        return f'write it as text: `"{self.joint.join(words)}"`' if len(words) == len(node.items) > 0 else None


@dataclass(frozen=True, slots=True)
class AnyScalar:
    """One value of any kind, ``null`` included. Read as its node."""

    words: str = "one value (text, a number, true, false or null)"

    def read(self, node: Node, log: Log, name: str) -> Any:
        return node if isinstance(node, Scalar) else refuse(self, node, log, name)


@dataclass(frozen=True, slots=True)
class Flag:
    words: str = "true or false"

    def read(self, node: Node, log: Log, name: str) -> Any:
        if isinstance(node, Scalar) and node.plain and (node.text in TRUES or node.text in FALSES):
            return node.text in TRUES
        meant = node.text.lower() if isinstance(node, Scalar) else ""
        is_yes, is_no = meant in ("yes", "on", "y", "true"), meant in ("no", "off", "n", "false")
        hint = f"write `{'true' if is_yes else 'false'}`" if is_yes or is_no else None
        return refuse(self, node, log, name, hint)


@dataclass(frozen=True, slots=True)
class WholeNumber:
    least: int = 0

    @property
    def words(self) -> str:
        return f"a whole number from {self.least}"

    def read(self, node: Node, log: Log, name: str) -> Any:
        value = value_of(node) if isinstance(node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and value >= self.least:
            return value
        return refuse(self, node, log, name)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words; ``docs`` says what each means."""

    docs: MappingOf[str, str]

    @property
    def words(self) -> str:
        return _one_of([f"`{value}`" for value in self.docs])

    def read(self, node: Node, log: Log, name: str, among: Shape | None = None) -> Any:
        """``among``: the shape that this is one of, which says what else there may be."""
        if isinstance(node, Scalar) and node.text in self.docs:
            return node.text
        close = nearest(node.text, self.docs) if isinstance(node, Scalar) else None
        return refuse(among or self, node, log, name, f"did you mean `{close}`?" if close else None)


@dataclass(frozen=True, slots=True)
class ListOf:
    """Read as a tuple of what its items are read as; items that don't fit are left out."""

    item: Shape
    least: int = 0

    @property
    def words(self) -> str:
        return "a list"

    def read(self, node: Node, log: Log, name: str) -> Any:
        if not isinstance(node, Sequence):
            item = node.text if isinstance(node, Scalar) and isinstance(self.item, Text | ByNode) else ""
            return refuse(self, node, log, name, f"write it as a list: `[{item}]`" if item else None)
        if len(node.items) < self.least:
            log.report(f"{name} is an empty list", node, "leave it out, or name at least one")
            return INVALID
        read = self.item.read
        each = f"an item of {name}"
        values = [read(item, log, each) for item in node.items]
        return tuple(value for value in values if value is not INVALID) if INVALID in values else tuple(values)


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map whose keys are the user's (``rule``) or some of a fixed few (``known``). Read as a dict."""

    item: Shape
    thing: str
    """What a key is: "database kind", "parameter"."""
    rule: Rule | None = None
    known: tuple[str, ...] = ()
    least: int = 0

    @property
    def words(self) -> str:
        return f"a map by {self.thing}" if self.known else f"a map of {self.thing}s"

    def read(self, node: Node, log: Log, name: str) -> Any:
        if not isinstance(node, Mapping):
            return refuse(self, node, log, name)
        if len(node.entries) < self.least:
            log.report(f"{name} is an empty map", node, f"give it {self.words}")
            return INVALID
        values: dict[str, Any] = {}
        for key, (key_node, value_node) in node.entries.items():
            if self.known and key not in self.known:
                report_unknown(log, key_node, f"no {self.thing}", self.known, f"{self.thing}s")
            elif self.rule is not None and not self.rule.pattern.fullmatch(key):
                log.report(f"the name of a {self.thing} must be {self.rule.words}, not {describe(key_node)}", key_node)
            else:
                value = self.item.read(value_node, log, f"`{key}`")
                if value is not INVALID:
                    values[key] = value
        return values


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a record: its shape, and what it means, for editors."""

    shape: Shape
    doc: str
    required: bool = False


class Fields(dict[str, Any]):
    """A record as read: the values of its keys that fit, with the record and its node."""

    __slots__ = ("node", "record")

    def __init__(self, record: Record, node: Mapping) -> None:
        super().__init__()
        self.record = record
        self.node = node

    def key(self, key: str) -> Scalar:
        """The node of a key that is there."""
        return self.node.entries[key][0]

    def key_within(self, key: str, inner: str) -> Scalar:
        """The node of a key of the map that a key's value is."""
        node = self.node.entries[key][1]
        if not isinstance(node, Mapping):
            raise TypeError(f"`{key}` is no map")
        return node.entries[inner][0]

    def value(self, key: str) -> Node:
        """The node of the value of a key that is there."""
        return self.node.entries[key][1]

    def take(self, key: str) -> Iterator[Any]:
        """The items of a key's list, if it is there, each let go of as it is given, with its node: of a long list not
        all that it is written as need stay while something is made of it.
        """
        values = list(reversed(self.pop(key, ())))
        node = self.node.entries[key][1] if key in self.node.entries else None
        if isinstance(node, Sequence):
            node.items.clear()
        while values:
            yield values.pop()


@dataclass(slots=True, eq=False)
class Record:
    """A map with known keys. ``name`` is its name in messages ("changeset") and in the JSON Schema.

    ``one_of``: exactly one of these keys must be there. Read as ``Fields``.
    """

    name: str
    doc: str
    keys: dict[str, Key]
    one_of: tuple[str, ...] = ()
    words: str = "a map"
    _readers: dict[str, tuple[Any, str]] = field(default_factory=dict, init=False, repr=False)
    _required: tuple[str, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        self.complete()

    def complete(self) -> None:
        """To be called once more where ``keys`` was added to: a record that holds itself."""
        self._readers = {key: (known.shape.read, f"`{key}`") for key, known in self.keys.items()}
        self._required = tuple(key for key, known in self.keys.items() if known.required)

    def read(self, node: Node, log: Log, name: str) -> Any:
        if not isinstance(node, Mapping):
            return refuse(self, node, log, name)
        fields = Fields(self, node)
        readers = self._readers
        for key, (key_node, value_node) in node.entries.items():
            reader = readers.get(key)
            if reader is None:
                report_unknown(log, key_node, f"no key of a {self.name}", self.keys, "its keys")
                continue
            value = reader[0](value_node, log, reader[1])
            if value is not INVALID:
                fields[key] = value
        for key in self._required:
            if key not in node.entries:
                log.report(f"this {self.name} has no `{key}`", node, length=_first_key_length(node))
        if self.one_of:
            self._check_one_of(fields, log)
        return fields

    def _check_one_of(self, fields: Fields, log: Log) -> None:
        node = fields.node
        given = [key for key in node.entries if key in self.one_of]
        if len(given) == 1:
            return
        if given:
            log.report(
                f"`{given[1]}` and `{given[0]}` cannot stand together", fields.key(given[1]), "keep one of the two"
            )
        elif all(key in self.keys for key in node.entries):
            # else it was meant by the unknown key, which has been reported
            length = _first_key_length(node)
            choice = _one_of([f"`{key}`" for key in self.one_of])
            log.report(f"this {self.name} has none of {choice}", node, "give it one of them", length=length)


@dataclass(frozen=True, slots=True)
class ByNode:
    """Different shapes for a scalar, a list and a map."""

    scalar: Shape | None = None
    sequence: Shape | None = None
    mapping: Shape | None = None

    @property
    def words(self) -> str:
        shapes = [shape.words for shape in (self.scalar, self.sequence, self.mapping) if shape is not None]
        return _one_of(shapes)

    def read(self, node: Node, log: Log, name: str) -> Any:
        shape: Shape | None
        if node.__class__ is Scalar:
            shape = self.scalar
            if node.plain and node.text in NULLS and not isinstance(shape, AnyScalar):
                shape = None
        else:
            shape = self.sequence if isinstance(node, Sequence) else self.mapping
        if isinstance(shape, Choice):
            return shape.read(node, log, name, among=self)
        return refuse(self, node, log, name) if shape is None else shape.read(node, log, name)


@dataclass(frozen=True, slots=True)
class ByKey:
    """Different shapes for a map: the one of the first key of ``cases`` that it has, else ``otherwise``."""

    cases: tuple[tuple[str, Shape], ...]
    otherwise: Shape

    @property
    def words(self) -> str:
        return "a map"

    def read(self, node: Node, log: Log, name: str) -> Any:
        if not isinstance(node, Mapping):
            return refuse(self, node, log, name)
        shape = next((shape for key, shape in self.cases if key in node.entries), self.otherwise)
        return shape.read(node, log, name)


def report_unknown(
    log: Log, node: Scalar, what: str, known: MappingOf[str, Any] | tuple[str, ...], all_of: str
) -> None:
    """Report a word that is none of the known ones, with the nearest, or else all of them."""
    close = nearest(node.text, known)
    names = ", ".join(f"`{key}`" for key in known)
    log.report(f"`{node.text}` is {what}", node, f"did you mean `{close}`?" if close else f"{all_of} are {names}")


def _one_of(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def _first_key_length(node: Mapping) -> int:
    return len(next(iter(node.entries), "-"))
