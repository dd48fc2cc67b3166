"""The trigger stage: C decides what numpy decides, at every step, for scores of every type."""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt
import pytest

from tinyml_compress.codegen.trigger import trigger_files
from tinyml_compress.errors import DataError
from tinyml_compress.frontends.trigger import Watch, heard, smoothed
from tinyml_compress.ir import DType, Port
from tinyml_compress.runners import toolchain

FLAGS = (*toolchain.HOST_FLAGS, *toolchain.WARNINGS)
SIZE = """
#include "net_trigger.h"
#include <stddef.h>
size_t size(void);
size_t size(void) {
    return sizeof(net_trigger_t);
}
"""


def port_of(dtype: DType, scores: int) -> Port:
    return Port("scores", (1, scores), dtype, None, 0, scores * dtype.itemsize)


def words(watched: tuple[Watch, ...], dtype: DType, scores: npt.NDArray[np.generic]) -> list[int]:
    """What the C says at each step, after another sound and a new start."""
    files = trigger_files("net", watched, port_of(dtype, scores.shape[1]))
    library = ctypes.CDLL(str(toolchain.library({**files, "size.c": SIZE}, flags=FLAGS)))
    library.size.restype = ctypes.c_size_t
    library.net_trigger_step.restype = ctypes.c_uint32
    memory = np.full(library.size() // 8 + 1, 0xA5A5A5A5, np.uint64)
    at = ctypes.c_void_p(memory.ctypes.data)
    for sound in (scores[::-1], scores):
        library.net_trigger_init(at)
        rows = [np.ascontiguousarray(row) for row in sound]
        found = [int(library.net_trigger_step(at, ctypes.c_void_p(row.ctypes.data))) for row in rows]
    return found


@pytest.mark.parametrize("dtype", [DType.INT8, DType.UINT8, DType.INT16])
def test_c_hears_what_numpy_hears(dtype: DType) -> None:
    rng, info = np.random.default_rng(0), np.iinfo(dtype.numpy)
    scores = rng.integers(info.min, info.max + 1, (400, 5)).astype(dtype.numpy)
    watched = tuple(
        Watch(output, f"class */ {output}", smoothing, int(share * smoothing * (info.max - info.min)), wait)
        for output, smoothing, share, wait in (
            (4, 1, 0.9, 1),
            (0, 3, 0.6, 4),
            (2, 10, 0.5, 7),
            (1, 5, 0.0, 50),
            (3, 2, 1.0, 1),
        )
    )
    found = words(watched, dtype, scores)
    wanted = np.zeros(len(scores), np.int64)
    for bit, one in enumerate(watched):
        sums = smoothed(scores[:, one.output].astype(np.int64) - info.min, one.smoothing)
        wanted[heard(sums, one.threshold, one.refractory)] |= 1 << bit
    assert found == wanted.tolist()
    assert len({word for word in found if word}) > 4, "several classes are heard, alone and together"


def test_sums_begin_with_the_lowest_scores() -> None:
    assert smoothed(np.array([3, 5, 7, 9]), 3).tolist() == [3, 8, 15, 21]


def test_a_class_is_silent_for_its_time() -> None:
    sums = np.array([0, 5, 5, 5, 5, 0, 5, 5])
    assert heard(sums, 5, 1) == [1, 2, 3, 4, 6, 7]
    assert heard(sums, 5, 3) == [1, 4, 7]
    assert heard(sums, 6, 3) == []


def test_it_is_small() -> None:
    watched = tuple(Watch(output, "", 10, 100, 5) for output in range(3))
    files = trigger_files("net", watched, port_of(DType.INT8, 11))
    library = ctypes.CDLL(str(toolchain.library({**files, "size.c": SIZE}, flags=FLAGS)))
    library.size.restype = ctypes.c_size_t
    assert library.size() <= 4 + 3 * 8 + 3 * 10 + 2


@pytest.mark.parametrize(
    ("watched", "what"),
    [
        ((), "too many classes or none"),
        ((Watch(0, "a", 1, 1, 1),) * 33, "too many classes or none"),
        ((Watch(5, "a", 1, 1, 1),), "no such output"),
        ((Watch(0, "a", 0, 1, 1),), "smoothing"),
        ((Watch(0, "a", 1001, 1, 1),), "smoothing"),
        ((Watch(0, "a", 1, 1, 0),), "refractory"),
        ((Watch(0, "a", 1, 1 << 31, 1),), "threshold"),
        ((Watch(0, "a", 1, -1, 1),), "threshold"),
    ],
)
def test_what_c_cannot_hold_is_refused(watched: tuple[Watch, ...], what: str) -> None:
    with pytest.raises(DataError, match=what):
        trigger_files("net", watched, port_of(DType.INT8, 5))


def test_scores_in_floats_are_refused() -> None:
    with pytest.raises(DataError, match="whole numbers"):
        trigger_files("net", (Watch(0, "a", 1, 1, 1),), port_of(DType.FLOAT32, 5))
