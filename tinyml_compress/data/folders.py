"""Folders with one subfolder per class: pictures or WAV files. `train/` and `test/` above the classes are the
parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.data import audio
from tinyml_compress.data.pictures import SUFFIXES, read_pictures
from tinyml_compress.errors import DataError
from tinyml_compress.frontends.camera_form import CameraForm
from tinyml_compress.frontends.preprocessing import AudioForm, ImageForm

Array = npt.NDArray[np.generic]
Labels = npt.NDArray[np.int64]
_SOUNDS = (".wav", ".wave")
_PARTS = ("train", "test")


@dataclass(frozen=True)
class FolderContent:
    """What lies in the folder: files with their class and, where the folder has parts, their part."""

    sound: bool
    classes: tuple[str, ...]
    files: tuple[tuple[Path, int, str | None], ...]


@dataclass(frozen=True, eq=False)
class RawSamples:
    """Values before scale, mean and std; `part` is train, test or None for each sample."""

    values: Array
    labels: Labels
    classes: tuple[str, ...]
    parts: tuple[str | None, ...]
    sounds: npt.NDArray[np.int16] | None = None
    """What the values were made of, where C makes them too."""


def listing(folder: Path) -> FolderContent:
    """The files of a folder, sorted by part, class and name; other files than pictures and sounds are no
    matter.
    """
    tops = [folder / part for part in _PARTS if (folder / part).is_dir()]
    files: list[tuple[Path, str, str | None]] = []
    for top in tops or [folder]:
        part = top.name if tops else None
        for place in sorted(
            path for path in top.iterdir() if path.is_dir() and not path.name.startswith(".")
        ):
            for file in sorted(place.rglob("*")):
                if (
                    file.is_file()
                    and file.suffix.lower() in (*SUFFIXES, *_SOUNDS)
                    and not file.name.startswith(".")
                ):
                    files.append((file, place.name, part))
    kinds = {file.suffix.lower() in _SOUNDS for file, _, _ in files}
    if len(kinds) != 1:
        raise DataError(
            "the folder is no data set",
            which=folder,
            found="pictures and sounds mixed" if kinds else "no picture and no WAV file in a subfolder",
            allowed="one subfolder per class with pictures (.png, .jpg, ...) or with .wav files in it",
        )
    classes = tuple(sorted({name for _, name, _ in files}))
    return FolderContent(
        kinds == {True}, classes, tuple((file, classes.index(name), part) for file, name, part in files)
    )


def images(
    listed: FolderContent, form: ImageForm | None, camera: CameraForm | None
) -> tuple[RawSamples, ImageForm]:
    """Pixels from 0 to 255; without a `form` all pictures must have one size, and grey ones stay grey."""
    values, form = read_pictures([file for file, _, _ in listed.files], form, camera)
    return _samples(listed, values), form


def sounds(listed: FolderContent, form: AudioForm) -> RawSamples:
    """Features of every file."""
    features, heard = [], []
    for file, _, _ in listed.files:
        samples = audio.sound_of(file, form)
        features.append(audio.features_of(samples, form))
        heard.append(audio.in_16_bits(audio.fitted(samples, form)))
    return replace(_samples(listed, np.stack(features)), sounds=np.stack(heard) if form.is_fixed else None)


def _samples(listed: FolderContent, values: Array) -> RawSamples:
    labels = np.array([label for _, label, _ in listed.files], dtype=np.int64)
    return RawSamples(values, labels, listed.classes, tuple(part for _, _, part in listed.files))
