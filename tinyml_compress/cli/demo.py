"""`tinyml-compress demo`: the whole way on shipped data."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import is_json_asked, json_option, show
from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress demo
  tinyml-compress demo -o build/demo --epochs 30 --seed 7
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "-o",
    "--output",
    default=Path("build/demo"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write.",
)
@click.option(
    "--epochs", type=click.IntRange(1, 500), default=15, show_default=True, help="How long to train."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Seed of the training."
)
@json_option
def command(output: Path, epochs: int, seed: int) -> None:
    """Train a digits network, make it int8, compile it to C, and judge it for every board."""
    from tinyml_compress.pipeline.demo import demo
    from tinyml_compress.support.cache import require_cache

    require_cache()
    show(demo(output, epochs=epochs, seed=seed, say=(lambda line: None) if is_json_asked() else say))
