"""Vela, Arm's compiler for Ethos-U NPUs: which layers it places there, and what it models them to cost."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

from tinyml_compress.devices import Npu
from tinyml_compress.errors import ModelError, ProcessError
from tinyml_compress.support import environments, files, proc
from tinyml_compress.support.cache import cached_folder, key_of
from tinyml_compress.support.producers import VELA
from tinyml_compress.support.scratch import scratch

_CONFIG = "Arm/vela.ini"
"""Vela's own."""
_TIMEOUT_S = 600.0
_MODEL, _PLACED, _FACTS = "model.tflite", "placed.tflite", "facts.json"
_WARNING = re.compile(
    r"^Warning \([^)\n]*\) operator: \w+, ofm: '(?P<tensor>[^'\n]*)'\n"
    r"Reason: (?P<reason>.*)\n(?P<allowed>(?:(?!Configuration files).+\n)*)",
    re.MULTILINE,
)
_SETTING = re.compile(r"^ +(?P<key>\w+) = (?P<value>.+)$", re.MULTILINE)
_MEMORIES = ("Sram", "Dram", "OnChipFlash", "OffChipFlash")
_KIB = 1024


@dataclass(frozen=True)
class VelaLayer:
    """One operator of the file that was given, with all that Vela made of it."""

    index: int
    on_npu: bool
    macs: int = 0
    cycles: int = 0
    """By the slowest of computing and memories, pass by pass."""
    computing: int = 0
    sram: int = 0
    """Cycles that its traffic takes at the SRAM."""
    memory: int = 0
    """The same at the memory of the constants."""
    sram_bytes: int = 0
    """Taken while it runs."""
    weight_bytes: int = 0
    """As they lie encoded."""


@dataclass(frozen=True)
class Unplaced:
    """Why an operator stays on the core."""

    tensor: str
    """That it makes."""
    reason: str
    allowed: str


@dataclass(frozen=True)
class PlacedModel:
    """A model after Vela."""

    tflite: bytes
    """The file with command streams in the place of what the NPU runs."""
    by: str
    """Vela, with its version."""
    layers: tuple[VelaLayer, ...]
    """In the file's order; the sum of their cycles is Vela's total."""
    unplaced: tuple[Unplaced, ...]
    cycles: int
    sram_bytes: int
    constant_bytes: int
    """Weights and commands, in the memory of the constants."""
    traffic: Mapping[str, int]
    """Bytes of one inference, by memory."""
    system: Mapping[str, str]
    """The system configuration that the model was placed for."""


def placed(model: bytes, npu: Npu, say: Callable[[str], None] = lambda text: None) -> PlacedModel:
    """What Vela makes of an integer .tflite file for that NPU; `say` is told of its installation."""
    requirement = environments.VELA.requirements[0]

    def make(folder: Path) -> None:
        _run(model, npu, environments.python_of(environments.VELA, say), folder)

    asked = (npu.accelerator, npu.system, npu.memory_mode)
    place = cached_folder("vela", key_of(VELA.stamp(), requirement, *asked, model), make)
    stored = json.loads((place / _FACTS).read_text())
    return PlacedModel(
        tflite=(place / _PLACED).read_bytes(),
        by=requirement.replace("ethos-u-vela==", "Vela "),
        layers=tuple(VelaLayer(**layer) for layer in stored.pop("layers")),
        unplaced=tuple(Unplaced(**one) for one in stored.pop("unplaced")),
        **stored,
    )


