"""Tables, pictures, sounds, functions, descriptions: made on the fly, loaded, compared with what
was put in.
"""

from __future__ import annotations

import time
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyml_compress import data
from tinyml_compress.data.audio import features_of, read_wav
from tinyml_compress.data.description import audio_form
from tinyml_compress.errors import ConfigError, DataError, TinymlError, UsageError
from tinyml_compress.frontends.preprocessing import (
    Arithmetic,
    AudioForm,
    Features,
    ImageForm,
    Preprocessing,
    c_header,
)

# --- tables -------------------------------------------------------------------------------------------------


def test_table_with_names_and_text_classes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y2,label\n1,2,cat\n3,4.5,dog\n\n5,6,cat\n")
    found = data.load(tmp_path / "a.csv")
    assert found.inputs.tolist() == [[1, 2], [3, 4.5], [5, 6]]
    assert found.need_labels().tolist() == [0, 1, 0]
    assert found.classes == ("cat", "dog")


@pytest.mark.parametrize("width", [0, 5, 17, 4096])
def test_samples_of_no_known_width_are_refused(tmp_path: Path, width: int) -> None:
    (tmp_path / "one").mkdir()
    path = tmp_path / "one" / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(40000))
    content = bytearray(path.read_bytes())
    content[34:36] = (8 * width).to_bytes(2, "little")  # bits per sample
    path.write_bytes(content)
    with pytest.raises(DataError, match="the sound cannot be read"):
        data.load(tmp_path)


@pytest.mark.parametrize("odd", ["²", "٣", "①", "-1", "1_0", "1e3", " ", "=1+1", "\x1b[31m"])
def test_what_is_no_plain_number_is_the_name_of_a_class(tmp_path: Path, odd: str) -> None:
    (tmp_path / "a.csv").write_text(f"x,label\n1,{odd}\n2,7\n", encoding="utf-8")
    found = data.load(tmp_path / "a.csv")
    assert sorted(found.classes) == sorted((odd.strip(), "7"))


@pytest.mark.parametrize("number", ["1" + "0" * 23, "9" * 5000, str(2**31), str(2**20)])
def test_class_numbers_beyond_measure_are_refused(tmp_path: Path, number: str) -> None:
    """A table with a count per class would take the machine's memory."""
    (tmp_path / "a.csv").write_text(f"x,label\n1,{number}\n2,7\n")
    with pytest.raises(DataError, match="labels are not class numbers") as caught:
        data.load(tmp_path / "a.csv")
    assert "0 to 1,048,575" in str(caught.value)
    assert len(str(caught.value)) < 500
    np.savez(tmp_path / "a.npz", inputs=np.zeros((2, 3)), labels=np.array([float(number), 7]))
    with pytest.raises(DataError, match="labels are not class numbers"):
        data.load(tmp_path / "a.npz")


def test_many_different_classes_take_no_time(tmp_path: Path) -> None:
    rows = "".join(f"1,c{index}\n" for index in range(60_000))
    (tmp_path / "a.csv").write_text(f"x,label\n{rows}")
    began = time.monotonic()
    assert len(data.load(tmp_path / "a.csv").classes) == 60_000
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_table_without_names(tmp_path: Path, separator: str) -> None:
    (tmp_path / "a.csv").write_text("\n".join(separator.join(row) for row in (["1", "2"], ["3", "-4e-1"])))
    found = data.load(tmp_path / "a.csv")
    assert found.labels is None
    assert np.allclose(found.inputs, [[1, 2], [3, -0.4]])


