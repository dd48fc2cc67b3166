"""Searches as values, for tests that ask what becomes of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinyml_compress.pipeline.fit.folder import WORK
from tinyml_compress.pipeline.fit.job import FitRequest, own_storage


def job_of(
    model: str | Path, data: str, output: Path, storage: str | None = None, **fields: Any
) -> FitRequest:
    """For a NUCLEO-L4R5ZI, where `target` does not say otherwise."""
    target = fields.pop("target", "nucleo-l4r5zi")
    place = str(output / WORK), storage or own_storage(output)
    return FitRequest(str(model), data, target, *place, **fields).checked()
