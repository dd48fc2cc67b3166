"""`tinyml-compress evaluate`: accuracy or reconstruction error, agreement, and the parity ladder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinyml_compress.cli._options import (
    data_option,
    frontend_option,
    json_option,
    samples_option,
    seed_option,
    show,
    trust_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress evaluate model.tflite --data data:digits:test
  tinyml-compress evaluate model.tflite --data mine.npz --engine tflm --against model.keras --json
  tinyml-compress evaluate keywords.tflite --data sounds.toml:test --target nucleo-l4r5zi
  tinyml-compress evaluate a.tflite b.tflite c.keras --data mine.npz
  tinyml-compress evaluate keywords.tflite --recording long.wav --events events.json
  tinyml-compress evaluate model.tflite --ladder --against model.keras --data mine.npz
"""
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
ENGINES = click.Choice(["auto", "keras", "host", "tflm", "aot", "torch"])


@click.command(epilog=EXAMPLES)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@data_option(required=False, what="Samples, with labels where accuracy is wanted")
@click.option(
    "--engine",
    type=ENGINES,
    default="auto",
    help=(
        "What runs a .tflite file: TensorFlow Lite on this host (the "
        "default), TensorFlow Lite Micro, or our C."
    ),
)
@click.option("--target", help="A board on which our C answers, emulated; sounds go through its front end.")
@frontend_option
@click.option("--against", metavar="MODEL", help="A model, say the float one, to compare the outputs with.")
@click.option("--against-engine", type=ENGINES, default="auto", help="What runs that model.")
@click.option(
    "--ladder",
    "with_ladder",
    is_flag=True,
    help=(
        "Float, LiteRT, its reference kernels, TFLM and our C on the same "
        "inputs: the first layer where two part."
    ),
)
@click.option("--recording", type=_FILE, help="A long .wav file to listen to, with the events in --events.")
@click.option("--events", type=_FILE, help="JSON list of start, end (seconds) and label (class).")
@click.option(
    "--trigger", type=_FILE, help="Thresholds that --recording chose before (its JSON); else chosen here."
)
@click.option("--smoothing", type=click.IntRange(1, 1000), help="Scores that are averaged; 10.")
@click.option("--refractory-ms", type=click.FloatRange(0, 1e6), help="Silence after a trigger; 750.")
@click.option(
    "--tolerance-ms", type=click.FloatRange(0, 1e6), help="How late a trigger may follow an event; 500."
)
@click.option("--false-accepts", type=click.FloatRange(0, 1e6), help="What a class may cost per hour; 1.")
@click.option("--every", type=click.IntRange(1, 10000), help="Frames from one answer to the next; 1.")
@click.option(
    "--task",
    type=click.Choice(["auto", "classification", "reconstruction", "embedding"]),
    default="auto",
    help="What the outputs mean; by default told from their size. embedding: vectors, for --against.",
)
@samples_option
@seed_option
@json_option
@trust_option
def command(
    models: tuple[str, ...],
    data: str | None,
    engine: str,
    target: str | None,
    frontend: str,
    against: str | None,
    against_engine: str,
    with_ladder: bool,
    task: str,
    samples: int | None,
    seed: int,
    recording: Path | None,
    events: Path | None,
    **listening: Any,
) -> None:
    """Score each MODEL on a data set, with a 95% interval; compare with another model.

    MODEL is a .tflite file, a .keras or .h5 file, a SavedModel folder, package.module:function, zoo:NAME, or
    torch:package.module:function for a PyTorch model.
    """
    if with_ladder:
        if len(models) != 1:
            raise click.UsageError("--ladder takes one .tflite file")
        from tinyml_compress.pipeline.compare.parity import ladder

        show(ladder(models[0], data, reference=against, samples=samples or 20, seed=seed))
        return
    given = {word: value for word, value in listening.items() if value is not None}
    if recording is not None and events is not None and len(models) == 1:
        from tinyml_compress.pipeline.evaluate.recording import listen

        show(listen(models[0], recording, events, data=data, frontend=frontend, **given))
        return
    if recording is not None or events is not None or given:
        raise click.UsageError("one .tflite file listens to --recording FILE with --events FILE")
    if data is None:
        raise click.UsageError("say on which data: --data SET (only --ladder makes up inputs)")
    from tinyml_compress.pipeline.evaluate.verb import Question, evaluated

    question = Question(data, engine, against, against_engine, task, samples, seed, target, frontend)
    done = evaluated(models, question)
    show(done if len(models) > 1 else done.evaluations[0])
