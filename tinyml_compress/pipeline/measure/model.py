"""The .tflite bytes to benchmark: given, read from a file, or converted first."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tinyml_compress.errors import UsageError
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.models.zoo.streams import STREAMS, stream_file
from tinyml_compress.pipeline.compile.front_end import manifest_preprocessing
from tinyml_compress.support import files
from tinyml_compress.support.c_names import c_name

_ZOO = "zoo:"


@dataclass(frozen=True)
class GivenModel:
    """A model ready for a benchmark."""

    content: bytes
    name: str
    """A C name: it prefixes the symbols."""
    source: str
    """What the user said."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """How inputs are made: by the data that was named, or by the manifest of the conversion."""


def given(model: str | Path | bytes, calibration: str | None = None, seed: int = 0) -> GivenModel:
    """`model` is the content of a .tflite file, its path, or whatever `convert` takes.

    What has to be converted becomes int8 with `calibration`; a zoo model brings its own.
    """
    if isinstance(model, bytes):
        return GivenModel(model, "model", "given in memory")
    spec = str(model)
    path = Path(spec)
    if path.is_file() and (path.suffix == ".tflite" or _is_tflite(path)):
        return GivenModel(files.read_bytes(path), c_name(path.stem), spec, _described(path, calibration))
    if path.suffix == ".tflite":
        raise UsageError(
            "no such model file", which=spec, next_step="give a .tflite file, or what `convert` takes"
        )
    stream = spec.removeprefix(_ZOO)
    if spec != stream and stream in STREAMS:
        return GivenModel(stream_file(stream), c_name(stream), spec)
    return _converted(spec, calibration, seed)


def _described(path: Path, named: str | None) -> Preprocessing:
    from tinyml_compress import data

    return manifest_preprocessing(path) if named is None else data.load(named).preprocessing


def _is_tflite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] == b"TFL3"


def _converted(spec: str, calibration: str | None, seed: int) -> GivenModel:
    from tinyml_compress import data
    from tinyml_compress.models.zoo import entry
    from tinyml_compress.pipeline.convert.whole import Wanted
    from tinyml_compress.pipeline.sources.source import source_of

    if spec.startswith(_ZOO) and calibration is None:
        calibration = entry(spec[len(_ZOO) :]).data
    if calibration is None:
        raise UsageError(
            "the model has to be converted to int8 first, which needs representative data",
            which=spec,
            next_step=(
                "give --data SET (DATA=... with make): a .npz or .npy file, or "
                "a shipped set such as data:digits"
            ),
        )
    samples = data.load(calibration)  # before TensorFlow, which takes seconds to load
    source = source_of(spec)
    converted = source.to_tflite(samples, Wanted(seed=seed))
    return GivenModel(
        converted.tflite,
        c_name(source.title),
        f"{spec}, converted to int8 with {calibration}",
        converted.preprocessing,
    )
