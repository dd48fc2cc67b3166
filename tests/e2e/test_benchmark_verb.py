"""`benchmark` and `targets` as a user calls them: reports, JSON, web page, budgets, errors and exit codes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.emulated.programs import CORES
from tests.lib.nets import NETS
from tests.lib.schema import validate
from tinyml_compress.cli import main
from tinyml_compress.data import DataSet
from tinyml_compress.errors import EmulationError, UsageError
from tinyml_compress.ir import Graph, Port
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_graph, compile_model
from tinyml_compress.pipeline.convert.whole import Wanted
from tinyml_compress.pipeline.measure import work
from tinyml_compress.pipeline.measure.inputs import make_vectors
from tinyml_compress.pipeline.measure.kinds import board as board_kind
from tinyml_compress.pipeline.measure.mismatch import locate
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results import Kind
from tinyml_compress.runners import native
from tinyml_compress.support.resources import targets_folder

Tool = Callable[..., tuple[int, str, str]]
FLASH = {"kernels", "glue", "weights", "tables", "startup"}
BOARDS = ",".join(CORES.values())


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tool:
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tinyml-compress", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("benchmark") / "keyword.tflite"
    path.write_bytes(NETS["keyword"]())
    return path


@pytest.mark.parametrize("name", NETS)
def test_every_core_is_bit_exact_and_adds_up(name: str) -> None:
    result = measured(NETS[name](), BenchmarkRequest(tuple(CORES.values()), vectors=5), name)
    assert [run.device for run in result.runs] == list(CORES.values())
    for run in result.runs:
        assert run.error is None
        assert run.bit_exact is not None
        assert (run.bit_exact.vectors, run.bit_exact.mismatches) == (5, 0)
        assert run.instructions == sum(row.instructions for row in run.nodes)
        assert run.cycles == sum(row.cycles for row in run.nodes)
        assert run.macs == sum(row.macs for row in run.nodes)
        for name, parts in (("flash", FLASH), ("RAM", {"arena", "state", "stack", "static"})):
            figure = run.figure(name)
            assert figure is not None
            assert figure.kind is Kind.EXACT
            assert set(run.parts(name)) == parts
            assert figure.value == sum(run.parts(name).values())
            assert figure.limit is not None
            assert figure.value <= figure.limit


def test_counts_are_the_same_in_every_run(
    tool: Tool, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for name in ("one", "two"):
        # a cache of its own: nothing of the first run is there for the second
        monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(tmp_path / name))
        code, out, _ = tool(
            "benchmark", model, "--target", "nucleo-l4r5zi,esp32-c3", "--vectors", 2, "--json", "-"
        )
        assert code == 0
        texts.append(out)
    assert texts[0] == texts[1]


def test_report_of_one_board(tool: Tool, model: Path) -> None:
    code, out, err = tool("benchmark", model, "--target", "nucleo-l4r5zi", "--optimize", "speed")
    assert (code, err) == (0, "")
    for words in (
        "sha256",
        "zig cc",
        "targets/nucleo-l4r5zi.toml",
        "exact",
        "modelled",
        "±10%: calibrated on 19 programs of 2 vendors on this chip",
        "bit-exact 10/10",
    ):
        assert words in out
    assert re.search(r"0 +CONV_2D .* tc_s8_conv_2d\w*__(c|dsp)", out)
    assert "between nodes" in out


def test_json_schema(tool: Tool, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    assert tool("benchmark", model, "--target", "raspberry-pi-pico", "--json", path)[0] == 0
    document = json.loads(path.read_text())
    assert document["schema"] == 1
    assert document["model"]["bytes"] == model.stat().st_size
    (run,) = document["runs"]
    assert {"device", "engine", "instructions", "cycles", "cycles_error", "ms", "flash", "ram"} <= set(run)
    assert set(run["flash"]) == {"total", "kernels", "glue", "weights", "tables", "startup"}
    assert set(run["ram"]) == {"total", "arena", "state", "stack", "static"}
    assert run["bit_exact"] == {"vectors": 10, "mismatches": 0}
    assert {"index", "op", "name", "macs", "instructions", "cycles"} <= set(run["nodes"][0])
    assert "index" not in run["nodes"][-1]
    assert sum(node["instructions"] for node in run["nodes"]) == run["instructions"]
    assert sum(node["cycles"] for node in run["nodes"]) == run["cycles"]
    assert run["ms"] == pytest.approx(run["cycles"] / 133e6 * 1e3)
    assert all(re.fullmatch("([0-9a-f]{2})+", text) for text in run["outputs_hex"])


def test_power_and_battery_of_an_inference_every_so_often(tool: Tool, model: Path, tmp_path: Path) -> None:
    path, page = tmp_path / "result.json", tmp_path / "page.html"
    words = ("--vectors", 2, "--every", "50ms", "--battery", "1000mAh")
    code, out, _ = tool(
        "benchmark", model, "--target", "nucleo-l4r5zi", *words, "--json", path, "--html", page
    )
    assert code == 0
    document = json.loads(path.read_text())
    validate(document)
    (run,) = document["runs"]
    energy = run["energy"]
    assert energy["millijoules"] == pytest.approx(run["cycles"] * 355e-9)
    assert energy["picojoules_per_cycle"] == 355
    assert energy["microamps_per_mhz"] == pytest.approx(355 / 1.8)
    found = {figure["name"]: figure for figure in run["figures"]}
    text = found["busy"]["about"]["text"]
    assert found["busy"]["value"] == pytest.approx(run["ms"] / 50)
    assert found["average power"]["value"] == pytest.approx(energy["millijoules"] / 0.05)
    assert found["battery life"]["value"] == pytest.approx(1000 * 1.8 / found["average power"]["value"])
    assert found["mJ"]["error"] == pytest.approx(1.1 * 1.1 - 1)
    assert text.startswith("every 0.05 s, 1000 mAh: ")
    assert "without sleep" in text
    assert f"{text} (1.8 V, internal regulator (LDO))" in out
    assert text in page.read_text()
    code, out, _ = tool("benchmark", model, "--target", "arduino-nano-33-ble,raspberry-pi-pico", *words)
    assert code == 0
    assert re.search("arduino-nano-33-ble +every 0.05 s, 1000 mAh: .* with 3.16 uA asleep", out)
    assert "raspberry-pi-pico: no power every 0.05 s, 1000 mAh: no set-up of the board has a source" in out
    code, out, _ = tool("benchmark", model, "--target", "nucleo-l4r5zi", "--engine", "tflm", *words)
    assert code == 0
    assert "power and battery life are known of our C on emulated boards alone" in out
    assert tool("benchmark", model, "--target", "raspberry-pi-pico", "--battery", "1Ah")[0] == 2


class _Page(HTMLParser):
    """Collects tags, and everything that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)
        self.fetched += [
            str(value) for key, value in attrs if key == "src" or (tag == "link" and key == "href")
        ]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_web_page_is_whole_and_fetches_nothing(tool: Tool, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert tool("benchmark", model, "--target", "nucleo-l4r5zi,bluepill-f103c8,host", "--html", path)[0] == 0
    text = path.read_text()
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.fetched == ["data:,"]  # no icon, instead of one that a browser looks for
    assert page.tags.count("figure") >= 6  # time, flash and RAM; nodes and memory plan of the board that fits
    assert page.tags.count("table") >= page.tags.count("figure")  # each has its numbers beside it
    assert not re.search(r"@import|url\(", text.split("</style>")[0])
    assert "CONV_2D" in text


def test_a_name_cannot_break_the_page(tmp_path: Path) -> None:
    from tinyml_compress.rendering import benchmark_html

    file = tmp_path / "<script>alert(1).tflite"
    file.write_bytes(NETS["keyword"]())
    result = measured(file, BenchmarkRequest(("nucleo-l4r5zi",), vectors=1))
    assert "<script>alert(1)" in result.model.source
    assert "<script>alert(1)" not in benchmark_html(result)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--max-flash", 1000), "is over --max-flash 1,000"),
        (("--max-ram", 100), "is over --max-ram 100"),
        (("--max-ms", 0.001), "is over --max-ms 0.001"),
    ],
)
def test_budgets(tool: Tool, model: Path, option: tuple[str, object], words: str) -> None:
    code, out, err = tool("benchmark", model, "--target", "nucleo-l4r5zi", *option)
    assert code == 1
    assert words in err
    assert "nucleo-l4r5zi" in err
    assert "between nodes" in out  # the report comes first
    assert tool("benchmark", model, "--target", "nucleo-l4r5zi", option[0], 10_000_000)[0] == 0