def test_table_described(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("k,a,b,c,d\n7,1,2,3,4\n3,5,6,7,8\n7,9,10,11,12\n3,1,1,1,1\n")
    (tmp_path / "a.toml").write_text(
        'path = "a.csv"\ntest-share = 0.5\n[csv]\nlabel = "k"\nshape = [2, 2]\n'
        '[values]\nmean = "train"\nstd = "train"\n'
    )
    train, test = data.load(f"{tmp_path}/a.toml:train"), data.load(f"{tmp_path}/a.toml:test")
    assert train.sample_shape == (2, 2)
    assert sorted(train.need_labels().tolist()) == sorted(test.need_labels().tolist()) == [3, 7]
    assert np.allclose(train.inputs.mean(axis=(0, 1)), 0, atol=1e-6)
    assert np.allclose(train.inputs.std(axis=(0, 1)), 1, atol=1e-6)
    assert test.preprocessing == train.preprocessing, "the test part is scaled by the train part's numbers"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("a,b\n", "a line of names and no rows"),
        ("a,b\n1,2\n3\n", "row 3"),
        ("a,b\n1,x\n", "column b"),
        ("label\n1\n", "no column of values"),
        ("a,b\n1,nan\n", "not finite"),
        ("a,b\n1,inf\n", "not finite"),
        ('a,b\n"1,2\n', "cannot be read"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        data.load(tmp_path / "a.csv")
    assert words in str(caught.value)


def test_table_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(DataError, match="cannot be read"):
        data.load(tmp_path / "a.csv")


# --- pictures -----------------------------------------------------------------------------------------------


def pictures(folder: Path, size: tuple[int, int] = (6, 4), mode: str = "RGB", count: int = 5) -> Path:
    rng = np.random.default_rng(0)
    for kind, level in (("dark", 40), ("light", 200)):
        (folder / kind).mkdir(parents=True)
        for index in range(count):
            shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
            pixels = np.clip(level + rng.integers(-20, 20, shape), 0, 255).astype(np.uint8)
            Image.fromarray(pixels, mode).save(folder / kind / f"{index}.png")
    (folder / "readme.txt").write_text("no picture")
    return folder


def test_folder_of_pictures(tmp_path: Path) -> None:
    found = data.load(pictures(tmp_path / "set"))
    assert found.inputs.shape == (10, 4, 6, 3)
    assert found.classes == ("dark", "light")
    assert found.inputs.max() <= 1
    assert found.inputs[found.need_labels() == 1].mean() > 0.7 > found.inputs[found.need_labels() == 0].mean()
    assert found.preprocessing.image == ImageForm(4, 6, 3)
    train, test = data.load(f"{tmp_path}/set:train"), data.load(f"{tmp_path}/set:test")
    assert (train.count, test.count) == (8, 2)
    assert sorted(test.need_labels().tolist()) == [0, 1]
    assert test.sha256 == data.load(f"{tmp_path}/set:test").sha256


def test_grey_pictures_stay_grey_and_descriptions_resize(tmp_path: Path) -> None:
    pictures(tmp_path / "set", mode="L")
    assert data.load(tmp_path / "set").sample_shape == (4, 6, 1)
    (tmp_path / "set.toml").write_text(
        'path = "set"\n[image]\nheight = 8\nwidth = 8\nchannels = 3\n[values]\nscale = 0.0078125\nmean = 1\n'
    )
    found = data.load(tmp_path / "set.toml")
    assert found.sample_shape == (8, 8, 3)
    assert -1 <= found.inputs.min() < found.inputs.max() <= 1
    assert (found.inputs[..., 0] == found.inputs[..., 2]).all()


def test_each_class_gives_its_share(tmp_path: Path) -> None:
    """A fifth of 13 is 3, of 12 it is 2; a class of two gives one, a class of one none. In any order of the
    rows.
    """
    labels = np.random.default_rng(3).permutation([0] * 13 + [1] * 12 + [2] * 2 + [3])
    rows = [f"{index},{'abcd'[label]}" for index, label in enumerate(labels)]
    (tmp_path / "set.csv").write_text("\n".join(["value,label", *rows]) + "\n")
    (tmp_path / "set.toml").write_text('path = "set.csv"\n')
    test = data.load(f"{tmp_path}/set.toml:test")
    assert np.bincount(test.need_labels(), minlength=4).tolist() == [3, 2, 1, 0]
    assert data.load(f"{tmp_path}/set.toml:train").count == 28 - 6


def test_folder_with_parts(tmp_path: Path) -> None:
    pictures(tmp_path / "set" / "train", count=4)
    pictures(tmp_path / "set" / "test", count=2)
    assert data.load(f"{tmp_path}/set:train").count == 8
    assert data.load(f"{tmp_path}/set:test").count == 4


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data set"):
        data.load(tmp_path)
    pictures(tmp_path / "sizes")
    Image.new("RGB", (9, 9)).save(tmp_path / "sizes" / "dark" / "odd.png")
    with pytest.raises(DataError, match="differ in size") as caught:
        data.load(tmp_path / "sizes")
    assert "6x4 (10), 9x9 (1)" in str(caught.value)
    pictures(tmp_path / "broken")
    (tmp_path / "broken" / "dark" / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(DataError, match="cannot be read"):
        data.load(tmp_path / "broken")
    pictures(tmp_path / "mixed")
    (tmp_path / "mixed" / "dark" / "x.wav").write_bytes(b"")
    with pytest.raises(DataError, match="no data set"):
        data.load(tmp_path / "mixed")


# --- sounds -------------------------------------------------------------------------------------------------


def write_wav(path: Path, samples: np.ndarray, rate: int = 16000, width: int = 2, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        if width == 1:
            raw = np.round(samples * 128 + 128).clip(0, 255).astype(np.uint8).tobytes()
        else:
            top = 2 ** (8 * width - 1)
            words = np.round(samples * top).clip(-top, top - 1).astype("<i8").view(np.uint8).reshape(-1, 8)
            raw = words[:, :width].tobytes()
        file.writeframes(raw)


def tone(hertz: float, seconds: float = 1.0, rate: int = 16000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_wav_of_every_width(tmp_path: Path, width: int) -> None:
    write_wav(tmp_path / "a.wav", tone(440, 0.1), width=width)
    samples, rate = read_wav(tmp_path / "a.wav")
    assert rate == 16000
    assert np.abs(samples - tone(440, 0.1)).max() <= 2.0 ** (1 - 8 * width)


def test_channels_are_averaged(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.stack([tone(440, 0.1), -tone(440, 0.1)], axis=1).reshape(-1), channels=2)
    assert np.abs(read_wav(tmp_path / "a.wav")[0]).max() < 1e-9


def test_folder_of_sounds_becomes_the_usual_features(tmp_path: Path) -> None:
    for name, hertz in (("low", 300), ("high", 3000)):
        for index in range(3):
            write_wav(tmp_path / "set" / name / f"{index}.wav", tone(hertz + index, 0.9))
    found = data.load(tmp_path / "set")
    assert found.sample_shape == (49, 10, 1), "what the zoo's keyword spotter takes"
    assert found.classes == ("high", "low")
    assert found.preprocessing.audio == audio_form()


def test_log_mel_finds_the_tone_and_mfcc_is_its_cosine_transform() -> None:
    form = audio_form(features=Features.LOG_MEL, arithmetic=Arithmetic.FLOAT)
    assert (form.window, form.hop, form.fft, form.frames) == (640, 320, 1024, 49)
    edges = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + np.array([20, 4000]) / 700)), 42) / 2595) - 1)
    for hertz in (200, 1000, 3000):
        logs = features_of(tone(hertz), form)[:, :, 0]
        loudest = int(logs[10].argmax())
        assert edges[loudest] < hertz < edges[loudest + 2]
    mfcc = features_of(tone(1000), audio_form(features=Features.MFCC, arithmetic=Arithmetic.FLOAT))[:, :, 0]
    logs = features_of(tone(1000), form)[:, :, 0].astype(float)
    for order in (0, 3, 9):
        basis = np.cos(np.pi / 40 * (np.arange(40) + 0.5) * order) * np.sqrt((1 if order == 0 else 2) / 40)
        assert np.allclose(mfcc[:, order], logs @ basis, atol=1e-4)


