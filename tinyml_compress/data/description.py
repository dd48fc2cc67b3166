"""A data set described in TOML: where it lies, how its values become inputs, how it is split."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tinyml_compress.data.tables import TableForm
from tinyml_compress.frontends.camera_form import CameraForm, Pixels, Scaling
from tinyml_compress.frontends.preprocessing import Arithmetic, AudioForm, Features, ImageForm
from tinyml_compress.frontends.resampling import MOST_PLACES, places_of
from tinyml_compress.frontends.sensor_form import SensorForm, Statistic
from tinyml_compress.support.sections import Section, parse

Spread = tuple[float, ...] | None
"""Numbers, or None: taken from the train part."""
_BIG, _SMALL = 1e30, 1e-30
MOST_EMPHASIS = 0.99
LEAST_RATE, HIGHEST_RATE = 1000, 192_000
_LONGEST_MEAN = 65535
_LEAST_SPECTRUM = 4
MOST_MOMENTS = 4096
_LEAST_MICRO, _MOST_MICRO = 64, 1 << 14
_USUAL = dict.fromkeys((Features.MICRO, Features.MICRO_SINGLE), (30.0, 125.0, 7500.0))
"""Window in ms, lowest and highest frequency, where they are other than most."""
_MOST_SLICES = 1 << 16


@dataclass(frozen=True)
class Description:
    """The file's content, checked; parameters of another kind of set are absent."""

    path: Path
    """Of the data: a folder, or a .csv, .npz or .npy file."""
    title: str
    test_share: float
    seed: int
    scale: float
    mean: Spread
    std: Spread
    image: ImageForm | None = None
    audio: AudioForm | None = None
    sensor: SensorForm | None = None
    """Without the sizes that the values have."""
    camera: CameraForm | None = None
    table: TableForm = field(default_factory=TableForm)


def read_description(path: Path) -> Description:
    """The description in `path`; every mistake in it is named."""
    top, _ = parse(path, "calibration_data/README.md")
    place = path.parent / top.text("path")
    values = top.optional_section("values")
    image = image_of(top.section("image")) if top.has("image") else None
    audio = _audio(top.section("audio")) if top.has("audio") else None
    sensor = _sensor(top.section("sensor")) if top.has("sensor") else None
    camera = camera_of(top.section("camera"), image) if top.has("camera") else None
    table = _table(top.section("csv")) if top.has("csv") else TableForm()
    scale, mean, std = check_values(values)
    description = Description(
        path=place,
        title=top.text("title", path.stem),
        test_share=top.number("test-share", 0.0, 0.9, 0.2),
        seed=top.integer("seed", 0, 2**32 - 1, 0),
        scale=scale,
        mean=mean,
        std=std,
        image=image,
        audio=audio,
        sensor=sensor,
        camera=camera,
        table=table,
    )
    values.close()
    top.close()
    return description


def check_values(values: Section) -> tuple[float, Spread, Spread]:
    """scale, mean and std, which a float32 can hold and an input can be divided by."""
    scale = values.number("scale", -_BIG, _BIG, 1.0)
    mean, std = _spread(values, "mean", 0.0), _spread(values, "std", 1.0)
    if std is not None and any(number < _SMALL for number in std):
        raise values.error("std must be above 0", "std", found=min(std), allowed=f"{_SMALL:g} to {_BIG:g}")
    if abs(scale) < _SMALL:
        raise values.error(
            "scale may not be 0", "scale", found=scale, allowed=f"{_SMALL:g} to {_BIG:g}, or below 0"
        )
    return scale, mean, std


