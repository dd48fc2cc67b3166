"""PyTorch models converted and run, under an interpreter that has torch.

The job names the user's function and holds samples; the reply is `model.tflite`, or without a mode the array
`outputs`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ConversionError
from tinyml_compress.support.user_code import callable_of, called
from tinyml_compress.support.worker import Job, Reply, serve


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _answer)


def _answer(job: Job) -> Reply:
    import litert_torch
    import torch

    options = job.options
    os.chdir(options["folder"])  # what was installed is loaded: from here on the user's own functions run
    torch.manual_seed(options["seed"])
    torch.set_num_threads(1)  # sums in one order: the same file every time
    module = _load(torch, options)
    inputs = [torch.from_numpy(job.arrays[f"x{index}"]) for index in range(options["inputs"])]
    images = [index for index, array in enumerate(inputs) if array.ndim == 4]
    if images:
        # Images come as NHWC, as on a device; without this the file would start with a TRANSPOSE.
        module = litert_torch.to_channel_last_io(module, args=images)
    first = tuple(array[:1] for array in inputs)
    try:
        with torch.no_grad():
            module(*first)
    except Exception as error:
        raise ConversionError(
            "the PyTorch model does not accept the data",
            which=options["name"],
            found=f"{type(error).__name__}: {error} (inputs {[tuple(array.shape) for array in first]})",
            next_step=(
                "images are given as (count, height, width, channels); other inputs as the model takes them"
            ),
        ) from error
    if options["mode"] is None:
        return Reply(arrays={"outputs": _outputs(torch, module, inputs)})
    edge = _quantized(torch, litert_torch, module, first, inputs, options)
    path = job.folder / "model.tflite"
    edge.export(str(path))
    return Reply(files={path.name: path.read_bytes()})


def _outputs(torch: Any, module: Any, inputs: list[Any]) -> Any:
    """Sample by sample: an exported program may know one batch size alone."""
    rows = []
    with torch.no_grad():
        for index in range(len(inputs[0])):
            answer = module(*(array[index : index + 1] for array in inputs))
            rows.append((answer[0] if isinstance(answer, (tuple, list)) else answer)[0])
    return torch.stack(rows).float().numpy()


def _load(torch: Any, options: Mapping[str, Any]) -> Any:
    name = options["name"]
    module = called(name, ConversionError, "a function without arguments that returns an nn.Module")
    if isinstance(module, torch.export.ExportedProgram):
        module = module.module()
    elif isinstance(module, torch.nn.Module):
        module = module.eval()
    else:
        raise ConversionError(
            "the function gives no PyTorch model",
            which=name,
            found=type(module).__name__,
            next_step="return an nn.Module or an exported program",
        )
    if options["weights"] is not None:
        try:
            module.load_state_dict(_weights(torch, options))
        except Exception as error:
            raise ConversionError(
                "the weights do not fit the model",
                which=options["weights"],
                found=error,
                next_step="save them from this very architecture",
            ) from error
    return module


def _weights(torch: Any, options: Mapping[str, Any]) -> Any:
    """Of a safetensors file; of a pickle where the user gave his word, and even then of tensors only."""
    if options["pickle"]:
        return torch.load(options["weights"], map_location="cpu", weights_only=True)
    from safetensors.torch import load_file

    return load_file(options["weights"])


def _quantized(
    torch: Any, litert_torch: Any, module: Any, first: Any, inputs: Any, options: Mapping[str, Any]
) -> Any:
    """The converted model: float, or int8 through PT2E (static, dynamic, or quantization-aware)."""
    if options["mode"] == "float32":
        return litert_torch.convert(module, first)
    from litert_torch.quantize import pt2e_quantizer, quant_config
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e, prepare_qat_pt2e

    aware = options["train"] is not None
    if aware:
        _let_patterns_be_functions(torch)
    settings = pt2e_quantizer.get_symmetric_quantization_config(
        is_per_channel=True, is_qat=aware, is_dynamic=options["mode"] == "dynamic"
    )
    quantizer = pt2e_quantizer.PT2EQuantizer().set_global(settings)
    graph = torch.export.export(module, first).module()
    if aware:
        prepared = prepare_qat_pt2e(graph, quantizer)
        train = callable_of(options["train"], ConversionError, "a function that trains the model it is given")
        result = train(prepared)
        prepared = result if result is not None else prepared
    else:
        prepared = prepare_pt2e(graph, quantizer)
    with torch.no_grad():
        for index in range(len(inputs[0])):
            prepared(*(array[index : index + 1] for array in inputs))
    converted = convert_pt2e(prepared, fold_quantize=False)
    return litert_torch.convert(
        converted, first, quant_config=quant_config.QuantConfig(pt2e_quantizer=quantizer)
    )


def _let_patterns_be_functions(torch: Any) -> None:
    """litert-torch 0.10 hands its conv-BatchNorm patterns over as functions, which torch.export of 2.13
    refuses.
    """
    from litert_torch.quantize import pt2e_quantizer_utils

    class Pattern(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, function: Callable[..., Any]) -> None:
            super().__init__()
            self.function = function

        def forward(self, *values: Any) -> Any:
            return self.function(*values)

    original = pt2e_quantizer_utils._get_aten_graph_module_for_pattern

    def of_module(pattern: Any, *rest: Any, **named: Any) -> Any:
        return original(pattern if isinstance(pattern, torch.nn.Module) else Pattern(pattern), *rest, **named)

    pt2e_quantizer_utils._get_aten_graph_module_for_pattern = of_module
