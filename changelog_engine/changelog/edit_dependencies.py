"""Adding dependencies to changesets in a file that people keep: comments, layout and line ends stay as they are."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence as SequenceOf
from pathlib import Path
from typing import NamedTuple

from changelog_engine.changelog.edit import items_of, read_root, yaml_scalar
from changelog_engine.changelog.source import source_of
from changelog_engine.changes.nodes import Mapping, Node, Scalar, Sequence
from changelog_engine.errors import UsageError

WIDEST = 110
"""Columns that a list in one line may take."""


class Addition(NamedTuple):
    """A dependency to be written; ``optional``: for the order only."""

    id: str
    optional: bool

    def __str__(self) -> str:
        return f"{{id: {yaml_scalar(self.id)}, optional: true}}" if self.optional else yaml_scalar(self.id)


class _Insertion(NamedTuple):
    """Text to be put in place of what stands from ``start`` to ``end``, in characters."""

    start: int
    end: int
    text: str


def with_dependencies(name: str, written: str, additions: MappingOf[str, SequenceOf[Addition]]) -> str:
    """The text of a file with dependencies added to its changesets, by their ids.

    UsageError, naming the changeset, where its list is shared by an alias or is no list.
    """
    source = source_of(name, Path(name), written)
    insertions = []
    for item in items_of(read_root(source)):
        if isinstance(item, Mapping) and "id" in item.entries:
            node = item.entries["id"][1]
            if isinstance(node, Scalar) and node.text in additions:
                insertions.append(_insertion(source.text, name, item, node, additions[node.text]))
    return _inserted(written, insertions)


def _insertion(text: str, name: str, item: Mapping, id_node: Scalar, added: SequenceOf[Addition]) -> _Insertion:
    key = item.entries["id"][0]
    if "depends_on" not in item.entries:
        return _new_list(text, item, key, id_node, added)
    own, node = item.entries["depends_on"]
    parts: list[Node] = [own, node, *(node.items if isinstance(node, Sequence) else ())]
    if not all(item.start.index <= each.start.index < item.end.index for each in (id_node, *parts)):
        hint = "write the list out in this changeset, without an anchor and alias"
        raise UsageError(f"`{name}`: the `depends_on` of `{id_node.text}` stands elsewhere, behind an alias", hint=hint)
    if isinstance(node, Sequence) and text[node.start.index] == "[":
        if node.items:
            return _Insertion(
                node.items[-1].end.index, node.items[-1].end.index, "".join(f", {each}" for each in added)
            )
        return _Insertion(node.start.index + 1, node.start.index + 1, ", ".join(map(str, added)))
    if isinstance(node, Sequence) and text[node.start.index] == "-":
        return _at_block_end(text, node, added)
    hint = f"line {own.start.line + 1} has it; make it a list without an anchor: `depends_on: [...]`"
    raise UsageError(f"`{name}`: the `depends_on` of `{id_node.text}` cannot be added to", hint=hint)


def _new_list(text: str, item: Mapping, key: Scalar, id_node: Scalar, added: SequenceOf[Addition]) -> _Insertion:
    line = f"depends_on: [{', '.join(map(str, added))}]"
    if item.is_flow:
        return _Insertion(id_node.end.index, id_node.end.index, f", {line}")
    margin = " " * key.start.column
    if len(margin) + len(line) > WIDEST:
        line = "depends_on:" + "".join(f"\n{margin}  - {each}" for each in added)
    end = _line_end(text, id_node.end.index)
    return _Insertion(end, end, f"\n{margin}{line}")


def _at_block_end(text: str, node: Sequence, added: SequenceOf[Addition]) -> _Insertion:
    last = node.items[-1]
    content = text[last.start.index : last.end.index].rstrip()
    while content.rpartition("\n")[2].lstrip().startswith("#"):
        content = content.rpartition("\n")[0].rstrip()
    end = _line_end(text, last.start.index + len(content))
    margin = " " * node.start.column
    return _Insertion(end, end, "".join(f"\n{margin}- {each}" for each in added))


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _inserted(written: str, insertions: SequenceOf[_Insertion]) -> str:
    """The file as it was written, with the insertions; their places are in the text with plain line ends."""
    lead = len(written) - len(written.removeprefix("\ufeff"))
    ends = "\r\n" if "\r\n" in written else "\n"
    place = _places(written, lead) if "\r" in written else None
    for start, end, addition in sorted(insertions, reverse=True):
        first, last = (start + lead, end + lead) if place is None else (place[start], place[end])
        written = written[:first] + addition.replace("\n", ends) + written[last:]
    return written


def _places(written: str, lead: int) -> list[int]:
    """For each character of the text with plain line ends, and for its end, the place in the file."""
    places = [
        index
        for index in range(lead, len(written))
        if not (written[index] == "\n" and written[index - 1 : index] == "\r")
    ]
    return [*places, len(written)]
