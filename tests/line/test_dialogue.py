"""What comes over a line may be anything: each fault of a board or a cable ends in one error that helps."""

from __future__ import annotations

import os
import re
import sys
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.lib.boards import Speaker, speaking, terminal, words
from tinyml_compress.errors import LineError, MissingDependency, UsageError
from tinyml_compress.line import Channel, Dialogue, LineBoard, channel, dialogue, open_channel
from tinyml_compress.pipeline.board.connection import connected

SHA = "ab" * 32
PROFILE = ("m-profile-[Firmware]", "m-model-[kws]", f"m-sha256-[{SHA}]", "m-input-[stored]")


def good(command: str) -> bytes:
    """A device without a fault."""
    first = command.split(" ")[0]
    known = {
        "": words(),
        "name": words("m-name-dut-[maker]"),
        "profile": words(*PROFILE),
        "selftest": words("m-selftest-vectors-6-of-6", "m-selftest-[passed]"),
        "infer": words("m-infer-start-1", "m-lap-us-10", "m-lap-us-4010", "m-infer-done"),
        "output": words("m-output-[0102]"),
        "db": words("m-load-done"),
        "forget": words("m-forgotten"),
        "step": words("m-step-[done]"),
    }
    return known.get(first, words(f"e-[Unknown command: {first}]"))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here as long as for a board that boots."""
    monkeypatch.setattr(dialogue, "_WAKE_S", 0.05)
    monkeypatch.setattr(dialogue, "_WAKE_TRIES", 3)
    monkeypatch.setattr(dialogue, "_QUIET_S", 0.005)


class Sometimes:
    """A fault that strikes a command so many times."""

    def __init__(self, command: str, times: int, fault: Callable[[bytes], bytes]) -> None:
        self.command, self.times, self.fault = command, times, fault

    def __call__(self, command: str) -> bytes:
        answer = good(command)
        if command.startswith(self.command) and self.times:
            self.times -= 1
            return self.fault(answer)
        return answer


FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda answer: b"",
    "half a line": lambda answer: answer[: len(answer) // 2],
    "garbage before": lambda answer: b"\x00\xffnoise\r\n" + answer,
    "a reset": lambda answer: b"m-init-done\r\nm-ready\r\n",
    "a lost character": lambda answer: answer.replace(b"-", b"", 1).replace(b"[", b"", 1),
    "a refusal": lambda answer: words("e-[Unknown command: pofile]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_lost_once_is_asked_for_again(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue.Dialogue.ask, "__defaults__", (0.1,))
    with speaking(Sometimes("output", 1, FAULTS[fault])) as port, connected(port, 115200) as board:
        assert board.answer(b"\x01\x02", 0.5) == b"\x01\x02"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sequence_that_breaks_begins_anew(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A net that remembers would take a step twice."""
    monkeypatch.setattr(dialogue.Dialogue.ask, "__defaults__", (0.1,))
    told: list[str] = []

    def speaker(command: str) -> bytes:
        told.append(command.partition(" ")[0])
        is_struck = told.count("step") == 2 and command == "step"
        return FAULTS[fault](good(command)) if is_struck else good(command)

    with speaking(speaker) as port, connected(port, 115200) as board:
        assert board.answers([b"\x01", b"\x02", b"\x03"], 0.1) == 3 * [b"\x01\x02"]
    last = len(told) - 1 - told[::-1].index("forget")
    assert told[last:].count("step") == 3
    assert told.count("forget") == (1 if fault == "garbage before" else 2)


def _reset(answer: bytes) -> bytes:
    return b"m-init-done\r\nm-ready\r\n"


@pytest.mark.parametrize(
    ("fault", "what", "next_step"),
    [
        (lambda answer: b"", "does not answer", "Press reset"),
        (lambda answer: answer[:9], "stops in the middle", "cable"),
        (lambda answer: bytes(range(128, 228)), "not MLPerf Tiny's protocol", "--baud 115200"),
        (_reset, "began anew", "watchdog"),
        (lambda answer: words("e-[no]"), "refuses a command", "flash what"),
        (lambda answer: words("m-lap-us-7"), "another form", "flash what"),
        (lambda answer: words(*["m-x"] * 10_002), "not MLPerf Tiny's protocol", "port"),
    ],
)
def test_what_stays_wrong_is_one_error(fault: Callable[[bytes], bytes], what: str, next_step: str) -> None:
    with (
        speaking(Sometimes("infer", 99, fault)) as port,
        connected(port, 115200) as board,
        pytest.raises(LineError, match=what) as caught,
    ):
        board.timed(1, 0, 0.1)
    assert next_step in (caught.value.next_step or "")
    assert port in str(caught.value)


