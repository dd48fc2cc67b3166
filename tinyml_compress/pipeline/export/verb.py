"""A model becomes a firmware bundle: compiled, proven by golden vectors, and laid out for one ecosystem."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tinyml_compress import exporters
from tinyml_compress.errors import UsageError
from tinyml_compress.exporters import CalibrationPrograms, Format, Runtime
from tinyml_compress.ir import ByRows, ConstantsIn
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.board.calibration_nets import FILL, calibration_programs, digest
from tinyml_compress.pipeline.compile.places import kernels_for, memories_for, numbers_for, prices_for
from tinyml_compress.pipeline.compile.shares import memory_shares
from tinyml_compress.pipeline.export.bundle import Metadata, aot_bundle, tflm_bundle
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.results import Exported
from tinyml_compress.support import files
from tinyml_compress.support.c_names import check_c_name
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import word

_RELEASE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_URL = re.compile(r"https?://[!-~]+")


def export(
    model: str | Path,
    *,
    output: str | Path,
    format: str,
    engine: str = "aot",
    name: str | None = None,
    isa: str | None = None,
    device: str | None = None,
    optimize: str | None = None,
    max_ram: int | None = None,
    by_rows: Sequence[str] = (),
    memory: Sequence[str] = (),
    flash: Sequence[str] = (),
    constants: str = "flash",
    calibration: bool = False,
    data: str | None = None,
    trigger: str | Path | None = None,
    frontend: str = "fixed",
    release: str = "1.0.0",
    author: str = "unknown",
    url: str = "",
    targets_dir: Path | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Exported:
    """A model as a library for a firmware's build system (`format` is cmake, arduino, zephyr, ...), whole or
    not at all.

    `calibration` puts the programs of `measure --fit-core` into the firmware of `mlperf-tiny`. `memory`,
    `flash`, `constants`, `max_ram`, `by_rows`, `trigger` and `frontend` are those of `compile_c`. `trust` is
    your word for a model file that holds code.
    """
    kernels = {"--isa": isa, "--device": device, "--optimize": optimize, "--memory": " ".join(memory)}
    kernels |= {"--flash": " ".join(flash), "--constants": constants if constants != "flash" else None}
    kernels |= {"--max-ram": None if max_ram is None else str(max_ram), "--by-rows": " ".join(by_rows)}
    if engine == "tflm" and any(kernels.values()):
        raise UsageError(
            "kernels are chosen for generated C only",
            which=" ".join(f"{option} {value}" for option, value in kernels.items() if value),
            next_step="leave it out, or take --engine aot",
        )
    started = time.perf_counter()
    layout, runtime = word(Format, "format", format), word(Runtime, "engine", engine)
    level = word(Level, "optimize", optimize or Level.BALANCED.value)
    _check_words(release, author, url)
    if name is not None:
        check_c_name(name)
    isas = kernels_for(None if isa is None else word(Isa, "isa", isa), device, targets_dir)
    where = word(ConstantsIn, "constants", constants)
    memories = memories_for(device, targets_dir, memory, flash, where)
    with stage("read the model"), trusting(trust):
        known = given(str(model), data, seed)
    done = replace(known.preprocessing, generated=numbers_for(frontend, device, targets_dir))
    words = Metadata(check_c_name(name or known.name), release, author, url)
    program = None
    with stage("compile and run the golden vectors"):
        if runtime is Runtime.AOT:
            prices = prices_for(device, targets_dir)
            bundle, program = aot_bundle(
                known.content,
                words,
                done,
                isas,
                level,
                memories,
                prices,
                trigger,
                max_ram,
                tuple(word(ByRows, "by-rows", one) for one in by_rows),
            )
        else:
            bundle = tflm_bundle(known.content, words, done, trigger)
    if calibration:
        bundle = replace(bundle, calibration=_calibration(layout, isas))
    library = exporters.layout(layout, bundle)
    with files.output_folder(Path(output)) as staging:
        for path, content in library.items():
            files.write_bytes(staging / path, content)
    counted = ("arena_bytes", "state_bytes", "weight_bytes", "table_bytes")
    return Exported(
        name=bundle.name,
        format=layout.value,
        engine=bundle.engine.value,
        release=bundle.release,
        model_sha256=bundle.model_sha256,
        folder=Path(output),
        files=tuple(sorted(library)),
        test_vectors=bundle.vectors.count,
        oracle=bundle.vectors.oracle,
        **({} if program is None else {one: getattr(program, one) for one in counted}),
        memories=None if program is None else memory_shares(program, memories) or None,
        firmware=bundle.firmware or None,
        seconds=round(time.perf_counter() - started, 3),
    )


def _calibration(layout: Format, isas: tuple[Isa, ...]) -> CalibrationPrograms:
    if layout is not Format.MLPERF_TINY:
        raise UsageError(
            "calibration programs answer on the line of MLPerf Tiny's firmware",
            which=f"--calibration --format {layout.value}",
            allowed=f"--format {Format.MLPERF_TINY.value}",
        )
    programs = calibration_programs(isas)
    return CalibrationPrograms(programs, digest(programs), FILL)


def _check_words(release: str, author: str, url: str) -> None:
    """What goes into metadata files of several formats, line by line."""
    if not _RELEASE.fullmatch(release):
        raise UsageError(
            "not a version", which=f"--release {release}", allowed="three numbers, such as 1.0.0"
        )
    if not author.strip() or not author.isprintable():
        raise UsageError("not an author", which=repr(author), allowed="one line of text")
    if url and not _URL.fullmatch(url):
        raise UsageError("not a web address", which=url, allowed="http:// or https:// and no spaces")
