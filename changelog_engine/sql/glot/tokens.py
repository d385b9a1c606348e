"""The words and signs of a statement, one after the other, for what is read by hand."""

from __future__ import annotations

from typing import NamedTuple

from changelog_engine.sql.lexer import COMMENT, PLAIN, QUOTED, lexer_for

_QUOTES = {'"': '"', "`": "`", "[": "]", "'": "'"}


class Token(NamedTuple):
    """``word`` is a plain word or sign in upper case, empty for what is quoted; ``name`` what it is as a name: without
    its quotation marks, not folded. Places are in characters of the whole text.
    """

    word: str
    name: str
    start: int
    end: int
    quote: str = ""


class UnexpectedError(Exception):
    """A statement goes on as nobody has thought of; ``place`` is where."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place


END = Token("", "", -1, -1)


def tokens_of(text: str, span: tuple[int, int], dbms: str) -> list[Token]:
    """The tokens of a part of a text, without comments."""
    lexer = lexer_for(dbms)
    offset = span[0]
    piece = text[offset : span[1]]
    tokens: list[Token] = []
    for kind, start, end in lexer.segments(piece):
        if kind is PLAIN:
            for match in lexer.tokens.finditer(piece, start, end):
                tokens.append(Token(match[0].upper(), match[0], offset + match.start(), offset + match.end()))
        elif kind is not COMMENT:
            quote = piece[start] if kind is QUOTED and piece[start] in _QUOTES else "'"
            tokens.append(Token("", _unquoted(piece[start:end], quote), offset + start, offset + end, quote))
    return tokens


def _unquoted(text: str, quote: str) -> str:
    close = _QUOTES[quote]
    inner = text[1:-1] if len(text) > 1 and text.endswith(close) else text[1:]
    return inner.replace(close * 2, close) if quote != "[" else inner


class Cursor:
    """A place among tokens that goes on as they are taken."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self, ahead: int = 0) -> Token:
        """A token to come; ``END``, which is no word, after the last."""
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else END

    @property
    def place(self) -> int:
        """Where the next token begins; at the end, where the last one ends."""
        if self.position < len(self.tokens):
            return self.tokens[self.position].start
        return self.tokens[-1].end if self.tokens else 0

    def take(self) -> Token:
        """The next token. Raises ``UnexpectedError`` at the end."""
        if self.position >= len(self.tokens):
            raise UnexpectedError(self.place)
        self.position += 1
        return self.tokens[self.position - 1]

    def is_at(self, *words: str) -> bool:
        """Whether these words come next."""
        tokens, position = self.tokens, self.position
        if position + len(words) > len(tokens):
            return False
        for word in words:
            if tokens[position].word != word:
                return False
            position += 1
        return True

    def accept(self, *words: str) -> bool:
        """Take these words, if they come next."""
        if not self.is_at(*words):
            return False
        self.position += len(words)
        return True

    def accept_any(self, *words: str) -> bool:
        """Take one of these words, if it comes next."""
        if self.position < len(self.tokens) and self.tokens[self.position].word in words:
            self.position += 1
            return True
        return False

    def expect(self, *words: str) -> None:
        """Take these words. Raises ``UnexpectedError`` where others come."""
        if not self.accept(*words):
            raise UnexpectedError(self.place)

    def ended(self) -> bool:
        return self.position >= len(self.tokens)

    def expect_end(self) -> None:
        if not self.ended():
            raise UnexpectedError(self.place)

    def name(self) -> Token:
        """A name, quoted or not. Raises ``UnexpectedError`` where a sign comes."""
        token = self.peek()
        if not token.quote and not is_name(token.word):
            raise UnexpectedError(self.place)
        return self.take()

    def names(self) -> list[Token]:
        """A name with those that qualify it before it."""
        found = [self.name()]
        while self.accept("."):
            found.append(self.name())
        return found

    def group(self) -> tuple[int, int]:
        """Take what stands in parentheses; gives the tokens' numbers in between. Raises ``UnexpectedError``."""
        self.expect("(")
        first, depth = self.position, 1
        while depth:
            word = self.take().word
            depth += (word == "(") - (word == ")")
        return first, self.position - 1

    def inner(self) -> Cursor:
        """Take what stands in parentheses, as a cursor of its own. Raises ``UnexpectedError``."""
        first, end = self.group()
        return Cursor(self.tokens[first:end])

    def items(self) -> list[Cursor]:
        """What is left, cut at its commas (not those in parentheses)."""
        cursors: list[Cursor] = []
        piece: list[Token] = []
        depth = 0
        for token in self.tokens[self.position :]:
            depth += (token.word == "(") - (token.word == ")")
            if token.word == "," and not depth:
                cursors.append(Cursor(piece))
                piece = []
            else:
                piece.append(token)
        self.position = len(self.tokens)
        return [*cursors, Cursor(piece)]


def is_name(word: str) -> bool:
    """Whether a plain word may be a name, and is no sign or number."""
    return bool(word) and (word[0].isalpha() or word[0] == "_" or ord(word[0]) > 127)
