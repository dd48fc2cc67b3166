"""Run by a Python of AArch64 under user-mode QEMU, where nothing else of ours is at hand: a net under
tflite-runtime or LiteRT in one thread, with marks around each inference that a plugin sees.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

_PACKAGES = {"tflite_runtime": "tflite-runtime", "ai_edge_litert": "ai-edge-litert"}
_REPEATED = 2


def _runtime() -> tuple[str, Any]:
    for module, package in _PACKAGES.items():
        try:
            return package, import_module(f"{module}.interpreter").Interpreter
        except ImportError:
            continue
    raise SystemExit(f"none of {', '.join(_PACKAGES.values())} is installed for {sys.executable}")


def main() -> None:
    package, make = _runtime()
    net = make(sys.argv[1], num_threads=1)
    net.allocate_tensors()
    for port in net.get_input_details():
        net.set_tensor(port["index"], np.zeros(port["shape"], port["dtype"]))
    mark, invoke = os.getppid, net.invoke
    invoke()
    for _ in range(_REPEATED):
        mark()
        mark()
        invoke()
        mark()
    print(package, version(package))


if __name__ == "__main__":
    main()
