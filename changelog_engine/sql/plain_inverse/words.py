"""The words of a statement, read from left to right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from changelog_engine.sql.disguise import disguise_all
from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.lexer import COMMENT, PLAIN, lexer_for

UNKNOWN = "no inverse is known for a statement of this kind"
_STRING = re.compile(r"[xXnN]?'")
_QUOTES = {'"': '"', "`": "`", "[": "]"}


class Token(NamedTuple):
    """``word`` is the text in upper case, empty for what is in quotes; ``is_apart``: there is a gap before it."""

    text: str
    word: str
    is_apart: bool = True

    @property
    def is_string(self) -> bool:
        return _STRING.match(self.text) is not None


class Words:
    """``place`` is that of the next token. The text is as written in a changelog; its parameters are disguised."""

    def __init__(self, text: str, dbms: str) -> None:
        lexer = lexer_for(dbms)
        text = disguise_all(text)
        self.tokens: list[Token] = []
        self.place = 0
        done = 0
        for kind, start, end in lexer.segments(text):
            if kind is PLAIN:
                for match in lexer.tokens.finditer(text, start, end):
                    self.tokens.append(Token(match[0], match[0].upper(), match.start() > done))
                    done = match.end()
            elif kind is not COMMENT:
                self.tokens.append(Token(text[start:end], "", start > done))
                done = end

    def take(self, *words: str) -> bool:
        """Whether these words come next; then they are passed."""
        following = self.tokens[self.place : self.place + len(words)]
        if tuple(token.word for token in following) != words:
            return False
        self.place += len(words)
        return True

    def take_any(self, *words: str) -> str:
        """The one of the words that comes next and is passed; empty if none does."""
        return next((word for word in words if self.take(word)), "")

    def next_is(self, *words: str) -> bool:
        """Whether one of the words comes next."""
        return not self.is_at_end() and self.tokens[self.place].word in words

    def name(self) -> str:
        """A name, as it is written: ``schema.name`` too. UncertainError where there is none."""
        name = self._part()
        while self.take("."):
            name += f".{self._part()}"
        return name

    def _part(self) -> str:
        if self.is_at_end():
            raise UncertainError(UNKNOWN)
        token = self.tokens[self.place]
        if token.is_string or (token.word and not re.match(r"\w", token.text)):
            raise UncertainError(UNKNOWN)
        self.place += 1
        return token.text

    def parts(self) -> list[list[Token]]:
        """What stands in the parentheses that were just opened, between its commas."""
        found: list[list[Token]] = [[]]
        depth = 1
        while not self.is_at_end():
            token = self.tokens[self.place]
            self.place += 1
            depth += {"(": 1, ")": -1}.get(token.word, 0)
            if depth == 0:
                return found
            if depth == 1 and token.word == ",":
                found.append([])
            else:
                found[-1].append(token)
        raise UncertainError(UNKNOWN)

    def commands(self) -> list[Words]:
        """What is left, cut at the commas outside of parentheses."""
        found: list[Words] = []
        first, depth = self.place, 0
        for place in range(self.place, len(self.tokens) + 1):
            word = self.tokens[place].word if place < len(self.tokens) else ""
            depth += {"(": 1, ")": -1}.get(word, 0)
            if place == len(self.tokens) or (word == "," and depth == 0):
                found.append(self._of(self.tokens[first:place]))
                first = place + 1
        return found

    def copy(self) -> Words:
        """The same, to be read by itself."""
        words = self._of(self.tokens)
        words.place = self.place
        return words

    @classmethod
    def _of(cls, tokens: list[Token]) -> Words:
        words = cls.__new__(cls)
        words.tokens, words.place = tokens, 0
        return words

    def skip_to(self, *wanted: str) -> None:
        """Go on to one of the words, or to the end."""
        while not self.is_at_end() and self.tokens[self.place].word not in wanted:
            self.place += 1

    def is_at_end(self) -> bool:
        return self.place >= len(self.tokens)

    def rest(self) -> list[str]:
        """The words that are left."""
        return [token.word for token in self.tokens[self.place :]]


def source_of(tokens: Sequence[Token]) -> str:
    """Tokens that follow each other, as they are written; a gap of any kind is a blank."""
    return "".join(f" {token.text}" if token.is_apart else token.text for token in tokens).strip()


def bare(name: str) -> str:
    """A part of a name without its quotes."""
    return name[1:-1].replace(name[-1] * 2, name[-1]) if _QUOTES.get(name[:1]) == name[-1:] else name
