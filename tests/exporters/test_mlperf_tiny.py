"""`export --format mlperf-tiny`: the device answers the protocol, and what is no protocol does it no harm.

The speaker is our own; the words are those of the runner and the firmware in github.com/mlcommons/tiny.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.frontends.test_made import model as audio_model
from tests.lib.bundles import CAREFUL, exported, host_compiler
from tests.lib.graphs import const, single, tensor
from tests.lib.nets import NETS
from tests.lib.stateful_nets import STREAMING
from tinyml_compress.errors import UsageError
from tinyml_compress.frontend import read, write
from tinyml_compress.ops.add.op import OPERATOR as ADD
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.export.verb import export
from tinyml_compress.runners import native, toolchain
from tinyml_compress.support import proc
from tinyml_compress.support.files import sha256

SANITIZED = (*CAREFUL, "-fsanitize=undefined", "-fno-sanitize-recover=undefined")
_HEX = 31
"""Bytes that the runner sends with a command."""


def device(folder: Path) -> Path:
    """The device, built for this host, which speaks on standard input and output."""
    sources = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".c", ".h")}
    main = sources["main.c"].replace("int main(", HEAR).replace("NULL, NULL, NULL}", "NULL, line_hear, NULL}")
    sources["main.c"] = main
    return toolchain.executable(sources, flags=SANITIZED)


HEAR = """static int line_hear(void *context, int16_t *samples, size_t count) {
    static uint32_t seed = 1u;
    (void)context;
    seed = seed * 1103515245u + 12345u;
    if (seed >> 28 != 0u) {
        return 0; /* there is a character */
    }
    for (size_t i = 0; i < count; i++) {
        samples[i] = (int16_t)(seed >> (i % 16u));
    }
    return 1;
}

