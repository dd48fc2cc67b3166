"""The tables of every verb before terminals of 40, 80 and 120 columns and before a pipe: no name and no
number is cut.

Names are long (boards, files, layers), reasons are long (QEMU is missing). Verbs that train are shown by the
values that they print; all others are called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.lib.graphs import const, graph, tensor
from tests.lib.terminals import PIPED, printed
from tests.lib.window_nets import random_chain
from tests.report import documents
from tinyml_compress.evaluation import share
from tinyml_compress.frontend import write
from tinyml_compress.ir import Node
from tinyml_compress.ops import operator
from tinyml_compress.pipeline.checking import check
from tinyml_compress.pipeline.compare.verb import compare
from tinyml_compress.pipeline.evaluate.verb import Question, evaluated
from tinyml_compress.pipeline.inspect.verb import inspect_model
from tinyml_compress.pipeline.shrinking import shrink
from tinyml_compress.pipeline.stream import stream
from tinyml_compress.rendering.demo import demo_blocks
from tinyml_compress.rendering.inspection import models_blocks
from tinyml_compress.results import (
    Agreement,
    Benchmark,
    Compression,
    Conversion,
    Demo,
    DemoTraining,
    Engine,
    Evaluation,
    Failure,
    Listing,
    Measurement,
    ModelFacts,
    Sizes,
    StageResult,
    Task,
    decoded,
    encoded,
)
from tinyml_compress.results.fit import Budget, Cost, Estimate, Fit, Form, LayerNeed, Outcome, Rung, Trial
from tinyml_compress.support.table import Block, Table
from tinyml_compress.support.table_text import blocks_text, table_text

WIDTHS = (40, 80, 120, PIPED)
LAYER = "functional_1/a_block_of_a_long_name/separable_convolution_with_normalization/Relu;dense/BiasAdd"
BOARD = "a-board-of-our-own-with-the-long-name-that-its-maker-gave-it"
FILE = "a-model-whose-file-has-a-rather-long-name-for-one-column-of-a-table"
REASON = (
    "QEMU is not installed: qemu-system-arm\ninstall it with the package "
    "manager of your system, or use another"
)


def whole(text: str, columns: int, *names: str) -> None:
    """Every name stands in what a verb printed, and nothing else than text."""
    assert "…" not in text
    assert "\x1b" not in text
    for name in names:
        assert name in text, f"{name} is missing at {columns} columns:\n{text}"
    assert columns != PIPED or "left out at" not in text


def rendered(blocks: Sequence[Block], *names: str) -> dict[int, str]:
    """The same at all widths; nothing but a long name widens the line of a table."""
    shown = {columns: blocks_text(blocks, columns or None) for columns in WIDTHS}
    for columns, text in shown.items():
        whole(text, columns, *names)
        tables = (
            []
            if columns == PIPED
            else [table_text(block, columns) for block in blocks if isinstance(block, Table)]
        )
        for line in "\n".join(tables).splitlines():
            longest = max(map(len, line.split(" ")))
            assert len(line) <= columns or longest > columns - 24, f"at {columns} columns:\n{line}"
    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models with long names, a set for them, and a board of a long name."""
    made = tmp_path_factory.mktemp("tables")
    attrs = operator("FULLY_CONNECTED").attrs_type()
    weights = const("weights", np.eye(12, dtype=np.int8) * 100, 0.01)
    tensors = [
        tensor("x", (1, 12), 0.1),
        weights,
        tensor("middle", (1, 12), 0.1),
        tensor(LAYER, (1, 12), 0.1),
    ]
    nodes = [
        Node("FULLY_CONNECTED", ("x", "weights"), ("middle",), attrs, LAYER),
        Node("FULLY_CONNECTED", ("middle", "weights"), (LAYER,), attrs, LAYER),
    ]
    for name in (FILE, f"{FILE}-2"):
        (made / f"{name}.tflite").write_bytes(write(graph(tensors, nodes, ["x"], [LAYER])))
    np.savez(made / "set.npz", inputs=np.eye(12, dtype=np.float32), labels=np.arange(12))
    board = (Path(__file__).resolve().parents[2] / "targets" / "raspberry-pi-pico.toml").read_text()
    (made / f"{BOARD}.toml").write_text(board)
    return made


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("targets",), ("nucleo-l4r5zi", "2,048 KB", "264 KB")),
        (("targets", "show", "nucleo-l4r5zi"), ("NUCLEO-L4R5ZI", "0x20000000", "load-multiple-register")),
        (("operators",), ("UNIDIRECTIONAL_SEQUENCE_LSTM", "SignalFilterBankSquareRoot")),
        (("zoo", "list"), ("wake_word_streaming", "text_transformer")),
        (("data", "list"), ("data:activities", "1400 + 397")),
        (("data", "check", "data:digits"), ("duplicates", "channels")),
        (("doctor",), ("tensorflow-model-optimization", "qemu-system-arm")),
    ],
    ids=lambda value: "-".join(value) if value[0].islower() and value[0].isalpha() else "",
)
def test_verbs_that_list(words: tuple[str, ...], names: tuple[str, ...], columns: int) -> None:
    whole(printed(*words, columns=columns, codes=(0, 1)), columns, *names)


