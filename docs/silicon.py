"""What docs/cycle-model.md and README show of programs that ran on boards: tables, and one picture per core.

    python docs/silicon.py            draws docs/pictures/silicon-<core>.svg anew
    python docs/silicon.py --check    changes nothing, and ends in 1 when one is not up to date

Everything comes from targets/silicon.json through benchmarks/silicon.py, and from benchmarks/closed.json
and goals.json.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
if str(REPO) not in sys.path:
    sys.path.insert(0, str(REPO))

from benchmarks import silicon  # noqa: E402

PICTURES = Path(__file__).with_name("pictures")
NAMES = {
    "cortex-m0plus": "M0+",
    "cortex-m4": "M4",
    "cortex-m33": "M33",
    "cortex-m7": "M7",
    "cortex-m55": "M55",
}
"""Cores whose own programs are known."""
_CLOSED = ("STM32L4R5", "STM32U575", "STM32H7A3", "STM32G0B1")

Table = tuple[Sequence[str], list[tuple[str, ...]]]


@lru_cache(maxsize=1)
def fits() -> dict[str, silicon.Fit]:
    """By core."""
    facts = silicon.read()
    models = [model for model in silicon.MODELS if model.core in NAMES]
    return {model.core: silicon.fit(model, facts) for model in models}


def fits_table() -> Table:
    """Costs of every core, and what they are off by."""
    head = ("core", "programs", "cycles =", "fit", *(f"one {name} left out" for name in silicon.LEFT_OUT))
    rows = []
    for core, fitted in fits().items():
        manual = "" if not fitted.model.manual["instructions"] else "instructions + "
        named = [name for name, cost in fitted.model.manual.items() if name != "instructions" and cost]
        if named:
            manual = "the manual's table + " if manual else f"{' + '.join(named)} + "
        terms = zip(fitted.costs, fitted.model.terms, strict=True)
        formula = manual + " + ".join(f"{cost:.3g} × {term.name}" for cost, term in terms)
        left_out = [fitted.left_out.get(name) for name in silicon.LEFT_OUT]
        errors = [_errors(one) if one is not None else "only one" for one in (fitted.errors, *left_out)]
        chips = ", ".join(dict.fromkeys(program.chip for program in fitted.programs))
        rows.append((f"{NAMES[core]}: {chips}", str(len(fitted.programs)), formula, *errors))
    return head, rows


def _errors(errors: silicon.Errors) -> str:
    return f"{100 * errors.largest:.1f} / {100 * errors.median:.1f}"


def choices_table() -> Table:
    """Terms that one vendor's programs choose, judged on the others."""
    head = ("core", "chosen by", "terms", "off by, on the other vendor's")
    rows = []
    for core, fitted in fits().items():
        for choice in silicon.choices(fitted.model, fitted.programs):
            by = f"{choice.vendor}, {choice.programs} programs"
            terms = "; ".join(term.name for term in choice.terms)
            rows.append((NAMES[core], by, terms, _errors(choice.errors)))
    return head, rows


def programs_table(core: str) -> Table:
    """Every program of a core: published, and predicted."""
    head = (
        "chip",
        "net",
        "who",
        "million cycles, published",
        "million instructions",
        "predicted",
        "in the fit",
    )
    fitted = fits()[core]
    programs = [program for program in silicon.read() if program.core == core]
    rows = [
        (
            program.chip,
            program.net if program.variant == "int8" else f"{program.net}, {program.variant}",
            program.vendor,
            f"{program.cycles / 1e6:.4g}",
            f"{program.counts['instructions'] / 1e6:.4g}",
            f"{100 * fitted.error(program):+.1f}%",
            "yes" if program.is_fitted else "no",
        )
        for program in sorted(programs, key=lambda one: (one.net, one.chip, one.cycles))
    ]
    return head, rows


def closed_table() -> Table:
    """Ours, modelled, against the best closed program on silicon."""
    found: Any = json.loads((REPO / "benchmarks" / "closed.json").read_text(encoding="utf-8"))
    by_place = {(row["net"], row["chip"]): row for row in found["rows"]}
    nets = dict.fromkeys(row["net"] for row in found["rows"])
    head = ("net", *(f"{chip} ({NAMES[_core(by_place, chip)]})" for chip in _CLOSED))
    rows = []
    for net in nets:
        cells = []
        for chip in _CLOSED:
            row = by_place[net, chip]
            ours, best = row["cycles"], row["best_cycles"]
            bar = f"±{row['cycles_error']:.0%}"
            cells.append(f"{ours / 1e6:.4g} {bar} of {best / 1e6:.4g} ({row['best']}): {ours / best:.2f}")
        rows.append((net, *cells))
    return head, rows


