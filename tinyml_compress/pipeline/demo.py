"""`make demo`: the whole way on shipped data, from an untrained network to a verdict for every board."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinyml_compress import data, models
from tinyml_compress.data import DataSet
from tinyml_compress.devices import Device, TflmNeed, load_device
from tinyml_compress.models.zoo import digits_cnn
from tinyml_compress.pipeline.compare.parity import ladder
from tinyml_compress.pipeline.compile.verb import compile_to_folder
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.pipeline.inspect.verb import looked_into
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.rendering.page import results_page
from tinyml_compress.results import (
    Benchmark,
    Conversion,
    Demo,
    DemoTraining,
    Engine,
    UnderTflm,
    encoded,
)
from tinyml_compress.runners import tflm
from tinyml_compress.support import backend, files
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.progress import stage
from tinyml_compress.techniques.training import Beat, History, Samples, fit, task_for

_SET = "data:digits"
_LEARNING_RATE = 3e-3
_NAME = "digits"


def demo(
    output: Path, *, epochs: int = 15, seed: int = 1, say: Callable[[str], None] = lambda line: None
) -> Demo:
    """Train, convert, evaluate, compile and judge; `say` gets a line after each step."""
    started = time.perf_counter()
    train, test = data.load(f"{_SET}:train"), data.load(f"{_SET}:test")
    say(
        f"data     {train.count} + {test.count} handwritten digits, "
        f"{train.licence} ({train.name}, {test.name})"
    )
    keras_file = output / f"{_NAME}.keras"
    with stage("train", total=epochs) as line:
        model, history = _trained(train, epochs, seed, line.advance)
        models.save(model, keras_file)
    say(f"train    {model.count_params():,} parameters, {epochs} epochs, loss {history.loss[-1]:.3f}")

    plain = convert(keras_file, mode="float32", output=output / "float32", name=_NAME, seed=seed)
    small = convert(keras_file, train, output=output / "int8", name=_NAME, seed=seed)
    say(f"convert  float32 {_size(plain):,} B, int8 {_size(small):,} B: every operator integer")

    arena = small.number("tflm_arena_bytes")
    engine = Engine.TFLM if tflm.available() else Engine.AOT
    with stage("evaluate"):
        score = evaluate(
            small.path, test, engine=engine.value, against=plain.path, against_engine=Engine.HOST.value
        )
    say(f"evaluate float32 {score.against_score}")
    say(
        f"         int8    {score.score}, under "
        f"{'TensorFlow Lite Micro' if engine is Engine.TFLM else 'our C'}"
    )

    with stage("compile"):
        compiled = compile_to_folder(small.path, output / "c", _NAME, Isa.DSP)
    say(f"compile  {', '.join(compiled.files)}: arena {compiled.arena_bytes:,} B, no interpreter")

    with stage("run on every board"):
        boards = measured(small.path, BenchmarkRequest(targets=("all",)), _NAME)
    say(f"boards   {sum(run.error is None for run in boards.runs)} of {len(boards.runs)} run it")
    with stage("where the engines part"):
        steps = ladder(small.path, test.name, reference=plain.path, seed=seed)
    needs = [] if arena is None else [TflmNeed(one, boards.model.nbytes, arena) for one in _devices(boards)]
    result = Demo(
        data=train.name,
        test=test.name,
        seed=seed,
        training=DemoTraining(loss=tuple(history.loss), score=tuple(history.score)),
        results=(encoded(looked_into(small)), encoded(score), encoded(steps), encoded(boards)),
        with_tflm=tuple(map(_under_tflm, needs)),
        with_tflm_assumptions=needs[0].assumptions if needs else (),
        float_bytes=_size(plain),
        seconds=round(time.perf_counter() - started, 3),
        folder=output,
    )
    results = encoded(result)
    files.write_text(output / "report.json", json.dumps(results, indent=2) + "\n")
    files.write_text(
        output / "report.html", results_page([results], title="Handwritten digits: what the demo made")
    )
    return result


def _devices(boards: Benchmark) -> list[Device]:
    devices = (load_device(run.device) for run in boards.runs)
    return [device for device in devices if isinstance(device, Device)]


def _under_tflm(need: TflmNeed) -> UnderTflm:
    flash, ram = (
        {name: int(value) for name, value in {"total": one.value, **(one.parts or {})}.items()}
        for one in need.figures()
    )
    return UnderTflm(
        device=need.device.name,
        fits=need.fits,
        verdict=str(need),
        device_flash_bytes=need.device.flash_bytes,
        device_ram_bytes=need.device.ram_bytes,
        flash=flash,
        ram=ram,
    )


def _trained(train: DataSet, epochs: int, seed: int, advance: Callable[[], None]) -> tuple[Any, History]:
    keras = backend.keras2()
    keras.utils.set_random_seed(seed)
    # The zoo's own weights are seeded for conversion; for training the layers start as Keras starts them.
    model = digits_cnn.layers(keras)
    samples = Samples(train.inputs, train.need_labels())

    def beat(done: Beat) -> None:
        advance()

    task = task_for(model, samples, epochs=epochs, learning_rate=_LEARNING_RATE, seed=seed)
    history = fit(model, task, samples, beat=beat)
    return model, history


def _size(done: Conversion) -> int:
    return done.numbers["model_bytes"].value
