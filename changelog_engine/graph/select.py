"""Selectors: parsed from text to data, evaluated to ids. States and tags are passed in as mappings.

Strongest first: ``+X`` and ``X+``, ``!X``, ``X & Y``, ``X, Y``; parentheses group. In a glob ``*`` also matches ``/``.
A word that holds one of ``, & ! ( ) +`` is written in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from changelog_engine.errors import UsageError
from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.nearest import did_you_mean

STATES = ("applied", "pending", "excluded", "changed", "outdated", "in_doubt", "unknown")
METHODS = ("label", "file", "state", "tag")
WORD = re.compile(
    r"""\s*(?:(?P<sign>[,&!()+])|(?P<word>(?:[^\s,&!()+\["']|\[[^\]]*\]|"[^"]*"|'[^']*'|\s(?=[^\s,&!()+]))+))"""
)
DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Matching:
    """``method`` is ``id`` or one of ``METHODS``; ``value`` what stands after its colon."""

    method: str
    value: str


@dataclass(frozen=True, slots=True)
class Widened:
    """With all that it requires (``+X``), with all that requires it (``X+``), or with both."""

    selector: Selector
    requirements: bool
    dependents: bool


@dataclass(frozen=True, slots=True)
class Complement:
    selector: Selector


@dataclass(frozen=True, slots=True)
class Intersection:
    selectors: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Union:
    selectors: tuple[Selector, ...]


Selector = Matching | Widened | Complement | Intersection | Union


def parse_selector(text: str) -> Selector:
    """The selector that a text means; UsageError, with the place in the text, where it means none."""
    return _Parser(text).parse()


def select(
    selector: Selector,
    graph: ChangesetGraph,
    states: Mapping[str, str],
    tag_sets: Mapping[str, frozenset[str]],
) -> frozenset[str]:
    """The ids that a selector picks, of the graph's changesets and of those that only ``states`` knows.

    UsageError, with the nearest name, for an id, label, state or tag that is not there and a glob that matches nothing.
    """
    return _Evaluation(graph, states, tag_sets).evaluate(selector)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, bool, int]] = []
        self.next = 0
        self.depth = 0
        self._cut()

    def _cut(self) -> None:
        position, end = 0, len(self.text.rstrip())
        while position < end:
            match = WORD.match(self.text, position, end)
            if match is None:
                raise self._error("a quote or bracket is not closed", position)
            sign = match["sign"]
            self.tokens.append((sign or match["word"], sign is not None, match.start("sign" if sign else "word")))
            position = match.end()

    def parse(self) -> Selector:
        selector = self._union()
        if self.next < len(self.tokens):
            raise self._error(f"`{self.tokens[self.next][0]}` is not expected there", self.tokens[self.next][2])
        return selector

    def _union(self) -> Selector:
        parts = [self._intersection()]
        while self._take(","):
            parts.append(self._intersection())
        return parts[0] if len(parts) == 1 else Union(tuple(parts))

    def _intersection(self) -> Selector:
        parts = [self._complement()]
        while self._take("&"):
            parts.append(self._complement())
        return parts[0] if len(parts) == 1 else Intersection(tuple(parts))

    def _complement(self) -> Selector:
        inverted = False
        while self._take("!"):
            inverted = not inverted
        selector = self._widened()
        return Complement(selector) if inverted else selector

    def _widened(self) -> Selector:
        requirements = self._take("+")
        selector = self._atom()
        dependents = self._take("+")
        return Widened(selector, requirements, dependents) if requirements or dependents else selector

    def _atom(self) -> Selector:
        if self._take("("):
            self.depth += 1
            if self.depth > DEEPEST:
                raise self._error("parentheses are nested too deeply", 0)
            selector = self._union()
            if not self._take(")"):
                raise self._error("a parenthesis is not closed", len(self.text))
            self.depth -= 1
            return selector
        if self.next >= len(self.tokens):
            raise self._error("something to select is missing", len(self.text))
        word, is_sign, position = self.tokens[self.next]
        if is_sign:
            raise self._error(f"something to select is missing before `{word}`", position)
        self.next += 1
        return self._matching(word, position)

    def _matching(self, word: str, position: int) -> Selector:
        method, colon, value = word.partition(":")
        value = re.sub(r"\"([^\"]*)\"|'([^']*)'", r"\1\2", value if colon else word).strip()
        if not colon:
            return Matching("id", value)
        if method not in METHODS:
            hint = did_you_mean(method, METHODS) or "a selector is an id, a glob, " + ", ".join(
                f"{m}:…" for m in METHODS
            )
            raise self._error(f"`{method}:` selects nothing", position, hint)
        if not value:
            raise self._error(f"`{method}:` needs a value", position)
        return Matching(method, value)

    def _take(self, sign: str) -> bool:
        if self.next < len(self.tokens) and self.tokens[self.next][:2] == (sign, True):
            self.next += 1
            return True
        return False

    def _error(self, message: str, position: int, hint: str | None = None) -> UsageError:
        return UsageError(f"selector `{self.text}`: {message} (character {position + 1})", hint=hint)


class _Evaluation:
    def __init__(
        self, graph: ChangesetGraph, states: Mapping[str, str], tag_sets: Mapping[str, frozenset[str]]
    ) -> None:
        self.graph = graph
        self.states = states
        self.tag_sets = tag_sets
        self.all = frozenset(graph.changesets) | frozenset(states)
        self.methods: Mapping[str, Callable[[str], frozenset[str]]] = {
            "id": self._ids,
            "label": self._label,
            "file": self._file,
            "state": self._state,
            "tag": self._tag,
        }

    def evaluate(self, selector: Selector) -> frozenset[str]:
        match selector:
            case Matching(method, value):
                return self.methods[method](value)
            case Widened(inner, requirements, dependents):
                found = self.evaluate(inner)
                widened = self.graph.requirements(found) if requirements else found
                return widened | self.graph.dependents(found) if dependents else widened
            case Complement(inner):
                return self.all - self.evaluate(inner)
            case Intersection(selectors):
                return frozenset.intersection(*map(self.evaluate, selectors))
            case Union(selectors):
                return frozenset().union(*map(self.evaluate, selectors))

    def _ids(self, value: str) -> frozenset[str]:
        if value in self.all:
            return frozenset({value})
        if value in self.graph.present_ids:
            return frozenset({self.graph.present_ids[value]})
        if any(character in value for character in "*?["):
            return self._some(value, self.all, (found for found in self.all if fnmatchcase(found, value)))
        raise UsageError(
            f"there is no changeset `{value}`",
            hint=did_you_mean(value, (*sorted(self.all), *self.graph.present_ids))
            or "`changelog status` lists the changesets that there are",
        )

    def _some(self, value: str, known: Iterable[str], found: Iterable[str]) -> frozenset[str]:
        ids = frozenset(found)
        if not ids:
            raise UsageError(f"no changeset matches `{value}`", hint=did_you_mean(value.strip("*?"), known))
        return ids

    def _label(self, value: str) -> frozenset[str]:
        labels = {label.lower() for changeset in self.graph.changesets.values() for label in changeset.labels}
        if value.lower() not in labels:
            raise UsageError(f"no changeset has the label `{value}`", hint=did_you_mean(value, sorted(labels)))
        return frozenset(
            changeset.id
            for changeset in self.graph.changesets.values()
            if value.lower() in (label.lower() for label in changeset.labels)
        )

    def _file(self, value: str) -> frozenset[str]:
        files = sorted({changeset.location.file for changeset in self.graph.changesets.values()})
        matching = {file for file in files if file == value or fnmatchcase(file, value)}
        found = (changeset.id for changeset in self.graph.changesets.values() if changeset.location.file in matching)
        return self._some(f"file:{value}", (f"file:{file}" for file in files), found)

    def _state(self, value: str) -> frozenset[str]:
        if value not in STATES:
            hint = did_you_mean(value, STATES) or "states are " + ", ".join(STATES)
            raise UsageError(f"there is no state `{value}`", hint=hint)
        if not self.states:
            raise UsageError(f"`state:{value}` needs a database, and none is asked here")
        return frozenset(found for found, state in self.states.items() if state == value)

    def _tag(self, value: str) -> frozenset[str]:
        if value in self.tag_sets:
            return self.tag_sets[value]
        if value in self.graph.tags:
            return self.graph.requirements(self.graph.declared_above(value))
        known = sorted({*self.tag_sets, *self.graph.tags})
        raise UsageError(f"there is no tag `{value}`", hint=did_you_mean(value, known))