def _run(model: bytes, npu: Npu, python: Path, folder: Path) -> None:
    words: list[str] = ["--accelerator-config", npu.accelerator, "--config", _CONFIG]
    words += ["--system-config", npu.system, "--memory-mode", npu.memory_mode, "--output-dir", "out"]
    words += ["--enable-debug-db", "--verbose-config", "--verbose-performance"]
    with scratch("tinyml-vela-") as work:
        (work / _MODEL).write_bytes(model)
        call: list[str | Path] = [python, "-I", "-m", "ethosu.vela", _MODEL, *words]
        done = proc.run(call, timeout=_TIMEOUT_S, what="Vela", cwd=work, check=False)
        out, name = work / "out", Path(_MODEL).stem
        whole = out / f"{name}_vela.tflite"
        if done.returncode != 0 or not whole.is_file():
            raise ModelError("Vela cannot compile the model", which=npu.accelerator, found=done.tail())
        tables = _tables(out / f"{name}_debug.xml")
        targets = [row["Target"] for row in _rows((out / f"{name}_per-layer.csv").read_text())]
        (total,) = _rows((out / f"{name}_summary_{npu.system}.csv").read_text())
        files.write_bytes(folder / _PLACED, whole.read_bytes())
    layers = tuple(_layers(tables, targets))
    facts = {
        "layers": [asdict(layer) for layer in layers],
        "unplaced": [asdict(one) for one in _unplaced(done.stdout + done.stderr)],
        "system": _system(done.stdout),
        **_totals(total),
    }
    if sum(layer.cycles for layer in layers) != facts["cycles"]:
        raise ProcessError("Vela's layers do not sum to its total", which=npu.accelerator)
    files.write_text(folder / _FACTS, json.dumps(facts))


def _totals(total: Mapping[str, str]) -> dict[str, object]:
    memories = {"SRAM": "sram", "DRAM": "dram", "flash": "off_chip_flash"}
    used = {name: round(float(total[f"{key}_memory_used"]) * _KIB) for name, key in memories.items()}
    moved = {name: int(float(total[f"{key}_total_bytes"])) for name, key in memories.items()}
    return {
        "cycles": int(float(total["cycles_total"])),
        "sram_bytes": used["SRAM"],
        "constant_bytes": used["flash"] + used["DRAM"],
        "traffic": {name: count for name, count in moved.items() if count},
    }


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.strip())))


def _tables(path: Path) -> dict[str, list[dict[str, str]]]:
    """Vela's debug database, of which its own run wrote every word."""
    root = ElementTree.fromstring(path.read_text())
    return {table.attrib["name"]: _rows(table.text or "") for table in root.iter("table")}


def _layers(tables: Mapping[str, list[dict[str, str]]], targets: list[str]) -> Iterator[VelaLayer]:
    """A layer per operator of the file: Vela makes several passes of one, or none."""
    sizes = {row["id"]: row for row in tables["perf_debug"]}
    passes: dict[str, list[VelaLayer]] = {}
    for row, target in zip(tables["perf"], targets, strict=True):
        passes.setdefault(row["source_id"], []).append(_pass(row, sizes.get(row["id"], {}), target))
    for source in sorted(tables["source"], key=lambda row: int(row["ext_key"])):
        parts = passes.get(source["id"], [])
        on_npu = all(part.on_npu for part in parts)
        names = ("macs", "cycles", "computing", "sram", "memory", "weight_bytes")
        sums = {name: sum(getattr(part, name) for part in parts) for name in names}
        most = max((part.sram_bytes for part in parts), default=0)
        yield VelaLayer(int(source["ext_key"]), on_npu, sram_bytes=most, **sums)


def _pass(row: Mapping[str, str], sizes: Mapping[str, str], target: str) -> VelaLayer:
    memory = sum(int(row.get(f"{name}_ac") or 0) for name in _MEMORIES if name != "Sram")
    weights = sum(int(sizes.get(name) or 0) for name in ("weight_total_bytes", "scales_total_bytes"))
    return VelaLayer(
        index=-1,
        on_npu=target == "NPU",
        macs=int(row["mac_count"]),
        cycles=int(row["op_cycles"]),
        computing=int(row["npu_cycles"]),
        sram=int(row.get("Sram_ac") or 0),
        memory=memory,
        sram_bytes=int(row["staging_usage"]),
        weight_bytes=weights,
    )


def _unplaced(text: str) -> Iterator[Unplaced]:
    for warning in _WARNING.finditer(text):
        yield Unplaced(warning["tensor"], warning["reason"], " ".join(warning["allowed"].split()))


def _system(text: str) -> dict[str, str]:
    """What Vela prints of its configuration, without memories that are at no port."""
    begin, end = text.find("System Configuration"), text.find("Architecture Settings")
    settings = {one["key"]: one["value"] for one in _SETTING.finditer(text[begin:end])}
    absent = set(_MEMORIES) - {settings.get("axi0_port"), settings.get("axi1_port")}
    return {key: value for key, value in settings.items() if key.split("_")[0] not in absent}
