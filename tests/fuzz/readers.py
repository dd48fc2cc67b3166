"""Damaged files of every other kind that the tool reads, within bounds of time and memory, as `worker.py` has
them.

`python -m tests.fuzz.readers FIRST COUNT [KIND ...]` prints what did not end as it must, as JSON.
"""

from __future__ import annotations

import copy
import io
import json
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.fuzz.worker import LONGEST_MESSAGE, TooSlow, _too_slow
from tests.report import documents
from tinyml_compress import data, devices
from tinyml_compress.data.findings import check
from tinyml_compress.errors import TinymlError
from tinyml_compress.frontends.preprocessing import AudioForm, Features, ImageForm, Preprocessing, c_header
from tinyml_compress.pipeline.compile.front_end import manifest_preprocessing
from tinyml_compress.pipeline.measure.target import target
from tinyml_compress.rendering.gate import gate_junit, gate_markdown, judge, read_result
from tinyml_compress.rendering.gate_checks import Tolerances
from tinyml_compress.rendering.page import read_document, results_page
from tinyml_compress.results import TargetDetails, encoded
from tinyml_compress.support.files import sha256
from tinyml_compress.support.resources import recipes_folder, targets_folder
from tinyml_compress.support.table_text import blocks_text
from tinyml_compress.techniques import recipe

Rng = np.random.Generator
SECONDS = 10
MEMORY = 1 << 30
"""On top of what the process holds when it starts."""
_LENGTHS = (0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MODEL = b"a model, as far as a manifest is concerned"
_TOKENS = (
    b"0", b"-1", b"1e400", b"-1e-400", b"1" * 30, b"9" * 5000, b"0x" + b"f" * 5000, b"nan", b"NaN", b"-inf",
    b"Infinity", b"true", b"null", b'""', b'"\\u0000"', b'"\\ud800"', b'"\\u001b[2J"', b"'''", b'"""', b"[",
    b"]", b"{", b"}", b"[]", b"{}", b"[[", b"]]", b",", b"=", b":", b"\n", b"\r", b"\t", b"\x00", b"\xff",
    b"\xef\xbb\xbf", b"\\", b"#", b";", b'"', b"[" * 3000, b'{"a":' * 3000, b"a.b.c = 1\n",
    b"1979-05-27T07:32:00Z", b"\xc2\xb2", b"\xd9\xa3", b"1_000", b"2147483648", b"18446744073709551616",
    b"1e308", b"-0.0", b"../../../etc/passwd", b"/dev/zero", b"<script>", b"*/",
)  # fmt: skip
"""What a number, a word or a mark may turn into."""


# --- mutations ----------------------------------------------------------------------------------------------


def damaged(files: Sequence[bytes], rng: Rng) -> bytes:
    """One of the files with a few changes: bytes, lengths, pieces of others, words that mean something to a
    parser.
    """
    content = bytearray(files[int(rng.integers(len(files)))])
    for _ in range(int(rng.choice([1, 1, 1, 2, 3, 5]))):
        kind = rng.random()
        at = int(
            rng.integers(1 + (len(content) if rng.random() < 0.5 else min(64, len(content))))
        )  # heads matter most
        if kind < 0.2 and content:
            content[min(at, len(content) - 1)] ^= 1 << int(rng.integers(8))
        elif kind < 0.3:
            del content[at : at + int(rng.integers(1, 40))]
        elif kind < 0.35:
            del content[at:]
        elif kind < 0.45:
            other = files[int(rng.integers(len(files)))]
            start = int(rng.integers(len(other)))
            content[at:at] = other[start : start + int(rng.integers(1, 200))]
        elif kind < 0.55:
            content[at : at + 4] = int(
                rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0xFFFF])
            ).to_bytes(4, "little")
        else:
            place, end = _word(content, at)
            content[place:end] = _TOKENS[int(rng.integers(len(_TOKENS)))]
    return bytes(content)


_VALUES = (
    "0", "1", "-1", "0.5", "1e300", "-1e-300", "nan", "inf", "9" * 400, "true", '""', '"x"', '"train"',
    '"\\u001b[2J"', "[]", "[[]]", "[1, 2]", "[0.5, 2.0]", '["a"]', "{}", "{a = 1}", "1979-05-27", "65536",
    "4294967296", "'*/'", '"/dev/zero"',
)  # fmt: skip


