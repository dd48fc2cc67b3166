"""A model whose tensors are named like C code is harmless in every verb: nothing of a name is compiled or
run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lib import stateful_nets
from tests.lib.bundles import exported, run_sources
from tests.lib.nets import NETS
from tinyml_compress import frontend
from tinyml_compress.exporters import Format
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.ir import Graph
from tinyml_compress.pipeline.export.bundle import Metadata, tflm_bundle
from tinyml_compress.runners import tflm

MARK = "TINYML_RAN"
"""Name of the file that the code in the names would make."""
CODE = (
    "extern int creat(const char *, unsigned); "
    f'__attribute__((constructor)) static void tc_attack{{}}(void) {{{{ creat("{MARK}", 438u); }}}}'
)
BREAKS = (
    "x*\\ {} /*",  # `*\` became `*/` in headers
    "x*/ {} /*",
    "x*\\\n/ {} /*",
    "x*??/\n/ {} /*",
    "x\n{}\n",
    "x\r\n#include </etc/passwd>\n{}",
    "x*\x00/ {} /*",
    "x */\n#define main tc_attack_main\n{}/*",
    '"; {} //',
    "`$(touch TINYML_RAN)` | a |\n\n<script>{}</script>\n",
    "@version@ @sha256@ TC_FACT_CRC {{}} tc_model {}",
    "\x1b]0;{}\x07\x1b[2J",
    "x" * 150_000 + "*/ {} /*",
    "9" * 150_000 + "x{}",
)


def hostile(graph: Graph) -> bytes:
    """The same graph under hostile names."""
    names: dict[str, str] = {}
    for at, name in enumerate(graph.tensors):
        names[name] = BREAKS[at % len(BREAKS)].format(CODE.format(at)) + f" {at}"
    return frontend.write(
        replace(
            graph,
            tensors={names[name]: replace(one, name=names[name]) for name, one in graph.tensors.items()},
            nodes=tuple(
                replace(
                    node,
                    inputs=tuple(None if name is None else names[name] for name in node.inputs),
                    outputs=tuple(names[name] for name in node.outputs),
                )
                for node in graph.nodes
            ),
            inputs=tuple(names[name] for name in graph.inputs),
            outputs=tuple(names[name] for name in graph.outputs),
        )
    )


FILES: dict[str, Callable[[], bytes]] = {
    "keyword": lambda: hostile(frontend.read(NETS["keyword"](), "keyword")),
    "residual": lambda: hostile(frontend.read(NETS["residual"](), "residual")),
    "state": lambda: hostile(frontend.read(next(iter(stateful_nets.STREAMING.values()))(), "state")),
}


def compiled_part(code: str) -> str:
    """What a C compiler is left with after trigraphs, continued lines and comments."""
    code = re.sub(r"(\\|\?\?/)[ \t]*\r?\n", "", code)
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", code, flags=re.S)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tinyml_compress", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    "net", ["state", *(pytest.param(net, marks=pytest.mark.full) for net in ("residual", "keyword"))]
)
def test_no_verb_compiles_or_runs_a_name(tmp_path: Path, net: str) -> None:
    (tmp_path / "bad.tflite").write_bytes(FILES[net]())
    verified = run(tmp_path, "verify", "bad.tflite", "--vectors", "3")
    assert verified.returncode == 0, verified.stderr
    compiled = run(tmp_path, "compile", "bad.tflite", "-o", "out")
    assert compiled.returncode == 0, compiled.stderr
    shown = run(tmp_path, "inspect", "bad.tflite")
    assert shown.returncode == 0, shown.stderr
    for path in [*(tmp_path / "out").iterdir()]:
        text = path.read_text(encoding="utf-8")
        assert len(text) < 2_000_000
        if path.suffix in (".c", ".h"):
            assert "tc_attack" not in compiled_part(text), path.name
    sources = {
        path.name: path.read_text() for path in (tmp_path / "out").iterdir() if path.suffix in (".c", ".h")
    }
    done = run_sources(sources)
    assert done.returncode == 0, done.stdout + done.stderr
    for text in (verified.stdout, compiled.stdout, shown.stdout, done.stdout):
        assert "\x1b" not in text
    assert not [path for folder in (tmp_path, Path.cwd(), tmp_path / "out") for path in folder.glob(MARK)]


@pytest.mark.parametrize("layout", [one.value for one in Format])
def test_no_export_holds_a_name_as_code(tmp_path: Path, layout: str) -> None:
    made = exported(tmp_path, layout, net=FILES["residual"](), author='Eve" *\\/ @version@ 😀')
    for name in made.files:
        path = tmp_path / "out" / name
        if path.suffix == ".pack":
            continue
        text = path.read_text(encoding="utf-8")
        plain = compiled_part(text) if path.suffix in (".c", ".h", ".cpp", ".ino") else text
        if path.suffix == ".md":  # there it stands as code of one table's cell
            plain = re.sub(r"`[^`\n]*`", "", text)
            assert not re.search(r"^\| (?:in|out)puts \|.*[^|]\n", text, re.M)
        assert "tc_attack" not in plain, name
        assert "\x1b" not in text
    if layout == "platformio":
        assert json.loads((tmp_path / "out" / "library.json").read_text())["authors"][0]["name"].endswith(
            "😀"
        )


def test_nor_does_the_export_for_tensorflow_lite_micro() -> None:
    if not tflm.available():
        pytest.skip("TensorFlow Lite Micro is not installed here")
    bundle = tflm_bundle(FILES["residual"](), Metadata("kws", "1.0.0", "me", ""), Preprocessing())
    for name, text in {**bundle.headers, **bundle.sources}.items():
        assert "tc_attack" not in compiled_part(text), name
