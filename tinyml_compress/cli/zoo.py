"""`tinyml-compress zoo`: the reference architectures."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import json_option, show
from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress zoo list
  tinyml-compress zoo save ds_cnn -o build/ds_cnn.keras
  tinyml-compress zoo save keyword_svdf -o build/keyword_svdf.tflite
"""


@click.group(epilog=EXAMPLES, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Reference models with seeded weights; zoo:NAME stands for one wherever a model is asked for."""
    if context.invoked_subcommand is None:
        context.invoke(list_models)


@command.command("list")
@json_option
def list_models() -> None:
    """Names, shapes and sources of the zoo's models."""
    from tinyml_compress.models import STREAMS, ZOO, Entry, Stream
    from tinyml_compress.results import NetFacts, Zoo

    every: tuple[Entry | Stream, ...] = (*ZOO.values(), *STREAMS.values())
    nets = (
        NetFacts(
            name=one.name, title=one.title, input_shape=one.input_shape, data=one.data, source=one.source
        )
        for one in every
    )
    show(Zoo(models=tuple(nets)))


@command.command("save", epilog=EXAMPLES)
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, .keras or .h5; by default NAME.keras. Streaming nets are .tflite files.",
)
def save_model(name: str, output: Path | None) -> None:
    """Write a model of the zoo to a Keras 2 file, for training it elsewhere; a streaming net as it is."""
    from tinyml_compress.models import STREAMS, load, save, stream_file
    from tinyml_compress.support import files

    plain = name.removeprefix("zoo:")
    if plain in STREAMS:
        path = output if output is not None else Path(f"{plain}.tflite")
        content = stream_file(plain)
        files.write_bytes(path, content)
        say(f"{plain}: {len(content):,} bytes, written to {path}")
        return
    path = output if output is not None else Path(f"{plain}.keras")
    loaded = load(f"zoo:{plain}")
    save(loaded.model, path)
    say(f"{plain}: {loaded.model.count_params():,} parameters, written to {path}")
