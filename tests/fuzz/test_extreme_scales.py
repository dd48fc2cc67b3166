"""Scales at both ends of float32: a ratio beyond every float is no warning and no traceback, in every
operator.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterable

import numpy as np
import pytest

from tests.fuzz.worker import bases, try_file
from tests.lib.surgery import sites
from tests.ops import test_batch_matmul, test_div, test_products, test_svdf
from tinyml_compress import frontend

EXTREMES = (1e-45, 1e-40, 1.17e-38, 1e-25, 1e25, 3e38)
MAKERS = {
    "svdf": test_svdf.svdf,
    "div": test_div.int8,
    "batch_matmul": test_batch_matmul.make,
    "fully_connected": test_products.fully_connected,
}


def ends(files: Iterable[bytes]) -> set[str]:
    found = set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for file in files:
            scales = [site for path, site in sites(file).items() if path.endswith(".scale[0]")]
            for site in scales[:8]:
                for value in EXTREMES:
                    data = bytearray(file)
                    struct.pack_into(site.format, data, site.position, value)
                    found.add(try_file(bytes(data)))
    return found


@pytest.mark.parametrize("operator", MAKERS)
def test_extreme_scales_are_refused_or_compiled(operator: str) -> None:
    files = [frontend.write(MAKERS[operator](np.random.default_rng(seed))) for seed in range(3)]
    assert ends(files) == {"compiled", "read: UnsupportedOperator"}


@pytest.mark.full
def test_extreme_scales_of_every_operator() -> None:
    """Of a SOFTMAX's input too, whose range then is one value."""
    assert ends(bases()) == {"compiled", "read: CollapsedRange", "read: UnsupportedOperator"}
