"""Boards with several memories: what lies where, the bytes of TensorFlow Lite Micro, and the right price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.lib.nets import residual, wide
from tinyml_compress.devices import CostClass, Device, Region, load_device
from tinyml_compress.errors import DoesNotFit
from tinyml_compress.ir import Memories, Memory, Program
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.runners import tflm
from tinyml_compress.runners.emulated import Emulation, build_firmware, emulate
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.support.instruction_sets import Isa

BOARDS = {"nucleo-f767zi": "sram1", "stm32h7a3": "axi-sram"}
"""With what comes behind their data TCM."""
ISAS = (Isa.C, Isa.DSP)


def board(name: str) -> Device:
    found = load_device(name)
    assert isinstance(found, Device)
    return found


def proven(program: Program, model: bytes, device: Device, count: int) -> Emulation:
    """Run on the board; the outputs are TensorFlow Lite Micro's."""
    arrays = list(mixed(program.inputs, 3, count))[:count]
    done = emulate(program, device, [[array.tobytes() for array in row] for row in arrays])
    oracle = tflm.run(model, arrays).outputs
    assert [list(row) for row in done.outputs] == [[value.tobytes() for value in row] for row in oracle]
    return done


def words_read(done: Emulation) -> Sequence[int]:
    rows = [count.ram_words for count in (*done.counts.nodes, done.counts.between)]
    return [sum(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("name", BOARDS)
def test_the_arena_lies_in_the_data_tcm(name: str) -> None:
    device, model = board(name), residual()
    program = compile_model(model, "m", ISAS, memories=device.memories)
    assert [one.memory for one in program.arenas] == ["dtcm"]
    arena = build_firmware(program, device).image.symbols["tc_arena"]
    assert 0x20000000 <= arena <= 0x20020000 - program.arena_bytes
    fast, *slow = words_read(proven(program, model, device, 2))
    assert fast > 1000
    assert not any(slow)


@pytest.mark.parametrize(("name", "second"), BOARDS.items())
def test_a_net_larger_than_the_data_tcm_is_split(name: str, second: str) -> None:
    device, model = board(name), wide()
    program = compile_model(model, "m", ISAS, memories=device.memories)
    assert [(one.memory, one.suffix) for one in program.arenas] == [
        ("dtcm", ""),
        (second, f"_{second.replace('-', '_')}"),
    ]
    largest = max(program.plan.tensors.values(), key=lambda buffer: buffer.nbytes)
    assert (largest.nbytes, largest.arena) == (96 * 96 * 16, 1)
    done = proven(program, model, device, 1)
    assert min(words_read(done)[:2]) > 10_000
    assert device.tiers[0].nbytes < program.arena_bytes


@pytest.mark.parametrize("share", [0.35, 0.6, 0.9])
def test_wherever_it_is_split_the_outputs_are_the_same(share: float) -> None:
    """A net with a residual branch, whose tensors share bytes in one memory and not across two."""
    device, model = board("nucleo-f767zi"), residual()
    whole = compile_model(model, "m", ISAS).arena_bytes
    memories = Memories((Memory("dtcm", int(whole * share)), *device.memories.ram[1:]))
    program = compile_model(model, "m", ISAS, memories=memories)
    assert len(program.arenas) == 2
    proven(program, model, device, 3)


def test_reads_of_slow_memory_cost_its_price() -> None:
    """A board with an external RAM that has a price: so many cycles more as words are read there."""
    device = board("nucleo-l4r5zi")
    outside = Region("psram", 0x90000000, 1 << 20, "8 Mbit PSRAM", "a test", price=12.0)
    device = replace(device, ram=(*device.ram, outside))
    assert [(one.name, one.price) for one in device.memories.ram] == [("sram1", 0.0), ("psram", 12.0)]
    model = residual()
    program = compile_model(
        model, "m", ISAS, memories=Memories((Memory("sram1", 1000), *device.memories.ram[1:]))
    )
    done = proven(program, model, device, 1)
    words = words_read(done)
    assert words[1] > 1000
    assert sum(map(done.waited, (*done.counts.nodes, done.counts.between))) == 12.0 * words[1]


def test_what_fits_nowhere_is_refused_and_named() -> None:
    device = board("nucleo-f767zi")
    with pytest.raises(DoesNotFit, match="fits in none of the memories") as caught:
        compile_model(
            wide(), "m", ISAS, memories=Memories((device.memories.ram[0], Memory("sram1", 100_000)))
        )
    assert caught.value.which == "t0"
    assert caught.value.allowed == "dtcm 126,720 B, sram1 100,000 B"


def test_benchmark_says_what_lies_where() -> None:
    (run,) = measured(wide(), BenchmarkRequest(("nucleo-f767zi",), vectors=1)).runs
    assert run.error is None
    assert run.memories is not None
    fast, slow = run.memories
    assert (fast.name, slow.name, slow.parts) == ("dtcm", "sram1", {"arena": 96 * 96 * 16})
    assert fast.parts["arena"] + slow.parts["arena"] == run.parts("RAM")["arena"]
    assert fast.parts["stack"] == run.parts("RAM")["stack"]
    assert slow.is_cached
    assert slow.cycles_per_8_bytes > fast.cycles_per_8_bytes == 0
    assert slow.shown == "sram1 147,456 of 393,216 B: arena 147,456"
    assert slow.read == "20,736 words of 8 B read, 1.62 cycles each that misses the data cache"
    assert {item.memory for item in run.plan or ()} == {"dtcm", "sram1"}


@pytest.mark.parametrize("name", BOARDS)
def test_constants_in_ram_are_copied_once_and_read_there(name: str) -> None:
    """Less flash is read for the same bytes; the copying happens outside what is counted."""
    device, model = board(name), residual()
    plain = proven(compile_model(model, "m", ISAS, memories=device.memories), model, device, 2)
    memories = replace(device.memories, constants=device.memories.ram[:1])
    program = compile_model(model, "m", ISAS, memories=memories)
    done = proven(program, model, device, 2)
    assert program.loaded == {"dtcm": program.weight_bytes + program.table_bytes}
    image = build_firmware(program, device).image
    arrays = [array.symbol for array in program.constants]
    assert all(0x20000000 <= image.symbols[symbol] < 0x20020000 for symbol in arrays)
    lines = [
        sum(count.classes.get(CostClass.FLASH_LINE, 0) for count in one.counts.nodes) for one in (plain, done)
    ]
    assert lines[1] < lines[0] / 3
    assert done.flash.weights == plain.flash.weights
    assert abs(done.counts.instructions - plain.counts.instructions) < plain.counts.instructions / 100
