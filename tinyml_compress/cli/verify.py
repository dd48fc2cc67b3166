"""`tinyml-compress verify`: two engines on the same inputs, byte for byte."""

from __future__ import annotations

import click

from tinyml_compress.cli._options import isa_option, json_option, seed_option, show

EXAMPLES = """\b
Examples:
  tinyml-compress verify model.tflite
  tinyml-compress verify model.tflite@aot model.tflite@litert-ref --vectors 100 --isa dsp --optimize speed
  tinyml-compress verify build/model model.tflite --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("a")
@click.argument("b", required=False)
@click.option(
    "--vectors",
    type=click.IntRange(0, 1_000_000),
    default=20,
    show_default=True,
    help="Random inputs, besides the pattern and the edges of the range.",
)
@seed_option
@isa_option("Kernels of @aot.", default="c")
@click.option(
    "--optimize",
    type=click.Choice(["size", "balanced", "speed", "ram"]),
    default="balanced",
    show_default=True,
    help="What kernels of @aot are chosen for.",
)
@json_option
def command(a: str, b: str | None, vectors: int, seed: int, isa: str, optimize: str) -> None:
    """Compare A and B on the same inputs: mismatches, largest difference, first node that differs.

    A and B are FILE or FILE@ENGINE. Engines for a .tflite file: tflm (TensorFlow Lite Micro, the default),
    aot (our generated C on this host), litert (LiteRT with its optimized kernels), litert-ref (with its
    reference kernels). A folder that `compile` wrote runs as it is. One .tflite file alone is checked as @aot
    against @tflm.

    Ends with 1 when a byte differs.
    """
    from tinyml_compress.pipeline.compare.verification import verify

    result = verify(a, b, vectors=vectors, isa=isa, optimize=optimize, seed=seed)
    show(result)
    if not result.equal:
        raise SystemExit(1)
