"""`optimize`: a model of `transformers` made smaller step by step, each step measured, under an interpreter
that has torch.

The reply holds, for the original and each step, what a file of it takes and what it answers, and the files.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.errors import UsageError
from tinyml_compress.hugging_face import loader
from tinyml_compress.hugging_face.loaded import CALIBRATION, answers, feeds, loaded, prepared, seconds
from tinyml_compress.hugging_face.ranges import ranges
from tinyml_compress.support.worker import Job, Reply, serve


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _optimized)


def _optimized(job: Job) -> Reply:
    options = job.options
    torch = prepared(options)
    model = loaded(torch, options)
    inputs = feeds(job.arrays, options, options["texts"]) if options["data"] else {}
    shown = None
    if options["int8"] == "static":
        shown = feeds(job.arrays, options, options["calibration"], CALIBRATION)
    state = _State(torch, model, options, shown)
    steps, arrays = [], {}
    for number, name in enumerate(("original", *_steps(options))):
        state.take(name)
        steps.append({"name": name, **state.sizes(), "seconds": seconds(torch, state.runs(), inputs)})
        if inputs:
            arrays[f"outputs{number}"] = answers(torch, state.runs(), inputs)
    return Reply({"steps": steps, **state.facts()}, arrays, state.files())


def _steps(options: Mapping[str, Any]) -> Iterator[str]:
    if options["amount"] > 0 or options["pattern"]:
        yield "pruning"
    if options["threshold"] > 0:
        yield "threshold"
    if options["int8"] != "none":
        yield "int8"
    if options["fp16"]:
        yield "fp16"


class _State:
    """The model's weights on their way, and how they would be stored."""

    def __init__(self, torch: Any, model: Any, options: Mapping[str, Any], shown: Any) -> None:
        self._torch, self._model, self._options, self._shown = torch, model, options, shown
        self._quick: Any = None
        self._half = False
        self._scaled: dict[str, Any] = {}
        self._ranges: dict[str, Any] = {}
        modules = list(model.named_modules())
        nn = torch.nn
        self._cut = [
            (f"{path}.weight", module)
            for path, module in modules
            if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d))
        ]
        tables = [(f"{path}.weight", module) for path, module in modules if isinstance(module, nn.Embedding)]
        self._rows = [*self._cut, *tables]

    def take(self, name: str) -> None:
        """One step further."""
        if name == "pruning":
            self._prune()
        elif name == "threshold":
            self._drop_small()
        elif name == "int8":
            self._round()
        elif name == "fp16":
            self._halve()

    def _prune(self) -> None:
        torch, options = self._torch, self._options
        amount, pattern = options["amount"], options["pattern"]
        weights = [module.weight.data for _, module in self._cut]
        if pattern:
            for weight in weights:
                _keep_some_of_each(torch, weight, *pattern)
        elif options["scope"] == "global":
            _zero_smallest(torch, weights, amount)
        else:
            for weight in weights:
                _zero_smallest(torch, [weight], amount)

    def _drop_small(self) -> None:
        for _, module in self._rows:
            weight = module.weight.data
            weight[weight.abs() < self._options["threshold"]] = 0

    def _round(self) -> None:
        """Rows of linear layers, convolutions and tables to int8, each on its own scale; the model computes
        on.
        """
        torch = self._torch
        done: set[int] = set()
        for name, module in self._rows:
            weight = module.weight.data
            if weight.data_ptr() in done:
                continue  # tied to another one
            done.add(weight.data_ptr())
            flat = weight.flatten(1)
            scale = flat.abs().amax(1).clamp(min=1e-12) / 127
            values = torch.round(flat / scale[:, None]).clamp(-127, 127).to(torch.int8).reshape(weight.shape)
            self._scaled[name] = (values, scale)
            weight.copy_(loader.real(values, scale))
        if self._shown is not None:
            self._ranges = ranges(torch, self._model, self._shown, set(self._scaled))

    def _halve(self) -> None:
        """Everything else to 16 bits: what they can say is what the model computes with."""
        self._half, self._quick = True, None
        for name, value in self._model.state_dict().items():
            if value.is_floating_point() and name not in self._scaled:
                value.copy_(value.half().float())
                if not bool(self._torch.isfinite(value).all()):
                    raise UsageError(
                        "a value is beyond the range of 16 bits", which=name, next_step="leave out --fp16"
                    )

    def runs(self) -> Any:
        """The model as it would run."""
        if not self._scaled:
            return self._model
        if self._quick is None:
            import copy

            self._quick = copy.deepcopy(self._model)
            loader.keep_int8(self._quick, self._scaled, self._ranges)
        return self._quick

    def _stored(self, *, sparse: bool) -> dict[str, Any]:
        torch, kept, seen = self._torch, {}, set()
        for name, value in self._model.state_dict().items():
            if value.data_ptr() in seen and value.numel():
                continue
            seen.add(value.data_ptr())
            kept.update(_forms(torch, name, value, self._scaled.get(name), half=self._half, sparse=sparse))
            if name in self._ranges:
                kept[f"{name}::input"] = self._ranges[name]
        return kept

    def _file(self, *, sparse: bool) -> bytes:
        from safetensors.torch import save

        content: bytes = save(self._stored(sparse=sparse), metadata={"format": "pt"})
        return content

    def sizes(self) -> dict[str, Any]:
        """Bytes of the file with all values and with the zeros left out, and how many there are."""
        weights = [module.weight for _, module in self._rows]
        zeros = sum(int((weight == 0).sum()) for weight in weights)
        count = sum(weight.numel() for weight in weights)
        sizes = len(self._file(sparse=False)), len(self._file(sparse=True))
        return {"dense_bytes": sizes[0], "stored_bytes": sizes[1], "zeros": zeros, "weights": count}

    def facts(self) -> dict[str, Any]:
        named = sum(weight.numel() for weight in self._model.parameters())
        return {"parameters": named, "architecture": type(self._model).__name__}

    def files(self) -> dict[str, bytes]:
        """The weights as the loader takes them, and as plain PyTorch does."""
        if not self._options["write"]:
            return {}
        plain = io.BytesIO()
        self._torch.save(self._model.state_dict(), plain)
        script = Path(loader.__file__).read_bytes()
        return {"model.safetensors": self._file(sparse=True), "model.pt": plain.getvalue(), "load.py": script}


