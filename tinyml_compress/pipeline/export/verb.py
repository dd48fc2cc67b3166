"""A model becomes a firmware bundle: compiled, proven by golden vectors, and laid out for one ecosystem."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from tinyml_compress import data, exporters
from tinyml_compress.data.preprocessing import Preprocessing
from tinyml_compress.errors import UsageError
from tinyml_compress.exporters import Bundle, Engine, Format
from tinyml_compress.ir import Program
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.pipeline.compile.verb import isas_for
from tinyml_compress.pipeline.export.bundle import Metadata, aot_bundle, manifest_preprocessing, tflm_bundle
from tinyml_compress.pipeline.measure.model import Given, given
from tinyml_compress.pipeline.measure.target import target
from tinyml_compress.support import files
from tinyml_compress.support.c_names import check_c_name
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.progress import stage
from tinyml_compress.support.table import Block, facts

__all__ = ["Exported", "Request", "export"]

_RELEASE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_URL = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True)
class Request:
    """What to make of the model."""

    format: Format
    engine: Engine = Engine.AOT
    name: str | None = None
    isa: Isa | None = None
    device: str | None = None
    """Decides about the kernels when `isa` does not."""
    level: Level = Level.BALANCED
    calibration: str | None = None
    """Data for the conversion of a model that is no .tflite yet, and for its preprocessing."""
    release: str = "1.0.0"
    author: str = "unknown"
    url: str = ""
    targets_dir: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class Exported(Displayed):
    """What `export` made."""

    bundle: Bundle
    format: Format
    folder: Path
    files: tuple[str, ...]
    program: Program | None
    """The generated C, where that is the engine."""
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The result as `export --json` prints it."""
        bundle, program = self.bundle, self.program
        return {
            "schema": 1,
            "name": bundle.name,
            "format": self.format.value,
            "engine": bundle.engine.value,
            "release": bundle.release,
            "model_sha256": bundle.model_sha256,
            "folder": str(self.folder),
            "files": list(self.files),
            "test_vectors": bundle.vectors.count,
            "oracle": bundle.vectors.oracle,
            **(
                {}
                if program is None
                else {
                    "arena_bytes": program.arena_bytes,
                    "state_bytes": program.state_bytes,
                    "weight_bytes": program.weight_bytes,
                    "table_bytes": program.table_bytes,
                }
            ),
            "seconds": round(self.seconds, 3),
        }

    def blocks(self) -> list[Block]:
        """The result in a few lines."""
        bundle = self.bundle
        title = f"{bundle.name}: {self.format.value}, engine {bundle.engine.value}, version {bundle.release}"
        wrote = (
            f"{len(self.files)} files in {self.folder}; README.md says how to use them ({self.seconds:.1f} s)"
        )
        tested = f"{bundle.vectors.count} golden vectors, outputs of {bundle.vectors.oracle}"
        return [facts([("self-test", tested), ("wrote", wrote)], title=title, indent=2)]


def export(model: str | Path, output: Path, request: Request) -> Exported:
    """Write the bundle of `model` into `output`, whole or not at all."""
    started = time.perf_counter()
    if not _RELEASE.fullmatch(request.release):
        raise UsageError(
            "not a version", which=f"--release {request.release}", allowed="three numbers, such as 1.0.0"
        )
    _check_words(request)
    if request.name is not None:
        check_c_name(request.name)
    isas = _isas(request)
    with stage("read the model"):
        known = given(model, request.calibration, request.seed)
    words = Metadata(check_c_name(request.name or known.name), request.release, request.author, request.url)
    preprocessing = _preprocessing(model, known, request)
    program = None
    with stage("compile and run the golden vectors"):
        if request.engine is Engine.AOT:
            bundle, program = aot_bundle(known.content, words, preprocessing, isas, request.level)
        else:
            bundle = tflm_bundle(known.content, words, preprocessing)
    made = exporters.layout(request.format, bundle)
    with files.output_folder(output) as staging:
        for path, content in made.items():
            files.write_bytes(staging / path, content)
    return Exported(
        bundle, request.format, output, tuple(sorted(made)), program, time.perf_counter() - started
    )


def _preprocessing(model: str | Path, known: Given, request: Request) -> Preprocessing:
    """Of the data that was named, of the conversion just done, or of the one that made the file."""
    if known.preprocessing is not None:
        return known.preprocessing
    if request.calibration is not None:
        return data.load(request.calibration).preprocessing
    return manifest_preprocessing(Path(model))


def _check_words(request: Request) -> None:
    """What goes into metadata files of several formats, line by line."""
    if not request.author.strip() or not request.author.isprintable():
        raise UsageError("not an author", which=repr(request.author), allowed="one line of text")
    if request.url and not _URL.fullmatch(request.url):
        raise UsageError("not a web address", which=request.url, allowed="http:// or https:// and no spaces")


def _isas(request: Request) -> tuple[Isa, ...]:
    if request.device is None:
        return isas_for(request.isa or Isa.C)
    kernels = target(request.device, request.targets_dir).kernels
    if request.isa is not None and request.isa.value not in kernels:
        raise UsageError(
            "the device has no such instructions",
            which=f"--isa {request.isa.value} with --device {request.device}",
            allowed=", ".join(kernels),
        )
    return isas_for(request.isa) if request.isa is not None else tuple(Isa(kernel) for kernel in kernels)
