"""Puts the measured figures of `benchmarks/*.json` into README and docs: `python docs/tables.py`; `--check`
only looks.

A table is wanted where a page says `<!-- table: NAME WORDS... -->`; what lies between that line and
`<!-- end of table -->` is written anew. The numbers come from the last run of the program that is named with
each.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
if str(REPO) not in sys.path:
    sys.path.insert(0, str(REPO))

from docs import ram, silicon  # noqa: E402

_TABLE = re.compile(
    r"(?P<head><!-- table: (?P<words>[^\n]+?) -->\n)(?P<body>.*?)(?P<tail><!-- end of table -->)", re.DOTALL
)


def main() -> int:
    """Write, or with --check tell what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 where a table is out of date"
    )
    check = parser.parse_args().check
    stale = [
        path
        for path in pages()
        if renewed(path.read_text(encoding="utf-8")) != path.read_text(encoding="utf-8")
    ]
    for path in stale:
        print(f"{'out of date' if check else 'renewed'}: {path.relative_to(REPO)}")
        if not check:
            path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 1 if check and stale else 0


def pages() -> list[Path]:
    """The pages that may hold tables."""
    return [REPO / "README.md", *sorted((REPO / "docs").rglob("*.md"))]


def renewed(page: str) -> str:
    """The page with every table made from the results as they are."""

    def fill(found: re.Match[str]) -> str:
        name, *words = found["words"].split()
        return f"{found['head']}{_TABLES[name](words)}\n{found['tail']}"

    return _TABLE.sub(fill, page)


def _results(name: str) -> Any:
    return json.loads((REPO / "benchmarks" / name).read_text(encoding="utf-8"))


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _techniques(words: Sequence[str]) -> str:
    """benchmarks/techniques.py: recipes on the digits network; `all`, or the names of rows."""
    rows = {row["name"]: row for row in _results("techniques.json")["rows"]}
    chosen = list(rows) if list(words) == ["all"] else [_row(rows, word) for word in words]
    head = ("recipe", "accuracy", "drop, points", "parameters", "zeros", "MACs", "gzip of the float file")
    made = [
        (
            name,
            f"{row['accuracy']:.2%}",
            f"{100 * row['drop']:.2f}",
            f"{row['parameters']:,}",
            f"{row['zeros']:.0%}" if row["zeros"] is not None else "",
            f"{row['macs']:.0%}",
            f"{row['gzip']:.1%}" if row["gzip"] else "",
        )
        for name, row in ((name, rows[name]) for name in chosen)
    ]
    return _markdown(head, made)


def _row(rows: dict[str, Any], word: str) -> str:
    """A row by its name, or by the first words of it with `_` for spaces."""
    wanted = word.replace("_", " ")
    return next(name for name in rows if name == word or name.startswith(wanted))


def _zoo(words: Sequence[str]) -> str:
    """benchmarks/zoo_accuracy.py: the zoo on its synthetic sets."""
    head = ("model", "data", "measure", "float32", "int8", "test samples")
    return _markdown(
        head,
        [
            (
                row["model"],
                f"`{row['data']}`",
                row["measure"],
                f"{row['float32']:.3f}",
                f"{row['int8']:.3f}",
                f"{row['samples']:,}",
            )
            for row in _results("zoo_accuracy.json")
        ],
    )


def _kernels(words: Sequence[str]) -> str:
    """benchmarks/kernels.py: the models that TFLM was counted on, on Cortex-M4, M55 and M0+; or the models
    named.
    """
    results = _results("results.json")
    wanted = set(words) or {row["model"] for row in results["rows"] if "ratio_to_tflm" in row}
    levels = {"cortex-m4": ("balanced", "speed"), "cortex-m55": ("speed",), "cortex-m0plus": ("balanced",)}
    chosen = [
        row
        for row in results["rows"]
        if row["model"] in wanted and row["optimize"] in levels.get(row["core"], ())
    ]
    titles = (
        "model",
        "core",
        "`--optimize`",
        "instructions",
        "per MAC",
        "of TFLM + CMSIS-NN",
        "million cycles",
    )
    made = [
        (
            row["model"],
            row["core"],
            row["optimize"],
            f"{row['instructions']:,}",
            f"{row['instructions'] / row['macs']:.2f}",
            f"{row['ratio_to_tflm']:.2f}" if "ratio_to_tflm" in row else "",
            f"{row['cycles'] / 1e6:.2f} ±{row['cycles_error']:.0%}",
            f"{row['flash']['total']:,}",
            f"{row['ram']['total']:,}",
        )
        for row in chosen
    ]
    compiler = results["compilers"][0].split(" --")[0]
    run = f"{results['date']}, {results['tool']}, {compiler}"
    said = f"{run}. Instructions, flash and RAM are counted, cycles modelled. {_counters(chosen)}"
    return f"{said}\n\n{_markdown((*titles, 'flash B', 'RAM B'), made)}"


