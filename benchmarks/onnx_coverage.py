"""Which of ONNX's own node tests become a .tflite file that answers as they say: `docs/onnx.md`'s table.

    python benchmarks/onnx_coverage.py                 # fetches the tests (13 MB), goes on where it stopped
    python benchmarks/onnx_coverage.py --only relu,conv # a part, printed without being recorded

The tests are those of onnx 1.12.0, the release of opset 17; its wheel is fetched by pip and unpacked, not
installed. Each is converted to float32 and run in a process of its own. A file for a board has fixed
sizes: where a node's further inputs (axes, pads, a new shape) decide about sizes, they are made constants,
which is counted apart. `benchmarks/onnx_coverage.json` has a line for each test.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.converter import worker as converter
from tinyml_compress.converter.onnx.build import known_operators, require_known
from tinyml_compress.converter.onnx.model import OnnxModel, parse_tensor, read_onnx
from tinyml_compress.converter.onnx.ports import OnnxFile, fixed_inputs
from tinyml_compress.converter.onnx.worker import traced
from tinyml_compress.errors import TinymlError, UnsupportedOperator
from tinyml_compress.support import backend
from tinyml_compress.support.worker import Job

REPO = Path(__file__).resolve().parents[1]
RECORD = REPO / "benchmarks" / "onnx_coverage.json"
ONNX = "1.12.0"
OPSET = 17
SECONDS = 90.0
AGREES, WITH_CONSTANTS = "agrees", "agrees, further inputs constant"
NO_FLOAT = "no float test"
RELATIVE, ABSOLUTE = 1e-3, 1e-5
"""ONNX's own bounds are 1e-3 and 1e-7; sums in another order miss the second near zero."""


def tests_folder(place: Path) -> Path:
    """ONNX's node tests, fetched at the first use."""
    folder = place / "onnx" / "backend" / "test" / "data" / "node"
    if not folder.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        words = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.10", "-q", "-d", str(place)]
        subprocess.run([sys.executable, "-m", "pip", "download", *words, f"onnx=={ONNX}"], check=True)
        with zipfile.ZipFile(next(place.glob("onnx-*.whl"))) as wheel:
            wheel.extractall(place, [name for name in wheel.namelist() if "/test/data/node/" in name])
    return folder


def arrays_of(folder: Path, kind: str) -> list[Any]:
    files = sorted(folder.glob(f"{kind}_*.pb"), key=lambda path: int(path.stem.split("_")[1]))
    return [parse_tensor(path.read_bytes(), path) for path in files]


