"""`tinyml-compress convert`: a Keras model becomes a .tflite file, a C array and all that firmware needs of
it.
"""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    answer,
    command_line,
    data_option,
    isa_option,
    json_option,
    name_option,
    output_option,
    samples_option,
    seed_option,
    trust_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress convert zoo:ds_cnn --calibration data:keywords -o build/ds_cnn
  tinyml-compress convert model.keras --calibration train.npz --mode int8 --io float32 -o build --name sensor
  tinyml-compress convert net.keras --calibration data:machine --mixed --max-drop 0.5 -o build/net
  tinyml-compress convert zoo:resnet8 --calibration data:images -o build/resnet8 --engine aot --isa dsp
  tinyml-compress convert net.onnx@x=1x3x96x96 --calibration train.npz -o build/net
  tinyml-compress convert zoo:ds_cnn --calibration data:keywords -o build/ds_cnn --npu corstone-300-u55-128
  tinyml-compress convert quantized.tflite -o build/net --npu corstone-300-u55-128
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@data_option("--calibration", required=False, what="Representative data, needed by int8 and int16x8")
@click.option(
    "--mode",
    type=click.Choice(["int8", "int16x8", "dynamic", "float16", "float32"]),
    default="int8",
    show_default=True,
    help="Number format; int8 and int16x8 refuse any float operator.",
)
@click.option(
    "--mixed", is_flag=True, help="Keep the few layers that hurt in int16x8, until --max-drop holds."
)
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 100),
    metavar="POINTS",
    help="With --mixed: points of score that may be lost against the float model.",
)
@click.option(
    "--eval-data", metavar="SET", help="With --mixed: score on this set; by default the set's own test part."
)
@output_option
@name_option
@click.option(
    "--io",
    type=click.Choice(["int8", "uint8", "float32"]),
    help="Type of inputs and outputs; by default int8 (int16 in mode int16x8, float32 in the float modes).",
)
@click.option(
    "--per-tensor-dense", is_flag=True, help="One scale per Dense kernel instead of one per output."
)
@click.option(
    "--weight-bits",
    type=click.Choice(["8", "4"]),
    default="8",
    show_default=True,
    help="Bits of a weight in mode int8; 4 loses least after a recipe with brain_quantize.",
)
@click.option("--allow-float", is_flag=True, help="Let operators without an integer form stay float.")
@samples_option
@seed_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=900.0,
    show_default=True,
    help="Seconds after which the converter is stopped.",
)
@click.option(
    "--strip", is_flag=True, help="Remove names, metadata and scales that no kernel reads from the file."
)
@click.option(
    "--stream",
    is_flag=False,
    flag_value="1",
    type=click.IntRange(1),
    metavar="[FRAMES]",
    help="Take so many new frames of time at a step (1 where nothing is said) and remember the rest.",
)
@click.option(
    "--torch-train",
    metavar="MODULE:FUNCTION",
    help="Quantization-aware training of a torch: model: called with the prepared model, trains it.",
)
@click.option(
    "--engine",
    type=click.Choice(["tflm", "aot"]),
    default="tflm",
    show_default=True,
    help="aot also writes self-contained C (as `compile` does) into the folder aot below the output.",
)
@isa_option("Kernels, with --engine aot; by default c.")
@click.option(
    "--optimize",
    type=click.Choice(["size", "balanced", "speed", "ram"]),
    help="With --engine aot: what to choose kernels for; by default balanced.",
)
@click.option(
    "--npu",
    metavar="BOARD",
    help="Also write what Vela makes of it for a board with an Ethos-U (folder npu below the output); a "
    "quantized .tflite file is taken as it is, without --calibration.",
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with pictures.")
@json_option
@trust_option
def command(
    model: str,
    calibration: str | None,
    mode: str,
    mixed: bool,
    max_drop: float | None,
    eval_data: str | None,
    output: Path,
    name: str | None,
    io: str | None,
    per_tensor_dense: bool,
    weight_bits: str,
    allow_float: bool,
    samples: int | None,
    seed: int,
    timeout: float,
    strip: bool,
    stream: int | None,
    torch_train: str | None,
    engine: str,
    isa: str | None,
    optimize: str | None,
    npu: str | None,
    html: Path | None,
) -> None:
    """Convert a MODEL to .tflite, with its C array, resolver, test vectors and manifest.

    MODEL is a .keras or .h5 file, a SavedModel folder, package.module:function, zoo:NAME, a float .tflite
    file, an .onnx file (model.onnx@NAME=SIZE for sizes it leaves open; data in either layout), or
    torch:package.module:function[@weights.safetensors] for PyTorch (data as height, width, channels).
    256 samples of the calibration set are used unless --samples says otherwise.
    """
    from tinyml_compress.errors import UsageError
    from tinyml_compress.pipeline.convert.verb import convert
    from tinyml_compress.pipeline.inspect.verb import looked_into
    from tinyml_compress.rendering.page import results_page
    from tinyml_compress.results import encoded
    from tinyml_compress.support import files

    if mixed and max_drop is None:
        raise UsageError(
            "how much may be lost?", which="--mixed", next_step="give --max-drop POINTS, such as 0.5"
        )
    if mixed and weight_bits != "8":
        raise UsageError(
            "layers in int16x8 have weights of 8 bits",
            which="--weight-bits",
            found=f"{weight_bits} with --mixed",
            next_step="leave one of the two out",
        )
    if not mixed and (max_drop is not None or eval_data is not None):
        raise UsageError("goes with --mixed", which="--max-drop" if max_drop is not None else "--eval-data")
    done = convert(
        model,
        calibration,
        output=output,
        mode=mode,
        name=name,
        io=io,
        per_tensor_dense=per_tensor_dense,
        weight_bits=int(weight_bits),
        allow_float=allow_float,
        strip=strip,
        samples=samples,
        seed=seed,
        timeout=timeout,
        torch_train=torch_train,
        engine=engine,
        isa=isa,
        optimize=optimize,
        mixed_drop=None if max_drop is None else max_drop / 100,
        eval_data=eval_data,
        stream=stream,
        npu=npu,
    )
    if html is not None:
        files.write_text(html, results_page([encoded(looked_into(done), command_line())]))
    wrote = [] if html is None else [f"  wrote      {html}"]
    answer("convert", lambda: encoded(looked_into(done)), lambda: [*done.blocks(), *wrote])