def _counters(rows: Sequence[dict[str, Any]]) -> str:
    """Which emulators counted the rows of the core that has two."""
    by = {tuple(row["counted_by"]) for row in rows if row["core"] == "cortex-m55"}
    told = "; ".join(" and ".join(names) for names in sorted(by))
    return f"Those of the Cortex-M55 are counted by {told}" + (", alike." if by and len(by) == 1 else ".")


def _helium(words: Sequence[str]) -> str:
    """benchmarks/helium.py: each operator on a Cortex-M55 with Helium's kernels and without."""
    results = _results("helium.json")
    head = ("operator", "elements", "without Helium", "with", "times", "per element", "per MAC")
    made = [
        (
            row["operator"],
            f"{row['elements']:,}",
            f"{row['before']:,}",
            f"{row['after']:,}",
            f"{row['before'] / row['after']:.1f}",
            f"{row['after'] / row['elements']:.2f}",
            f"{row['after'] / row['macs']:.2f}" if row["macs"] else "",
        )
        for row in results["rows"]
    ]
    said = f"{results['date']}, {results['version']}, {results['board']}, `--optimize speed`. Instructions."
    return f"{said}\n\n{_markdown(head, made)}"


def _elementwise(words: Sequence[str]) -> str:
    """benchmarks/elementwise.py: each operator beside a bare loop over its loads and stores."""
    results = _results("elementwise.json")
    cores = list(dict.fromkeys(row["core"] for row in results["rows"]))
    operators: dict[str, dict[str, Any]] = {}
    for row in results["rows"]:
        operators.setdefault(row["operator"], {})[row["core"]] = row

    def cell(row: dict[str, Any]) -> str:
        before, now = (f"{row[key] / row['bare']:.1f}" for key in ("before", "now"))
        return f"{now if before == now else f'{before} → {now}'} ({row['now'] / row['elements']:.2f})"

    # float kernels are for cores with an FPU
    made = [
        (name, *(cell(of[core]) if core in of else "" for core in cores)) for name, of in operators.items()
    ]
    said = f"{results['date']}, {results['version']}, `--optimize speed`."
    return f"{said}\n\n{_markdown(('operator', *cores), made)}"


def _pruned(words: Sequence[str]) -> str:
    """benchmarks/pruned.py: pruned and clustered models against their dense form, goals in brackets; or
    `sweep`.
    """
    results = _results("pruned.json")
    if list(words) == ["sweep"]:
        return _sweep(results)
    head = (
        "model",
        "zeros",
        "score, dense int8",
        "score",
        "weight bytes left",
        "at `size`",
        "cycles left",
        "code",
    )
    made = []
    for row in results["rows"]:
        dense, small, goal, level = row["dense"], row["pruned"], row["goal"], row["level"]
        tight = goal["flash_at_size"]
        made.append(
            (
                row["title"],
                f"{row['zeros']:.0%}",
                f"{row['dense_score']:.3f}",
                f"{row['score']:.3f} {row['measure']}",
                f"{small[level]['weights'] / dense[level]['weights']:.2f} ({goal['flash']:.2f})",
                f"{small['size']['weights'] / dense['size']['weights']:.2f}"
                + (f" ({tight:.2f})" if tight else ""),
                f"{small[level]['cycles'] / dense[level]['cycles']:.2f} ({goal['cycles']:.2f})",
                f"{small[level]['code'] - dense[level]['code']:+,} B",
            )
        )
    levels = ", ".join(sorted({f"`--optimize {row['level']}`" for row in results["rows"]}))
    said = (
        f"{results['date']}, {results['tool']}, {results['board']}, {levels}. "
        "Bytes are counted, cycles modelled."
    )
    return f"{said}\n\n{_markdown(head, made)}"


