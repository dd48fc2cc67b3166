"""Python environments of their own for tools whose dependencies clash with TensorFlow's.

An environment is used in this order: the interpreter named by its variable, this very interpreter when it has
all that is needed, else a virtual environment made once below the cache.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tinyml_compress.errors import MissingDependency, ProcessError, UsageError
from tinyml_compress.support import disk, proc
from tinyml_compress.support.cache import VARIABLE, cache_room, cache_root, key_of, writing

_INSTALL_TIMEOUT = 3600.0


@dataclass(frozen=True)
class Environment:
    """What has to be importable, and how to get it."""

    title: str
    variable: str
    """Names an interpreter that has it all, for machines without an index."""
    imports: tuple[str, ...]
    requirements: tuple[str, ...]
    nbytes: int
    """On the disk, about."""

    @property
    def size(self) -> str:
        """For people."""
        return f"{self.nbytes / 1e9:.1f} GB" if self.nbytes >= 1e9 else f"{self.nbytes / 1e6:.0f} MB"


TORCH = Environment(
    title="PyTorch with litert-torch",
    variable="TINYML_COMPRESS_TORCH_PYTHON",
    imports=("torch", "litert_torch", "safetensors", "transformers"),
    requirements=("torch==2.13.0", "litert-torch>=0.10,<0.11", "safetensors>=0.4"),
    nbytes=2_100_000_000,
)
QUANTIZER = Environment(
    title="ai-edge-quantizer",
    variable="TINYML_COMPRESS_QUANTIZER_PYTHON",
    imports=("ai_edge_quantizer", "ai_edge_litert"),
    requirements=("ai-edge-quantizer>=0.10,<0.11",),
    nbytes=310_000_000,
)
ONNX = Environment(
    title="onnxruntime",
    variable="TINYML_COMPRESS_ONNX_PYTHON",
    imports=("onnxruntime",),
    requirements=("onnxruntime>=1.23,<2",),
    nbytes=180_000_000,
)
VELA = Environment(
    title="Vela, Arm's compiler for the Ethos-U",
    variable="TINYML_COMPRESS_VELA_PYTHON",
    imports=("ethosu",),
    requirements=("ethos-u-vela==5.2.0",),
    nbytes=110_000_000,
)


def python_of(environment: Environment, say: Callable[[str], None] = lambda text: None) -> Path:
    """The interpreter to run a worker with; `say` is told before the long work of an installation begins."""
    named = os.environ.get(environment.variable)
    if named:
        if not os.access(named, os.X_OK):
            raise UsageError("no such interpreter", which=f"{environment.variable}={named}")
        return Path(named).absolute()  # workers have a folder of their own
    if all(find_spec(name) is not None for name in environment.imports):
        return Path(sys.executable)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    place = cache_room(f"environments/{key_of(version, *environment.requirements)[:16]}")
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    with writing(place):
        lock = place.with_suffix(".lock").open("w")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second process waits for the first one's installation
        if not (place / ".complete").exists():
            disk.require_room(place.parent, environment.nbytes, environment.title, VARIABLE)
            say(f"installing {environment.title} into the cache, once: about {environment.size}")
            _install(environment, place, python)
    return python


def _install(environment: Environment, place: Path, python: Path) -> None:
    """Make the environment where it stays, for it cannot be moved; a marker says that it is whole."""
    shutil.rmtree(place, ignore_errors=True)
    pip = ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        proc.run(
            [sys.executable, "-I", "-m", "venv", place],
            timeout=_INSTALL_TIMEOUT,
            what="making an environment",
        )
        proc.run(
            [python, *pip, *environment.requirements],
            timeout=_INSTALL_TIMEOUT,
            what=f"installing {environment.title}",
        )
    except BaseException as error:
        full = disk.full_disk(error, cache_root(), VARIABLE)  # before its half makes room again
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, ProcessError):
            raise full or MissingDependency(
                f"{environment.title} cannot be installed here",
                which=", ".join(environment.requirements),
                found=error.found,
                next_step=f"install it somewhere and set {environment.variable} to that environment's python",
            ) from error
        raise
    (place / ".complete").touch()
