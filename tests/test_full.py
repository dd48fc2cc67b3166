"""The parts of `make test-full`, their record, and the table that says whether all of them passed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib import full
from tests.lib.parts import PARTS, REPO, all_files, files_of, named, part_of
from tests.mutants import MUTANTS

STATE = "0123456789ab"
TESTS = """
import pytest

@pytest.mark.full
@pytest.mark.parametrize("number", range(3))
def test_passes(number):
    pass

@pytest.mark.full
def test_skips():
    pytest.skip("not here")

def test_is_short():
    raise AssertionError
"""


def test_every_file_belongs_to_one_part() -> None:
    files = all_files()
    shared = [file for part in PARTS if part.marked == "full" for file in files_of(part)]
    assert sorted(shared) == files
    assert files_of(PARTS[0]) == files
    assert len(files) > 150


def test_no_part_is_empty() -> None:
    """Of files that have long tests, as far as their text tells: what `many` makes is long, too."""
    for part in PARTS:
        texts = [(REPO / file).read_text() for file in files_of(part)]
        assert any(word in text for text in texts for word in ("mark.full", "many(", "many_streams(")), (
            part.name
        )
    assert len({part.name for part in PARTS}) == len(PARTS)


def test_the_first_pattern_wins() -> None:
    assert part_of("tests/emulated/test_products.py").name == "products"
    assert part_of("tests/emulated/test_zoo_cores.py").name == "zoo"
    assert part_of("tests/ops/test_zeros_like.py").name == "operators-s"
    assert part_of("tests/new_room/test_new.py").name == "rest"
    assert part_of("tests/new_room/test_new.py", "not full").name == "quick"


def row(**changes: object) -> dict[str, object]:
    good = {
        "commit": "abc",
        "date": "2026-01-01",
        "passed": 3,
        "failed": 0,
        "skipped": 1,
        "left": 0,
        "seconds": 9,
    }
    return {**good, "state": STATE, **changes}


def test_whole_means_every_part_on_this_state() -> None:
    rows = {part.name: row() for part in PARTS}
    assert full.table(rows, STATE).endswith("whole: every part passed on this commit")
    assert full.table(rows, f"{STATE} and changes").splitlines()[-1].startswith("not whole: quick, ")
    for wrong in ({"failed": 1}, {"left": 1}, {"state": "other"}, {"state": f"{STATE} and changes"}):
        text = full.table({**rows, "zoo": row(**wrong)}, STATE)
        assert text.endswith("not whole: zoo"), wrong
    assert full.table({name: kept for name, kept in rows.items() if name != "rest"}, STATE).endswith(
        "not whole: rest"
    )


def run(folder: Path, *words: str) -> dict[str, object]:
    (folder / "test_some.py").write_text(TESTS)
    plugins = [
        "-p",
        "tests.lib.full",
        "-p",
        "no:cacheprovider",
        "-o",
        "markers=full: long",
        "--rootdir",
        str(folder),
    ]
    chosen = ["--part", "rest", "--record", str(folder / "full.json"), *words, str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *chosen],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=REPO,
    )
    assert "rest: {" in done.stdout, done.stdout + done.stderr
    return full.read(folder / "full.json")["rest"]


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ((), (3, 0, 1, 0)),
        (("-n", "2"), (3, 0, 1, 0)),
        (("-k", "passes"), (3, 0, 0, 1)),
        (("--limit", "0.000001"), (0, 0, 0, 4)),
    ],
    ids=["all", "two-processes", "some", "no-time"],
)
def test_a_run_is_recorded(words: tuple[str, ...], counts: tuple[int, ...], tmp_path: Path) -> None:
    """What was not run is left, whatever the reason; short tests are of another part."""
    found = run(tmp_path, *words)
    assert tuple(found[key] for key in ("passed", "failed", "skipped", "left")) == counts
    assert found["commit"] == full.state()[0]


def test_other_parts_of_the_record_stay(tmp_path: Path) -> None:
    record = tmp_path / "full.json"
    zoo, quick = named("zoo"), named("quick")
    assert zoo is not None
    assert quick is not None
    full.keep(zoo, row(), record)
    full.keep(quick, row(failed=2), record)
    assert list(full.read(record)) == ["quick", "zoo"]
    assert not full.passed(full.read(record)["quick"], STATE)
    assert full.passed(full.read(record)["zoo"], STATE)


def test_every_fault_can_be_made_and_its_test_is_there() -> None:
    """Thirty at least, each in a function of its own or in another place of it; `PART=mutants` runs them."""
    assert len(MUTANTS) >= 30
    for mutant in MUTANTS:
        broken = mutant.source()
        assert broken != (REPO / "tinyml_compress" / mutant.file).read_text()
        if mutant.file.endswith(".py"):
            ast.parse(broken)
        file, _, name = mutant.test.partition("::")
        assert (
            not name
            or f"def {name}(" in (REPO / file).read_text()
            or f"\n{name} = " in (REPO / file).read_text()
        )


def test_names_of_parts_are_checked() -> None:
    with pytest.raises(SystemExit, match="no such part: ops; there are quick, .*missing and next"):
        full.main(["ops"])
