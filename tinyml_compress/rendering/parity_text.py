"""The parity ladder for the terminal."""

from __future__ import annotations

from tinyml_compress.results import Engine, Ladder, Step
from tinyml_compress.results.base import shows
from tinyml_compress.results.parity import Decibel
from tinyml_compress.support.table import Block, Cell, Column, Table, facts

ENGINE_NAMES = {
    Engine.LITERT: "LiteRT",
    Engine.LITERT_REF: "LiteRT reference",
    Engine.TFLM: "TFLM",
    Engine.AOT: "generated C",
}
_SHOWN_LAYERS = 5


@shows(Ladder)
def ladder_blocks(done: Ladder) -> list[Block]:
    """Every step of the ladder, and the layers with the most noise."""
    kind = "" if done.inputs == "data" else f" ({done.inputs}; noise means more with --data)"
    rows: list[tuple[str, Cell]] = [("model", done.model), ("samples", f"{done.samples}{kind}")]
    if done.litert is not None:
        rows.append(("LiteRT", done.litert))
    if done.reference is not None:
        sqnr = "" if done.output_sqnr_db is None else f": outputs at {_decibel(done.output_sqnr_db)} SQNR"
        rows.append(("float", f"{done.reference}{sqnr}"))
    blocks: list[Block] = [facts(rows)]
    for step in done.steps:
        blocks += _step_lines(step)
    blocks += [f"{ENGINE_NAMES[rung.engine]}: absent, {rung.absent}" for rung in done.rungs if rung.absent]
    if done.layers:
        worst = sorted(done.layers, key=lambda layer: layer.decibels)[:_SHOWN_LAYERS]
        columns = (Column("SQNR", right=True), Column("#", "{:d}"), Column("operator"), Column("layer"))
        noise = tuple((_decibel(layer.sqnr_db), layer.index, layer.op, layer.layer) for layer in worst)
        blocks.append(Table(columns, noise, "layers with the most noise (SQNR against float):", indent=2))
    elif done.layers_absent is not None:
        blocks.append(f"noise per layer: absent, {done.layers_absent}")
    return blocks


def _step_lines(step: Step) -> list[str]:
    if step.mismatches:
        outputs = f"{step.mismatches:,} of {step.elements:,} outputs differ, by at most {step.largest:g}"
        where = "first layer that differs"
    else:
        outputs = f"all {step.elements:,} outputs equal"
        where = "inside, not at the outputs, the first layer that differs"
    lines = [f"{ENGINE_NAMES[step.below]} -> {ENGINE_NAMES[step.above]}: {outputs}"]
    return lines if step.first is None else [*lines, f"  {where}: {step.first}"]


def _decibel(value: Decibel) -> str:
    return value if isinstance(value, str) else f"{value:.1f} dB"
