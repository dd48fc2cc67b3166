"""Small pictures as inline SVG: points, lines and bars, readable in light and dark, without any script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["STYLE", "Point", "bars", "columns", "lines", "page", "scatter", "table"]

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5d6b7c; --line: #d5dbe3; --a: #2f6db5; --bad: #b3261e;
  --paper: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --dim: #96a3b4; --line: #3a4454; --a: #6fa8e6;
  --bad: #ff8a80; --paper: #161b22; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .6rem; border-bottom: 1px solid var(--line);
  text-align: right; white-space: nowrap; } td:first-child, th:first-child { text-align: left; }
th { font-weight: 600; color: var(--dim); } .dim { color: var(--dim); } .bad { color: var(--bad); }
.wide { overflow-x: auto; } .row { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; }
figcaption { color: var(--dim); font-size: .85rem; } svg text { font: 11px system-ui, sans-serif; fill: var(--ink); }
svg .axis { stroke: var(--line); } svg .mark { fill: var(--a); } svg .path { fill: none; stroke: var(--a);
  stroke-width: 1.5; } svg .front { fill: none; stroke: var(--dim); stroke-dasharray: 4 3; }
"""
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 12, 34


@dataclass(frozen=True)
class Point:
    """A named point of a scatter plot; `low` and `high` draw an interval in y."""

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None


def page(title: str, body: Sequence[str]) -> str:
    """One self-contained document."""
    inside = "\n".join(body)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{inside}\n</body>\n</html>\n"
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """The first row holds the headings."""
    head, *rest = rows
    lines_of = ["".join(f"<th>{escape(cell)}</th>" for cell in head)]
    lines_of += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rest]
    return '<div class="wide"><table>' + "".join(f"<tr>{line}</tr>" for line in lines_of) + "</table></div>"


def scatter(points: Sequence[Point], x_title: str, y_title: str, *, front: bool = True, width: int = 640) -> str:
    """Points with names; `front` joins those that no other beats in both directions (small x, large y)."""
    if not points:
        return ""
    height = 300
    ys = [value for p in points for value in (p.y, p.low, p.high) if value is not None]
    across, up = _scale([p.x for p in points], True), _scale(ys, False)
    frame = _Frame(width, height, across, up)
    marks = []
    if front:
        best = [p for p in points if not any(q.x <= p.x and q.y >= p.y and (q.x, q.y) != (p.x, p.y) for q in points)]
        marks.append(_path(frame, [(p.x, p.y) for p in sorted(best, key=lambda p: p.x)], "front"))
    for point in points:
        x, y = frame.x(point.x), frame.y(point.y)
        if point.low is not None and point.high is not None:
            low, high = frame.y(point.low), frame.y(point.high)
            marks.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>')
        side = 'text-anchor="end" dx="-6"' if x > width * 0.7 else 'dx="6"'
        marks.append(f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        marks.append(f'<text x="{x:.1f}" y="{y:.1f}" dy="-5" {side}>{escape(point.name)}</text>')
    return frame.svg("".join(marks), x_title, y_title)


def lines(values: Sequence[float], x_title: str, y_title: str, *, width: int = 320) -> str:
    """One curve over 1, 2, 3, ..."""
    numbers = [value for value in values if math.isfinite(value)]
    if len(numbers) < 2:
        return ""
    frame = _Frame(width, 180, _scale([1, len(numbers)], True), _scale(numbers, False))
    return frame.svg(_path(frame, [(i, v) for i, v in enumerate(numbers, start=1)], "path"), x_title, y_title)


def bars(rows: Sequence[tuple[str, float]], *, whole: float = 1.0, width: int = 480, unit: str = "%") -> str:
    """Horizontal bars, each with its name and its part of `whole`."""
    if not rows:
        return ""
    step, label = 18, 170
    parts = []
    for number, (name, value) in enumerate(rows):
        y = number * step
        size = max(0.0, min(1.0, value / whole)) * (width - label - 60)
        shown = f"{value:.1%}" if unit == "%" else f"{value:,.0f}"
        parts.append(
            f'<text x="{label - 6}" y="{y + 12}" text-anchor="end">{escape(name[-26:])}</text>'
            f'<rect class="mark" x="{label}" y="{y + 3}" width="{size:.1f}" height="{step - 6}"/>'
            f'<text x="{label + size + 5:.1f}" y="{y + 12}">{shown}</text>'
        )
    height = len(rows) * step + 4
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img">{"".join(parts)}</svg>'


@dataclass(frozen=True)
class _Frame:
    width: int
    height: int
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: float) -> float:
        low, high = self.across
        return _LEFT + (value - low) / (high - low) * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.up
        return self.height - _BOTTOM - (value - low) / (high - low) * (self.height - _TOP - _BOTTOM)

    def svg(self, marks: str, x_title: str, y_title: str) -> str:
        parts = []
        for value in _ticks(self.up):
            y = self.y(value)
            parts.append(f'<line class="axis" x1="{_LEFT}" x2="{self.width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
        for value in _ticks(self.across):
            x = self.x(value)
            parts.append(f'<text x="{x:.1f}" y="{self.height - 18}" text-anchor="middle">{value:,.4g}</text>')
        middle = (self.width + _LEFT) / 2
        parts.append(f'<text x="{middle}" y="{self.height - 3}" text-anchor="middle">{escape(x_title)}</text>')
        parts.append(f'<text x="{_LEFT}" y="10">{escape(y_title)}</text>')
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" width="{self.width}" role="img">'
            f"{''.join(parts)}{marks}</svg>"
        )


def _path(frame: _Frame, places: Sequence[tuple[float, float]], kind: str) -> str:
    joined = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in places)
    return f'<polyline class="{kind}" points="{joined}"/>'


def _scale(values: Sequence[float], from_low: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    return (max(0.0, low - room) if from_low and low >= 0 else low - room), high + room


def _ticks(scale: tuple[float, float]) -> list[float]:
    low, high = scale
    raw = (high - low) / 4
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step) * step
    return [round(first + step * number, 12) for number in range(8) if first + step * number <= high]


def columns(counts: Sequence[int], edges: Sequence[float], *, width: int = 260) -> str:
    """A histogram between two edges."""
    height, most = 110, max([*counts, 1])
    step = (width - 20) / max(1, len(counts))
    parts = [
        f'<rect class="mark" x="{10 + place * step:.1f}" y="{90 - 80 * count / most:.1f}" '
        f'width="{max(step - 0.6, 0.5):.1f}" height="{80 * count / most:.1f}"/>'
        for place, count in enumerate(counts)
    ]
    parts.append(f'<text x="10" y="104">{edges[0]:.3g}</text>')
    parts.append(f'<text x="{width - 10}" y="104" text-anchor="end">{edges[1]:.3g}</text>')
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img">{"".join(parts)}</svg>'
