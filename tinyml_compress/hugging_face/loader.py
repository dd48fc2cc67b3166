"""Gives back the model of this folder, as `transformers` made it: `model, tokenizer = load("FOLDER")`.

`int8=True` keeps linear layers and tables in int8 while it runs, with inputs made int8 on the way.
Needs torch, transformers and safetensors. Written beside the weights by tinyml_compress optimize.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file


def stored(folder: Path) -> Iterator[tuple[str, Any, Any, Any]]:
    """Per tensor its values as they are kept; the scale of each row where they are int8; step and zero of
    the layer's inputs where those have a range.
    """
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
        values = values if shape is None else values.reshape(tuple(shape))
        yield name, values, kept.get(f"{name}::scale"), kept.get(f"{name}::input")


def real(values: Any, scale: Any) -> Any:
    """As float32."""
    if scale is None:
        return values.float() if values.is_floating_point() else values
    return values.float() * scale.reshape(-1, *[1] * (values.dim() - 1))


class Ranged(torch.nn.Module):  # type: ignore[misc]
    """A linear layer in int8 whose inputs are rounded on one scale, which calibration chose."""

    def __init__(self, weight: Any, bias: Any, scale: float, zero: int) -> None:
        super().__init__()
        self.packed = torch.ops.quantized.linear_prepack(weight, bias)
        self.scale, self.zero = scale, zero

    def forward(self, values: Any) -> Any:
        compute = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
        return compute(values, self.scale, self.zero, self.packed)


class IntegerTable(torch.nn.Module):  # type: ignore[misc]
    """A table in int8: what is looked up becomes float."""

    def __init__(self, values: Any, scale: Any) -> None:
        super().__init__()
        self.values, self.scale = values, scale

    @property
    def weight(self) -> Any:
        return real(self.values, self.scale)

    def forward(self, ids: Any) -> Any:
        return self.values[ids].float() * self.scale[ids].unsqueeze(-1)


def keep_int8(model: Any, scaled: Mapping[str, Any], ranges: Mapping[str, Any]) -> None:
    """Linear layers and tables in int8 on their own scales; inputs rounded on their range, where they have
    one, and on that of their own values elsewhere.
    """
    from torch.ao.nn.quantized import dynamic

    for path, module in list(model.named_modules()):
        if f"{path}.weight" not in scaled or type(module) not in (torch.nn.Linear, torch.nn.Embedding):
            continue
        values, scale = scaled[f"{path}.weight"]
        if type(module) is torch.nn.Embedding:
            model.set_submodule(path, IntegerTable(values, scale))
            continue
        zeros = torch.zeros(len(scale), dtype=torch.long)
        weight = torch._make_per_channel_quantized_tensor(values, scale.double(), zeros, 0)
        bias = torch.zeros(module.out_features) if module.bias is None else module.bias.detach()
        if f"{path}.weight" in ranges:
            step, zero = ranges[f"{path}.weight"].tolist()
            model.set_submodule(path, Ranged(weight, bias, step, int(zero)))
            continue
        quick = dynamic.Linear(module.in_features, module.out_features)
        quick.set_weight_bias(weight, bias)
        model.set_submodule(path, quick)


def load(place: str | Path, int8: bool = False) -> tuple[Any, Any]:
    """Model and tokenizer; the tokenizer is None where the folder has none."""
    folder = Path(place)
    tensors = list(stored(folder))
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    model = getattr(transformers, config.architectures[0])(config)
    lacks = model.load_state_dict({name: real(*rest[:2]) for name, *rest in tensors}, strict=False)
    model.tie_weights()
    tied = {value.data_ptr() for name, value in model.state_dict().items() if name not in lacks.missing_keys}
    state = model.state_dict()
    lost = [name for name in lacks.missing_keys if state[name].data_ptr() not in tied]
    if lost or lacks.unexpected_keys:
        raise ValueError(f"weights do not fit the configuration: {lost + lacks.unexpected_keys}")
    if int8:
        scaled = {name: (values, scale) for name, values, scale, _ in tensors if scale is not None}
        keep_int8(model, scaled, {name: step for name, _, _, step in tensors if step is not None})
    has_words = (folder / "tokenizer_config.json").is_file() or (folder / "tokenizer.json").is_file()
    words = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True) if has_words else None
    return model.eval(), words
