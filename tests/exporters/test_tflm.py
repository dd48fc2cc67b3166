"""`export --engine tflm`: the self-test for projects with TensorFlow Lite Micro, compiled against a stand-in
for it.

Its headers and kernels are not on PyPI. `tflm_standin/` has the calls that the exported sources make,
computed by the generated C of the same model, so that the self-test passes and fails for the right reasons.
What the real interpreter gives for the vectors is known: it made them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lib.bare_metal import built, ran
from tests.lib.bundles import damaged_vector, exported
from tests.lib.nets import NETS
from tinyml_compress.exporters import Format, layout
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.export.bundle import Metadata, tflm_bundle
from tinyml_compress.results import Exported
from tinyml_compress.runners import tflm

pytestmark = pytest.mark.skipif(not tflm.available(), reason="tflite-micro is not installed here")

HERE = Path(__file__).parent
STANDIN = HERE / "tflm_standin"
DEVICE = "nucleo-l4r5zi"
WITH_TFLM = [one for one in Format if one is not Format.MLPERF_TINY]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return exported(tmp_path_factory.mktemp("tflm"), "arduino", net="residual", engine="tflm")


@pytest.fixture(scope="module")
def sketch(made: Exported) -> dict[str, str]:
    folder = made.folder
    sources = {path.name: path.read_text() for path in (folder / "src").iterdir()}
    core = {path.name: path.read_text() for path in (HERE / "arduino_core").iterdir()}
    standin = {str(path.relative_to(STANDIN)): path.read_text() for path in STANDIN.rglob("*.h")}
    ino = (folder / "examples" / "SelfTest" / "SelfTest.ino").read_text()
    program = compile_model(NETS["residual"](), "aot")
    return {**sources, **core, **standin, **program.files, "SelfTest.ino.cpp": f"#include <Arduino.h>\n{ino}"}


def printed(sources: dict[str, str]) -> str:
    image = built(sources, DEVICE)
    engine = ran(image, DEVICE)
    return bytes(engine.mem_read(image.symbols["serial_text"], 1024)).rstrip(b"\0").decode()


def test_it_passes(sketch: dict[str, str]) -> None:
    text = printed(sketch)
    assert "kws: weights right" in text
    assert (
        "kws: 6 of 6 vectors equal\nkws: 100 to 100 microseconds per inference\nkws: self-test passed\n"
        in text
    )


def test_it_notices_a_wrong_vector(sketch: dict[str, str]) -> None:
    text = printed({**sketch, "kws_test_vectors.h": damaged_vector(sketch["kws_test_vectors.h"])})
    assert "kws: vector 5 is the first that differs" in text
    assert text.endswith("kws: self-test FAILED\n")


def test_it_notices_a_wrong_byte_of_the_model(sketch: dict[str, str]) -> None:
    data = re.sub(
        r"0x([0-9a-f]{2}),?\s*\};",
        lambda byte: f"0x{int(byte[1], 16) ^ 4:02x}}};",
        sketch["kws_model_data.c"],
    )
    assert data != sketch["kws_model_data.c"]
    text = printed({**sketch, "kws_model_data.c": data})
    assert "kws: weights WRONG" in text
    assert text.endswith("kws: self-test FAILED\n")


def test_it_notices_an_arena_that_is_too_small(sketch: dict[str, str]) -> None:
    header = re.sub(r"(SELFTEST_ARENA_BYTES) \d+", r"\1 64", sketch["kws_selftest.h"])
    assert printed({**sketch, "kws_selftest.h": header}).endswith("kws: self-test FAILED\n")


@pytest.mark.parametrize("chosen", WITH_TFLM, ids=lambda chosen: chosen.value)
def test_every_format_names_the_engine_that_it_needs(chosen: Format) -> None:
    words = Metadata("kws", "1.0.0", "unknown", "")
    files = layout(chosen, tflm_bundle(NETS["residual"](), words, Preprocessing()))
    names = {Path(path).name for path in files}
    assert {
        "kws_model_data.c",
        "kws_model_data.h",
        "kws_resolver.h",
        "kws_selftest.cpp",
        "README.md",
    } <= names
    assert b"TensorFlow Lite Micro" in files["README.md"]
    needs = {
        "cmake": ("CMakeLists.txt", "KWS_TFLM_TARGET"),
        "zephyr": ("zephyr/Kconfig", "depends on TENSORFLOW_LITE_MICRO"),
        "esp-idf": ("idf_component.yml", "espressif/esp-tflite-micro"),
        "cmsis-pack": (
            "unknown.kws.pdsc",
            '<require Cclass="Machine Learning" Cgroup="TensorFlow" Csub="Kernel"/>',
        ),
        "arduino": ("library.properties", "TensorFlow Lite Micro"),
        "plain": ("Makefile", "TFLM_LIBRARY"),
        "platformio": ("README.md", "MicroInterpreter"),
    }
    file, words = needs[chosen.value]
    assert words in files[file].decode()
