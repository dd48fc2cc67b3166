"""What `compile --explain` says of three nets of the zoo, in 80 columns; `make golden` writes it anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.zoo import zoo_tflite
from tinyml_compress.pipeline.compile.call import compile_c
from tinyml_compress.rendering.kernels_text import kernel_table
from tinyml_compress.support.table_text import table_text

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.mark.parametrize("name", ["ds_cnn", "resnet8", "unet"])
def test_each_kernel_with_its_rival(name: str, once: Once, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.tflite"
    file.write_bytes(zoo_tflite(once, name))
    done = compile_c(file, output=tmp_path / "c", isa="dsp", optimize="speed")
    text = table_text(kernel_table(done.nodes), 80) + "\n"
    assert max(map(len, text.splitlines())) <= 80
    place = Path(__file__).with_name(f"explain_{name}.txt")
    if os.environ.get("TINYML_COMPRESS_UPDATE_GOLDEN"):
        place.write_text(text, encoding="utf-8")
    assert text == place.read_text(encoding="utf-8"), "read the diff, then `make golden`"
