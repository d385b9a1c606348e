"""What SQL does is read from it: objects that it makes, uses, changes and drops, and rows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changelog_engine.sql.effects import Effects, Thing
from changelog_engine.sql.reading import read_effects

GOLDEN = Path(__file__).parents[2] / "effects"
CASES = sorted(GOLDEN.glob("*/*.sql"))

PIECES = [word for case in CASES if case.parent.name != "postgresql" for word in case.read_text().split()]


def render(effects: Effects, text: str) -> str:
    """What was found, by the line that it was found in; the objects come first, as they are read in their order."""
    lines: list[tuple[int, str]] = []
    for effect in effects.objects:
        elsewhere = f" (or in: {', '.join(name or 'public' for name in effect.alternatives)})"
        arguments = "" if effect.arguments is None else f" ({effect.arguments})"
        shown = f"{effect.act.value} {effect.word} {name(effect.thing)}{arguments}"
        lines.append((effect.place, shown + (elsewhere if effect.alternatives else "")))
    for write in effects.writes:
        rows = "" if write.rows is None else f" rows {list(write.rows)}"
        lines.append((write.place, f"{write.writing.value} {name(write.relation)} {list(write.columns)}{rows}"))
    for key in effects.foreign_keys:
        target = f"{name(key.target)} {list(key.target_columns)}"
        lines.append((key.place, f"refers from {name(key.relation)} {list(key.columns)} to {target}"))
    lines += [(opaque.place, f"OPAQUE {opaque.what}") for opaque in effects.opaque]
    shown_lines: list[str] = []
    last = 0
    for place, line in sorted(lines, key=lambda found: text.count("\n", 0, found[0])):
        number = text.count("\n", 0, place) + 1
        if number != last:
            shown_lines.append(f"== {number}")
            last = number
        shown_lines.append(line)
    return "".join(f"{line}\n" for line in shown_lines)


def name(thing: Thing) -> str:
    shown = f"{thing.schema}.{thing.name}" if thing.schema else thing.name
    return f"{shown} [{thing.kind.value}{f' of {thing.of}' if thing.of else ''}]"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_effects_are_read_as_the_golden_file_has_them(case: Path) -> None:
    golden = case.with_suffix(".golden")
    text = case.read_text()
    rendered = render(read_effects(text, case.parent.name), text)
    if os.environ.get("CHANGELOG_UPDATE_GOLDEN"):
        golden.write_text(rendered)
    assert rendered == golden.read_text()


@pytest.mark.parametrize("dbms", ["sqlite", "mariadb"])
def test_a_load_of_rows_is_read_by_its_head(dbms: str) -> None:
    rows = ", ".join(f"({number}, 'some text')" for number in range(20_000))
    effects = read_effects(f"INSERT INTO t (a, b) VALUES {rows}", dbms)
    assert not effects.opaque
    assert [(write.relation.name, write.columns, write.rows) for write in effects.writes] == [("t", ("a", "b"), None)]
    assert read_effects(f"SELECT {rows}", dbms).opaque


@pytest.mark.parametrize("dbms", ["sqlite", "mysql"])
@given(text=st.lists(st.sampled_from(PIECES) | st.text(max_size=5)).map(" ".join))
def test_nothing_that_is_read_raises(dbms: str, text: str) -> None:
    read_effects(text, dbms)
