"""Data sets: what is accepted, and one clear error for all the rest."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinyml_compress import data
from tinyml_compress.data.shipped import manifest, write_file
from tinyml_compress.errors import DataError, TinymlError, UsageError


def save(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("name", data.shipped_names())
def test_shipped_sets_equal_their_manifests(name: str) -> None:
    """load() compares every sha256; here also shape, range and classes are looked at."""
    about = manifest(name)
    assert about.licence
    assert about.source
    for part in about.parts:
        loaded = data.load(f"data:{name}:{part.name}")
        if loaded.texts:
            assert max(map(len, loaded.texts)) <= about.shape[0]
            assert len(set(loaded.texts)) > part.count // 2
        else:
            assert loaded.inputs.shape == (part.count, *about.shape)
        assert loaded.inputs.dtype == np.float32
        assert 0 <= loaded.need_labels().min() <= loaded.need_labels().max() < len(about.classes)
        stored = (loaded.inputs - about.offset) / about.scale
        assert (stored == np.floor(stored)).all(), "the values must be exact"
    assert data.load(f"data:{name}").count == sum(part.count for part in about.parts)


def test_float_nets_are_neither_perfect_nor_lost_on_the_sets() -> None:
    """What benchmarks/zoo_accuracy.py measured, on the sets as they are now."""
    rows = json.loads((Path(__file__).parents[2] / "benchmarks" / "zoo_accuracy.json").read_text())
    assert {row["model"] for row in rows} >= {
        "ds_cnn",
        "resnet8",
        "mobilenet_v1_025",
        "autoencoder",
        "wake_word",
    }
    for row in rows:
        assert 0.85 <= row["float32"] <= 0.97, row["model"]
        parts = [part.sha256 for part in manifest(row["data"].removeprefix("data:")).parts]
        assert row["parts"] == parts, f"{row['model']}: measured on another {row['data']}"


def test_digits_are_split_by_shares() -> None:
    train, test = data.load("data:digits:train"), data.load("data:digits:test")
    assert (train.count, test.count) == (1400, 397)
    assert np.bincount(test.need_labels()).tolist() == [39, 40, 39, 40, 40, 40, 40, 40, 39, 40]
    assert np.bincount(train.need_labels()).sum() + np.bincount(test.need_labels()).sum() == 1797
    both = np.concatenate([train.inputs, test.inputs]).reshape(1797, -1)
    assert len(np.unique(both, axis=0)) == 1797, "no image may stand in both parts"


def test_machine_train_part_is_normal() -> None:
    assert not data.load("data:machine:train").need_labels().any()
    assert 0.4 < data.load("data:machine:test").need_labels().mean() < 0.6


def test_a_damaged_shipped_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tinyml_compress.data import shipped
    from tinyml_compress.support.resources import calibration_folder

    for path in calibration_folder().glob("digits.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(shipped, "calibration_folder", lambda: tmp_path)
    file = tmp_path / "digits.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match="damaged"):
        data.load("data:digits")
    file.unlink()
    with pytest.raises(DataError, match="missing"):
        data.load("data:digits")
    about = (tmp_path / "digits.toml").read_text()
    (tmp_path / "digits.toml").write_text(about.replace("[test]", "[tset]"))
    with pytest.raises(DataError, match="manifest is damaged"):
        data.load("data:digits")


def test_synthetic_sets_tell_a_difference_from_the_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinyml_compress.data import shipped

    monkeypatch.setattr(shipped, "part_sha256", lambda made: "0" * 64)
    with pytest.raises(DataError, match="differs from its manifest"):
        data.load("data:keywords")


def test_a_shipped_set_written_to_a_file_loads_the_same(tmp_path: Path) -> None:
    write_file("keywords", str(tmp_path / "k.npz"))
    for part in ("train", "test"):
        assert data.load(f"{tmp_path}/k.npz:{part}").sha256 == data.load(f"data:keywords:{part}").sha256
    assert data.load(tmp_path / "k.npz").sha256 == data.load("data:keywords").sha256


@pytest.mark.parametrize(
    ("arrays", "labels"),
    [
        ({"inputs": np.ones((3, 4))}, None),
        ({"x": np.ones((3, 4), np.uint8), "y": np.arange(3)}, [0, 1, 2]),
        ({"anything": np.ones((3, 4), np.float16)}, None),
        ({"x_test": np.ones((3, 4), bool), "y_test": np.eye(3)}, [0, 1, 2]),
        ({"inputs": np.ones((3, 4)), "labels": np.array([[2.0], [0.0], [1.0]])}, [2, 0, 1]),
    ],
)
def test_forms_of_files(tmp_path: Path, arrays: dict[str, np.ndarray], labels: list[int] | None) -> None:
    loaded = data.load(save(tmp_path / "a.npz", **arrays))
    assert loaded.inputs.tolist() == np.ones((3, 4)).tolist()
    assert (None if loaded.labels is None else loaded.labels.tolist()) == labels


def test_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(3, 2))
    assert data.load(tmp_path / "a.npy").inputs.tolist() == [[0, 1], [2, 3], [4, 5]]


ONES = np.ones((3, 4), np.float32)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.full((3, 4), np.nan)}, ["not finite", "12 of 12", "index (0, 0)"]),
        ({"x": np.where(np.eye(4) > 0, np.inf, 0.0)}, ["not finite", "4 of 16"]),
        ({"x": np.full((3, 4), 1e300)}, ["not finite", "range of float32"]),
        ({"x": np.ones((0, 4))}, ["empty", "(0, 4)"]),
        ({"x": np.ones((4, 0))}, ["empty"]),
        ({"x": np.ones(4)}, ["lack a dimension", "(4,)"]),
        ({"x": np.float32(1)}, ["lack a dimension"]),
        ({"x": np.ones((3, 4), complex)}, ["not real numbers", "complex128"]),
        ({"x": np.full((3, 4), "cat")}, ["not real numbers"]),
        ({"x": np.array([{}], dtype=object)}, ["cannot be read"]),
        ({"x": ONES, "y": np.arange(4)}, ["differ in number", "3 labels"]),
        ({"x": ONES, "y": np.int64(1)}, ["differ in number"]),
        ({"x": ONES, "y": np.array([0, 1, -1])}, ["not class numbers"]),
        ({"x": ONES, "y": np.array([0, 1, 0.5])}, ["not class numbers"]),
        ({"x": ONES, "y": np.array([0, 1, np.nan])}, ["not class numbers"]),
        ({"x": ONES, "y": np.array(["a", "b", "c"])}, ["labels are not numbers"]),
        ({"x": ONES, "y": np.ones((3, 2))}, ["neither class numbers nor one-hot"]),
        ({"x": ONES, "y": np.ones((3, 1, 2))}, ["wrong shape"]),
        ({"a": ONES, "b": ONES}, ["no inputs", "a (3, 4), b (3, 4)"]),
        ({}, ["no inputs", "no array at all"]),
        ({"train_x": ONES, "test_x": np.ones((3, 5))}, ["differ in shape"]),
        ({"train_x": ONES, "train_y": np.arange(3), "test_x": ONES}, ["only one part"]),
    ],
)
def test_bad_content(tmp_path: Path, arrays: dict[str, object], words: list[str]) -> None:
    path = save(tmp_path / "bad.npz", **arrays)
    with pytest.raises(DataError) as caught:
        data.load(path)
    for word in [*words, "bad.npz"]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "kind", "words"),
    [
        ("data:digitz", UsageError, ["did you mean data:digits?", "data:keywords"]),
        ("data:", UsageError, ["no such shipped"]),
        ("data:digits:dev", UsageError, ["train or test"]),
        ("data:digits:", UsageError, ["train or test"]),
        ("a.npz:dev", UsageError, ["train or test"]),
        ("a.txt", UsageError, [".npz", "module:function"]),
        ("a.csv", DataError, ["no such data file"]),
        ("", UsageError, [".npz"]),
        ("no/such.npz", DataError, ["no such data file", "data:digits"]),
    ],
)
def test_bad_specs(spec: str, kind: type[TinymlError], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        data.load(spec)
    for word in words:
        assert word in str(caught.value)


def test_other_bad_files(tmp_path: Path) -> None:
    (tmp_path / "d.npz").mkdir()
    np.save(tmp_path / "a.npy", ONES)
    np.savez(tmp_path / "x.npz", x=ONES)
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npy").read_bytes())
    (tmp_path / "c.npy").write_bytes((tmp_path / "x.npz").read_bytes())
    (tmp_path / "e.npz").write_bytes(b"")
    for spec, word in [
        ("d.npz", "the folder is no data set"),
        ("a.npy:test", "has no parts"),
        ("x.npz:test", "has no test part"),
        ("b.npz", "single .npy"),
        ("c.npy", "a .npz archive"),
        ("e.npz", "cannot be read"),
    ]:
        with pytest.raises(DataError, match=word):
            data.load(f"{tmp_path}/{spec}")


def test_a_header_that_claims_too_much(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f4", "fortran_order": False, "shape": (1 << 50, 4)}
    )
    (tmp_path / "big.npy").write_bytes(buffer.getvalue())
    with pytest.raises(DataError):
        data.load(tmp_path / "big.npy")


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_mutated_files_give_our_error_or_good_data(tmp_path: Path, suffix: str) -> None:
    rng = random.Random(suffix)
    path = tmp_path / f"good.{suffix}"
    if suffix == "npz":
        np.savez_compressed(path, inputs=np.arange(48.0).reshape(4, 12), labels=np.arange(4))
    else:
        np.save(path, np.arange(48.0).reshape(4, 12))
    good = path.read_bytes()
    refused = 0
    for _ in range(400):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        if rng.random() < 0.3:
            del bad[rng.randrange(len(bad)) :]
        path.write_bytes(bad)
        try:
            assert np.isfinite(data.load(path).inputs).all()
        except DataError:
            refused += 1
    assert refused > 50


def test_take() -> None:
    whole = data.load("data:digits:test")
    some = whole.take(20, seed=3)
    assert some.count == 20
    assert some.sha256 == whole.take(20, seed=3).sha256 != whole.take(20, seed=4).sha256
    assert whole.take(1000) is whole
    with pytest.raises(DataError, match="at least one sample"):
        whole.take(0)


def test_fitted(tmp_path: Path) -> None:
    digits = data.load("data:digits:test")
    assert digits.fitted((8, 8, 1)) is digits
    assert digits.fitted((8, 8)).sample_shape == (8, 8)
    assert digits.fitted((None, 8, None)) is digits
    for wrong in [(32, 32, 3), (64,), (None, 8), ()]:
        with pytest.raises(DataError, match="not of the model's input shape"):
            digits.fitted(wrong)
    with pytest.raises(DataError, match="no labels"):
        data.load(save(tmp_path / "x.npz", x=ONES)).need_labels()


class _Runs:
    """Makes a file when somebody unpickles it."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.place,)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_a_pickle_in_the_data_is_not_read(tmp_path: Path, name: str) -> None:
    array = np.array([_Runs(tmp_path / "ran")], dtype=object)
    if name == "x.npy":
        np.save(tmp_path / name, array, allow_pickle=True)
    else:
        np.savez(tmp_path / name, inputs=array)
    with pytest.raises(DataError, match="cannot be read"):
        data.load(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_data_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w") as member,
    ):
        np.lib.format.write_array_header_1_0(
            member, {"descr": "<f4", "fortran_order": False, "shape": (100_000, 1024)}
        )
        for _ in range(400):
            member.write(bytes(1 << 20))
    assert (tmp_path / "x.npz").stat().st_size < 1 << 20
    with pytest.raises(DataError, match="unpacks to too much"):
        data.load(tmp_path / "x.npz")


def test_a_path_that_no_folder_can_hold_is_told(tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text(f'path = "{"x" * 5000}"\n')
    with pytest.raises(DataError, match="the described data is not there"):
        data.load(str(tmp_path / "d.toml"))
