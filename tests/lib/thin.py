"""An environment with a few packages of this one: really without the others, and made without a network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
DATA = {"targets": "tinyml_targets", "recipes": "tinyml_recipes", "calibration_data": "tinyml_calibration"}


def make_environment(folder: Path, packages: Iterable[str]) -> Path:
    """The interpreter of a new environment in `folder`: this checkout's package, and links to `packages`
    alone.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    (site,) = (folder / "lib").glob("python*/site-packages")
    for package in packages:
        distribution = metadata.distribution(package)
        for name in {file.parts[0] for file in distribution.files or () if file.parts[0] != ".."}:
            if not (site / name).is_symlink():
                (site / name).symlink_to(Path(str(distribution.locate_file(name))))
    for name, package in DATA.items():
        (site / package).symlink_to(REPO / name)
    (site / "tinyml_compress").symlink_to(REPO / "tinyml_compress")
    return folder / "bin" / "python"
