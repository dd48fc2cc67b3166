"""Finds the data that ships with the package: boards, recipes, calibration sets, C sources.

The only place that knows under which package names the top-level folders are installed.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tinyml_compress.errors import MissingDependency


def package_folder(package: str) -> Path:
    """The folder of an importable package; the tool is always installed unzipped."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency(
            "a part of the installation is missing", which=package, next_step="install tinyml_compress again"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def targets_folder() -> Path:
    """Boards (`*.toml`) and, below it, `cores/`."""
    return package_folder("tinyml_targets")


def recipes_folder() -> Path:
    """Ready recipes."""
    return package_folder("tinyml_recipes")


def calibration_folder() -> Path:
    """Shipped data sets with their manifests."""
    return package_folder("tinyml_calibration")
