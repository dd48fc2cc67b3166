"""Firmware bundles: a model as a library, component, module or pack of the ecosystem that will build it."""

from tinyml_compress.exporters.bundle import Bundle, CalibrationPrograms, Runtime
from tinyml_compress.exporters.formats import Format, layout

__all__ = ["Bundle", "CalibrationPrograms", "Format", "Runtime", "layout"]
