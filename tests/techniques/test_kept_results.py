"""What `compress` and `fit` keep: found again by content, not under other libraries, never where something
failed.
"""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.lib.graphs import model, tensor
from tests.lib.searches import job_of
from tinyml_compress import converter
from tinyml_compress.data.split import split_data
from tinyml_compress.errors import MissingDependency, ModelError, ProcessError, TinymlError
from tinyml_compress.ir import Attrs
from tinyml_compress.models import ModelFormat, Origin
from tinyml_compress.pipeline.compress import making, run
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.pipeline.convert import artifacts
from tinyml_compress.pipeline.inspect.contents import content_of_model
from tinyml_compress.runners import tflm
from tinyml_compress.support import producers
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.support.resources import targets_folder
from tinyml_compress.techniques.recipe import parse

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

CONVERT = '[[stage]]\nuse = "convert"\nsamples = 8\n'


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    inputs = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
    np.savez(folder / "set.npz", inputs=inputs, labels=np.arange(40) % 2)
    fix_seeds(1)
    layers = keras2().layers
    keras2().Sequential([keras2().Input((4,)), layers.Dense(2, activation="softmax")], name="tiny").save(
        folder / "tiny.keras"
    )
    return folder


class Asked(Exception):
    """Of the cache, for this key: what would come next need not be done."""


def asked(work: Path, monkeypatch: pytest.MonkeyPatch, net: str = "tiny.keras", data: str = "set.npz") -> str:
    """The key under which the conversion of the model is looked for."""

    def ask(room: str, key: str, *_: object, **__: object) -> Path:
        raise Asked(key)

    with monkeypatch.context() as patch:
        patch.setattr(run.cache, "cached_folder", ask)
        with pytest.raises(Asked) as caught:
            compress(work / net, parse(CONVERT, "mine"), work / data, output=work / "out")
    return str(caught.value)


def another_version(monkeypatch: pytest.MonkeyPatch, package: str, version: str | None) -> None:
    """As if another version of it were installed, or none at all."""
    real = metadata.version

    def told(name: str) -> str:
        if name != package:
            return real(name)
        if version is None:
            raise metadata.PackageNotFoundError(name)
        return version

    producers._version.cache_clear()
    monkeypatch.setattr(metadata, "version", told)


@pytest.fixture(autouse=True)
def _versions_are_asked_anew() -> Any:
    yield
    producers._version.cache_clear()


