"""int8 and int16x8 in one file: layers ranked by what their quantization costs, the few that hurt
kept wide.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tinyml_compress import frontend
from tinyml_compress.converter import Io, Mode
from tinyml_compress.converter.splice import candidates, splice
from tinyml_compress.data import DataSet
from tinyml_compress.errors import TrainingError, UsageError
from tinyml_compress.frontend.writer import write
from tinyml_compress.ops import operator
from tinyml_compress.pipeline.convert.whole import Wanted, convert_whole
from tinyml_compress.pipeline.evaluate.file_engines import predictor
from tinyml_compress.results import Engine, Mixed, ValueGain
from tinyml_compress.runners import tflm
from tinyml_compress.support.progress import stage

Floats = npt.NDArray[np.float32]
_WORK = 2e9
"""Multiplications that the ranking of one layer may take: int16 reference kernels are slow."""
_FEWEST = 64


@dataclass(frozen=True)
class MixedFile:
    """The file, and how it came to be."""

    tflite: bytes
    summary: Mixed


class Mixer:
    """The two forms of a model, and any mixture of them."""

    def __init__(self, int8: bytes, int16: bytes, *, narrow_ports: bool) -> None:
        self.narrow, self.wide = frontend.read(int8, "model"), frontend.read(int16, "model")
        self._narrow_ports = narrow_ports
        self.places = candidates(self.narrow, self.wide)

    def file(self, chosen: Collection[int]) -> bytes:
        """The .tflite file with the nodes at these places wide."""
        return write(splice(self.narrow, self.wide, chosen, narrow_ports=self._narrow_ports))

    def layer(self, place: int) -> str:
        """A name for people: the layer's, with the operator's place where the layer has several."""
        name = self.narrow.nodes[place].name or self.narrow.nodes[place].outputs[0]
        twins = [other for other in self.places if self.narrow.nodes[other].name == name]
        return f"{name}#{twins.index(place)}" if len(twins) > 1 else name

    def macs(self, place: int) -> int:
        view = self.narrow.view(self.narrow.nodes[place])
        return operator(view.node.op).macs(view)

    def values(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Every value between layers, by the name of its maker, with the nodes that must be wide to keep it
        in int16.

        What only moves values passes them on: a value goes through it to its readers.
        """
        graph, values = self.narrow, []
        makers: list[tuple[str, str, int | None]] = [(name, name, None) for name in graph.inputs]
        makers += [(self.layer(place), graph.nodes[place].outputs[0], place) for place in self.places]
        for layer, tensor, maker in makers:
            places = set(self._readers(tensor)) | (set() if maker is None else {maker})
            if places:
                values.append((layer, tuple(sorted(places))))
        return tuple(values)

    def _readers(self, tensor: str) -> list[int]:
        readers: list[int] = []
        for place, node in enumerate(self.narrow.nodes):
            if tensor in node.inputs:
                readers += [place] if place in self.places else self._readers(node.outputs[0])
        return readers

    @property
    def total_macs(self) -> int:
        return sum(self.macs(place) for place in self.places)


def mixer_of(loaded: Any, calibration: DataSet, wanted: Wanted) -> Mixer:
    """Both forms of a model, from the same calibration."""
    settings = wanted.settings
    if settings.io not in (None, Io.INT8, Io.FLOAT32):
        raise UsageError(
            "inputs and outputs cannot have this type",
            which=f"--io {settings.io.value} with --mixed",
            allowed="int8, float32; without --io they are int16 where the layers beside them are",
        )
    ports = settings.io if settings.io is Io.FLOAT32 else None
    plain = replace(settings, wide=(), io=ports)
    int8, int16 = (
        convert_whole(loaded, calibration, replace(wanted, settings=replace(plain, mode=mode))).tflite
        for mode in (Mode.INT8, Mode.INT16X8)
    )
    return Mixer(int8, int16, narrow_ports=settings.io is Io.INT8)


def by_names(mixer: Mixer, patterns: tuple[str, ...]) -> frozenset[int]:
    """The places of the layers that the patterns name; each must name one at least."""
    known = {place: mixer.layer(place) for place in mixer.places}
    chosen: set[int] = set()
    for pattern in patterns:
        matched = {place for place, name in known.items() if name == pattern or fnmatch(name, pattern)}
        if not matched:
            raise UsageError("no such layer to keep wide", which=pattern, allowed=", ".join(known.values()))
        chosen |= matched
    return frozenset(chosen)


def mix(loaded: Any, calibration: DataSet, tests: DataSet, wanted: Wanted, max_drop: float) -> MixedFile:
    """Rank the layers of `loaded`, and keep as few of them wide as hold the drop on `tests`."""
    with stage("convert to int8 and to int16x8"):
        mixer = mixer_of(loaded, calibration, wanted)
    return mix_forms(mixer, loaded.model, tests, max_drop, seed=wanted.seed)


def mix_forms(mixer: Mixer, model: Any, tests: DataSet, max_drop: float, *, seed: int = 0) -> MixedFile:
    """`mix` for a model whose two forms are there."""
    return _Search(mixer, model, tests, max_drop, seed).go()


def ranking(loaded: Any, calibration: DataSet, tests: DataSet, wanted: Wanted) -> tuple[ValueGain, ...]:
    """The values between the layers of `loaded` by what int16 is worth for them, most first."""
    mixer = mixer_of(loaded, calibration, wanted)
    return _Search(mixer, loaded.model, tests, 0.0, wanted.seed).ranking()


