"""What docs/memory-planner.md shows of RAM against cycles: a table, a picture with a line for each net, and
one with two nets beside what is published of them.

    python docs/ram.py            draws docs/pictures/ram.svg and ram-published.svg anew
    python docs/ram.py --check    changes nothing, and ends in 1 when it is not up to date

Our figures come from benchmarks/ram.json.
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
PUBLISHED_PICTURE = Path(__file__).parent / "pictures" / "ram-published.svg"
PUBLISHED = {
    "mcunet_vww": (
        (96_000, 1.0),
        (38_576, 1.02),
        (26_128, 1.11),
        (17_760, 1.30),
        (13_376, 1.35),
        (12_000, 1.96),
    ),
    "mobilenet_v2_035": (
        (194_400, 1.0),
        (181_440, 1.0),
        (83_065, 1.02),
        (67_905, 1.10),
        (25_674, 1.25),
        (21_288, 1.30),
        (15_340, 1.38),
        (7_887, 1.68),
    ),
}
"""msf-CNN (arXiv 2505.11483): bytes without the input, and times the multiply-accumulates."""
Point = tuple[float, float, str]
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 920, 340, 60, 220, 40, 50
_COLOURS = ("#3b76c4", "#d1731f", "#3f9a4f", "#8a56c2", "#b8443f", "#2f8f97", "#96763a", "#c2569a")
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


def pictures() -> dict[Path, str]:
    """By file."""
    own = {net: _points(net, front) for net, front in fronts().items()}
    beside: dict[str, list[Point]] = {}
    for net, row in PUBLISHED.items():
        short = _SHORT[net]
        beside |= {f"{short}": own.get(net, []), f"{short} by rows": own.get(f"{net} by rows", [])}
        beside[f"{short}, msf-CNN"] = [
            (ram, times, f"msf-CNN: {ram:,} B at {times:.2f} times the MACs") for ram, times in row
        ]
    single = {_SHORT.get(net, net): points for net, points in own.items() if not net.endswith(" by rows")}
    return {
        PICTURE: _drawn("Modelled cycles against the fastest form, Cortex-M4", single),
        PUBLISHED_PICTURE: _drawn(
            "Modelled cycles against the fastest form; of msf-CNN (dashed) multiply-accumulates", beside
        ),
    }


def _points(net: str, front: list[dict[str, Any]]) -> list[Point]:
    least = front[0]["cycles"]
    return [
        (row["ram"], row["cycles"] / least, f"{net}: {row['ram']:,} B, {row['cycles']:,} cycles")
        for row in front
    ]


def _drawn(title: str, lines: dict[str, list[Point]]) -> str:
    """RAM across, cycles against those of the fastest form upwards."""
    lines = {name: points for name, points in lines.items() if points}
    sizes = [math.log2(ram) for points in lines.values() for ram, _, _ in points]
    low, high = min(sizes) - 0.2, max(sizes) + 0.2
    most = max(times for points in lines.values() for _, times, _ in points) * 1.05

    def at(ram: float, times: float) -> tuple[float, float]:
        along = (math.log2(ram) - low) / (high - low)
        up = (times - 0.95) / (most - 0.95)
        return _LEFT + along * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text x="{_LEFT}" y="20">{title}</text>']
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 8}">RAM in all, KB</text>')
    parts += _axes(low, high, most, at)
    for number, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        spots = [at(ram, times) for ram, times, _ in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        dashes = ' stroke-dasharray="5 4"' if "msf-CNN" in name else ""
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"{dashes}/>')
        for (x, y), (_, _, said) in zip(spots, points, strict=True):
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{said}</title></circle>'
            )
        place, height = _WIDTH - _RIGHT + 20, _TOP + 16 * number  # beside the plot: it hides no point
        parts.append(f'<circle cx="{place}" cy="{height - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{place + 8}" y="{height}">{name}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


_SHORT = {
    "mobilenet_v1_025": "mobilenet 0.25",
    "person_detect": "person",
    "speech_codec": "codec",
    "mcunet_vww": "MCUNet VWW",
    "mobilenet_v2_035": "MobileNetV2 0.35",
}


def _axes(low: float, high: float, most: float, at: Any) -> Iterator[str]:
    for tenths in range(10, math.floor(10 * most) + 1, 2 if most < 2.7 else 5):
        y = at(2**low, tenths / 10)[1]
        yield f'<path class="axis" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke-width="0.5"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenths / 10:.1f}</text>'
    for kilobytes in (3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256):
        if low <= math.log2(1024 * kilobytes) <= high:
            x = at(1024 * kilobytes, 1)[0]
            yield f'<text x="{x:.1f}" y="{_HEIGHT - 30}" text-anchor="middle">{kilobytes}</text>'


def main() -> int:
    for path, drawn in pictures().items():
        if path.is_file() and path.read_text(encoding="utf-8") == drawn:
            continue
        if "--check" in sys.argv[1:]:
            print(f"{path.name} is not up to date: python docs/ram.py")
            return 1
        path.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
