"""Folders of `transformers`, `hf:PATH[@LENGTH]`, run where torch is installed."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tinyml_compress import data as data_room
from tinyml_compress.converter import Mode
from tinyml_compress.converter.foreign.calls import requantize
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.evaluation import IGNORED
from tinyml_compress.hugging_face.calls import (
    INPUTS,
    HfModel,
    HfSamples,
    hf_cost,
    hf_outputs,
    hf_to_tflite,
    hf_tokens,
    hf_tokens_of_words,
)
from tinyml_compress.hugging_face.folder import HF_PREFIX, HfFolder
from tinyml_compress.ir import Graph
from tinyml_compress.models import ModelFormat, Origin
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.whole import Calibration, Wanted
from tinyml_compress.pipeline.evaluate.file_engines import Predict
from tinyml_compress.pipeline.sources.content import Content, RunCost
from tinyml_compress.pipeline.sources.kinds._foreign import check_settings, finished
from tinyml_compress.pipeline.sources.source import Source
from tinyml_compress.results import Engine, Inspection, Task
from tinyml_compress.support.progress import stage

Floats = npt.NDArray[np.float32]


class _Hf(Source):
    engines = (Engine.TORCH,)
    prefix = HF_PREFIX

    @cached_property
    def folder(self) -> HfFolder:
        """The folder, once it was found to be one."""
        return HfFolder.parse(self.spec)

    @property
    def title(self) -> str:
        return self.folder.path.resolve().name

    @property
    def origin(self) -> Origin:
        return Origin(self.spec, ModelFormat.HF, self.folder.sha256)

    @property
    def stored_bytes(self) -> int:
        return self.folder.weights.stat().st_size

    @property
    def task(self) -> Task | None:
        return task_of_folder(self.folder)

    def fitting(self, data: DataSet) -> DataSet:
        return tokenized(self.folder, data)

    def predictor(self, engine: Engine) -> Predict:
        def predict(data: DataSet) -> Floats:
            samples = samples_of(self.folder, data)
            with stage("ask PyTorch") as shown:
                return hf_outputs(told(self.folder), samples, timeout=_TIMEOUT, say=shown.note)

        return predict

    def to_tflite(self, calibration: Calibration, wanted: Wanted) -> Converted:
        settings = wanted.settings
        check_settings(self.spec, settings)
        calibration = data_room.load(calibration) if isinstance(calibration, str) else calibration
        if not isinstance(calibration, DataSet):
            raise DataError(
                "models of texts are traced with texts", next_step="give --calibration: a table of texts"
            )
        chosen = wanted.of(calibration)
        with stage(f"convert to {settings.mode.value}") as shown:
            model = told(self.folder, wanted.seed)
            plain, tokens = hf_to_tflite(
                model,
                samples_of(self.folder, chosen),
                integer=settings.mode.full_integer,
                timeout=settings.timeout,
                say=shown.note,
            )
            tflite = plain
            if settings.mode is not Mode.FLOAT32:
                tflite = requantize(plain, tokens, settings.mode, timeout=settings.timeout, say=shown.note)
        return finished(tflite, self.spec, calibration, tokens, wanted)

    def float_graph(self) -> Graph:
        raise _as_a_file(
            self.spec, "the layers of a PyTorch model have other names than those of its .tflite file"
        )

    def content(self) -> Content:
        header = self.folder.header
        return Content(
            parameters=None if header is None else header.parameters,
            notes=("MACs of PyTorch models are not counted: convert it first",),
        )

    def cost(self, data: DataSet) -> RunCost:
        samples = samples_of(self.folder, data)
        with stage("time PyTorch") as shown:
            times, peak = hf_cost(told(self.folder), samples, timeout=_TIMEOUT, say=shown.note)
        return RunCost(peak, times)

    def inspected(self, data: DataSet | None) -> Inspection:
        raise _as_a_file(self.spec, "PyTorch models are not looked into")


def _as_a_file(spec: str, what: str) -> UsageError:
    return UsageError(what, which=spec, next_step="convert it with --mode float32 and give that file")


_TIMEOUT = 1800.0


def told(folder: HfFolder, seed: int = 0) -> HfModel:
    """What a worker needs to know of a folder."""
    return HfModel(folder.path, folder.weights, folder.length, folder.pickle, folder.code, seed)


def samples_of(folder: HfFolder, data: DataSet) -> HfSamples:
    """Texts for the folder's tokenizer, or tokens that a set holds."""
    _ = folder.header  # read strictly before torch maps the file
    if data.texts:
        folder.require_tokenizer()
        return HfSamples(data.texts)
    named = dict(data.named)
    if not set(INPUTS) <= set(named):
        raise DataError(
            "the set has neither texts nor tokens",
            which=data.name,
            found=", ".join(named) or "one input without a name",
            allowed="a table with a column text, or an .npz with input_input_ids and input_attention_mask",
        )
    return HfSamples(tokens={name: np.asarray(named[name], np.int32) for name in INPUTS})


