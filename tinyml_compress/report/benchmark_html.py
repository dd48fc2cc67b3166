"""A benchmark as one self-contained web page: bars per node, the memory plan, the devices side by side."""

from __future__ import annotations

from html import escape

from tinyml_compress.devices.measurement import AotRun, Benchmark, HostRun, Placement, Refusal, Run, TflmRun
from tinyml_compress.report.benchmark_text import milliseconds

__all__ = ["benchmark_html"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5d6b7c; --line: #d5dbe3; --bar: #2f6db5; --bad: #b3261e;
  --paper: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --dim: #96a3b4; --line: #3a4454; --bar: #6fa8e6;
  --bad: #ff8a80; --paper: #161b22; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .25rem .6rem; border-bottom: 1px solid var(--line);
  text-align: right; white-space: nowrap; } td.text, th.text { text-align: left; white-space: normal; }
th { font-weight: 600; color: var(--dim); } .dim { color: var(--dim); } .bad { color: var(--bad); }
.wide { overflow-x: auto; } .track { min-width: 9rem; text-align: left; }
.track div { background: var(--bar); height: .8rem; border-radius: 2px; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--ink); }
svg rect { stroke: var(--paper); stroke-width: 1; fill-opacity: .8; }
"""


def benchmark_html(result: Benchmark) -> str:
    """The page; it loads nothing from anywhere."""
    model = result.model
    parts = [
        f"<h1>{escape(model.name)} on {len(result.runs)} device{'s' if len(result.runs) != 1 else ''}</h1>",
        f'<p class="dim">{escape(model.source)}, {model.nbytes:,} bytes, sha256 {model.sha256}<br>'
        f"tinyml_compress {escape(result.tool_version)}, input {escape(result.input_kind)}</p>",
        "<p>Instructions and bytes are exact. Cycles and milliseconds are modelled, with the error bar shown; "
        "times of the host are measured.</p>",
        _comparison(result.runs),
    ]
    runs = [run for run in result.runs if isinstance(run, AotRun)]
    parts += [_device(run) for run in runs]
    parts += [f'<p class="dim">{escape(note)}</p>' for note in result.notes]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(model.name)}: benchmark</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _row(cells: list[tuple[str, bool]], tag: str = "td") -> str:
    marked = {True: ' class="text"', False: ""}
    inside = "".join(f"<{tag}{marked[text]}>{cell}</{tag}>" for cell, text in cells)
    return f"<tr>{inside}</tr>"


def _remark(name: str, text: str, kind: str = "text") -> str:
    return f'<tr><td class="text">{name}</td><td class="{kind}" colspan="8">{escape(text)}</td></tr>'


def _bar(share: float) -> str:
    return f'<td class="track"><div style="width:{100 * share:.1f}%"></div></td>'


def _comparison(runs: tuple[Run, ...]) -> str:
    slowest = max((run.ms for run in runs if isinstance(run, AotRun)), default=0.0) or 1.0
    head = [("device", True), ("MHz", False), ("flash B", False), ("RAM B", False), ("instructions", False)]
    head += [("ms", False), ("±", False), ("", True), ("outputs", True)]
    rows = [_row(head, "th")]
    for run in runs:
        name = escape(run.device.title)
        match run:
            case AotRun():
                cells = [
                    (name, True),
                    (f"{run.device.clock_hz / 1e6:g}", False),
                    (f"{run.flash.total:,}", False),
                    (f"{run.ram.total:,}", False),
                    (f"{run.instructions:,}", False),
                    (milliseconds(run), False),
                    (f"{run.cycles_error:.0%}", False),
                ]
                line = _row(cells)[: -len("</tr>")] + _bar(run.ms / slowest)
                rows.append(f'{line}<td class="text">{escape(_verdict(run))}</td></tr>')
            case HostRun():
                text = f"{run.median_s * 1e3:.3f} ms median, {run.p90_s * 1e3:.3f} ms p90, {run.runtime}, measured"
                rows.append(_remark(name, text))
            case TflmRun():
                text = (
                    f"TensorFlow Lite Micro: model {run.model_bytes:,}, arena {run.arena_bytes:,} B; no cycles claimed"
                )
                rows.append(_remark(name, text))
            case Refusal():
                text = f"{run.reason}. {run.detail}"
                rows.append(
                    f'<tr><td class="text">{name}</td><td class="text bad" colspan="8">{escape(text)}</td></tr>'
                )
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _verdict(run: AotRun) -> str:
    if run.agreement is None:
        return f"not compared: {run.no_agreement}"
    right = run.agreement.vectors - run.agreement.mismatches
    return f"{'bit-exact' if not run.agreement.mismatches else 'MISMATCH'} {right}/{run.agreement.vectors}"


def _device(run: AotRun) -> str:
    device, flash, ram = run.device, run.flash, run.ram
    calibration = device.core.calibration
    note = calibration.against if calibration.calibrated else f"not calibrated: {calibration.against}"
    return f"""<h2>{escape(device.title)}</h2>
