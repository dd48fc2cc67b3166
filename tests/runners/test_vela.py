"""Boards with an NPU: what Vela says of each layer, what is left to the core, and what both come to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.lib import npu
from tests.lib.nets import NETS
from tinyml_compress.devices import Npu, list_devices
from tinyml_compress.errors import ModelError, TinymlError, UsageError
from tinyml_compress.models.zoo import ZOO
from tinyml_compress.pipeline.checking import check
from tinyml_compress.pipeline.convert.npu import NpuFiles, npu_named
from tinyml_compress.pipeline.convert.npu_program import npu_program
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.fit.estimate import estimate
from tinyml_compress.pipeline.fit.job import FitRequest
from tinyml_compress.pipeline.measure.inputs import make_vectors
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.target import target
from tinyml_compress.pipeline.measure.verb import benchmark, measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results import Accelerator, Benchmark, Kind, Measurement, encoded
from tinyml_compress.runners import vela
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.support.environments import VELA

NPUS = tuple(one for one in list_devices() if isinstance(one, Npu))


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model file, in a place where Vela is what was recorded of it."""
    monkeypatch.setenv(VELA.variable, str(npu.stand_in(tmp_path)))
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "net.tflite"
    path.write_bytes(npu.net())
    return path


def _placed(model: bytes, board: str) -> NpuFiles:
    done = target(board).files_beside("net", model)
    assert done is not None
    return done


def _run(done: Benchmark) -> tuple[Measurement, Accelerator]:
    (run,) = done.runs
    assert run.error is None
    assert run.accelerator is not None
    return run, run.accelerator


def test_layers_by_name_sum_to_velas_total_and_the_rest_is_counted(recorded: Path) -> None:
    done = benchmark(recorded, npu.BOARD, vectors=1)
    run, parts = _run(done)
    places = [(layer.op, layer.place) for layer in parts.layers]
    assert places == [
        ("CONV_2D", "NPU"),
        ("CONV_2D", "CPU"),
        ("CONV_2D", "NPU"),
        ("RESHAPE", "NPU"),
        ("FULLY_CONNECTED", "NPU"),
        ("SOFTMAX", "NPU"),
    ]
    on_npu = [layer.cycles or 0 for layer in parts.layers if layer.place == "NPU"]
    total, core = run.figure("NPU cycles"), run.figure("CPU cycles")
    assert total is not None
    assert core is not None
    assert sum(on_npu) == total.value > 0
    assert (total.kind, total.by) == (Kind.MODELLED, "Vela 5.2.0")
    assert parts.layers[1].cycles is not None
    assert 0 < parts.layers[1].cycles < core.value, "and what is between nodes"
    described = npu.board().board
    placed = (npu.RECORDED / "out" / "model_vela.tflite").read_bytes()
    (part,) = npu_program("net", placed, described.core.kernels, described.core.prices).parts
    again = emulate(part.program, described, make_vectors(part.program.inputs, "random", 1, 5).raw)
    assert run.instructions == again.counts.instructions, "the C around the stream, whatever its inputs"
    assert core.by is None
    copied = run.figure("copied around the streams, not counted")
    assert copied is not None
    assert copied.value == 16 * 16 * 8 + 4 * 4 * 8
    clock = npu.board().clock_hz
    assert run.ms == pytest.approx(1e3 * (total.value + core.value) / clock)
    alone = benchmark(recorded, "corstone-300", vectors=1).runs[0]
    speed_up = run.figure("speed-up")
    assert speed_up is not None
    assert speed_up.value == pytest.approx(alone.ms / run.ms)
    assert 0 < run.ram <= npu.board().sram.nbytes