def test_wave_and_description_of_sounds(tmp_path: Path) -> None:
    write_wav(tmp_path / "set" / "a" / "0.wav", tone(50, 0.5, 2000), rate=2000)
    (tmp_path / "set.toml").write_text(
        'path = "set"\ntest-share = 0\n[audio]\nsample-rate = 2000\nseconds = 0.25\nfeatures = "wave"\n'
    )
    found = data.load(tmp_path / "set.toml")
    assert found.sample_shape == (500, 1)
    assert np.abs(found.inputs[0, :, 0] - tone(50, 0.25, 2000)).max() < 1e-4


def test_bad_sounds(tmp_path: Path) -> None:
    write_wav(tmp_path / "rate" / "a" / "0.wav", tone(50, 0.5, 8000), rate=8000)
    with pytest.raises(DataError, match="another sample rate") as caught:
        data.load(tmp_path / "rate")
    assert "8000 Hz" in str(caught.value)
    (tmp_path / "bad" / "a").mkdir(parents=True)
    for content, words in [(b"", "cannot be read"), (b"RIFF\x10\x00\x00\x00WAVEjunk", "cannot be read")]:
        (tmp_path / "bad" / "a" / "0.wav").write_bytes(content)
        with pytest.raises(DataError, match=words):
            data.load(tmp_path / "bad")
    write_wav(tmp_path / "bad" / "a" / "0.wav", np.zeros(0))
    with pytest.raises(DataError, match="empty"):
        data.load(tmp_path / "bad")


