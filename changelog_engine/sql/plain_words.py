"""The words of one statement of SQLite, MySQL or MariaDB, read from left to right."""

from __future__ import annotations

import re
from typing import NamedTuple

from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.lexer import COMMENT, PLAIN, lexer_for_written

STRING = re.compile(r"[xXnN]?'")
UNKNOWN = "no inverse is known for a statement of this kind"


class Token(NamedTuple):
    """``word`` is the text in upper case, empty for what is in quotes."""

    text: str
    word: str


class Words:
    """The tokens of a statement, read from left to right."""

    def __init__(self, text: str, dbms: str) -> None:
        lexer = lexer_for_written(dbms)
        self.tokens: list[Token] = []
        self.place = 0
        for kind, start, end in lexer.segments(text):
            if kind is PLAIN:
                self.tokens += [Token(each, each.upper()) for each in lexer.tokens.findall(text, start, end)]
            elif kind is not COMMENT:
                self.tokens.append(Token(text[start:end], ""))

    def take(self, *words: str) -> bool:
        """Whether these words come next; then they are passed."""
        following = self.tokens[self.place : self.place + len(words)]
        if tuple(token.word for token in following) != words:
            return False
        self.place += len(words)
        return True

    def take_any(self, *words: str) -> bool:
        return any(self.take(word) for word in words)

    def name(self) -> str:
        """A name, as it is written: ``schema.name`` too."""
        name = self._part()
        while self.take("."):
            name += f".{self._part()}"
        return name

    def _part(self) -> str:
        if self.place >= len(self.tokens):
            raise UncertainError(UNKNOWN)
        token = self.tokens[self.place]
        if token.word == "$" and self.tokens[self.place + 1 : self.place + 2]:
            return self._parameter()
        if STRING.match(token.text) or (token.word and not re.match(r"\w", token.text)):
            raise UncertainError(UNKNOWN)
        self.place += 1
        return token.text

    def _parameter(self) -> str:
        """``${name}``, which the lexer takes apart."""
        name = ""
        while self.place < len(self.tokens):
            name += self.tokens[self.place].text
            self.place += 1
            if name.endswith("}"):
                return name
        raise UncertainError(UNKNOWN)

    def parts(self) -> list[list[Token]]:
        """What stands in the parentheses that were just opened, between its commas."""
        found: list[list[Token]] = [[]]
        depth = 1
        while self.place < len(self.tokens):
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

    def is_at_end(self) -> bool:
        return self.place >= len(self.tokens)

    def rest(self) -> str:
        return " ".join(token.word for token in self.tokens[self.place :])
