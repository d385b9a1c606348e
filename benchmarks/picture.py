"""The picture: waits and seconds by changesets, a line a tool, both axes logarithmic. Plain SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import Line

_COLORS = ("#c2185b", "#424242", "#1976d2", "#388e3c", "#f57c00", "#7b1fa2", "#0097a7", "#8d6e63")
_WIDTH, _HEIGHT = 400, 300
_LEFT, _TOP, _BETWEEN, _LEGEND = 60, 40, 80, 150
_NAMES = ((1, "waits for the network"), (2, "seconds"))


@dataclass(frozen=True)
class _Axis:
    """From a range of values to a range of places."""

    least: float
    most: float
    begin: float
    end: float

    def place(self, value: float) -> float:
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return self.begin + share * (self.end - self.begin)

    def marks(self) -> Iterator[float]:
        for power in range(math.floor(math.log10(self.least)), math.ceil(math.log10(self.most)) + 1):
            if self.least <= 10.0**power <= self.most:
                yield 10.0**power


def draw(lines: Sequence[Line]) -> str:
    """An SVG image of two charts with one legend."""
    width = _LEFT + 2 * _WIDTH + _BETWEEN + _LEGEND
    height = _TOP + _HEIGHT + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for index, (column, name) in enumerate(_NAMES):
        parts += _chart(lines, column, name, _LEFT + index * (_WIDTH + _BETWEEN))
    for index, line in enumerate(lines):
        x, y = _LEFT + 2 * _WIDTH + _BETWEEN + 20, _TOP + 12 + index * 22
        color = _COLORS[index % len(_COLORS)]
        parts.append(f'<line x1="{x}" y1="{y}" x2="{x + 24}" y2="{y}" stroke="{color}" stroke-width="2.5"/>')
        parts.append(f'<text x="{x + 32}" y="{y + 4}">{line.tool}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _chart(lines: Sequence[Line], column: int, name: str, left: float) -> list[str]:
    points = [point for line in lines for point in line.points]
    values = [point[column] for point in points]
    across = _Axis(min(p[0] for p in points) * 0.8, max(p[0] for p in points) * 1.25, left, left + _WIDTH)
    up = _Axis(min(values) * 0.7, max(values) * 1.4, _TOP + _HEIGHT, _TOP)
    parts = [
        f'<rect x="{left}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#999"/>',
        f'<text x="{left}" y="{_TOP - 12}" font-weight="bold">{name}</text>',
        f'<text x="{left + _WIDTH / 2}" y="{_TOP + _HEIGHT + 40}" text-anchor="middle">changesets</text>',
    ]
    for value in up.marks():
        y = up.place(value)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + _WIDTH}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,g}</text>')
    for count in sorted({point[0] for point in points}):
        x = across.place(count)
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_TOP + _HEIGHT}" stroke="#eee"/>')
        parts.append(f'<text x="{x:.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">{count:,}</text>')
    for index, line in enumerate(lines):
        color = _COLORS[index % len(_COLORS)]
        places = [(across.place(point[0]), up.place(point[column])) for point in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in places]
    return parts
