"""What a board on a line can be asked, as the firmware of `export --format mlperf-tiny` answers it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tinyml_compress.errors import LineError
from tinyml_compress.line.dialogue import Dialogue

_PIECE = 31
"""Bytes that the protocol's own runner sends with a command."""
_WRAP = 1 << 32
"""Microseconds after which a board's clock may begin anew."""
_EMULATED = "emulated"


class InputForm(Enum):
    """How the bytes of an input come over the line."""

    STORED = "stored"
    PIXELS = "pixels"
    """Unsigned, of an int8 input."""
    FLOATS = "floats"
    """float32, quantized on the board."""


@dataclass(frozen=True)
class Identity:
    """What a firmware says of itself."""

    maker: str
    profile: str
    model: str
    sha256: str
    form: InputForm

    @property
    def is_emulated(self) -> bool:
        """An emulator's clock is modelled, whatever it is connected with."""
        return _EMULATED in self.profile.lower()


@dataclass(frozen=True)
class Timed:
    """Inferences with a warm-up before them."""

    microseconds: int
    """By the board's clock, the warm-up left out."""
    began: float
    elapsed: float
    """Seconds by this computer's, with all that was said."""


class LineBoard:
    """A board that is ready."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self.name = dialogue.channel.name

    def identity(self) -> Identity:
        """Who it is; a firmware that does not tell its model's sha256 is not one of ours."""
        maker = self._dialogue.tried(lambda: self._told("name", "name-dut"))
        lines = self._dialogue.tried(lambda: self._dialogue.ask("profile"))
        said = {key: _bracketed(lines, key) for key in ("profile", "model", "sha256", "input")}
        forms = {form.value: form for form in InputForm}
        if None in said.values() or said["input"] not in forms:
            raise LineError(
                "the firmware on the board does not say which model it has",
                which=self.name,
                found="; ".join(lines) or "no word of it",
                next_step="flash what `export --format mlperf-tiny` of this version writes",
            )
        texts = {key: text or "" for key, text in said.items()}
        form = forms[texts["input"]]
        return Identity(maker, texts["profile"], texts["model"], texts["sha256"], form)

    def self_test(self, seconds: float) -> str:
        """What it says of its golden vectors: how many of them are right."""
        lines = self._dialogue.tried(lambda: self._dialogue.ask("selftest", seconds))
        right = re.search(r"m-selftest-vectors-(\d+-of-\d+)", "\n".join(lines))
        if right is None or _bracketed(lines, "selftest") != "passed":
            raise self._unlike("selftest", lines)
        return right[1].replace("-", " ")

    def answer(self, given: bytes, seconds: float) -> bytes:
        """The output's bytes for an input in the board's own form."""

        def exchange() -> bytes:
            self._load(given)
            self._dialogue.ask("infer 1 0", seconds)
            return bytes.fromhex(self._told("output", "output"))

        return self._dialogue.tried(exchange)

    def answers(self, sequence: Sequence[bytes], seconds: float) -> list[bytes]:
        """The outputs' bytes for a sequence from its start on; none of them for a step without a result."""

        def exchange() -> list[bytes]:
            self._dialogue.ask("forget")
            return [self._step(given, seconds) for given in sequence]

        return self._dialogue.tried(exchange)

    def load(self, given: bytes) -> None:
        """The input of the inferences to come."""
        self._dialogue.tried(lambda: self._load(given))

    def timed(self, inferences: int, warm_ups: int, seconds: float) -> Timed:
        """So many inferences by the board's clock; `seconds` of silence are too many."""
        return self._between_laps(f"infer {inferences} {warm_ups}", seconds)

    def calibration(self) -> str:
        """Which calibration programs it has."""
        return self._dialogue.tried(lambda: self._told("calibrate", "calibration"))

    def calibrated(self, program: int, inferences: int, seconds: float) -> Timed:
        """As `timed`, of a calibration program, after one inference to warm up."""
        return self._between_laps(f"calibrate {program} {inferences}", seconds)

    def _between_laps(self, command: str, seconds: float) -> Timed:
        def exchange() -> Timed:
            began = time.monotonic()
            lines = self._dialogue.ask(command, seconds)
            laps = [int(lap[1]) for line in lines if (lap := re.fullmatch(r"m-lap-us-(\d{1,10})", line))]
            if len(laps) != 2 or max(laps) >= _WRAP:
                raise self._unlike(command, lines)
            return Timed((laps[1] - laps[0]) % _WRAP, began, time.monotonic() - began)

        return self._dialogue.tried(exchange)

    def _step(self, given: bytes, seconds: float) -> bytes:
        self._load(given)
        lines = self._dialogue.ask("step", seconds)
        said = _bracketed(lines, "step")
        if said not in ("done", "no result"):
            raise self._unlike("step", lines)
        return bytes.fromhex(self._told("output", "output")) if said == "done" else b""

    def _load(self, given: bytes) -> None:
        lines = self._dialogue.ask(f"db load {len(given)}")
        for start in range(0, len(given), _PIECE):
            lines = self._dialogue.ask(f"db {given[start : start + _PIECE].hex()}")
        if "m-load-done" not in lines:
            raise LineError(
                "the board has not got all bytes of an input",
                which=self.name,
                found="; ".join(lines) or "no m-load-done behind the last",
                next_step="a slower --baud, in the firmware and here, or a better cable",
            )

    def _told(self, command: str, key: str) -> str:
        lines = self._dialogue.ask(command)
        text = _bracketed(lines, key)
        if text is None or (key == "output" and not re.fullmatch(r"([0-9a-f]{2})+", text)):
            raise self._unlike(command, lines)
        return text

    def _unlike(self, command: str, lines: Sequence[str]) -> LineError:
        return LineError(
            "an answer of another form than the protocol's",
            which=f"{command} at {self.name}",
            found="; ".join(lines)[:200] or "nothing before m-ready",
            next_step="flash what `export --format mlperf-tiny` of this version writes",
        )


def _bracketed(lines: Sequence[str], key: str) -> str | None:
    texts = (re.fullmatch(rf"m-{key}-\[(.*)\]", line) for line in lines)
    return next((text[1] for text in texts if text), None)
