"""`tinyml-compress data`: the sets that ship, and a check of any set."""

from __future__ import annotations

import click

from tinyml_compress.cli._options import json_option, seed_option, show

EXAMPLES = """\b
Examples:
  tinyml-compress data list
  tinyml-compress data check mine.npz
  tinyml-compress data check recordings.toml:train --model model.keras --strict
"""


@click.group(epilog=EXAMPLES)
def command() -> None:
    """List the data sets that ship; check any set for what spoils a calibration."""


@command.command("list", epilog="\b\nExample:\n  tinyml-compress data list --json")
@json_option
def list_sets() -> None:
    """List the shipped data sets."""
    from tinyml_compress.data import manifest, shipped_names
    from tinyml_compress.results import SetFacts, Sets

    sets = (
        SetFacts(
            name=f"data:{one.name}",
            title=one.title,
            shape=one.shape,
            classes=one.classes,
            samples={part.name: part.count for part in one.parts},
            source=one.source,
            licence=one.licence,
        )
        for one in map(manifest, shipped_names())
    )
    show(Sets(sets=tuple(sets)))


@command.command(
    "check", epilog="\b\nExample:\n  tinyml-compress data check data:digits --model zoo:digits_cnn"
)
@click.argument("data", metavar="SET")
@click.option(
    "--model", metavar="MODEL", help="The float model to calibrate: a Keras model or a float .tflite file."
)
@click.option("--strict", is_flag=True, help="Exit 1 when there are warnings.")
@seed_option
@json_option
def check_set(data: str, model: str | None, strict: bool, seed: int) -> None:
    """Look at count, channels, outliers, duplicates, classes, and how far ranges move between two halves."""
    from tinyml_compress.pipeline.data_check import check_data

    done = check_data(data, model, seed=seed)
    show(done)
    if strict and done.warnings:
        raise click.exceptions.Exit(1)