@pytest.fixture(scope="session")
def tiny_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one board of the user's own, with hardly any memory."""
    folder = tmp_path_factory.mktemp("boards")
    text = (targets_folder() / "bluepill-f103c8.toml").read_text()
    (folder / "tiny-board.toml").write_text(
        text.replace("0x00010000", "0x00000800").replace("0x00005000", "0x00000C00")
    )
    return folder


def test_does_not_fit(tool: Tool, model: Path, tiny_board: Path) -> None:
    code, _, err = tool("benchmark", model, "--target", "tiny-board", "--targets-dir", tiny_board)
    assert code == 1
    for words in (
        "does not fit tiny-board",
        "of 2,048 B flash",
        "of 3,072 B RAM",
        "the largest parts are",
        "next:",
    ):
        assert words in err


def test_a_survey_says_who_is_too_small_and_goes_on(tool: Tool, model: Path, tiny_board: Path) -> None:
    code, out, _ = tool("benchmark", model, "--target", "all", "--targets-dir", tiny_board, "--vectors", 1)
    assert code == 0
    assert re.search(r"tiny-board .*too small", out)
    assert "does not fit" in out
    assert out.count("bit-exact 1/1") >= 11
    code, out, err = tool("benchmark", model, "--target", "tiny-board,esp32-c3", "--targets-dir", tiny_board)
    assert code == 1
    assert "bit-exact 10/10" in out
    assert "does not fit tiny-board" in err


