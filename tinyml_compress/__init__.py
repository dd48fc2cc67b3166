"""Compress Keras models for microcontrollers, compile them to exact C, benchmark them on emulated devices.

The functions bear the names of the command line's verbs and do the same; each loads what it needs at its
first use.
"""

# Nothing of Python's is imported at the top: under `python -m` the current folder still comes first then, and
# it is the user's (`__main__.py`).
from tinyml_compress._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tinyml_compress import data
    from tinyml_compress.pipeline.board.verb import measure
    from tinyml_compress.pipeline.checking import check
    from tinyml_compress.pipeline.compare.verb import compare
    from tinyml_compress.pipeline.compare.verification import verify
    from tinyml_compress.pipeline.compile.call import compile_c
    from tinyml_compress.pipeline.compress.verb import compress
    from tinyml_compress.pipeline.convert.verb import convert
    from tinyml_compress.pipeline.evaluate.verb import evaluate
    from tinyml_compress.pipeline.export.verb import export
    from tinyml_compress.pipeline.fit.verb import fit
    from tinyml_compress.pipeline.inspect.any_form import inspect
    from tinyml_compress.pipeline.measure.verb import benchmark
    from tinyml_compress.pipeline.optimizing import optimize
    from tinyml_compress.pipeline.quantizing import quantize
    from tinyml_compress.pipeline.reporting import report
    from tinyml_compress.pipeline.serve import serve
    from tinyml_compress.pipeline.shrinking import shrink
    from tinyml_compress.pipeline.stream import stream
    from tinyml_compress.rendering.gate import gate

__all__ = [
    "__version__",
    "benchmark",
    "check",
    "compare",
    "compile_c",
    "compress",
    "convert",
    "data",
    "evaluate",
    "export",
    "fit",
    "gate",
    "inspect",
    "measure",
    "optimize",
    "quantize",
    "report",
    "serve",
    "shrink",
    "stream",
    "verify",
]

_HOMES = {
    "benchmark": "tinyml_compress.pipeline.measure.verb",
    "check": "tinyml_compress.pipeline.checking",
    "compile_c": "tinyml_compress.pipeline.compile.call",
    "compare": "tinyml_compress.pipeline.compare.verb",
    "compress": "tinyml_compress.pipeline.compress.verb",
    "convert": "tinyml_compress.pipeline.convert.verb",
    "data": "tinyml_compress.data",
    "evaluate": "tinyml_compress.pipeline.evaluate.verb",
    "export": "tinyml_compress.pipeline.export.verb",
    "fit": "tinyml_compress.pipeline.fit.verb",
    "gate": "tinyml_compress.rendering.gate",
    "inspect": "tinyml_compress.pipeline.inspect.any_form",
    "measure": "tinyml_compress.pipeline.board.verb",
    "optimize": "tinyml_compress.pipeline.optimizing",
    "quantize": "tinyml_compress.pipeline.quantizing",
    "report": "tinyml_compress.pipeline.reporting",
    "serve": "tinyml_compress.pipeline.serve",
    "shrink": "tinyml_compress.pipeline.shrinking",
    "stream": "tinyml_compress.pipeline.stream",
    "verify": "tinyml_compress.pipeline.compare.verification",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'tinyml_compress' has no attribute {name!r}")
    if name == "data":
        return import_module("tinyml_compress.data")
    part: object = getattr(import_module(_HOMES[name]), name)
    return part


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
