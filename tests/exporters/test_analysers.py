"""Exported C under clang-tidy and cppcheck: nothing is found but what docs/firmware.md lists with
its reason.
"""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lib.bundles import command, exported
from tests.lib.kernels import all_kernels
from tests.lib.stateful_nets import STREAMING
from tinyml_compress.codegen.emit import base_text
from tinyml_compress.codegen.kernels import amalgamate
from tinyml_compress.support import proc, resources

CHECKS = "-*,bugprone-*,cert-*,clang-analyzer-*"
HOST = ("-std=c99", "-I.")
FINDING = re.compile(
    r"^(?P<place>[^ ]+:\d+:\d+): (?:warning|error|style|performance|portability): .*\[(?P<ids>[\w.,-]+)\]$"
)


@pytest.fixture(scope="module")
def page(repo: Path) -> str:
    return (repo / "docs" / "firmware.md").read_text()


def listed(page: str, heading: str) -> set[str]:
    """The first column of the table below a heading."""
    section = page.partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    return set(re.findall(r"^\| `?([\w.-]+)`? \|", section, re.MULTILINE)) - {"check", "id", "rule", "---"}


def cortex_m4() -> tuple[str, ...]:
    """Words for a bare Cortex-M4 with DSP; the headers that freestanding C has come with the
    tool's compiler.
    """
    headers = Path(sysconfig.get_path("purelib")) / "ziglang" / "lib" / "include"
    own = resources.package_folder("tinyml_compress.runners.emulated.c")
    target = ("--target=thumb-none-eabi", "-mcpu=cortex-m4", "-ffreestanding")
    return (*HOST, *target, "-isystem", str(headers), f"-I{own}")


def tidied(folder: Path, sources: Sequence[str], flags: Sequence[str]) -> list[tuple[str, str]]:
    """(place, check) of everything that clang-tidy finds; compiler errors are findings too."""
    tool = command("clang-tidy")
    if tool is None:
        pytest.skip("clang-tidy is not installed here")
    words = [tool, f"--checks={CHECKS}", "--quiet", *sources, "--", *flags]
    done = proc.run(words, timeout=600, what="clang-tidy", cwd=folder, check=False)
    return findings(done.stdout)


def findings(text: str) -> list[tuple[str, str]]:
    return [
        (match["place"], one)
        for line in text.splitlines()
        if (match := FINDING.match(line))
        for one in match["ids"].split(",")
    ]


def unlisted(found: list[tuple[str, str]], allowed: set[str]) -> list[tuple[str, str]]:
    return [(place, one) for place, one in found if one not in allowed]


@pytest.mark.parametrize(
    "sources",
    [["kws_selftest.c", "main.c"], pytest.param(["kws.c"], marks=pytest.mark.full)],
    ids=["self-test", "model"],
)
def test_clang_tidy_on_an_exported_bundle(page: str, tmp_path: Path, sources: list[str]) -> None:
    allowed = listed(page, "clang-tidy")
    assert len(allowed) >= 4
    folder = exported(tmp_path, "plain").folder
    # The analyser is at work: it sees what the bundle must not have.
    (folder / "bad.c").write_text("int f(int *p) {\n    int x;\n    return p ? x : *p;\n}\n")
    found = tidied(folder, [*sources, "bad.c"], HOST)
    assert {one for place, one in unlisted(found, allowed) if "bad.c" in place} >= {
        "clang-analyzer-core.NullDereference"
    }
    assert [pair for pair in unlisted(found, allowed) if "bad.c" not in pair[0]] == []


@pytest.mark.full
@pytest.mark.parametrize("flags", [HOST, cortex_m4()], ids=["host", "cortex-m4"])
def test_clang_tidy_on_every_kernel(page: str, tmp_path: Path, flags: tuple[str, ...]) -> None:
    text = amalgamate(all_kernels())
    includes = "#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n"
    (tmp_path / "all.c").write_text(includes + base_text("ALL", text, frozenset()) + text)
    found = tidied(tmp_path, ["all.c"], flags)
    assert unlisted(found, listed(page, "clang-tidy")) == []
    assert found, "the analyser ran"


@pytest.mark.full
@pytest.mark.parametrize("net", ["residual", "buffer"])
def test_clang_tidy_on_other_bundles(page: str, tmp_path: Path, net: str) -> None:
    model = STREAMING[net]() if net in STREAMING else net
    folder = exported(tmp_path, "plain", net=model, isa="dsp").folder
    found = tidied(folder, ["kws.c", "kws_selftest.c"], cortex_m4())
    assert unlisted(found, listed(page, "clang-tidy")) == []


def checked(folder: Path, *options: str) -> list[tuple[str, str]]:
    tool = command("cppcheck")
    if tool is None:
        pytest.skip("cppcheck is not installed here")
    words = [tool, "--std=c99", "-I.", "--suppress=missingIncludeSystem", *options, "kws.c", "kws_selftest.c"]
    done = proc.run(words, timeout=600, what="cppcheck", cwd=folder, check=False)
    return findings(done.stderr)


@pytest.mark.full
@pytest.mark.parametrize("net", ["keyword", "residual", "svdf"])
def test_cppcheck_and_misra(page: str, tmp_path: Path, net: str) -> None:
    model = STREAMING[net]() if net in STREAMING else net
    folder = exported(tmp_path, "plain", net=model, isa="dsp").folder
    plain = checked(folder, "--enable=warning,style,performance,portability")
    assert unlisted(plain, listed(page, "cppcheck")) == []
    rules = [
        (place, one) for place, one in checked(folder, "--enable=style", "--addon=misra") if "misra" in one
    ]
    assert len(rules) > 20, "the addon ran"
    allowed = {f"misra-c2012-{rule}" for rule in listed(page, "MISRA C:2012")}
    assert unlisted(rules, allowed) == []