def retold(files: Sequence[bytes], rng: Rng) -> bytes:
    """A TOML file with a few values of another kind, or of another line, or without a line, or with one
    twice.
    """
    rows = [file.decode().splitlines() for file in files]
    lines = list(rows[int(rng.integers(len(rows)))])
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        at = int(rng.integers(len(lines)))
        key, mark, _ = lines[at].partition(" = ")
        if not mark or rng.random() < 0.15:
            lines[at : at + 1] = lines[at : at + 1] * int(rng.choice([0, 0, 2]))
            continue
        others = [line for row in rows for line in row if line.startswith(key + mark)]
        other = others[int(rng.integers(len(others)))].partition(mark)[2]
        lines[at] = key + mark + (other if rng.random() < 0.3 else _VALUES[int(rng.integers(len(_VALUES)))])
        if not lines:
            break
    return "\n".join(lines).encode()


def _word(content: bytes | bytearray, at: int) -> tuple[int, int]:
    """The run of letters and digits around a place: replaced whole, a number stays a number in its syntax."""
    place = end = at
    while place > 0 and (content[place - 1 : place].isalnum() or content[place - 1 : place] in b"._-"):
        place -= 1
    while end < len(content) and (content[end : end + 1].isalnum() or content[end : end + 1] in b"._-"):
        end += 1
    return place, end


_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, -(2**63), 10**299, 0.5, -0.0, 1e308, 5e-324, "", "x", "\x00",
    "\ud800", "\x1b]8;;http://x\x07", "<script>alert(1)</script>", "</script>", "x" * 5000, [], {}, [[]], [0],
    [1, 2], ["x"],
    {"x": 1}, [None], {"": None},
)  # fmt: skip


def altered(document: Any, rng: Rng) -> bytes:
    """The document with a few values of another kind in it, or without them, as sound JSON."""
    document = json.loads(json.dumps(document))
    for _ in range(int(rng.integers(1, 4))):
        holder = document
        for _ in range(int(rng.integers(1, 7))):
            if not isinstance(holder, (dict, list)) or not holder:
                break
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            key = keys[int(rng.integers(len(keys)))]
            inner = holder[key]
            if rng.random() < 0.3 or not isinstance(inner, (dict, list)) or not inner:
                _replace(holder, key, rng)
                break
            holder = inner
    return json.dumps(document).encode()


def _replace(holder: Any, key: Any, rng: Rng) -> None:
    if rng.random() < 0.25:
        del holder[key]
    elif rng.random() < 0.1 and isinstance(holder, list):
        holder.extend(holder[:1] * 3)
    else:
        holder[key] = copy.deepcopy(_ODD[int(rng.integers(len(_ODD)))])


# --- kinds --------------------------------------------------------------------------------------------------


