"""One loader: a file, a folder, a Python function or a name of the zoo becomes a tf_keras model."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ModelError, UsageError, about
from tinyml_compress.models import keras3, keras_files, zoo
from tinyml_compress.models.origin import EXPORT, LoadedModel, ModelFormat, Origin
from tinyml_compress.models.precision import in_float32
from tinyml_compress.models.saved_graph import check_files
from tinyml_compress.models.saved_model import load_saved_model
from tinyml_compress.models.stored import damaged
from tinyml_compress.support import backend, files
from tinyml_compress.support.trust import trusted, trusting
from tinyml_compress.support.user_code import called

FORMS = "a .keras or .h5 file, a SavedModel folder, package.module:function, or zoo:NAME"
_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_H5 = (".h5", ".hdf5")
FILES = (".keras", *_H5)
"""How names of model files end."""
_NUMBERS = frozenset(
    ["bool", "float16", "bfloat16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)


def load(spec: str | Path, *, trust: bool = False) -> LoadedModel:
    """The model that `spec` names, as a tf_keras model.

    A model file is data: what in it is code is refused, unless the user gave his word, here or with
    `trusting()`.
    """
    with trusting(trust):
        return _load(str(spec))


def is_function(text: str) -> bool:
    """Whether it may name a function of the user's."""
    return _FUNCTION.fullmatch(text) is not None


def _load(text: str) -> LoadedModel:
    if text.startswith("zoo:"):
        return _from_zoo(text)
    path = Path(text)
    if path.is_dir():
        return _from_folder(text, path)
    if path.exists():
        return _from_file(text, path)
    if is_function(text):
        return _from_function(text)
    raise UsageError("no such model", which=text, allowed=FORMS, next_step="check the path")


def _from_zoo(text: str) -> LoadedModel:
    name = zoo.entry(text.removeprefix("zoo:")).name
    keras = backend.keras2()
    with backend.quiet():
        model = zoo.build(name, keras)
    return LoadedModel(model, Origin(text, ModelFormat.ZOO, _sha256_of_model(model)))


def _from_folder(text: str, path: Path) -> LoadedModel:
    if not (path / "saved_model.pb").is_file():
        raise ModelError(
            "the folder is not a SavedModel", which=path, found="no saved_model.pb in it", allowed=FORMS
        )
    if not trusted():
        check_files(path)
    digest = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
        digest.update(_read(file))
    loaded = load_saved_model(path)
    origin = Origin(text, ModelFormat.SAVED_MODEL, digest.hexdigest(), loaded.proof)
    return replace(_checked(loaded.model, origin), opaque=loaded.opaque)


def _from_file(text: str, path: Path) -> LoadedModel:
    suffix = path.suffix.lower()
    if suffix == ".tflite":
        raise UsageError(
            "the model is converted already",
            which=path,
            allowed=FORMS,
            next_step="compile, verify, evaluate and benchmark take .tflite files",
        )
    if suffix not in FILES:
        raise UsageError(
            "not a Keras model",
            which=path,
            allowed=FORMS,
            next_step="tinyml-compress convert makes a .tflite file of other models too, such as .onnx",
        )
    data = _read(path)
    sha256 = files.sha256(data)
    if suffix in _H5:
        return _from_h5(text, path, sha256)
    if not zipfile.is_zipfile(path):
        if data.startswith(b"\x89HDF"):
            return _from_h5(text, path, sha256)
        raise damaged(path, "not a .keras archive" if data else "an empty file")
    return _from_keras(text, path, sha256)


def _from_keras(text: str, path: Path, sha256: str) -> LoadedModel:
    model, third = keras_files.load_keras(path)
    if third:
        return _from_keras3(model, Origin(text, ModelFormat.KERAS3, sha256))
    return _checked(model, Origin(text, ModelFormat.KERAS2, sha256))


def _from_h5(text: str, path: Path, sha256: str) -> LoadedModel:
    model, third = keras_files.load_h5(path)
    origin = Origin(text, ModelFormat.H5, sha256)
    return _from_keras3(model, origin) if third else _checked(model, origin)


def _from_function(text: str) -> LoadedModel:
    backend.keras2()  # before the user's module imports TensorFlow with other switches
    model = called(text, ModelError, "a function without arguments that returns a Keras model")
    if isinstance(model, backend.keras2().Model):
        _check_inputs(model, text)
        return _checked(model, Origin(text, ModelFormat.FUNCTION, _sha256_of_model(model)))
    if isinstance(model, backend.keras3().Model):
        _check_inputs(model, text)
        return _from_keras3(model, Origin(text, ModelFormat.FUNCTION, _sha256_of_model(model)))
    raise ModelError(
        "the function did not return a Keras model",
        which=text,
        found=type(model).__name__,
        allowed="a Keras model",
    )


def _from_keras3(model: Any, origin: Origin) -> LoadedModel:
    rebuilt, proof = keras3.rebuild(model)
    return _checked(rebuilt, Origin(origin.spec, origin.format, origin.sha256, proof))


def _checked(model: Any, origin: Origin) -> LoadedModel:
    """Only models with known inputs, and finite weights, go on."""
    import numpy as np

    _check_inputs(model, origin.spec)
    with about(origin.spec):
        model, precision = in_float32(model)
    for weight in model.weights:
        if weight.dtype.is_floating and not bool(np.isfinite(weight.numpy()).all()):
            raise ModelError(
                "the model holds weights that are not finite numbers",
                which=f"{origin.spec}, {weight.name}",
                next_step="train it again, with a smaller learning rate",
            )
    return LoadedModel(model, origin, precision=precision)


def _check_inputs(model: Any, spec: str) -> None:
    if not getattr(model, "inputs", None):
        is_sequential = any(base.__name__ == "Sequential" for base in type(model).__mro__)
        why = (
            "which was never built or called"
            if is_sequential
            else "a class of its own: Keras keeps no graph of it"
        )
        raise ModelError(
            "the model has no known input shape",
            which=spec,
            found=f"{type(model).__name__}, {why}",
            next_step="save it after its first call" if is_sequential else EXPORT,
        )
    for tensor in model.inputs:
        dtype = getattr(tensor.dtype, "name", tensor.dtype)  # Keras 3 has the name alone
        if dtype not in _NUMBERS:
            raise ModelError(
                "the model takes an input that is no number",
                which=f"{spec}, {tensor.name}",
                found=dtype,
                allowed="integers, floats or truth values",
                next_step="give the net what its preprocessing makes, and leave that out of the model",
            )


def _read(path: Path) -> bytes:
    try:
        return files.content(path)
    except OSError as error:
        raise ModelError("the model file cannot be read", which=path, found=error.strerror) from error


def _sha256_of_model(model: Any) -> str:
    import numpy as np

    digest = hashlib.sha256(json.dumps(model.get_config(), sort_keys=True, default=str).encode())
    for value in model.get_weights():
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
