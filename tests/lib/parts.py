"""The parts of `make test-full`: each long proof belongs to exactly one, by the file that it is in.

A part is small enough to run in a sitting. What no pattern names is in the last part, so that nothing is ever
left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Part:
    """Test files by patterns; a file belongs to the first part that has a pattern for it."""

    name: str
    what: str
    patterns: tuple[str, ...]
    marked: str = "full"
    spread: bool = True
    """Whether tests of one file may run in several processes; not where they share what is dear to make."""


PARTS = (
    Part("quick", "what `make test` runs", ("tests/*",), marked="not full", spread=False),
    Part("operators-a", "operators A to D, against TFLM", ("tests/ops/test_[a-d]*.py",)),
    Part("operators-e", "operators E to O, against TFLM", ("tests/ops/test_[e-o]*.py",)),
    Part(
        "products",
        "convolutions, dense layers, pools",
        ("tests/ops/test_prod*.py", "tests/emulated/test_prod*.py"),
    ),
    Part("operators-p", "operators P to R, against TFLM", ("tests/ops/test_[p-r]*.py",)),
    Part("operators-s", "operators S to Z, against TFLM", ("tests/ops/*",)),
    Part("sanitizers", "all kernels under sanitizers and compilers", ("tests/kernels/*",)),
    Part("plans", "memory plans, passes, broken files", ("tests/plan/*", "tests/passes/*", "tests/fuzz/*")),
    Part(
        "zoo",
        "whole models on host and emulated cores",
        ("tests/e2e/test_zoo*", "tests/emulated/*", "tests/e2e/test_pub*"),
    ),
    Part("techniques", "every technique on every model", ("tests/techniques/*",), spread=False),
    Part(
        "conversion",
        "models of all makers become .tflite",
        ("tests/converter/*", "tests/hugging_face/*"),
        spread=False,
    ),
    Part("mutants", "functions broken on purpose turn tests red", ("tests/mutants.py",)),
    Part("search", "fit finds what is known to be there", ("tests/e2e/test_fit*",), spread=False),
    Part("rest", "pages, exports, examples, documentation", ("tests/*",), spread=False),
)


def named(name: str) -> Part | None:
    """The part of that name."""
    return next((part for part in PARTS if part.name == name), None)


def part_of(file: str, marked: str = "full") -> Part:
    """Which part a test file's tests of that mark belong to; `file` is relative to the repository."""
    fitting = (part for part in PARTS if part.marked == marked)
    return next(part for part in fitting if any(fnmatchcase(file, pattern) for pattern in part.patterns))


def files_of(part: Part) -> list[str]:
    """Its files, relative to the repository."""
    return [file for file in all_files() if part_of(file, part.marked) is part]


def all_files() -> list[str]:
    """Every file with tests; `mutants.py` has another name so that nothing else runs it."""
    tests = REPO / "tests"
    paths = [*tests.rglob("test_*.py"), tests / "mutants.py"]
    return sorted(path.relative_to(REPO).as_posix() for path in paths)
