"""Benchmarks on a page: does it fit, devices side by side, flash and RAM by cause, nodes, the memory plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinyml_compress.rendering.page import specs
from tinyml_compress.rendering.page.html import (
    Card,
    Mark,
    Meter,
    Property,
    Value,
    card_grid,
    chart,
    fold,
    note,
    section,
    table,
)
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.results import Benchmark, Kind, Measurement, NodeCost, decoded

_FLASH = ("weights", "kernels", "glue", "tables", "startup")
_RAM = ("arena", "state", "stack", "static")
_NODE = (
    Property("index", "#", "d"),
    Property("op", "operator"),
    Property("name", "layer"),
    Property("kernel", "kernel"),
    Property("choice", "why this kernel"),
    Property("constants", "bytes of weights and tables", ",", ","),
    Property("encoding", "weights as"),
    Property("zeros", "weights that are zero", ".1%", ".1%"),
    Property("shape", "shape"),
    Property("macs", "MACs", ",", ","),
    Property("instructions", "instructions", ",", ","),
    Property("cycles", "cycles, modelled", ",", ","),
    Property("share", "of all cycles", ".1%", ".1%"),
    Property("ratio", "instructions per MAC", ".2f", ".2f"),
)
_BUFFER = (
    Property("name", "tensor"),
    Property("bytes", "bytes", ",", ","),
    Property("offset", "offset", ",", ","),
    Property("first", "first node", "d", "d"),
    Property("last", "last node", "d", "d"),
)


def benchmark_parts(sources: Sequence[PageSource]) -> list[str]:
    """All runs of all benchmark results: together first, then each target by itself."""
    results = [(source, decoded(Benchmark, source.document)) for source in sources]
    runs = [(source, run) for source, result in results for run in result.runs]
    names = _names(runs, many=len(sources) > 1)
    named = [(name, run) for name, (_, run) in zip(names, runs, strict=True)]
    timed = [(name, run) for name, run in named if run.figure("ms", Kind.MODELLED) is not None]
    sized = [(name, run) for name, run in named if run.figure("flash", Kind.EXACT) and run.figure("RAM")]
    ran = [(name, run) for name, run in named if run.nodes is not None]
    parts = [card_grid([_card(name, run) for name, run in named])]
    if len(runs) > 1:
        parts += [_devices(timed), _measured(named)]
    parts += [_bytes(sized, "flash", _FLASH), _bytes(sized, "RAM", _RAM), _against_each_other(ran)]
    parts += [_one(name, run, is_open=place == 0) for place, (name, run) in enumerate(ran)]
    parts += [note(text) for _, result in results for text in result.notes]
    return parts


def _names(runs: Sequence[tuple[PageSource, Measurement]], *, many: bool) -> list[str]:
    """What tells the runs apart: the target, and whatever else differs between runs of that target."""
    names = []
    for source, run in runs:
        words = [run.device]
        same = [other for whose, other in runs if other.device == run.device and whose is source]
        if len({other.engine for other in same}) > 1:
            words.append(run.engine)
        if len({other.compiler for other in same}) > 1:
            words.append((run.compiler or "").split(" ")[0])
        if len({other.optimize for other in same}) > 1:
            words.append(run.optimize or "")
        names.append((f"{source.name}: " if many else "") + " ".join(word for word in words if word))
    return names


def _card(name: str, run: Measurement) -> Card:
    about = run.title or ""
    if run.error is not None:
        verdict, word = (Mark.BAD, "does not fit") if run.fits is False else (Mark.UNKNOWN, "not run")
        text = tuple(_sentence(text) for text in (run.error.reason, run.error.detail) if text)
        return Card(name, verdict, word, about=about, text=text)
    lines, meters = tuple(_lines(run)), tuple(_meters(run))
    text = tuple(_sentence(text) for text in run.assumptions or ())
    verdict, word = _verdict(run)
    return Card(name, verdict, word, lines, meters, about, text)


def _verdict(run: Measurement) -> tuple[Mark, str]:
    time, exact = run.figure("ms"), run.bit_exact
    if time is None:
        return Mark.UNKNOWN, "TensorFlow Lite Micro: not run, no cycles claimed"
    if exact is not None and exact.mismatches:
        return Mark.BAD, f"fits, but {exact.mismatches} of {exact.vectors} outputs differ"
    if exact is not None:
        return Mark.GOOD, f"fits; bit-exact, {exact.vectors} of {exact.vectors}"
    if time.kind is Kind.MEASURED:
        return Mark.PLAIN, "measured here"
    return Mark.UNKNOWN, "fits; outputs not compared"


_LINES = {
    ("ms", Kind.MODELLED): ("time, modelled", "{:.4g} ms"),
    ("ms", Kind.MEASURED): ("median, measured", "{:.3f} ms"),
    ("ms, 90th percentile", Kind.MEASURED): ("90th percentile", "{:.3f} ms"),
    ("instructions", Kind.EXACT): ("instructions", "{:,}"),
    ("mJ", Kind.MODELLED): ("energy, modelled", "{:.3g} mJ"),
}
"""How a card says the figures that most targets have; flash and RAM are meters, cycles stand below."""


def _lines(run: Measurement) -> Iterator[tuple[str, str]]:
    for figure in run.figures:
        if figure.name in ("flash", "RAM", "cycles", "TFLM arena", "average power", "battery life"):
            continue
        if figure.name == "busy" and figure.about is not None:
            yield "power, modelled", str(figure.about["text"])
            continue
        word, form = _LINES.get((figure.name, figure.kind), (f"{figure.name}, {figure.kind.value}", ""))
        bar = f" ±{figure.error:.0%}" if form and figure.error is not None else ""
        yield word, form.format(figure.value) + bar if form else figure.shown
    if run.figure("ms") is None:
        yield "model", f"{run.parts('flash').get('model', 0):,} B"
        if "arena" in run.parts("RAM"):
            yield "arena, at most", f"{run.parts('RAM')['arena']:,} B"
    if run.clock_hz is not None:
        yield "clock", f"{run.clock_hz / 1e6:g} MHz"
    if run.runtime is not None:
        yield "runtime", run.runtime


def _meters(run: Measurement) -> Iterator[Meter]:
    for name in ("flash", "RAM"):
        figure = run.figure(name)
        if figure is not None and figure.limit:
            used, whole = int(figure.value), figure.limit
            yield Meter(name, used, whole, f"{used:,} B of {whole / 1024:,.0f} KB, {used / whole:.1%}")


def _devices(ran: Sequence[tuple[str, Measurement]]) -> str:
    rows: list[dict[str, Value]] = []
    for name, run in ran:
        known: dict[str, Value] = {one.name: one.value for one in run.figures}
        time = run.ms
        error = next((one.error for one in run.figures if one.name == "ms"), None)
        clock = None if run.clock_hz is None else run.clock_hz / 1e6
        bar = {"error": error, "low": time * (1 - (error or 0)), "high": time * (1 + (error or 0))}
        rows.append({"device": name, "core": run.core, "mhz": clock, **bar, **known})
    columns = (
        Property("device", "device"),
        Property("core", "core"),
        Property("mhz", "MHz", "g", "~g"),
        Property("ms", "ms, modelled", ".4g", ".4~g"),
        Property("error", "± as part", ".0%", ".0%"),
        Property("instructions", "instructions", ",", ","),
        Property("cycles", "cycles, modelled", ",", ","),
        Property("mJ", "mJ, modelled", ".3g", ".3~g"),
        Property("flash", "flash, B", ",", ","),
        Property("RAM", "RAM, B", ",", ","),
    )
    drawing = specs.bars(
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
    return section("Devices side by side", [chart(drawing)], level=3)


def _measured(named: Sequence[tuple[str, Measurement]]) -> str:
    rows: list[dict[str, Value]] = []
    for name, run in named:
        median, slow = run.figure("ms", Kind.MEASURED), run.figure("ms, 90th percentile")
        if median is not None:
            p90 = None if slow is None else slow.value
            by = run.runtime if run.line is None else run.line.port
            rows.append({"device": name, "median": median.value, "p90": p90, "runtime": by})
    columns = (
        Property("device", "device"),
        Property("runtime", "runtime or port"),
        Property("median", "median ms, measured", ".4g"),
        Property("p90", "90th percentile", ".4g"),
    )
    return table(columns, rows, caption="Measured")


def _bytes(sized: Sequence[tuple[str, Measurement]], what: str, causes: Sequence[str]) -> str:
    rows: list[dict[str, Value]] = []
    for name, run in sized:
        parts = run.parts(what)
        order = [cause for cause in (*causes, *sorted(set(parts) - {*causes})) if cause in parts]
        rows += [
            {
                "device": name,
                "cause": cause,
                "bytes": parts[cause],
                "share": parts[cause] / max(sum(parts.values()), 1),
            }
            for cause in order
        ]
    columns = (
        Property("device", "device"),
        Property("cause", "cause"),
        Property("bytes", "bytes, exact", ",", ","),
        Property("share", "of the whole", ".1%", ".1%"),
    )
    drawing = specs.stacked(
        f"{what[:1].upper()}{what[1:]} by cause",
        "Bytes, exact. A click on the legend picks one cause.",
        rows,
        columns,
        name="device",
        value="bytes",
        part="cause",
        axis="bytes",
    )
    return chart(drawing)


def _against_each_other(ran: Sequence[tuple[str, Measurement]]) -> str:
    """The nodes of runs on one device, where several results hold it."""
    parts = []
    for device in dict.fromkeys(run.device for _, run in ran):
        same = [(name, run) for name, run in ran if run.device == device]
        if not 2 <= len(same) <= 4:
            continue
        rows: list[dict[str, Value]] = [
            {
                "node": _label(node),
                "run": name,
                "cycles": node.cycles,
                "instructions": node.instructions,
            }
            for name, run in same
            for node in run.nodes or ()
        ]
        if len({row["node"] for row in rows}) > 40:
            continue
        columns = (
            Property("node", "node"),
            Property("run", "run"),
            Property("cycles", "cycles, modelled", ",", ","),
            Property("instructions", "instructions", ",", ","),
        )
        about = "Cycles per node, modelled, of each result."
        drawing = specs.bars(
            f"{device}: nodes side by side",
            about,
            rows,
            columns,
            name="node",
            value="cycles",
            axis="cycles",
            colour="run",
        )
        parts.append(chart(drawing))
    return "".join(parts)


def _label(node: NodeCost) -> str:
    return "between nodes" if node.index is None else f"{node.index} {node.op}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _one(name: str, run: Measurement, *, is_open: bool) -> str:
    cycles, time = run.figure("cycles"), run.figure("ms")
    total = max(run.cycles, 1)
    rows: list[dict[str, Value]] = [
        {
            "index": node.index,
            "label": _label(node),
            "op": node.op or "between nodes",
            "name": node.name,
            "kernel": node.kernel,
            "choice": node.choice,
            "constants": node.constants,
            "encoding": node.encoding,
            "zeros": node.zeros,
            "shape": "×".join(str(size) for size in node.shape),
            "macs": node.macs,
            "instructions": node.instructions,
            "cycles": node.cycles,
            "share": node.cycles / total,
            "ratio": node.instructions / node.macs if node.macs else None,
        }
        for node in run.nodes or ()
    ]
    bar = "" if cycles is None or cycles.error is None else f", ±{cycles.error:.0%}"
    costs = specs.nodes(
        "Cycles per node",
        f"Modelled{bar}, coloured by operator; they sum to {run.cycles:,}.",
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
    spent = "" if time is None else f"{time.value:.4g} ms, "
    short = f"{spent}flash {run.flash:,} B, RAM {run.ram:,} B"
    return fold(name, short, inside, is_open=is_open)


def _about(run: Measurement) -> str:
    words = [word for word in (run.core, run.compiler, run.emulator) if word]
    words.append(f"optimize {run.optimize}")
    cycles = run.figure("cycles")
    if run.cycles_trust is not None and cycles is not None and cycles.error is not None:
        words.append(f"milliseconds ±{cycles.error:.0%}: {run.cycles_trust}")
    elif run.cycles_calibrated is False:  # a document of an older version
        words.append("cycles of this core are not calibrated against published times")
    if run.front_end is not None:
        words.append(f"front end: {run.front_end.shown}")
    if run.trigger is not None:
        words.append(f"trigger: {run.trigger.shown}")
    if run.bit_exact_unknown:
        words.append(f"outputs not compared: {run.bit_exact_unknown}")
    return "; ".join(words)


def _plan(run: Measurement) -> str:
    placed = run.plan or ()
    starts = _starts(run)
    rows: list[dict[str, Value]] = [
        {
            "name": f"{item.name} in {item.memory}" if item.memory else item.name,
            "bytes": item.nbytes,
            "offset": starts[item.memory] + item.offset,
            "top": starts[item.memory] + item.offset + item.nbytes,
            "first": item.first,
            "last": item.last,
            "end": item.last + 1,
        }
        for item in placed
    ]
    behind = ", one memory's behind the other's" if run.memories else ""
    drawing = specs.memory_plan(
        "Memory plan over time",
        f"Which tensor holds which bytes of the arena ({run.parts('RAM').get('arena', 0):,} "
        f"B, exact{behind}) from which node to which. "
        "Where rectangles overlap, a node overwrites its input as it reads it.",
        rows,
        _BUFFER,
    )
    return "".join(note(f"{one.shown}; {one.read}") for one in run.memories or ()) + chart(drawing)


def _starts(run: Measurement) -> dict[str | None, int]:
    """Where each memory's arena begins when they are drawn one above the other, the fastest lowest."""
    starts: dict[str | None, int] = {None: 0}
    reached = 0
    for memory in run.memories or ():
        starts[memory.name] = reached
        reached += memory.parts.get("arena", 0)
    return starts