# --- functions and several inputs ---------------------------------------------------------------------------


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"made_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(
        "import numpy as np\n"
        "def bare(): return np.ones((3, 4))\n"
        "def pair(): return np.ones((3, 4)), [0, 1, 2]\n"
        "def parts(): return {'train_inputs': np.ones((2, 4)), 'test_inputs': np.zeros((1, 4))}\n"
        "def several(): return {'input_a': np.ones((3, 4)), 'input_b': "
        "np.zeros((3, 2, 2)), 'labels': [0, 1, 0]}\n"
        "def broken(): return 1 / 0\n"
        "def text(): return 'no data'\n"
        "def ragged(): return [[1, 2], [3]]\n"
        "number = 3\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_functions(module: str) -> None:
    assert data.load(f"{module}:bare").inputs.shape == (3, 4)
    assert data.load(f"{module}:pair").need_labels().tolist() == [0, 1, 2]
    assert data.load(f"{module}:parts").count == 3
    assert data.load(f"{module}:parts:test").inputs.tolist() == [[0, 0, 0, 0]]


def test_several_named_inputs(module: str) -> None:
    found = data.load(f"{module}:several")
    assert [name for name, _ in found.named] == ["a", "b"]
    second, first = found.for_inputs(["b", "a"], [(2, 2), (None,)])
    assert (second.shape, first.shape) == ((3, 2, 2), (3, 4))
    assert [values.shape[0] for _, values in found.take(2).named] == [2, 2]
    with pytest.raises(DataError, match="other inputs than the model"):
        found.for_inputs(["a", "c"], [(4,), (4,)])
    with pytest.raises(DataError, match="one input without a name"):
        data.load("data:digits:test").for_inputs(["a", "b"], [(4,), (4,)])
    (only,) = data.load("data:digits:test").for_inputs(["x"], [(8, 8)])
    assert only.shape == (397, 8, 8)


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        ("broken", DataError, "ZeroDivisionError"),
        ("text", DataError, "not real numbers"),
        ("ragged", DataError, "did not return arrays"),
        ("number", UsageError, "no such function"),
        ("absent", UsageError, "no such function"),
    ],
)
def test_bad_functions(module: str, function: str, kind: type[TinymlError], words: str) -> None:
    with pytest.raises(kind) as caught:
        data.load(f"{module}:{function}")
    assert words in str(caught.value)


def test_no_such_module() -> None:
    with pytest.raises(UsageError, match="no such module"):
        data.load("absent.module:function")