def one(path: Path, conn: Any) -> None:
    """In a process of its own: says how the test ended."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TensorFlow's notes
    try:
        conn.send(_tried(path))
    except BaseException as error:
        conn.send({"kind": "failed", "why": f"{type(error).__name__}: {error}"[:200]})
    conn.close()


def _tried(path: Path) -> dict[str, str]:
    try:
        model = read_onnx(path / "model.onnx")
        data = path / "test_data_set_0"
        given, wanted = arrays_of(data, "input"), arrays_of(data, "output")
    except TinymlError as error:
        return {"kind": NO_FLOAT, "why": _line(error)}
    ports = model.graph.inputs
    if not (wanted and all(array.dtype.kind == "f" for array in wanted)):
        return {"kind": NO_FLOAT, "why": "an output is not of floats"}
    ops = "+".join(sorted({node.op for node in model.graph.nodes}))
    if model.opset > OPSET:
        return {"kind": NO_FLOAT, "why": f"opset {model.opset}"}
    try:
        worst = _converted(path, model, given, wanted)
        kind = AGREES
    except UnsupportedOperator as first:
        if len(ports) < 2:
            return {"op": ops, "kind": "refused", "why": _line(first)}
        constants = dict(model.graph.constants)
        constants.update({port.name: array for port, array in zip(ports[1:], given[1:], strict=True)})
        fixed = replace(model, graph=replace(model.graph, constants=constants, inputs=ports[:1]))
        try:
            worst = _converted(path, fixed, given[:1], wanted)
            kind = WITH_CONSTANTS
        except UnsupportedOperator as second:
            return {"op": ops, "kind": "refused", "why": _line(second)}
    if worst is not None:
        return {"op": ops, "kind": "differs", "why": worst}
    return {"op": ops, "kind": kind, "why": ""}


def _line(error: TinymlError) -> str:
    return ": ".join(part for part in (error.what, error.found) if part)[:200]


def _converted(path: Path, model: OnnxModel, given: list[Any], wanted: list[Any]) -> str | None:
    """Convert and run; where the answers differ, by how much."""
    tf = backend.tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    require_known(model.graph)
    sizes = {port.name: array.shape for port, array in zip(model.graph.inputs, given, strict=True)}
    ports = fixed_inputs(model, OnnxFile(path, sizes, True))
    function = traced(tf, model, ports, frozenset(), False)
    with tempfile.TemporaryDirectory() as folder:
        job = Job({"mode": "float32", "seed": 0}, {}, {}, Path(folder))
        tf.saved_model.save(tf.Module(), f"{folder}/{converter.SAVED_MODEL}", {"serving_default": function})
        content = converter.converted(job)
    runner = tf.lite.Interpreter(model_content=content).get_signature_runner()
    feeds = {port.title: array.astype(port.stored_dtype) for port, array in zip(ports, given, strict=True)}
    answers = runner(**feeds)
    for index, array in enumerate(wanted):
        answer = np.asarray(answers[f"y{index:03}"])
        if answer.shape != array.shape:
            return f"output {index} has the shape {answer.shape}, not {array.shape}"
        if not np.allclose(answer, array, RELATIVE, ABSOLUTE, equal_nan=True):
            return f"output {index}: up to {np.nanmax(np.abs(answer - array)):.3g} apart"
    return None


def run(path: Path, context: Any) -> dict[str, str]:
    ours, theirs = context.Pipe(False)
    process = context.Process(target=one, args=(path, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(SECONDS):
            return {"kind": "too slow", "why": f"more than {SECONDS:g} s"}
        return dict(ours.recv())
    except EOFError:
        process.join(10)
        return {"kind": "crashed", "why": f"exit code {process.exitcode}"}
    finally:
        if process.is_alive():
            process.join(2)
            process.kill()


def summary(results: dict[str, dict[str, str]]) -> dict[str, int]:
    return dict(sorted(Counter(result["kind"] for result in results.values()).items()))


def agreeing(results: dict[str, dict[str, str]]) -> tuple[int, int]:
    """Float tests that convert and agree, and how many there are."""
    counts = summary(results)
    floats = sum(count for kind, count in counts.items() if kind != NO_FLOAT)
    return counts.get(AGREES, 0) + counts.get(WITH_CONSTANTS, 0), floats


def told(results: dict[str, dict[str, str]]) -> str:
    good, floats = agreeing(results)
    return (
        f"{good} of {floats} float tests convert and agree ({good / max(floats, 1):.1%}); {summary(results)}"
    )


def markdown(results: dict[str, dict[str, str]]) -> str:
    """The tables of the page."""
    good, floats = agreeing(results)
    lines = [f"**{good} of {floats}** float tests convert and agree ({good / floats:.1%}).", ""]
    lines += ["| how the tests ended | tests |", "|---|---|"]
    lines += [f"| {kind} | {count} |" for kind, count in summary(results).items() if kind != NO_FLOAT]
    missing: dict[str, Counter[str]] = {}
    for result in results.values():
        op = result.get("op", "")
        if op and "+" not in op and result["kind"] != NO_FLOAT:
            good_one = result["kind"] in (AGREES, WITH_CONSTANTS)
            missing.setdefault(op, Counter())["agree" if good_one else result["kind"]] += 1
    lines += ["", "Operators with a float test of their own of which not every one agrees:", ""]
    lines += ["| operator | agree | of | the others |", "|---|---|---|---|"]
    for op, counts in sorted(missing.items()):
        others = [f"{count} {kind}" for kind, count in sorted(counts.items()) if kind != "agree"]
        if others:
            lines.append(f"| {op} | {counts['agree']} | {sum(counts.values())} | {', '.join(others)} |")
    lines += ["", "Operators that are known: " + ", ".join(sorted(known_operators())) + "."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tests", type=Path, default=REPO / "build" / "onnx-node-tests", help="where they lie"
    )
    parser.add_argument(
        "--only", default="", help="words, one of which a test's name holds; nothing is recorded"
    )
    parser.add_argument(
        "--again", default="", help="kinds of results to try anew, such as refused,failed, or all"
    )
    parser.add_argument("--markdown", action="store_true", help="print the page's tables")
    chosen = parser.parse_args()
    if chosen.markdown:
        print(markdown(json.loads(RECORD.read_text())["tests"]))
        return
    folder = tests_folder(chosen.tests)
    known = json.loads(RECORD.read_text())["tests"] if RECORD.is_file() else {}
    again, words = chosen.again.split(","), [word for word in chosen.only.split(",") if word]
    results = {
        name: result for name, result in known.items() if result["kind"] not in again and "all" not in again
    }
    names = sorted(path.name for path in folder.iterdir() if (path / "model.onnx").is_file())
    waiting = [
        name for name in names if (any(word in name for word in words) if words else name not in results)
    ]
    context = multiprocessing.get_context("fork")
    backend.tensorflow().lite.TFLiteConverter  # noqa: B018  # loaded once, and forked
    known_operators()
    gc.freeze()
    started, last = time.monotonic(), 0.0
    tried: dict[str, dict[str, str]] = {}
    for index, name in enumerate(waiting):
        tried[name] = results[name] = run(folder / name, context)
        if words:
            print(name, tried[name], flush=True)
        elif time.monotonic() - last > 20 or index == len(waiting) - 1:
            last = time.monotonic()
            _write(results)
            print(f"{index + 1} of {len(waiting)}, {last - started:.0f} s: {told(results)}", flush=True)
    print(told(tried if words else results))


def _write(results: dict[str, dict[str, str]]) -> None:
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(result)}" for name, result in sorted(results.items())
    )
    head = f'"onnx": "{ONNX}", "opset": {OPSET}, "summary": {json.dumps(summary(results))}'
    RECORD.write_text(f'{{{head}, "tests": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