def _zero_smallest(torch: Any, weights: list[Any], amount: float) -> None:
    """That share of all of them, the smallest by magnitude."""
    sizes = torch.cat([weight.abs().flatten() for weight in weights])
    count = int(amount * len(sizes))
    keep = torch.ones(len(sizes), dtype=torch.bool)
    keep[torch.topk(sizes, count, largest=False).indices] = False
    for weight, part in zip(weights, keep.split([weight.numel() for weight in weights]), strict=True):
        weight *= part.reshape(weight.shape)


def _keep_some_of_each(torch: Any, weight: Any, keep: int, of: int) -> None:
    """The `keep` largest of every `of` weights that follow one another in a row."""
    flat = weight.flatten(1)
    width = flat.shape[1] - flat.shape[1] % of
    if not width:
        raise UsageError(
            "a layer is narrower than the pattern", found=flat.shape[1], allowed=f"at least {of}"
        )
    groups = flat[:, :width].reshape(len(flat), -1, of)
    places = torch.topk(groups.abs(), of - keep, dim=2, largest=False).indices
    groups = groups.scatter(2, places, 0.0)
    weight.copy_(torch.cat([groups.reshape(len(flat), width), flat[:, width:]], 1).reshape(weight.shape))


def _forms(torch: Any, name: str, value: Any, scaled: Any, *, half: bool, sparse: bool) -> dict[str, Any]:
    """A tensor as the file has it: values, and what gives back the others."""
    more: dict[str, Any] = {}
    if scaled is not None:
        value, more[f"{name}::scale"] = scaled
    elif half and value.is_floating_point():
        value = value.half()
    value = value.contiguous()
    whole = value.numel() * value.element_size()
    flat = value.flatten()
    kept = flat[flat != 0]
    # 160 bytes: two more entries of the header.
    if sparse and kept.numel() * value.element_size() + value.numel() // 8 + 160 < whole:
        bits = torch.zeros(-(-len(flat) // 8) * 8, dtype=torch.uint8)
        bits[: len(flat)] = flat != 0
        more[f"{name}::bits"] = (
            (bits.reshape(-1, 8) << torch.arange(8, dtype=torch.uint8)).sum(1).to(torch.uint8)
        )
        flat = kept
    if not more:
        return {name: value.clone()}
    # One row of values: whoever reads the file without its loader finds the wrong shape, not wrong numbers.
    return {name: flat.clone(), f"{name}::shape": torch.tensor(value.shape), **more}
