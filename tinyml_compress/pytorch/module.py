"""What the workers for PyTorch share: the user's module loaded and tried on data, and made ready for int8.

Runs under an interpreter that has torch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from tinyml_compress.errors import ConversionError
from tinyml_compress.support.user_code import callable_of, called, short


def begun(options: Mapping[str, Any]) -> tuple[Any, Any]:
    """`torch` and `litert_torch`, set up so that the same call gives the same numbers."""
    import litert_torch
    import torch

    os.chdir(options["folder"])  # what was installed is loaded: from here on the user's own functions run
    torch.manual_seed(options["seed"])
    torch.set_num_threads(1)  # sums in one order: the same file every time
    return torch, litert_torch


def tried(torch: Any, litert_torch: Any, inputs: list[Any], options: Mapping[str, Any]) -> Any:
    """The user's model, images as NHWC, once it took the first sample."""
    module = _loaded(torch, options)
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
    return module


def outputs_of(torch: Any, module: Any, inputs: list[Any]) -> Any:
    """Sample by sample: an exported program may know one batch size alone."""
    rows = []
    with torch.no_grad():
        for index in range(len(inputs[0])):
            answer = module(*(array[index : index + 1] for array in inputs))
            rows.append((answer[0] if isinstance(answer, (tuple, list)) else answer)[0])
    return torch.stack(rows).float().numpy()


def _loaded(torch: Any, options: Mapping[str, Any]) -> Any:
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


def observed(torch: Any, module: Any, inputs: Any, options: Mapping[str, Any]) -> tuple[Any, Any]:
    """The model as a graph with observers that have seen the samples (PT2E), and who put them there: static,
    dynamic, or fine-tuned by the user's function on the way.
    """
    from litert_torch.quantize import pt2e_quantizer
    from torchao.quantization.pt2e.quantize_pt2e import prepare_pt2e, prepare_qat_pt2e

    aware = options["train"] is not None
    if aware:
        _let_patterns_be_functions(torch)
    settings = pt2e_quantizer.get_symmetric_quantization_config(
        is_per_channel=True, is_qat=aware, is_dynamic=options["mode"] == "dynamic"
    )
    quantizer = pt2e_quantizer.PT2EQuantizer().set_global(settings)
    graph, takes_batches = _exported(torch, module, inputs, batches=aware)
    prepared = (prepare_qat_pt2e if aware else prepare_pt2e)(graph, quantizer)
    # Ranges move with every call in training, so that single samples would pull them in behind a batch.
    size = len(inputs[0]) if takes_batches else 1
    with torch.no_grad():
        for start in range(0, len(inputs[0]), size):
            prepared(*(array[start : start + size] for array in inputs))
    return (_trained(prepared, options["train"]) if aware else prepared), quantizer


def _trained(prepared: Any, named: str) -> Any:
    train = callable_of(named, ConversionError, "a function that trains the model it is given")
    try:
        result = train(prepared)
    except Exception as error:  # whatever the user's function raises
        raise ConversionError(
            "the function cannot train the model", which=named, found=short(error)
        ) from error
    return prepared if result is None else result


def _exported(torch: Any, module: Any, inputs: Any, *, batches: bool) -> tuple[Any, bool]:
    """Its graph, and whether it takes batches: for training, where the model is not made for one sample."""
    alone = tuple(array[:1] for array in inputs)
    if batches and len(inputs[0]) > 1:
        pair = tuple(array[:2] for array in inputs)
        sizes = torch.export.ShapesCollection()
        for array in pair:
            sizes[array] = {0: torch.export.Dim.AUTO}
        try:
            graph = torch.export.export(module, pair, dynamic_shapes=sizes).module()
            graph(*alone)
        except Exception:  # whatever torch raises on a model that knows one size: it is traced with that
            return torch.export.export(module, alone).module(), False
        return graph, True
    return torch.export.export(module, alone).module(), False


def edge_model(litert_torch: Any, converted: Any, first: Any, quantizer: Any) -> Any:
    """The .tflite of a graph in int8."""
    from litert_torch.quantize import quant_config

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
