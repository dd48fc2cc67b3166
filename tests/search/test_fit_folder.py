"""The folder of a search: one at a time, and free again however the first one ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tinyml_compress import fit
from tinyml_compress.errors import OutputError
from tinyml_compress.pipeline.fit.folder import WORK, working

REPO = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from tinyml_compress.pipeline.fit.folder import WORK, working
with working(Path(sys.argv[1])):
    (Path(sys.argv[1]) / WORK / "job.json").write_text("of the first")
    print("works", flush=True)
    time.sleep(600)
"""


def test_a_second_search_in_one_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    """Its workers would read the other one's job, and the first to end took the other one's files away."""
    output = tmp_path / "out"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, output], stdout=subprocess.PIPE, text=True, cwd=REPO
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == "works\n"
        with pytest.raises(OutputError, match="another search works in this folder") as caught:
            fit("zoo:digits_cnn", "data:digits", "nucleo-l4r5zi", output=output, max_drop=0.5, minutes=0.01)
        assert caught.value.which == str(output)
        assert "--storage" in str(caught.value.next_step)
        assert [path.name for path in output.iterdir()] == [WORK]
        assert (output / WORK / "job.json").read_text() == "of the first"
        first.send_signal(signal.SIGKILL)
    with working(output):
        assert [path.name for path in (output / WORK).iterdir()] == ["lock"]
    assert list(output.iterdir()) == []


def test_links_in_a_folder_from_somebody_else_are_not_followed(tmp_path: Path) -> None:
    """Logs would be written into the user's own files."""
    mine, output = tmp_path / "mine", tmp_path / "out"
    mine.mkdir()
    (mine / "precious").write_text("precious")
    (output / WORK / "inner").mkdir(parents=True)
    for name in ("search-0.log", "inner/link"):
        (output / WORK / name).symlink_to(mine / "precious")
    (output / WORK / "01-prune").symlink_to(mine)
    with working(output):
        assert [path.name for path in (output / WORK).iterdir()] == ["lock"]
    (output / WORK).symlink_to(mine)
    with working(output):
        (output / WORK / "precious").write_text("of the search")
    assert (mine / "precious").read_text() == "precious"
    assert [path.name for path in mine.iterdir()] == ["precious"]
    assert list(output.iterdir()) == []


def test_what_failed_is_kept_until_the_next_call(tmp_path: Path) -> None:
    def fail() -> None:
        with working(tmp_path):
            (tmp_path / WORK / "log").write_text("why")
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert (tmp_path / WORK / "log").read_text() == "why"
    with working(tmp_path):
        assert not (tmp_path / WORK / "log").exists()


def test_what_failed_before_anything_was_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot open the study's storage"):
        fit(
            "zoo:digits_cnn",
            "data:digits",
            "nucleo-l4r5zi",
            output=tmp_path / "new" / "out",
            max_drop=0.5,
            storage=f"sqlite:///{tmp_path}",
        )
    assert not (tmp_path / "new" / "out").exists()


def test_a_lock_that_went_away_while_it_was_waited_for_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first search ends, and takes its folder away, between a second one's look and its lock."""
    taken = []
    opened = os.open

    def late(path: str | Path, *words: int) -> int:
        descriptor = opened(path, *words)
        if not taken:
            os.rename(tmp_path / WORK, tmp_path / "gone")
        taken.append(descriptor)
        return descriptor

    monkeypatch.setattr("tinyml_compress.pipeline.fit.folder.os.open", late)
    with working(tmp_path):
        monkeypatch.undo()
        assert len(taken) == 2
        assert (tmp_path / WORK / "lock").exists()
