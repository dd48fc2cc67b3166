"""From samples to answers, word by word and in long recordings: `python benchmarks/spoken.py RECORDINGS`.

RECORDINGS has a subfolder of .wav files per digit, named after their speakers (the Free Spoken Digit Dataset,
CC BY-SA 4.0). Each speaker in turn is left out: a small net is trained on the others, alone and in noise,
converted to int8 and told frame by frame. It answers to the left-out speaker's recordings as a float net on
float features, as the int8 net on windows under TensorFlow Lite Micro on fixed features of numpy, and as
generated C from samples to answers on an emulated NUCLEO-L4R5ZI; the last two must agree. Then it listens to
20 minutes of the others, from which its thresholds are chosen, and to 20 minutes of the left-out speaker,
which judge them. Prints Markdown and writes spoken.json; half an hour.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import tensorflow as tf

from tinyml_compress import __version__, data
from tinyml_compress.data import DataSet
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.evaluate.recording import listen
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.pipeline.stream import stream
from tinyml_compress.results import Listening, encoded
from tinyml_compress.support import files

HERE = Path(__file__).parent
BOARD = "nucleo-l4r5zi"
EPOCHS = 12
MINUTES = 20
DESCRIPTION = """path = "set"
[audio]
sample-rate = 8000
features = "mfcc"
arithmetic = "{arithmetic}"
window-ms = 30
hop-ms = 20
[values]
mean = "train"
std = "train"
"""


@dataclass(frozen=True)
class Listened:
    """A long recording."""

    seconds: float
    events: int
    missed: int
    false_accepts: int
    per_hour: float


@dataclass(frozen=True)
class Row:
    """A speaker whom the net never heard."""

    speaker: str
    recordings: int
    floats: float
    """Accuracy of the float net on float features."""
    windows: float
    """Of the int8 net on windows, fixed features of numpy."""
    board: float
    """Of generated C on the board, frame by frame from samples."""
    interval: tuple[float, float]
    """95%, of the last."""
    same: bool
    """All scores of the last two are equal."""
    chosen: Listened
    judged: Listened


def main() -> int:
    """Train, tell, answer, listen."""
    recordings = Path(sys.argv[1])
    speakers = sorted({file.stem.split("_")[0] for file in recordings.glob("*/*.wav")})
    rows = []
    for speaker in speakers:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measured(recordings, speaker, Path(folder)))
        print(asdict(rows[-1]), file=sys.stderr)
    shown(rows)
    document = {"tool": __version__, "date": str(date.today()), "board": BOARD, "epochs": EPOCHS}
    document["rows"] = [asdict(row) for row in rows]
    files.write_text(HERE / "spoken.json", json.dumps(document, indent=1) + "\n")
    return 0


def measured(recordings: Path, speaker: str, folder: Path) -> Row:
    """One speaker left out."""
    others = folder / "others"
    for file in sorted(recordings.glob("*/*.wav")):
        unseen = file.stem.split("_")[0] == speaker
        for place in (folder / "set" / "test",) if unseen else (others, folder / "set" / "train"):
            (place / file.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place / file.parent.name)
    long_recording(others, folder / "choose.wav", "--clips", str(folder / "set" / "train"))
    long_recording(folder / "set" / "test", folder / "judge.wav", "--seed", "1")
    for arithmetic in ("fixed", "float"):
        files.write_text(folder / f"{arithmetic}.toml", DESCRIPTION.format(arithmetic=arithmetic))
    train, test = (data.load(folder / f"fixed.toml:{part}") for part in ("train", "test"))
    trained(train).save(folder / "digits.keras")
    window = convert(folder / "digits.keras", train, output=folder / "int8").path
    told = folder / "int8" / "told.tflite"
    stream(window, output=told)
    # both answers are int8 in steps of the same size, so that equal numbers are equal bytes
    floats, windows = (
        evaluate(file, one, engine=engine)
        for file, one, engine in (
            (folder / "digits.keras", data.load(folder / "float.toml:test"), "keras"),
            (window, test, "tflm"),
        )
    )
    board = evaluate(told, test, target=BOARD, against=window, against_engine="tflm")
    described = str(folder / "fixed.toml:train")
    chosen = listen(told, folder / "choose.wav", folder / "choose.json", data=described)
    files.write_text(folder / "chosen.json", json.dumps(encoded(chosen)))
    judged = listen(
        told, folder / "judge.wav", folder / "judge.json", data=described, trigger=folder / "chosen.json"
    )
    assert board.score is not None
    assert board.score.interval is not None
    assert board.agreement is not None
    return Row(
        speaker,
        test.count,
        *(one.score.value for one in (floats, windows, board) if one.score is not None),
        board.score.interval,
        board.agreement.max_difference == 0,
        *map(listened, (chosen, judged)),
    )


def long_recording(recordings: Path, output: Path, *more: str) -> None:
    """A long recording of some recordings."""
    program = HERE.parent / "examples" / "long_recording.py"
    words = [sys.executable, str(program), str(recordings), "-o", str(output), "--minutes", str(MINUTES)]
    subprocess.run([*words, *more], check=True)


def trained(train: DataSet) -> tf.keras.Model:
    """A small net along time, whose convolutions see no border: it can be told frame by frame."""
    tf.keras.utils.set_random_seed(1)
    layers = tf.keras.layers
    blocks = [
        part
        for _ in range(3)
        for part in (
            layers.DepthwiseConv2D((5, 1), use_bias=False),
            layers.Conv2D(32, 1, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
        )
    ]
    net = tf.keras.Sequential(
        [
            layers.Input(train.sample_shape),
            layers.Conv2D(32, (3, train.sample_shape[1]), activation="relu"),
            *blocks,
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(len(train.classes), activation="softmax"),
        ]
    )
    net.compile(tf.keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    net.fit(train.inputs, train.need_labels(), epochs=EPOCHS, batch_size=64, verbose=0)
    return net


def listened(done: Listening) -> Listened:
    """Its sums over all classes."""
    return Listened(done.seconds, done.events, done.missed, done.false_accepts, done.per_hour)


def shown(rows: list[Row]) -> None:
    """Both tables."""
    table(
        ("unseen speaker", "float", "fixed in numpy, int8", "samples to answers on the board", "equal"),
        [
            (
                row.speaker,
                f"{row.floats:.1%}",
                f"{row.windows:.1%}",
                f"{row.board:.1%} ({row.interval[0]:.1%} to {row.interval[1]:.1%})",
                "yes" if row.same else "no",
            )
            for row in rows
        ],
    )
    table(
        (
            "unseen speaker",
            "chosen: missed",
            "false accepts per hour",
            "judged: missed",
            "false accepts per hour",
        ),
        [
            (
                row.speaker,
                *(
                    text
                    for one in (row.chosen, row.judged)
                    for text in (f"{one.missed} of {one.events}", f"{one.per_hour:.0f}")
                ),
            )
            for row in rows
        ],
    )


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Markdown."""
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    sys.exit(main())
