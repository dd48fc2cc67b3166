"""The formats by name, and how a bundle is laid out in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from tinyml_compress.exporters import (
    arduino,
    cmake,
    cmsis_pack,
    esp_idf,
    mlperf_tiny,
    plain,
    platformio,
    zephyr,
)
from tinyml_compress.exporters.bundle import Bundle
from tinyml_compress.exporters.parts import Files


class Format(Enum):
    """Ecosystems, by the word of the command line."""

    PLAIN = "plain"
    CMAKE = "cmake"
    ARDUINO = "arduino"
    PLATFORMIO = "platformio"
    ZEPHYR = "zephyr"
    ESP_IDF = "esp-idf"
    CMSIS_PACK = "cmsis-pack"
    MLPERF_TINY = "mlperf-tiny"


_LAYOUTS: Mapping[Format, Callable[[Bundle], Files]] = {
    Format.PLAIN: plain.layout,
    Format.CMAKE: cmake.layout,
    Format.ARDUINO: arduino.layout,
    Format.PLATFORMIO: platformio.layout,
    Format.ZEPHYR: zephyr.layout,
    Format.ESP_IDF: esp_idf.layout,
    Format.CMSIS_PACK: cmsis_pack.layout,
    Format.MLPERF_TINY: mlperf_tiny.layout,
}


def layout(chosen: Format, bundle: Bundle) -> dict[str, bytes]:
    """All files of the bundle by their path below its root. Pure: the same bundle gives the same bytes."""
    files = _LAYOUTS[chosen](bundle)
    return {
        path: content if isinstance(content, bytes) else content.encode() for path, content in files.items()
    }
