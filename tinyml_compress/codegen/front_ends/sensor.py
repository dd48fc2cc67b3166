"""Windows of a sensor with several axes."""

from __future__ import annotations

from tinyml_compress.codegen.front_ends.kind import FrameField, FrontEndKind, Tables
from tinyml_compress.codegen.front_ends.sound import sound_params
from tinyml_compress.frontends.sensor import spectrum_of
from tinyml_compress.frontends.sensor_form import SensorForm
from tinyml_compress.ir import DType


class _Sensor(FrontEndKind[SensorForm]):
    kinds = ("sensor",)
    header = "tc_sensor.h"

    def templates(self, form: SensorForm) -> tuple[str, ...]:
        if not form.window:
            return ("wave.c",)
        return (*(f"sensor_{stage}.c" for stage in self.stages(form)),)

    def stages(self, form: SensorForm) -> tuple[str, ...]:
        statistics = ("statistics",) if form.window and form.statistics else ()
        return (*statistics, *(("spectrum",) if form.window and form.bands else ()), "inputs")

    def fields(self, form: SensorForm) -> tuple[FrameField, ...]:
        if not form.window:
            return ()
        features = FrameField("features", DType.INT32, form.values)
        return (
            (features, FrameField("points", DType.INT32, spectrum_of(form).fft))
            if form.bands
            else (features,)
        )

    def small_fields(self, form: SensorForm) -> tuple[FrameField, ...]:
        if not (form.window and form.bands):
            return ()
        logs = FrameField("logs", DType.INT16, form.bands + form.bands % 2)
        return (*(FrameField(word, DType.INT16, form.window) for word in ("axis", "cleaned")), logs)

    def facts(self, form: SensorForm) -> dict[str, str]:
        calls = (f"*feature++ = tc_sensor_{one.value}(&axis);" for one in form.statistics)
        numbers = {
            "axes": form.axes,
            "moments": form.window,
            "bands": form.bands,
            "per_axis": form.values // form.axes,
        }
        return {
            **{key: str(number) for key, number in numbers.items()},
            "statistics": "\n        ".join(calls),
        }

    def params(self, tables: Tables, form: SensorForm) -> str:
        return sound_params(tables, spectrum_of(form)) if form.window and form.bands else ""


KIND = _Sensor()