def test_conversions_are_made_again_with_another_library_or_number(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The arena and the score of a report once stayed those of the libraries of the first run."""
    key = asked(work, monkeypatch)
    assert asked(work, monkeypatch) == key
    keys = {key}
    for package in ("tflite-micro", "ai-edge-litert", "tensorflow", "tflite"):
        with monkeypatch.context() as patch:
            another_version(patch, package, "99.0")
            keys.add(asked(work, monkeypatch))
    with monkeypatch.context() as patch:
        another_version(patch, "tflite-micro", None)
        keys.add(asked(work, monkeypatch))
    producers._version.cache_clear()
    for name in ("converter", "files", "compiler", "scores", "runners", "conversion"):
        (part,) = (one for one in producers.PRODUCERS if one.name == name)
        object.__setattr__(part, "version", part.version + 1)
        try:
            keys.add(asked(work, monkeypatch))
        finally:
            object.__setattr__(part, "version", part.version - 1)
    assert len(keys) == 12
    assert asked(work, monkeypatch) == key


def test_the_manifest_names_the_model_and_the_data_of_this_run(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same content under another name is converted again: the artifacts name both."""
    shutil.copy(work / "tiny.keras", work / "other.keras")
    shutil.copy(work / "set.npz", work / "others.npz")
    keys = {
        asked(work, monkeypatch),
        asked(work, monkeypatch, "other.keras"),
        asked(work, monkeypatch, data="others.npz"),
    }
    assert len(keys) == 3


def test_the_manifest_names_the_part_of_the_data(work: Path) -> None:
    """Of `set.npz (4/5)` a part that looked like a folder was left out."""
    train, tests = split_data(str(work / "set.npz"), None, 0)
    assert [artifacts._without_folder(part.name) for part in (train, tests)] == [
        "set.npz (4 of 5)",
        "set.npz (1 of 5)",
    ]


@pytest.mark.skipif(not tflm.available(), reason="TensorFlow Lite Micro is not installed")
def test_a_failure_is_told_but_not_kept(
    work: Path, tmp_path: Path, no_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashed(*_: object) -> Any:
        raise ModelError("TensorFlow Lite Micro crashed on the model", found="signal 9")

    def hung(*_: object) -> Any:
        raise ProcessError("TensorFlow Lite did not end", found="still running after 600 s")

    def converted(name: str) -> Any:
        (stage,) = compress(
            work / "tiny.keras", parse(CONVERT, "mine"), work / "set.npz", output=tmp_path / name
        ).stages
        assert (tmp_path / name / "01-convert" / "tiny.tflite").is_file()
        assert not (tmp_path / name / ".work").exists()
        return stage

    with monkeypatch.context() as patch:
        patch.setattr(artifacts.tflm, "run", crashed)
        first = converted("1")
    assert not first.cached
    assert first.arena is None
    with monkeypatch.context() as patch:
        patch.setattr(making, "outputs_of_file", hung)
        second = converted("2")
    assert not second.cached
    assert second.arena is not None
    assert second.notes == ("not scored: TensorFlow Lite did not end",)
    third, fourth = converted("3"), converted("4")
    assert (third.cached, fourth.cached) == (False, True)
    assert fourth.arena == second.arena
    assert fourth.score == first.score


def test_what_is_not_installed_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key says that it is absent: on a machine without TensorFlow Lite Micro conversions are kept as
    well.
    """

    def absent(*_: object) -> Any:
        raise MissingDependency("TensorFlow Lite Micro is not installed", which="tflite-micro")

    def crashed(*_: object) -> Any:
        raise ModelError("TensorFlow Lite Micro crashed on the model", found="signal 9")

    data = model("RELU", [tensor("x", (1, 4), 0.5, 3)], tensor("y", (1, 4), 0.5, 3), Attrs())
    made = artifacts.Converted(data, converter.read(data), converter.ConvertSettings(), 0, None, None, 0, ())
    for end, has_failed in ((absent, False), (crashed, True)):
        monkeypatch.setattr(artifacts.tflm, "run", end)
        result = artifacts.make_artifacts("net", made, Origin("net.keras", ModelFormat.KERAS2, "").given)
        assert result.arena is None
        assert result.has_failed is has_failed


def test_models_by_content(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = shutil.copy(work / "tiny.keras", tmp_path / "a.keras")
    digest = content_of_model(str(net))
    assert content_of_model(str(shutil.copy(net, tmp_path / "b.keras"))) == digest
    net.write_bytes(b"another")
    assert content_of_model(str(net)) != digest
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "a").write_bytes(b"xy")
    (folder / "b").write_bytes(b"z")
    before = content_of_model(str(folder))
    (folder / "a").write_bytes(b"x")
    (folder / "b").write_bytes(b"yz")
    assert content_of_model(str(folder)) != before, "bytes that move from one file to the next"
    (tmp_path / "mine.py").write_text("def net(): pass\n")
    monkeypatch.chdir(tmp_path)
    before = content_of_model("mine:net")
    assert before.startswith("mine:net ")
    (tmp_path / "mine.py").write_text("def net(): return 1\n")
    assert content_of_model("mine:net") != before
    assert content_of_model("no.such.module:net") == "no.such.module:net"


# --- fit ----------------------------------------------------------------------------------------------------


def study(work: Path, output: Path, **changes: Any) -> str:
    options = {"max_flash": "20K", "only": ("keep",), **changes}
    data = options.pop("data", str(work / "set.npz"))
    return job_of(str(work / "tiny.keras"), data, output, **options).study


def test_a_study_is_found_by_content_not_by_words(work: Path, tmp_path: Path) -> None:
    first = study(work, tmp_path)
    shutil.copy(work / "set.npz", tmp_path / "copy.npz")
    assert study(work, tmp_path / "elsewhere", data=str(tmp_path / "copy.npz")) == first
    with np.load(work / "set.npz") as stored:
        np.savez(tmp_path / "copy.npz", inputs=stored["inputs"], labels=1 - stored["labels"])
    assert study(work, tmp_path, data=str(tmp_path / "copy.npz")) != first
    assert study(work, tmp_path, eval_data=str(work / "set.npz")) != first
    assert study(work, tmp_path, seed=1) != first


def test_a_study_is_another_when_the_board_is(work: Path, tmp_path: Path) -> None:
    boards = tmp_path / "boards"
    shutil.copytree(targets_folder(), boards)
    first = study(work, tmp_path, targets_dir=str(boards))
    assert first == study(work, tmp_path)
    for file, before, after in (
        (boards / "nucleo-l4r5zi.toml", "clock-mhz = ", "clock-mhz = 1"),
        (boards / "cores" / "cortex-m4.toml", "extra = 1", "extra = 2"),
    ):
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after, 1))
        assert study(work, tmp_path, targets_dir=str(boards)) != first, file.name
        file.write_text(text)
    assert study(work, tmp_path, targets_dir=str(boards)) == first


def test_a_study_is_another_with_another_converter_or_number(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = study(work, tmp_path)
    for package in ("tensorflow", "unicorn", "ziglang", "tflite-micro"):
        with monkeypatch.context() as patch:
            another_version(patch, package, "99.0")
            assert study(work, tmp_path) != first
    producers._version.cache_clear()
    assert study(work, tmp_path) == first


def test_data_that_is_missing_is_said_before_anything_slow(work: Path, tmp_path: Path) -> None:
    with pytest.raises(TinymlError, match=r"gone\.npz"):
        study(work, tmp_path, data=str(tmp_path / "gone.npz"))


def test_shapes_are_kept_under_the_libraries_and_the_architecture(
    work: Path, tmp_path: Path, no_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nets with the same weights and another activation once shared one file."""
    from tinyml_compress.pipeline.convert import keras_model
    from tinyml_compress.pipeline.fit.judge import RecipeJudge, reference_point

    made: list[bytes] = []

    def counted(*_: object, **__: object) -> Any:
        made.append(b"file %d" % len(made))
        return SimpleNamespace(tflite=made[-1])

    monkeypatch.setattr(
        keras_model, "convert_model", counted
    )  # real ones take seconds; what counts is how many
    net = keras2().models.load_model(work / "tiny.keras")
    other = keras2().Sequential(
        [keras2().Input((4,)), keras2().layers.Dense(2, activation="relu")], name="tiny"
    )
    other.set_weights(net.get_weights())
    other.save(tmp_path / "relu.keras")

    def shape(path: Path) -> bytes:
        job = job_of(str(path), str(work / "set.npz"), tmp_path, max_flash="20K")
        return RecipeJudge(job)._shape(reference_point())

    assert shape(work / "tiny.keras") == shape(work / "tiny.keras") == b"file 0"
    assert shape(tmp_path / "relu.keras") == b"file 1"
    another_version(monkeypatch, "tensorflow", "99.0")
    assert shape(work / "tiny.keras") == b"file 2"