def test_text_json_and_page_name_who_modelled_and_for_what_system(recorded: Path) -> None:
    done = benchmark(recorded, (npu.BOARD, "nucleo-l4r5zi"), vectors=1)
    text = done.summary()
    line, beside = (line for line in text.splitlines() if line.startswith(npu.BOARD))
    assert "Vela 5.2.0" in line
    assert "5 of 6 layers" in beside
    speed_up = done.runs[0].figure("speed-up")
    assert speed_up is not None
    assert f"{speed_up.value:.1f}x" in beside
    one = benchmark(recorded, npu.BOARD, vectors=1)
    text = one.summary()
    assert "Ethos_U55_High_End_Embedded" in text
    assert "core_clock 500000000.0" in text
    assert "Unsupported kernel stride: 4, 4" in text
    document = json.loads(json.dumps(encoded(done)))
    (run,) = [run for run in document["runs"] if run["device"] == npu.BOARD]
    assert run["accelerator"]["by"] == "Vela 5.2.0"
    assert "corstone-300-u55-128" in one.html()


def test_check_says_what_falls_back_and_what_would_place_it(recorded: Path) -> None:
    (contract,) = check(recorded, npu.BOARD, engine="aot").contracts
    assert contract.holds
    assert contract.left is not None
    (left,) = contract.left
    assert left.found == "Unsupported kernel stride: 4, 4"
    assert left.allowed == "Stride>3 is only supported IF (dilation = 1 AND padding = VALID)"
    memory = {demand.memory: demand for demand in contract.memory}
    assert memory["RAM"].available == npu.board().sram.nbytes
    assert "by Vela 5.2.0" in memory["RAM"].of_what


def test_convert_writes_velas_file_its_array_and_a_resolver(recorded: Path) -> None:
    done = _placed(recorded.read_bytes(), npu.BOARD)
    whole = (npu.RECORDED / "out" / "model_vela.tflite").read_bytes()
    assert done.content["net_npu.tflite"] == whole
    assert set(done.told.files) == set(done.content)
    array = done.content["net_npu_model_data.c"].decode()
    assert bytes(int(text, 16) for text in re.findall(r"0x[0-9a-f]{2}", array)) == whole
    assert "ethosu_invoke_v3(" in done.content["core/net_npu.c"].decode()
    assert "core/net_npu_part0.c" in done.content
    resolver = done.content["net_npu_resolver.h"].decode()
    assert re.findall(r"resolver\.(\w+)\(\)", resolver) == ["AddConv2D", "AddEthosU"]
    sizes = {
        key: int(value) for key, value in re.findall(r"#define NET_NPU_TFLM_ARENA_(\w+) (\d+)", resolver)
    }
    assert sizes["TENSORS"] == done.told.tensors
    assert 0 <= sizes["BYTES"] - sizes["TENSORS"] - sizes["INTERPRETER"] < 16
    (left,) = done.told.left
    assert left.found == "Unsupported kernel stride: 4, 4"


def test_a_quantized_file_is_placed_as_it_stands(recorded: Path, tmp_path: Path) -> None:
    done = convert(recorded, output=tmp_path / "out", npu=npu.BOARD)
    assert (tmp_path / "out" / "net.tflite").read_bytes() == recorded.read_bytes()
    placed = tmp_path / "out" / "npu" / "net_npu.tflite"
    assert placed.read_bytes() == (npu.RECORDED / "out" / "model_vela.tflite").read_bytes()
    assert "quantized .tflite file" in done.origin
    assert done.npu is not None
    with pytest.raises(UsageError, match="needs representative data"):
        convert(recorded, output=tmp_path / "other")


def test_costs_of_a_search_are_velas_and_nothing_is_run_on_the_core_alone(recorded: Path) -> None:
    request = BenchmarkRequest(targets=(npu.BOARD,), vectors=1, beside=False)
    (run,) = measured(recorded, request).runs
    cost, total = target(npu.BOARD).cost(run), run.figure("NPU cycles")
    assert run.figure("speed-up") is None
    assert total is not None
    assert (cost.npu_cycles, cost.ms, cost.ram) == (total.value, run.ms, run.ram)
    assert cost.main_cycles == total.value
    assert 0 < cost.cycles < total.value * 3, "of the layer that is left to the core"
    assert cost.flash == len((npu.RECORDED / "out" / "model_vela.tflite").read_bytes())