def _read_all(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*.toml"))]


def _board(folder: Path, content: bytes) -> None:
    (folder / "board.toml").write_bytes(content)
    TargetDetails(device=target("board", folder).details()).summary(80)


def _core(folder: Path, content: bytes) -> None:
    (folder / "cores").mkdir(exist_ok=True)
    (folder / "cores" / "mine.toml").write_bytes(content)
    devices.load_core("mine", folder)


def _recipe(folder: Path, content: bytes) -> None:
    (folder / "a.toml").write_bytes(content)
    found = recipe.read(folder / "a.toml")
    assert recipe.parse(recipe.dump(found), found.name) == found


def _description(folder: Path, content: bytes) -> None:
    _described(folder)
    (folder / "a.toml").write_bytes(content)
    _use(folder / "a.toml")


def _described(folder: Path) -> None:
    if not (folder / "good.csv").exists():
        (folder / "good.csv").write_bytes(_CSV[0])
        (folder / "good.npz").write_bytes(_npz())
        for name, content in (("pictures", _png(3)), ("sounds", _wav(2))):
            (folder / name / "one").mkdir(parents=True)
            (folder / name / "one" / ("a.png" if name == "pictures" else "a.wav")).write_bytes(content)


def _use(spec: Path) -> None:
    found = data.load(str(spec))
    assert np.isfinite(found.inputs).all()
    check(found)
    c_header("m", found.preprocessing)


def _table(folder: Path, content: bytes) -> None:
    (folder / "a.csv").write_bytes(content)
    _use(folder / "a.csv")


def _sound(folder: Path, content: bytes) -> None:
    (folder / "set" / "one").mkdir(parents=True, exist_ok=True)
    (folder / "set" / "one" / "a.wav").write_bytes(content)
    _use(folder / "set")


def _picture(folder: Path, content: bytes) -> None:
    (folder / "set" / "one").mkdir(parents=True, exist_ok=True)
    (folder / "set" / "one" / "a.png").write_bytes(content)
    _use(folder / "set")


def _arrays(folder: Path, content: bytes) -> None:
    name = "a.npz" if content[:1] == b"P" else "a.npy"
    (folder / name).write_bytes(content)
    _use(folder / name)


def _gate(folder: Path, content: bytes) -> None:
    (folder / "a.json").write_bytes(content)
    found = read_result(folder / "a.json")
    for good in (documents.benchmark(), documents.evaluate()):
        for before, after in ((good, found), (found, good), (found, found)):
            try:
                result = judge(before, after, Tolerances())
            except TinymlError:
                continue
            assert all((encoded(result), gate_junit(result), gate_markdown(result)))
            blocks_text(result.blocks(), 80)


def _page(folder: Path, content: bytes) -> None:
    (folder / "a.json").write_bytes(content)
    page = results_page([read_document(folder / "a.json")], names=["a.json"])
    page.encode("utf-8", "backslashreplace")
    body = page.partition("\n<script>")[0]
    assert "<script>alert" not in body


def _manifest(folder: Path, content: bytes) -> None:
    (folder / "m.tflite").write_bytes(_MODEL)
    (folder / "manifest.json").write_bytes(content)
    header = c_header("m", manifest_preprocessing(folder / "m.tflite"))
    assert header.isascii()
    assert header.count("/*") == header.count("*/")


# --- sound files --------------------------------------------------------------------------------------------

_CSV = (
    b"a,b,label\n1,2,cat\n3,4.5,dog\n5,6,cat\n7,8,dog\n",
    b"1;2;3\n4;5;6\n",
    b'"a ""b""",y\n1e3,0\n-2,1\n.5,1\n',
    b"x\tlabel\n1\t0\n2\t1\n",
)
_DESCRIPTIONS = tuple(
    text.encode()
    for text in (
        'path = "good.csv"\ntest-share = 0.5\nseed = 3\n[csv]\nlabel = '
        '"label"\ncolumns = ["a", "b"]\nshape = [2, 1]\n'
        '[values]\nscale = 0.5\nmean = "train"\nstd = "train"\n',
        'path = "good.npz"\ntitle = "A set"\n[values]\nmean = [0.5]\nstd = [2.0]\n',
        'path = "pictures"\n[image]\nheight = 8\nwidth = 6\nchannels = 1\n[values]\nscale = 0.00392\n',
        'path = "sounds"\n[audio]\nsample-rate = 16000\nseconds = 0.1\nfeatures = "log-mel"\nwindow-ms = 20\n'
        "hop-ms = 10\nmel-bands = 12\ncoefficients = 8\nlow-hz = 40\nhigh-hz = 6000\n",
    )
)


def _png(channels: int) -> bytes:
    pixels = np.arange(7 * 5 * channels, dtype=np.uint8).reshape(5, 7, channels)
    stream = io.BytesIO()
    Image.fromarray(pixels if channels > 1 else pixels[:, :, 0]).save(stream, "PNG")
    return stream.getvalue()


def _wav(width: int) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, width, 16000, 0, "NONE", ""))
        file.writeframes(bytes(range(256)) * 8 * width)
    return stream.getvalue()


def _npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, inputs=np.arange(24.0, dtype=np.float32).reshape(4, 6), labels=np.arange(4) % 2)
    return stream.getvalue()


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(24.0).reshape(4, 6))
    return stream.getvalue()


