"""Aligned columns: drawn by rich on a terminal, plain text elsewhere (and then rich is not even imported)."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence

from changelog_engine.cli.streams import Streams

COLORS = {
    "applied": "green",
    "rerun": "green",
    "intact": "green",
    "pending": "yellow",
    "outdated": "yellow",
    "changed": "red",
    "in doubt": "red",
    "unknown": "red",
    "failed": "red",
    "rolled back": "magenta",
    "unmarked": "magenta",
    "excluded": "bright_black",
}
"""Words of a table that have a colour, so that the eye finds them; they say the same without."""


def show_table(streams: Streams, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to standard output. A heading that starts with ``>`` is of a column aligned to the right."""
    if streams.has_color(sys.stdout):
        _draw(headings, rows)
    else:
        streams.out(align(headings, rows))


def align(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as text: columns two spaces apart, no white space at the ends of lines."""
    lines = [[heading.lstrip(">") for heading in headings], *rows]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    right = [heading.startswith(">") for heading in headings]
    return "\n".join(
        "  ".join(
            _pad(cell, width, at_right) for cell, width, at_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _pad(cell: str, width: int, at_right: bool) -> str:
    blanks = " " * (width - _width(cell))
    return blanks + cell if at_right else cell + blanks


def _width(text: str) -> int:
    return (
        sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
        if not text.isascii()
        else len(text)
    )


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(
            heading.lstrip(">"), justify="right" if heading.startswith(">") else "left", overflow="fold", no_wrap=False
        )
    for row in rows:
        table.add_row(*(Text(cell, style=COLORS.get(cell, "")) for cell in row))
    Console(highlight=False, emoji=False).print(table)
