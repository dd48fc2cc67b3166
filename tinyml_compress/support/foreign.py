"""Work that another interpreter does, whose packages ours cannot have."""

from __future__ import annotations

from pathlib import Path

from tinyml_compress.errors import ConversionError, ProcessError
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.worker import Broken, Job, Reply, ask


def call_worker(python: Path, target: str, job: Job, timeout: float, which: str) -> Reply:
    """The reply of a worker under another interpreter; `which` names its model in errors."""
    with scratch("tinyml-convert-") as folder:
        try:
            return ask(
                target,
                job,
                folder,
                what="the converter",
                timeout=timeout,
                env={"PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONHASHSEED": "0"},
                python=python,
            )
        except ProcessError as error:
            raise ConversionError(
                error.what, which=which, found=error.found, next_step=error.next_step
            ) from error
        except Broken as broken:
            why = broken.raised or broken.log or broken.how
            raise ConversionError("the converter failed", which=which, found=why) from broken