def test_tflm_engine(tool: Tool, model: Path, tmp_path: Path, tiny_board: Path) -> None:
    path = tmp_path / "r.json"
    code, out, _ = tool("benchmark", model, "--target", "nucleo-l4r5zi", "--engine", "tflm", "--json", path)
    assert code == 0
    assert "not claimed" in out
    (run,) = json.loads(path.read_text())["runs"]
    assert run["ram"]["arena"] > 0
    assert "cycles" not in run
    code, _, err = tool(
        "benchmark", model, "--target", "tiny-board", "--engine", "tflm", "--targets-dir", tiny_board
    )
    assert code == 1
    assert "does not fit tiny-board" in err


def test_host(tool: Tool, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    code, out, _ = tool("benchmark", model, "--target", "host", "--json", path)
    assert code == 0
    assert "wall clock" in out
    (run,) = json.loads(path.read_text())["runs"]
    assert 0 < run["measured_ms"]["median"] <= run["measured_ms"]["p90"]
    assert run["threads"] == 1


@pytest.mark.parametrize("kind", ["zeros", "random"])
def test_other_inputs(tool: Tool, model: Path, kind: str) -> None:
    code, out, _ = tool("benchmark", model, "--target", "nucleo-l4r5zi", "--input", kind, "--vectors", 2)
    assert code == 0
    assert "bit-exact 2/2" in out


def test_inputs_from_a_file(tool: Tool, model: Path, tmp_path: Path) -> None:
    (port,) = compile_model(model.read_bytes(), "m").inputs
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((3, *port.shape[1:]), dtype=np.float32))
    code, out, _ = tool("benchmark", model, "--target", "nucleo-l4r5zi", "--input", tmp_path / "x.npy")
    assert code == 0
    assert "bit-exact 3/3" in out
    np.save(tmp_path / "bad.npy", np.zeros((3, 7), np.float32))
    code, _, err = tool("benchmark", model, "--target", "nucleo-l4r5zi", "--input", tmp_path / "bad.npy")
    assert code == 1
    assert "not of the model's input shape" in err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["{model}", "--target", "nucleo-l4r5z"], 2, "nucleo-l4r5zi"),
        (["{model}", "--target", ","], 2, "no target"),
        (["{model}", "--target", "nucleo-l4r5zi", "--vectors", "0"], 2, "vectors"),
        (["{model}", "--target", "nucleo-l4r5zi", "--max-ms", "-1"], 2, "max-ms"),
        (["{model}", "--target", "nucleo-l4r5zi", "--input", "nowhere.npz"], 1, "nowhere.npz"),
        (["{model}", "--target", "nucleo-l4r5zi", "--targets-dir", "nowhere"], 2, "nowhere"),
        (["nowhere.tflite", "--target", "nucleo-l4r5zi"], 2, "no such model file"),
        (["nowhere.keras", "--target", "nucleo-l4r5zi"], 2, "representative data"),
        (["{model}"], 2, "--target"),
    ],
)
def test_usage_errors(tool: Tool, model: Path, words: list[str], code: int, says: str) -> None:
    found, _, err = tool("benchmark", *(word.format(model=model) for word in words))
    assert found == code, err
    assert says in err
    assert "Traceback" not in err


