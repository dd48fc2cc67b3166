"""What docs/memory-planner.md shows of RAM against cycles: a table, and a picture with a line for each net.

    python docs/ram.py            draws docs/pictures/ram.svg anew
    python docs/ram.py --check    changes nothing, and ends in 1 when it is not up to date

All of it comes from benchmarks/ram.json.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
PICTURE = Path(__file__).parent / "pictures" / "ram.svg"
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 340, 60, 20, 40, 50
_COLOURS = ("#3b76c4", "#d1731f", "#3f9a4f", "#8a56c2", "#b8443f", "#2f8f97")
_STYLE = (
    "text{font:13px sans-serif;fill:#333}.axis{stroke:#8888}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}}"
)
_BOUNDS = (1.05, 1.35)


def fronts() -> dict[str, list[dict[str, Any]]]:
    """By net the measured forms that no other one beats in both, the fastest first."""
    rows = json.loads((REPO / "benchmarks" / "ram.json").read_text(encoding="utf-8"))["rows"]
    nets: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (row["cycles"], row["ram"])):
        front = nets.setdefault(row["model"], [])
        if not front or row["ram"] < front[-1]["ram"]:
            front.append(row)
    return nets


def table() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """RAM of the fastest form, of the smallest within bounds, and of the smallest of all with its price."""
    head = ("net", "fastest", *(f"up to {bound} times its cycles" for bound in _BOUNDS), "smallest")
    rows = []
    for net, front in fronts().items():
        slower = [row["cycles"] / front[0]["cycles"] for row in front]
        within = [
            min(row["ram"] for row, times in zip(front, slower, strict=True) if times <= bound)
            for bound in _BOUNDS
        ]
        cells = (f"{ram:,}" for ram in (front[0]["ram"], *within))
        rows.append((net, *cells, f"{front[-1]['ram']:,} at {slower[-1]:.2f}"))
    return head, rows


def picture() -> str:
    """RAM across, cycles against those of the fastest form upwards."""
    nets = fronts()
    sizes = [math.log2(row["ram"]) for front in nets.values() for row in front]
    low, high = min(sizes) - 0.2, max(sizes) + 0.2
    most = max(front[-1]["cycles"] / front[0]["cycles"] for front in nets.values()) * 1.05

    def at(ram: float, times: float) -> tuple[float, float]:
        along = (math.log2(ram) - low) / (high - low)
        up = (times - 0.95) / (most - 0.95)
        return _LEFT + along * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text x="{_LEFT}" y="20">Modelled cycles against the fastest form, Cortex-M4</text>']
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 8}">RAM in all, KB</text>')
    parts += _axes(low, high, most, at)
    for number, (net, front) in enumerate(nets.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [at(row["ram"], row["cycles"] / front[0]["cycles"]) for row in front]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for (x, y), row in zip(points, front, strict=True):
            title = f"{net}: {row['ram']:,} B, {row['cycles']:,} cycles"
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{title}</title></circle>'
            )
        place = _LEFT + 170 + 95 * number
        parts.append(f'<circle cx="{place}" cy="{_HEIGHT - 12}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{place + 8}" y="{_HEIGHT - 8}">{_SHORT.get(net, net)}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


_SHORT = {"mobilenet_v1_025": "mobilenet", "person_detect": "person", "speech_codec": "codec"}


def _axes(low: float, high: float, most: float, at: Any) -> Iterator[str]:
    for tenths in range(10, math.floor(10 * most) + 1, 2):
        y = at(2**low, tenths / 10)[1]
        yield f'<path class="axis" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke-width="0.5"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenths / 10:.1f}</text>'
    for kilobytes in (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128):
        if low <= math.log2(1024 * kilobytes) <= high:
            x = at(1024 * kilobytes, 1)[0]
            yield f'<text x="{x:.1f}" y="{_HEIGHT - 30}" text-anchor="middle">{kilobytes}</text>'


def main() -> int:
    drawn = picture()
    if PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == drawn:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{PICTURE.name} is not up to date: python docs/ram.py")
        return 1
    PICTURE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
