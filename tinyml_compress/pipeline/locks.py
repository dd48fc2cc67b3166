"""The locks between a stranger's file and this machine: tried each time, not remembered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import metadata

from tinyml_compress.errors import ProcessError, TinymlError
from tinyml_compress.results import Lock
from tinyml_compress.support import proc, rights, worker
from tinyml_compress.support.cache import cache_root
from tinyml_compress.support.scratch import scratch

_SAMPLES = (
    {"class_name": "Lambda", "config": {"function": ["4wE=", None, None], "function_type": "lambda"}},
    {
        "class_name": "Dense",
        "config": {"activation": {"module": "os", "class_name": "function", "config": "system"}},
    },
    {"class_name": "TFOpLambda", "config": {"function": "io.write_file"}},
    {"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
)
_OPERATORS = ("WriteFile", "ReadFile", "PyFunc", "EagerPyFunc", "SaveV2", "InitializeTableFromTextFileV2")
_SAFE = {"tf-keras": (2, 16), "keras": (3, 12)}
"""The first version of each Keras whose safe mode keeps what it promises about layers that carry code."""


def locks() -> tuple[Lock, ...]:
    """All of them, in the order in which a file meets them."""
    return (
        Lock(
            "configurations",
            _refuses_configurations(),
            "Lambda layers, foreign functions and files in .keras and .h5",
        ),
        Lock(
            "graphs", _refuses_operators(), "operators of SavedModels that touch files, processes or Python"
        ),
        _safe_mode(),
        Lock(
            "workers",
            _stays_apart(),
            "modules in your folder that have the name of one that a worker imports",
        ),
        _own_cache(),
    )


def _refuses_configurations() -> bool:
    from tinyml_compress.models.checked_config import checked_config

    for sample in _SAMPLES:
        try:
            checked_config(json.dumps({"class_name": "Sequential", "config": {"layers": [sample]}}), "doctor")
        except TinymlError:
            continue
        return False
    return True


def _refuses_operators() -> bool:
    from tinyml_compress.models.allowed_ops import GRAPH

    return GRAPH.isdisjoint(_OPERATORS)


def _safe_mode() -> Lock:
    old = [f"{name} {metadata.version(name)}" for name in _installed() if _numbers(name) < _SAFE[name]]
    keeps = "the same once more, by Keras itself" if not old else f"not with {', '.join(old)}: pip install -U"
    return Lock("Keras's safe mode", not old, keeps)


def _own_cache() -> Lock:
    doubt = rights.doubt(cache_root(), cache_root())
    keeps = "compiled code of other users" if doubt is None else f"not with {doubt.path}: {doubt.why}"
    return Lock("cache", doubt is None, keeps)


def _installed() -> Iterable[str]:
    for name in _SAFE:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        yield name


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in metadata.version(name).split(".")[:2] if part.isdigit())


def _stays_apart() -> bool:
    """A worker that is told to use `random` beside a file of that name."""
    with scratch() as folder:
        (folder / "random.py").write_text("raise SystemExit(1)\n")
        try:
            proc.run(
                worker.command("random:seed"),
                timeout=30,
                what="a worker",
                cwd=folder,
                env=worker.environment(),
            )
        except ProcessError:
            return False
    return True