def test_verbs_that_look_at_a_file(folder: Path, tmp_path: Path) -> None:
    file, other = folder / f"{FILE}.tflite", folder / f"{FILE}-2.tflite"
    both = models_blocks([inspect_model(file), inspect_model(other)], layers=True)
    shown = rendered(both, f"{FILE}.tflite", f"{FILE}-2.tflite", "FULLY_CONNECTED", "144")
    assert LAYER in shown[40], "a block per layer"
    assert LAYER in shown[PIPED]
    whole(printed("inspect", file, "--layers", columns=40), 40, f"{FILE}.tflite", LAYER)

    small = tmp_path / "small.tflite"
    rendered(shrink(file, output=small, vectors=1, names_only=True).blocks(), "quantization")
    whole(printed("shrink", file, "-o", small, "--vectors", "1", columns=40), 40, "quantization")
    window = tmp_path / "window.tflite"
    window.write_bytes(write(random_chain(2)))
    told = stream(window, output=tmp_path / "told.tflite", steps=1)
    rendered(told.blocks(), *(layer.layer for layer in told.layers if layer.window_macs))
    whole(printed("stream", window, "-o", tmp_path / "told.tflite", columns=40), 40, "t0")
    whole(printed("verify", file, "--vectors", "1", columns=40), 40, f"{file}@tflm")
    compiled = printed("compile", file, "-o", tmp_path / "c", columns=40)
    whole(compiled, 40, "tc_s8_fully_connected_sparse__c", "CMakeLists.txt")
    rendered(check(file, BOARD, targets_dir=folder).blocks(), BOARD, "of 270,336 B")
    checked = printed("check", file, "--target", BOARD, "--targets-dir", folder, columns=40)
    assert f"{BOARD}, aot: takes the model" in checked


def test_verbs_that_score(folder: Path) -> None:
    files = [folder / f"{FILE}{end}.tflite" for end in ("", "-2")]
    data = folder / "set.npz"
    scored = evaluated(files, Question(data, engine="tflm", against=files[1], against_engine="tflm"))
    rendered(scored.blocks(), f"{FILE}.tflite", f"{FILE}-2.tflite")
    rendered(scored.evaluations[0].blocks(), str(files[0]), "12 of 12")
    words = ("evaluate", *files, "--data", data, "--engine", "tflm")
    whole(printed(*words, columns=40), 40, f"{FILE}.tflite", f"{FILE}-2.tflite")
    rendered(compare(files, data, rounds=1).blocks(), *map(str, files), "1.0000")
    whole(
        printed("compare", *files, "--data", data, "--rounds", "1", columns=40),
        40,
        *map(str, files),
        "1.0000",
    )


