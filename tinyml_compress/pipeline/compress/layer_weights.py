"""What weights look like: the numbers behind the pictures of compressed models."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyml_compress.pipeline.inspect.verb import histogram
from tinyml_compress.results import LayerWeights


def weights_of_layer(name: str, values: Any) -> LayerWeights:
    """Of real values in any shape."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    edges, counts = histogram(flat)
    zeros = int(np.count_nonzero(flat == 0))
    return LayerWeights(name=name.split(";")[0], count=flat.size, zeros=zeros, edges=edges, histogram=counts)


def weights_of_keras(model: Any) -> tuple[LayerWeights, ...]:
    """Of every layer whose kernels can be pruned."""
    from tinyml_compress.techniques.sparsity import prunable_weights

    return tuple(
        weights_of_layer(layer.name, np.concatenate([kernel.numpy().reshape(-1) for kernel in kernels]))
        for layer in model.layers
        if (kernels := prunable_weights(layer))
    )
