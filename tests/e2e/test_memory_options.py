"""`--device`, `--memory`, `--flash` and `--constants`, as compile, export, check and benchmark take them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.lib.bundles import run_sources
from tests.lib.nets import residual, wide
from tinyml_compress.devices import load_device
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import ConstantsIn
from tinyml_compress.pipeline.checking import check
from tinyml_compress.pipeline.compile.call import compile_c
from tinyml_compress.pipeline.compile.generated_folder import GeneratedC
from tinyml_compress.pipeline.compile.places import memories_for
from tinyml_compress.pipeline.export.verb import export
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(residual())
    return path


def _compile(*words: str | Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "tinyml_compress", "compile", *map(str, words)]
    return subprocess.run(call, capture_output=True, text=True, timeout=120)


def test_compile_for_a_device_and_part_of_its_memory(model: Path, tmp_path: Path) -> None:
    """The folder still builds and computes here, where there are no such memories."""
    words = ("--device", "stm32h7a3", "--memory", "dtcm=1200", "--memory", "axi-sram")
    done = _compile(model, "-o", tmp_path / "split", *words, "--constants", "ram", "--json")
    assert done.returncode == 0, done.stderr
    fast, slow = json.loads(done.stdout)["memories"]
    assert (fast["name"], fast["bytes"], slow["name"]) == ("dtcm", 1200, "axi-sram")
    assert sum(fast["parts"].values()) <= 1200
    assert fast["parts"]["constants"] > 0
    split, plain = GeneratedC(tmp_path / "split"), compile_c(model, output=tmp_path / "plain", isa="dsp")
    assert plain.memories is None
    row = [np.arange(192, dtype=np.int8).reshape(1, 8, 8, 3)]
    (one,), (other,) = split.run([row]), GeneratedC(tmp_path / "plain").run([row])
    np.testing.assert_array_equal(one[0], other[0])
    for file in ("README.md", "net.h"):
        assert "NET_SECTION_AXI_SRAM" in (tmp_path / "split" / file).read_text()
        assert "SECTION" not in (tmp_path / "plain" / file).read_text()


def test_a_device_whose_ram_is_all_alike_changes_nothing_but_kernels(model: Path, tmp_path: Path) -> None:
    """It is that of the set's own prices, and says whose they are."""
    compile_c(model, output=tmp_path / "one", device="nucleo-l4r5zi")
    compile_c(model, output=tmp_path / "other", isa="dsp")
    for file in ("net.c", "net.h"):
        one, other = ((tmp_path / folder / file).read_text() for folder in ("one", "other"))
        assert one.replace(" core=cortex-m4", "") == other


def test_export_with_several_arenas_passes_its_self_test(model: Path, tmp_path: Path) -> None:
    memory = ("sram=1000", "psram=1M")
    done = export(
        model, output=tmp_path / "out", format="plain", memory=memory, flash=["qspi=8K"], constants="ram"
    )
    assert done.memories is not None
    assert [one.name for one in done.memories] == ["sram", "psram", "qspi"]
    sources = {path.name: path.read_text() for path in done.folder.iterdir() if path.suffix in (".c", ".h")}
    ran = run_sources(sources)
    assert ran.returncode == 0, ran.stdout
    readme = (done.folder / "README.md").read_text()
    for words in ("arena_psram[NET_ARENA_PSRAM_BYTES]", "`NET_SECTION_QSPI`", "> SRAM", "`net_load()`"):
        assert words in readme
    forgetful = sources["net_selftest.c"].replace("net_load();", "(void)0;")
    assert "weights WRONG" in run_sources({**sources, "net_selftest.c": forgetful}).stdout


