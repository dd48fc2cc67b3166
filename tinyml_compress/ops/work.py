"""What a kernel does for a node: the family counts, and `work.json` says what one of each thing is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from tinyml_compress.ir import KernelWork

Counts = Mapping[str, float]
"""How many times a kernel does each thing that takes its time: steps of the inner loop, outputs, ..."""

CALL = "call"
"""The thing that every kernel does once."""
_NEW = KernelWork(instructions=1.0, slots=1.0)
"""Of a thing that nobody fitted: a new kernel may count `cycles`, as its author sees them."""


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, KernelWork]]:
    """By kernel and thing, as benchmarks/work.py fitted them."""
    stored = json.loads((Path(__file__).parent / "work.json").read_text(encoding="utf-8"))
    return {
        kernel: {thing: KernelWork(**row) for thing, row in rows.items()} for kernel, rows in stored.items()
    }


@lru_cache(maxsize=1024)
def _rows(kernel: str, code: str) -> Mapping[str, KernelWork]:
    """Of that kernel, or of another one with its stem."""
    table, stem = _table(), kernel.partition("__")[0]
    alike = [one for one in table if one.startswith(f"{stem}__")]
    known = [f"{kernel} {code}", kernel, *sorted(alike, key=lambda one: not one.endswith(code))]
    return next((table[one] for one in known if one in table), {})


def plainest(kernel: str) -> str:
    """Without its forms for ReLU, which have ends of their own and are alike in all else, and for bands;
    SUB's is ADD's.
    """
    stem, at, isa = kernel.partition("__")
    return f"{for_any_bounds(stem).removesuffix('_bands')}{at}{isa}".replace("_sub_", "_add_")


def for_any_bounds(stem: str) -> str:
    """Of a kernel's name without its instruction set: without what says that it is for outputs from ReLU."""
    return stem.removesuffix("_relu").removesuffix("_scaled")


def work(kernel: str, counts: Counts, code: str = "") -> KernelWork:
    """All of it, in code for that architecture. A kernel that was not fitted takes what another with its stem
    does.
    """
    rows = _rows(plainest(kernel), code)
    done, unknown = rows.get(CALL, KernelWork()), KernelWork() if rows else _NEW
    for thing, times in counts.items():
        done += rows.get(thing, unknown) * times
    return done