def goals_table() -> Table:
    """Million cycles of our nets by the costs of all programs, and of all but one vendor's."""
    found: Any = json.loads((REPO / "benchmarks" / "goals.json").read_text(encoding="utf-8"))
    ways = dict.fromkeys(way for row in found["rows"] for way in row["cycles"])
    head = ("core", "net", "goal", *(f"{way} programs" if way == "all" else way for way in ways))
    rows = []
    for row in found["rows"]:
        cells = []
        for way in ways:
            cycles = row["cycles"].get(way)
            missed = cycles is not None and cycles > row["goal"]
            cells.append("" if cycles is None else f"{cycles / 1e6:.4g}" + ", missed" * missed)
        rows.append((NAMES[row["core"]], row["net"], f"{row['goal'] / 1e6:.4g}", *cells))
    return head, rows


def _core(by_place: dict[tuple[str, str], Any], chip: str) -> str:
    return next(row["core"] for (_, where), row in by_place.items() if where == chip)


# --- pictures

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 760, 300, 60, 40, 50
_MARKS = {"Bosch": "#3b76c4", "ST": "#d1731f", "OctoML": "#3f9a4f", "Ambiq": "#8a56c2"}
_STYLE = (
    "text{font:13px sans-serif;fill:#333}.band{fill:#8884}.axis{stroke:#888}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}}"
)


def picture(core: str) -> str:
    """Errors of all integer programs over their size, with the core's bar as a band."""
    fitted = fits()[core]
    programs = [one for one in silicon.read() if one.core == core and not one.is_float]
    sizes = [math.log10(one.cycles) for one in programs]
    low, high = min(sizes) - 0.1, max(sizes) + 0.1
    reach = max(0.2, *(abs(fitted.error(one)) for one in programs)) * 1.1

    def at(cycles: float, error: float) -> tuple[float, float]:
        along = (math.log10(cycles) - low) / (high - low)
        return (
            _LEFT + along * (_WIDTH - _LEFT - 10),
            _TOP + (reach - error) / (2 * reach) * (_HEIGHT - _TOP - _BOTTOM),
        )

    bar = fitted.model.bars.error
    upper, lower = at(programs[0].cycles, bar)[1], at(programs[0].cycles, -bar)[1]
    right = _WIDTH - 10
    parts = [
        f'<rect class="band" x="{_LEFT}" y="{upper:.1f}" width="{right - _LEFT}" '
        f'height="{lower - upper:.1f}"/>',
        f'<text x="{_LEFT}" y="20">Cortex-{NAMES[core]}: predicted cycles against silicon; the band is the '
        f"bar of ±{bar:.0%}</text>",
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">million cycles, published (hollow: in no fit)</text>',
    ]
    parts += _axes(reach, low, high, at, right)
    for program in programs:
        x, y = at(program.cycles, fitted.error(program))
        colour = _MARKS[program.vendor]
        fill = colour if program.is_fitted else "none"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" stroke="{colour}" stroke-width="1.5">'
            f"<title>{escape(program.name)}: {fitted.error(program):+.1%}</title></circle>"
        )
    for number, vendor in enumerate(dict.fromkeys(program.vendor for program in programs)):
        x = right - 70 * (number + 1)
        parts.append(f'<circle cx="{x}" cy="{_HEIGHT - 12}" r="4.5" fill="{_MARKS[vendor]}"/>')
        parts.append(f'<text x="{x + 8}" y="{_HEIGHT - 8}">{vendor}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


def _axes(reach: float, low: float, high: float, at: Any, right: int) -> Iterator[str]:
    for percent in (-20, -15, -10, -5, 0, 5, 10, 15, 20):
        if abs(percent) / 100 > reach:
            continue
        y = at(10**low, percent / 100)[1]
        thick = 1.2 if percent == 0 else 0.3
        yield f'<path class="axis" d="M{_LEFT} {y:.1f}H{right}" stroke-width="{thick}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent:+d}%</text>'
    for power in range(math.floor(low), math.ceil(high) + 1):
        for step in (1, 2, 5):
            cycles = step * 10.0**power
            if low <= math.log10(cycles) <= high:
                x = at(cycles, 0)[0]
                yield f'<text x="{x:.1f}" y="{_HEIGHT - 30}" text-anchor="middle">{cycles / 1e6:g}</text>'


def main() -> int:
    stale = 0
    for core in NAMES:
        path, made = PICTURES / f"silicon-{core}.svg", picture(core)
        if path.is_file() and path.read_text(encoding="utf-8") == made:
            continue
        if "--check" in sys.argv[1:]:
            print(f"{path.name} is not up to date: python docs/silicon.py")
            stale = 1
        else:
            path.write_text(made, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
