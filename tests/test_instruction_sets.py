"""An instruction set is one row of a table: what else tells of it agrees with the row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tinyml_compress.cli import compile, convert, export, verify
from tinyml_compress.devices import CostClass
from tinyml_compress.ops import all_operators
from tinyml_compress.runners.emulated.issue import _FORMS
from tinyml_compress.support.instruction_sets import Isa

REPO = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("isa", Isa)
def test_a_row_is_whole(isa: Isa) -> None:
    assert isa.sets[0] is Isa.C
    assert isa.sets[-1] is isa
    assert set(isa.row.architectures) <= set(Isa.C.row.architectures)
    known = {pattern for pattern, _, _ in _FORMS}
    for form in isa.row.forms:
        assert re.compile(form.pattern).pattern in known
        assert not form.cost or CostClass(form.cost)
    assert any(kernel.isa is isa for op in all_operators().values() for kernel in op.variants)


@pytest.mark.parametrize("isa", Isa)
def test_documentation_and_help_have_its_sentence(isa: Isa) -> None:
    page = (REPO / "docs" / "engine.md").read_text(encoding="utf-8")
    assert f"| `{isa.value}` | {isa.row.about} |" in page
    for verb in (compile, convert, export, verify):
        said = " ".join(CliRunner().invoke(verb.command, ["--help"]).output.split())
        assert f"{isa.value}: {isa.row.about}" in said
