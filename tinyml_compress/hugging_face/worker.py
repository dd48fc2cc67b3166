"""Models in folders of `transformers`, under an interpreter that has torch: texts made tokens, answers, and
the float .tflite file.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ConversionError, ModelError
from tinyml_compress.hugging_face.loaded import (
    AWAY,
    answering,
    answering_in_integers,
    answers,
    feeds,
    loaded,
    prepared,
    seconds,
)
from tinyml_compress.support.peak import MemoryPeak
from tinyml_compress.support.user_code import short
from tinyml_compress.support.worker import Job, Reply, serve

_MADE = "model.tflite"
_TRACED = 8
"""Texts of random words."""


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _answer)


def _answer(job: Job) -> Reply:
    options = job.options
    torch = prepared(options)
    if options["task"] == "sized":
        return _of_size(torch, options, job.folder)
    inputs = feeds(job.arrays, options, options["texts"])
    if options["task"] == "tokens":
        return Reply(arrays=inputs)
    model = loaded(torch, options)
    if options["task"] == "cost":
        seconds(torch, model, inputs)  # loads what libraries load at their first use
        del model
        gc.collect()
        peak = MemoryPeak()
        medians = seconds(torch, loaded(torch, options), inputs)
        return Reply({"seconds": medians, "peak_bytes": peak.more()})
    if options["task"] == "outputs":
        return Reply(arrays={"outputs": answers(torch, model, inputs)})
    return Reply(
        arrays=inputs, files={_MADE: _converted(torch, model, inputs, job.folder, options["integer"])}
    )


def _of_size(torch: Any, options: Mapping[str, Any], folder: Path) -> Reply:
    """The float file of a net with that configuration and random weights, and random words."""
    import transformers

    words = dict(options["config"])
    try:
        config = transformers.AutoConfig.for_model(words.pop("model_type"), **words)
        config._attn_implementation = "eager"
        kind = getattr(transformers, (config.architectures or [""])[0])
        model = kind(config).float().eval()
    except Exception as error:
        raise ModelError(
            "transformers makes no model of this configuration", which=options["model"], found=short(error)
        ) from error
    shape = (_TRACED, options["length"])
    ids = torch.randint(0, config.vocab_size, shape, dtype=torch.int32).numpy()
    lengths = torch.randint(1, options["length"] + 1, (_TRACED, 1))
    mask = (torch.arange(options["length"]) < lengths).to(torch.int32)
    inputs = {"input_ids": ids, "attention_mask": mask.numpy()}
    with torch.no_grad():
        for weight in model.parameters():  # values that vary, as those of a trained net do
            if weight.dim() > 1:
                weight.normal_(0, weight.shape[-1] ** -0.5)
    file = _converted(torch, model, inputs, folder, integer=True)
    count = sum(weight.numel() for weight in model.parameters())
    return Reply({"parameters": count}, inputs, {_MADE: file})


def _converted(torch: Any, model: Any, inputs: Mapping[str, Any], folder: Path, integer: bool) -> bytes:
    import litert_torch

    if integer:
        inputs = {**inputs, "attention_mask": inputs["attention_mask"].astype("float32")}
        model = _of_integer_operators(torch, model)
    answer = answering_in_integers(model) if integer else answering(model)

    class Wrapped(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return answer(input_ids, attention_mask)

    first = {name: torch.from_numpy(inputs[name][:1]) for name in ("input_ids", "attention_mask")}
    path = folder / _MADE
    try:
        litert_torch.convert(Wrapped().eval(), sample_kwargs=first).export(str(path))
    except Exception as error:
        raise ConversionError(
            "litert-torch cannot convert the model", which=type(model).__name__, found=short(error)
        ) from error
    return _gathered(path.read_bytes())


def _of_integer_operators(torch: Any, model: Any) -> Any:
    """The model in terms of what a microcontroller can compute in int8, its answers nearly the same.

    The bell of a GELU is that of x * sigmoid(1.702 x). Models that make a mask on their own push padding
    away by the smallest float, which would be the range of all scores.
    """

    class Bell(torch.nn.Module):  # type: ignore[misc]
        def forward(self, values: Any) -> Any:
            return values * torch.sigmoid(1.702 * values)

    for place, module in list(model.named_modules()):
        if "GELU" in type(module).__name__:
            model.set_submodule(place, Bell())
    usual = torch.finfo

    class Limits:
        def __init__(self, kind: Any) -> None:
            self._all = usual(kind)
            self.min = -AWAY

        def __getattr__(self, name: str) -> Any:
            return getattr(self._all, name)

    torch.finfo = Limits
    return model


def _gathered(file: bytes) -> bytes:
    """Rows picked from a table by GATHER, which has an integer form in every quantizer and interpreter."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(file, 0)
    builtin = schema.BuiltinOperator
    lookups = {
        place
        for place, code in enumerate(model.operatorCodes)
        if max(code.builtinCode, code.deprecatedBuiltinCode) == builtin.EMBEDDING_LOOKUP
    }
    for place in lookups:
        code = model.operatorCodes[place]
        code.builtinCode = code.deprecatedBuiltinCode = builtin.GATHER
        code.version = 1
    for graph in model.subgraphs:
        for operator in graph.operators:
            if operator.opcodeIndex in lookups:
                operator.inputs = list(operator.inputs)[::-1]
                operator.builtinOptionsType = schema.BuiltinOptions.GatherOptions
                operator.builtinOptions = schema.GatherOptionsT()
    builder = flatbuffers.Builder(len(file))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
