"""`mlperf-tiny`: a firmware that speaks MLPerf Tiny's serial protocol, around the model as plain C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinyml_compress.errors import UsageError
from tinyml_compress.exporters.bundle import Bundle, Runtime
from tinyml_compress.exporters.parts import Files, headers, licence, private, readme, sources, text
from tinyml_compress.ir import DType, Port

_PIXELS = ("ic01", "vww01")
"""The runner's words for nets that it sends pictures of unsigned bytes."""
_FLOATS = ("ad01",)
"""And for those that it sends float32, which answer by how far the output is from it."""
_QUANTIZED = (DType.INT8, DType.UINT8, DType.INT16)


SEMIHOSTING = "ports/semihosting.c"
"""The main program of an emulated board."""


def layout(bundle: Bundle) -> Files:
    """Everything beside one another."""
    if bundle.engine is not Runtime.AOT or "line_input_type" not in bundle.facts:
        raise UsageError(
            "the protocol brings one input and takes one output of a model as C",
            which="--format mlperf-tiny",
            found="--engine tflm"
            if bundle.engine is not Runtime.AOT
            else f"{len(bundle.inputs)} inputs and {len(bundle.outputs)} outputs",
            allowed="one input and one output of int8, uint8, int16 or float32 (or an input of int32), "
            "--engine aot, both in the arena: no --by-rows",
        )
    name = bundle.name
    facts = {**_form(name), "is_calibration": str(int(bundle.calibration is not None))}
    facts |= _listening(bundle)
    own = {
        f"{name}_mlperf.{ending}": text(bundle, f"mlperf_tiny/mlperf.{ending}", **facts)
        for ending in ("c", "h")
    }
    if facts["listens"] == "1":
        own[f"{name}_mlperf_listening.h"] = text(bundle, "mlperf_tiny/listening.h", **facts)
    files: Files = {**headers(bundle), **sources(bundle), **private(bundle), **own, **_calibration(bundle)}
    names = sorted(file for file in files if file.endswith(".c"))
    files |= {main: text(bundle, f"mlperf_tiny/{main}") for main in ("main.c", SEMIHOSTING)}
    files |= _ports(bundle, names)
    files["Makefile"] = text(bundle, "mlperf_tiny/Makefile", sources=" ".join(names))
    files["LICENSE"] = licence()
    use = text(bundle, "mlperf_tiny/readme.txt", source_names=" and ".join(f"`{one}`" for one in names))
    return {**files, "README.md": readme(bundle, files, "A device for MLPerf Tiny's runner, as C.", use)}


def _listening(bundle: Bundle) -> dict[str, str]:
    """Whether it takes samples of a sound itself, and whether a trigger stage says what is heard."""
    is_trigger = f"{bundle.name}_trigger.h" in bundle.headers
    return {"listens": str(int(bundle.hears)), "is_trigger": str(int(is_trigger))}


def _calibration(bundle: Bundle) -> dict[str, str]:
    """The calibration programs, each with files of its own, and what calls them by number."""
    given = bundle.calibration
    if given is None:
        return {}
    name, programs = bundle.name, given.programs
    files = {file: content for program in programs for file, content in program.files.items()}
    facts = {
        "programs": str(len(programs)),
        "digest": given.digest,
        "arena_bytes": str(max(program.arena_bytes for program in programs)),
        "arena_align": str(max(program.arena_align for program in programs)),
        "fill": f"0x{given.fill:02x}",
        "table": ", ".join(f"{program.prefix}_invoke" for program in programs),
    }
    for ending in ("c", "h"):
        files[f"{name}_calibration.{ending}"] = text(bundle, f"mlperf_tiny/calibration.{ending}", **facts)
    included = "".join(f'#include "{program.prefix}.h"\n' for program in programs)
    return {**files, f"{name}_calibration_nets.h": included}


def _ports(bundle: Bundle, sources: Sequence[str]) -> Files:
    """Projects for boards, each around the files at the top; an Arduino sketch wants copies of them."""
    device = f"{bundle.name}_device"
    cmake = {
        "zephyr/CMakeLists.txt": ("zephyr.txt", "".join(f" ${{EXPORT}}/{one}" for one in sources)),
        "esp-idf/main/CMakeLists.txt": ("esp_idf_main.txt", "".join(f' "../../../{one}"' for one in sources)),
    }
    plain = {
        f"arduino/{device}/{device}.ino": "arduino.ino",
        "platformio/main.cpp": "platformio.cpp",
        "zephyr/prj.conf": "zephyr.conf",
        "zephyr/src/main.c": "zephyr.c",
        "esp-idf/CMakeLists.txt": "esp_idf.txt",
        "esp-idf/sdkconfig.defaults": "esp_idf.defaults",
        "esp-idf/main/main.c": "esp_idf.c",
    }
    kept = " ".join(f"+<{one}>" for one in sources)
    ports = {path: text(bundle, f"mlperf_tiny/ports/{name}") for path, name in plain.items()}
    ports |= {
        path: text(bundle, f"mlperf_tiny/ports/{name}", sources=all_) for path, (name, all_) in cmake.items()
    }
    ports["platformio/platformio.ini"] = text(bundle, "mlperf_tiny/ports/platformio.ini", filter=kept)
    return {f"ports/{path}": content for path, content in ports.items()}


def _form(name: str) -> dict[str, str]:
    """What comes over the line: as the reference's firmware takes it of the nets that the runner knows."""
    form = "PIXELS" if name in _PIXELS else "FLOATS" if name in _FLOATS else "STORED"
    return {"input_form": f"{name.upper()}_MLPERF_{form}", "is_error": str(int(name in _FLOATS))}


def line_facts(name: str, inputs: Sequence[Port], outputs: Sequence[Port]) -> Mapping[str, str]:
    """How the first input and output become real numbers; nothing where the protocol cannot carry them."""
    known = all(_is_known(port) or port.dtype is DType.INT32 for port in inputs)
    by_rows = any(port.row_bytes for port in (*inputs, *outputs))
    if by_rows or not known or not all(map(_is_known, outputs)) or len(inputs) != 1 or len(outputs) != 1:
        return {}
    given, stored = f"{name}_given(device, i)", "output[element]"
    return {
        "line_input_type": inputs[0].dtype.ctype,
        "line_output_type": outputs[0].dtype.ctype,
        "quantized": f"{name}_quantize_input0({given})"
        if inputs[0].quant
        else f"({inputs[0].dtype.ctype}){given}",
        "dequantized": f"{name}_dequantize_output0({stored})" if outputs[0].quant else stored,
    }


def _is_known(port: Port) -> bool:
    """Whether it stores real numbers."""
    return port.dtype is DType.FLOAT32 or (port.dtype in _QUANTIZED and port.quant is not None)
