"""A net of which an NPU takes all but one layer, and what Vela made of it, recorded once.

`python -m tests.lib.npu` records it anew, with the Vela of `support/environments.py`;
tests/runners/test_vela.py compares the recording with a run of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lib.nets import Layers
from tinyml_compress.devices import Npu, load_device
from tinyml_compress.support import environments, proc
from tinyml_compress.support.scratch import scratch

RECORDED = Path(__file__).parents[1] / "runners" / "vela"
BOARD = "corstone-300-u55-128"
_PYTHON = """#!/bin/sh
# Stands for the interpreter that has Vela: it knows one model, and answers as Vela did.
cmp -s model.tflite "{recorded}/model.tflite" || {{ echo "another model"; exit 1; }}
cp -r "{recorded}/out" out
cat "{recorded}/stdout"
"""


def net() -> bytes:
    """A convolution of stride 4 with padding lies between others: Ethos-U55 has none."""
    layers = Layers(29, (1, 16, 16, 4))
    layers.conv(8, 3)
    layers.conv(8, 5, stride=4)
    layers.conv(8, 1)
    layers.flatten()
    layers.dense(5)
    layers.softmax()
    return layers.file()


def board(name: str = BOARD) -> Npu:
    described = load_device(name)
    assert isinstance(described, Npu)
    return described


def stand_in(folder: Path) -> Path:
    """An interpreter for TINYML_COMPRESS_VELA_PYTHON."""
    place = folder / "python"
    place.write_text(_PYTHON.format(recorded=RECORDED))
    place.chmod(0o755)
    return place


def record() -> None:
    npu, python = board(), environments.python_of(environments.VELA, print)
    words = ["--accelerator-config", npu.accelerator, "--config", "Arm/vela.ini"]
    words += ["--system-config", npu.system, "--memory-mode", npu.memory_mode, "--output-dir", "out"]
    words += ["--enable-debug-db", "--verbose-config", "--verbose-performance"]
    shutil.rmtree(RECORDED, ignore_errors=True)
    RECORDED.mkdir()
    with scratch() as work:
        (work / "model.tflite").write_bytes(net())
        done = proc.run(
            [python, "-I", "-m", "ethosu.vela", "model.tflite", *words], timeout=600, what="Vela", cwd=work
        )
        place = str(python.parents[1])
        for path in (work / "out").iterdir():
            (RECORDED / "out").mkdir(exist_ok=True)
            shutil.copyfile(path, RECORDED / "out" / path.name)
        shutil.copyfile(work / "model.tflite", RECORDED / "model.tflite")
        (RECORDED / "stdout").write_text(done.stdout.replace(place, "/vela"))


if __name__ == "__main__":
    record()
