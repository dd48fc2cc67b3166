"""The text side of the generator: literals, comments, kernel gathering, names."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyml_compress.codegen.functions import _values
from tinyml_compress.codegen.kernels import amalgamate
from tinyml_compress.codegen.literals import array_body, float_literal, int_literal
from tinyml_compress.codegen.tables import Constants
from tinyml_compress.errors import GraphError, UsageError
from tinyml_compress.ir import Role
from tinyml_compress.ops import all_structs
from tinyml_compress.ops.base import Consts, ParamValue, Ref
from tinyml_compress.ops.sources import sources_in
from tinyml_compress.ops.structs import WINDOW, ints, pointers, struct
from tinyml_compress.support.c_names import c_name, check_c_name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-5, "-5"),
        (2**31 - 1, "2147483647"),
        (-(2**31), "(-2147483647 - 1)"),
        (2**31, "2147483648u"),
        (2**32, "4294967296LL"),
        (-(2**63), "(-9223372036854775807LL - 1)"),
        (2**63, "9223372036854775808ULL"),
    ],
)
def test_int_literal(value: int, text: str) -> None:
    assert int_literal(value) == text


def test_float_literal_reads_back_as_the_same_float32() -> None:
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2**32, 2000, dtype=np.uint64).astype(np.uint32)
    for single in bits.view(np.float32):
        if np.isfinite(single):
            assert np.float32(float_literal(float(single))[:-1]) == single
    with pytest.raises(ValueError, match="no literal"):
        float_literal(float("nan"))


def test_array_lines_stay_short() -> None:
    body = array_body(np.arange(-500, 500, dtype=np.int16))
    assert max(len(line) for line in body.splitlines()) <= 120
    assert [int(item) for item in body.replace("\n", " ").split(",") if item.strip()] == list(
        range(-500, 500)
    )


def test_equal_tables_are_stored_once() -> None:
    constants = Constants("m")
    first = constants.add_table(0, Consts("a", "int8_t", np.arange(8, dtype=np.int8), Role.WEIGHTS))
    assert (
        constants.add_table(3, Consts("b", "int8_t", np.arange(8, dtype=np.int8), Role.WEIGHTS))
        == first
        == "m_w0_a"
    )
    assert constants.add_table(3, Consts("c", "int8_t", np.arange(8, dtype=np.int8))) == "m_t3_c"
    assert constants.weight_bytes == 8
    assert constants.table_bytes == 8


def test_headers_come_once_and_before_their_users(tmp_path: Path) -> None:
    (tmp_path / "tc_x.h").write_text(
        '/* x */\n#ifndef TC_X_H\n#define TC_X_H\n#include "tc_base.h"\nint tc_x;\n#endif\n'
    )
    for name in ("tc_a__c", "tc_b__c"):
        (tmp_path / f"{name}.c").write_text(
            f'#include "tc_x.h"\n#include <stdint.h>\nTC_KERNEL void {name}(void) {{}}\n'
        )
    text = amalgamate(reversed(sources_in(tmp_path).values()))
    assert text.count("int tc_x;") == 1
    assert text.index("int tc_x;") < text.index("tc_a__c(void)") < text.index("tc_b__c(void)")
    assert "static TC_NOINLINE void tc_a__c" in text
    assert "static TC_NOINLINE void tc_b__c" in text
    assert "#include" not in text
    assert "TC_X_H" not in text


def test_a_row_of_a_table_is_a_kernel_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "tc_both.inc").write_text(
        "/* Two of a kind. */\n"
        "ROWS    NAME     T         SUM\n"
        "        tc_a__c  int8_t    a + b\n"
        "        tc_b__c  uint64_t  (T)0\n"
        "TC_KERNEL T NAME(T a, T b) {\n    return SUM; /* THAT */\n}\n"
        "ROWS    NAME\n        tc_c__c\nTC_KERNEL void NAME(void) {}\n"
    )
    found = {symbol: source.text for symbol, source in sources_in(tmp_path).items()}
    assert list(found) == ["tc_a__c", "tc_b__c", "tc_c__c"]
    assert (
        found["tc_a__c"]
        == "TC_KERNEL int8_t tc_a__c(int8_t a, int8_t b) {\n    return a + b; /* THAT */\n}\n"
    )
    assert "uint64_t tc_b__c" in found["tc_b__c"]
    assert found["tc_c__c"] == "TC_KERNEL void tc_c__c(void) {}\n"


def test_a_missing_header_is_named(tmp_path: Path) -> None:
    (tmp_path / "tc_a__c.c").write_text('#include "tc_gone.h"\nTC_KERNEL void tc_a__c(void) {}\n')
    with pytest.raises(GraphError, match=r"tc_a__c\.c"):
        amalgamate(sources_in(tmp_path).values())


@pytest.mark.parametrize("bad", ["", "1abc", "a-b", "int", "class", "tc_conv", "x" * 64, "é"])
def test_bad_c_names_are_refused_with_a_good_one_offered(bad: str) -> None:
    with pytest.raises(UsageError):
        check_c_name(bad)
    assert check_c_name(c_name(bad)) == c_name(bad)


def test_parameters_come_in_the_structs_order_and_are_all_there() -> None:
    kind = struct("tc_made_up", ints("first"), WINDOW, pointers("int8_t", "last"))
    given: dict[str, ParamValue] = {name: at for at, name in enumerate(kind.names())} | {"last": Ref("w")}
    text = _values(kind, dict(reversed(given.items())), {"w": "m_w0_w"})
    assert re.findall(r"/\* (\w+) \*/", text) == list(kind.names())
    assert "\n    {\n        1 /* batch */," in text
    assert text.endswith("m_w0_w /* last */")
    for wrong in ({**given, "more": 1}, {name: at for name, at in given.items() if name != "in_h"}):
        with pytest.raises(GraphError, match="tc_made_up"):
            _values(kind, wrong, {"w": "m_w0_w"})


def test_every_struct_has_a_name_of_its_own() -> None:
    found = all_structs()
    modules = [module for name, module in sys.modules.items() if name.startswith("tinyml_compress.ops")]
    assert sum(len(getattr(module, "STRUCTS", ())) for module in modules) == len(found)
    for name, one in found.items():
        assert re.fullmatch(r"tc_\w+", name)
        assert len(set(one.names())) == len(list(one.names())), name
