"""The front end that a manifest.json describes: checked like a description, for it ends as numbers in a C
header.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.data.description import (
    HIGHEST_RATE,
    LEAST_RATE,
    MOST_EMPHASIS,
    MOST_MOMENTS,
    camera_of,
    check_audio,
    check_sensor,
    check_values,
    image_of,
    statistics_of,
)
from tinyml_compress.frontends.preprocessing import Arithmetic, AudioForm, Features, Preprocessing
from tinyml_compress.frontends.sensor_form import SensorForm
from tinyml_compress.support.sections import Section

MOST_AXES = 64
_LONGEST_S = 600
_LARGEST_FFT = 1 << 20


def preprocessing_in(path: Path, manifest: Mapping[str, Any]) -> Preprocessing:
    """What `Preprocessing.as_json` wrote into the manifest at `path`; ConfigError names each value that is
    wrong.
    """
    top = Section(path, "", manifest).optional_section("preprocessing")
    scale, mean, std = check_values(top)
    image = image_of(top.section("image")) if top.has("image") else None
    preprocessing = Preprocessing(
        scale=scale,
        mean=mean or (0.0,),
        std=std or (1.0,),
        image=image,
        audio=_audio(top.section("audio")) if top.has("audio") else None,
        sensor=_sensor(top.section("sensor")) if top.has("sensor") else None,
        camera=camera_of(top.section("camera"), image) if top.has("camera") else None,
    )
    top.close()
    return preprocessing


def _sensor(section: Section) -> SensorForm:
    form = SensorForm(
        rate=section.integer("rate", 1, 100_000),
        moments=section.integer("moments", 1, 1 << 24),
        axes=section.integer("axes", 1, MOST_AXES),
        counts=section.number("counts", 1e-30, 1e30),
        window=section.integer("window", 0, MOST_MOMENTS),
        step=section.integer("step", 1, MOST_MOMENTS),
        statistics=statistics_of(section),
        bands=section.integer("bands", 0, 512),
    )
    check_sensor(section, form)
    if form.window > form.moments:
        raise section.error("the window is longer than an input", "window", found=form.window)
    section.close()
    return form


def _audio(section: Section) -> AudioForm:
    form = AudioForm(
        sample_rate=section.integer("sample_rate", LEAST_RATE, HIGHEST_RATE),
        samples=section.integer("samples", 1, HIGHEST_RATE * _LONGEST_S),
        features=Features(section.text("features", one_of=[kind.value for kind in Features])),
        window=section.integer("window", 0, HIGHEST_RATE),
        hop=section.integer("hop", 0, HIGHEST_RATE),
        fft=section.integer("fft", 1, _LARGEST_FFT),
        mel_bands=section.integer("mel_bands", 1, 512),
        coefficients=section.integer("coefficients", 1, 512),
        low_hz=section.number("low_hz", 0, 96000),
        high_hz=section.number("high_hz", 1, 96000),
        # manifests of before there were two have none
        arithmetic=Arithmetic(
            section.text("arithmetic", "float", one_of=[kind.value for kind in Arithmetic])
        ),
        remove_dc=section.flag("remove_dc", False),
        pre_emphasis=section.number("pre_emphasis", 0, MOST_EMPHASIS, 0.0),
        source_rate=section.integer("source_rate", LEAST_RATE, HIGHEST_RATE, 0)
        if section.has("source_rate")
        else 0,
    )
    if form.fft & (form.fft - 1) or form.fft < form.window:
        allowed = f"a power of two from {form.window}"
        raise section.error("the transform does not hold the window", "fft", found=form.fft, allowed=allowed)
    check_audio(section, form)
    section.close()
    return form
