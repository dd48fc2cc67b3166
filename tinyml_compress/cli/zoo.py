"""`tinyml-compress zoo`: the reference architectures."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import answer, json_option
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
    from tinyml_compress.support.table import Column, Table

    every: dict[str, Entry | Stream] = {**ZOO, **STREAMS}
    entries = [
        {
            "name": e.name,
            "title": e.title,
            "input_shape": list(e.input_shape),
            "data": e.data,
            "source": e.source,
        }
        for e in every.values()
    ]
    columns = (
        Column("name"),
        Column("input", priority=2),
        Column("what it is", prose=True),
        Column("data", priority=1),
        Column("from", prose=True, priority=3),
    )
    rows = ((e.name, "x".join(map(str, e.input_shape)), e.title, e.data, e.source) for e in every.values())
    answer("zoo", lambda: {"models": entries}, lambda: [Table(columns, tuple(rows))])


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