<p><a href="{escape(device.page)}">vendor's page</a>, {escape(device.core.title)}, {device.clock_hz / 1e6:g} MHz<br>
<span class="dim">{escape(run.compiler)}; {escape(run.emulator)}; optimize {escape(run.optimize)}</span></p>
<p>Flash {flash.total:,} of {device.flash_bytes:,} B: kernels {flash.kernels:,}, glue {flash.glue:,},
weights {flash.weights:,}, tables {flash.tables:,}, start-up {flash.startup:,}.<br>
RAM {ram.total:,} of {device.ram_bytes:,} B: arena {ram.arena:,}, state {ram.state:,}, stack {ram.stack:,},
static {ram.static:,}.</p>
<p class="dim">Cycles: {escape(note)}. {escape(device.notes)}</p>
{_nodes(run)}
<h3>Memory plan: {ram.arena:,} bytes of arena over the nodes</h3>
{_plan(run.placements, ram.arena)}"""


def _nodes(run: AotRun) -> str:
    total = max(run.cycles, 1)
    head = [
        ("#", False),
        ("operator", True),
        ("layer", True),
        ("shape", True),
        ("MACs", False),
        ("instructions", False),
    ]
    head += [("cycles", False), ("%", False), ("", True), ("instr/MAC", False)]
    rows = [_row(head, "th")]
    for row in run.rows:
        cells = [
            ("" if row.index is None else str(row.index), False),
            (escape(row.op), True),
            (escape(row.name) + (f'<br><span class="dim">{escape(row.kernel)}</span>' if row.kernel else ""), True),
            ("×".join(str(size) for size in row.shape), True),
            (f"{row.macs:,}" if row.macs else "", False),
            (f"{row.instructions:,}", False),
            (f"{row.cycles:,}", False),
            (f"{100 * row.cycles / total:.1f}", False),
        ]
        ratio = f"{row.instructions / row.macs:.2f}" if row.macs else ""
        rows.append(f"{_row(cells)[: -len('</tr>')]}{_bar(row.cycles / total)}<td>{ratio}</td></tr>")
    whole = [("", False), ("total", True), ("", True), ("", True), (f"{run.macs:,}", False)]
    whole += [(f"{run.instructions:,}", False), (f"{run.cycles:,}", False), ("100.0", False), ("", True), ("", False)]
    rows.append(_row(whole, "th"))
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _plan(placements: tuple[Placement, ...], arena: int) -> str:
    if not placements or arena <= 0:
        return '<p class="dim">The arena is empty.</p>'
    width, height, left, bottom = 1000, 320, 70, 24
    first = min(item.first for item in placements)
    steps = max(item.last for item in placements) - first + 1
    shapes = []
    for number, item in enumerate(placements):
        x = left + (item.first - first) * (width - left) / steps
        w = (item.last - item.first + 1) * (width - left) / steps
        h = item.nbytes * (height - bottom) / arena
        y = (height - bottom) - (item.offset + item.nbytes) * (height - bottom) / arena
        about = f"{item.name}: {item.nbytes:,} B at {item.offset:,}, nodes {item.first} to {item.last}"
        colour = f"hsl({number * 47 % 360} 45% 60%)"
        shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(w, 1):.1f}" height="{max(h, 1):.1f}" fill="{colour}">'
            f"<title>{escape(about)}</title></rect>"
        )
    axis = (
        f'<text x="0" y="12">{arena:,} B</text><text x="0" y="{height - bottom}">0</text>'
        f'<text x="{left}" y="{height - 6}">node {first}</text>'
        f'<text x="{width}" y="{height - 6}" text-anchor="end">node {first + steps - 1}</text>'
    )
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="memory plan">{"".join(shapes)}{axis}</svg>'