def test_a_broken_model(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(NETS["keyword"]()[:500])
    code, _, err = tool("benchmark", tmp_path / "broken.tflite", "--target", "nucleo-l4r5zi")
    assert code == 1
    assert "Traceback" not in err


def test_unwritable_result(tool: Tool, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = tool(
        "benchmark", model, "--target", "nucleo-l4r5zi", "--json", tmp_path / "file" / "r.json"
    )
    assert code == 1
    assert "cannot write" in err


def test_mismatch_is_a_failure(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "autoencoder.tflite"
    model.write_bytes(NETS["autoencoder"]())
    right = work.tflm.run

    def wrong(content: bytes, vectors: Sequence[Sequence[np.ndarray]]) -> object:
        answer = right(content, vectors)
        if len(vectors) > 1:  # the whole model, not a piece of it
            answer.outputs[1][0].reshape(-1)[3] ^= 1
        return answer

    monkeypatch.setattr(work.tflm, "run", wrong)
    code, out, err = tool("benchmark", model, "--target", "nucleo-l4r5zi")
    assert code == 1
    assert "MISMATCH 9/10" in out
    assert "outputs differ from TensorFlow Lite Micro" in err
    assert "vector 1, " in err
    assert "element 3" in err


def test_the_first_wrong_node_is_named() -> None:
    content = NETS["residual"]()
    (port,) = compile_model(content, "m").inputs
    vectors = make_vectors([port], "pattern", 1, 0)

    def emulate(graph: Graph, raw: list[tuple[bytes, ...]]) -> tuple[Sequence[Port], list[tuple[bytes, ...]]]:
        program = compile_graph(graph, "m", model_sha256="", level=Level.BALANCED)
        outputs = [value.copy() for value in native.load([program])[0].invoke(vectors.arrays[0])]
        if len(graph.nodes) >= 3:
            outputs[0].reshape(-1)[5] ^= 1
        return program.outputs, [tuple(value.tobytes() for value in outputs)]

    said = locate(content, "m", vectors.arrays[0], vectors.raw[0], emulate)
    assert said.startswith("node 2 (")
    assert "element 5" in said


def test_without_tflm_the_report_says_so(tool: Tool, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work.tflm, "available", lambda: False)
    code, out, _ = tool("benchmark", model, "--target", "nucleo-l4r5zi")
    assert code == 0
    assert "not compared: TensorFlow Lite Micro is not installed" in out


def test_targets(tool: Tool, tiny_board: Path) -> None:
    code, out, _ = tool("targets")
    assert code == 0
    assert re.search(r"nucleo-l4r5zi +cortex-m4 +120 +2,048 KB +640 KB", out)
    code, out, _ = tool("targets", "--json", "--targets-dir", tiny_board)
    assert {"tiny-board", "nucleo-l4r5zi", "host"} <= {
        device["name"] for device in json.loads(out)["devices"]
    }
    code, out, _ = tool("targets", "show", "nucleo-f767zi")
    for words in ("0x20000000", "DS11532", "this board's flash is not", "qemu (mps2-an500)", "216 MHz"):
        assert words in out
    code, out, _ = tool("targets", "show", "host", "--json")
    assert json.loads(out)["device"]["kind"] == "host"
    code, out, _ = tool("targets", "show", "esp32-c3", "--json")
    assert json.loads(out)["device"]["calibration"]["calibrated"] is False
    assert tool("targets", "show")[0] == 2
    assert tool("targets", "nucleo-l4r5zi")[0] == 2
    assert tool("targets", "show", "nucleo")[0] == 2


def test_what_this_machine_lacks_is_said() -> None:
    (run,) = measured(NETS["autoencoder"](), BenchmarkRequest(("esp32-c3",), toolchains=("gcc",))).runs
    assert run.error is not None
    assert run.fits
    assert not run.error.is_defect
    assert "no flags for --toolchain gcc" in run.error.reason


def test_a_misstep_of_the_firmware_is_a_defect(
    tool: Tool, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*arguments: object, **options: object) -> None:
        raise EmulationError("the emulated firmware faulted: breakpoint", which="main", found="in node 3")

    monkeypatch.setattr(board_kind, "emulate", fault)
    code, out, err = tool("benchmark", model, "--target", "nucleo-l4r5zi,esp32-c3")
    assert code == 1
    assert "did not run" in out
    assert "in node 3" in out
    assert "the emulated firmware faulted: breakpoint: main" in err


def test_a_keras_model_is_converted_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []

    def convert_model(loaded: object, chosen: DataSet, wanted: Wanted) -> SimpleNamespace:
        asked.extend([loaded, chosen.name, wanted.seed])
        return SimpleNamespace(tflite=NETS["autoencoder"](), preprocessing=None)

    monkeypatch.setattr("tinyml_compress.pipeline.sources.kinds._keras.convert_model", convert_model)
    monkeypatch.setattr("tinyml_compress.models.load", lambda spec: f"loaded {spec}")
    known = given("zoo:digits_cnn", None, 7)
    assert asked == ["loaded zoo:digits_cnn", "data:digits", 7]
    assert known.name == "digits_cnn"
    assert known.source == "zoo:digits_cnn, converted to int8 with data:digits"
    (tmp_path / "best.keras").touch()
    assert given(tmp_path / "best.keras", "data:digits", 0).name == "best"


def test_from_python(model: Path) -> None:
    import tinyml_compress

    (run,) = tinyml_compress.benchmark(model, "nucleo-l4r5zi").runs
    assert run.error is None
    both = tinyml_compress.benchmark(model, ["nucleo-l4r5zi", "esp32-c3"]).runs
    assert both[0] == run
    assert len(both) == 2


def test_no_target_from_python() -> None:
    with pytest.raises(UsageError, match="no target"):
        measured(NETS["keyword"](), BenchmarkRequest(()))


def test_refusals_carry_their_reason(tiny_board: Path) -> None:
    request = BenchmarkRequest(("tiny-board",), targets_dir=tiny_board)
    (run,) = measured(NETS["keyword"](), request).runs
    assert run.error is not None
    assert not run.fits
    assert not run.error.is_defect


PUBLISHED = {
    "kws_ref_model": ("808080888080808080808078", 0),
    "pretrainedResnet_quant": ("8080ab8080808b804a80", 1),
}
ROOMY = tuple(name for name in CORES.values() if name != "bluepill-f103c8")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models(published: Path, name: str) -> None:
    """Known bytes on the board of the baselines, and on the smallest core."""
    request = BenchmarkRequest(("nucleo-l4r5zi", "raspberry-pi-pico"), vectors=3)
    for run in measured(published / f"{name}.tflite", request).runs:
        assert run.error is None
        assert run.outputs[0].hex() == PUBLISHED[name][0]
        assert run.bit_exact is not None
        assert run.bit_exact.mismatches == 0


@pytest.mark.full
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models_on_every_core(published: Path, tmp_path: Path, name: str, core: str) -> None:
    """100 vectors. The Cortex-M3 board is too small for one of them: another board with its core
    stands in.
    """
    text = (targets_folder() / f"{CORES[core]}.toml").read_text()
    if core == "cortex-m3":
        text = text.replace("0x00010000", "0x00100000").replace("0x00005000", "0x00020000")
    (tmp_path / "roomy.toml").write_text(text)
    request = BenchmarkRequest(("roomy",), vectors=100, targets_dir=tmp_path)
    (run,) = measured(published / f"{name}.tflite", request).runs
    assert run.error is None
    assert run.outputs[0].hex() == PUBLISHED[name][0]
    assert run.bit_exact is not None
    assert (run.bit_exact.vectors, run.bit_exact.mismatches) == (100, 0)
