"""The conversion as a stage of a recipe: its options. What it does is the converter's work, outside this
room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyml_compress.errors import UsageError
from tinyml_compress.techniques.brain_quantization import WEIGHT_BITS
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    Dimension,
    Fidelity,
    Point,
    StageOptions,
    Technique,
    count,
    flag,
    names,
    text,
    word,
)

_SHAPE_SAMPLES = 16
"""Enough where only the shape of the file is wanted."""


@dataclass(frozen=True)
class ConvertOptions(StageOptions):
    """The .tflite file and everything that goes with it."""

    mode: str = word("int8", ("int8", "int16x8", "dynamic", "float16", "float32"), "number format")
    io: str = text("type of inputs and outputs; empty: what belongs to the mode")
    per_tensor_dense: bool = flag(False, "one scale per dense kernel")
    allow_float: bool = flag(False, "operators without an integer form may stay float")
    samples: int = count(300, 1, 100000, "calibration samples")
    wide: tuple[str, ...] = names(
        "with mode int8: layers whose activations stay int16, by name; * stands for anything"
    )
    weight_bits: int = count(
        8, 4, 8, "8, or 4 with mode int8: `brain_quantize` before puts weights on their steps"
    )
    stream: int = count(0, 0, 10000, "new frames of time per step, the rest remembered; 0: whole windows")

    def problem(self) -> str | None:
        allowed = {"int8": ("int8", "uint8", "float32"), "int16x8": ("int16", "float32")}.get(
            self.mode, ("float32",)
        )
        if self.io and self.io not in allowed:
            return f"io = {self.io!r} is not possible with mode {self.mode!r} ({', '.join(allowed)})"
        if self.per_tensor_dense and self.mode not in ("int8", "int16x8"):
            return f"per_tensor_dense needs mode int8 or int16x8, not {self.mode}"
        if self.wide and self.mode != "int8":
            return f"wide needs mode int8, not {self.mode}"
        if self.weight_bits != 8 and (self.weight_bits != 4 or self.mode != "int8" or self.wide):
            return f"weight_bits = {self.weight_bits}: 8, or 4 with mode int8 and no wide layers"
        return None


class ConvertStage(Technique[ConvertOptions]):
    """The stage `convert`."""

    use = "convert"
    options = ConvertOptions
    place = 90
    dimensions = (
        Dimension("mode", ("int8", "int16x8"), "int8", "number format of activations"),
        Dimension(
            "wide",
            (0, 1, 2, 4),
            0,
            "so many of the most sensitive values in int16",
            matters=lambda point: point["mode"] == "int8",
        ),
    )

    def apply(self, options: ConvertOptions, model: Any, context: Context) -> Applied:
        raise UsageError("a conversion makes a file, not a model", which="convert")

    def chosen(self, point: Point, fidelity: Fidelity) -> ConvertOptions:
        wide = [layer for layers in fidelity.sensitive[: int(point["wide"])] for layer in layers]
        return ConvertOptions(
            mode=str(point["mode"]),
            samples=ConvertOptions().samples if fidelity.trains else _SHAPE_SAMPLES,
            wide=tuple(dict.fromkeys(wide)),
            weight_bits=int(point[WEIGHT_BITS]),
        )


TECHNIQUE = ConvertStage()
