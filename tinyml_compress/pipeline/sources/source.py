"""What a model is before anything was made of it: where it comes from, what it answers, how it becomes a
.tflite file.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from tinyml_compress.converter import ConvertSettings
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import Graph
from tinyml_compress.models import Origin
from tinyml_compress.models.load import FORMS
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.whole import Calibration, Wanted
from tinyml_compress.pipeline.evaluate.file_engines import Predict
from tinyml_compress.pipeline.sources.content import Content, RunCost
from tinyml_compress.results import Engine, Inspection, Mixed, Task


class Source(ABC):
    """A kind of model, and one of them; made without loading anything."""

    engines: ClassVar[tuple[Engine, ...]]
    """What computes its answers; the first is meant where none is named."""
    prefix: ClassVar[str] = ""
    """What the names of this kind begin with, where that is what tells them."""

    def __init__(self, spec: str) -> None:
        self.spec = spec

    @classmethod
    def accepts(cls, spec: str) -> bool:
        """Whether the name stands for a model of this kind; several kinds never say yes to one name."""
        return bool(cls.prefix) and spec.startswith(cls.prefix)

    @property
    @abstractmethod
    def origin(self) -> Origin:
        """Its form and digest."""

    @property
    def title(self) -> str:
        """What to call what is made of it."""
        return Path(self.spec).stem

    @property
    def file(self) -> bytes | None:
        """The .tflite file that it is, where it is one."""
        return None

    @property
    def stored_bytes(self) -> int | None:
        """Of the file that it is, where it is one."""
        path = Path(self.spec)
        return path.stat().st_size if path.is_file() else None

    @property
    def task(self) -> Task | None:
        """What its outputs mean, where it says so itself."""
        return None

    def fitting(self, data: DataSet) -> DataSet:
        """A set of texts as this model takes them, where it knows how."""
        return data

    @abstractmethod
    def predictor(self, engine: Engine) -> Predict:
        """Its answers in real values, under one of its engines."""

    @abstractmethod
    def to_tflite(self, calibration: Calibration, wanted: Wanted) -> Converted:
        """The .tflite file in memory."""

    def quantized(self, wanted: Wanted) -> Converted | None:
        """The model as it stands, where it is a quantized .tflite file; None: it has to be converted."""
        return None

    def to_mixed(
        self, calibration: DataSet, tests: DataSet, wanted: Wanted, max_drop: float
    ) -> tuple[Mixed, Converted]:
        """The same with as many layers in int16x8 as it takes to lose no more than `max_drop` on `tests`."""
        raise UsageError(
            "layers can be kept in int16x8 where a Keras model becomes int8",
            which="--mixed",
            found="another kind of model",
        )

    def check_training(self, settings: ConvertSettings, train: str) -> None:
        """Refuse the function that fine-tunes a model during quantization-aware training, unless it goes with
        this one.
        """
        raise UsageError(
            "a training function goes with torch: models in mode int8", which=f"--torch-train {train}"
        )

    @abstractmethod
    def float_graph(self) -> Graph:
        """Its layers in float, each result to be had."""

    @abstractmethod
    def content(self) -> Content:
        """Its parameters, zeros and work, for a comparison."""

    def cost(self, data: DataSet) -> RunCost | None:
        """Of its answers to samples of the set, where it can be asked."""
        return None

    @abstractmethod
    def inspected(self, data: DataSet | None) -> Inspection:
        """All that is in it; with `data`, also what each layer's compression does to the outputs."""

    def engine(self, word: str) -> Engine:
        """The engine of that name, `auto` being its own."""
        if word == "auto":
            return self.engines[0]
        chosen = Engine(word)
        if chosen not in self.engines:
            known = ", ".join(one.value for one in self.engines)
            raise UsageError(
                f"engine {word} does not run this model",
                which=self.spec,
                allowed=f"auto, {known}",
                next_step="leave out --engine; host, tflm and aot run what `convert` made of it",
            )
        return chosen


@lru_cache(maxsize=1)
def _kinds() -> tuple[type[Source], ...]:
    from tinyml_compress.pipeline.sources import kinds

    names = [module.name for module in pkgutil.iter_modules(kinds.__path__) if module.name[0] != "_"]
    return tuple(importlib.import_module(f"{kinds.__name__}.{name}").SOURCE for name in names)


def source_of(spec: str | Path) -> Source:
    """The model of that name."""
    text = str(spec)
    for kind in _kinds():
        if kind.accepts(text):
            return kind(text)
    allowed = f"{FORMS}, torch:package.module:function, hf:FOLDER, an .onnx or a .tflite file"
    if Path(text).exists():
        raise UsageError("not a model", which=text, allowed=allowed)
    raise UsageError("no such model", which=text, allowed=allowed, next_step="check the path")