# --- descriptions and C constants ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "path"),
        ('path = "gone"', "not there"),
        ('path = "a.csv"\ntest-shar = 0.1', "test-share"),
        ('path = "a.csv"\n[values]\nstd = 0', "std must be above 0"),
        ('path = "a.csv"\n[values]\nscale = 0', "scale may not be 0"),
        ('path = "a.csv"\n[values]\nmean = "test"', "train"),
        ('path = "a.csv"\n[values]\nmean = [1, 2, 3]', "wrong number of entries"),
        ('path = "a.csv"\n[csv]\nlabel = "gone"', "no such column"),
        ('path = "a.csv"\n[csv]\nshape = [3, 3]', "do not fill the shape"),
        ('path = "a.csv"\n[csv]\nshape = [0]', "at least 1"),
        ('path = "a.csv"\n[image]\nheight = 8\nwidth = 8\nchannels = 2', "1 or 3 channels"),
        ('path = "a.csv"\n[audio]\nhigh-hz = 9000', "band of frequencies"),
        ('path = "a.csv"\n[audio]\ncoefficients = 50', "more coefficients"),
        ('path = "a.csv"\n[audio]\nseconds = 0.01', "shorter than the sound"),
        ('path = "a.csv"\n[audio]\nfeatures = "mfc"', "did you mean mfcc"),
        ('path = "a.txt"', "not a data set"),
        ("path = [", "not a TOML file"),
    ],
)
def test_bad_descriptions(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "d.toml").write_text(text)
    with pytest.raises((ConfigError, DataError)) as caught:
        data.load(tmp_path / "d.toml")
    assert words in str(caught.value)


def test_description_of_arrays(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        train_x=np.full((2, 3), 4.0),
        train_y=[0, 1],
        test_x=np.full((1, 3), 8.0),
        test_y=[1],
    )
    (tmp_path / "d.toml").write_text('path = "a.npz"\n[values]\nscale = 0.25\nmean = [0, 1, 2]\n')
    assert data.load(f"{tmp_path}/d.toml:train").inputs.tolist() == [[1, 0, -1]] * 2
    assert data.load(f"{tmp_path}/d.toml:test").inputs.tolist() == [[2, 1, 0]]
    assert data.load(f"{tmp_path}/d.toml").need_labels().tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "done",
    [
        Preprocessing(),
        Preprocessing(1 / 255, (0.1, 0.2, 1e-9), (0.5, 0.25, 3e7), image=ImageForm(32, 24, 3)),
        Preprocessing(audio=audio_form(arithmetic=Arithmetic.FLOAT)),
        Preprocessing(audio=AudioForm(8000, 4000, Features.WAVE, 1, 1, 2, 1, 1, 0.0, 4000.0)),
    ],
    ids=["plain", "image", "mfcc", "wave"],
)
def test_c_constants_are_the_same_numbers(done: Preprocessing, tmp_path: Path) -> None:
    """Compiled and read back: what firmware computes is what calibration computed."""
    import ctypes

    from tinyml_compress.runners import toolchain

    count = len(done.mean)
    source = (
        '#include "net_preprocessing.h"\n'
        "void net_apply(const float *in, float *out, int count);\n"
        "void net_apply(const float *in, float *out, int count) {\n"
        "    for (int i = 0; i < count; ++i) {\n"
        "        out[i] = (in[i] * NET_INPUT_SCALE - net_input_mean[i % NET_INPUT_MEAN_COUNT]) /"
        " net_input_std[i % NET_INPUT_STD_COUNT];\n"
        "    }\n}\n"
    )
    header = c_header("net", done)
    assert header == c_header("net", done)
    assert "/*" not in header.replace("/* ", "")
    library = ctypes.CDLL(str(toolchain.library({"net.c": source, "net_preprocessing.h": header})))
    values = np.linspace(0, 255, 4 * count, dtype=np.float32).reshape(4, count)
    out = np.zeros_like(values)
    pointer = ctypes.POINTER(ctypes.c_float)
    library.net_apply(values.ctypes.data_as(pointer), out.ctypes.data_as(pointer), values.size)
    assert out.tolist() == done.apply(values).tolist()
    assert done.as_json()["scale"] == done.scale
