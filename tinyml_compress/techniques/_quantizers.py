"""The fake quantization that training sees: TFMOT's wrapper and layer, with the ranges the converter will
choose.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from tinyml_compress.support.backend import tensorflow, tfmot
from tinyml_compress.techniques.graph import Copier, rebuild


@cache
def _classes() -> dict[str, Any]:
    tf = tensorflow()
    quant: Any = tfmot().quantization.keras
    from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import QuantizeLayer
    from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
        QuantizeWrapperV2,
    )

    class TinyWeights(quant.quantizers.Quantizer):  # type: ignore[misc]
        """int8 per output channel, or one scale for the whole kernel."""

        def __init__(self, depthwise: bool = False, one_scale: bool = False) -> None:
            self.depthwise = depthwise
            self.one_scale = one_scale

        def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
            return {}  # the range follows from the weights themselves

        def __call__(self, inputs: Any, training: bool, weights: dict[str, Any], **kwargs: Any) -> Any:
            channels = inputs.shape[-1] * (inputs.shape[-2] if self.depthwise else 1)
            matrix = tf.reshape(inputs, (-1, channels))
            reach = tf.reduce_max(tf.abs(tf.stop_gradient(matrix)), axis=0)
            whole = tf.reduce_max(reach)
            reach = tf.fill(reach.shape, whole) if self.one_scale else reach
            reach = tf.maximum(reach, 1e-9)  # an empty channel still needs a scale
            rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(
                matrix, -reach, reach, num_bits=8, narrow_range=True
            )
            return tf.reshape(rounded, inputs.shape)

        def get_config(self) -> dict[str, Any]:
            return {"depthwise": self.depthwise, "one_scale": self.one_scale}

    class TinyConfig(quant.QuantizeConfig):  # type: ignore[misc]
        """Quantizes one kernel of a layer, and nothing else."""

        def __init__(self, weight: str, depthwise: bool = False, one_scale: bool = False) -> None:
            self.weight, self.depthwise, self.one_scale = weight, depthwise, one_scale

        def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
            return [(getattr(layer, self.weight), TinyWeights(self.depthwise, self.one_scale))]

        def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
            setattr(layer, self.weight, quantize_weights[0])

        def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
            return []

        def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
            return None

        def get_output_quantizers(self, layer: Any) -> list[Any]:
            return []

        def get_config(self) -> dict[str, Any]:
            return {"weight": self.weight, "depthwise": self.depthwise, "one_scale": self.one_scale}

    return {
        "QuantizeLayer": QuantizeLayer,
        "QuantizeWrapperV2": QuantizeWrapperV2,
        "MovingAverageQuantizer": quant.quantizers.MovingAverageQuantizer,
        "TinyConfig": TinyConfig,
    }


def wrap_weights(layer: Any, name: str, *, one_scale: bool = False) -> Any:
    """A layer that computes as `layer` does with its kernel in int8."""
    depthwise = type(layer).__name__ == "DepthwiseConv2D"
    config = _classes()["TinyConfig"]("depthwise_kernel" if depthwise else "kernel", depthwise, one_scale)
    return _classes()["QuantizeWrapperV2"](layer, quantize_config=config, name=name)


def output_quantizer(name: str) -> Any:
    """A layer that rounds a tensor to int8 within a range that follows the data slowly."""
    moving = _classes()["MovingAverageQuantizer"](
        num_bits=8, per_axis=False, symmetric=False, narrow_range=False
    )
    return _classes()["QuantizeLayer"](quantizer=moving, name=name)


def bake(model: Any, name: str) -> Any:
    """The trained model in ordinary layers: rounded kernels, and each range as one fake-quantization
    operator.

    The converter finds the same scales again, because every channel's largest weight lies on the end of its
    range; and the model loads anywhere without custom classes.
    """
    copier = Copier()

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if hasattr(layer, "quantizer_vars"):
            low, high = (float(layer.quantizer_vars[side]) for side in ("min_var", "max_var"))
            return tensorflow().quantization.fake_quant_with_min_max_args(
                args[0], min=low, max=high, name=layer.name
            )
        if not hasattr(layer, "quantize_config"):
            return copier(layer, args, kwargs)
        inner = layer.layer
        (weight, quantizer, ranges), *_ = layer._weight_vars
        rounded = quantizer(weight, False, ranges).numpy()
        bias = [inner.bias.numpy()] if inner.use_bias else []
        return copier.build(layer, lambda: copier.fresh(inner), [rounded, *bias], args, kwargs)

    return rebuild(model, substitute, name=name)
