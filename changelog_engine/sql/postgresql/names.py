"""Names as PostgreSQL's grammar gives them, as it folds them, and as it makes them up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from changelog_engine.sql.effects import Kind, Thing
from changelog_engine.sql.postgresql.parsing import Node

DEFAULT_PATH = ("",)
PUBLIC = "public"
SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"})

_LONGEST = 63
_QUALIFIED = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^\s."(]+))\s*(\.?)')


class Relation(NamedTuple):
    """A relation as it is looked up: in its schema, else in ``alternatives``. ``of`` is what its columns are of."""

    thing: Thing
    of: str
    alternatives: tuple[str, ...] = ()


def strings(nodes: Iterable[Node]) -> list[str]:
    """The texts of a list of String nodes, without what is none (``*``)."""
    return [node["String"].get("sval", "") for node in nodes if "String" in node]


def items(node: Node) -> list[Node]:
    """The items of a List node, or the node alone."""
    if "List" in node:
        found: list[Node] = node["List"].get("items", [])
        return found
    return [node]


def schema_named(name: str) -> str:
    """The schema as things have it: empty for the default one."""
    return "" if name == PUBLIC else name


def of_relation(schema: str, name: str) -> str:
    return f"{schema}.{name}" if schema else name


def split_name(text: str) -> list[str]:
    """The parts of a qualified name in a text, as ``'app."T"'::regclass`` has it: folded where they are not quoted.

    What follows the name (the arguments of a function) is left out; a text that is no name gives an empty list.
    """
    parts: list[str] = []
    position = 0
    while match := _QUALIFIED.match(text, position):
        quoted, plain, dot = match.groups()
        parts.append(quoted.replace('""', '"') if quoted is not None else _fold(plain))
        position = match.end()
        if not dot:
            return parts
    return []


def _fold(name: str) -> str:
    return name.translate(_LOWER)


_LOWER = {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}


def made_up(first: str, second: str, label: str) -> str:
    """The name that PostgreSQL makes for ``t_c_key`` and the like, cut as it does, to 63 bytes."""
    overhead = len(label) + 1 + (1 if second else 0)
    room = _LONGEST - overhead
    one, two = first.encode(), second.encode()
    lengths = [len(one), len(two)]
    while sum(lengths) > room:
        lengths[0 if lengths[0] > lengths[1] else 1] -= 1
    parts = [one[: lengths[0]].decode(errors="ignore"), two[: lengths[1]].decode(errors="ignore"), label]
    return "_".join(part for part in parts if part)


def key_name(columns: Sequence[str]) -> str:
    """The name of a key: of a set of columns that is unique."""
    return ",".join(sorted(columns))


def key_part(element: Node) -> str:
    """A column of a key (an IndexElem), or the expression in its place: in the same form, wherever it stands."""
    return element["name"] if "name" in element else _form(element.get("expr", {}))


def _form(node: Any) -> str:
    if isinstance(node, list):
        return ", ".join(_form(item) for item in node)
    if not isinstance(node, dict):
        return str(node)
    if "ColumnRef" in node:
        return strings(node["ColumnRef"]["fields"])[-1]
    if "FuncCall" in node:
        call = node["FuncCall"]
        return f"{strings(call['funcname'])[-1]}({_form(call.get('args', []))})"
    return " ".join(f"{key} {_form(value)}" for key, value in node.items() if key != "location")


def column(of: str, name: str) -> Thing:
    return Thing(Kind.COLUMN, name, "", of)


def other(word: str, name: str, schema: str = "") -> Thing:
    """What has no kind of its own."""
    return Thing(Kind.OTHER, name, schema, word)


def definitions(node: Node, key: str) -> dict[str, Any]:
    """The values of a list of DefElem nodes, by name."""
    return {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node.get(key, [])}


def name_in(value: Any) -> list[str]:
    """The qualified name that a DefElem's value is."""
    if "TypeName" in value:
        return strings(value["TypeName"].get("names", []))
    if "List" in value:
        return strings(value["List"].get("items", []))
    return strings([value])