@pytest.mark.parametrize(
    ("device", "ram", "flash", "where", "says"),
    [
        ("stm32h7a3", ["psram=1M"], [], "flash", "the device has no such memory"),
        ("stm32h7a3", ["dtcm=1M"], [], "flash", "the memory is smaller"),
        (None, ["dtcm"], [], "flash", "a memory without a size"),
        (None, ["dtcm=64k"], [], "flash", "not a memory"),
        (None, ["a-b=1K", "a_b=1K"], [], "flash", "two memories of one name"),
        (None, [], ["qspi=1M"], "ram", "constants in RAM need a RAM"),
    ],
)
def test_words_that_name_no_memory(
    device: str | None, ram: list[str], flash: list[str], where: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        memories_for(device, None, ram, flash, ConstantsIn(where))


def test_constants_that_fit_nowhere_are_named(model: Path, tmp_path: Path) -> None:
    done = _compile(model, "-o", tmp_path / "out", "--flash", "qspi=2K")
    assert done.returncode == 1
    assert "a constant fits in none of the memories: net_" in done.stderr
    assert not (tmp_path / "out").exists()


def test_check_counts_each_memory_and_names_what_fits_nowhere() -> None:
    (contract,) = check(wide(), "nucleo-f767zi", engine="aot").contracts
    assert contract.holds
    assert [demand.memory for demand in contract.memory] == ["flash", "RAM dtcm", "RAM sram1"]
    assert contract.memory[2].needed == 96 * 96 * 16


def test_benchmark_with_constants_in_ram() -> None:
    """On a board whose RAM is all alike too: less is read from flash, and cycles fall."""
    for device in ("nucleo-l4r5zi", "stm32h7a3"):
        asked = [BenchmarkRequest((device,), vectors=1, constants=where) for where in ConstantsIn]
        plain, loaded = (measured(residual(), request).runs[0] for request in asked)
        exact = [run.bit_exact for run in (plain, loaded)]
        assert [one.mismatches for one in exact if one is not None] == [0, 0]
        assert loaded.parts("RAM")["constants"] > loaded.parts("flash")["weights"] > 3000
        assert loaded.cycles < plain.cycles
        assert loaded.memories is not None
        assert loaded.memories[0].parts["constants"] == loaded.parts("RAM")["constants"]


def test_reads_that_are_not_known_are_not_claimed() -> None:
    (run,) = measured(residual(), BenchmarkRequest(("esp32-c3",), vectors=1, constants=ConstantsIn.RAM)).runs
    assert run.memories is not None
    assert run.memories[0].words_read is None
    assert run.memories[0].read == "words of 8 B, no wait"


def test_what_ram_may_be_taken_is_one_answer_everywhere(model: Path, tmp_path: Path) -> None:
    """The fastest form that is small enough, and where none is the same words, with size and price."""
    board = "nucleo-l4r5zi"
    plain = compile_c(model, output=tmp_path / "plain", device=board)
    small = compile_c(model, output=tmp_path / "small", device=board, max_ram=plain.arena_bytes - 1)
    library = export(
        model, output=tmp_path / "library", format="plain", device=board, max_ram=plain.arena_bytes - 1
    )
    assert library.arena_bytes == small.arena_bytes < plain.arena_bytes
    (run,) = measured(model, BenchmarkRequest((board,), vectors=1)).runs
    assert run.ram is not None
    less, least = (
        measured(model, BenchmarkRequest((board,), vectors=1, max_ram=most)) for most in (run.ram - 1, 99)
    )
    assert less.runs[0].ram is not None
    assert less.runs[0].ram < run.ram
    assert less.runs[0].bit_exact is not None
    assert less.runs[0].bit_exact.mismatches == 0
    stack = load_device(board).limits.stack_bytes
    (fits,), (none,) = (
        check(model, board, engine="aot", max_ram=most).contracts
        for most in (plain.arena_bytes + stack - 1, 99 + stack)
    )
    assert fits.holds
    assert not none.holds
    done = _compile(model, "-o", tmp_path / "none", "--device", board, "--max-ram", "99")
    assert done.returncode == 1
    for told in (done.stderr, str(none.assumptions), str(least.notes)):
        assert "no form of the model is that small" in told
        assert "the smallest arena takes" in told
        assert "times the cycles of the fastest form" in told
    for told in (str(none.assumptions), str(least.notes)):
        assert "nor with its input by rows (--by-rows input): the smallest arena takes" in told
    for told in (str(fits.assumptions), str(less.notes)):
        assert "layers by strips (" in told
        assert "times the estimated cycles (" in told
