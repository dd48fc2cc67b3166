"""Models in folders of `transformers`, under an interpreter that has torch: texts made tokens, answers, and
the float .tflite file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ConversionError
from tinyml_compress.hugging_face.loaded import answering, answers, feeds, loaded, prepared
from tinyml_compress.support.user_code import short
from tinyml_compress.support.worker import Job, Reply, serve

_MADE = "model.tflite"


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _answer)


def _answer(job: Job) -> Reply:
    options = job.options
    torch = prepared(options)
    inputs = feeds(job.arrays, options)
    if options["task"] == "tokens":
        return Reply(arrays=inputs)
    model = loaded(torch, options)
    if options["task"] == "outputs":
        return Reply(arrays={"outputs": answers(torch, model, inputs)})
    return Reply(arrays=inputs, files={_MADE: _converted(torch, model, inputs, job.folder)})


def _converted(torch: Any, model: Any, inputs: Mapping[str, Any], folder: Path) -> bytes:
    import litert_torch

    answer = answering(model)

    class Wrapped(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return answer(input_ids, attention_mask)

    for place, module in list(model.named_modules()):
        if isinstance(module, torch.nn.Embedding):
            model.set_submodule(place, _table(torch, module))
    first = {name: torch.from_numpy(inputs[name][:1]) for name in ("input_ids", "attention_mask")}
    path = folder / _MADE
    try:
        litert_torch.convert(Wrapped().eval(), sample_kwargs=first).export(str(path))
    except Exception as error:
        raise ConversionError(
            "litert-torch cannot convert the model", which=type(model).__name__, found=short(error)
        ) from error
    return path.read_bytes()


def _table(torch: Any, embedding: Any) -> Any:
    """The same rows by index_select: it becomes a GATHER, which can be integer; an embedding's own operator
    cannot.
    """

    class Rows(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = embedding.weight

        def forward(self, places: Any) -> Any:
            chosen = torch.index_select(self.weight, 0, places.reshape(-1).int())
            return chosen.reshape(*places.shape, -1)

    return Rows()
