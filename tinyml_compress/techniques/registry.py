"""Every technique by its word in recipes. A module of this folder with a `TECHNIQUE` is one: nothing is registered."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import MISSING, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ConfigError
from tinyml_compress.techniques.technique import Technique

__all__ = ["all_techniques", "describe", "technique"]


@lru_cache(maxsize=1)
def all_techniques() -> dict[str, Technique[Any]]:
    """In the order in which a recipe would use them."""
    loaded: list[Technique[Any]] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_") and module.name != "registry":
            made = getattr(importlib.import_module(f"{__package__}.{module.name}"), "TECHNIQUE", None)
            if made is not None:
                loaded.append(made)
    return {made.use: made for made in sorted(loaded, key=lambda made: made.place)}


def technique(use: str) -> Technique[Any]:
    """The technique of that word."""
    known = all_techniques()
    if use not in known:
        raise ConfigError("no such stage", which=use, allowed=", ".join(known))
    return known[use]


def describe(use: str) -> list[tuple[str, str, str]]:
    """Key, default and meaning of every option of a stage: what the recipes' README is made of."""
    rows = []
    for item in fields(technique(use).options):
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        shown = {True: "true", False: "false"}.get(default, default) if isinstance(default, bool) else default
        shown = {"": '""', (): "[]"}.get(shown, shown) if isinstance(shown, (str, tuple)) else shown
        shown = "{}" if shown == {} else shown
        meaning = item.metadata["text"]
        if item.metadata.get("choices"):
            meaning += ": " + ", ".join(filter(None, item.metadata["choices"]))
        elif "low" in item.metadata and item.metadata["kind"] is not dict:
            meaning += f" ({item.metadata['low']:g} to {item.metadata['high']:g})"
        rows.append((item.name, str(shown), meaning))
    return rows
