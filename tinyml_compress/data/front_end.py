"""The front end that a manifest.json describes: checked like a description, for it ends as numbers in a C
header.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.data.description import MOST_EMPHASIS, check_audio, check_values, image_of
from tinyml_compress.frontends.preprocessing import Arithmetic, AudioForm, Features, Preprocessing
from tinyml_compress.support.sections import Section

_LONGEST_S = 600
_HIGHEST_RATE = 192_000
_LARGEST_FFT = 1 << 20


def preprocessing_in(path: Path, manifest: Mapping[str, Any]) -> Preprocessing:
    """What `Preprocessing.as_json` wrote into the manifest at `path`; ConfigError names each value that is
    wrong.
    """
    top = Section(path, "", manifest).optional_section("preprocessing")
    scale, mean, std = check_values(top)
    preprocessing = Preprocessing(
        scale=scale,
        mean=mean or (0.0,),
        std=std or (1.0,),
        image=image_of(top.section("image")) if top.has("image") else None,
        audio=_audio(top.section("audio")) if top.has("audio") else None,
    )
    top.close()
    return preprocessing


def _audio(section: Section) -> AudioForm:
    form = AudioForm(
        sample_rate=section.integer("sample_rate", 1000, _HIGHEST_RATE),
        samples=section.integer("samples", 1, _HIGHEST_RATE * _LONGEST_S),
        features=Features(section.text("features", one_of=[kind.value for kind in Features])),
        window=section.integer("window", 0, _HIGHEST_RATE),
        hop=section.integer("hop", 0, _HIGHEST_RATE),
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
    )
    if form.fft & (form.fft - 1) or form.fft < form.window:
        allowed = f"a power of two from {form.window}"
        raise section.error("the transform does not hold the window", "fft", found=form.fft, allowed=allowed)
    check_audio(section, form)
    section.close()
    return form