def _sweep(results: Any) -> str:
    """What zeros buy, whatever they do to the score."""
    points = results["sweep"]
    parts = sorted({point["sparsity"] for point in points})
    kinds = dict.fromkeys((point["board"], point["net"], point["pattern"]) for point in points)
    made = [
        (
            *kind,
            *(
                f"{point['flash']:.2f} / {point['cycles']:.2f}"
                for point in points
                if (point["board"], point["net"], point["pattern"]) == kind
            ),
        )
        for kind in kinds
    ]
    return _markdown(("board", "model", "zeros in", *(f"{part:.0%}" for part in parts)), made)


def _fit(words: Sequence[str]) -> str:
    """benchmarks/fit.py: the winner of each seed, against the float model and its plain int8 form."""
    results = _results("fit.json")
    head = ("seed", "winner", "flash B", "cycles", "score, chosen by", "score, untouched", "minutes")
    made = []
    for row in results["rows"]:
        whole, small, apart = row["int8"], row["cost"], row["untouched"]
        lost = 100 * (row["float_score"] - row["score"])
        made.append(
            (
                str(row["seed"]),
                row["found"] if row["verdict"] == "fits" else f"none; nearest: {row['found']}",
                f"{small['flash']:,} of {whole['flash']:,} ({small['flash'] / whole['flash']:.0%})",
                f"{small['cycles']:,} of {whole['cycles']:,} ({small['cycles'] / whole['cycles']:.0%})",
                f"{row['float_score']:.2%} → {row['score']:.2%} ({-lost:+.2f})",
                f"{apart['float']:.2%} → {apart['score']:.2%} ({-100 * apart['drop']:+.2f})" if apart else "",
                f"{row['minutes']:.1f}",
            )
        )
    said = f"{results['date']}, {results['tool']}. Bytes are counted, cycles modelled, scores measured."
    return f"{said}\n\n{_markdown(head, made)}"


def _real(words: Sequence[str]) -> str:
    """benchmarks/real.py: rows that have been run, a word being the beginning of their names; what has not
    been run is named below.
    """
    every = [
        row for row in _results("real.json")["rows"] if not words or row["name"].startswith(tuple(words))
    ]
    rows = [row for row in every if row["seeds"]]
    head = ("task", "form", "float", "int8 file", "drop, points", "95% interval", "goal", "met", "verdict")
    verdicts = {True: "yes", False: "**no**", None: ""}
    made = [
        (
            row["task"],
            row["form"],
            f"{row['float']:.1%}",
            f"{row['score']:.1%}",
            f"{row['drop']:.2f}",
            f"{row['low']:.1f} to {row['high']:.1f}",
            "" if row["goal"] is None else f"{row['goal']:g}",
            verdicts[row["met"]],
            ", ".join(row["verdicts"]),
        )
        for row in rows
    ]
    dates = sorted({date for row in rows for date in row["dates"]})
    fewer = [row["name"] for row in rows if len(row["seeds"]) < 3]
    missing = [row["name"] for row in every if not row["seeds"]]
    said = f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else dates[0]
    told = [f"{said}, {_results('real.json')['tool']}, seeds 0 to 2 where nothing else is said."]
    told += [f"With fewer seeds: {', '.join(fewer)}."] if fewer else []
    told += [f"Not run: {', '.join(missing)}."] if missing else []
    return f"{' '.join(told)}\n\n{_markdown(head, made)}"


