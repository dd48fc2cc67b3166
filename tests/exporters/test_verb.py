"""`export` as a user calls it: what it says, what it refuses, and where the front end's constants
come from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.lib.nets import NETS
from tinyml_compress.cli.export import command
from tinyml_compress.errors import ConfigError, TinymlError, UsageError
from tinyml_compress.exporters import Format, layout
from tinyml_compress.frontends.preprocessing import AudioForm, Features, ImageForm, Preprocessing
from tinyml_compress.ir.memory import Memories
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.front_end import manifest_preprocessing
from tinyml_compress.pipeline.export.bundle import Metadata, aot_bundle
from tinyml_compress.support.files import sha256
from tinyml_compress.support.instruction_sets import Isa


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "a model.tflite"
    path.write_bytes(NETS["keyword"]())
    return path


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=True)


def test_the_choices_are_the_formats() -> None:
    (option,) = (parameter for parameter in command.params if parameter.name == "layout")
    assert list(option.type.choices) == [one.value for one in Format]  # type: ignore[attr-defined]


def test_json_and_kernels_of_the_device(model: Path, tmp_path: Path) -> None:
    done = run(model, "--format", "plain", "-o", tmp_path / "out", "--device", "nucleo-l4r5zi", "--json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.output)
    assert (facts["verb"], facts["name"], facts["format"], facts["engine"]) == (
        "export",
        "a_model",
        "plain",
        "aot",
    )
    assert sorted(facts["files"]) == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert "| kernels | c+dsp, chosen for balanced |" in (tmp_path / "out" / "README.md").read_text()


def test_what_helium_wants_of_a_firmware(model: Path, tmp_path: Path) -> None:
    for device, wanted in (("corstone-300", True), ("nucleo-l4r5zi", False)):
        folder = tmp_path / device
        done = run(model, "--format", "plain", "-o", folder, "--device", device)
        for text in (done.output, (folder / "README.md").read_text()):
            for word in ("-mcpu=cortex-m55", "CPACR", "CCR.LOB"):
                assert (word in text) is wanted, (device, word)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--release", "1.0"], "not a version"),
        (["--author", "two\nlines"], "not an author"),
        (["--url", "ftp://x"], "not a web address"),
        (["--name", "9lives"], "not a C name"),
        (["--device", "nucleo-g0b1re", "--isa", "dsp"], "no such instructions"),
        (["--engine", "tflm", "--isa", "dsp"], "for generated C only"),
        (["--device", "nucleo"], "nucleo"),
    ],
)
def test_refusals_leave_nothing_behind(model: Path, tmp_path: Path, words: list[str], says: str) -> None:
    done = run(model, "--format", "plain", "-o", tmp_path / "out", *words)
    assert isinstance(done.exception, UsageError)
    assert says in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_damaged_model_leaves_nothing_behind(model: Path, tmp_path: Path) -> None:
    model.write_bytes(model.read_bytes()[:700])
    for engine in ("aot", "tflm"):
        done = run(model, "--format", "cmake", "-o", tmp_path / "out", "--engine", engine)
        assert isinstance(done.exception, TinymlError)
        assert not (tmp_path / "out").exists()


def test_an_author_may_have_any_character() -> None:
    author = 'A "B" <c@d@e> & tc_model @version@'
    words = Metadata("kws", "1.0.0", author, "")
    bundle, _ = aot_bundle(
        NETS["keyword"](), words, Preprocessing(), (Isa.C,), Level.BALANCED, Memories(), None
    )
    made = {one: layout(one, bundle) for one in Format}
    assert f"author={author}\n".encode() in made[Format.ARDUINO]["library.properties"]
    assert json.loads(made[Format.PLATFORMIO]["library.json"])["authors"][0]["name"] == author
    assert f"  - {json.dumps(author)}\n".encode() in made[Format.ESP_IDF]["idf_component.yml"]
    assert "A_B_c_d_e_tc_model_version.kws.pdsc" in made[Format.CMSIS_PACK]


FRONTENDS = {
    "values": Preprocessing(scale=1 / 16, mean=(0.5, 0.25), std=(2.0, 4.0)),
    "image": Preprocessing(scale=1 / 255, image=ImageForm(32, 32, 3)),
    "audio": Preprocessing(
        audio=AudioForm(16000, 16000, Features.LOG_MEL, 480, 320, 512, 40, 10, 20.0, 4000.0)
    ),
}


@pytest.mark.parametrize("kind", FRONTENDS)
def test_the_manifest_beside_the_file_describes_the_front_end(model: Path, tmp_path: Path, kind: str) -> None:
    wanted = FRONTENDS[kind]
    manifest = {"files": {model.name: sha256(model.read_bytes())}, "preprocessing": wanted.as_json()}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert manifest_preprocessing(model) == wanted
    assert run(model, "--format", "cmake", "-o", tmp_path / "out").exit_code == 0
    header = tmp_path / "out" / "include" / "a_model_preprocessing.h"
    assert "#define A_MODEL_INPUT_SCALE" in header.read_text()
    assert "include/a_model_preprocessing.h" in (tmp_path / "out" / "CMakeLists.txt").read_text()
    # A manifest of another file says nothing about this one.
    model.write_bytes(NETS["residual"]())
    assert manifest_preprocessing(model) == Preprocessing()


def test_a_manifest_of_something_else_is_no_obstacle(model: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('["not ours"]')
    assert run(model, "--format", "plain", "-o", tmp_path / "out").exit_code == 0
    assert not list((tmp_path / "out").glob("*_preprocessing.h"))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("image", "height"), "32\n#define main evil\nint evil(void) { return 1; }\n"),
        (("image", "height"), 0),
        (("image", "height"), 10**400),
        (("image", "width"), 32.5),
        (("image", "channels"), True),
        (("image", "channels"), 2),
        (("image", "evil"), 1),
        (("audio", "sample_rate"), "16000\n"),
        (("audio", "features"), "mfcc\n"),
        (("audio", "hop"), 0),
        (("audio", "window"), 10**9),
        (("audio", "fft"), 500),
        (("audio", "low_hz"), "20"),
        (("audio", "high_hz"), 9000.0),
        (("audio", "coefficients"), 41),
        (("scale",), "1.0f\nint evil;"),
        (("scale",), 0),
        (("scale",), 1e300),
        (("mean",), ["0"]),
        (("mean",), [1e39]),
        (("mean",), []),
        (("mean",), [0.0] * 70_000),
        (("std",), [0.0]),
        (("std",), [-1.0]),
        (("std",), [1e-46]),
        (("std",), {"a": 1}),
        (("image",), [1]),
        (("evil",), 1),
    ],
)
def test_every_value_of_the_manifest_is_checked(
    model: Path, tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    done = Preprocessing(image=ImageForm(32, 32, 3), audio=FRONTENDS["audio"].audio).as_json()
    inner: Any = done
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    manifest = {"files": {model.name: sha256(model.read_bytes())}, "preprocessing": done}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    refused = run(model, "--format", "plain", "-o", tmp_path / "out")
    if value == 10**400:  # no JSON of ours at all
        assert refused.exit_code == 0
        return
    assert isinstance(refused.exception, ConfigError)
    assert "manifest.json: preprocessing" in str(refused.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, '{"files": NaN}', '{"files": {"a model.tflite": 1e999}}', "\xff", "{}"],
    ids="abcde",
)
def test_a_broken_manifest_is_that_of_something_else(model: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    assert manifest_preprocessing(model) == Preprocessing()
