"""Our C by both compilers: the same bytes, and how many cycles GCC's code takes beside clang's.

The published keyword spotting and image nets, where `../shared/models` is there, and two of the zoo at
`--optimize speed` on Cortex-M4, M7 and M33. Ends in 1 when a net is not bit-exact, or GCC's code takes over
10% more. Prints a table and writes benchmarks/gcc_forms.json; docs/tables.py makes that of docs/engine.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.closed import FILES, PUBLISHED  # noqa: E402
from benchmarks.kernels import BOARDS, checked, zoo_model  # noqa: E402
from tinyml_compress import __version__  # noqa: E402
from tinyml_compress.ops.base import Level  # noqa: E402
from tinyml_compress.pipeline.measure.verb import measured  # noqa: E402
from tinyml_compress.pipeline.measure.work import BenchmarkRequest  # noqa: E402
from tinyml_compress.support.files import write_text  # noqa: E402

CORES = ("cortex-m4", "cortex-m33", "cortex-m7")
ZOO = ("autoencoder", "wake_word")
MOST = 1.1
"""Times the cycles of clang's code that GCC's may take."""


def both(net: str, content: bytes, core: str) -> dict[str, Any]:
    request = BenchmarkRequest((BOARDS[core],), vectors=3, level=Level.SPEED, toolchains=("zig", "gcc"))
    clang, gcc = (checked(run) for run in measured(content, request, net).runs)
    if clang.outputs != gcc.outputs:
        raise SystemExit(f"{net}, {core}: {gcc.compiler} and {clang.compiler} give other bytes")
    return {
        "net": net,
        "core": core,
        "compilers": [clang.compiler, gcc.compiler],
        "instructions": [clang.instructions, gcc.instructions],
        "cycles": [clang.cycles, gcc.cycles],
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default=",".join((*FILES, *ZOO)), help="names separated by commas")
    parser.add_argument("--cores", default=",".join(CORES), help="names separated by commas")
    arguments = parser.parse_args()
    path = HERE / "gcc_forms.json"
    before: list[dict[str, Any]] = json.loads(path.read_text())["rows"] if path.is_file() else []
    rows = {(row["net"], row["core"]): row for row in before}
    for net in arguments.models.split(","):
        if net in FILES and not (PUBLISHED / FILES[net]).is_file():
            continue
        content = (PUBLISHED / FILES[net]).read_bytes() if net in FILES else zoo_model(net)
        for core in arguments.cores.split(","):
            rows[net, core] = row = both(net, content, core)
            clang, gcc = row["cycles"]
            print(f"{net} {core}: {clang:,} and {gcc:,} cycles, {gcc / clang:.3f}", flush=True)
    ordered = [rows[net, core] for net in (*FILES, *ZOO) for core in CORES if (net, core) in rows]
    text = json.dumps({"schema": 1, "tool": __version__, "rows": ordered}, indent=1) + "\n"
    write_text(path, text)
    return int(any(row["cycles"][1] > MOST * row["cycles"][0] for row in ordered))


if __name__ == "__main__":
    sys.exit(main())
