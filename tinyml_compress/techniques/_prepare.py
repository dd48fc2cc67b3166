"""Bring a model into the form in which it will run: normalizations folded, separable convolutions split.

Every step leaves the outputs as they are (up to rounding), and works on calls of a flat model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyml_compress.support.backend import keras2
from tinyml_compress.techniques.channels import is_softmax
from tinyml_compress.techniques.graph import Copier, LayerCall, copy_model, output_numbers, rebuild, steps_of

_FOLDS_INTO = {"Conv2D", "Dense", "DepthwiseConv2D", "Conv2DTranspose"}
# these fuse into the operator before them when the model is converted
_FUSED = {"linear", "relu", "relu6"}


@dataclass(frozen=True)
class Prepared:
    """A model of the same outputs, and what was folded into what."""

    model: Any
    folded: dict[str, str]  # normalization -> layer that now does its work
    factors: dict[str, Any]  # layer -> factor that the folding put on each output channel of its kernel
    bases: dict[str, Any]  # layer -> its kernel before that


def prepare(model: Any) -> Prepared:
    """All steps, in order."""
    return _fold_normalizations(_detach_activations(split_separable(copy_model(model))))


def split_separable(flat: Any) -> Any:
    """SeparableConv2D as the depthwise and the 1x1 convolution that it stands for."""
    copier = Copier()

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if type(layer).__name__ != "SeparableConv2D":
            return copier(layer, args, kwargs)
        weights, layers = layer.get_weights(), keras2().layers
        depth = copier.build(
            layer.depthwise_kernel,  # any object of this layer's own serves as the second key
            lambda: layers.DepthwiseConv2D(
                layer.kernel_size,
                strides=layer.strides,
                padding=layer.padding,
                dilation_rate=layer.dilation_rate,
                depth_multiplier=layer.depth_multiplier,
                use_bias=False,
                name=copier.name(f"{layer.name}_depthwise"),
            ),
            weights[:1],
            args,
            kwargs,
        )
        return copier.build(
            layer,
            lambda: layers.Conv2D(
                layer.filters,
                1,
                activation=layer.activation,
                use_bias=layer.use_bias,
                name=copier.name(f"{layer.name}_pointwise"),
            ),
            weights[1:],
            (depth,),
            {},
        )

    return rebuild(flat, substitute)


def _detach_activations(flat: Any) -> Any:
    """Activations that no operator fuses become layers of their own, so that both sides get a range."""
    copier, own = Copier(), {}

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name = getattr(getattr(layer, "activation", None), "__name__", "linear")
        if type(layer).__name__ not in _FOLDS_INTO | {"Conv1D"} or name in _FUSED:
            return copier(layer, args, kwargs)
        make = lambda: copier.fresh(layer, activation="linear")  # noqa: E731
        linear = copier.build(layer, make, layer.get_weights(), args, kwargs)
        if id(layer) not in own:
            own[id(layer)] = keras2().layers.Activation(
                layer.activation, name=copier.name(f"{layer.name}_{name}")
            )
        return own[id(layer)](linear)

    return rebuild(flat, substitute)


def _fold_normalizations(flat: Any) -> Prepared:
    """Batch normalizations whose only source is a linear layer vanish into its weights."""
    steps, makers = steps_of(flat), {}
    uses: dict[int, int] = {}
    calls: dict[int, int] = {}
    for step in steps:
        calls[id(step.layer)] = calls.get(id(step.layer), 0) + 1
        for number in step.inputs:
            uses[number] = uses.get(number, 0) + 1
        makers[step.outputs[0]] = step
    kept_as_output = set(output_numbers(flat))
    into: dict[int, Any] = {}  # id(normalization) -> the layer before it
    for step in steps:
        source = makers.get(step.inputs[0]) if step.inputs else None
        if (
            source is not None
            and _is_foldable(step, source)
            and uses[step.inputs[0]] == 1
            and step.inputs[0] not in kept_as_output
            and calls[id(step.layer)] == calls[id(source.layer)] == 1
        ):
            into[id(step.layer)] = source.layer
    norms = {id(layer): step.layer for step in steps for key, layer in into.items() if key == id(step.layer)}
    copier, factors, bases = Copier(), {}, {}

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if id(layer) in into:
            return args[0]
        if id(layer) not in norms:
            return copier(layer, args, kwargs)
        weights, factor = _folded(layer, norms[id(layer)])
        factors[layer.name], bases[layer.name] = factor, layer.get_weights()[0]
        make = lambda: copier.fresh(layer, use_bias=True)  # noqa: E731
        return copier.build(layer, make, weights, args, kwargs)

    model = rebuild(flat, substitute)
    names = {step.layer.name: into[id(step.layer)].name for step in steps if id(step.layer) in into}
    return Prepared(model, names, factors, bases)


def _is_foldable(step: LayerCall, source: LayerCall) -> bool:
    norm, layer = step.layer, source.layer
    if type(norm).__name__ != "BatchNormalization" or type(layer).__name__ not in _FOLDS_INTO:
        return False
    if is_softmax(layer) or getattr(layer.activation, "__name__", "") != "linear":
        return False
    axes = norm.axis if isinstance(norm.axis, (list, tuple)) else [norm.axis]
    return bool(next(iter(axes)) % len(step.input_shapes[0]) == len(step.input_shapes[0]) - 1)


def _folded(layer: Any, norm: Any) -> tuple[list[Any], Any]:
    """The layer's weights with the normalization in them, and the factor on each output channel."""
    weights = layer.get_weights()
    bias = weights[1] if layer.use_bias else 0.0
    rest = iter(norm.get_weights())
    gamma = next(rest) if norm.scale else 1.0
    beta = next(rest) if norm.center else 0.0
    mean, variance = next(rest), next(rest)
    factor = np.asarray(gamma / np.sqrt(variance + norm.epsilon))
    kernel = weights[0]
    if type(layer).__name__ == "DepthwiseConv2D":
        kernel = kernel * factor.reshape(kernel.shape[-2:])
    elif type(layer).__name__ == "Conv2DTranspose":
        kernel = kernel * factor[:, None]
    else:
        kernel = kernel * factor
    return [kernel, beta + (bias - mean) * factor], factor
