"""Folders of `transformers` before anything of them is loaded: each that cannot be used says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tinyml_compress import data
from tinyml_compress.cli.optimize import command
from tinyml_compress.data import DataSet
from tinyml_compress.errors import ConfigError, DataError, ModelError, TinymlError, UsageError
from tinyml_compress.hugging_face.folder import HfFolder
from tinyml_compress.pipeline.optimize_knobs import Knobs, read_recipe
from tinyml_compress.pipeline.optimizing import optimize
from tinyml_compress.pipeline.sources.kinds.hf import in_order_of
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.results import Engine, Task
from tinyml_compress.support.trust import CODE, PICKLE, trusting

CONFIG = {"model_type": "bert", "max_position_embeddings": 32, "id2label": {"0": "no", "1": "yes"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One that nothing is wrong with as long as it is not loaded."""
    place = tmp_path / "model"
    place.mkdir()
    (place / "config.json").write_text(json.dumps(CONFIG))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (place / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    (place / "tokenizer.json").write_text("{}")
    return place


def test_a_folder_is_known_by_its_name(folder: Path) -> None:
    known = HfFolder.parse(f"hf:{folder}")
    assert (known.length, known.classes, known.pickle) == (32, ("no", "yes"), False)
    assert HfFolder.parse(f"hf:{folder}@8").length == 8
    source = source_of(f"hf:{folder}@8")
    assert (source.title, source.stored_bytes) == ("model", (folder / "model.safetensors").stat().st_size)
    assert source.content().parameters == 2
    before = source.origin.sha256
    (folder / "model.safetensors").write_bytes(b"changed")
    assert source_of(f"hf:{folder}").origin.sha256 != before


def _without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def _config(**more: object) -> Callable[[Path], object]:
    return lambda folder: (folder / "config.json").write_text(json.dumps({**CONFIG, **more}))


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


BAD: dict[str, tuple[Callable[[Path], object], str, type[TinymlError], str]] = {
    "no weights": (_without("model.safetensors"), "", ModelError, "has no weights"),
    "no configuration": (_without("config.json"), "", ModelError, "no config.json"),
    "no family": (_config(model_type=7), "", ModelError, "names no family"),
    "a pickle": (_pickled, "", ModelError, "a pickle(.|\n)*--trust-pickle"),
    "code": (_config(auto_map={"AutoModel": "x.Y"}), "", ModelError, "Python of its own(.|\n)*remote-code"),
    "too long": (_config(), "@33", UsageError, "no texts of that length(.|\n)*at most 32"),
    "roberta's places": (_config(model_type="roberta"), "@31", UsageError, "at most 30"),
    "no length": (_config(), "@0", UsageError, "not a number of tokens"),
    "no JSON": (lambda folder: (folder / "config.json").write_text("{"), "", DataError, "config.json"),
}


@pytest.mark.parametrize("fault", BAD)
def test_each_fault_is_named(fault: str, folder: Path) -> None:
    spoil, length, kind, says = BAD[fault]
    spoil(folder)
    with pytest.raises(kind, match=says):
        HfFolder.parse(f"hf:{folder}{length}")


def test_a_word_lets_pickles_and_code_through(folder: Path) -> None:
    _pickled(folder)
    _config(auto_map={"AutoModel": "x.Y"})(folder)
    with PICKLE.giving(), pytest.raises(ModelError, match="Python of its own"):
        HfFolder.parse(f"hf:{folder}")
    with PICKLE.giving(), CODE.giving():
        assert HfFolder.parse(f"hf:{folder}").pickle
    with trusting():
        assert HfFolder.parse(f"hf:{folder}").code
    with pytest.raises(ModelError):
        HfFolder.parse(f"hf:{folder}")


def test_what_lies_is_refused_before_torch_maps_it(folder: Path) -> None:
    """No interpreter with torch is asked for: the error comes before."""
    texts = DataSet("texts", np.zeros((1, 0), np.float32), texts=("a text",))
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights + b"more")
    with pytest.raises(ModelError, match="not what their header says"):
        source_of(f"hf:{folder}").predictor(Engine.TORCH)(texts)
    with pytest.raises(ModelError, match="not what their header says"):
        optimize(f"hf:{folder}", data=texts)
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(DataError, match="no tokenizer"):
        source_of(f"hf:{folder}").predictor(Engine.TORCH)(texts)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"amount": 0.95}, "share of weights"),
        ({"pattern": "4:2"}, "pattern of pruning"),
        ({"threshold": -1.0}, "threshold"),
        ({"int8": "four"}, "form of int8"),
        ({"int8": "static"}, "static int8 needs texts(.|\n)*--calibration"),
        ({"recipe": "none.toml"}, "cannot read"),
        ({"recipe": "none.toml", "fp16": True}, "a recipe holds all knobs"),
        ({"output": "."}, "model's own folder"),
    ],
)
def test_knobs_are_checked_before_anything_runs(
    words: dict[str, object], says: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(UsageError, match=says):
        optimize(f"hf:{folder}", **words)  # type: ignore[arg-type]


def test_a_recipe_holds_the_knobs(tmp_path: Path) -> None:
    """What is written is what is read; what is not there is not done."""
    place = tmp_path / "recipe.toml"
    for knobs, texts in (
        (Knobs(), None),
        (Knobs(pattern="2:4", int8="static", fp16=True), "texts.csv:train"),
        (Knobs(amount=0.5, scope="global", threshold=0.01, int8="none"), None),
        (Knobs(pruning=False, compress=False), None),
    ):
        place.write_text(knobs.recipe("as it was", texts))
        assert read_recipe(place) == (knobs, texts)


RECIPES = {
    "no stages": ('title = "empty"', "missing key"),
    "another tool's": ('[[stage]]\nuse = "convert"', "unknown word"),
    "another order": ('[[stage]]\nuse = "int8"\n[[stage]]\nuse = "prune"', "another order"),
    "twice": ('[[stage]]\nuse = "fp16"\n[[stage]]\nuse = "fp16"', "another order"),
    "a key too many": ('[[stage]]\nuse = "fp16"\namount = 0.3', "unknown key"),
    "too much": ('[[stage]]\nuse = "prune"\namount = 0.95', "out of range"),
    "a pattern": ('[[stage]]\nuse = "int8"\nscheme = "four"', "unknown word"),
    "no TOML": ("[[stage", "not a TOML file"),
}


@pytest.mark.parametrize("fault", RECIPES)
def test_a_recipe_that_is_none(fault: str, tmp_path: Path) -> None:
    text, says = RECIPES[fault]
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_recipe(tmp_path / "recipe.toml")


def test_knobs_beside_a_recipe_are_refused(folder: Path) -> None:
    """Even one that says what it would be without being said."""
    words = [f"hf:{folder}", "--recipe", "any.toml", "--pruning-amount", "0.3"]
    with pytest.raises(UsageError, match="a recipe holds all knobs(.|\n)*amount"):
        CliRunner().invoke(command, words, catch_exceptions=False)


def test_a_table_of_texts(tmp_path: Path) -> None:
    table = tmp_path / "reviews.csv"
    table.write_text("label,text\n" + "".join(f'{"yes" if n % 2 else "no"},"text, {n}"\n' for n in range(20)))
    whole, tests = data.load(table), data.load(f"{table}:test")
    assert whole.texts[:2] == ("text, 0", "text, 1")
    assert (whole.classes, whole.need_labels()[:2].tolist()) == (("no", "yes"), [0, 1])
    assert len(tests.texts) == tests.count == 4
    assert whole.take(3).count == len(whole.take(3).texts) == 3
    with pytest.raises(DataError, match="no tokenizer was named"):
        whole.fitted((4,))
    table.write_text("text\n\n ,\n")
    with pytest.raises(DataError):
        data.load(table)


def _asks(folder: Path, head: str, data: DataSet) -> DataSet:
    _config(architectures=[f"Bert{head}"])(folder)
    return in_order_of(HfFolder.parse(f"hf:{folder}"), data)


def test_classes_are_put_in_the_order_of_the_model(folder: Path) -> None:
    """By name, where both have names; a name that the model does not know is no number of its."""
    labels = np.array([[1, -100, 0], [0, 0, -100]])
    words = DataSet("words", np.zeros((2, 0), np.float32), labels, ("yes", "no"), texts=("a b c", "d e"))
    asked = _asks(folder, "ForTokenClassification", words)
    assert asked.need_labels().tolist() == [[0, -100, 1], [1, 1, -100]]
    assert asked.classes == ("no", "yes")
    with pytest.raises(DataError, match="classes that the model does not know(.|\n)*maybe(.|\n)*no, yes"):
        _asks(folder, "ForTokenClassification", replace(words, classes=("no", "maybe")))
    with pytest.raises(DataError, match="a tag for each word, and the model answers each text"):
        _asks(folder, "ForSequenceClassification", words)
    with pytest.raises(DataError, match="answers each word(.|\n)*tags"):
        _asks(folder, "ForTokenClassification", replace(words, labels=labels[:, 0]))
    assert _asks(folder, "Model", words) is words, "an encoder without a head is asked for no class"
    kinds = {"ForTokenClassification": Task.CLASSIFICATION, "Model": Task.EMBEDDING}
    for head, kind in kinds.items():
        _config(architectures=[f"Bert{head}"])(folder)
        assert source_of(f"hf:{folder}").task is kind


def test_the_shipped_sentences() -> None:
    sentences = data.load("data:intents:test")
    assert sentences.count == len(sentences.texts) == 1024
    assert sentences.texts[0] == "skip the song when you can"
    assert sentences.classes[int(sentences.need_labels()[0])] == "music"
