"""``${name}`` in text: found, replaced, and kept out of sight where its value is secret.

A text goes through four forms. As *written* it holds ``${name}``, and ``$${`` for a literal ``${``. *Expanded*, it
holds the values, and a marker word for each secret: an identifier to any SQL lexer, so that the text can be cut into
statements. A *template* is what the ledger and plans keep: secrets stand as ``${name}`` again, and every other ``${``
as ``$${``. *Filled*, it is what the database gets.

A parameter within a quoted text that the engine itself has made, of a value of a typed change, stands there as
``${name:quoted}``, or ``${name:escaped}`` where backslashes are special: what fills it keeps to the quotes. A secret
stays so in a template.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

PARAMETER_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*"
_REFERENCE = re.compile(r"\$\$\{|\$\{(" + PARAMETER_NAME + r")(?::(quoted|escaped))?\}")
_OPENING = re.compile(r"\$\$\{|\$\{(?!" + PARAMETER_NAME + r"\})[^}\n]{0,40}\}?")
_MARKER = re.compile(r"changelog_(secret|quoted|escaped)_((?:[0-9a-f]{2})+)_x")


class TemplateError(ValueError):
    """A text that cannot be expanded or filled; ``offset`` is the character (from 0) that ``message`` is about."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class MissingParameterError(TemplateError):
    """``${name}`` stands at ``offset`` and there is no value for it."""

    def __init__(self, name: str, offset: int) -> None:
        super().__init__(f"parameter `{name}` has no value", offset)
        self.name = name


def names_in(text: str) -> tuple[tuple[str, int], ...]:
    """Each ``${name}`` of a written text with the offset of its ``$``; ``$${name}`` is none."""
    if "${" not in text:
        return ()
    return tuple((match[1], match.start()) for match in _REFERENCE.finditer(text) if match[1])


def malformed_in(text: str) -> tuple[tuple[str, int], ...]:
    """Each ``${`` of a written text that is neither a parameter nor escaped, as it begins, with its offset."""
    if "${" not in text:
        return ()
    found = _OPENING.finditer(text)
    return tuple((match[0], match.start()) for match in found if not match[0].startswith("$$"))


def for_quotes(text: str, use: str) -> str:
    """A written text, to be put in quotes: each ``${name}`` in it has ``:quoted`` or ``:escaped``, as ``use`` says."""
    return _REFERENCE.sub(lambda match: f"${{{match[1]}:{use}}}" if match[1] else match[0], text)


def out_of_quotes(text: str) -> str:
    """What ``for_quotes`` was given."""
    return _REFERENCE.sub(lambda match: f"${{{match[1]}}}" if match[1] else match[0], text)


def expand(text: str, values: Mapping[str, str], secrets: Collection[str], use: str = "secret") -> str:
    """The written text with each ``${name}`` replaced by its value, or by a marker word where ``secrets`` has the name.

    ``use`` is ``quoted`` or ``escaped`` where the text will be put in quotes.

    Raises ``MissingParameterError`` for the first name that neither has, and ``TemplateError`` where a value that ends
    in ``$`` stands right before a secret (the pair could not be told from an escape later on).
    """
    if "${" not in text:
        return text
    pieces: list[str] = []
    done = 0
    for match in _REFERENCE.finditer(text):
        pieces.append(text[done : match.start()])
        done = match.end()
        name = match[1]
        if name is None:
            pieces.append("${")
        elif name in secrets:
            if next((piece for piece in reversed(pieces) if piece), "").endswith("$"):
                raise TemplateError(f"`$` stands right before the secret parameter `{name}`", match.start())
            pieces.append(f"changelog_{match[2] or use}_{name.encode().hex()}_x")
        elif name in values:
            pieces.append(_in_quotes(values[name], match[2]) if match[2] else values[name])
        else:
            raise MissingParameterError(name, match.start())
    pieces.append(text[done:])
    return "".join(pieces)


def to_template(expanded: str, secrets: Collection[str]) -> str:
    """An expanded text, or a piece of it, as the ledger keeps it."""
    escaped = expanded.replace("${", "$${") if "${" in expanded else expanded
    if not secrets or "changelog_" not in escaped:
        return escaped
    by_marker = {name.encode().hex(): name for name in secrets}

    def reference(match: re.Match[str]) -> str:
        name = by_marker.get(match[2])
        if name is None:
            return match[0]
        return f"${{{name}}}" if match[1] == "secret" else f"${{{name}:{match[1]}}}"

    return _MARKER.sub(reference, escaped)


def fill(template: str, secrets: Mapping[str, str]) -> str:
    """The text that the database gets. Raises ``MissingParameterError`` for a secret that has no value."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "${"
        if name not in secrets:
            raise MissingParameterError(name, match.start())
        secret = secrets[name]
        return secret if match[2] is None else _in_quotes(secret, match[2])

    return _REFERENCE.sub(value, template) if "${" in template else template


def _in_quotes(value: str, use: str) -> str:
    doubled = value.replace("'", "''")
    return doubled if use == "quoted" else doubled.replace("\\", "\\\\")


def show(template: str) -> str:
    """A template for people: what the database gets, with secrets as ``${name}``."""
    if "${" not in template:
        return template
    return _REFERENCE.sub(lambda match: "${" if match[1] is None else f"${{{match[1]}}}", template)