int main("""
"""A microphone with samples for every sixteenth question."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a front end, so that the device listens."""
    place = tmp_path_factory.mktemp("line")
    out = export(audio_model(place), output=place / "out", format="mlperf-tiny", name="kws", isa="c")
    return out.folder


@pytest.fixture(scope="module")
def keyword(folder: Path) -> Path:
    return device(folder)


def sent_to(program: Path, text: bytes) -> tuple[int, str, str]:
    done = subprocess.run([program], input=text, capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout.decode("ascii"), done.stderr.decode()


def said(program: Path, text: str) -> list[str]:
    """The answers to all that is sent, the two lines of the start left out."""
    code, answer, complaints = sent_to(program, text.encode())
    assert (code, complaints) == (0, "")
    lines = answer.split("\r\n")
    assert lines[:2] == ["m-init-done", "m-ready"]
    assert lines[-1] == ""
    return lines[2:-1]


def loads(data: bytes) -> str:
    pieces = (data[start : start + _HEX].hex() for start in range(0, len(data), _HEX))
    return "".join((f"db load {len(data)}%", *(f"db {piece}%" for piece in pieces)))


def results(lines: list[str]) -> list[list[float]]:
    found = (re.fullmatch(r"m-results-\[([^]]+)]", line) for line in lines)
    return [[float(word) for word in match[1].split(",")] for match in found if match]


def test_it_names_itself_and_its_model(folder: Path, keyword: Path) -> None:
    digest = sha256((folder.parent / "kws.tflite").read_bytes())
    assert said(keyword, "name%\r\nprofile%") == [
        "m-name-dut-[tinyml_compress]",
        "m-ready",
        "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        "m-model-[kws]",
        f"m-sha256-[{digest}]",
        "m-input-[stored]",
        "m-ready",
    ]


def test_it_gives_what_the_model_gives(keyword: Path) -> None:
    """Accuracy as the runner takes it: samples over the line, real numbers back."""
    file = NETS["keyword"]()
    (model,) = native.load([compile_model(file, "kws")])
    output = read(file, "kws").tensors[read(file, "kws").outputs[0]]
    assert output.quant is not None
    rng = np.random.default_rng(3)
    samples = rng.integers(-128, 128, (12, 1, 13, 6, 1), np.int8)
    lines = said(keyword, "".join(loads(sample.tobytes()) + "infer 1 0%" for sample in samples))
    expected = [
        (np.ravel(model.invoke([sample])[0]).astype(float) - output.quant.zero_point) * output.quant.scale
        for sample in samples
    ]
    assert np.allclose(results(lines), expected, atol=5.1e-4)
    assert len({tuple(row) for row in results(lines)}) > 6, "the samples tell nothing apart"
    assert lines.count("m-load-done") == len(samples)
    stored = np.ravel(model.invoke([samples[-1]])[0]).tobytes()
    last = said(keyword, loads(samples[-1].tobytes()) + "infer 1 0%output%")
    assert last[-2] == f"m-output-[{stored.hex()}]"


def test_an_inference_is_timed_between_two_timestamps(keyword: Path) -> None:
    lines = said(keyword, "infer 3 2%")
    assert [re.sub(r"[0-9]+$", "N", line) for line in lines[:6]] == [
        "m-warmup-start-N",
        "m-warmup-done",
        "m-infer-start-N",
        "m-lap-us-N",
        "m-lap-us-N",
        "m-infer-done",
    ]
    assert (lines[0], lines[2]) == ("m-warmup-start-2", "m-infer-start-3")
    first, second = (int(line.rpartition("-")[2]) for line in lines[3:5])
    assert second >= first
    assert said(keyword, "infer%")[0] == "m-warmup-start-10"
    assert results(said(keyword, "infer 1 0%results%")) == 2 * results(said(keyword, "infer 1 0%"))


def test_the_self_test_has_a_command(folder: Path, keyword: Path) -> None:
    assert said(keyword, "selftest%") == ["m-selftest-vectors-6-of-6", "m-selftest-[passed]", "m-ready"]
    header = folder / "kws_test_vectors.h"
    good = header.read_text()
    *_, last = re.finditer(r"0x([0-9a-f]{2})", good)
    header.write_text(f"{good[: last.start()]}0x{int(last[1], 16) ^ 1:02x}{good[last.end() :]}")
    try:
        assert said(device(folder), "selftest%")[1] == "e-[selftest failed]"
    finally:
        header.write_text(good)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("fly 3", "e-[Unknown command: fly]"),
        ("db", "e-[Command 'db' requires a subcommand]"),
        ("db load", "e-[Command 'db load' takes a number of bytes above 0]"),
        ("db load 0", "e-[Command 'db load' takes a number of bytes above 0]"),
        ("db load -4", "e-[Command 'db load' takes a number of bytes above 0]"),
        ("db load 4x", "e-[Command 'db load' takes a number of bytes above 0]"),
        ("db load 79", "e-[Command 'db load' is for at most 78 bytes]"),
        ("db load 99999999999999", "e-[Command 'db load' takes a number of bytes above 0]"),
        ("db 00", "e-[Command 'db load' comes before bytes]"),
        ("infer 0", "e-[Inference iterations must be >0]"),
        ("infer 1 -1", "e-[Inference warmup must be >=0]"),
        ("x" * 97, "e-[A command has at most 96 characters]"),
    ],
)
def test_what_it_cannot_do_is_said_and_it_goes_on(keyword: Path, command: str, answer: str) -> None:
    assert said(keyword, f"{command}%name%") == [
        answer,
        "m-ready",
        "m-name-dut-[tinyml_compress]",
        "m-ready",
    ]


def test_half_a_line_and_bad_digits_are_no_bytes(keyword: Path) -> None:
    lines = said(keyword, "db load 4%db 010%db 0g00%db 01020304%db 05%db print%")
    assert [line for line in lines if line != "m-ready"] == [
        "m-[Expecting 4 bytes]",
        "e-[Insufficent number of hex digits]",
        "e-[Invalid hex digit]",
        "m-load-done",
        "e-[Command 'db load' comes before bytes]",
        "m-buffer-01-02-03-04",
    ]


def test_it_listens_between_start_and_stop(keyword: Path) -> None:
    """Out of order too, and meanwhile nothing else that needs the model's memory; it tells what it kept."""
    lines = said(keyword, "stop%start%start%infer%name%" + 16_000 * "\n" + "stop%stop%results%")
    assert lines[:2] == ["m-[Not listening]", "m-ready"]
    assert [re.sub(r"[0-9]+$", "N", line) for line in lines[2:5]] == [
        "m-listening-hz-N",
        "m-lap-us-N",
        "m-ready",
    ]
    assert lines[5:9] == 2 * ["e-[The device listens: stop comes first]", "m-ready"]
    steps = int(next(line for line in lines if line.startswith("m-listened")).rpartition("-")[2])
    assert steps > 600
    told = "".join(lines[lines.index("target activations: ") + 1 : lines.index("m-[Not listening]", 3)])
    assert len(told.removesuffix("m-ready").strip("[]").split(",")) == 512
    assert lines[-3] == "m-ready"
    assert lines[-2].startswith("m-results-[")