def test_a_search_takes_boards_with_costs_that_stay_the_same() -> None:
    words = {"model": "m", "data": "d", "folder": "f", "storage": "s", "max_ram": "8K"}
    assert FitRequest(target=npu.BOARD, **words).place().beside_core == npu.board().accelerator
    for name in ("host", "nope"):
        with pytest.raises(UsageError):
            FitRequest(target=name, **words).place()


@pytest.mark.full
def test_an_estimate_for_an_npu_blames_layers_by_vela() -> None:
    """Needs Vela."""
    done = estimate("zoo:digits_cnn", npu.BOARD, max_flash="12K")
    whole = done.forms[0].cost
    assert whole is not None
    assert whole.npu_cycles == sum(row.cycles for row in done.layers)
    assert done.verdict.startswith("may fit")


@pytest.mark.full
def test_no_c_around_streams_that_know_two_arenas() -> None:
    """Needs Vela."""
    done = _placed(npu.net(), "imx93-u65-256")
    assert not [path for path in done.content if path.startswith("core/")]
    assert done.told.refused is not None
    assert "two arenas" in done.told.refused
    assert "net_npu.tflite" in done.content


def test_convert_refuses_a_board_without_an_npu() -> None:
    with pytest.raises(UsageError, match="no NPU that Vela knows"):
        npu_named("corstone-300")
    with pytest.raises(UsageError, match="no such board") as caught:
        npu_named("nope")
    assert str(caught.value.allowed).split(", ") == sorted(one.name for one in NPUS)


def test_what_vela_cannot_read_is_one_error(recorded: Path) -> None:
    with pytest.raises(ModelError, match="Vela cannot compile the model") as caught:
        vela.placed(NETS["keyword"](), npu.board())
    assert "another model" in str(caught.value.found)


def test_all_names_what_needs_an_extra_and_does_not_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VELA.variable, str(tmp_path / "nowhere"))
    request = BenchmarkRequest(targets=("all",), engine="tflm")
    done = measured(NETS["keyword"](), request, "net")
    assert not any(run.accelerator for run in done.runs)
    (note,) = [note for note in done.notes if "need an extra" in note]
    assert all(one.name in note for one in NPUS)
    assert "Vela, Arm's compiler for the Ethos-U, about 110 MB" in note
    with pytest.raises(TinymlError):
        vela.placed(NETS["keyword"](), npu.board())


def test_boards_with_an_npu_are_listed_with_their_sources() -> None:
    assert {one.accelerator.split("-")[1] for one in NPUS} >= {"u55", "u65", "u85"}
    for one in NPUS:
        place = target(one.name)
        facts, details = place.facts(), place.details()
        assert "Ethos-U" in facts.title
        assert details.sources is not None
        assert one.system in details.sources["npu"]


@pytest.mark.full
def test_the_recording_is_what_vela_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needs Vela, which is installed here once."""
    model, board = npu.net(), npu.board()
    real = vela.placed(model, board, print)
    monkeypatch.setenv(VELA.variable, str(npu.stand_in(tmp_path)))
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(tmp_path / "cache"))
    assert vela.placed(model, board) == real


@pytest.mark.full
@pytest.mark.parametrize("board", NPUS, ids=lambda one: one.name)
def test_every_zoo_net_on_every_npu(board: Npu) -> None:
    """Needs Vela: `placed` itself refuses layers that do not sum to the total."""
    for name in ZOO:
        content = given(f"zoo:{name}").content
        placed = vela.placed(content, board, print)
        assert placed.cycles > 0
        assert any(layer.on_npu for layer in placed.layers)
        assert [layer.index for layer in placed.layers] == sorted(layer.index for layer in placed.layers)
