"""The front end beside a model: what its data set says of it, and the C of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.codegen.front_end import front_end_program
from tinyml_compress.data.front_end import preprocessing_in
from tinyml_compress.errors import DataError
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.ir import DType, Port, Program
from tinyml_compress.support import files
from tinyml_compress.support.json_file import read_json

__all__ = ["front_end", "manifest_preprocessing"]

_BYTES = (DType.INT8, DType.UINT8)


def manifest_preprocessing(model: Path) -> Preprocessing:
    """How inputs are made, by the manifest that `convert` wrote beside this very file; else
    nothing is done.
    """
    path = model.parent / "manifest.json"
    if not path.is_file():
        return Preprocessing()
    try:
        manifest = read_json(path)
        named = manifest["files"][model.name]
    except (DataError, KeyError, TypeError):
        return Preprocessing()  # a manifest of something else
    if named != files.sha256(files.read_bytes(model)):
        return Preprocessing()
    return preprocessing_in(path, manifest)


def front_end(name: str, inputs: Sequence[Port], done: Preprocessing) -> Program | None:
    """Samples in, bytes of the model's input out.

    None where no features in whole numbers are described, or the model takes something else than bytes of
    whole rows of them.
    """
    audio = done.audio
    if audio is None or not audio.is_fixed or len(inputs) != 1:
        return None
    (port,) = inputs
    if port.dtype not in _BYTES or port.quant is None or port.nbytes % audio.shape[1]:
        return None
    return front_end_program(name, done, audio, port)