def _shipped(words: Sequence[str]) -> str:
    """benchmarks/real.py: how every shipped recipe ended on the keyword net, and what it had lost."""
    every = [row for row in _results("real.json")["rows"] if row["name"].startswith("shipped-")]
    rows = [row for row in every if row["seeds"]]
    head = ("recipe", "int8 file", "drop, points", "95% interval", "verdict", "exit code")
    made = [
        (
            row["name"].removeprefix("shipped-"),
            *(
                ("none", "", "")  # it stopped before the conversion
                if row["nbytes"] is None
                else (f"{row['score']:.1%}", f"{row['drop']:.2f}", f"{row['low']:.1f} to {row['high']:.1f}")
            ),
            ", ".join(row["verdicts"]),
            ", ".join(str(code) for code in row["exit_codes"]),
        )
        for row in rows
    ]
    missing = [row["name"].removeprefix("shipped-") for row in every if not row["seeds"]]
    seeds = sorted({seed for row in rows for seed in row["seeds"]})
    dates = sorted({date for row in rows for date in row["dates"]})
    said = f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else dates[0]
    told = [f"{said}, float {rows[0]['float']:.1%}, seeds {', '.join(map(str, seeds))}."]
    told += [f"Not run: {', '.join(missing)}."] if missing else []
    return f"{' '.join(told)}\n\n{_markdown(head, made)}"


def _silicon(words: Sequence[str]) -> str:
    """targets/silicon.json: `fits`, `choices`, `closed`, `goals`, or a core, whose programs are listed."""
    (what,) = words
    made = {
        "fits": silicon.fits_table,
        "choices": silicon.choices_table,
        "closed": silicon.closed_table,
        "goals": silicon.goals_table,
    }
    head, rows = made[what]() if what in made else silicon.programs_table(what)
    return _markdown(head, rows)


def _spoken(words: Sequence[str]) -> str:
    """benchmarks/spoken.py: spoken digits of a speaker left out; `words`, or `recordings` of 20 minutes."""
    results = _results("spoken.json")
    rows = results["rows"]
    if list(words) == ["recordings"]:
        told = ("missed", "false accepts an hour")
        head = ("unseen speaker", *(f"{part}: {word}" for part in ("chosen", "judged") for word in told))
        lines = [
            (
                row["speaker"],
                *(
                    text
                    for one in (row["chosen"], row["judged"])
                    for text in (f"{one['missed']} of {one['events']}", f"{one['per_hour']:.0f}")
                ),
            )
            for row in rows
        ]
        return _markdown(head, lines)
    head = ("unseen speaker", "float in Python", "fixed point in Python", "emulated C", "scores are equal")
    lines = [
        (
            row["speaker"],
            f"{row['floats']:.1%}",
            f"{row['windows']:.1%}",
            f"{row['board']:.1%} ({row['interval'][0]:.1%} to {row['interval'][1]:.1%})",
            "yes" if row["same"] else "**no**",
        )
        for row in rows
    ]
    said = f"{results['date']}, {results['tool']}, {results['board']}, {rows[0]['recordings']} words each."
    return f"{said}\n\n{_markdown(head, lines)}"


def _ram(words: Sequence[str]) -> str:
    """benchmarks/ram.py: RAM of forms by what they cost."""
    head, rows = ram.table()
    return _markdown(head, rows)


def _gcc_forms(words: Sequence[str]) -> str:
    """benchmarks/gcc_forms.py: cycles of GCC's code beside clang's."""
    rows = _results("gcc_forms.json")["rows"]
    cores = list(dict.fromkeys(row["core"] for row in rows))
    by_place = {(row["net"], row["core"]): row["cycles"] for row in rows}
    lines = []
    for net in dict.fromkeys(row["net"] for row in rows):
        cells = []
        for core in cores:
            clang, gcc = by_place[net, core]
            cells.append(f"{gcc / 1e6:.3f} beside {clang / 1e6:.3f}: {gcc / clang - 1:+.1%}")
        lines.append((net, *cells))
    clang, gcc = (compiler.partition(" -")[0] for compiler in rows[0]["compilers"])
    head = ("net", *cores)
    return f"Million modelled cycles, {gcc} beside {clang}, `--optimize speed`.\n\n{_markdown(head, lines)}"


_TABLES: dict[str, Callable[[Sequence[str]], str]] = {
    "techniques": _techniques,
    "zoo": _zoo,
    "kernels": _kernels,
    "pruned": _pruned,
    "fit": _fit,
    "elementwise": _elementwise,
    "gcc_forms": _gcc_forms,
    "helium": _helium,
    "shipped": _shipped,
    "real": _real,
    "silicon": _silicon,
    "spoken": _spoken,
    "ram": _ram,
}

if __name__ == "__main__":
    raise SystemExit(main())
