"""Sets that need a description, or that get the usual one: pictures, sounds, tables."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.description import Description, Spread, audio_form, read_description
from tinyml_compress.data.files import as_inputs, as_labels, load_file
from tinyml_compress.data.folders import images, listing, sounds
from tinyml_compress.data.front_end import MOST_AXES
from tinyml_compress.data.tables import read_table
from tinyml_compress.errors import DataError
from tinyml_compress.frontends.camera_form import CameraForm
from tinyml_compress.frontends.preprocessing import AudioForm, ImageForm, Preprocessing
from tinyml_compress.frontends.sensor import sensor_features, sensor_samples
from tinyml_compress.frontends.sensor_form import SensorForm

Array = npt.NDArray[np.generic]
Labels = npt.NDArray[np.int64]
_MEAN, _STD = (0.0,), (1.0,)
_PIXEL = 1 / 255


@dataclass(frozen=True, eq=False)
class _Raw:
    """Values before scale, mean and std, of the whole set."""

    values: Array
    labels: Labels | None
    classes: tuple[str, ...]
    parts: tuple[str | None, ...]
    image: ImageForm | None = None
    camera: CameraForm | None = None
    audio: AudioForm | None = None
    sensor: SensorForm | None = None
    sounds: npt.NDArray[np.int16] | None = None


def load_folder(path: Path, split: str | None, name: str) -> DataSet:
    """A folder without a description: pictures become values from 0 to 1, sounds 49 frames of 10 MFCCs per
    second.
    """
    listed = listing(path)
    scale = 1.0 if listed.sound else _PIXEL
    description = Description(
        path, path.name, 0.2, 0, scale, _MEAN, _STD, audio=audio_form() if listed.sound else None
    )
    return _finished(description, _of_folder(description), split, name)


def load_table(path: Path, split: str | None, name: str) -> DataSet:
    """A table without a description: the columns as they are."""
    description = Description(path, path.name, 0.2, 0, 1.0, _MEAN, _STD)
    return _finished(description, _of_table(description), split, name)


def load_described(path: Path, split: str | None, name: str) -> DataSet:
    """A set with a description."""
    description = read_description(path)
    suffix = description.path.suffix.lower()
    if os.path.isdir(description.path):  # which says no to a name that is too long for any folder
        raw = _of_folder(description)
    elif not os.path.isfile(description.path):
        raise DataError(
            "the described data is not there", which=description.path, next_step=f"correct `path` in {path}"
        )
    elif suffix == ".csv":
        raw = _of_table(description)
    elif suffix in (".npz", ".npy"):
        raw = _of_arrays(description)
    else:
        raise DataError(
            "not a data set",
            which=description.path,
            allowed="a folder, .csv, .npz or .npy",
            next_step=f"see {path}",
        )
    if description.sensor is not None:
        raw = _sensed(description.sensor, raw, name)
    return _finished(description, raw, split, name)


def _sensed(described: SensorForm, raw: _Raw, name: str) -> _Raw:
    """Features of the sensor's values, (moments, axes) each."""
    shape = raw.values.shape[1:]
    if len(shape) != 2 or shape[0] < described.window or shape[1] > MOST_AXES:
        raise DataError(
            "the samples are no recordings of a sensor",
            which=name,
            found="x".join(map(str, shape)),
            allowed=f"moments x axes, at least {max(described.window, 1)} x 1, at most {MOST_AXES} axes",
            next_step="set [csv] shape, or [sensor] window, in the description",
        )
    form = replace(described, moments=int(shape[0]), axes=int(shape[1]))
    samples = sensor_samples(raw.values, form.counts)
    features = np.stack([sensor_features(one, form) for one in samples])
    return replace(
        raw, values=np.ldexp(features.astype(np.float64), -form.fraction), sensor=form, sounds=samples
    )


def _of_folder(description: Description) -> _Raw:
    listed = listing(description.path)
    if listed.sound:
        audio = description.audio or audio_form()
        samples = sounds(listed, audio)
        return _Raw(
            samples.values, samples.labels, samples.classes, samples.parts, audio=audio, sounds=samples.sounds
        )
    samples, image = images(listed, description.image, description.camera)
    return _Raw(
        samples.values, samples.labels, samples.classes, samples.parts, image=image, camera=description.camera
    )


