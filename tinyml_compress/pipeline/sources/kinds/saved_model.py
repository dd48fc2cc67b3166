"""SavedModel folders, whoever wrote them."""

from __future__ import annotations

from pathlib import Path

from tinyml_compress.pipeline.sources.kinds._keras import KerasSource


class _SavedModel(KerasSource):
    @classmethod
    def accepts(cls, spec: str) -> bool:
        return Path(spec).is_dir()


SOURCE = _SavedModel
