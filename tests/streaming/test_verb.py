"""`stream` and `convert --stream`, with the words of the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.window_nets import Chain, random_chain
from tinyml_compress.cli.stream import command
from tinyml_compress.errors import MismatchError, TinymlError
from tinyml_compress.frontend import write
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.pipeline import stream as verb
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.streaming import Streamed, streamed
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques.recipe import parse


@pytest.fixture
def bordered(tmp_path: Path) -> Path:
    """Two convolutions with borders on a window of 20 frames, and a dense layer."""
    chain = Chain.of(np.random.default_rng(1), 20, 1, 4)
    for _ in range(2):
        chain.sliding("CONV_2D", (3, 1), Conv2DAttrs(Padding.SAME, 1, 1, Activation.RELU), 4)
    path = tmp_path / "net.tflite"
    path.write_bytes(write(chain.ended(3)))
    return path


def _run(*words: object) -> str:
    done = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_what_it_says(bordered: Path, tmp_path: Path) -> None:
    out = tmp_path / "step.tflite"
    text = _run(bordered, "-o", out)
    assert "window of 20" in text
    assert "equal to those of the window under TensorFlow Lite Micro at 11 steps" in text
    assert "takes all frames together" in text
    found = json.loads(_run(bordered, "-o", out, "--json"))
    first, second, flat, dense = found["layers"]
    # one new frame, and one at each end of the first layer, two of the second
    assert (first["step_macs"], second["step_macs"]) == (3 * 48, 5 * 48)
    assert first["way"] == "new frames, and those near the window's ends"
    assert flat["why"] == "RESHAPE takes all frames together"
    assert dense["step_macs"] == dense["window_macs"] == 240
    assert found["part"] == pytest.approx((8 * 48 + 240) / (40 * 48 + 240))


def test_the_approximate_form_is_another_net(bordered: Path, tmp_path: Path) -> None:
    text = _run(bordered, "-o", tmp_path / "step.tflite", "--approximate")
    assert "another net" in text
    assert "equal" not in text
    found = verb.stream(bordered, output=tmp_path / "again.tflite", approximate=True)
    assert [layer.step_macs for layer in found.layers[:2]] == [48, 48]
    assert (found.compared, found.is_exact) == (0, False)


def test_over_half_of_a_window_is_said(tmp_path: Path) -> None:
    chain = Chain.of(np.random.default_rng(1), 12, 1, 4)
    for _ in range(5):
        chain.sliding("CONV_2D", (3, 1), Conv2DAttrs(Padding.SAME, 1, 1, Activation.RELU), 4)
    (tmp_path / "net.tflite").write_bytes(write(chain.graph()))
    text = _run(tmp_path / "net.tflite", "-o", tmp_path / "step.tflite")
    assert "over half of a window" in text


def test_a_form_that_differs_is_not_written(
    bordered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(graph: object, **words: object) -> Streamed:
        return streamed(graph, **{**words, "causal": True})  # type: ignore[arg-type]

    monkeypatch.setattr(verb, "streamed", wrong)
    with pytest.raises(MismatchError, match="frame 2"):
        verb.stream(bordered, output=tmp_path / "step.tflite")
    assert not (tmp_path / "step.tflite").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--axis", "3"], "no layer of the net can be told frame by frame"),
        (["--axis", "4"], "an input has no axis of time"),
        (["--frames", "40"], "a step would be as long as the window"),
    ],
)
def test_wrong_words(bordered: Path, tmp_path: Path, words: list[str], text: str) -> None:
    done = CliRunner().invoke(command, [str(bordered), "-o", str(tmp_path / "x.tflite"), *words])
    assert isinstance(done.exception, TinymlError)
    assert not (tmp_path / "x.tflite").exists()
    assert text in str(done.exception)
    assert done.exception.allowed


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(b"nonsense")
    done = CliRunner().invoke(command, [str(tmp_path / "x.tflite"), "-o", str(tmp_path / "y.tflite")])
    assert isinstance(done.exception, TinymlError)
    assert not (tmp_path / "y.tflite").exists()


def test_chains_with_strides_take_several_frames(tmp_path: Path) -> None:
    for seed in range(30):
        graph = random_chain(seed)
        try:
            form = streamed(graph)
        except TinymlError:
            continue
        if form.frames > 1:
            (tmp_path / "net.tflite").write_bytes(write(graph))
            text = _run(tmp_path / "net.tflite", "-o", tmp_path / "step.tflite", "--steps", "3")
            assert f"step of {form.frames}" in text
            return
    raise AssertionError("no chain with strides")


@pytest.mark.full
def test_a_recipe_ends_in_the_form_that_takes_new_frames(tmp_path: Path) -> None:
    """Zeros are shared out by what a step costs, the verdict is of windows, and the file is what `stream`
    writes.
    """
    fix_seeds(1)
    layers = keras2().layers
    net = keras2().Sequential(
        [
            layers.Input((12, 8, 1)),
            layers.Conv2D(16, (3, 8), activation="relu", name="first"),
            layers.Conv2D(16, (3, 1), activation="relu", name="second"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax", name="words"),
        ],
        name="net",
    )
    net.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(160, 12, 8, 1)).astype(np.float32), np.arange(160) % 2
    x[y == 1, :, :4] += 1
    net.fit(x, y, epochs=8, verbose=0)
    net.save(tmp_path / "net.keras")
    np.savez(tmp_path / "set.npz", inputs=x, labels=y)
    words = 'use = "prune"\nsparsity = 0.5\nepochs = 2\npattern = "4x1"\nallocate = "cycles"'
    recipe = parse(f'[[stage]]\n{words}\n[[stage]]\nuse = "convert"\nstream = 1\n', "told")
    given = str(tmp_path / "net.keras"), recipe, tmp_path / "set.npz"
    done = compress(*given, output=tmp_path / "out", device="nucleo-l4r5zi", accept_drop=100)
    assert done.tflite is not None
    assert done.tflite.name == "net_stream.tflite"
    assert done.verdict is not None
    assert done.verdict.drop is not None
    (note,) = (text for text in done.stages[-1].notes if "frames at a step" in text)
    assert "takes 1 of 12 frames" in note
    assert "equal to the window's at 11 steps" in note
    assert done.stages[-1].nbytes == done.tflite.stat().st_size
    verb.stream(done.tflite.with_name("net.tflite"), output=tmp_path / "again.tflite")
    assert (tmp_path / "again.tflite").read_bytes() == done.tflite.read_bytes()
    assert done.stages[0].shares is not None
    assert "of the dense cycles" in (done.stages[0].allocation_summary or "")
