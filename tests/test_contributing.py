"""CONTRIBUTING says how many files an addition touches; here each is made in a copy, used, and counted."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.lib.nets import NETS
from tests.results.test_made_up_target import FILE as TARGET
from tinyml_compress.pipeline.evaluate.engines import described_inputs

REPO = Path(__file__).resolve().parents[1]
DATA = {"targets": "tinyml_targets", "recipes": "tinyml_recipes", "calibration_data": "tinyml_calibration"}
PASS = '''
"""A rewrite that finds nothing to do."""
from tinyml_compress.ir import Graph
def look_on(graph: Graph) -> Graph:
    """Says that it was here."""
    print("looked on")
    return graph
'''
VERB = """
import click
from tinyml_compress.cli._printing import say
@click.command()
def command():
    say("good morning")
"""
TECHNIQUE = '''
"""Weights are left as they are."""
from dataclasses import dataclass
from tinyml_compress.techniques.technique import Applied, StageOptions, Technique
@dataclass(frozen=True)
class IdleOptions(StageOptions):
    """Nothing to choose."""
class Idle(Technique[IdleOptions]):
    use = "idle"
    options = IdleOptions
    place = 33
    def apply(self, options, model, context):
        return Applied(model, ("did nothing",))
TECHNIQUE = Idle()
'''
FORMAT = '''
"""`bare`: the sources alone."""
from tinyml_compress.exporters.bundle import Bundle
from tinyml_compress.exporters.parts import Files, headers, sources
def layout(bundle: Bundle) -> Files:
    """Everything beside one another."""
    return {**headers(bundle), **sources(bundle)}
'''

SOURCE = '''"""Packed .tflite files."""

import gzip
from functools import cached_property
from pathlib import Path

from tinyml_compress.pipeline.sources.kinds import tflite



class Packed(tflite.SOURCE):
    @classmethod
    def accepts(cls, spec):
        return spec.endswith(".tflite.gz")

    @cached_property
    def file(self):
        """What is packed."""
        return gzip.decompress(Path(self.spec).read_bytes())


SOURCE = Packed
'''


@dataclass(frozen=True)
class Addition:
    """New files, lines put behind others in files that are there, and a call that shows it at work."""

    new: Mapping[str, str]
    call: str
    says: str
    changed: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @property
    def touches(self) -> tuple[int, int]:
        """Files that are new, and files that are changed."""
        return len(self.new), len(self.changed)


BOARD = (REPO / "targets" / "nucleo-l4r5zi.toml").read_text(encoding="utf-8")
RECIPE = 'title = "my own"\n[[stage]]\nuse = "convert"\n'
ADDITIONS = {
    "pass": Addition(
        {"tinyml_compress/passes/look_on.py": PASS},
        "compile net.tflite -o c",
        "looked on",
        {
            "tinyml_compress/passes/__init__.py": (
                ("import remove_noops\n", "from tinyml_compress.passes.look_on import look_on\n"),
                ("    remove_noops,\n", "    look_on,\n"),
            )
        },
    ),
    "device": Addition({"targets/my-board.toml": BOARD}, "targets", "my-board"),
    "kind of target": Addition(
        {"tinyml_compress/pipeline/measure/kinds/wire.py": TARGET},
        "benchmark net.tflite --target made-up",
        "36.5 C",
    ),
    "recipe": Addition(
        {"recipes/my-own.toml": RECIPE},
        "compress zoo:digits_cnn --recipe my-own --data data:digits --dry-run",
        "my-own",
    ),
    "technique": Addition(
        {"tinyml_compress/techniques/idle.py": TECHNIQUE},
        "compress zoo:digits_cnn --recipe r.toml --data data:digits --dry-run",
        "idle",
    ),
    "export format": Addition(
        {"tinyml_compress/exporters/bare.py": FORMAT},
        "export net.tflite --format bare -o lib",
        "bare, engine aot",
        {
            "tinyml_compress/exporters/formats.py": (
                (
                    "from tinyml_compress.exporters.bundle import Bundle\n",
                    "from tinyml_compress.exporters import bare\n",
                ),
                ('    PLAIN = "plain"\n', '    BARE = "bare"\n'),
                ("    Format.PLAIN: plain.layout,\n", "    Format.BARE: bare.layout,\n"),
            ),
            "tinyml_compress/cli/export.py": (('["plain", ', '"bare", '),),
        },
    ),
    "source": Addition(
        {"tinyml_compress/pipeline/sources/kinds/packed.py": SOURCE},
        "compare net.tflite net.tflite.gz --data set.npz --rounds 1",
        "net.tflite.gz",
    ),
    "verb": Addition({"tinyml_compress/cli/hello.py": VERB}, "hello", "good morning"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its data, in a place where they may be changed."""
    for name in ("tinyml_compress", *DATA):
        shutil.copytree(REPO / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, package in DATA.items():
        (tmp_path / package).symlink_to(tmp_path / name)
    net = NETS["keyword"]()
    (tmp_path / "net.tflite").write_bytes(net)
    (tmp_path / "net.tflite.gz").write_bytes(gzip.compress(net))
    (shape,) = (item.shape[1:] for item in described_inputs(net))
    np.savez(tmp_path / "set.npz", x=np.random.default_rng(0).normal(size=(8, *shape)).astype(np.float32))
    (tmp_path / "r.toml").write_text('[[stage]]\nuse = "idle"\n[[stage]]\nuse = "convert"\n')
    return tmp_path


@pytest.mark.parametrize("what", ADDITIONS)
def test_an_addition_works_with_the_files_that_contributing_names(what: str, copy: Path) -> None:
    one = ADDITIONS[what]
    for name, text in one.new.items():
        (copy / name).write_text(text)
    for name, lines in one.changed.items():
        text = (copy / name).read_text()
        for behind, line in lines:
            assert text.count(behind) == 1, (name, behind)
            text = text.replace(behind, behind + line)
        (copy / name).write_text(text)
    env = {**os.environ, "PYTHONPATH": str(copy)}
    run = [sys.executable, "-c", "from tinyml_compress.cli import main; main()", *one.call.split()]
    done = subprocess.run(run, cwd=copy, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert one.says in done.stdout
    assert _said()[what] == one.touches


def _said() -> dict[str, tuple[int, int]]:
    """The table of CONTRIBUTING: what is added, files that are new, files that are changed."""
    text = (REPO / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:a|an) ([a-z ]+) \| (\d) \| (\d) \|", text, re.MULTILINE)
    return {what: (int(new), int(changed)) for what, new, changed in rows}


def test_the_table_names_all_of_them() -> None:
    assert set(_said()) == {
        *ADDITIONS,
        "operator",
        "kernel in a new instruction set",
    }  # tests/ops/test_added.py
