"""Keras 3 models: rebuilt in tf_keras layer by layer, then proven on random inputs."""

from __future__ import annotations

from typing import Any

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.models.origin import BridgeProof

__all__ = ["rebuild"]


def rebuild(model: Any) -> tuple[Any, BridgeProof]:
    """The same model in tf_keras, and the proof."""
    raise UnsupportedLayer("Keras 3 models", which=model.name)
