"""Loads hostile model files in a sandbox and prints what came of each, as JSON.

`python -m tests.fuzz.model_worker FIRST COUNT KIND... [--trust]` in an empty folder. Each of COUNT files per
kind is loaded under an audit hook, and run once if it loads. What Python does shows in the hook's log; what
TensorFlow's operators do, in the digest of everything in the sandbox.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import resource
import signal
import sys
import time
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import h5py
import numpy as np

from tests.lib import audit
from tests.lib.hostile import mutant, payloads
from tinyml_compress.errors import TinymlError
from tinyml_compress.models import load
from tinyml_compress.support import backend

SECONDS = 30
"""Of work. A file that waits for something is given ten times that, for others may work on the machine."""
MEMORY = 6 << 30
LONGEST_MESSAGE = 4000
FILES_OPERATORS = """
    WriteFile ReadFile MatchingFiles PyFunc EagerPyFunc PyFuncStateless PrintV2 SaveV2 RestoreV2
    MergeV2Checkpoints HashTableV2 TextLineReaderV2 WholeFileReaderV2 DeleteSessionTensor RpcCall
    XlaCustomCallV2 Save LoadDataset DecodeProtoV2 TensorArrayV3 Identity Relu NoSuchOperator
""".split()


TRUST = "--trust"
"""Loads under the user's word, so that the attacks succeed: do we notice?"""


class TooSlow(BaseException):
    """Not an Exception, so that no handler of the product swallows it."""


class Sandbox:
    """The folder, the user's home in it, something secret, and the file that nobody may write."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.files, self.home, self.temporary = place / "files", place / "home", place / "tmp"
        for folder in (self.files, self.home, self.temporary):
            folder.mkdir(exist_ok=True)
        self.marker, self.secret, self.log = (
            self.home / "ran",
            self.home / "the-secret",
            place / "audit.jsonl",
        )
        self.secret.write_text("a\nb\n")
        (self.place / "evil.py").write_text(f"open({str(self.marker)!r}, 'w').close()\nrun = Evil = print\n")

    def attacks(self) -> list[dict[str, Any]]:
        return payloads(f"touch {self.marker}", self.marker, self.secret)

    def digest(self) -> str:
        """Of everything but the file that is loaded, and TensorFlow's rewritten functions."""
        found = hashlib.sha256()
        for file in sorted(self.place.rglob("*")):
            ours = (
                file.is_relative_to(self.files) or file == self.log or file.name.startswith(audit.AUTOGRAPH)
            )
            if file.is_file() and not ours:
                found.update(f"{file}\0{file.stat().st_mtime_ns}\0".encode() + file.read_bytes())
        return found.hexdigest()


def nets(keras: Any) -> Iterator[Any]:
    """Small models that use every way in which a configuration can hold objects; of both Keras versions."""
    k = keras.layers
    yield keras.Sequential(
        [k.Input((6,)), k.Dense(3, "relu", kernel_regularizer="l2"), k.ReLU(6.0), k.Dense(2)]
    )
    inner = keras.Sequential(
        [k.Input((4,)), k.Dense(4, kernel_constraint="max_norm"), k.BatchNormalization()]
    )
    x = k.Input((5, 4))
    back = k.LSTM(2, return_sequences=True, go_backwards=True)
    y = k.Bidirectional(k.LSTM(2, return_sequences=True), backward_layer=back)(x)
    y = k.TimeDistributed(k.Dense(4, activation=keras.activations.tanh))(y)
    y = k.Add()([k.MultiHeadAttention(1, 2)(y, y), y])
    z = k.GlobalAveragePooling1D()(y)
    yield keras.Model(x, k.Concatenate()([inner(z), inner(k.Dropout(0.1)(z))]))


def with_functions(keras: Any) -> Any:
    tf = backend.tensorflow()
    x = keras.Input((4, 4, 2))
    y = tf.nn.relu6(keras.layers.Conv2D(2, 2)(x) * 0.5 + 1.0)
    return keras.Model(x, keras.layers.Flatten()(y[:, 1:]))


def bases(kind: str, sandbox: Sandbox) -> list[Path]:
    """Sound files of the kind."""
    keras = backend.keras3() if kind.endswith("3") else backend.keras2()
    models = list(nets(keras))
    if kind in ("folder", "graph"):
        models = [models[0], with_functions(keras)]  # graphs take long to write and to read
    elif not kind.endswith("3"):
        models.append(with_functions(keras))
        if kind == "h5":
            models.append(backend.tfmot().quantization.keras.quantize_model(models[0]))
    suffix = {"keras": ".keras", "h5": ".h5", "keras3": ".keras", "h5-3": ".h5", "folder": "", "graph": ""}[
        kind
    ]
    made = []
    for number, model in enumerate(models):
        made.append(sandbox.files / f"{kind}-base-{number}{suffix}")
        with backend.quiet():
            model.save(made[-1])
    return made


