"""`model.onnx[@WHAT,...]`: a file, the sizes it leaves open, and its inputs as a .tflite file has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.onnx.layout import spatial_inputs, spatial_outputs
from tinyml_compress.converter.onnx.model import OnnxModel, OnnxPort
from tinyml_compress.converter.onnx.values import Order, channels_last, plain_order
from tinyml_compress.errors import DataError, UnsupportedOperator, UsageError

Array = npt.NDArray[np.generic]
ONNX_SUFFIX = ".onnx"
_KEEP = "nchw"
_SAID = re.compile(r"(?P<name>[^=,@]+)=(?P<sizes>\d+(x\d+)*)")
_ALLOWED = "model.onnx, model.onnx@NAME=SIZE for a named size, model.onnx@INPUT=1x3x224x224, model.onnx@nchw"


@dataclass(frozen=True)
class OnnxFile:
    """What the user names."""

    path: Path
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By the name of a size or of an input."""
    keeps: bool = False
    """Whether pictures stay with their channels first, at the price of a TRANSPOSE."""

    @classmethod
    def is_named(cls, spec: str) -> bool:
        path, _, _ = _parts(spec)
        return path.suffix.lower() == ONNX_SUFFIX and not path.is_dir()

    @classmethod
    def parse(cls, spec: str) -> OnnxFile:
        path, mark, words = _parts(spec)
        sizes: dict[str, tuple[int, ...]] = {}
        keeps = False
        for word in words.split(",") if mark else ():
            matched = _SAID.fullmatch(word)
            if word == _KEEP:
                keeps = True
            elif matched is None:
                raise UsageError("not the name of an ONNX model", which=spec, found=word, allowed=_ALLOWED)
            else:
                sizes[matched["name"]] = tuple(int(size) for size in matched["sizes"].split("x"))
        if not path.is_file():
            raise UsageError("no such model", which=path, allowed=_ALLOWED, next_step="check the path")
        return cls(path, sizes, keeps)


def _parts(spec: str) -> tuple[Path, str, str]:
    if Path(spec).is_file():
        return Path(spec), "", ""
    at = spec.lower().find(ONNX_SUFFIX + "@")
    if at < 0:
        return Path(spec), "", ""
    end = at + len(ONNX_SUFFIX)
    return Path(spec[:end]), "@", spec[end + 1 :]


@dataclass(frozen=True)
class FixedPort:
    """An input of which all is known."""

    name: str
    title: str
    """Its name in the .tflite file and in data sets."""
    dtype: np.dtype[np.generic]
    """Of the model."""
    shape: tuple[int, ...]
    """Of the model."""
    order: Order
    """Axes of the .tflite file's input."""

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """In the .tflite file."""
        return tuple(self.shape[axis] for axis in self.order)

    @property
    def stored_dtype(self) -> np.dtype[np.generic]:
        """In the .tflite file: integers of 32 bits stand for wider ones."""
        kinds = {"f": np.float32, "i": np.int32, "u": np.int32, "b": np.bool_}
        return np.dtype(kinds[self.dtype.kind])

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Of one sample, as the .tflite file takes it."""
        return self.stored_shape[1:] if self.shape[:1] == (1,) else self.stored_shape

    def samples(self, array: Array) -> Array:
        """Samples as the .tflite file takes them, given in its layout or in the model's."""
        wanted = self.sample_shape
        own = self.shape[1:] if self.shape[:1] == (1,) else self.shape
        given = array.shape[1:]
        if given == own and own != wanted:
            array = np.moveaxis(array, 1, -1)
        elif given != wanted:
            loose = [size for size in given if size != 1] == [size for size in wanted if size != 1]
            if not loose:
                known = f"(count, {', '.join(map(str, own))})"
                raise DataError(
                    "data is not of the model's input shape",
                    which=self.name,
                    found=f"array of shape {array.shape}",
                    allowed=known if own == wanted else f"{known}, or (count, {', '.join(map(str, wanted))})",
                )
            array = array.reshape(len(array), *wanted)
        return np.ascontiguousarray(array, self.stored_dtype)

    def own(self, samples: Array) -> Array:
        """The same as the model itself takes them: (count, *shape)."""
        stored = samples.reshape(len(samples), *self.stored_shape)
        back = [0, *(self.order.index(axis) + 1 for axis in range(len(self.order)))]
        return np.ascontiguousarray(np.transpose(stored, back)).astype(self.dtype)


def fixed_inputs(model: OnnxModel, file: OnnxFile) -> list[FixedPort]:
    """The inputs with every size a number, the batch being 1 where it is open."""
    spatial = frozenset() if file.keeps else spatial_inputs(model.graph)
    _check_words(model, file)
    ports = []
    for port in model.graph.inputs:
        shape = _fixed(port, file)
        if port.dtype.kind not in "fiub":
            raise UnsupportedOperator(
                "an input is of a type that is not known", which=port.name, found=port.dtype
            )
        order = channels_last(len(shape)) if port.name in spatial else plain_order(len(shape))
        ports.append(FixedPort(port.name, title(port.name), port.dtype, shape, order))
    return ports


def last_outputs(model: OnnxModel, file: OnnxFile) -> frozenset[str]:
    """Outputs that the .tflite file has with their channels last."""
    return frozenset() if file.keeps else spatial_outputs(model.graph)


def title(name: str) -> str:
    """A name of ONNX as TensorFlow takes it."""
    plain = re.sub(r"\W", "_", name)
    return plain if re.match(r"[A-Za-z]", plain) else f"x{plain}"


def _check_words(model: OnnxModel, file: OnnxFile) -> None:
    inputs = {port.name for port in model.graph.inputs}
    symbols = {size for port in model.graph.inputs for size in port.shape if isinstance(size, str)}
    for name, sizes in file.sizes.items():
        if name not in inputs | symbols or (name in symbols - inputs and len(sizes) != 1):
            raise UsageError(
                "the model has no such size or input",
                which=f"@{name}={'x'.join(map(str, sizes))}",
                found=f"sizes {', '.join(sorted(symbols)) or 'none'}; inputs {', '.join(sorted(inputs))}",
                allowed=_ALLOWED,
            )


def _fixed(port: OnnxPort, file: OnnxFile) -> tuple[int, ...]:
    said = file.sizes.get(port.name)
    if said is not None:
        if len(said) != len(port.shape):
            raise UsageError(
                "an input has another number of axes",
                which=f"@{port.name}={'x'.join(map(str, said))}",
                allowed=_shown(port.shape),
            )
        return said
    sizes = [
        file.sizes[size][0] if isinstance(size, str) and size in file.sizes else size for size in port.shape
    ]
    if sizes and not isinstance(sizes[0], int):
        sizes[0] = 1  # a batch: devices take one sample at a time
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        example = "x".join(str(size) if isinstance(size, int) and size > 0 else "SIZE" for size in sizes)
        raise UsageError(
            "an input has sizes that the model leaves open",
            which=f"{file.path}, {port.name}",
            found=_shown(port.shape),
            allowed="fixed sizes: a board's memory is planned when the file is made",
            next_step=f"say them behind the name: {file.path}@{port.name}={example}",
        )
    return tuple(int(size) for size in sizes if isinstance(size, int))


def _shown(shape: Sequence[int | str | None]) -> str:
    return "x".join("?" if size is None else str(size) for size in shape)
