"""What the pages show of programs that ran on boards is what targets/silicon.json says today."""

from __future__ import annotations

import pytest

from docs import silicon, tables
from tests.test_structure import REPO


@pytest.mark.parametrize("name", ["README.md", "docs/cycle-model.md"])
def test_tables_are_up_to_date(name: str) -> None:
    page = (REPO / name).read_text(encoding="utf-8")
    assert "<!-- table: silicon" in page
    assert tables.renewed(page) == page, "python docs/tables.py"


@pytest.mark.parametrize("core", silicon.NAMES)
def test_pictures_are_up_to_date(core: str) -> None:
    drawn = (silicon.PICTURES / f"silicon-{core}.svg").read_text(encoding="utf-8")
    assert drawn == silicon.picture(core), "python docs/silicon.py"
    page = (REPO / "docs" / "cycle-model.md").read_text(encoding="utf-8")
    assert f"pictures/silicon-{core}.svg" in page


def test_every_program_stands_in_a_table() -> None:
    listed = [row for core in silicon.NAMES for row in silicon.programs_table(core)[1]]
    assert len(listed) == 103
    assert sum(row[-1] == "yes" for row in listed) == 19 + 24 + 25 + 8 + 11