@pytest.mark.parametrize("columns", WIDTHS)
def test_benchmark_without_an_emulator(
    folder: Path, no_cache: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """The reason stands below the table, once, and the board's name is whole."""
    monkeypatch.setenv("PATH", "")
    boards = f"{BOARD},raspberry-pi-pico"
    words = ("benchmark", folder / f"{FILE}.tflite", "--target", boards, "--targets-dir", folder)
    shown = printed(*words, "--emulator", "qemu", columns=columns, codes=(1,))
    whole(shown, columns, BOARD, "raspberry-pi-pico", "[1] QEMU is not")
    assert len(re.findall("QEMU +is +not", " ".join(shown.split()))) == 1


@pytest.mark.parametrize("columns", WIDTHS)
def test_benchmark_of_one_board(folder: Path, columns: int) -> None:
    words = (
        "benchmark",
        folder / f"{FILE}.tflite",
        "--target",
        BOARD,
        "--targets-dir",
        folder,
        "--vectors",
        "1",
    )
    shown = printed(*words, columns=columns)
    whole(
        shown, columns, f"{FILE}.tflite", f"targets/{BOARD}.toml", "FULLY_CONNECTED", "between nodes", "total"
    )


@pytest.mark.parametrize("columns", WIDTHS)
def test_gate(tmp_path: Path, columns: int) -> None:
    run = {"device": BOARD, "engine": "aot", "fits": True, "optimize": "speed", "compiler": "zig cc"}
    node = {"kernel": "k", "shape": [1], "macs": 9, "cycles": 9}
    nodes = [{**node, "index": 0, "op": "CONV_2D", "name": LAYER, "instructions": 700}]
    model = {"name": "m", "source": "m.tflite", "sha256": "0" * 64, "bytes": 4000}
    runs = [{**run, "instructions": 1000, "nodes": nodes}]
    found = {"schema": 1, "model": model, "input": "pattern", "runs": runs}
    (tmp_path / "a.json").write_text(json.dumps(found))
    grown = [{**nodes[0], "instructions": 900}]
    worse = {**found, "runs": [{**run, "instructions": 1_200_000, "nodes": grown}]}
    (tmp_path / "b.json").write_text(json.dumps(worse))
    words = ("gate", "--baseline", tmp_path / "a.json", "--current", tmp_path / "b.json")
    whole(printed(*words, columns=columns, codes=(1,)), columns, f"{BOARD} aot speed", LAYER, "1,200,000")


def test_demo_where_boards_cannot_run() -> None:
    """What `make demo` printed without QEMU: names and numbers were cut."""
    failure = Failure(reason=REASON, detail="")
    boards = Benchmark(
        model=ModelFacts(name="digits", source="digits.tflite", sha256="0" * 64, nbytes=45_072),
        input_kind="pattern",
        runs=tuple(Measurement(device=name, engine="aot", fits=True, error=failure) for name in (BOARD, "b")),
    )
    int8 = Evaluation(
        model="digits.tflite",
        model_sha256="0" * 64,
        engine=Engine.TFLM,
        data="data:digits:test",
        data_sha256="0" * 64,
        task=Task.CLASSIFICATION,
        score=share(391, 397),
        against_score=share(391, 397),
        agreement=Agreement(same=397, total=397, max_difference=0.1, mean_difference=0.01),
    )
    result = Demo(
        data="data:digits:train",
        test="data:digits:test",
        seed=1,
        training=DemoTraining(loss=(0.1,), score=(0.9,)),
        results=(documents.convert(), encoded(int8), documents.ladder(), encoded(boards)),
        with_tflm=(),
        with_tflm_assumptions=(),
        float_bytes=1_561_600,
        seconds=29.0,
        folder=Path("out"),
    )
    shown = rendered(demo_blocks(result), BOARD, "float32", "1,561,600", "98.5% (96.7% to 99.3%, 391 of 397)")
    for text in shown.values():
        assert " ".join(text.split()).count("[2] QEMU is not installed: qemu-system-arm install it with") == 1


def test_compress() -> None:
    sizes = Sizes(parameters=1_234_567, weights=1_200_000, zeros=600_000, macs=98_765_432, ram=4096)
    stage = StageResult(
        name=FILE,
        use="prune",
        metric="accuracy",
        score=0.912,
        interval=(0.9, 0.92),
        drop=0.0123,
        sizes=sizes,
        files=("model.keras",),
        notes=(REASON,),
    )
    head = (("layer", ""), ("weights", "{:,}"), ("zeros", "{:.0%}"), ("cycles", "{:,}"))
    priced = msgspec.structs.replace(
        stage,
        name="priced",
        nbytes=7_654_321,
        shares=Listing.of(head, [(LAYER, 1_234_567, 0.75, -12_345_678)]),
        allocation_summary=f"zeros by cycles on {BOARD}",
        cached=True,
    )
    result = Compression(
        model=f"/some/folder/{FILE}.keras",
        model_sha256="0" * 64,
        recipe="mine",
        title="a recipe",
        seed=1,
        baseline=stage,
        stages=(stage, priced),
        folder=Path("out"),
        seconds=9.0,
    )
    shown = rendered(result.blocks(), FILE, LAYER, "7,654,321", "-12,345,678", f"{FILE}.keras")
    for name in ("98,765,432", "1,234,567", "90.0% to 92.0%", "cached"):
        assert name in shown[PIPED]


def test_convert_mixed() -> None:
    gain = {"places": (0,), "macs": 1_234_567, "error": 0.1, "score": 0.9, "is_wide": True}
    mixed = {
        "metric": "accuracy",
        "max_drop": 0.01,
        "float_score": 0.92,
        "int8_score": 0.9,
        "int16x8_score": 0.91,
        "score": 0.915,
        "drop": 0.005,
        "int8_output_error": 0.2,
        "ranking_samples": 100,
        "scored_samples": 200,
        "wide": [LAYER],
        "wide_macs": 0.1,
        "layers": [{"layer": layer, "layers": [layer], **gain} for layer in (LAYER, "b")],
    }
    shown = rendered(decoded(Conversion, {**documents.convert(), "mixed": mixed}).blocks(), "int16", "+50.0%")
    assert "1,234,567" in shown[PIPED]
    assert LAYER in shown[PIPED]


def test_fit() -> None:
    cost = Cost(1_234_567, 234_567, 123_456_789, 1, 1234.56, "size")
    point = {"keep": 0.5625, "narrow": "distil", "teach": 0.5, "qat": True, "level": "size"}
    rungs = (Rung(1.0, 0.93, 0.0123, 9.0),)
    trials = [
        Trial(one, Outcome.TRAINED, point=point, cost=cost, rungs=rungs, feasible=True) for one in (1, 2)
    ]
    found = Fit(
        model=f"{FILE}.keras",
        target="board",
        target_title=BOARD,
        data="set.npz",
        seed=1,
        budget=Budget(flash=1_300_000.0),
        counts={"trials": 2, "trained": 2},
        interrupted=False,
        seconds=9.0,
        metric="accuracy",
        front=(1, 2),
        trials=trials,
        winner=1,
        verdict="fits",
        storage="",
        study="",
        dimensions=(),
        left_out=(),
    )
    rendered(found.blocks()[2:3], "1,234,567", "+1.23", "winner", "1234.56")
    whole(found.summary(40), 40, f"{FILE}.keras", BOARD)
    estimated = Estimate(
        model=f"{FILE}.keras",
        target="board",
        target_title=BOARD,
        samples="random numbers",
        budget=Budget(flash=1_300_000.0),
        forms=(Form("as it is", cost, {"flash": 0.5}), Form("half of the channels", why=REASON)),
        layers=(LayerNeed(layer=LAYER, op="CONV_2D", flash=1_234_567, ram=1, cycles=1),),
    )
    rendered(estimated.blocks(), "half of the channels", "1,234,567", "not known [1]", LAYER)