@pytest.mark.parametrize(
    ("speaker", "what"),
    [
        (lambda command: b"", "does not answer"),
        (lambda command: bytes([0xF8, 0x80, 0xC0] * 30), "not MLPerf Tiny's protocol"),
        (lambda command: b"login: ", "stops in the middle"),
    ],
)
def test_who_is_no_board_is_told(speaker: Speaker, what: str) -> None:
    with speaking(speaker) as port, pytest.raises(LineError, match=what), connected(port, 115200):
        pass


def test_a_firmware_that_does_not_say_its_model_is_none_of_ours() -> None:
    def reference(command: str) -> bytes:
        return words("m-profile-[ULPMark]", "m-model-[kws01]") if command == "profile" else good(command)

    with (
        speaking(reference) as port,
        connected(port, 115200) as board,
        pytest.raises(LineError, match="does not say which model"),
    ):
        board.identity()


def test_a_port_that_vanishes_is_not_asked_again() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    line = Dialogue(open_channel(os.ttyname(slave), 115200), 115200)
    os.close(slave)
    os.write(master, b"m-ready\r\n")
    line.start()
    os.close(master)
    with pytest.raises(LineError, match="vanished") as caught:
        LineBoard(line).identity()
    line.channel.close()
    assert "cable" in (caught.value.next_step or "")


def test_ports_that_do_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    for port, what in ((str(tmp_path / "none"), "No such file"), (str(file), "ioctl")):
        with pytest.raises(UsageError) as caught:
            open_channel(port, 115200)
        assert what in str(caught.value)
        assert "doctor" in str(caught.value)
    with terminal() as (_, port):
        with pytest.raises(UsageError, match="not a speed"):
            open_channel(port, 12345)
        first = open_channel(port, 9600)
        with pytest.raises(LineError, match="another program"):
            open_channel(port, 9600)
        first.close()
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(MissingDependency, match="pyserial") as lacking:
        open_channel("socket://localhost:1", 9600)
    assert "pip install" in (lacking.value.next_step or "")


class _Fuzzed(Channel):
    """Answers of a device with bytes lost, doubled, changed and thrown in, in pieces of any size."""

    name = "fuzzed"

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.waiting = rng, b""

    def write(self, data: bytes) -> None:
        for command in data.decode("latin-1").split("%")[:-1]:
            self.waiting += self._spoiled(good(command))

    def _spoiled(self, answer: bytes) -> bytes:
        spoiled = bytearray(answer)
        for _ in range(int(self.rng.integers(0, 3))):
            place = int(self.rng.integers(0, len(spoiled) + 1))
            piece = self.rng.bytes(int(self.rng.integers(0, 6)))
            spoiled[place : place + int(self.rng.integers(0, 6))] = piece
        return bytes(spoiled)

    def read(self, seconds: float) -> bytes:
        size = int(self.rng.integers(1, 40))
        piece, self.waiting = self.waiting[:size], self.waiting[size:]
        return piece

    def close(self) -> None:
        return


def _fuzzed(seed: int) -> Iterator[LineError | None]:
    line = Dialogue(_Fuzzed(np.random.default_rng(seed)), 9600)
    board = LineBoard(line)
    questions: tuple[Callable[[], object], ...] = (
        line.start,
        board.identity,
        lambda: board.self_test(0.001),
        lambda: board.timed(1, 0, 0.001),
        lambda: board.answer(b"\x01", 0.001),
        lambda: board.answers([b"\x01", b"\x02"], 0.001),
        board.calibration,
    )
    for question in questions:
        try:
            question()
        except LineError as error:
            yield error
        else:
            yield None


@pytest.mark.parametrize("seed", [0, 1])
def test_fuzzed_answers_end_in_an_answer_or_one_error(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue, "_WAKE_S", 0.001)
    monkeypatch.setattr(dialogue.Dialogue.ask, "__defaults__", (0.001,))
    ends = [end for run in range(60) for end in _fuzzed(1000 * seed + run)]
    errors = [end for end in ends if end is not None]
    assert min(len(errors), len(ends) - len(errors)) > 60
    assert all(error.next_step and re.fullmatch(r"[ -~\n]+", str(error)) for error in errors)


def test_an_address_goes_through_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the package only what is used, as a loop."""
    line = channel.open_channel("loop://", 9600)
    line.write(b"m-ready\r\n")
    assert line.read(1.0) == b"m-ready\r\n"
    assert line.read(0.0) == b""
    line.close()
