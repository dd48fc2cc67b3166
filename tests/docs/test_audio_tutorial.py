"""The ten commands of docs/audio.md, in their order, on the set that the first of them writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lib.pages import blocks_of, run_page

REPO = Path(__file__).resolve().parents[2]


@pytest.mark.full
def test_the_tutorial_is_what_happens(tmp_path: Path) -> None:
    """Its numbers are those of a net trained here; its words, and that the board answers as the net on
    windows, are compared.
    """
    page = (REPO / "docs" / "audio.md").read_text(encoding="utf-8")
    (block,) = (one for one in blocks_of(page) if one.value == "tests/docs/test_audio_tutorial.py")
    assert block.text.count("$ ") == 10
    (tmp_path / "examples").symlink_to(REPO / "examples")
    apart = run_page(f"<!-- numbers: trained here -->\n```console\n{block.text}\n```\n", tmp_path)
    assert not apart, "\n\n".join(apart)
    for name in ("told.c", "told_frontend.c", "told_trigger.c", "told_selftest.c"):
        assert (tmp_path / "firmware" / name).is_file()
