"""Look at Keras models layer by layer: parameters, MACs, zeros, element types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.data import DataSet
from tinyml_compress.errors import ModelError, UnsupportedLayer
from tinyml_compress.ir import DType
from tinyml_compress.models import LoadedModel
from tinyml_compress.pipeline.inspect.verb import values_of
from tinyml_compress.results import Inspection, LayerFacts, Sensitivity
from tinyml_compress.support.progress import stage

_SHORT: dict[str, str] = {
    dtype.numpy.name: dtype.value for dtype in reversed(DType) if dtype is not DType.RESOURCE
}
"""Names of element types as .tflite files are shown with, by numpy's."""


def inspect_keras(loaded: LoadedModel, data: DataSet | None = None) -> Inspection:
    """Count; with `data`, calibration samples, also what each layer's compression does to the outputs."""
    sensitivity = None if data is None else _sensitivity(loaded, data)
    layers, missing = ((), None) if loaded.opaque else _layers(loaded.model)
    if loaded.opaque is not None:
        missing = f"its graph runs as one layer: {loaded.opaque.found} has none"
    weights = [weight.numpy() for weight in loaded.weights]
    kinds: Counter[str] = Counter()
    for weight in weights:
        kinds[_short(weight.dtype.name)] += weight.size
    known = [layer.macs for layer in layers if layer.macs is not None]
    origin = loaded.origin
    return Inspection(
        path=origin.spec,
        sha256=origin.sha256,
        operators=dict(sorted(Counter(layer.op for layer in layers).items())),
        inputs=_described(loaded.model.inputs),
        outputs=_described(loaded.model.outputs),
        layers=layers,
        macs=sum(known) if layers and len(known) == len(layers) else None,
        parameters=sum(weight.size for weight in weights),
        zeros=sum(int(np.count_nonzero(weight == 0)) for weight in weights),
        missing=missing,
        form=origin.format.value,
        nbytes=_nbytes(origin.spec),
        dtypes=dict(sorted(kinds.items())),
        about=_about(loaded),
        sensitivity=sensitivity,
    )


def _sensitivity(loaded: LoadedModel, data: DataSet) -> Sensitivity:
    from tinyml_compress.techniques.sensitivity import measured

    loaded.require_layers()
    if len(loaded.model.inputs) != 1:
        raise ModelError(
            "layers are measured in models with one input", which=loaded.origin.spec, found=loaded.input_names
        )
    with stage("what each layer's compression does to the outputs") as line:
        return measured(loaded.model, data.fitted(loaded.input_shapes[0]).inputs, tell=line.note).result()


def _about(loaded: LoadedModel) -> str | None:
    told = (
        [] if loaded.origin.bridge is None else [loaded.origin.summary().partition(" (")[2].removesuffix(")")]
    )
    if loaded.precision is not None:
        told.append(f"computes in {loaded.precision}; counted and converted in float32")
    return "; ".join(told) or None


def _layers(model: Any) -> tuple[tuple[LayerFacts, ...], str | None]:
    """Every layer once, nested models opened up, and why the work of some is not known."""
    from tinyml_compress.techniques.channels import analyse
    from tinyml_compress.techniques.cost import work_of
    from tinyml_compress.techniques.graph import copy_model, is_plain_graph
    from tinyml_compress.techniques.sparsity import prunable_weights

    try:
        graph = analyse(copy_model(model)) if is_plain_graph(model) else None
    except UnsupportedLayer as error:
        return _uncounted(model), f"MACs not counted: {error.what}: {error.which}"
    if graph is None:
        return _uncounted(model), "MACs not counted: the model is no graph of layers"
    work, unknown = work_of(graph), []
    facts: dict[int, LayerFacts] = {}
    for step in graph.steps:
        layer = step.layer
        if id(layer) in facts:
            continue
        macs = work.get(id(layer))
        if macs is None and prunable_weights(layer):
            unknown.append(f"{layer.name} ({type(layer).__name__})")
        elif macs is None:
            macs = 0
        facts[id(layer)] = _facts(len(facts), layer, step.input_shapes, step.output_shapes, macs)
    missing = f"MACs not counted: the work of {', '.join(unknown)} is not known" if unknown else None
    return tuple(facts.values()), missing


def _uncounted(model: Any) -> tuple[LayerFacts, ...]:
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    return tuple(_facts(index, layer, (), (), None) for index, layer in enumerate(layers))


def _facts(
    index: int, layer: Any, inputs: Sequence[Any], outputs: Sequence[Any], macs: int | None
) -> LayerFacts:
    from tinyml_compress.techniques.sparsity import prunable_weights

    kernels = [np.asarray(kernel.numpy(), np.float64).reshape(-1) for kernel in prunable_weights(layer)]
    computes = _short(getattr(layer, "compute_dtype", None) or "float32")
    kinds = sorted({_short(weight.dtype.name) for weight in layer.weights})
    return LayerFacts(
        index=index,
        op=type(layer).__name__,
        name=layer.name,
        inputs=tuple(_form(computes, shape) for shape in inputs),
        output=", ".join(_form(computes, shape) for shape in outputs),
        quantization="",
        macs=macs,
        parameters=int(layer.count_params()),
        weights=values_of(np.concatenate(kernels)) if kernels else None,
        dtype=", ".join(kinds) or None,
    )


def _described(tensors: Sequence[Any]) -> tuple[str, ...]:
    return tuple(
        f"{tensor.name.split(':')[0]} {_form(_short(tensor.dtype.name), tuple(tensor.shape))}"
        for tensor in tensors
    )


def _form(dtype: str, shape: Sequence[int | None]) -> str:
    """Without the batch, which Keras leaves open."""
    return f"{dtype}[{'x'.join('?' if size is None else str(size) for size in shape[1:])}]"


def _short(name: str) -> str:
    return _SHORT.get(name, name)


def _nbytes(spec: str) -> int | None:
    """Of the file, or of all files of the folder."""
    path = Path(spec)
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else None
