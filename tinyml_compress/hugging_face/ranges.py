"""How large the inputs of linear layers become on texts: what static int8 rounds them with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyml_compress.errors import DataError
from tinyml_compress.hugging_face.loaded import answers

_STEPS = 127
"""Of 8 bits one stays free, as in PyTorch's own settings for x86: products of neighbours are summed in 16
bits on cores without VNNI.
"""


def ranges(torch: Any, model: Any, inputs: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """By the name of its weight, step and zero of each linear layer's inputs, as torchao's observer of PT2E
    chooses them: the range whose rounding costs least, not the widest one.
    """
    from torchao.quantization.pt2e import HistogramObserver

    watched = {
        f"{path}.weight": (module, HistogramObserver(dtype=torch.uint8, quant_min=0, quant_max=_STEPS))
        for path, module in model.named_modules()
        if type(module) is torch.nn.Linear and f"{path}.weight" in names
    }

    def watch(module: Any, observer: Any) -> Any:
        def look(_: Any, given: Any) -> None:
            observer(given[0])

        return module.register_forward_pre_hook(look)

    hooks = [watch(module, observer) for module, observer in watched.values()]
    try:
        answers(torch, model, inputs)
    finally:
        for hook in hooks:
            hook.remove()
    chosen = {}
    for name, (_, observer) in watched.items():
        if observer.min_val.numel() and bool(torch.isfinite(observer.min_val)):
            scale, zero = observer.calculate_qparams()
            chosen[name] = torch.tensor([float(scale), float(zero)], dtype=torch.float64)
    if not chosen:
        raise DataError("no linear layer took part in the answers", next_step="use --int8 dynamic")
    return chosen
