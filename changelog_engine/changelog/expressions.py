"""Context and label expressions: ``name``, ``not X``, ``!X``, ``X and Y``, ``X or Y``, ``X, Y`` and parentheses.

``not`` binds closest, then ``and``, then ``or`` and the comma, which mean the same. Case never matters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from changelog_engine.model import And, Expression, Name, Not, Or

NAME_PATTERN = r"[A-Za-z0-9._\-]+"
_TOKEN = re.compile(rf"\s*(?:({NAME_PATTERN})|([!(),]))")
_WORDS = ("and", "or", "not")
_DEEPEST = 50


class ExpressionError(ValueError):
    """The text is no expression; ``position`` is the character (from 0) at which that shows."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class _Parser:
    """Recursive descent over (token, position) pairs; the last token is the empty one at the end of the text."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> str:
        return self.tokens[self.at][0]

    @property
    def position(self) -> int:
        return self.tokens[self.at][1]

    def next_is(self, *words: str) -> bool:
        """Whether the next token is one of these; passes over it if so."""
        found = self.token.lower() in words
        self.at += found
        return found

    def either(self) -> Expression:
        operands = [self.both()]
        while self.next_is("or", ","):
            operands.append(self.both())
        return _joined(Or, operands)

    def both(self) -> Expression:
        operands = [self.single()]
        while self.next_is("and"):
            operands.append(self.single())
        return _joined(And, operands)

    def single(self) -> Expression:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ExpressionError(f"the expression is nested deeper than {_DEEPEST} levels", self.position)
        start = self.position
        try:
            if self.next_is("not", "!"):
                return Not(self.single())
            if self.next_is("("):
                inner = self.either()
                if not self.next_is(")"):
                    raise ExpressionError("this parenthesis is not closed", start)
                return inner
            return self.name()
        finally:
            self.depth -= 1

    def name(self) -> Expression:
        token = self.token
        if token == "":
            raise ExpressionError("a name is missing at the end", self.position)
        if token in "!()," or token.lower() in _WORDS:
            raise ExpressionError(f"a name is missing before `{token}`", self.position)
        self.at += 1
        return Name(token)


def parse_expression(text: str) -> Expression:
    """The expression that a text stands for. Raises ``ExpressionError``."""
    if not text.strip():
        raise ExpressionError("the expression is empty", 0)
    parser = _Parser(text)
    expression = parser.either()
    if parser.token == ")":
        raise ExpressionError("nothing was opened that this parenthesis could close", parser.position)
    if parser.token:
        raise ExpressionError(f"`and`, `or` or a comma is missing before `{parser.token}`", parser.position)
    return expression


def evaluate(expression: Expression, names: Collection[str]) -> bool:
    """Whether the expression holds where exactly ``names`` are true."""
    return _holds(expression, {name.lower() for name in names})


def names_in(expression: Expression) -> tuple[str, ...]:
    """The names of the expression as written, each once (without regard to case), in order."""
    found: dict[str, str] = {}
    for name in _names(expression):
        found.setdefault(name.lower(), name)
    return tuple(found.values())


def all_of(expressions: Iterable[Expression | None]) -> Expression | None:
    """The expressions and-ed; None stands for 'always', and is given back where nothing else is there."""
    operands = list(dict.fromkeys(expression for expression in expressions if expression is not None))
    return _joined(And, operands) if operands else None


def render_expression(expression: Expression) -> str:
    """The expression as text, with no more parentheses than it needs; parses back to an equal one."""
    match expression:
        case Name(name):
            return name
        case Not(operand):
            return f"not {_bracketed(operand)}"
        case And(operands):
            return " and ".join(_bracketed(operand) for operand in operands)
        case Or(operands):
            return " or ".join(
                render_expression(operand) if isinstance(operand, And) else _bracketed(operand) for operand in operands
            )


def _bracketed(expression: Expression) -> str:
    text = render_expression(expression)
    return f"({text})" if isinstance(expression, And | Or) else text


def _joined(kind: type[And] | type[Or], operands: list[Expression]) -> Expression:
    if len(operands) == 1:
        return operands[0]
    flat: list[Expression] = []
    for operand in operands:
        flat.extend(operand.operands if isinstance(operand, kind) else (operand,))
    return kind(tuple(flat))


def _holds(expression: Expression, names: set[str]) -> bool:
    match expression:
        case Name(name):
            return name.lower() in names
        case Not(operand):
            return not _holds(operand, names)
        case And(operands):
            return all(_holds(operand, names) for operand in operands)
        case Or(operands):
            return any(_holds(operand, names) for operand in operands)


def _names(expression: Expression) -> Iterator[str]:
    match expression:
        case Name(name):
            yield name
        case Not(operand):
            yield from _names(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _names(operand)


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            at = position + len(text[position:]) - len(text[position:].lstrip())
            raise ExpressionError(f"`{text[at]}` has no meaning here", at)
        yield match[1] or match[2], match.start(1 if match[1] else 2)
        position = match.end()
    yield "", end