def _of_table(description: Description) -> _Raw:
    table = read_table(description.path, description.table)
    if table.labels is None:
        return _Raw(table.values, None, (), (None,) * len(table.values))
    names = set(table.labels)
    if all(text.isascii() and text.isdigit() for text in names):
        # Class numbers stay what they are: a model's output 3 is class 3 even where the table lacks class 2.
        numbers = np.array([float(text) for text in table.labels])
        labels = as_labels(description.path, "of classes", numbers, len(numbers))
        return _Raw(table.values, labels, (), (None,) * len(labels))
    classes = tuple(sorted(names))
    place = {text: index for index, text in enumerate(classes)}
    labels = np.array([place[text] for text in table.labels], dtype=np.int64)
    return _Raw(table.values, labels, classes, (None,) * len(labels))


def _of_arrays(description: Description) -> _Raw:
    pieces: list[tuple[str | None, DataSet]] = []
    for part in ("train", "test") if description.path.suffix.lower() == ".npz" else ():
        try:
            pieces.append((part, load_file(description.path, part)))
        except DataError as error:
            if "no " not in error.what:
                raise
    if not pieces:
        pieces = [(None, load_file(description.path, None))]
    labels = [piece.labels for _, piece in pieces if piece.labels is not None]
    return _Raw(
        np.concatenate([piece.inputs for _, piece in pieces]),
        np.concatenate(labels) if labels else None,
        (),
        tuple(part for part, piece in pieces for _ in range(piece.count)),
    )


def _finished(description: Description, raw: _Raw, split: str | None, name: str) -> DataSet:
    as_inputs(description.path, "", raw.values)  # finite, not empty
    parts = np.array(raw.parts if any(raw.parts) else split_parts(raw.labels, len(raw.values), description))
    train = raw.values[parts == "train"]
    if split is not None and not (parts == split).any():
        raise DataError(
            f"the data set has no {split} part", which=name, next_step="set test-share in a description"
        )
    preprocessing = Preprocessing(
        scale=description.scale,
        mean=_numbers(description.mean, train, description.scale, np.mean),
        std=_numbers(description.std, train, description.scale, np.std),
        image=raw.image,
        camera=raw.camera,
        audio=raw.audio,
        sensor=raw.sensor,
    )
    for key, numbers in (("mean", preprocessing.mean), ("std", preprocessing.std)):
        if len(numbers) not in (1, raw.values.shape[-1]):
            raise DataError(
                f"{key} has a wrong number of entries",
                which=name,
                found=len(numbers),
                allowed=f"1, or {raw.values.shape[-1]}: one per slice of the last axis",
            )
    chosen = np.flatnonzero(parts == split) if split is not None else np.arange(len(raw.values))
    inputs = as_inputs(description.path, "", preprocessing.apply(raw.values[chosen]))
    data = DataSet(
        name, inputs, None if raw.labels is None else raw.labels[chosen], raw.classes, description.title
    )
    sounds = None if raw.sounds is None else raw.sounds[chosen]
    return replace(data, preprocessing=preprocessing, sounds=sounds)


def _numbers(wanted: Spread, train: Array, scale: float, of: object) -> tuple[float, ...]:
    """Given numbers, or those of the train part, per slice of the last axis; a constant slice has
    a std of 1.
    """
    if wanted is not None:
        return wanted
    scaled = train.astype(np.float64) * scale
    axes = tuple(range(scaled.ndim - 1))
    if of is np.mean:
        return tuple(float(np.float32(number)) for number in np.atleast_1d(scaled.mean(axis=axes)))
    spread = np.atleast_1d(scaled.std(axis=axes))
    return tuple(float(np.float32(number)) if number > 0 else 1.0 for number in spread)


def split_parts(labels: Labels | None, count: int, description: Description) -> list[str]:
    """test-share of each class, at least one where a class has two; the same for the same seed and order."""
    rng = np.random.default_rng(description.seed)
    parts = ["train"] * count
    groups = [np.arange(count)] if labels is None else _classwise(labels)
    for group in groups:
        many = round(len(group) * description.test_share)
        if description.test_share > 0 and many == 0 and len(group) > 1:
            many = 1
        for index in rng.permutation(group)[:many]:
            parts[int(index)] = "test"
    return parts


def _classwise(labels: Labels) -> list[npt.NDArray[np.intp]]:
    """The places of each class's samples, in order; one look at the labels, however many classes
    there are.
    """
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
