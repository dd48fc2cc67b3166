"""What QEMU leaves after random instructions, recorded: `python -m tests.lib.interpreted` writes it anew."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.lib.instructions import filled, forms, kernel
from tests.lib.random_states import DATA_BYTES, STATE, Pieces

_FOLDER = Path(__file__).parent.parent / "emulated"
RECORD = _FOLDER / "interpreter.json"
_AT_ONCE = 1500
_FOR_A_KERNEL_NOT = ("[", "{even}", "{odd}", "{S}", "dls", "wls", "vabav", "vshlc", "vmov {R}")
_WRITES_SCALARS = ("vmaxv", "vminv", "vmaxav", "vminav", "vmaxnmv", "vminnmv", "vmaxnmav", "vminnmav")


@dataclass(frozen=True)
class Batch:
    """Pieces that run in one image, with the form that each came from."""

    names: tuple[str, ...]
    pieces: Pieces


def texts(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Every form so many times: the line that it comes from, and its text."""
    chosen = random.Random(seed)
    for file in ("helium.txt", "scalar.txt"):
        for line, form in forms(_FOLDER / file):
            for _ in range(count):
                yield line, filled(form, chosen)


def kernels(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Loops of random Helium instructions."""
    chosen = random.Random(seed)
    bodies = tuple(
        form
        for _, form in forms(_FOLDER / "helium.txt")
        if not any(part in form for part in _FOR_A_KERNEL_NOT) and not form.startswith(_WRITES_SCALARS)
    )
    for number in range(count):
        yield f"kernel {number}", kernel(bodies, chosen)


def batches(named: Iterator[tuple[str, str]]) -> Iterator[Batch]:
    """Assembled."""
    rows = list(named)
    for start in range(0, len(rows), _AT_ONCE):
        names, parts = zip(*rows[start : start + _AT_ONCE], strict=True)
        yield Batch(names, Pieces.of(parts))


def digests(batch: Batch, left: npt.NDArray[np.uint32]) -> dict[str, str]:
    """Of what each form leaves in registers, and of the memory at the end."""
    groups = [name.partition(" ")[0] if name.startswith("kernel") else name for name in batch.names]
    sums = {name: hashlib.sha256() for name in groups}
    for number, name in enumerate(groups):
        sums[name].update(left[number * STATE // 4 : (number + 1) * STATE // 4].tobytes())
    sums["memory"] = hashlib.sha256(left[-DATA_BYTES // 4 :].tobytes())
    return {name: found.hexdigest()[:8] for name, found in sums.items()}


def recorded(run: Callable[[Pieces, int], npt.NDArray[np.uint32]]) -> dict[str, str]:
    """What `make test` compares: every form twice, and a hundred kernels."""
    found: dict[str, str] = {}
    for named in (texts(2, 1), kernels(100, 2)):
        for number, batch in enumerate(batches(named)):
            found |= {
                f"{name} ({number})": sum_ for name, sum_ in digests(batch, run(batch.pieces, 3)).items()
            }
    return found


if __name__ == "__main__":
    RECORD.write_text(json.dumps(recorded(Pieces.under_qemu), indent=0) + "\n")
