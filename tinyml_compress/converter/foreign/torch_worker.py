"""PyTorch to .tflite. A script of its own: it runs under an interpreter that has torch but not this package.

Its folder holds job.json and samples.npz; it leaves model.tflite, or error.json with what the user should know.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["main"]


class Refused(Exception):
    """What the user has to change: (what, found, next step)."""

    def __init__(self, what: str, found: object = None, next_step: str | None = None) -> None:
        super().__init__(what)
        self.report = {"what": what, "found": None if found is None else str(found), "next_step": next_step}


def main(folder: Path) -> None:
    try:
        _convert(folder, json.loads((folder / "job.json").read_text()))
    except Refused as error:
        (folder / "error.json").write_text(json.dumps(error.report))


def _convert(folder: Path, job: dict[str, Any]) -> None:
    import litert_torch
    import torch

    torch.manual_seed(job["seed"])
    torch.set_num_threads(1)  # sums in one order: the same file every time
    module = _load(torch, job)
    samples = np.load(folder / "samples.npz")
    inputs = [torch.from_numpy(samples[f"x{index}"]) for index in range(job["inputs"])]
    images = [index for index, array in enumerate(inputs) if array.ndim == 4]
    if images:
        # Images come as NHWC, as on a device; without this the file would start with a TRANSPOSE.
        module = litert_torch.to_channel_last_io(module, args=images)
    first = tuple(array[:1] for array in inputs)
    try:
        with torch.no_grad():
            module(*first)
    except Exception as error:
        raise Refused(
            "the PyTorch model does not accept the data",
            f"{type(error).__name__}: {error} (inputs {[tuple(array.shape) for array in first]})",
            "images are given as (count, height, width, channels); other inputs as the model takes them",
        ) from error
    edge = _quantized(torch, litert_torch, module, first, inputs, job)
    edge.export(str(folder / "model.tflite"))


def _load(torch: Any, job: dict[str, Any]) -> Any:
    made = _function(job["module"], job["function"])()
    if isinstance(made, torch.export.ExportedProgram):
        made = made.module()
    elif isinstance(made, torch.nn.Module):
        made = made.eval()
    else:
        raise Refused(
            "the function gives no PyTorch model", type(made).__name__, "return an nn.Module or an exported program"
        )
    if job["weights"] is not None:
        from safetensors.torch import load_file

        try:
            made.load_state_dict(load_file(job["weights"]))
        except Exception as error:
            raise Refused("the weights do not fit the model", error, "save them from this very architecture") from error
    return made


def _function(module: str, function: str) -> Callable[..., Any]:
    sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]
    except (ImportError, AttributeError) as error:
        raise Refused(
            "cannot import the model's function", f"{module}:{function}: {error}", "run where Python finds the module"
        ) from error


def _quantized(torch: Any, litert_torch: Any, module: Any, first: Any, inputs: Any, job: dict[str, Any]) -> Any:
    """The converted model: float, or int8 through PT2E (static, dynamic, or quantization-aware)."""
    if job["mode"] == "float32":
        return litert_torch.convert(module, first)
    from litert_torch.quantize import pt2e_quantizer, quant_config
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e, prepare_qat_pt2e

    aware = job["train"] is not None
    if aware:
        _let_patterns_be_functions(torch)
    settings = pt2e_quantizer.get_symmetric_quantization_config(
        is_per_channel=True, is_qat=aware, is_dynamic=job["mode"] == "dynamic"
    )
    quantizer = pt2e_quantizer.PT2EQuantizer().set_global(settings)
    graph = torch.export.export(module, first).module()
    if aware:
        prepared = prepare_qat_pt2e(graph, quantizer)
        train = _function(*job["train"])
        result = train(prepared)
        prepared = result if result is not None else prepared
    else:
        prepared = prepare_pt2e(graph, quantizer)
    with torch.no_grad():
        for index in range(len(inputs[0])):
            prepared(*(array[index : index + 1] for array in inputs))
    converted = convert_pt2e(prepared, fold_quantize=False)
    return litert_torch.convert(converted, first, quant_config=quant_config.QuantConfig(pt2e_quantizer=quantizer))


def _let_patterns_be_functions(torch: Any) -> None:
    """litert-torch 0.10 hands its conv-BatchNorm patterns over as functions, which torch.export of 2.13 refuses."""
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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