def tokenized(folder: HfFolder, data: DataSet) -> DataSet:
    """The set with tokens in the place of texts, its classes in the model's order."""
    if not data.texts:
        return data
    folder.require_tokenizer()
    data = in_order_of(folder, data)
    labels, unseen = data.labels, 0
    with stage("make tokens of the texts") as shown:
        if labels is not None and labels.ndim > 1:
            tokens, words = hf_tokens_of_words(told(folder), data.texts, timeout=_TIMEOUT, say=shown.note)
            labels, unseen = _at_tokens(labels, words)
        else:
            tokens = hf_tokens(told(folder), data.texts, timeout=_TIMEOUT, say=shown.note)
    if labels is not None and (labels == IGNORED).all():
        raise DataError(
            "no word with a tag is within the length of the texts",
            which=f"{data.name}, {folder.length} tokens",
            next_step=f"name a length: {HF_PREFIX}{folder.path}@{2 * folder.length}",
        )
    named = tuple(tokens.items())
    return replace(data, inputs=named[0][1], named=named, texts=(), labels=labels, unseen=unseen)


def _at_tokens(
    labels: npt.NDArray[np.int64], words: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], int]:
    """A word's label at the first of its tokens, and how many words with one lie behind the last token."""
    at = np.where(words >= 0, np.take_along_axis(labels, np.maximum(words, 0).astype(np.int64), 1), IGNORED)
    return at, int((labels != IGNORED).sum()) - int((at != IGNORED).sum())


def in_order_of(folder: HfFolder, data: DataSet) -> DataSet:
    """Labels as the model counts them, where both name their classes."""
    names, labels = folder.classes, data.labels
    if labels is None:
        return data
    _check_answered(folder, data)
    if not data.classes or data.classes == names or folder.head == "":
        return data
    if not set(data.classes) <= set(names):
        if names and names != tuple(f"LABEL_{place}" for place in range(len(names))):
            raise DataError(
                "the set has classes that the model does not know",
                which=data.name,
                found=", ".join(sorted(set(data.classes) - set(names))[:8]),
                allowed=", ".join(names[:40]),
                next_step="write the model's names (id2label in config.json) or numbers into the table",
            )
        return data
    places = np.array([names.index(name) for name in data.classes], np.int64)
    return replace(
        data, labels=np.where(labels == IGNORED, IGNORED, places[np.maximum(labels, 0)]), classes=names
    )


def _check_answered(folder: HfFolder, data: DataSet) -> None:
    """Tags of words for a model that answers words, classes of texts for one that answers texts."""
    if not folder.head or data.labels is None or folder.answers_words == (data.labels.ndim > 1):
        return
    if folder.answers_words:
        raise DataError(
            "the model answers each word, and the set has a class for each text",
            which=data.name,
            allowed="a .csv with the columns text and tags, or a .conll file: a word and its tag in a line",
        )
    raise DataError(
        "the set has a tag for each word, and the model answers each text",
        which=data.name,
        allowed="a .csv with the columns text and label",
    )


def task_of_folder(folder: HfFolder) -> Task:
    """An encoder without a head gives vectors."""
    return Task.CLASSIFICATION if folder.head else Task.EMBEDDING


SOURCE = _Hf
