"""Gives back the model of this folder, as `transformers` made it: `model, tokenizer = load("FOLDER")`.

`dynamic=True` keeps the weights of linear layers in int8 while it runs, with inputs made int8 on the way.
Needs torch, transformers and safetensors. Written beside the weights by tinyml_compress optimize.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file


def stored(folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Per tensor its values as they are kept, and the scale of each row where they are int8."""
    kept = load_file(folder / "model.safetensors")
    for name, values in kept.items():
        if "::" in name:
            continue
        shape, bits = kept.get(f"{name}::shape"), kept.get(f"{name}::bits")
        if bits is not None:  # a bit per place: those that are not zero follow one another
            places = (bits[:, None] >> torch.arange(8, dtype=torch.uint8) & 1).flatten().bool()
            dense = torch.zeros(len(places), dtype=values.dtype)
            dense[places] = values
            values = dense[: int(shape.prod())]
        yield name, values if shape is None else values.reshape(tuple(shape)), kept.get(f"{name}::scale")


def real(values: Any, scale: Any) -> Any:
    """As float32."""
    if scale is None:
        return values.float() if values.is_floating_point() else values
    return values.float() * scale.reshape(-1, *[1] * (values.dim() - 1))


def keep_int8(model: Any, scaled: Mapping[str, Any]) -> None:
    """Linear layers in int8, on their own scales."""
    from torch.ao.nn.quantized import dynamic

    for path, module in list(model.named_modules()):
        if type(module) is torch.nn.Linear and f"{path}.weight" in scaled:
            values, scale = scaled[f"{path}.weight"]
            zeros = torch.zeros(len(scale), dtype=torch.long)
            quick = dynamic.Linear(module.in_features, module.out_features)
            weight = torch._make_per_channel_quantized_tensor(values, scale.double(), zeros, 0)
            bias = torch.zeros(module.out_features) if module.bias is None else module.bias
            quick.set_weight_bias(weight, bias.detach())
            model.set_submodule(path, quick)


def load(place: str | Path, dynamic: bool = False) -> tuple[Any, Any]:
    """Model and tokenizer; the tokenizer is None where the folder has none."""
    folder = Path(place)
    tensors = list(stored(folder))
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    model = getattr(transformers, config.architectures[0])(config)
    lacks = model.load_state_dict({name: real(*rest) for name, *rest in tensors}, strict=False)
    model.tie_weights()
    tied = {value.data_ptr() for name, value in model.state_dict().items() if name not in lacks.missing_keys}
    state = model.state_dict()
    lost = [name for name in lacks.missing_keys if state[name].data_ptr() not in tied]
    if lost or lacks.unexpected_keys:
        raise ValueError(f"weights do not fit the configuration: {lost + lacks.unexpected_keys}")
    if dynamic:
        keep_int8(model, {name: (values, scale) for name, values, scale in tensors if scale is not None})
    has_words = (folder / "tokenizer_config.json").is_file() or (folder / "tokenizer.json").is_file()
    words = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True) if has_words else None
    return model.eval(), words
