"""A float .tflite to full integer by ai-edge-quantizer, under an interpreter that has that package.

The job is the file `float.tflite` and samples; the reply is `model.tflite`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinyml_compress.errors import ConversionError
from tinyml_compress.support.worker import Job, Reply, serve


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _requantize)


def _requantize(job: Job) -> Reply:
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import calibrator, qtyping, recipe, recipe_manager
    from ai_edge_quantizer.quantizer import Quantizer
    from ai_edge_quantizer.utils import qsv_utils

    options = job.options
    path = str(job.folder / "float.tflite")
    recipes: dict[str, Any] = {
        "int8": recipe.static_wi8_ai8,
        "int16x8": recipe.static_wi8_ai16,
        "dynamic": recipe.dynamic_wi8_afp32,
        "float16": _halves,
    }
    steps = recipes[options["mode"]]()
    quantizer = Quantizer(path, steps)
    ranges: dict[str, qtyping.QSV] = {}
    if options["mode"] in ("int8", "int16x8"):
        interpreter = Interpreter(path)
        key, names = _signature(interpreter)
        types = [details["dtype"] for details in interpreter.get_input_details()]
        arrays = [job.arrays[f"x{index}"].astype(kind) for index, kind in enumerate(types)]
        feeds = [
            {name: array[index : index + 1] for name, array in zip(names, arrays, strict=True)}
            for index in range(len(arrays[0]))
        ]
        manager = recipe_manager.RecipeManager()
        manager.load_quantization_recipe(steps)
        # The package's own calibration averages ranges over samples, which clips; the true range is wanted.
        measured = calibrator.Calibrator(path, num_threads=1, qsv_update_func=qsv_utils.min_max_update)
        measured.calibrate({key: feeds}, manager)
        ranges = measured.get_model_qsvs()
    return Reply(files={"model.tflite": bytes(quantizer.quantize(ranges).quantized_model)})


def _halves() -> Any:
    """Weights of 16 bits, which are made float32 again before they are used."""
    from ai_edge_quantizer import qtyping, recipe_manager

    manager = recipe_manager.RecipeManager()
    manager.add_quantization_config(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        op_config=qtyping.OpQuantizationConfig(
            weight_tensor_config=qtyping.TensorQuantizationConfig(
                num_bits=16, dtype=qtyping.TensorDataType.FLOAT
            ),
            compute_precision=qtyping.ComputePrecision.FLOAT,
        ),
        algorithm_key="float_casting",
    )
    return manager.get_quantization_recipe()


def _signature(interpreter: Any) -> tuple[str, list[str]]:
    """Key of the only signature, and its inputs in the order of the graph's."""
    signatures = interpreter.get_signature_list()
    if len(signatures) != 1:
        raise ConversionError("the file needs one signature", found=f"{len(signatures)} of them")
    ((key, ports),) = signatures.items()
    runner = interpreter.get_signature_runner(key)
    places = {details["index"]: name for name, details in runner.get_input_details().items()}
    order = [details["index"] for details in interpreter.get_input_details()]
    if set(order) != set(places):
        return key, sorted(ports["inputs"])
    return key, [places[index] for index in order]
