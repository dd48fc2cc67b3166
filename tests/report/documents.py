"""Made-up results of every kind that has charts: the schema's form, any size, in no time."""

from __future__ import annotations

import copy
import json
import math
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.lib.nets import NETS
from tinyml_compress.converter import ConvertSettings, read
from tinyml_compress.models import Origin
from tinyml_compress.models.origin import ModelFormat
from tinyml_compress.pipeline.convert.artifacts import Converted, make_artifacts
from tinyml_compress.pipeline.inspect.verb import inspect_model
from tinyml_compress.results import (
    Compared,
    Comparison,
    Compression,
    Conversion,
    Divergence,
    Engine,
    EngineRung,
    Ladder,
    LayerNoise,
    LayerWeights,
    Listing,
    Manifest,
    Result,
    Sizes,
    StageResult,
    Step,
    encoded,
)
from tinyml_compress.results.fit import (
    Binding,
    Budget,
    Cost,
    Fit,
    FloatModel,
    LeftOut,
    Outcome,
    Published,
    Reference,
    Rung,
    Searched,
    Trial,
    Untouched,
)
from tinyml_compress.support.scratch import scratch

HEAD: dict[str, Any] = {"schema": 1, "tool": "0.1.0", "command": "tinyml-compress <verb> --json"}
_SHA = "0123456789abcdef" * 4
_OPS = ("CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "FULLY_CONNECTED", "MUL", "MEAN", "RESHAPE", "SOFTMAX")
_LARGE = 983_040


def _encoded(result: Result) -> dict[str, Any]:
    return json.loads(json.dumps(encoded(result, HEAD["command"])))  # type: ignore[no-any-return]


def _histogram(seed: int) -> list[int]:
    rng = random.Random(seed)
    return [int(200 * math.exp(-(((place - 20) / 8) ** 2))) + rng.randrange(20) for place in range(41)]


def benchmark(nodes: int = 12, devices: int = 3) -> dict[str, Any]:
    """The last device is too small; one runs on the host."""
    rng = random.Random(nodes)
    costs = [
        {
            "index": index,
            "op": _OPS[index % len(_OPS)],
            "name": f"block_{index}/{_OPS[index % len(_OPS)].lower()}",
            "kernel": f"tc_s8_{_OPS[index % len(_OPS)].lower()}__dsp",
            "shape": [1, 16, 16, 8 + index % 8],
            "macs": 1000 * index,
            "instructions": 2000 * index + rng.randrange(900),
            "cycles": 2600 * index + rng.randrange(1000, 1900),
        }
        for index in range(nodes)
    ]
    between = {
        "op": "",
        "name": "",
        "kernel": "",
        "shape": [],
        "macs": 0,
        "instructions": 900,
        "cycles": 1200,
    }
    plan = [
        {
            "name": f"t{index}",
            "offset": 512 * (index % 7),
            "bytes": 700 + index,
            "first": index - 1,
            "last": index + 1,
        }
        for index in range(nodes)
    ]
    flash = {"kernels": 12_000, "glue": 3_000, "weights": 70_000, "tables": 2_000, "startup": 900}
    ram = {"arena": 30_000, "state": 128, "stack": 900, "static": 16}
    runs: list[dict[str, Any]] = [
        {
            "device": f"board-{number}",
            "title": f"Board {number} of a maker",
            "page": "https://example.org/board",
            "device_flash_bytes": _LARGE,
            "device_ram_bytes": 262_144,
            "engine": "aot",
            "fits": True,
            "core": "cortex-m4",
            "clock_hz": 64_000_000 * (number + 1),
            "device_sha256": _SHA,
            "core_sha256": _SHA,
            "compiler": "zig cc 0.17.0 -O2",
            "emulator": "unicorn 2.1.4",
            "optimize": "balanced",
            "macs": sum(node["macs"] for node in costs),
            "instructions": sum(node["instructions"] for node in [*costs, between]),
            "cycles": sum(node["cycles"] for node in [*costs, between]),
            "cycles_error": 0.15,
            "cycles_calibrated": True,
            "cycles_trust": "calibrated on 19 programs of 2 vendors on this chip",
            "ms": sum(node["cycles"] for node in [*costs, between]) / 64_000 / (number + 1),
            "flash": {"total": sum(flash.values()), **flash},
            "ram": {"total": sum(ram.values()), **ram},
            "bit_exact": {"vectors": 10, "mismatches": 0},
            "outputs_hex": ["00ff"],
            "nodes": [*costs, between],
            "plan": plan,
        }
        for number in range(devices - 1)
    ]
    small = {
        "reason": "does not fit board-small: 9,000 B of RAM too few",
        "detail": "the largest part is tc_arena",
    }
    runs.append({"device": "board-small", "engine": "aot", "fits": False, "error": small})
    runs.append(
        {
            "device": "host",
            "engine": "tflite",
            "runtime": "tflite-runtime 2.14.0",
            "threads": 1,
            "warmup": 5,
            "repetitions": 50,
            "measured_ms": {"median": 0.4, "p90": 0.6},
            "flash": {"model": 90_000},
        }
    )
    model = {"name": "made_up", "source": "made_up.tflite", "sha256": _SHA, "bytes": 90_000}
    return {
        **HEAD,
        "verb": "benchmark",
        "model": model,
        "input": "pattern",
        "runs": runs,
        "notes": ["a note"],
    }


def _confusion(classes: int, wrong: int) -> list[list[int]]:
    return [
        [
            40 - wrong if true == answer else wrong if answer == (true + 1) % classes else 0
            for answer in range(classes)
        ]
        for true in range(classes)
    ]


def _weights(name: str, count: int, zeros: int, seed: int) -> LayerWeights:
    histogram = tuple(_histogram(seed))
    return LayerWeights(name=name, count=count, zeros=zeros, edges=(-0.5, 0.5), histogram=histogram)


def compare(models: int = 10) -> dict[str, Any]:
    rows = []
    for number in range(models):
        score = 0.99 - 0.01 * number
        one = Compared(
            model=f"build/run_{number}/net.tflite",
            sha256=_SHA,
            engine="host",
            metric="accuracy",
            nbytes=90_000 - 7_000 * number,
            gzip_nbytes=60_000 - 5_500 * number,
            parameters=40_000,
            weights=40_000,
            nonzero=40_000 - 3_000 * number,
            macs=900_000,
            score=score,
            interval=(score - 0.02, score + 0.01),
            same=1.0 - 0.01 * number,
            difference=0.001 * number,
            latency_s=1e-4 * (number + 1),
            latency_spread_s=(9e-5 * (number + 1), 1.2e-4 * (number + 1)),
            layers=tuple(
                _weights(f"net/layer_{layer}", 1000 * (layer + 1), 90 * number, layer) for layer in range(4)
            ),
            training={
                "loss": tuple(1.0 / (epoch + 1) for epoch in range(8)),
                "score": (0.5, 0.7, 0.9, 0.95),
            },
            confusion=tuple(map(tuple, _confusion(10, number))),
        )
        rows.append(one)
    return _encoded(Comparison(data="data:digits:test", samples=400, runtime="LiteRT", models=tuple(rows)))


def compress() -> dict[str, Any]:
    stages = []
    for number, use in enumerate(("train", "prune", "qat", "convert")):
        score = 0.98 - 0.005 * number
        stage = StageResult(
            name=f"0{number}-{use}",
            use=use,
            options={"epochs": 3},
            metric="accuracy",
            score=score,
            interval=(score - 0.02, score + 0.01),
            drop=0.005 * number,
            sizes=Sizes(parameters=38_000, weights=37_000, zeros=9_000 * number),
            files=("model.keras",),
            notes=("a note",),
            changes=Listing.of((("layer", ""), ("zeros", "{:.0%}")), [("conv", 0.8)]),
            history={"loss": (1.0, 0.5, 0.3), "score": (0.9, 0.95, 0.97)},
            layers=(("conv", 0.2 * number, 900), ("dense", 0.25 * number, 36_000)),
            seconds=2.5,
            **({"nbytes": 44_000, "gzip_nbytes": 16_000, "arena": 3_800} if use == "convert" else {}),
        )
        stages.append(stage)
    return _encoded(
        Compression(
            model="net.keras",
            model_sha256=_SHA,
            recipe="prune80",
            title="80% zeros",
            data="data:digits",
            seed=1,
            baseline=StageResult(
                name="float", use="", metric="accuracy", score=0.985, interval=(0.965, 0.995)
            ),
            stages=tuple(stages),
            seconds=30.0,
        )
    )


@lru_cache(maxsize=1)
def _conversion() -> dict[str, Any]:
    """A real one of a small net, but for the converter."""
    tflite = NETS["keyword"]()
    with scratch() as folder:
        (folder / "net.tflite").write_bytes(tflite)
        inspection = inspect_model(folder / "net.tflite")
    converted = Converted(tflite, read(tflite), ConvertSettings(), 0, "data:digits:train", _SHA, 256, ())
    made = make_artifacts("net", converted, Origin("net.keras", ModelFormat.KERAS3, _SHA).given)
    fields = {field: getattr(made.manifest, field) for field in Manifest.__struct_fields__}
    done = Conversion(
        **fields, origin="net.keras", folder=Path("build/net"), seconds=2.5, inspection=inspection
    )
    return {**encoded(done), **HEAD}


def convert() -> dict[str, Any]:
    return copy.deepcopy(_conversion())


def evaluate() -> dict[str, Any]:
    def score(wrong: int) -> dict[str, Any]:
        matrix = _confusion(4, wrong)
        right, total = sum(matrix[place][place] for place in range(4)), sum(map(sum, matrix))
        share = right / total
        interval = [share - 0.04, min(1.0, share + 0.03)]
        return {
            "accuracy": share,
            "correct": right,
            "total": total,
            "interval_95": interval,
            "confusion": matrix,
        }

    return {
        **HEAD,
        "verb": "evaluate",
        "model": "build/int8/net.tflite",
        "model_sha256": _SHA,
        "engine": "tflm",
        "data": "data:gestures:test",
        "data_sha256": _SHA,
        "task": "classification",
        "bytes": 39_100,
        "classes": ["up", "down", "left", "<b>right</b>"],
        "score": score(3),
        "against": "build/float32/net.tflite (host)",
        "against_score": score(2),
        "difference_inside_interval": True,
        "agreement": {"total": 160, "max_difference": 0.2, "mean_difference": 0.01, "same": 155},
    }


def ladder(layers: int = 12) -> dict[str, Any]:
    first = Divergence(
        index=3, op="CONV_2D", layer="net/c", tensor="net/c", elements=64, mismatches=2, largest=1.0
    )
    engines = (Engine.LITERT, Engine.LITERT_REF, Engine.TFLM, Engine.AOT)
    return _encoded(
        Ladder(
            model="build/int8/net.tflite",
            model_sha256=_SHA,
            samples=20,
            inputs="data",
            rungs=tuple(EngineRung(engine=engine) for engine in engines),
            steps=tuple(
                Step(below=below, above=above, elements=400, mismatches=wrong, largest=largest, first=inside)
                for below, above, wrong, largest, inside in zip(
                    engines, engines[1:], (37, 4, 0), (2.0, 1.0, 0.0), (first, None, None), strict=False
                )
            ),
            litert="ai-edge-litert 2.3.0",
            reference="build/float32/net.tflite",
            layers=tuple(
                LayerNoise(index=index, op=_OPS[index % 4], layer=f"net/{index}", sqnr_db=40.0 - 2 * index)
                for index in range(layers)
            ),
            output_sqnr_db=21.5,
        )
    )


def fit(trials: int = 30) -> dict[str, Any]:
    rng = random.Random(7)
    rows = []
    for number in range(trials):
        flash = 12_000 + 1_300 * number
        outcome = (Outcome.TRAINED, Outcome.TRAINED, Outcome.HOPELESS, Outcome.STOPPED)[number % 4]
        drop = round(0.3 / (number + 1) + 0.01 * rng.random(), 4)
        is_hopeless = outcome is Outcome.HOPELESS
        rows.append(
            Trial(
                number,
                outcome,
                point={"keep": round(0.2 + 0.02 * number, 2), "narrow": "channels", "qat": number % 2 == 0},
                why="flash alone is over" if is_hopeless else None,
                cost=Cost(flash, 2_000 + 90 * number, 9 * flash, 7 * flash, 1.0 + 0.2 * number, "balanced"),
                rungs=() if is_hopeless else (Rung(1.0, 0.95 - drop, drop, 7.0),),
                seconds=8.0,
                feasible=outcome is Outcome.TRAINED and drop <= 0.03 and flash <= 40_000,
            )
        )
    feasible = tuple(row.number for row in rows if row.feasible)
    assert rows[-1].cost is not None
    return _encoded(
        Fit(
            model="zoo:digits_cnn",
            data="data:digits",
            target="board-0",
            target_title="Board 0 of a maker",
            seed=0,
            metric="accuracy",
            budget=Budget(flash=40_000, drop=0.03),
            float_model=FloatModel(score=0.95, metric="accuracy", samples=(199, 198)),
            reference=Reference(score=0.949, drop=0.001, cost=rows[-1].cost),
            verdict="fits",
            interrupted=False,
            seconds=300.0,
            storage="sqlite:///study.db",
            study="fit-1",
            counts={"trials": trials, "trained": 16, "hopeless": 7, "stopped": 7, "failed": 0},
            dimensions=(Searched(name="keep", choices=(1.0, 0.5), text="part of the channels"),),
            left_out=(LeftOut(name="clusters", why="costs more than it saves"),),
            trials=tuple(rows),
            front=feasible,
            winner=feasible[0],
            binding=Binding(constraint="flash", used=30_000.0, limit=40_000.0),
            published=Published(
                number=feasible[0],
                files=("winner/recipe.toml",),
                untouched=Untouched(score=0.95, before=0.95, drop=0.0, samples=198),
                agreement="10 of 10 outputs bit-exact",
                commands=("tinyml-compress compress zoo:digits_cnn --recipe recipe.toml -o again",),
            ),
        )
    )


ALL = {
    "benchmark": benchmark,
    "compare": compare,
    "compress": compress,
    "convert": convert,
    "evaluate": evaluate,
    "fit": fit,
    "ladder": ladder,
}
