"""Keras to .tflite: writes the model with a batch of 1, and lets a subprocess convert it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter import worker
from tinyml_compress.converter.settings import ConvertSettings
from tinyml_compress.errors import ConversionError, DataError, FloatOperatorError, ProcessError
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.worker import Broken, Job, ask

Floats = npt.NDArray[np.float32]
_WORKER = f"{worker.__name__}:main"
_NO_INTEGER_FORM = re.compile(
    r"Quantization not yet supported for op: '?(\w+)'?|op \(?'?(\w+)'? is not supported"
)


def to_tflite(
    model: Any,
    samples: Sequence[Floats],
    settings: ConvertSettings,
    *,
    environment: Mapping[str, str],
    seed: int = 0,
) -> bytes:
    """The .tflite file of the tf_keras `model`.

    `samples` holds, per input of the model, an array (count, *shape) of representative values; full-integer
    modes cannot do without. `environment` is what a child that imports TensorFlow needs.
    """
    if settings.mode.full_integer and (len(samples) != len(model.inputs) or not all(len(s) for s in samples)):
        raise DataError(
            "full-integer conversion needs representative data",
            found=f"{len(samples)} arrays",
            allowed=f"one per input: {len(model.inputs)}",
            next_step="give --calibration",
        )
    with scratch("tinyml-convert-") as folder:
        inputs = _write_saved_model(model, samples, folder / worker.SAVED_MODEL)
        # token numbers and the like are integers to the model, whatever the data set stores
        types = [tensor.dtype.as_numpy_dtype for tensor in model.inputs]
        options = {
            "mode": settings.mode.value,
            "port_type": settings.port_type.value,
            "per_tensor_dense": settings.per_tensor_dense,
            "allow_float": settings.allow_float,
            "seed": seed,
            "inputs": {f"x{index}": input_name for index, input_name in enumerate(inputs)},
        }
        job = Job(options, {f"x{index}": array.astype(types[index]) for index, array in enumerate(samples)})
        try:
            reply = ask(
                _WORKER,
                job,
                folder,
                what="the TensorFlow Lite converter",
                timeout=settings.timeout,
                env=environment,
            )
        except ProcessError as error:
            raise ConversionError(
                error.what,
                which=model.name,
                found=error.found,
                next_step="give it more time with --timeout, or fewer samples with --samples",
            ) from error
        except Broken as broken:
            raise broken_conversion(model.name, broken) from broken
        return reply.files[worker.MODEL_FILE]


def broken_conversion(model: str, broken: Broken) -> ConversionError:
    """What an end without a file means to the user."""
    if broken.raised is not None:
        return _refused(model, broken.raised)
    return ConversionError(
        "the TensorFlow Lite converter crashed",
        which=model,
        found=f"{broken.how}\n{broken.log}".strip(),
        next_step="try --mode float32: if that works, the calibration or a layer is at fault; "
        "recurrent layers often need unroll=True",
    )


def _write_saved_model(model: Any, samples: Sequence[Floats], folder: Path) -> list[str]:
    """Write `model` with one signature whose batch is 1; names of the signature's inputs, in the model's
    order.
    """
    import tensorflow as tf

    names = [re.sub(r"\W", "_", tensor.name.split(":")[0]) for tensor in model.inputs]
    specs = []
    for index, (name, tensor) in enumerate(zip(names, model.inputs, strict=True)):
        shape = list(tensor.shape[1:])
        if None in shape and samples:
            shape = list(samples[index].shape[1:])  # free sizes become those of the data
        if None in shape:
            raise ConversionError(
                "an input has no fixed shape",
                which=f"{model.name}, {name}",
                found=shape,
                next_step="give --calibration data of the shape that the device will run",
            )
        specs.append(tf.TensorSpec([1, *shape], tensor.dtype, name=name))

    def forward(*values: Any) -> Any:
        return model(values[0] if len(values) == 1 else list(values), training=False)

    # Only the variables are tracked: saving the Keras object too would trace every layer a second time.
    holder = tf.Module()
    holder.variables_of_model = model.variables
    holder.exported = [layer.exported for layer in model.layers if hasattr(layer, "exported")]
    function = tf.function(forward).get_concrete_function(*specs)
    tf.saved_model.save(holder, str(folder), signatures={"serving_default": function})
    return names


def _refused(model: str, text: str) -> ConversionError:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    unsupported = _NO_INTEGER_FORM.search(text)
    if unsupported is not None:
        op = unsupported.group(1) or unsupported.group(2)
        return FloatOperatorError(
            "an operator has no integer form",
            which=f"{op} in {model}",
            found=lines[0][:300],
            next_step="replace the layer that makes it, or let it stay float with --allow-float",
        )
    if "needs custom implementations" in text or "Custom ops:" in text or "Select TensorFlow op" in text:
        custom = next((line for line in lines if "ops:" in line), lines[0])
        return ConversionError(
            "a layer has no TensorFlow Lite operator",
            which=model,
            found=custom[:300],
            next_step="replace that layer; microcontroller runtimes have no TensorFlow operators",
        )
    return ConversionError(
        "the TensorFlow Lite converter refused the model",
        which=model,
        found=" ".join(lines[:4])[:600] or "no message",
        next_step="try --mode float32: if that works, a layer has no form in the mode asked for",
    )
