"""Instructions with operands of all kinds, from lines with placeholders (`tests/emulated/*.txt`)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path


def forms(path: Path) -> tuple[tuple[str, str], ...]:
    """Every line, and the line with one of each of its `<alternatives>`; `;` parts instructions."""
    return tuple((line, form) for line in path.read_text().splitlines() for form in _expanded(line))


def _expanded(line: str) -> Iterator[str]:
    pieces = re.split(r"<([^>]*)>", line)
    choices = [piece.split("|") if number % 2 else [piece] for number, piece in enumerate(pieces)]
    for chosen in product(*choices):
        yield "".join(chosen)


def filled(form: str, chosen: random.Random) -> str:
    """The form with random operands that the architecture allows."""
    operands = _Operands(chosen)
    text = re.sub(r"\{([\w.-]+)\}", lambda match: operands.of(match[1]), form.replace("{{", "\0"))
    return "\n".join(part.strip() for part in text.replace("\0", "{").replace("}}", "}").split(";"))


def kernel(bodies: tuple[str, ...], chosen: random.Random) -> str:
    """A loop with a random body, in every second one under tail predication."""
    size, letter = chosen.choice(((8, "b.u8"), (16, "h.u16"), (32, "w.u32")))
    tail = chosen.randrange(2)
    begin = f"and r3,r12,#31\nwlstp.{size} lr,r3,2f" if tail else "and r3,r12,#7\nwls lr,r3,2f"
    body = [filled(chosen.choice(bodies), chosen) for _ in range(chosen.randrange(2, 8))]
    moves = f"vldr{letter} q5,[r8],#16\nvstr{letter.replace('u', '')} q4,[r9],#16"
    return "\n".join((begin, "1:", moves, *body, "letp lr,1b" if tail else "le lr,1b", "2:", "nop"))


class _Operands:
    """Of one piece; what is read once is the same all over it where the architecture asks for it."""

    def __init__(self, chosen: random.Random) -> None:
        self._chosen = chosen
        vectors = chosen.sample(range(8), 3)
        self._first, self._second = vectors[0], chosen.choice(vectors[:2])
        self._into = f"q{chosen.randrange(6)}"
        self._scalar = chosen.randrange(13)

    def of(self, name: str) -> str:
        chosen = self._chosen
        if ".." in name:
            low, high = map(int, name.split(".."))
            return str(chosen.randint(low, high))
        if name.startswith("offset"):
            size = int(name[6])
            return str(
                chosen.randrange(0, 32) * size if name.endswith("up") else chosen.randint(-60, 60) * size
            )
        if name.startswith("byte"):
            return hex(chosen.randrange(1, 256) << int(name[4:] or 0))
        return self._kinds()[name]()

    def _kinds(self) -> dict[str, Callable[[], str]]:
        pick = self._chosen.choice
        others = [q for q in range(6) if q not in (self._first, self._second)]
        return {
            "Qd": lambda: self._into,
            "Qn": lambda: f"q{self._first}",
            "Qm": lambda: f"q{self._second}",
            "Qe": lambda: f"q{pick(others)}",
            "R": lambda: f"r{self._scalar}",
            "S": lambda: f"r{pick([r for r in range(13) if r != self._scalar])}",
            "even": lambda: f"r{pick((0, 2, 4, 6, 10, 12))}",
            "odd": lambda: f"r{pick((1, 3, 5, 7, 9, 11))}",
            "step": lambda: pick("1248"),
            "base": lambda: pick(("r8", "r9", "r10")),
            "low-base": lambda: pick(("r6", "r7")),
            "two": lambda: self._list(2),
            "four": lambda: self._list(4),
            "d": lambda: f"r{pick(range(8))}",
            "l": lambda: f"r{pick(range(8))}",
            "n": lambda: f"r{pick((*range(13), 14))}",
            "m": lambda: f"r{pick((*range(13), 14))}",
            "s": lambda: f"s{pick(range(32))}",
            "D": lambda: f"d{pick(range(16))}",
            "cond": lambda: pick("eq ne cs cc mi pl vs vc hi ls ge lt gt le".split()),
            "shift": self._shift,
            "const": self._constant,
        }

    def _list(self, count: int) -> str:
        start = self._chosen.randrange(8 - count)
        return "{" + ",".join(f"q{start + number}" for number in range(count)) + "}"

    def _shift(self) -> str:
        kind = self._chosen.choice(("lsl", "lsr", "asr", "ror", "rrx"))
        return kind if kind == "rrx" else f"{kind} #{self._chosen.randrange(1, 32)}"

    def _constant(self) -> str:
        byte = self._chosen.randrange(256)
        spread = self._chosen.choice((1, 0x10001, 0x1000100, 0x1010101))
        return hex(self._chosen.choice((byte * spread, (byte | 128) << self._chosen.randrange(1, 24))))
