"""`make demo`: the whole way on shipped data, from an untrained network to a verdict for every board."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tinyml_compress import data, models
from tinyml_compress.data import DataSet
from tinyml_compress.devices import Device, TflmNeed, list_devices
from tinyml_compress.models.zoo import digits_cnn
from tinyml_compress.pipeline.compare.parity import ladder
from tinyml_compress.pipeline.compile.verb import compile_to_folder
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.pipeline.inspect.verb import looked_into
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import Request
from tinyml_compress.rendering.demo import BoardRow, DemoResult, ModelRow
from tinyml_compress.rendering.page import results_page
from tinyml_compress.results import (
    Agreement,
    Benchmark,
    Conversion,
    Engine,
    Evaluation,
    Ladder,
    Score,
    encoded,
)
from tinyml_compress.runners import tflm
from tinyml_compress.support import backend, files
from tinyml_compress.support.document import document
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.progress import stage
from tinyml_compress.support.table import Numbers
from tinyml_compress.techniques.training import Beat, History, Samples, fit, task_for

_SET = "data:digits"
_LEARNING_RATE = 3e-3
_NAME = "digits"


def demo(
    output: Path, *, epochs: int = 15, seed: int = 1, say: Callable[[str], None] = lambda line: None
) -> DemoResult:
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
        before = evaluate(plain.path, test)
        after = evaluate(
            small.path, test, engine=engine.value, against=plain.path, against_engine=Engine.HOST.value
        )
    say(f"evaluate float32 {before.score}")
    say(
        f"         int8    {after.score}, under "
        f"{'TensorFlow Lite Micro' if engine is Engine.TFLM else 'our C'}"
    )

    with stage("compile"):
        compiled = compile_to_folder(small.path, output / "c", _NAME, Isa.DSP)
    say(f"compile  {', '.join(compiled.files)}: arena {compiled.arena_bytes:,} B, no interpreter")

    with stage("run on every board"):
        found = measured(small.path, Request(targets=("all",)), _NAME)
        boards = _boards(found, arena)
    say(f"boards   {sum(row.aot.error is None for row in boards)} of {len(boards)} run it")
    with stage("where the engines part"):
        steps = ladder(small.path, test.name, reference=plain.path, seed=seed)
    needs = [row.tflm for row in boards if row.tflm is not None]
    results = _document(train, test, history, seed, (looked_into(small), after, steps, found), needs)
    files.write_text(output / "report.json", json.dumps(results, indent=2) + "\n")
    files.write_text(
        output / "report.html", results_page([results], title="Handwritten digits: what the demo made")
    )
    rows = (
        ModelRow("float32", _size(plain), _numbers(before.score), None, None),
        ModelRow(
            "int8",
            _size(small),
            _numbers(after.score),
            _numbers(after.agreement),
            arena,
        ),
    )
    return DemoResult(
        data=f"{test.count} test digits",
        rows=rows,
        boards=boards,
        folder=output,
        files=(
            (f"{_NAME}.keras", "the trained model"),
            (
                f"int8/{_NAME}.tflite",
                "for TensorFlow Lite Micro, with C array, resolver and test vectors beside it",
            ),
            (f"c/{_NAME}.c, c/{_NAME}.h", "the same model as C without an interpreter, with a CMake project"),
            ("float32/", "the float model, for comparison"),
            ("report.html", "all of it with charts, to open in a browser; report.json holds the numbers"),
        ),
        seconds=time.perf_counter() - started,
        document=results,
    )


def _document(
    train: DataSet,
    test: DataSet,
    history: History,
    seed: int,
    done: tuple[Conversion, Evaluation, Ladder, Benchmark],
    needs: Sequence[TflmNeed],
) -> dict[str, Any]:
    """report.json: the results of the verbs that the demonstration stands for."""
    converted, score, steps, boards = done
    return document(
        "demo",
        {
            "data": train.name,
            "test": test.name,
            "seed": seed,
            "training": {"loss": list(history.loss), "score": list(history.score)},
            "results": [
                encoded(converted),
                encoded(score),
                encoded(steps),
                encoded(boards),
            ],
            "with_tflm": [
                {"device": need.device.name, "fits": need.fits, "verdict": str(need), **need.sums()}
                for need in needs
            ],
            "with_tflm_assumptions": list(needs[0].assumptions) if needs else [],
        },
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


def _boards(found: Benchmark, arena: int | None) -> list[BoardRow]:
    runs = {run.device: run for run in found.runs}
    rows = []
    for device in list_devices():
        if not isinstance(device, Device):
            continue
        run = runs[device.name]
        need = None if arena is None else TflmNeed(device, found.model.nbytes, arena)
        rows.append(BoardRow(device, need, run))
    return rows


def _size(done: Conversion) -> int:
    return done.numbers["model_bytes"].value


def _numbers(found: Score | Agreement | None) -> Numbers | None:
    return None if found is None else found.numbers