def damaged(kind: str, base: Path, seed: int, sandbox: Sandbox) -> Path:
    """A hostile file made from a sound one."""
    if kind in ("folder", "graph"):
        return _damaged_folder(kind, base, seed, sandbox)
    made = base.with_stem(f"{kind}-{seed}")
    if base.suffix == ".h5":
        made.write_bytes(base.read_bytes())
        with h5py.File(made, "a") as file:
            text = file.attrs["model_config"]
            text = text if isinstance(text, str) else text.decode()
            file.attrs["model_config"] = mutant(text, seed, sandbox.attacks()).encode()
        return made
    with zipfile.ZipFile(base) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(
                name, mutant(data.decode(), seed, sandbox.attacks()) if name == "config.json" else data
            )
    return made


def _damaged_folder(kind: str, base: Path, seed: int, sandbox: Sandbox) -> Path:
    made = base.with_name(f"{kind}-{seed}")
    for file in base.rglob("*"):
        if file.is_file():
            place = made / file.relative_to(base)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    if kind == "folder":
        metadata = backend.keras_metadata_message()
        metadata.ParseFromString((base / "keras_metadata.pb").read_bytes())
        metadata.nodes[0].metadata = mutant(metadata.nodes[0].metadata, seed, sandbox.attacks())
        (made / "keras_metadata.pb").write_bytes(metadata.SerializeToString())
        return made
    rng = np.random.default_rng(seed)
    graph = backend.saved_model_message()
    graph.ParseFromString((base / "saved_model.pb").read_bytes())
    meta = graph.meta_graphs[0]
    nodes = [*meta.graph_def.node]
    nodes += [node for function in meta.graph_def.library.function for node in function.node_def]
    for _ in range(int(rng.integers(1, 4))):
        node = nodes[int(rng.integers(len(nodes)))]
        functions = [value for value in node.attr.values() if value.HasField("func")]
        if functions and rng.random() < 0.5:
            library = meta.graph_def.library.function
            functions[0].func.name = library[int(rng.integers(len(library)))].signature.name
        else:
            node.op = FILES_OPERATORS[int(rng.integers(len(FILES_OPERATORS)))]
    if rng.random() < 0.2:
        described = meta.object_graph_def.nodes[int(rng.integers(len(meta.object_graph_def.nodes)))]
        described.registered_name = "evil.Evil"
    (made / "saved_model.pb").write_bytes(graph.SerializeToString())
    (made / "keras_metadata.pb").unlink()
    return made


def tried(path: Path, trust: bool = False) -> str:
    """What came of it. An error that is not ours is raised."""
    try:
        loaded = load(path, trust=trust)
    except TinymlError as error:
        message = str(error)
        if len(message) > LONGEST_MESSAGE:
            raise AssertionError(f"a message of {len(message)} characters: {message[:200]}") from error
        return type(error).__name__
    tf = backend.tensorflow()
    inputs = [
        tf.zeros([1, *(size or 4 for size in tensor.shape[1:])], tensor.dtype)
        for tensor in loaded.model.inputs
    ]
    with contextlib.suppress(Exception):  # a net that cannot be run is none of the loader's business
        loaded.model(inputs)
    return "loaded"


def _allow(seconds: int) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlow("".join(traceback.format_stack(frame)[-4:]))


def main(first: int, count: int, words: list[str]) -> None:
    kinds = [word for word in words if word != TRUST]
    warnings.simplefilter("ignore")
    sandbox = Sandbox(Path.cwd())
    sys.path.insert(0, str(sandbox.place))  # a module beside the user is there to be found
    made = {kind: bases(kind, sandbox) for kind in kinds}
    for path in (path for paths in made.values() for path in paths):
        assert tried(path) == "loaded", path  # and everything that loading imports is imported
    families = {name.partition(".")[0] for name in sys.modules} - {"evil"}
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY, in_use + MEMORY))
    for told in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(told, _too_slow)
    audit.install(
        sandbox.log,
        [sandbox.files, sandbox.temporary],
        code=[Path(__file__).parents[2]],
        modules=families,
        secrets=[sandbox.secret.name],
        commands=["_watchdog_process.py"],
    )
    ends: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
    failures: list[dict[str, object]] = []
    slowest = 0.0
    for kind in kinds:
        for seed in range(first, first + count):
            base = made[kind][seed % len(made[kind])]
            end, took = _one(kind, base, seed, sandbox, failures, trust=TRUST in words)
            slowest = max(slowest, took)
            ends[kind][end] = ends[kind].get(end, 0) + 1
    print(json.dumps({"ends": ends, "slowest": round(slowest, 2), "failures": failures}))


def _one(
    kind: str, base: Path, seed: int, sandbox: Sandbox, failures: list[dict[str, object]], *, trust: bool
) -> tuple[str, float]:
    path = damaged(kind, base, seed, sandbox)
    before, told = sandbox.digest(), len(audit.told(sandbox.log))
    started = time.monotonic()
    _allow(SECONDS)
    found: object = None
    try:
        end = tried(path, trust)
    except (Exception, TooSlow) as error:
        end = "FAILED"
        found = f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        _allow(0)
    took = time.monotonic() - started
    done = audit.told(sandbox.log)[told:]
    if found is None and done:
        found = done[:3]
    if found is None and sandbox.digest() != before:
        found = "the sandbox changed"
    if found is not None:
        failures.append({"kind": kind, "seed": seed, "end": end, "found": found})
    return end, took


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
