"""The winner of a search made again from its recipe, compiled, checked, and written with the
search's report.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from tinyml_compress.ops.base import Level
from tinyml_compress.ops.strips.node import OPERATOR as STRIPS
from tinyml_compress.pipeline.compile.verb import compile_to_folder
from tinyml_compress.pipeline.convert.npu import write_npu
from tinyml_compress.pipeline.fit.job import FitRequest, most_ram
from tinyml_compress.pipeline.fit.judge import RecipeJudge
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.rendering.page import front_svg
from tinyml_compress.results import Measurement, encoded
from tinyml_compress.results.fit import Fit, Outcome, Published, Trial, Untouched
from tinyml_compress.support import files
from tinyml_compress.support.c_names import c_name
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.techniques.recipe import dump

_FOLDER = "winner"


def publish(result: Fit, job: FitRequest, sensitive: Sequence[Sequence[str]]) -> Fit:
    """Write fit.json, the picture, the page, every trained trial's recipe, and the winner with
    all its files.
    """
    output = result.folder
    trained = [trial for trial in result.trials if trial.outcome is Outcome.TRAINED]
    if trained or result.best is not None:
        judge = RecipeJudge(job, sensitive)
        if result.best is not None:
            result = replace(result, published=_winner(result.best, output, job, judge))
        for trial in trained:
            text = _recipe(judge, trial, 1.0 if trial.final else trial.part)
            files.write_text(output / "recipes" / f"trial-{trial.number}.toml", text)
    files.write_text(output / "fit.json", json.dumps(encoded(result), indent=2) + "\n")
    picture = front_svg(result)
    if picture:  # nothing was trained: nothing to draw
        files.write_text(output / "front.svg", picture)
    files.write_text(output / "fit.html", result.html())
    return result


def _recipe(judge: RecipeJudge, trial: Trial, part: float) -> str:
    head = f"# trial {trial.number} of fit; kernels chosen for: {trial.point['level']}"
    return f"{head}\n{dump(judge.recipe(trial.point, part))}"


def _winner(trial: Trial, output: Path, job: FitRequest, judge: RecipeJudge) -> Published:
    folder = output / _FOLDER
    text = _recipe(judge, trial, trial.part)
    files.write_text(folder / "recipe.toml", text)
    done = judge.run(trial.point, trial.part, folder)
    assert done.tflite is not None
    targets_dir = None if job.targets_dir is None else Path(job.targets_dir)
    place = job.place()
    isa = Isa.richest(place.kernels)
    level = str(trial.point["level"])
    product = done.tflite
    if job.stream is not None:
        product = done.tflite.with_name(f"{done.tflite.stem}_stream.tflite")
        files.write_bytes(product, judge.product(done.tflite.read_bytes()))
    name = c_name(product.stem)
    score, before = judge.untouched(done.tflite)
    request = BenchmarkRequest(
        targets=(job.target,), level=Level(level), max_ram=most_ram(job), targets_dir=targets_dir
    )
    (run,) = measured(product, request).runs
    most = _arena_by_strips(run)
    compile_to_folder(product, folder / "aot", name, isa, Level(level), place.prices, most)
    beside = place.files_beside(name, product.read_bytes())
    if beside is not None:
        write_npu(folder / "npu", beside)
    compared = run.bit_exact
    why = run.bit_exact_unknown or "which is not installed here"
    agreement = f"not compared with TensorFlow Lite Micro: {why}"
    if compared is not None:
        same = compared.vectors - compared.mismatches
        agreement = f"{same} of {compared.vectors} outputs bit-exact with TensorFlow Lite Micro"
    written = sorted(str(path.relative_to(output)) for path in folder.rglob("*") if path.is_file())
    return Published(
        number=trial.number,
        files=tuple(written),
        untouched=Untouched(
            score=score, before=before, drop=judge.drop(score, before), samples=judge.counts()[1]
        ),
        agreement=agreement,
        commands=(
            *_commands(job, level, isa, done.tflite.relative_to(folder), most),
            *(() if beside is None else _placed_again(job, product.relative_to(folder))),
        ),
    )


def _placed_again(job: FitRequest, product: Path) -> tuple[str, ...]:
    """The command for what is beside the core; `convert` takes shipped boards alone."""
    if job.targets_dir is not None:
        return ()
    return (f"tinyml-compress convert again/{product} --npu {job.target} -o again/placed",)


def _arena_by_strips(run: Measurement) -> int | None:
    """Of a form that the board was measured with some layers strip by strip; None where none were."""
    if not any(node.op == STRIPS.name for node in run.nodes or ()):
        return None
    return next((one.parts["arena"] for one in run.figures if one.name == "RAM" and one.parts), None)


def _commands(job: FitRequest, level: str, isa: Isa, tflite: Path, most: int | None) -> tuple[str, ...]:
    scored = "" if job.eval_data is None else f" --eval-data {shlex.quote(job.eval_data)}"
    given = f"{shlex.quote(job.model)} --recipe recipe.toml --data {shlex.quote(job.data)}{scored}"
    told = tflite.with_name(f"{tflite.stem}_stream.tflite")
    streamed = f"tinyml-compress stream again/{tflite} --frames {job.stream} -o again/{told}"
    whole = job.stream is None
    form = f"{tflite if whole else told} --isa {isa.value} --optimize {level}" + (
        "" if most is None else f" --max-ram {most}"
    )
    return (
        f"tinyml-compress compress {given} -o again",
        *(() if whole else (streamed,)),
        f"tinyml-compress compile again/{form} -o again/aot",
    )
