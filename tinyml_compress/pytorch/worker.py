"""PyTorch models converted and run, under an interpreter that has torch.

The job names the user's function and holds samples; the reply is `model.tflite`, or without a mode the array
`outputs`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinyml_compress.pytorch.module import begun, edge_model, observed, outputs_of, tried
from tinyml_compress.support.worker import Job, Reply, serve


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _answer)


def _answer(job: Job) -> Reply:
    options = job.options
    torch, litert_torch = begun(options)
    inputs = [torch.from_numpy(job.arrays[f"x{index}"]) for index in range(options["inputs"])]
    module = tried(torch, litert_torch, inputs, options)
    if options["mode"] is None:
        return Reply(arrays={"outputs": outputs_of(torch, module, inputs)})
    path = job.folder / "model.tflite"
    first = tuple(array[:1] for array in inputs)
    _converted(torch, litert_torch, module, first, inputs, options).export(str(path))
    return Reply(files={path.name: path.read_bytes()})


def _converted(torch: Any, litert_torch: Any, module: Any, first: Any, inputs: Any, options: Any) -> Any:
    """Float, or int8 through PT2E."""
    if options["mode"] == "float32":
        return litert_torch.convert(module, first)
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e

    prepared, quantizer = observed(torch, module, inputs, options)
    return edge_model(litert_torch, convert_pt2e(prepared, fold_quantize=False), first, quantizer)
