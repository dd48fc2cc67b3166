"""Finds the data that ships with the package: boards, recipes, calibration sets, C sources.

The only place that knows under which package names the top-level folders are installed.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

__all__ = ["calibration_folder", "package_folder", "recipes_folder", "targets_folder"]


def package_folder(package: str) -> Path:
    """The folder of an importable package; the tool is always installed unzipped."""
    return Path(str(resources.files(package)))


def targets_folder() -> Path:
    """Boards (`*.toml`) and, below it, `cores/`."""
    return package_folder("tinyml_targets")


def recipes_folder() -> Path:
    """Ready recipes."""
    return package_folder("tinyml_recipes")


def calibration_folder() -> Path:
    """Shipped data sets with their manifests."""
    return package_folder("tinyml_calibration")
