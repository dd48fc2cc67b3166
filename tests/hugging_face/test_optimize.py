"""`optimize` on a folder of each family: what is written is smaller, and its own loader gives the model back
without this tool. PyTorch is imported each time: `make test-full`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.hugging_face.conftest import FAMILIES
from tests.lib.schema import validate
from tinyml_compress import data
from tinyml_compress.data import DataSet
from tinyml_compress.formats.safetensors import read_header
from tinyml_compress.pipeline.compare.verb import compare
from tinyml_compress.pipeline.optimizing import optimize
from tinyml_compress.results import encoded

Saved = Callable[[str], Path]
AGAIN = """
import sys, numpy, torch
sys.path.insert(0, ".")
from load import load
texts = ["turn on the lamp", "set an alarm please"]
for int8 in (False, True):
    model, words = load(".", int8=int8)
    cut = words(texts, padding="max_length", truncation=True, max_length=16, return_tensors="pt")
    with torch.inference_mode():
        given = model(input_ids=cut["input_ids"], attention_mask=cut["attention_mask"])
    numpy.save(f"answers{int(int8)}.npy", given[0].float().numpy())
plain = torch.load("model.pt", weights_only=True)
kinds = {type(module).__name__ for module in model.modules()}
kinds = sorted(kinds & {"Ranged", "IntegerTable"})
print(type(model).__module__.split(".")[0], len(plain), "tinyml_compress" in sys.modules, *kinds)
"""


def _texts() -> DataSet:
    whole = data.load("data:intents:test")
    return whole.take(24)


@pytest.mark.full
@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_comes_back(family: str, saved: Saved, torch_python: Path, tmp_path: Path) -> None:
    place = saved(family)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    texts = None if family == "tokens" else _texts()
    done = optimize(f"hf:{place}@16", data=texts, output=tmp_path / "smaller")
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    validate(encoded(done))
    header = read_header(tmp_path / "smaller" / "model.safetensors")
    assert header.file_bytes == done.steps[-1].stored_bytes
    # Its many small tensors are mostly entries of the header.
    assert done.saved > (0.5 if family == "mobilebert" else 0.6)
    assert [step.name for step in done.steps] == ["original", "pruning", "threshold", "int8"]
    assert done.steps[1].dense_bytes == done.steps[0].dense_bytes, "zeros save nothing in a dense file"
    assert done.steps[1].stored_bytes < done.steps[0].stored_bytes
    _comes_back(tmp_path, torch_python, ["IntegerTable"])


@pytest.mark.full
@pytest.mark.parametrize("family", ["bert", "albert", "mobilebert", "deberta", "tokens"])
def test_static_int8_comes_back(family: str, saved: Saved, torch_python: Path, tmp_path: Path) -> None:
    """Ranges are stored with the weights, and the file is no larger for it than they are."""
    model = f"hf:{saved(family)}@16"
    texts = None if family == "tokens" else _texts()
    calibration = data.load("data:intents:train").take(64)
    done = optimize(
        model, data=texts, calibration=calibration, int8="static", pruning=False, output=tmp_path / "smaller"
    )
    validate(encoded(done))
    assert (done.calibration_samples, done.knobs["int8"]) == (64, "static")
    header = read_header(tmp_path / "smaller" / "model.safetensors")
    ranges = [one for one in header.tensors if one.name.endswith("::input")]
    assert ranges
    assert all(one.shape == (2,) for one in ranges)
    usual = optimize(model, pruning=False, output=tmp_path / "usual")
    assert done.steps[-1].stored_bytes - usual.steps[-1].stored_bytes < 200 * len(ranges)
    _comes_back(tmp_path, torch_python, ["IntegerTable", "Ranged"])
    if family == "bert":
        again = optimize(
            model, data=texts, recipe=tmp_path / "smaller" / "recipe.toml", calibration=calibration,
            output=tmp_path / "again",
        )  # fmt: skip
        assert again.knobs == done.knobs
        first, second = (tmp_path / one / "model.safetensors" for one in ("smaller", "again"))
        assert first.read_bytes() == second.read_bytes()


def _comes_back(tmp_path: Path, torch_python: Path, kinds: list[str]) -> None:
    """Only what is in the folder, in a place where nothing of this tool is."""
    apart = shutil.copytree(tmp_path / "smaller", tmp_path / "apart")
    bare = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run(
        [str(torch_python), "-I", "-W", "ignore", "-c", AGAIN],
        cwd=apart,
        env={**bare, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.split()[0] == "transformers"
    assert run.stdout.split()[2] == "False"
    assert run.stdout.split()[3:] == kinds
    exact, quick = (np.load(apart / f"answers{which}.npy") for which in (0, 1))
    assert np.abs(exact - quick).max() < 0.1 * np.abs(exact).max()
    assert np.ptp(exact) > 0


@pytest.mark.full
def test_the_knobs(saved: Saved, tmp_path: Path) -> None:
    """Nothing asked for is nothing done; each knob does what it says."""
    model = f"hf:{saved('bert')}@16"
    idle = optimize(
        model, data=_texts(), output=tmp_path / "idle", pruning=False, compress=False, int8="none"
    )
    assert [step.name for step in idle.steps] == ["original"]
    both = compare([model, f"hf:{tmp_path / 'idle'}@16"], _texts(), rounds=1)
    assert both.models[1].same == 1.0
    assert both.models[1].difference == pytest.approx(0, abs=1e-6)
    half = optimize(model, output=tmp_path / "half", pruning=False, compress=False, int8="none", fp16=True)
    assert 0.49 < half.steps[-1].stored_bytes / half.steps[0].stored_bytes < 0.56
    pattern = optimize(model, output=tmp_path / "pattern", pattern="2:4", compress=False, int8="none")
    assert 0.25 < pattern.steps[-1].zero_part < 0.5, "half of the linear layers, nothing of the tables"
    whole = optimize(
        model, data=_texts(), output=tmp_path / "whole", scope="global", amount=0.9, compress=False
    )
    assert whole.steps[1].zero_part > pattern.steps[1].zero_part
    agreement = whole.steps[1].agreement
    assert agreement is not None
    assert agreement.max_difference > 0
    manifest = json.loads((tmp_path / "whole" / "optimized.json").read_text())
    assert manifest["knobs"]["pruning"] == "0.9 of all"


@pytest.mark.full
def test_pickled_weights_are_read_as_tensors_alone(saved: Saved, torch_python: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved("distilbert"), tmp_path / "pickled")
    script = (
        "import sys, torch; from safetensors.torch import load_file; "
        "torch.save(load_file('model.safetensors'), 'pytorch_model.bin')"
    )
    subprocess.run([str(torch_python), "-c", script], cwd=folder, check=True)
    (folder / "model.safetensors").unlink()
    done = optimize(f"hf:{folder}@16", output=tmp_path / "smaller", trust_pickle=True)
    usual = optimize(f"hf:{saved('distilbert')}@16", output=tmp_path / "usual")
    assert done.steps[-1].stored_bytes == usual.steps[-1].stored_bytes
    assert (tmp_path / "smaller" / "model.safetensors").read_bytes() == (
        tmp_path / "usual" / "model.safetensors"
    ).read_bytes()