def test_garbage_on_the_line_does_no_harm(keyword: Path) -> None:
    """Under a sanitizer; every command gets its ready, and afterwards the device still answers."""
    rng = np.random.default_rng(0)
    words = [b"db", b"load", b"infer", b" ", b"%", b"78", b"00" * 40, b"name", b"\xff", b"\0", b"\n", b"1 1"]
    words += [b"%start%", b"stop", b"start"]
    noise = b"".join(words[place] for place in rng.integers(0, len(words), 6_000))
    sent = noise.replace(b"infer78", b"infer1").replace(b"78" * 3, b"7") + b"%name%"
    code, answer, complaints = sent_to(keyword, sent)
    assert (code, complaints) == (0, "")
    assert answer.count("m-ready\r\n") == sent.count(b"%") + 1
    assert answer.endswith("m-name-dut-[tinyml_compress]\r\nm-ready\r\n")


@pytest.mark.parametrize(("name", "form"), [("ic01", "PIXELS"), ("ad01", "FLOATS"), ("kws01", "STORED")])
def test_the_runners_words_choose_what_comes_over_the_line(tmp_path: Path, name: str, form: str) -> None:
    """Pixels are unsigned, sounds are float32: an input that is its own output answers with both forms."""
    quant = tensor("x", (1, 4), scale=0.5, zero_point=-3)
    zero = const("zero", np.full((1, 4), -3, np.int8), scale=0.5, zero_point=-3)
    graph = single(ADD.name, [quant, zero], tensor("y", (1, 4), scale=0.5, zero_point=-3), ADD.attrs_type())
    out = exported(tmp_path, "mlperf-tiny", net=write(graph), name=name).folder
    assert f"_MLPERF_INPUT {name.upper()}_MLPERF_{form}" in (out / f"{name}_mlperf.h").read_text()
    stored = np.array([-3, -1, 20, 101], np.int8)
    real = (stored.astype(np.float32) + 3) / 2
    sent = {"PIXELS": (stored.astype(int) + 128).astype(np.uint8), "FLOATS": real + 0.2, "STORED": stored}
    (row,) = results(said(device(out), loads(sent[form].tobytes()) + "infer 1 0%"))
    assert row == ([pytest.approx(0.04, abs=1e-3)] if form == "FLOATS" else real.tolist())


def test_what_a_net_remembers_begins_anew_at_each_measurement(tmp_path: Path) -> None:
    program = device(exported(tmp_path, "mlperf-tiny", net=STREAMING["svdf"]()).folder)
    once = results(said(program, "infer 2 0%"))
    assert results(said(program, "infer 2 7%infer 2 1%")) == 2 * once
    assert results(said(program, "infer 9 0%forget%step%step%results%"))[1:] == once
    assert said(program, "forget%step%") == ["m-forgotten", "m-ready", "m-step-[done]", "m-ready"]
    assert said(program, "start%") == ["e-[Unknown command: start]", "m-ready"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_make_builds_it_with_what_the_readme_says(folder: Path) -> None:
    proc.run(["make"], timeout=120, what="make", cwd=folder, env=host_compiler())
    assert said(folder / "kws_device", "name%")[0] == "m-name-dut-[tinyml_compress]"
    assert "kws_mlperf.c" in (folder / "README.md").read_text()


def test_what_the_protocol_cannot_carry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one input and takes one output"):
        exported(tmp_path, "mlperf-tiny", engine="tflm")
    ports = [tensor(name, (1, 4), scale=0.5) for name in "aby"]
    two = single(ADD.name, ports[:2], ports[2], ADD.attrs_type())
    with pytest.raises(UsageError, match="2 inputs"):
        exported(tmp_path, "mlperf-tiny", net=write(two))
