"""Every kernel that there is."""

from __future__ import annotations

from tinyml_compress.ops.sources import KernelSource, sources_in
from tinyml_compress.support.resources import package_folder


def all_kernels() -> list[KernelSource]:
    """Those of all operators and those that they share, by symbol."""
    root = package_folder("tinyml_compress")
    folders = [root / "csrc", *sorted(path for path in (root / "ops").iterdir() if path.is_dir())]
    found = (source for folder in folders for source in sources_in(folder).values())
    return sorted(found, key=lambda source: source.symbol)
