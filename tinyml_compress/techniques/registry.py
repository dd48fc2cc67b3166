"""Every technique by its word in recipes. A module of this folder with a `TECHNIQUE` is one: nothing is
registered.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ConfigError
from tinyml_compress.techniques.technique import Technique


@lru_cache(maxsize=1)
def all_techniques() -> dict[str, Technique[Any]]:
    """In the order in which a recipe would use them."""
    loaded: list[Technique[Any]] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_") and module.name != "registry":
            one = getattr(importlib.import_module(f"{__package__}.{module.name}"), "TECHNIQUE", None)
            if one is not None:
                loaded.append(one)
    return {one.use: one for one in sorted(loaded, key=lambda one: one.place)}


def technique(use: str) -> Technique[Any]:
    """The technique of that word."""
    known = all_techniques()
    if use not in known:
        raise ConfigError("no such stage", which=use, allowed=", ".join(known))
    return known[use]
