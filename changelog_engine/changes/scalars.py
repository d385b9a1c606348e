"""What a plain scalar means: YAML 1.2's core schema, so that ``on``, ``no`` and dates stay text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from changelog_engine.changes.nodes import Mapping, Node, Scalar, Sequence
from changelog_engine.model import Scalar as Value

NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
TRUES: Final = frozenset(("true", "True", "TRUE"))
FALSES: Final = frozenset(("false", "False", "FALSE"))

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,300})")
_RADIX = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?")
_LONGEST_SHOWN = 40


def value_of(node: Scalar) -> Value:
    """The value of a scalar. Two differences from the core schema: ``001`` and ``.inf`` are text."""
    text = node.text
    if not node.plain:
        return text
    if text in NULLS:
        return None
    if text in TRUES or text in FALSES:
        return text in TRUES
    if _INTEGER.fullmatch(text):
        return int(text)
    if _RADIX.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def describe(node: Node) -> str:
    """What a node is, for messages."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a map"
    value = value_of(node)
    if isinstance(value, bool):
        return f"`{node.text}`"
    if isinstance(value, int | Decimal):
        return f"the number `{node.text}`"
    first = node.text.split("\n", 1)[0]
    cut = first != node.text.rstrip("\n") or len(first) > _LONGEST_SHOWN
    return f"the text `{first[: _LONGEST_SHOWN - 3]}…`" if cut else f"the text `{first}`"
