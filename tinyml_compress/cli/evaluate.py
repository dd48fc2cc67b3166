"""`tinyml-compress evaluate`: accuracy or reconstruction error, and agreement of two models."""

from __future__ import annotations

import click

from tinyml_compress.cli._options import data_option, json_option, print_json, samples_option, seed_option

EXAMPLES = """\b
Examples:
  tinyml-compress evaluate model.tflite --data data:digits:test
  tinyml-compress evaluate model.tflite --data mine.npz --engine tflm --against model.keras --json
"""
ENGINES = click.Choice(["auto", "keras", "host", "tflm", "aot"])


@click.command(epilog=EXAMPLES)
@click.argument("model")
@data_option(what="Samples, with labels where accuracy is wanted")
@click.option(
    "--engine",
    type=ENGINES,
    default="auto",
    help="What runs a .tflite file: TensorFlow Lite on this host (the default), TensorFlow Lite Micro, or our C.",
)
@click.option("--against", metavar="MODEL", help="A second model to compare the outputs with.")
@click.option("--against-engine", type=ENGINES, default="auto", help="What runs the second model.")
@click.option(
    "--task",
    type=click.Choice(["auto", "classification", "reconstruction"]),
    default="auto",
    help="What the outputs mean; by default told from their size.",
)
@samples_option
@seed_option
@json_option
def command(
    model: str,
    data: str,
    engine: str,
    against: str | None,
    against_engine: str,
    task: str,
    samples: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Score MODEL on a data set, with a 95% interval; compare it with another model.

    MODEL is a .tflite file, a .keras or .h5 file, a SavedModel folder, package.module:function, or zoo:NAME.
    """
    from tinyml_compress.pipeline.evaluation import evaluate

    done = evaluate(
        model,
        data,
        engine=engine,
        against=against,
        against_engine=against_engine,
        task=task,
        samples=samples,
        seed=seed,
    )
    if as_json:
        print_json(done.as_json())
    else:
        click.echo(done.summary())
