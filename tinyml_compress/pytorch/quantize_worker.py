"""A PyTorch model in int8 as PyTorch keeps it and as a .tflite file, both of one graph (PT2E), under an
interpreter that has torch.

The job names the user's function and holds samples (`x0`, ...) and test inputs (`t0`, ...); the reply has
`model.pt2`, `model.tflite`, and what the float and the int8 model answer.
"""

from __future__ import annotations

import copy
import io
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.pytorch.module import begun, edge_model, observed, outputs_of, tried
from tinyml_compress.support.worker import Job, Reply, serve

_ROUNDS, _WARM = 15, 3
_TRACES = ("stack_trace", "nn_module_stack", "source_fn_stack", "from_node")


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _quantized)


def _quantized(job: Job) -> Reply:
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e

    options = job.options
    torch, litert_torch = begun(options)
    inputs, tests = (
        [torch.from_numpy(job.arrays[f"{letter}{index}"]) for index in range(options["inputs"])]
        for letter in "xt"
    )
    module = tried(torch, litert_torch, inputs, options)
    plain = {"weight_bytes": _bytes(module.state_dict()), "seconds": _seconds(torch, module, tests)}
    values = {"parameters": sum(one.numel() for one in module.parameters()), "torch": torch.__version__}
    arrays = {"float": outputs_of(torch, module, tests)}
    prepared, quantizer = observed(torch, module, inputs, options)
    folded = convert_pt2e(copy.deepcopy(prepared), fold_quantize=True)
    first = tuple(array[:1] for array in inputs)
    program = _exported(torch, folded, first)
    arrays["int8"] = outputs_of(torch, program.module(), tests)
    stored = io.BytesIO()
    torch.export.save(program, stored)
    path = job.folder / "model.tflite"
    converted = convert_pt2e(prepared, fold_quantize=False)
    edge_model(litert_torch, converted, first, quantizer).export(str(path))
    small = {"weight_bytes": _bytes(program.state_dict), "seconds": _seconds(torch, program.module(), tests)}
    files = {"model.pt2": stored.getvalue(), path.name: path.read_bytes()}
    return Reply({**values, "float_form": plain, "int8_form": small}, arrays, files)


def _exported(torch: Any, folded: Any, first: Any) -> Any:
    """With nothing in it that is not used: the float weights that int8 ones replaced, places in sources."""
    used = {str(node.target) for node in folded.graph.nodes if node.op == "get_attr"}
    for name in [name for name in folded.state_dict() if name not in used]:
        place, _, last = name.rpartition(".")
        delattr(folded.get_submodule(place), last)
    program = torch.export.export(folded, first)
    for node in program.graph.nodes:
        for name in _TRACES:
            node.meta.pop(name, None)
    return program


def _bytes(state: Mapping[str, Any]) -> int:
    return sum(value.numel() * value.element_size() for value in state.values())


def _seconds(torch: Any, module: Any, tests: list[Any]) -> float:
    """Of one sample: the median, warm."""
    sample, rounds = [array[:1] for array in tests], []
    with torch.no_grad():
        for _ in range(_WARM + _ROUNDS):
            start = time.perf_counter()
            module(*sample)
            rounds.append(time.perf_counter() - start)
    return statistics.median(rounds[_WARM:])