def _compressed() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.zeros((4, 50)), y=np.arange(4))
    return stream.getvalue()


def _manifests() -> list[Any]:
    forms = (
        Preprocessing(scale=1 / 255, mean=(0.5, 0.25), std=(2.0, 4.0), image=ImageForm(32, 32, 3)),
        Preprocessing(audio=AudioForm(16000, 16000, Features.LOG_MEL, 480, 320, 512, 40, 10, 20.0, 4000.0)),
    )
    return [{"files": {"m.tflite": sha256(_MODEL)}, "preprocessing": form.as_json()} for form in forms]


Kind = tuple[Callable[[], Sequence[Any]], Callable[[Path, bytes], None]]
KINDS: dict[str, Kind] = {
    "board": (lambda: _read_all(targets_folder()), _board),
    "core": (lambda: _read_all(targets_folder() / "cores"), _core),
    "recipe": (lambda: _read_all(recipes_folder()), _recipe),
    "description": (lambda: _DESCRIPTIONS, _description),
    "table": (lambda: _CSV, _table),
    "sound": (lambda: [_wav(width) for width in (1, 2, 3, 4)], _sound),
    "picture": (lambda: [_png(channels) for channels in (1, 3, 4)], _picture),
    "arrays": (lambda: [_npz(), _npy(), _compressed()], _arrays),
    "gate": (lambda: [documents.benchmark(4, 2), documents.evaluate()], _gate),
    "page": (lambda: [make() for make in documents.ALL.values()], _page),
    "manifest": (_manifests, _manifest),
}


def one(files: Sequence[Any], rng: Rng) -> bytes:
    """A damaged file; of documents, half as text and half as sound JSON of another form."""
    if isinstance(files[0], bytes):
        return retold(files, rng) if b" = " in files[0] and rng.random() < 0.6 else damaged(files, rng)
    if rng.random() < 0.5:
        return damaged([json.dumps(files[int(rng.integers(len(files)))]).encode()], rng)
    return altered(files[int(rng.integers(len(files)))], rng)


def attempt(reader: Callable[[Path, bytes], None], folder: Path, content: bytes) -> str:
    """`read`, or which error of ours it ended in. All else is raised."""
    try:
        reader(folder, content)
        return "read"
    except TinymlError as error:
        if len(str(error)) > LONGEST_MESSAGE:
            raise AssertionError(f"a message of {len(str(error))} characters: {str(error)[:200]}") from error
        return type(error).__name__


def main(first: int, count: int, kinds: Sequence[str]) -> None:
    warnings.simplefilter("error")
    results_page([documents.evaluate()], names=["a"])  # the chart library is bundled once, and costs memory
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY, in_use + MEMORY))
    signal.signal(signal.SIGALRM, _too_slow)
    report: dict[str, dict[str, int]] = {}
    failures: list[dict[str, object]] = []
    for kind in kinds:
        files, reader = KINDS[kind]
        made = files()
        folder = Path(tempfile.mkdtemp())
        ends = report[kind] = {}
        for content in made:  # a fuzzer that only ever meets the first check proves nothing
            sound = content if isinstance(content, bytes) else json.dumps(content).encode()
            assert attempt(reader, folder, sound) == "read", f"{kind}: the sound files must be read"
        for seed in range(first, first + count):
            content = one(made, np.random.default_rng([seed, *kind.encode()]))
            started = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                end = attempt(reader, folder, content)
            except (Exception, TooSlow) as error:
                end = "FAILED"
                kept = Path("build") / "fuzz" / f"{kind}-{seed}"
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(content)
                where = "; ".join(
                    f"{at.filename}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)[-3:]
                )
                failures.append(
                    {
                        "kind": kind,
                        "seed": seed,
                        "found": f"{type(error).__name__}: {str(error)[:300]}",
                        "at": where,
                    }
                )
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            ends[end] = ends.get(end, 0) + 1
            ends["slowest ms"] = max(ends.get("slowest ms", 0), round(1000 * (time.monotonic() - started)))
        shutil.rmtree(folder)
    print(json.dumps({"ends": report, "failures": failures}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or list(KINDS))
