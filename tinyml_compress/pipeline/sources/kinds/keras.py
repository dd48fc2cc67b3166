"""Keras models of both versions: files, functions that make one, and the zoo."""

from __future__ import annotations

from pathlib import Path

from tinyml_compress.models.load import FILES, is_function
from tinyml_compress.pipeline.sources.kinds._keras import KerasSource

_ZOO = "zoo:"


class _Keras(KerasSource):
    @classmethod
    def accepts(cls, spec: str) -> bool:
        path = Path(spec)
        if path.exists():
            return path.is_file() and path.suffix.lower() in FILES
        return spec.startswith(_ZOO) or is_function(spec)

    @property
    def title(self) -> str:
        return self.spec.rpartition(":")[2] if ":" in self.spec else super().title


SOURCE = _Keras
