"""Benchmarks on a page: does it fit, devices side by side, flash and RAM by cause, nodes, the memory plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tinyml_compress.report.page import specs
from tinyml_compress.report.page.html import (
    Card,
    Column,
    Meter,
    Value,
    Verdict,
    card_grid,
    chart,
    fold,
    note,
    section,
    table,
)
from tinyml_compress.report.page.shell import Source

__all__ = ["benchmark_parts"]

Run = Mapping[str, Any]
_FLASH = ("weights", "kernels", "glue", "tables", "startup")
_RAM = ("arena", "state", "stack", "static")
_NODE = (
    Column("index", "#", "d"),
    Column("op", "operator"),
    Column("name", "layer"),
    Column("kernel", "kernel"),
    Column("constants", "bytes of weights and tables", ",", ","),
    Column("encoding", "weights as"),
    Column("zeros", "weights that are zero", ".1%", ".1%"),
    Column("shape", "shape"),
    Column("macs", "MACs", ",", ","),
    Column("instructions", "instructions", ",", ","),
    Column("cycles", "cycles, modelled", ",", ","),
    Column("share", "of all cycles", ".1%", ".1%"),
    Column("ratio", "instructions per MAC", ".2f", ".2f"),
)
_BUFFER = (
    Column("name", "tensor"),
    Column("bytes", "bytes", ",", ","),
    Column("offset", "offset", ",", ","),
    Column("first", "first node", "d", "d"),
    Column("last", "last node", "d", "d"),
)


def benchmark_parts(sources: Sequence[Source]) -> list[str]:
    """All runs of all benchmark results: together first, then each device by itself."""
    runs = [(source, run) for source in sources for run in source.document["runs"]]
    names = _names(runs, many=len(sources) > 1)
    ran = [
        (name, run) for name, (_, run) in zip(names, runs, strict=True) if run.get("instructions") is not None
    ]
    parts = [card_grid([_card(name, run) for name, (_, run) in zip(names, runs, strict=True)])]
    if len(runs) > 1:
        parts += [_devices(ran), _host(names, runs)]
    parts += [_bytes(ran, "flash", _FLASH), _bytes(ran, "ram", _RAM), _against_each_other(ran)]
    parts += [_one(name, run, is_open=place == 0) for place, (name, run) in enumerate(ran)]
    parts += [note(text) for source in sources for text in source.document.get("notes", ())]
    return parts


def _names(runs: Sequence[tuple[Source, Run]], *, many: bool) -> list[str]:
    """What tells the runs apart: the device, and whatever else differs between runs of that device."""
    names = []
    for source, run in runs:
        words = [run["device"]]
        same = [other for whose, other in runs if other["device"] == run["device"] and whose is source]
        if len({other["engine"] for other in same}) > 1:
            words.append(run["engine"])
        if len({other.get("compiler") for other in same}) > 1:
            words.append(str(run.get("compiler", "")).split(" ")[0])
        if len({other.get("optimize") for other in same}) > 1:
            words.append(str(run.get("optimize", "")))
        names.append((f"{source.name}: " if many else "") + " ".join(word for word in words if word))
    return names


def _card(name: str, run: Run) -> Card:
    about = str(run.get("title", ""))
    lines: tuple[tuple[str, str], ...]
    if "error" in run:
        verdict, word = (
            (Verdict.UNKNOWN, "not run") if run.get("fits", True) else (Verdict.BAD, "does not fit")
        )
        text = tuple(_sentence(text) for text in run["error"].values() if text)
        return Card(name, verdict, word, about=about, text=text)
    if "measured_ms" in run:
        times = run["measured_ms"]
        lines = (
            ("median, measured", f"{times['median']:.3f} ms"),
            ("90th percentile", f"{times['p90']:.3f} ms"),
            ("runtime", str(run.get("runtime", ""))),
        )
        return Card(name, Verdict.PLAIN, "measured here", lines, about=about)
    meters = tuple(_meters(run))
    if "instructions" not in run:
        lines = (("model", f"{run['flash']['model']:,} B"), ("arena, at most", f"{run['ram']['arena']:,} B"))
        word = "TensorFlow Lite Micro: not run, no cycles claimed"
        text = tuple(_sentence(text) for text in run.get("assumptions", ()))
        return Card(name, Verdict.UNKNOWN, word, lines, meters, about, text)
    exact = run.get("bit_exact")
    if exact is None:
        verdict, word = Verdict.UNKNOWN, "fits; outputs not compared"
    elif exact["mismatches"]:
        verdict, word = Verdict.BAD, f"fits, but {exact['mismatches']} of {exact['vectors']} outputs differ"
    else:
        verdict, word = Verdict.GOOD, f"fits; bit-exact, {exact['vectors']} of {exact['vectors']}"
    lines = (
        ("time, modelled", f"{run['ms']:.4g} ms ±{run['cycles_error']:.0%}"),
        ("instructions", f"{run['instructions']:,}"),
        ("clock", f"{run['clock_hz'] / 1e6:g} MHz"),
    )
    if "energy" in run:
        lines = (*lines, ("energy, modelled", f"{run['energy']['millijoules']:.3g} mJ"))
    return Card(name, verdict, word, lines, meters, about)


def _meters(run: Run) -> Iterator[Meter]:
    for label, part in (("flash", "flash"), ("RAM", "ram")):
        used, whole = run[part].get("total"), run.get(f"device_{part}_bytes")
        if used is not None and whole:
            yield Meter(label, used, whole, f"{used:,} B of {whole / 1024:,.0f} KB, {used / whole:.1%}")


def _devices(ran: Sequence[tuple[str, Run]]) -> str:
    rows: list[dict[str, Value]] = [
        {
            "device": name,
            "core": run.get("core"),
            "mhz": run["clock_hz"] / 1e6,
            "ms": run["ms"],
            "low": run["ms"] * (1 - run["cycles_error"]),
            "high": run["ms"] * (1 + run["cycles_error"]),
            "error": run["cycles_error"],
            "instructions": run["instructions"],
            "cycles": run["cycles"],
            "energy": run.get("energy", {}).get("millijoules"),
            "flash": run["flash"]["total"],
            "ram": run["ram"]["total"],
        }
        for name, run in ran
    ]
    columns = (
        Column("device", "device"),
        Column("core", "core"),
        Column("mhz", "MHz", "g", "~g"),
        Column("ms", "ms, modelled", ".4g", ".4~g"),
        Column("error", "± as part", ".0%", ".0%"),
        Column("instructions", "instructions", ",", ","),
        Column("cycles", "cycles, modelled", ",", ","),
        Column("energy", "mJ, modelled", ".3g", ".3~g"),
        Column("flash", "flash, B", ",", ","),
        Column("ram", "RAM, B", ",", ","),
    )
    made = specs.bars(
        "Time of one inference",
        "Milliseconds per device, modelled; the line over a bar is its error bar. Instructions are exact.",
        rows,
        columns,
        name="device",
        value="ms",
        axis="ms",
        form=",~r",
        interval=("low", "high"),
    )
    return section("Devices side by side", [chart(made)], level=3)


def _host(names: Sequence[str], runs: Sequence[tuple[Source, Run]]) -> str:
    rows: list[dict[str, Value]] = [
        {
            "device": name,
            "median": run["measured_ms"]["median"],
            "p90": run["measured_ms"]["p90"],
            "runtime": run["runtime"],
        }
        for name, (_, run) in zip(names, runs, strict=True)
        if "measured_ms" in run
    ]
    columns = (
        Column("device", "device"),
        Column("runtime", "runtime"),
        Column("median", "median ms, measured", ".4g"),
        Column("p90", "90th percentile", ".4g"),
    )
    return table(columns, rows, caption="Measured on this host")


def _bytes(ran: Sequence[tuple[str, Run]], kind: str, causes: Sequence[str]) -> str:
    rows: list[dict[str, Value]] = []
    for name, run in ran:
        total = run[kind]["total"]
        parts = [
            cause for cause in (*causes, *sorted(set(run[kind]) - {*causes, "total"})) if cause in run[kind]
        ]
        rows += [
            {
                "device": name,
                "cause": cause,
                "bytes": run[kind][cause],
                "share": run[kind][cause] / max(total, 1),
            }
            for cause in parts
        ]
    columns = (
        Column("device", "device"),
        Column("cause", "cause"),
        Column("bytes", "bytes, exact", ",", ","),
        Column("share", "of the whole", ".1%", ".1%"),
    )
    word = {"flash": "Flash", "ram": "RAM"}[kind]
    made = specs.stacked(
        f"{word} by cause",
        "Bytes, exact. A click on the legend picks one cause.",
        rows,
        columns,
        name="device",
        value="bytes",
        part="cause",
        axis="bytes",
    )
    return chart(made)


def _against_each_other(ran: Sequence[tuple[str, Run]]) -> str:
    """The nodes of runs on one device, where several results hold it."""
    parts = []
    for device in dict.fromkeys(run["device"] for _, run in ran):
        same = [(name, run) for name, run in ran if run["device"] == device]
        if not 2 <= len(same) <= 4:
            continue
        rows: list[dict[str, Value]] = [
            {
                "node": _label(node),
                "run": name,
                "cycles": node["cycles"],
                "instructions": node["instructions"],
            }
            for name, run in same
            for node in run["nodes"]
        ]
        if len({row["node"] for row in rows}) > 40:
            continue
        columns = (
            Column("node", "node"),
            Column("run", "run"),
            Column("cycles", "cycles, modelled", ",", ","),
            Column("instructions", "instructions", ",", ","),
        )
        about = "Cycles per node, modelled, of each result."
        made = specs.bars(
            f"{device}: nodes side by side",
            about,
            rows,
            columns,
            name="node",
            value="cycles",
            axis="cycles",
            colour="run",
        )
        parts.append(chart(made))
    return "".join(parts)


def _label(node: Run) -> str:
    return f"{node['index']} {node['op']}" if "index" in node else "between nodes"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _one(name: str, run: Run, *, is_open: bool) -> str:
    total = max(run["cycles"], 1)
    rows: list[dict[str, Value]] = []
    for node in run["nodes"]:
        known = {key: value for key, value in node.items() if isinstance(value, (str, int, float))}
        known["op"] = known["op"] or "between nodes"
        extra = {"label": _label(node), "shape": "×".join(str(size) for size in node.get("shape", ()))}
        ratio = {"ratio": node["instructions"] / node["macs"]} if node.get("macs") else {}
        rows.append({**known, **extra, **ratio, "share": node["cycles"] / total})
    costs = specs.nodes(
        "Cycles per node",
        f"Modelled, ±{run['cycles_error']:.0%}, coloured by operator; they sum to {run['cycles']:,}.",
        rows,
        _NODE,
        name="label",
        value="cycles",
        axis="cycles",
        colour="op",
    )
    sparse = specs.nodes(
        "Zeros per node",
        "Part of the weights that is zero, exact; the tooltip says how they lie in flash.",
        [row for row in rows if row.get("zeros")],
        _NODE,
        name="label",
        value="zeros",
        axis="zeros",
        form=".0%",
        colour="encoding",
        whole=1.0,
    )
    inside = [note(_about(run)), chart(costs), chart(sparse), _plan(run)]
    short = f"{run['ms']:.4g} ms, flash {run['flash']['total']:,} B, RAM {run['ram']['total']:,} B"
    return fold(name, short, inside, is_open=is_open)


def _about(run: Run) -> str:
    words = [str(run[key]) for key in ("core", "compiler", "emulator") if run.get(key)]
    words.append(f"optimize {run.get('optimize')}")
    if "cycles_trust" in run:
        words.append(f"milliseconds ±{run['cycles_error']:.0%}: {run['cycles_trust']}")
    elif run.get("cycles_calibrated") is False:  # a document of an older version
        words.append("cycles of this core are not calibrated against published times")
    if run.get("bit_exact_unknown"):
        words.append(f"outputs not compared: {run['bit_exact_unknown']}")
    return "; ".join(words)


def _plan(run: Run) -> str:
    rows: list[dict[str, Value]] = [
        {
            "name": item["name"],
            "bytes": item["bytes"],
            "offset": item["offset"],
            "top": item["offset"] + item["bytes"],
            "first": item["first"],
            "last": item["last"],
            "end": item["last"] + 1,
        }
        for item in run.get("plan", ())
    ]
    made = specs.memory_plan(
        "Memory plan over time",
        f"Which tensor holds which bytes of the arena ({run['ram']['arena']:,} "
        "B, exact) from which node to which. "
        "Where rectangles overlap, a node overwrites its input as it reads it.",
        rows,
        _BUFFER,
    )
    return chart(made)
