"""A long recording with events, from short recordings and noise: what `evaluate --recording` listens to.

    python examples/long_recording.py recordings -o long.wav                 20 minutes, events in long.json
    python examples/long_recording.py recordings -o long.wav --only '*_theo_*' --minutes 60
    python examples/long_recording.py recordings -o long.wav --clips train   besides, a data set to train with

`recordings` has one subfolder of .wav files per word. Between the words there is noise whose loudness
wanders, and speech that is none of them: the same words, backwards. The data set has clips of a second, a
subfolder per word and one called `none`. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import wave
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.data.audio import in_16_bits, read_wav

Sound = npt.NDArray[np.float64]
NOISE_DB = (-60.0, -35.0)
"""Loudness of the noise, relative to full scale: it wanders between these."""
WORD_DB = -20.0
WANDER_S = 5.0
NONE = "none"
CLIP_S = 1.0


def main() -> None:
    """Write the recording, its events, and clips where they are wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recordings", type=Path, help="one subfolder of .wav files per word")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .wav file to write")
    parser.add_argument("--only", default="*", help="names of the files to take, '*_theo_*' say")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--gap", type=float, default=4.0, help="seconds between two sounds, on average")
    parser.add_argument("--others", type=float, default=0.5, help="share of the sounds that are no word")
    parser.add_argument("--clips", type=Path, help="a folder to write a data set to")
    parser.add_argument("--copies", type=int, default=2, help="clips of each word")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    words, rate = read_words(given.recordings, given.only)
    for number, (label, clip) in enumerate(clips(words, rate, given.copies, rng) if given.clips else ()):
        (given.clips / label).mkdir(parents=True, exist_ok=True)
        write_wav(given.clips / label / f"{number:05}.wav", clip, rate)
    sound, events = recording(words, rate, given.minutes * 60, given.gap, given.others, rng)
    write_wav(given.output, sound, rate)
    given.output.with_suffix(".json").write_text(json.dumps({"events": events}, indent=1) + "\n")
    print(f"{len(events)} events in {given.minutes:g} minutes at {rate} Hz: {given.output}")


def read_words(folder: Path, only: str) -> tuple[list[tuple[str, Sound]], int]:
    """Labels and sounds, all equally loud, and their one sample rate."""
    found, rates = [], set()
    for file in sorted(folder.glob("*/*.wav")):
        if fnmatch(file.stem, only):
            samples, rate = read_wav(file)
            loud = np.sqrt(np.mean(samples**2))
            found.append((file.parent.name, samples * 10 ** (WORD_DB / 20) / max(loud, 1e-9)))
            rates.add(rate)
    if len(rates) != 1:
        raise SystemExit(f"{folder}: {len(found)} recordings of {sorted(rates)} Hz; one rate is needed")
    return found, rates.pop()


def recording(
    words: list[tuple[str, Sound]],
    rate: int,
    seconds: float,
    gap: float,
    others: float,
    rng: np.random.Generator,
) -> tuple[Sound, list[dict[str, object]]]:
    """Words and others in noise, and where the words are."""
    sound, events = noise(round(seconds * rate), rate, rng), []
    at = round(rate * (1.0 + rng.exponential(gap)))
    while True:
        label, samples = words[rng.integers(len(words))]
        if at + len(samples) > len(sound):
            return sound, events
        samples = samples * 10 ** (rng.uniform(-6, 6) / 20)
        if rng.uniform() < others:
            samples = samples[::-1]
        else:
            start, end = at / rate, (at + len(samples)) / rate
            events.append({"start": round(start, 4), "end": round(end, 4), "label": label})
        sound[at : at + len(samples)] += samples
        at += len(samples) + round(rate * (0.5 + rng.exponential(gap - 0.5)))


def clips(
    words: list[tuple[str, Sound]], rate: int, copies: int, rng: np.random.Generator
) -> Iterator[tuple[str, Sound]]:
    """Each word anywhere in noise; for every fourth one, as much noise alone and backwards speech."""
    samples = round(CLIP_S * rate)
    for number, (label, word) in enumerate(words * copies):
        yield label, placed(word[:samples], noise(samples, rate, rng), rng)
        if number % 4 == 0:
            yield NONE, noise(samples, rate, rng)
        elif number % 4 == 1:
            yield NONE, placed(word[::-1][:samples], noise(samples, rate, rng), rng)


def placed(piece: Sound, clip: Sound, rng: np.random.Generator) -> Sound:
    """The piece somewhere in the clip, louder or softer."""
    start = rng.integers(len(clip) - len(piece) + 1)
    clip[start : start + len(piece)] += piece * 10 ** (rng.uniform(-6, 6) / 20)
    return clip


def noise(samples: int, rate: int, rng: np.random.Generator) -> Sound:
    """Pink noise whose loudness wanders."""
    spectrum = np.fft.rfft(rng.normal(size=samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    pink = np.fft.irfft(spectrum, samples)
    knots = max(2, round(samples / rate / WANDER_S) + 1)
    level = np.interp(np.linspace(0, knots - 1, samples), np.arange(knots), rng.uniform(*NOISE_DB, knots))
    return np.asarray(pink / pink.std() * 10 ** (level / 20))


def write_wav(path: Path, samples: Sound, rate: int) -> None:
    """One channel of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(in_16_bits(samples).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
