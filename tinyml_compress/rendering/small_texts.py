"""Results of the small verbs for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tinyml_compress._version import __version__
from tinyml_compress.results import (
    Check,
    Compiled,
    Contract,
    DataCheck,
    Diagnosis,
    Exported,
    FittingSize,
    Part,
    Served,
    Shrunk,
    Verification,
)
from tinyml_compress.results.base import shows
from tinyml_compress.results.ledger import PARTS
from tinyml_compress.support.table import Block, Cell, Column, Numbers, Row, Table, facts

_FIXES = {
    "flash": "compress the model further (recipes), compile with --optimize size, or take a larger device",
    "RAM": "use a smaller input or fewer channels in the first layers, or take a larger device",
}


@shows(Verification)
def verification_blocks(done: Verification) -> list[Block]:
    """Both sides, then whether they are equal, or where they part."""
    sides: list[tuple[str, Cell]] = [("A", done.a), ("B", done.b)]
    if done.litert is not None:
        sides.append(("LiteRT", done.litert))
    if done.equal:
        told = f"equal: 0 of {done.elements:,} output values differ on {done.vectors} vectors"
        return [facts(sides), told]
    some = ", ".join(done.differing[:4]) + (", ..." if len(done.differing) > 4 else "")
    rows: list[tuple[str, Cell]] = [
        ("vectors", f"{len(done.differing)} of {done.vectors}: {some}"),
        ("largest difference", f"{done.largest:g}"),
    ]
    if done.divergence is not None:
        rows.append(("first node that differs", str(done.divergence)))
    elif done.why_no_divergence is not None:
        rows.append(("first node that differs", f"not known, {done.why_no_divergence}"))
    title = f"different: {done.mismatches:,} of {done.elements:,} output values"
    return [facts(sides), title, facts(rows, indent=2)]


@shows(Served)
def served_blocks(done: Served) -> list[Block]:
    """The port first: that is what people copy."""
    rows: list[tuple[str, Cell]] = [
        ("port", done.path),
        ("board", f"{done.title}, emulated ({done.emulator}), on its {done.line}"),
        ("model", f"{done.name}, sha256 {done.model_sha256[:12]}"),
        ("inference", f"{done.ms:.3f} ms on its clock (modelled)"),
    ]
    if done.interface is not None:
        rows += [
            ("interface board", f"{done.interface.path}, plays {done.interface.folder}"),
            ("frame", f"{done.interface.frame_ms:.3f} ms of the front end (modelled)"),
        ]
    return [facts(rows)]


@shows(Shrunk)
def shrunk_blocks(done: Shrunk) -> list[Block]:
    """Bytes by cause before and after, what was cut, and what proves the outputs."""
    before, after, saved = done.before, done.after, done.saved
    rows: list[Row] = [
        (part, Numbers((size,), "{:,} B"), Numbers((now,), "{:,} B"))
        for part, size, now in zip(PARTS, before.parts, after.parts, strict=True)
    ]
    rows += [
        (what, *pair) for what, pair in (("operators", done.nodes), ("MACs", done.macs)) if pair[0] != pair[1]
    ]
    title = f"{before.file:,} B -> {after.file:,} B, {saved:,} B saved ({saved / before.file:.1%})"
    columns = (Column("part"), Column("before", "{:,}"), Column("after", "{:,}"))
    return [Table(columns, tuple(rows), title, tuple(_notes(done)), indent=2)]


def _notes(done: Shrunk) -> Iterator[str]:
    for layer in done.narrowed:
        yield f"{layer.op} {layer.layer}: {layer.before} -> {layer.after} channels; the rest was dead"
    if not done.saved:
        yield "nothing to remove: the file stays as it is, byte for byte; --names-only removes names"
    if done.not_analysed is not None:
        yield f"dead channels were not looked for: {done.not_analysed}"
    if done.vectors:
        yield f"outputs identical under TensorFlow Lite Micro on {done.vectors} inputs"
    else:
        yield "outputs not compared: tflite-micro is not installed here (Linux x86-64 only)"


@shows(Check)
def check_blocks(done: Check) -> list[Block]:
    """Each contract in turn."""
    return [*(block for contract in done.contracts for block in _contract(contract)), *done.notes]


def _contract(contract: Contract) -> list[Block]:
    """What is needed of each memory, and every layer that is refused, with the fix."""
    rows: list[tuple[str, Cell]] = []
    for demand in contract.memory:
        mark = "" if demand.fits else "  DOES NOT FIT"
        rows.append((demand.memory, f"{demand.needed:,} of {demand.available:,} B ({demand.of_what}){mark}"))
        if not demand.fits:
            rows.append(("  fix", _FIXES[demand.memory.split()[0]]))
    rows += [("assumed", text) for text in contract.assumptions or ()]
    head = "takes the model" if contract.holds else "refuses the model"
    blocks: list[Block] = [f"{contract.device}, {contract.engine}: {head}"]
    if rows:
        blocks.append(facts(rows, indent=2))
    for refused in (*contract.refused, *(contract.left or ())):
        reasons = (("found", refused.found), ("allowed", refused.allowed), ("fix", refused.next_step))
        told = [(label, text) for label, text in reasons if text is not None]
        blocks += [f"  {refused.layer}: {refused.what}", facts(told, indent=4)]
    if contract.fitting is not None:
        blocks.append(_fitting_text(contract.fitting))
    return blocks


def _fitting_text(size: FittingSize) -> str:
    needs = ", ".join(f"{one.memory} {one.needed:,} of {one.available:,} B" for one in size.memory)
    return (
        f"  would fit: {size.family} of {size.layers} layers, width {size.width} ({size.inner} inside), "
        f"{size.heads} heads, {size.words:,} words, {size.length} tokens: {size.parameters:,} parameters; "
        f"{needs}"
    )


@shows(Compiled)
def compiled_blocks(done: Compiled) -> list[Block]:
    """Sizes, kernels and files; every number is exact (counted)."""
    bound = done.arena_lower_bound
    ratio = "optimal" if done.arena_bytes <= bound else f"{done.arena_bytes / max(bound, 1) - 1:.1%} above"
    kernels = sorted({node.kernel for node in done.nodes})
    above = f"{done.arena_bytes:,} B, inputs and outputs included ({ratio}; lower bound {bound:,} B)"
    rows: list[tuple[str, Cell]] = [
        ("arena", above),
        ("weights", f"{done.weight_bytes:,} B, other tables {done.table_bytes:,} B"),
        *_encodings(done),
        *(("memory", one.shown) for one in done.memories or () if one.parts),
        ("wrote", f"{', '.join(done.files)} in {done.folder} ({done.seconds:.1f} s)"),
    ]
    title = f"{done.name}: {len(done.nodes)} nodes, {len(kernels)} kernels: {', '.join(kernels)}"
    return [facts(rows, title=title, indent=2)]


def _encodings(done: Compiled) -> list[tuple[str, Cell]]:
    """A fact that names the encodings of the weights, when some are not dense."""
    used = Counter(node.encoding for node in done.nodes if node.encoding)
    if set(used) <= {"dense"}:
        return []
    sparse = [
        f"{node.name} {node.encoding} {node.zeros or 0.0:.0%} zero"
        for node in done.nodes
        if node.encoding not in (None, "dense")
    ]
    counts = ", ".join(f"{count} {name}" for name, count in sorted(used.items()))
    return [("encoded", (f"{counts}:", *sparse))]


@shows(Exported)
def exported_blocks(done: Exported) -> list[Block]:
    """What it is, what proves it, and where it lies."""
    title = f"{done.name}: {done.format}, engine {done.engine}, version {done.release}"
    wrote = f"{len(done.files)} files in {done.folder}; README.md says how to use them ({done.seconds:.1f} s)"
    tested = f"{done.test_vectors} golden vectors, outputs of {done.oracle}"
    lies = [("memory", one.shown) for one in done.memories or () if one.parts]
    needs = [("firmware", one) for one in done.firmware or ()]
    return [facts([("self-test", tested), *lies, *needs, ("wrote", wrote)], title=title, indent=2)]


@shows(DataCheck)
def data_check_blocks(done: DataCheck) -> list[Block]:
    """What was looked at, and how many warnings there are."""
    head = f"{done.spec}: {done.title}" if done.title else done.spec
    tail = "nothing to worry about" if done.warnings == 0 else f"{done.warnings} warnings"
    columns = (Column("verdict"), Column("about"), Column("what was found", prose=True))
    rows = tuple((one.severity.value, one.about, one.text) for one in done.findings)
    return [head, Table(columns, rows, indent=2), tail]


def _connected(done: Diagnosis) -> list[Block]:
    """Ports and probes, where there are any."""
    rows = [("port", one.name, one.about) for one in done.ports]
    rows += [("probe", one.name, one.about) for one in done.probes]
    if not rows:
        return []
    return [Table((Column("connected"), Column("name"), Column("what it is", prose=True)), tuple(rows)), ""]


@shows(Diagnosis)
def diagnosis_blocks(done: Diagnosis) -> list[Block]:
    """A line per part: whether it is here, and how to get it where it is not."""
    columns = (
        Column("part"),
        Column("state"),
        Column("version", priority=1),
        Column("what it gives", prose=True),
    )
    kept = Table(
        (Column("lock"), Column("state"), Column("what it keeps out", prose=True)),
        tuple((lock.name, "on" if lock.on else "OFF", lock.keeps) for lock in done.locks),
    )
    writable = "" if done.cache_writable else ": NOT WRITABLE, set TINYML_COMPRESS_CACHE"
    return [
        f"tinyml_compress {__version__}, Python {done.python}, {done.machine}",
        f"cache {done.cache}{writable}",
        "",
        Table(columns, tuple(map(_part, done.parts))),
        "",
        kept,
        "",
        *_connected(done),
        _verdict(done),
    ]


def _verdict(done: Diagnosis) -> str:
    if not done.sound:
        return "something required is missing, or a lock is off: see above"
    if not done.trains:
        return (
            "enough for every verb on .tflite files; to load, train or convert models, TensorFlow is missing"
        )
    return "all that is required is here"


def _part(part: Part) -> Row:
    if part.version is not None:
        return (part.name, "ok", part.version, part.gives)
    return (part.name, "MISSING" if part.required else "absent", None, (part.gives, f"get it: {part.get}"))