class _Search:
    def __init__(self, mixer: Mixer, model: Any, tests: DataSet, allowed: float, seed: int) -> None:
        from tinyml_compress.pipeline.compress.inputs import samples_of
        from tinyml_compress.techniques.training import outputs_of, task_for

        shape = tuple(model.input_shape)[1:]
        self._mixer, self._allowed = mixer, allowed
        self._tests = tests.fitted(shape)
        count = int(min(self._tests.count, max(_FEWEST, _WORK // max(1, mixer.total_macs))))
        self._few = self._tests.take(count, seed)
        self._task = task_for(
            model, samples_of(self._tests)
        )  # a detector's train part may hold normal samples only
        self._real_few = np.asarray(outputs_of(model, self._few.inputs))
        self._float = self._score(np.asarray(outputs_of(model, self._tests.inputs)), self._tests)

    def go(self) -> MixedFile:
        mixer = self._mixer
        int8 = self._measured(())
        error, _ = self._ranked(())
        if self._drop(int8) <= self._allowed:
            return self._done((), int8, None, error, ())
        everything = self._measured(mixer.places)
        if self._drop(everything) > self._allowed:
            raise TrainingError(
                "even int16x8 in every layer does not hold the drop",
                which="--mixed",
                found=(
                    f"{self._task.metric.value} {everything:.4f} after {self._float:.4f} of the float model"
                ),
                allowed=f"a drop of {self._allowed:.4f}",
                next_step="allow a larger --max-drop, or train in int8 (a recipe with qat)",
            )
        rows = self.ranking()
        chosen: list[ValueGain] = []
        score = int8
        for row in rows:
            if set(row.places) <= _places(chosen):
                continue  # it is in int16 already
            chosen.append(row)
            score = self._measured(_places(chosen))
            if self._drop(score) <= self._allowed:
                break
        for row in sorted(chosen, key=lambda row: -row.macs):  # one may have become needless, dear ones first
            without = [other for other in chosen if other is not row]
            if _places(without) == _places(chosen):
                continue
            fewer = self._measured(_places(without))
            if self._drop(fewer) <= self._allowed:
                chosen, score = without, fewer
        return self._done(_places(chosen), score, everything, error, rows, int8)

    def ranking(self) -> tuple[ValueGain, ...]:
        """Values by how much output error their int16 form takes away for the work that becomes wide."""
        mixer = self._mixer
        before, _ = self._ranked(())
        rows = []
        values = mixer.values()
        with stage("rank the layers", total=len(values)) as line:
            for layer, places in values:
                error, score = self._ranked(places)
                layers = tuple(mixer.layer(place) for place in places)
                macs = sum(map(mixer.macs, places))
                gain = ValueGain(
                    layer=layer, layers=layers, places=places, macs=macs, error=error, score=score
                )
                rows.append(gain)
                line.advance()
        floor = max(1, mixer.total_macs // 100)
        return tuple(sorted(rows, key=lambda row: ((row.error - before) / (row.macs + floor), row.places)))

    def _ranked(self, chosen: Collection[int]) -> tuple[float, float]:
        outputs = _outputs(self._mixer.file(chosen), self._few.inputs)
        apart = outputs.reshape(len(outputs), -1).astype(np.float64) - self._real_few.reshape(
            len(outputs), -1
        )
        return float(np.square(apart).mean()), self._score(outputs, self._few)

    def _measured(self, chosen: Collection[int]) -> float:
        return self._score(_outputs(self._mixer.file(chosen), self._tests.inputs), self._tests)

    def _score(self, outputs: Any, data: DataSet) -> float:
        from tinyml_compress.pipeline.compress.inputs import samples_of
        from tinyml_compress.techniques.training import score_of

        return score_of(np.asarray(outputs), self._task, samples_of(data))

    def _drop(self, score: float) -> float:
        return self._task.metric.drop(self._float, score)

    def _done(
        self,
        chosen: Collection[int],
        score: float,
        everything: float | None,
        error: float,
        rows: tuple[ValueGain, ...],
        int8: float | None = None,
    ) -> MixedFile:
        summary = Mixed(
            metric=self._task.metric.value,
            max_drop=self._allowed,
            float_score=self._float,
            int8_score=score if int8 is None else int8,
            int16_score=everything,
            score=score,
            drop=self._drop(score),
            int8_output_error=error,
            ranking_samples=self._few.count,
            scored_samples=self._tests.count,
            layers=tuple(
                msgspec.structs.replace(row, is_wide=set(row.places) <= set(chosen)) for row in rows
            ),
            wide=tuple(self._mixer.layer(place) for place in sorted(chosen)),
            wide_macs=sum(map(self._mixer.macs, chosen)) / max(1, self._mixer.total_macs),
        )
        return MixedFile(self._mixer.file(chosen), summary)


def _outputs(file: bytes, inputs: Floats) -> Floats:
    """From TensorFlow Lite Micro, else from our C: TensorFlow Lite has no QUANTIZE from int8 to int16."""
    engine = Engine.TFLM if tflm.available() else Engine.AOT
    return predictor(file, "mixed", engine)(DataSet("samples", inputs))


def _places(rows: Sequence[ValueGain]) -> frozenset[int]:
    return frozenset(place for row in rows for place in row.places)
