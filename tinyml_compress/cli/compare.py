"""`tinyml-compress compare`: several models side by side."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    command_line,
    data_option,
    json_option,
    samples_option,
    seed_option,
    show,
    trust_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress compare a.tflite b.tflite --data data:digits:test
  tinyml-compress compare net.keras build/*/*/*.tflite --data mine.npz --html compare.html
"""


@click.command(epilog=EXAMPLES)
@click.argument("models", nargs=-1, required=True)
@data_option(what="Samples with labels")
@click.option(
    "--rounds", type=click.IntRange(min=1), default=60, show_default=True, help="Timed runs of each file."
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with pictures.")
@samples_option
@seed_option
@json_option
@trust_option
def command(
    models: tuple[str, ...],
    data: str,
    rounds: int,
    html: Path | None,
    samples: int | None,
    seed: int,
) -> None:
    """Compare MODELS on one data set: sizes, zeros, MACs, score with interval, agreement with the first,
    time.

    Each of MODELS is a .tflite file, or anything that `convert` takes. Files are timed in one process, taking
    turns.
    """
    from tinyml_compress.pipeline.compare.verb import compare
    from tinyml_compress.support import files

    done = compare(models, data, samples=samples, seed=seed, rounds=rounds)
    if html is not None:
        files.write_text(html, done.html(command_line()))
    show(done, *([] if html is None else [f"wrote {html}"]))
