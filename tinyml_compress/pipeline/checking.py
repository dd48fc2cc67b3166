"""Before any work is put into a model: what an engine on a device would refuse, layer by layer, and the way
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tinyml_compress.devices import Device, Host, TflmNeed
from tinyml_compress.errors import MissingDependency, ModelError
from tinyml_compress.frontend.survey import Refused, survey
from tinyml_compress.ops.base import Isa
from tinyml_compress.pipeline.benchmark_model import given
from tinyml_compress.pipeline.benchmarking import resolve_targets
from tinyml_compress.pipeline.compilation import compile_model
from tinyml_compress.runners import tflm
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.table import Block, Cell, facts

__all__ = ["Contract", "Demand", "check"]

_ENGINES = ("aot", "tflm")
_FIXES = {
    "flash": "compress the model further (recipes), compile with --optimize size, or take a larger device",
    "RAM": "use a smaller input or fewer channels in the first layers, or take a larger device",
}
_OTHER_ENGINE = "compile it ahead of time (--engine aot), or convert the model with other layers"


@dataclass(frozen=True)
class Demand:
    """Memory that is needed of what the device has; exact counts, of the parts named in `of_what`."""

    memory: str
    needed: int
    available: int
    of_what: str

    @property
    def fits(self) -> bool:
        return self.needed <= self.available


@dataclass(frozen=True)
class Contract(Displayed):
    """What one engine on one device says to a model."""

    device: str
    engine: str
    refused: tuple[Refused, ...]
    demands: tuple[Demand, ...]
    assumptions: tuple[str, ...] = ()
    """What the demands rest on besides exact sizes."""

    @property
    def holds(self) -> bool:
        return not self.refused and all(demand.fits for demand in self.demands)

    def as_json(self) -> dict[str, object]:
        return {
            "device": self.device,
            "engine": self.engine,
            "holds": self.holds,
            "refused": [asdict(refused) for refused in self.refused],
            "memory": [{**asdict(demand), "fits": demand.fits} for demand in self.demands],
            **({"assumptions": list(self.assumptions)} if self.assumptions else {}),
        }

    def blocks(self) -> list[Block]:
        """What is needed of each memory, and every layer that is refused, with the fix."""
        head = "takes the model" if self.holds else "refuses the model"
        rows: list[tuple[str, Cell]] = []
        for demand in self.demands:
            mark = "" if demand.fits else "  DOES NOT FIT"
            rows.append(
                (demand.memory, f"{demand.needed:,} of {demand.available:,} B ({demand.of_what}){mark}")
            )
            if not demand.fits:
                rows.append(("  fix", _FIXES[demand.memory]))
        rows += [("assumed", text) for text in self.assumptions]
        blocks: list[Block] = [f"{self.device}, {self.engine}: {head}"]
        if rows:
            blocks.append(facts(rows, indent=2))
        for refused in self.refused:
            reasons = (("found", refused.found), ("allowed", refused.allowed), ("fix", refused.next_step))
            told = [(label, text) for label, text in reasons if text is not None]
            blocks += [f"  {refused.layer}: {refused.what}", *([facts(told, indent=4)] if told else [])]
        return blocks


def check(
    model: str | Path | bytes,
    targets: Sequence[str],
    engines: Sequence[str] = _ENGINES,
    *,
    targets_dir: Path | None = None,
    calibration: str | None = None,
    seed: int = 0,
) -> tuple[Contract, ...]:
    """One contract per device and engine; a model that is no .tflite yet is converted first, as `benchmark`
    does.
    """
    devices = resolve_targets(targets, targets_dir)
    file = given(model, calibration, seed).content
    refused = survey(file)
    contracts: list[Contract] = []
    for engine in engines:
        made = _tflm(file) if engine == "tflm" else (refused, None)
        for device in devices:
            barred = _barred(device, engine)
            if barred or made[0]:
                contracts.append(Contract(device.name, engine, barred + made[0], ()))
            elif isinstance(device, Device) and engine == "tflm":
                need = TflmNeed(device, len(file), made[1])
                contracts.append(Contract(device.name, engine, (), _tflm_demands(need), need.assumptions))
            elif isinstance(device, Device):
                contracts.append(Contract(device.name, engine, (), _aot_demands(file, device)))
            else:
                contracts.append(Contract(device.name, engine, (), ()))
    return tuple(contracts)


def _barred(device: Device | Host, engine: str) -> tuple[Refused, ...]:
    if isinstance(device, Host) or engine in device.limits.engines:
        return ()
    allowed = ", ".join(device.limits.engines)
    return (
        Refused(device.title, f"the device does not take engine {engine}", engine, allowed, f"use {allowed}"),
    )


def _aot_demands(file: bytes, device: Device) -> tuple[Demand, ...]:
    isas = tuple(isa for isa in Isa if isa.value in device.core.kernels)
    program = compile_model(file, "checked", isas)
    stack = device.limits.stack_bytes
    held, kept = ("arena, state", program.state_bytes) if program.state_bytes else ("arena", 0)
    return (
        Demand(
            "flash",
            program.weight_bytes + program.table_bytes,
            device.flash_bytes,
            "weights and tables, no code",
        ),
        Demand(
            "RAM", program.arena_bytes + kept + stack, device.ram_bytes, f"{held} and {stack:,} B of stack"
        ),
    )


def _tflm(file: bytes) -> tuple[tuple[Refused, ...], int | None]:
    """What TensorFlow Lite Micro itself says, and its arena; nothing where it is not installed."""
    try:
        return (), tflm.arena_bytes(file)
    except ModelError as error:
        return (
            Refused("the whole model", error.what, error.found, None, error.next_step or _OTHER_ENGINE),
        ), None
    except MissingDependency:
        return (), None


def _tflm_demands(need: TflmNeed) -> tuple[Demand, ...]:
    flash = Demand("flash", need.flash_bytes, need.device.flash_bytes, need.flash_parts)
    if need.ram_bytes is None:
        return (flash,)
    return (flash, Demand("RAM", need.ram_bytes, need.device.ram_bytes, need.ram_parts))
