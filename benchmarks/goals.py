"""Whether the goals for cycles hold by costs that were fitted without one vendor's programs.

Four nets at `--optimize speed` on the boards of `benchmarks/kernels.py`, their instructions, loads, words of
flash, ... counted in an emulator; the costs by `benchmarks/silicon.py` from all programs, and from all but
those of each vendor. The Cortex-M0+ has one vendor alone. Prints a table and writes benchmarks/goals.json;
docs/tables.py makes the table of docs/cycle-model.md of it. `--models kws,ic` and `--cores cortex-m4`
choose what is counted anew; the other rows stay.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import silicon  # noqa: E402
from benchmarks.closed import FILES, PUBLISHED  # noqa: E402
from benchmarks.kernels import BOARDS, zoo_model  # noqa: E402
from tinyml_compress import __version__  # noqa: E402
from tinyml_compress.devices import Device, load_device  # noqa: E402
from tinyml_compress.ops.base import Level  # noqa: E402
from tinyml_compress.pipeline.compile.verb import compile_model  # noqa: E402
from tinyml_compress.pipeline.measure.work import FLAGS  # noqa: E402
from tinyml_compress.runners.emulated import emulate  # noqa: E402
from tinyml_compress.runners.vectors import mixed  # noqa: E402
from tinyml_compress.support.files import write_text  # noqa: E402

ZOO = ("mobilenet_v1_025", "autoencoder")
GOALS = {
    "cortex-m4": {"kws": 3.6, "ic": 12.5, "mobilenet_v1_025": 12.21, "autoencoder": 0.42},
    "cortex-m33": {"kws": 3.3, "ic": 11.8, "mobilenet_v1_025": 11.31, "autoencoder": 0.40},
    "cortex-m7": {"kws": 2.2, "ic": 8.0, "mobilenet_v1_025": 7.28, "autoencoder": 0.25},
    "cortex-m0plus": {"kws": 21.0, "ic": 80.0, "mobilenet_v1_025": 65.89, "autoencoder": 2.3},
}
"""Million cycles; MobileNet's are parts of what it took when these were set: 14.36, 13.30, 9.10, 77.51."""


def content(net: str) -> bytes:
    return (PUBLISHED / FILES[net]).read_bytes() if net in FILES else zoo_model(net)


def counted(net: str, core: str) -> dict[str, int]:
    """Instructions of an inference, and each class of costs."""
    device = load_device(BOARDS[core])
    assert isinstance(device, Device)
    program = compile_model(content(net), net, device.core.kernels, Level.SPEED)
    vector = [value.tobytes() for value in next(iter(mixed(program.inputs, 0, 1)))]
    counts = emulate(program, device, [vector], optimize=FLAGS[Level.SPEED]).counts
    classes: Counter[str] = Counter()
    for one in (*counts.nodes, counts.between):
        classes.update({kind.value: times for kind, times in one.classes.items()})
    return {"instructions": counts.instructions, **dict(sorted(classes.items()))}


def predictions(core: str, net: str, counts: dict[str, int]) -> dict[str, float]:
    """Cycles by the costs from all programs, and without each vendor's where others remain."""
    facts = silicon.read()
    model = next(one for one in silicon.MODELS if one.core == core)
    vendors = dict.fromkeys(one.vendor for one in facts if one.core == core and one.is_fitted)
    ours = silicon.Program(BOARDS[core], core, "", net, "int8", "", 0, counts, False)
    sets = {"all": facts}
    if len(vendors) > 1:
        sets |= {f"without {out}": tuple(one for one in facts if one.vendor != out) for out in vendors}
    return {name: round(silicon.fit(model, kept).predict(ours)) for name, kept in sets.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default=",".join((*FILES, *ZOO)), help="names separated by commas")
    parser.add_argument("--cores", default=",".join(GOALS), help="names separated by commas")
    arguments = parser.parse_args()
    path = HERE / "goals.json"
    before: list[dict[str, Any]] = json.loads(path.read_text())["rows"] if path.is_file() else []
    rows = {(row["core"], row["net"]): row for row in before}
    for core in arguments.cores.split(","):
        for net in arguments.models.split(","):
            counts, goal = counted(net, core), GOALS[core][net]
            found = predictions(core, net, counts)
            rows[core, net] = {
                "core": core, "net": net, "goal": round(1e6 * goal), "counts": counts, "cycles": found
            }  # fmt: skip
            said = ", ".join(f"{name} {cycles / 1e6:.3f}" for name, cycles in found.items())
            print(f"{core} {net}: goal {goal}; {said}", flush=True)
    ordered = [rows[core, net] for core in GOALS for net in (*FILES, *ZOO) if (core, net) in rows]
    text = json.dumps({"schema": 1, "tool": __version__, "rows": ordered}, indent=1) + "\n"
    write_text(path, text)


if __name__ == "__main__":
    main()
