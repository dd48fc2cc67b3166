"""A folder in which every file that Python could take for a module leaves a mark when it does."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

CONSOLE_SCRIPT = "from tinyml_compress.cli import main\nmain()\n"
"""What `pip install` makes of the entry point, on any interpreter."""
_MARK = ".imported"


def poisoned(folder: Path) -> Path:
    """`folder` with a module for each one of Python's own, for each one installed, and for some
    that are not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    installed = {name for name in metadata.packages_distributions() if name.isidentifier()}
    others = {
        "__future__",
        "sitecustomize",
        "usercustomize",
        "torch",
        "litert_torch",
        "ai_edge_quantizer",
        "cupy",
    }
    for name in {*sys.stdlib_module_names, *installed, *others} - {"tinyml_compress"}:
        (folder / f"{name}.py").write_text(f"open({str(folder / name)!r} + {_MARK!r}, 'w').close()\n")
    return folder


def touched(folder: Path) -> list[str]:
    """Modules that somebody imported from there."""
    return sorted(path.name.removesuffix(_MARK) for path in folder.glob(f"*{_MARK}"))
