"""What was measured, as text: the generated part of ``docs/performance.md``, and what the terminal shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.figures import Figure, Section, show, spread
from benchmarks.picture import draw

_GENERATED = re.compile(r"(<!-- generated: figures -->\n).*?(<!-- end -->)", re.DOTALL)


def write_page(page: Path, sections: Sequence[Section]) -> None:
    """Put the figures into the page, and the picture beside it."""
    text = page.read_text(encoding="utf-8")
    figures = render(sections, picture=page.with_suffix(".svg").name)
    page.write_text(_GENERATED.sub(lambda found: f"{found[1]}\n{figures}\n{found[2]}", text), encoding="utf-8")
    lines = [line for section in sections for line in section.lines]
    if lines:
        page.with_suffix(".svg").write_text(draw(lines), encoding="utf-8")


def render(sections: Sequence[Section], picture: str | None = None) -> str:
    """Markdown: all the goals in one table, then each section with how it was measured."""
    figures = [figure for section in sections for figure in section.figures]
    parts = [_table(("what", "measured", "spread", "goal", ""), [_goal(figure) for figure in figures])]
    for section in sections:
        parts += [f"## {section.title}", section.text]
        if section.lines and picture is not None:
            parts.append(f"![Waits for the network and seconds by changesets]({picture})")
        parts += [_table(table.columns, table.rows) for table in section.tables]
        parts.append(f"Measured {section.when}, on {section.machine}.")
    return "\n\n".join(parts) + "\n"


def _goal(figure: Figure) -> tuple[str, ...]:
    measured = (figure.what, show(figure.median, figure.unit), spread(figure.values, figure.unit))
    if figure.target is None:
        return (*measured, "", "")
    return (*measured, f"at most {show(figure.target, figure.unit)}", figure.verdict)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
