"""C around Vela's command streams: with a driver that computes each stream's part by our own C, it gives
TensorFlow Lite Micro's bytes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from tests.lib import npu
from tinyml_compress import frontend
from tinyml_compress.converter import NpuProgram, NpuStream, program_files
from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.formats.flat import decode
from tinyml_compress.ir import Graph, Port
from tinyml_compress.models.zoo import ZOO
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.pipeline.convert.npu_program import npu_program
from tinyml_compress.pipeline.measure.inputs import make_vectors
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.runners import tflm, toolchain, vela
from tinyml_compress.support.instruction_sets import Isa

HEADER = """
#include <stddef.h>
#include <stdint.h>
struct ethosu_driver;
struct ethosu_driver *ethosu_reserve_driver(void);
void ethosu_release_driver(struct ethosu_driver *driver);
int ethosu_invoke_v3(struct ethosu_driver *driver, const void *commands, const int nbytes,
                     uint64_t *const base, const size_t *sizes, const int count, void *user);
"""
DRIVER = """
#include "ethosu_driver.h"
#include <string.h>
{includes}
struct ethosu_driver {{ int reserved; }};
static struct ethosu_driver one;
static int calls;
static _Alignas(16) uint8_t arena[{arena}];
struct ethosu_driver *ethosu_reserve_driver(void) {{ calls = 0; one.reserved += 1; return &one; }}
void ethosu_release_driver(struct ethosu_driver *driver) {{ driver->reserved -= 1; }}
int stand_in_state(void) {{ return one.reserved * 100 + calls; }}
int ethosu_invoke_v3(struct ethosu_driver *driver, const void *commands, const int nbytes,
                     uint64_t *const base, const size_t *sizes, const int count, void *user) {{
    (void)user;
    if (driver != &one || ((uintptr_t)commands & 15) != 0 || base[1] != base[2]) {{ return -1; }}
    switch (calls++) {{
{cases}
    default: return -1;
    }}
    return 0;
}}
"""


def _between(graph: Graph, inputs: Sequence[str], outputs: Sequence[str]) -> Graph:
    """The part of a model that makes these tensors of those."""
    wanted, nodes = set(outputs), []
    for node in reversed(graph.nodes):
        if wanted & set(node.outputs):
            nodes.append(node)
            wanted |= {name for name in node.inputs if name is not None and name not in inputs}
    return graph.rebuilt(nodes=tuple(reversed(nodes)), inputs=tuple(inputs), outputs=tuple(outputs))


def _driver(model: bytes, placed: bytes, done: NpuProgram) -> dict[str, str]:
    """A driver that runs our C of the layers in the place of each stream."""
    graph, flat = frontend.read(model, "model"), decode(placed)
    cases, programs = [], []
    renamed = dict(zip((flat.tensors[index].name for index in flat.inputs), graph.inputs, strict=True))
    streams = [use for use in flat.operators if use.custom == "ethos-u"]
    assert len(streams) == sum(isinstance(step, NpuStream) for step in done.steps)
    for number, use in enumerate(streams):
        inputs, outputs = ([flat.tensors[i].name for i in part] for part in (use.inputs[4:], use.outputs))
        inputs = [renamed.get(name, name) for name in inputs]  # Vela has its own names for some
        piece = _between(graph, inputs, outputs)
        program = compile_graph(piece, f"stand_in{number}", model_sha256="")
        lines = [f"case {number}: if (nbytes != {flat.tensors[use.inputs[0]].shape[0]}"]
        lines[0] += f" || count != {3 + len(inputs) + len(outputs)}) {{ return -1; }}"
        for place, port in enumerate(program.inputs):
            lines.append(f"if (sizes[{3 + place}] != {port.nbytes}) {{ return -1; }}")
            lines.append(
                f"memcpy({program.prefix}_input(arena, {place}), (void *)(uintptr_t)base[{3 + place}],"
                f" {port.nbytes});"
            )
        lines.append(f"if ({program.prefix}_invoke(arena) != 0) {{ return -1; }}")
        for place, port in enumerate(program.outputs):
            at = 3 + len(inputs) + place
            source = f"{program.prefix}_output(arena, {place})"
            lines.append(f"memcpy((void *)(uintptr_t)base[{at}], {source}, {port.nbytes});")
        cases.append("\n".join([*lines, "break;"]))
        programs.append(program)
    text = DRIVER.format(
        includes="\n".join(f'#include "{one.prefix}.h"' for one in programs),
        arena=max(one.arena_bytes for one in programs),
        cases="\n".join(cases),
    )
    own = {name: source for one in programs for name, source in one.files.items()}
    return {**own, "ethosu_driver.h": HEADER, "ethosu_driver.c": text}


def _outputs(
    model: bytes, placed: bytes, rows: Sequence[Sequence[npt.NDArray[np.generic]]]
) -> list[list[bytes]]:
    done = npu_program("net", placed, (Isa.C,))
    files = {**program_files(done), **_driver(model, placed, done)}
    library = ctypes.CDLL(str(toolchain.library(files)))
    nbytes = -(-done.tensors // 16) * 16 + done.part_bytes
    memory = np.zeros(nbytes + 16, np.uint8)
    first = -memory.ctypes.data % 16
    arena = memory[first : first + nbytes]
    results = []
    for row in rows:
        for (offset, size), value in zip(done.inputs, row, strict=True):
            arena[offset : offset + size] = np.frombuffer(value.tobytes(), np.uint8)
        assert library.net_invoke(ctypes.c_void_p(memory.ctypes.data + first)) == 0
        streams = sum(isinstance(step, NpuStream) for step in done.steps)
        assert library.stand_in_state() == streams, "every stream was run, and the driver given back"
        results.append([arena[offset : offset + size].tobytes() for offset, size in done.outputs])
    assert library.net_invoke(None) == 1
    return results


def _proven(model: bytes, placed: bytes, count: int) -> None:
    vectors = make_vectors(_ports(model), "random", count, 3).arrays
    wanted = [[value.tobytes() for value in row] for row in tflm.run(model, vectors).outputs]
    assert _outputs(model, placed, vectors) == wanted


def _ports(model: bytes) -> tuple[Port, ...]:
    return compile_graph(frontend.read(model, "model"), "model", model_sha256="").inputs


def test_bytes_are_those_of_tensorflow_lite_micro() -> None:
    _proven(npu.net(), (npu.RECORDED / "out" / "model_vela.tflite").read_bytes(), 8)


@pytest.mark.full
@pytest.mark.parametrize("board", [npu.BOARD, "corstone-300-u65-256", "corstone-320-u85-256"])
@pytest.mark.parametrize("name", sorted(set(ZOO) - {"activity_lstm"}))
def test_every_zoo_net(name: str, board: str) -> None:
    """Needs Vela."""
    model = given(f"zoo:{name}").content
    _proven(model, vela.placed(model, npu.board(board), print).tflite, 3)


@pytest.mark.full
def test_what_remembers_is_refused() -> None:
    """Needs Vela, which makes inputs of the stream of the LSTM's memory."""
    placed = vela.placed(given("zoo:activity_lstm").content, npu.board(), print).tflite
    with pytest.raises(UnsupportedOperator, match="from one inference to the next"):
        npu_program("net", placed, (Isa.C,))
