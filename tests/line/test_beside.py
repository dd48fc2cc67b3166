"""What `measure` has beside the line: a power meter's file, gates, ports, probes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyml_compress.errors import DataError, MissingDependency, ProcessError, UsageError
from tinyml_compress.line import serial_ports
from tinyml_compress.pipeline.board.energy import energy
from tinyml_compress.pipeline.board.probes import flash, probes
from tinyml_compress.pipeline.diagnosis import diagnose
from tinyml_compress.rendering.gate import gate
from tinyml_compress.results import Benchmark, Figure, Kind, Measurement, ModelFacts, Window, encoded

WINDOWS = tuple(Window(inferences=100, seconds=1.0, began=1.2 * number) for number in range(5))
IDLE, BUSY = 0.01, 0.05


def trace(first: float, *, pin: bool) -> str:
    """Fifty samples a second from two seconds before the windows; the first begins at `first` + 2."""
    lines = ["seconds,watts,pin" if pin else "seconds,watts"]
    for place in np.arange(0, 10, 0.02):
        since = place - 2
        within = any(one.began <= since < one.began + one.seconds for one in WINDOWS)
        edges = [edge for one in WINDOWS for edge in (one.began, one.began + one.seconds)]
        low = any(0 <= since - edge < 0.02 for edge in edges)
        line = f"{first + place:.3f},{BUSY if within else IDLE}"
        lines.append(f"{line},{0 if low else 1}" if pin else line)
    return "\n".join(lines)


@pytest.mark.parametrize("pin", [True, False])
@pytest.mark.parametrize("first", [0.0, 5e3])
def test_energy_of_an_inference(tmp_path: Path, first: float, pin: bool) -> None:
    file = tmp_path / "power.csv"
    file.write_text(trace(first, pin=pin))
    figure = energy(file, WINDOWS)
    assert (figure.name, figure.kind) == ("mJ", Kind.MEASURED)
    assert figure.value == pytest.approx(1e3 * BUSY * 1.0 / 100, rel=0.03)
    assert figure.about is not None
    assert figure.about["windows by"] == ("pin" if pin else "power")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "not a power meter's file"),
        ("seconds,watts\n0,1\n0,2\n", "not a power meter's file"),
        ("0,1\n1,x\n", "not a power meter's file"),
        ("0,1\n1,nan\n", "not a power meter's file"),
        ("0,1\n1,1,0\n", "not a power meter's file"),
        ("0,1\n1,1\n", "shorter than the windows"),
        ("".join(f"{place},0.05\n" for place in range(60)), "does not show where"),
        ("".join(f"{place},0.05,{place % 2}\n" for place in range(60)), "marks are not those"),
    ],
)
def test_a_file_that_does_not_tell(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "power.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=what):
        energy(file, WINDOWS)


def measured(tmp_path: Path, ms: float, error: float) -> Path:
    figure = Figure(name="ms", value=ms, unit="ms", kind=Kind.MEASURED, error=error)
    run = Measurement(device="ttyACM0", engine="aot", fits=True, figures=(figure,))
    facts = ModelFacts(name="kws", source="kws.tflite", sha256="0" * 64, nbytes=1000)
    path = tmp_path / f"{ms}.json"
    path.write_text(json.dumps(encoded(Benchmark(model=facts, input_kind="pattern", runs=(run,)))))
    return path


@pytest.mark.parametrize(("now", "passes"), [(9.0, True), (10.25, True), (10.5, False)])
def test_a_gate_holds_measured_time(tmp_path: Path, now: float, passes: bool) -> None:
    """1% by default, and a hundredth of spread on both sides."""
    before, after = measured(tmp_path, 10.0, 0.01), measured(tmp_path, now, 0.01)
    result = gate(before, after)
    assert result.passed is passes
    assert [check.metric.value for check in result.checks].count("ms") == 1
    assert gate(before, after, tolerance=["ms=10%"]).passed


def test_ports_are_listed_with_their_names(tmp_path: Path) -> None:
    for name in ("ttyACM1", "ttyUSB0", "ttyS0"):
        (tmp_path / name).touch()
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    (by_id / "usb-STMicro-if02").symlink_to("../ttyACM1")
    assert serial_ports(tmp_path, by_id) == (
        (str(tmp_path / "ttyACM1"), "usb-STMicro-if02"),
        (str(tmp_path / "ttyUSB0"), ""),
    )


def _pyocd(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "pyocd"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_probes_are_those_of_pyocd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"boards": [{"unique_id": "066BFF", "info": "STM32 STLink"}]})
    _pyocd(tmp_path, monkeypatch, f"echo '{said}'")
    assert probes() == (("066BFF", "STM32 STLink"),)
    assert "066BFF" in diagnose().summary()
    _pyocd(tmp_path, monkeypatch, "echo nonsense")
    assert probes() == ()


def test_flashing_is_pyocds_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tmp_path / "firmware.elf"
    with pytest.raises(UsageError, match="no such firmware"):
        flash(image)
    image.touch()
    _pyocd(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/said')
    flash(image)
    assert (tmp_path / "said").read_text() == f"flash --no-wait {image}\n"
    _pyocd(tmp_path, monkeypatch, "echo no probe >&2; exit 1")
    with pytest.raises(ProcessError):
        flash(image)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "empty" / "python"))
    with pytest.raises(MissingDependency, match="pyOCD"):
        flash(image)
