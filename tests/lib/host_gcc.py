"""This machine's GCC: a second compiler for generated C, and the sanitizers, which zig does not ship."""

from __future__ import annotations

import shutil
from functools import lru_cache

import pytest

from tinyml_compress.runners.toolchain import Toolchain
from tinyml_compress.support import proc


@lru_cache(maxsize=1)
def _found() -> Toolchain | None:
    path, plus = shutil.which("gcc"), shutil.which("g++")
    if path is None:
        return None
    version = proc.run([path, "--version"], timeout=30, what="gcc --version").stdout.splitlines()[0]
    return Toolchain("gcc", (path,), (plus or "g++",), version)


def host_gcc() -> Toolchain:
    """GCC, or the end of the test that wants it."""
    found = _found()
    if found is None:
        pytest.skip("gcc is not installed here")
    return found