def audio_form(
    sample_rate: int = 16000,
    seconds: float = 1.0,
    features: Features = Features.MFCC,
    window_ms: float = 40.0,
    hop_ms: float = 20.0,
    mel_bands: int = 40,
    coefficients: int = 10,
    low_hz: float = 20.0,
    high_hz: float = 4000.0,
    arithmetic: Arithmetic = Arithmetic.FIXED,
    remove_dc: bool = False,
    pre_emphasis: float = 0.0,
    source_rate: int = 0,
) -> AudioForm:
    """The usual front end of keyword spotters: 49 frames of 10 coefficients for one second."""
    window, hop = round(sample_rate * window_ms / 1000), round(sample_rate * hop_ms / 1000)
    return AudioForm(
        sample_rate=sample_rate,
        samples=round(sample_rate * seconds),
        features=features,
        window=window,
        hop=hop,
        fft=1 << max(window - 1, 1).bit_length(),
        mel_bands=mel_bands,
        coefficients=coefficients,
        low_hz=low_hz,
        high_hz=high_hz,
        arithmetic=arithmetic,
        remove_dc=remove_dc,
        pre_emphasis=pre_emphasis,
        source_rate=source_rate,
    )


def image_of(section: Section) -> ImageForm:
    """The size of pictures that a table asks for."""
    form = ImageForm(
        section.integer("height", 1, 4096),
        section.integer("width", 1, 4096),
        section.integer("channels", 1, 3, 3),
    )
    if form.channels == 2:
        raise section.error("pictures have 1 or 3 channels", "channels", found=2)
    section.close()
    return form


def camera_of(section: Section, image: ImageForm | None) -> CameraForm:
    """How pictures come, for an `image` of a size that is known."""
    form = CameraForm(
        section.integer("width", 1, 4096),
        section.integer("height", 1, 4096),
        Pixels(section.text("pixels", one_of=[kind.value for kind in Pixels])),
        Scaling(section.text("scaling", "bilinear", one_of=[kind.value for kind in Scaling])),
        section.flag("crop", True),
    )
    if image is None:
        raise section.error("a camera goes with [image]", "width")
    if form.pixels is Pixels.YUV422 and form.width % 2:
        raise section.error("two pixels of yuv422 share their colour", "width", found=form.width)
    section.close()
    return form


def _audio(section: Section) -> AudioForm:
    rate = section.integer("sample-rate", LEAST_RATE, HIGHEST_RATE, 16000)
    seconds = section.number("seconds", 0.001, 600, 1.0)
    features = Features(section.text("features", "mfcc", one_of=[kind.value for kind in Features]))
    window_ms, low_hz, high_hz = _USUAL.get(features, (40.0, 20.0, 4000.0))
    form = audio_form(
        rate,
        seconds,
        features,
        section.number("window-ms", 0.1, 1000, window_ms),
        section.number("hop-ms", 0.1, 1000, 20.0),
        section.integer("mel-bands", 1, 512, 40),
        section.integer("coefficients", 1, 512, 10),
        section.number("low-hz", 0, 96000, low_hz),
        section.number("high-hz", 1, 96000, high_hz),
        Arithmetic(section.text("arithmetic", "fixed", one_of=[kind.value for kind in Arithmetic])),
        section.flag("remove-dc", False),
        section.number("pre-emphasis", 0, MOST_EMPHASIS, 0.0),
        section.integer("source-rate", LEAST_RATE, HIGHEST_RATE, 0) if section.has("source-rate") else 0,
    )
    check_audio(section, form)
    section.close()
    return form


