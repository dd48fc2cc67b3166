"""Who makes what is kept, and under which number: the part of a cache key that stands for code.

Every part of the tool whose results outlive a run is a `Producer` here. Its number is raised when its results
may differ from what the number before gave; `make producers` says when that may be
(tests/support/test_producers.py), and comments never matter. A key also carries the versions of the libraries
that the work is done with, so that an upgrade is noticed, and the arrival of one that was absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata


@dataclass(frozen=True)
class Producer:
    """Code that makes results, by the name and number that keys carry."""

    name: str
    version: int
    sources: tuple[str, ...]
    """Files and whole folders of the package."""
    packages: tuple[str, ...] = ()
    """Distributions whose versions the results depend on, installed or not."""
    uses: tuple[Producer, ...] = ()
    """Other producers whose work goes into the results."""

    def together(self) -> Iterator[Producer]:
        """This one and all that it uses, each once."""
        known: dict[str, Producer] = {self.name: self}
        for used in self.uses:
            known.update((producer.name, producer) for producer in used.together())
        yield from known.values()

    def stamp(self) -> str:
        """For a key: numbers of producers and versions of libraries, in one order."""
        everybody = list(self.together())
        numbers = sorted(f"{producer.name} {producer.version}" for producer in everybody)
        packages = sorted({package for producer in everybody for package in producer.packages})
        return "; ".join([*numbers, *(f"{package} {_version(package)}" for package in packages)])


@lru_cache(maxsize=64)
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


# --- parts: rooms, which share their numbers with all that use them -----------------------------------------

_TENSORFLOW = Producer(
    "tensorflow",
    1,
    ("support/backend.py",),
    ("tensorflow", "tf-keras", "keras", "tensorflow-model-optimization", "numpy", "h5py"),
)
_MODELS = Producer("models", 3, ("models",), uses=(_TENSORFLOW,))
_SAMPLES = Producer("samples", 6, ("data/dataset.py", "frontends"), ("numpy",))
_RESULTS = Producer("results", 1, ("results",), ("msgspec",))
_SCORES = Producer("scores", 2, ("evaluation",), ("numpy",), (_RESULTS,))
_TECHNIQUES = Producer("techniques", 11, ("techniques",), uses=(_TENSORFLOW, _SCORES))
_FILES = Producer("files", 1, ("formats", "frontend"), ("tflite", "flatbuffers", "numpy"))
_IR = Producer("ir", 1, ("ir",), ("numpy",))
_SETS = Producer("instruction sets", 1, ("support/instruction_sets.py",))
_DEVICES = Producer("devices", 5, ("devices",), uses=(_RESULTS, _IR, _SETS))
_COMPILER = Producer(
    "compiler",
    46,
    (
        "ops",
        "fusion",
        "schedule",
        "csrc",
        "passes",
        "plan",
        "codegen",
        "support/c_names.py",
        "pipeline/compile/front_end.py",
        "pipeline/compile/fused.py",
        "pipeline/compile/shares.py",
        "pipeline/compile/trigger.py",
        "pipeline/compile/verb.py",
        "pipeline/convert/golden_vectors.py",
    ),
    ("numpy",),
    (_FILES, _DEVICES),
)
TOOLCHAIN = Producer("toolchain", 1, ("runners/toolchain.py",), ("ziglang",))
_RUNNERS = Producer(
    "runners",
    1,
    (
        "runners/_worker.py",
        "runners/host.py",
        "runners/native.py",
        "runners/row_calls.py",
        "runners/side_by_side.py",
        "runners/sides.py",
        "runners/tflm.py",
        "runners/vectors.py",
    ),
    ("tflite-micro", "tflite-runtime", "ai-edge-litert", "flatbuffers", "numpy"),
    (TOOLCHAIN,),
)
_CONVERTER = Producer(
    "converter",
    3,
    ("converter", "pytorch", "support/environments.py", "support/escape.py"),
    ("ai-edge-litert",),
    (_TENSORFLOW, _FILES),
)
_EVALUATION = Producer(
    "evaluation",
    1,
    (
        "pipeline/evaluate/engines.py",
        "pipeline/evaluate/file_engines.py",
        "pipeline/evaluate/evaluator.py",
        "pipeline/compile/generated_folder.py",
        "pipeline/evaluate/model_inputs.py",
        "pipeline/compress/inputs.py",
    ),
    uses=(_COMPILER, _RUNNERS, _SCORES, _SAMPLES),
)

# --- what is kept -------------------------------------------------------------------------------------------

COMPRESSION = Producer(
    "compression",
    5,
    (
        "pipeline/compress/verb.py",
        "pipeline/compress/run.py",
        "pipeline/compress/making.py",
        "pipeline/compress/scoring.py",
        "pipeline/compress/samples.py",
        "pipeline/compress/stages.py",
        "pipeline/compress/verdict.py",
        "pipeline/inspect/verb.py",
        "pipeline/compress/layer_weights.py",
    ),
    uses=(_MODELS, _SAMPLES, _SCORES, _TECHNIQUES),
)
"""A trained stage of a recipe."""

CONVERSION = Producer(
    "conversion",
    4,
    (
        "pipeline/convert/artifacts.py",
        "pipeline/convert/collapse.py",
        "pipeline/convert/keras_model.py",
        "pipeline/convert/mixing.py",
        "pipeline/convert/npu.py",
        "pipeline/convert/npu_program.py",
        "pipeline/convert/verb.py",
        "pipeline/convert/whole.py",
        "pipeline/inspect/contents.py",
        "pipeline/inspect/keras.py",
        "pipeline/sources",
        "pipeline/shrinking.py",
        "pipeline/stream.py",
        "streaming",
    ),
    uses=(_CONVERTER, _MODELS, _TECHNIQUES, _EVALUATION, COMPRESSION),
)
"""A converted stage of a recipe, with its artifacts and its score."""

EMULATION = Producer(
    "emulation",
    6,
    ("runners/emulated",),
    ("unicorn", "capstone", "pyelftools", "numpy"),
    (_DEVICES, _IR, TOOLCHAIN),
)
"""Instructions, stack and outputs of one firmware."""

ALLOCATION = Producer(
    "allocation",
    7,
    (
        "pipeline/measure",
        "pipeline/compress/allocation.py",
        "pipeline/compare/differences.py",
        "pipeline/compress/layer_prices.py",
    ),
    uses=(CONVERSION, EMULATION),
)
"""Which layer gets how many zeros, by prices in cycles and bytes."""

FIT_SHAPE = Producer("fit shape", 2, ("pipeline/fit/judge.py",), uses=(COMPRESSION, CONVERSION))
"""The file of a point of the search space, before training."""

SEARCH = Producer(
    "search",
    2,
    ("search", "pipeline/fit/verb.py", "pipeline/fit/job.py", "pipeline/fit/worker.py"),
    ("optuna",),
    (FIT_SHAPE, ALLOCATION),
)
"""A study: trials with their costs and scores."""

VELA = Producer("vela", 1, ("runners/vela.py",))
"""A model placed on an NPU; its key names the release of Vela, which lies in an environment of its own."""

CHARTS = Producer("charts", 1, ("rendering/page/vega.py",), ("vl-convert-python",))
"""The chart library as one script."""

PRODUCERS = tuple(
    {
        producer.name: producer
        for kept in (COMPRESSION, CONVERSION, EMULATION, ALLOCATION, FIT_SHAPE, SEARCH, VELA, CHARTS)
        for producer in kept.together()
    }.values()
)
