"""A benchmark as JSON, schema 1 (docs/json.md). A key that does not apply to a run is absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tinyml_compress.devices import TflmNeed
from tinyml_compress.devices.measurement import AotRun, Benchmark, HostRun, NodeCost, Refusal, Run, TflmRun
from tinyml_compress.support.document import document

__all__ = ["benchmark_document", "benchmark_json", "tflm_need_json"]


def benchmark_json(result: Benchmark, command: str = "") -> str:
    """The document, indented, keys in a fixed order; `command` is the call that made it."""
    return json.dumps(benchmark_document(result, command), indent=2) + "\n"


def benchmark_document(result: Benchmark, command: str = "") -> dict[str, Any]:
    """The same as values."""
    model = result.model
    found = {
        **({"command": command} if command else {}),
        "model": {"name": model.name, "source": model.source, "sha256": model.sha256, "bytes": model.nbytes},
        "input": result.input_kind,
        "runs": [_run(run) for run in result.runs],
        "notes": list(result.notes),
    }
    return document("benchmark", found)


def _run(run: Run) -> Mapping[str, object]:
    match run:
        case AotRun():
            return _aot(run)
        case TflmRun():
            return {
                "device": run.device.name,
                "engine": "tflm",
                "fits": True,
                **tflm_need_json(run.need),
                "assumptions": list(run.need.assumptions),
            }
        case HostRun():
            ram = {} if run.arena_bytes is None else {"ram": {"arena": run.arena_bytes}}
            return {
                "device": run.device.name,
                "engine": "tflite",
                "runtime": run.runtime,
                "threads": run.threads,
                "warmup": run.warmup,
                "repetitions": run.runs,
                "measured_ms": {"median": run.median_s * 1e3, "p90": run.p90_s * 1e3},
                "flash": {"model": run.model_bytes},
                **ram,
            }
        case Refusal():
            return {
                "device": run.device.name,
                "engine": run.engine,
                "fits": run.fits,
                "error": {"reason": run.reason, "detail": run.detail},
            }


def tflm_need_json(need: TflmNeed) -> Mapping[str, object]:
    """The sum behind an answer."""
    return {
        "device_flash_bytes": need.device.flash_bytes,
        "device_ram_bytes": need.device.ram_bytes,
        "flash": {"total": need.flash_bytes, "model": need.model_bytes, "runtime": need.runtime_bytes},
        "ram": {"total": need.ram_bytes, "arena": need.arena_bytes, "stack": need.stack_bytes},
    }


def _aot(run: AotRun) -> Mapping[str, object]:
    flash, ram, agreement = run.flash, run.ram, run.agreement
    return {
        "device": run.device.name,
        "title": run.device.title,
        "page": run.device.page,
        "device_flash_bytes": run.device.flash_bytes,
        "device_ram_bytes": run.device.ram_bytes,
        "engine": "aot",
        "fits": True,
        "core": run.device.core.name,
        "clock_hz": run.device.clock_hz,
        "device_sha256": run.device.digest,
        "core_sha256": run.device.core.digest,
        "compiler": run.compiler,
        "emulator": run.emulator,
        "optimize": run.optimize,
        "macs": run.macs,
        "instructions": run.instructions,
        "cycles": run.cycles,
        "cycles_error": run.cycles_error,
        "cycles_calibrated": run.device.core.calibration.calibrated,
        "cycles_trust": run.trust.sentence,
        "ms": run.ms,
        **_energy(run),
        "flash": {
            "total": flash.total,
            "kernels": flash.kernels,
            "glue": flash.glue,
            "weights": flash.weights,
            "tables": flash.tables,
            "startup": flash.startup,
        },
        "ram": {
            "total": ram.total,
            "arena": ram.arena,
            "state": ram.state,
            "stack": ram.stack,
            "static": ram.static,
        },
        **(
            {"bit_exact_unknown": run.no_agreement}
            if agreement is None
            else {"bit_exact": {"vectors": agreement.vectors, "mismatches": agreement.mismatches}}
        ),
        "outputs_hex": [output.hex() for output in run.outputs],
        "nodes": [_node(row) for row in run.rows],
        "plan": [
            {"name": p.name, "offset": p.offset, "bytes": p.nbytes, "first": p.first, "last": p.last}
            for p in run.placements
        ],
    }


def _energy(run: AotRun) -> Mapping[str, object]:
    """Modelled, and only where the maker publishes a current per MHz."""
    energy = run.device.energy
    if energy is None or run.millijoules is None:
        return {}
    return {"energy": {"millijoules": run.millijoules, **vars(energy)}}


def _node(row: NodeCost) -> Mapping[str, object]:
    """What runs between nodes comes last and has no index, so that the rows sum to the totals."""
    index = {} if row.index is None else {"index": row.index}
    return {
        **index,
        "op": row.op,
        "name": row.name,
        "kernel": row.kernel,
        "shape": list(row.shape),
        "macs": row.macs,
        "instructions": row.instructions,
        "cycles": row.cycles,
        "constants": row.constants,
        **({} if row.zeros is None else {"encoding": row.encoding, "zeros": round(row.zeros, 4)}),
    }
