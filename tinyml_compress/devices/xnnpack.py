"""What TensorFlow Lite with XNNPACK takes on a Linux machine: modelled from a net's shapes, with rates that
published times give for a core.

Work of a net is its multiplications and so many for each value that a layer writes; a core does it at one
rate per form of the numbers. `benchmarks/linux_model.py` prints how far each published time is from what the
others predict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log

FORMS = ("float32", "float16", "dynamic", "int8")
SOURCE = "XNNPACK README, table of Raspberry Pi boards, 8 February 2022"
ERROR = 0.5
_VALUE = 11.0
"""Multiplications that one written value is worth: both MobileNets of float32 on a Cortex-A72 agree then."""
_PARALLEL = 0.9
"""Part of the work that threads share: one and four cores of a Pixel 2 in XNNPACK's README, 86 and 27 ms."""
_OPERATOR = 3000
"""Cycles that the interpreter takes for each operator: assumed."""
_MOST_THREADS = 4
_RUNS_AS = {"float16": ("float32", 1.0), "dynamic": ("int8", 1.2)}
"""Float16 weights become float32 when the model is loaded; that dynamic ranges cost a fifth more than int8 is
assumed."""


@dataclass(frozen=True)
class NetWork:
    """What a net has to be done."""

    macs: float
    values: float
    """Written by its layers."""
    operators: int = 0

    @property
    def units(self) -> float:
        """In multiplications."""
        return self.macs + _VALUE * self.values


@dataclass(frozen=True)
class PublishedTime:
    """A time of XNNPACK on four cores."""

    core: str
    form: str
    net: str
    clock_hz: float
    ms: float

    @property
    def cycles_per_unit(self) -> float:
        """Of one core, if threads share the work as assumed."""
        return self.ms * 1e-3 * self.clock_hz / (NETS[self.net].units * _share(_MOST_THREADS))


NETS: Mapping[str, NetWork] = {
    "MobileNet v1": NetWork(569e6, 5.04e6),
    "MobileNet v2": NetWork(300e6, 6.7e6),
    "MobileNet v3 Large": NetWork(219e6, 4.4e6),
    "MobileNet v3 Small": NetWork(57e6, 1.4e6),
}
"""At 224x224, by their papers."""

_TIMES: Mapping[tuple[str, float, str], Mapping[str, float]] = {
    ("cortex-a53", 1.4e9, "float32"): dict(zip(NETS, (114, 79, 67, 22), strict=True)),
    ("cortex-a53", 1.4e9, "int8"): {"MobileNet v1": 46, "MobileNet v2": 30},
    ("cortex-a72", 1.5e9, "float32"): dict(zip(NETS, (77, 46, 40, 15), strict=True)),
    ("cortex-a72", 1.5e9, "int8"): {"MobileNet v1": 24, "MobileNet v2": 17},
}
PUBLISHED = tuple(
    PublishedTime(core, form, net, clock, ms)
    for (core, clock, form), times in _TIMES.items()
    for net, ms in times.items()
)

_LIKE = {"cortex-a55": ("cortex-a53", 0.5), "cortex-a76": ("cortex-a72", 0.5)}
"""Cores without a published time of their own: which one they are taken for, and the part of its cycles."""


def _share(threads: int) -> float:
    """Of the time of one thread."""
    return 1 - _PARALLEL + _PARALLEL / threads


def rate(times: Sequence[PublishedTime]) -> float:
    """Cycles per unit that these agree on: their geometric mean."""
    return exp(fsum(log(one.cycles_per_unit) for one in times) / len(times))


@dataclass(frozen=True)
class RuntimeTime:
    """What one form of a net takes with so many threads."""

    form: str
    threads: int
    ms: float
    basis: str


def runtime_times(core: str, clock_hz: int, cores: int, work: NetWork) -> tuple[RuntimeTime, ...]:
    """Every form with 1 to 4 threads; nothing for a core if no time of it, or of one like it, is known."""
    known, part = _LIKE.get(core, (core, 1.0))
    done = []
    for form in FORMS:
        runs_as, more = _RUNS_AS.get(form, (form, 1.0))
        times = [one for one in PUBLISHED if (one.core, one.form) == (known, runs_as)]
        if not times:
            continue
        whose = f"{len(times)} published times of {known}"
        basis = whose if known == core else f"{whose}, of which it takes {part:g} of the cycles: assumed"
        cycles = rate(times) * part * more * work.units
        for threads in range(1, min(cores, _MOST_THREADS) + 1):
            ms = 1e3 * (cycles * _share(threads) + _OPERATOR * work.operators) / clock_hz
            done.append(RuntimeTime(form, threads, ms, basis))
    return tuple(done)
