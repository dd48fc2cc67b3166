"""What the page of the memory planner shows of RAM and cycles is what benchmarks/ram.json says today."""

from __future__ import annotations

from docs import ram, tables
from tests.test_structure import REPO


def test_table_and_picture_are_up_to_date() -> None:
    page = (REPO / "docs" / "memory-planner.md").read_text(encoding="utf-8")
    assert "<!-- table: ram" in page
    assert tables.renewed(page) == page, "python docs/tables.py"
    for path, drawn in ram.pictures().items():
        assert path.read_text(encoding="utf-8") == drawn, "python docs/ram.py"
        assert f"pictures/{path.name}" in page


def test_forms_within_the_bound_of_estimates_keep_it_in_counted_cycles() -> None:
    """What `--optimize ram` promises: at most 1.35 times."""
    rows = [row for front in ram.fronts().values() for row in front if row["estimated"] <= 1.34]
    assert {row["model"] for row in rows} >= {"kws", "ic"}
    assert max(row["slower"] for row in rows) <= 1.35
