"""Full integer means every operator: the check that reads the file instead of believing the converter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tinyml_compress.converter.flatfile import FileOperator, FileTensor, FlatFile
from tinyml_compress.errors import FloatOperatorError
from tinyml_compress.ops import all_operators
from tinyml_compress.ops.traits import Carried

_BY_CHANCE = ("SPLIT", "SPLIT_V")
"""What TensorFlow's converter leaves in float in some of its runs and makes integer in the others."""
_HINTS = {
    "ELU": "replace ELU by ReLU, ReLU6 or LeakyReLU",
    "GELU": "replace GELU by ReLU, ReLU6 or LeakyReLU",
    "SPLIT": (
        "the layer is a recurrent one that was unrolled: use LSTM with "
        "unroll=False, or convolutions along time"
    ),
    "NEG": "write the layer without a negation (subtract instead)",
    "MUL": "a factor stayed float: put the BatchNorm directly behind its convolution or Dense",
    "LOGISTIC": "replace swish by ReLU, ReLU6 or LeakyReLU",
}


@dataclass(frozen=True)
class FloatUse:
    """A float tensor at an operator that must be integer."""

    operator: str
    tensor: str
    layer: str


def float_operators(file: FlatFile, layers: Sequence[str] = ()) -> tuple[FloatUse, ...]:
    """Operators with a float tensor, in order; `layers` are the Keras model's layer names.

    Casts (QUANTIZE, DEQUANTIZE) are no offence in themselves: they are what float inputs and outputs need.
    """
    casts = {name for name, known in all_operators().items() if known.values is Carried.CAST}
    return tuple(
        FloatUse(operator.name, bad.name, _layer_of(operator, layers))
        for operator in file.operators
        if operator.name not in casts and (bad := _float_tensor(operator)) is not None
    )


def left_by_chance(file: FlatFile) -> bool:
    """Whether another run of the converter may make integer what this one left in float."""
    return any(use.operator in _BY_CHANCE for use in float_operators(file))


def check_integer(file: FlatFile, layers: Sequence[str] = ()) -> None:
    """Raise FloatOperatorError for the first float operator, with the number of the others."""
    floats = float_operators(file, layers)
    if not floats:
        return
    first = floats[0]
    more = (
        f"; {len(floats) - 1} more: {_listed(use.operator for use in floats[1:])}" if len(floats) > 1 else ""
    )
    is_named = first.layer != first.operator
    cause = f"the layer {first.layer}" if is_named else f"what makes {first.operator}"
    hint = _HINTS.get(first.operator, f"replace or remove {cause}")
    raise FloatOperatorError(
        "the full-integer file holds a float operator",
        which=f"{first.operator} in layer {first.layer}" if is_named else first.operator,
        found=f"float tensor {first.tensor}{more}",
        allowed="integer operators only",
        next_step=f"{hint}; or accept float with --allow-float",
    )


def _float_tensor(operator: FileOperator) -> FileTensor | None:
    # Outputs first: they carry the name of the layer that the user knows.
    return next(
        (t for t in (*operator.outputs, *operator.inputs) if t.dtype is not None and t.dtype.is_float), None
    )


def _layer_of(operator: FileOperator, layers: Sequence[str]) -> str:
    """The Keras layer, told by names: a tensor is called model/layer/operation, joined by `;` when fused."""
    known = set(layers)
    fallback = operator.name
    for tensor in (*operator.outputs, *operator.inputs):
        for part in reversed(tensor.name.split(";")):
            words = part.split("/")
            named = next((word for word in words if word in known), None)
            if named is not None:
                return named
            if len(words) > 1 and fallback == operator.name:
                fallback = re.sub(r"_\d+$", "", words[-2]) if not known else words[-2]
    return fallback


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:6]) + (", ..." if len(every) > 6 else "")