def _sensor(section: Section) -> SensorForm:
    window = section.integer("window", 0, MOST_MOMENTS, 0)
    form = SensorForm(
        rate=section.integer("rate", 1, 100_000),
        moments=0,
        axes=0,
        counts=section.number("counts", _SMALL, _BIG, 1.0),
        window=window,
        step=section.integer("step", 1, MOST_MOMENTS, max(window // 2, 1)),
        statistics=statistics_of(section),
        bands=section.integer("bands", 0, 512, 0),
    )
    check_sensor(section, form)
    section.close()
    return form


def statistics_of(section: Section) -> tuple[Statistic, ...]:
    """As they are listed, each once."""
    words = section.texts("statistics", ())
    allowed = [one.value for one in Statistic]
    if wrong := [word for word in words if word not in allowed or words.count(word) > 1]:
        raise section.error(
            "no such statistic, or twice", "statistics", found=", ".join(wrong), allowed=", ".join(allowed)
        )
    return tuple(map(Statistic, words))


def check_sensor(section: Section, form: SensorForm) -> None:
    """That a window has something to say, and only a window."""
    if bool(form.window) != bool(form.statistics or form.bands):
        raise section.error(
            "a window goes with statistics or bands, and they with a window", "window", found=form.window
        )
    if form.bands and form.window < _LEAST_SPECTRUM:
        raise section.error(
            "the window is too short for bands",
            "window",
            found=form.window,
            allowed=f"{_LEAST_SPECTRUM} or more",
        )


def check_audio(section: Section, form: AudioForm) -> None:
    """That rates, windows, bands and coefficients fit one another."""
    places = places_of(form.source_rate or form.sample_rate, form.sample_rate)
    if places > MOST_PLACES:
        raise section.error(
            "the rates have too little in common",
            "source-rate" if section.has("source-rate") else "source_rate",
            found=f"{places} places between two samples",
            allowed=MOST_PLACES,
        )
    if (form.features is Features.WAVE or form.is_micro) and form.is_cleaned:
        raise section.error("remove-dc and pre-emphasis go with log-mel and mfcc", "features")
    if form.is_micro and not form.is_fixed:
        raise section.error("the micro front end has whole numbers", "arithmetic", allowed="fixed")
    if form.is_micro and not _LEAST_MICRO <= form.fft <= _MOST_MICRO:
        allowed = f"{_LEAST_MICRO} to {_MOST_MICRO} points"
        raise section.error(
            "the micro front end has no such transform", "window-ms", found=form.fft, allowed=allowed
        )
    if form.features is not Features.WAVE:
        if form.remove_dc and form.window > _LONGEST_MEAN:
            raise section.error(
                "the window is too long for its mean", "window-ms", found=form.window, allowed=_LONGEST_MEAN
            )
        if form.window > form.samples or form.hop < 1 or form.window < 2:
            raise section.error(
                "the window must be shorter than the sound, the hop at least one sample", "window-ms"
            )
        if not form.low_hz < form.high_hz <= form.sample_rate / 2:
            raise section.error(
                "the band of frequencies is wrong",
                "high-hz",
                found=f"{form.low_hz:g} to {form.high_hz:g}",
                allowed=(
                    f"low-hz below high-hz, and that at most half the sample rate: {form.sample_rate / 2:g}"
                ),
            )
        if form.coefficients > form.mel_bands:
            raise section.error("more coefficients than mel bands", "coefficients", found=form.coefficients)


def _table(section: Section) -> TableForm:
    shape = section.numbers("shape") if section.has("shape") else None
    form = TableForm(
        label=section.text("label", "") if section.has("label") else None,
        columns=section.texts("columns") if section.has("columns") else None,
        shape=None if shape is None else tuple(int(size) for size in shape),
        separator=section.text("separator") if section.has("separator") else None,
    )
    if form.shape is not None and any(size < 1 for size in form.shape):
        raise section.error("sizes are at least 1", "shape", found=list(form.shape))
    if form.separator is not None and len(form.separator) != 1:
        raise section.error("a separator is one character", "separator", found=form.separator)
    section.close()
    return form


def _spread(section: Section, key: str, default: float) -> Spread:
    if not section.has(key):
        return (default,)
    if section.is_text(key):
        section.text(key, one_of=("train",))
        return None
    numbers = section.numbers(key, -_BIG, _BIG)
    if len(numbers) > _MOST_SLICES:
        raise section.error("too many numbers", key, found=len(numbers), allowed=f"at most {_MOST_SLICES}")
    return numbers
