"""Our C against the best program of a closed engine that ran on the same chip, net by net.

The published keyword spotting and image nets, where `../shared/models` is there, and the zoo's autoencoder,
which has the published one's layers, run at `--optimize speed` on the emulated boards of the published
programs (`targets/silicon.json`). Theirs was measured on silicon, ours is modelled by what their programs
cost. Prints a table and writes benchmarks/closed.json; docs/tables.py makes the README's table of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import silicon  # noqa: E402
from tinyml_compress import __version__  # noqa: E402
from tinyml_compress.ops.base import Level  # noqa: E402
from tinyml_compress.pipeline.measure.model import given  # noqa: E402
from tinyml_compress.pipeline.measure.verb import measured  # noqa: E402
from tinyml_compress.pipeline.measure.work import BenchmarkRequest  # noqa: E402
from tinyml_compress.support.files import write_text  # noqa: E402

PUBLISHED = HERE.parent.parent / "shared" / "models"
BOARDS = {
    "STM32L4R5": "nucleo-l4r5zi",
    "STM32U575": "nucleo-u575zi",
    "STM32H7A3": "stm32h7a3",
    "STM32G0B1": "nucleo-g0b1re",
}
FILES = {"kws": "kws_ref_model.tflite", "ic": "pretrainedResnet_quant.tflite"}


def models() -> dict[str, bytes]:
    """The published nets that are here, and the autoencoder."""
    found = {net: PUBLISHED / file for net, file in FILES.items()}
    content = {net: path.read_bytes() for net, path in found.items() if path.is_file()}
    return {**content, "ad": given("zoo:autoencoder").content}


def main() -> None:
    programs = [one for one in silicon.read() if not one.is_float and not one.is_rebuilt]
    rows = []
    for net, content in models().items():
        request = BenchmarkRequest(tuple(BOARDS.values()), vectors=3, level=Level.SPEED)
        for chip, run in zip(BOARDS, measured(content, request, net).runs, strict=True):
            on_chip = (one for one in programs if (one.net, one.chip) == (net, chip) and one.in_flash)
            best = min(on_chip, key=lambda one: one.cycles)
            cycles = run.figure("cycles")
            if cycles is None or run.bit_exact is None or run.bit_exact.mismatches:
                raise SystemExit(f"{run.device}, {net}: no cycles, or not bit-exact: {run.verdict()}")
            rows.append(
                {
                    "net": net,
                    "chip": chip,
                    "core": run.core,
                    "instructions": run.instructions,
                    "cycles": run.cycles,
                    "cycles_error": cycles.error,
                    "best": best.vendor,
                    "best_cycles": best.cycles,
                    "best_instructions": best.counts["instructions"],
                }
            )
            print(f"{net:4} {chip:10} {run.cycles:12,} of {best.cycles:12,} {run.cycles / best.cycles:.2f}")
    text = json.dumps({"schema": 1, "tool": __version__, "rows": rows}, indent=1) + "\n"
    write_text(HERE / "closed.json", text)


if __name__ == "__main__":
    main()
