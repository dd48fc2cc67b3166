"""This machine: TensorFlow Lite with a clock. The one kind whose times are measured."""

from __future__ import annotations

from tinyml_compress.devices import Host
from tinyml_compress.errors import TinymlError
from tinyml_compress.pipeline.measure.target import Target
from tinyml_compress.pipeline.measure.work import Work
from tinyml_compress.results import DeviceDetails, DeviceFacts, Figure, Kind, Measurement
from tinyml_compress.runners import host


class HostTarget(Target):
    """What a TOML file of kind `host` describes."""

    describes = Host
    is_surveyed = False

    def __init__(self, described: Host) -> None:
        self.name, self.title, self._notes = described.name, described.title, described.notes

    def measure(self, work: Work, toolchain: str | None) -> Measurement:
        work.progress(f"{self.name}: timing TensorFlow Lite")
        timing = host.measure(work.model)
        figures = [
            Figure(
                name="flash",
                value=len(work.model),
                unit="B",
                kind=Kind.EXACT,
                parts={"model": len(work.model)},
            ),
            Figure(name="ms", value=timing.median_s * 1e3, unit="ms", kind=Kind.MEASURED),
            Figure(name="ms, 90th percentile", value=timing.p90_s * 1e3, unit="ms", kind=Kind.MEASURED),
        ]
        try:
            arena = work.arena
        except TinymlError as error:
            work.notes.append(f"no arena figure: {error.what}")
        else:
            figures.append(Figure(name="TFLM arena", value=arena, unit="B", kind=Kind.EXACT))
        return Measurement(
            device=self.name,
            engine="tflite",
            runtime=timing.runtime,
            threads=timing.threads,
            warmup=timing.warmup,
            repetitions=timing.runs,
            figures=tuple(figures),
        )

    def facts(self) -> DeviceFacts:
        return DeviceFacts(name=self.name, kind="host", title=self.title)

    def details(self) -> DeviceDetails:
        return DeviceDetails(name=self.name, kind="host", title=self.title, notes=self._notes)


TARGET = HostTarget
