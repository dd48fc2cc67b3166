"""`export --format zephyr`: the published schemas, Kconfig as kconfiglib reads it, and a build of the sample.

Zephyr itself is a workspace of gigabytes. `zephyr_standin/` has the few functions of its build system that
the module calls, so that module.yml, CMakeLists.txt, prj.conf and the sample are really used, on this host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.lib.bundles import cmake_tools, command, exported
from tinyml_compress.runners import toolchain
from tinyml_compress.support import proc

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed here")
kconfiglib = pytest.importorskip("kconfiglib", reason="kconfiglib is not installed here")

STANDIN = Path(__file__).parent / "zephyr_standin"
# Keys of scripts/zephyr_module.py and scripts/schemas/twister/testsuite-schema.yaml that may occur, with
# their types.
MODULE = {
    "name": str,
    "build": {
        "cmake": str,
        "kconfig": str,
        "depends": [str],
        "settings": {"board_root": str, "dts_root": str},
    },
    "tests": [str],
    "samples": [str],
    "boards": [str],
}
TEST = {
    "tags": str,
    "harness": str,
    "harness_config": {"type": str, "ordered": bool, "regex": [str]},
    "build_only": bool,
    "min_ram": int,
    "min_flash": int,
    "platform_allow": str,
    "modules": [str],
}
SAMPLE = {"sample": {"name": str, "description": str}, "tests": {re.compile("[a-zA-Z0-9_.]+"): TEST}}


def faults(found: object, schema: object, where: str = "") -> list[str]:
    """What in `found` the schema does not have."""
    if isinstance(schema, dict):
        if not isinstance(found, Mapping):
            return [f"{where} is no map"]
        wrong = []
        for key, value in found.items():
            allowed = [known for name, known in schema.items() if name == key or _matches(name, key)]
            wrong += (
                faults(value, allowed[0], f"{where}/{key}") if allowed else [f"{where}/{key} is not known"]
            )
        return wrong
    if isinstance(schema, list):
        if not isinstance(found, list):
            return [f"{where} is no list"]
        return [fault for item in found for fault in faults(item, schema[0], f"{where}[]")]
    assert isinstance(schema, type)
    return [] if isinstance(found, schema) else [f"{where} is {found!r}, not of type {schema.__name__}"]


def _matches(name: object, key: object) -> bool:
    return isinstance(name, re.Pattern) and name.fullmatch(str(key)) is not None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("zephyr"), "zephyr").folder


def test_module_and_sample_follow_the_schemas(folder: Path) -> None:
    module = yaml.safe_load((folder / "zephyr" / "module.yml").read_text())
    assert faults(module, MODULE) == []
    assert (folder / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (folder / module["build"]["kconfig"]).is_file()
    sample = yaml.safe_load((folder / "samples" / "selftest" / "sample.yaml").read_text())
    assert faults(sample, SAMPLE) == []
    assert list((folder / module["samples"][0]).rglob("sample.yaml"))
    assert faults({"build": {"cmak": "x", "depends": "y"}, "name": True}, MODULE) == [
        "/build/cmak is not known",
        "/build/depends is no list",
        "/name is True, not of type str",
    ]


def test_kconfig_knows_what_the_sample_sets(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("srctree", "CONFIG_"):
        monkeypatch.delenv(variable, raising=False)
    top = tmp_path / "Kconfig"
    # As the build system includes a module; the two others are Zephyr's own.
    top.write_text(
        f'menu "kws"\nosource "{folder / "zephyr" / "Kconfig"}"\nendmenu\n'
        'config PRINTK\n\tbool "printk"\nconfig MAIN_STACK_SIZE\n\tint "stack"\n'
    )
    symbols = kconfiglib.Kconfig(str(top), warn_to_stderr=False)
    assert symbols.warnings == []
    assert symbols.syms["KWS_MODEL"].str_value == "n"
    symbols.load_config(str(folder / "samples" / "selftest" / "prj.conf"))
    assert symbols.warnings == []
    assert symbols.syms["KWS_MODEL_SELFTEST"].str_value == "y"
    used = set(re.findall(r"CONFIG_(\w+)", (folder / "zephyr" / "CMakeLists.txt").read_text()))
    assert used == {"KWS_MODEL", "KWS_MODEL_SELFTEST"}


@pytest.mark.skipif(command("cmake") is None, reason="cmake is not installed here")
def test_the_sample_builds_and_passes_on_the_standin(folder: Path, tmp_path: Path) -> None:
    sample, environment = folder / "samples" / "selftest", toolchain.zig().environment()
    options = [*cmake_tools(tmp_path / "tools"), f"-DZephyr_DIR={STANDIN}"]
    for words in (["-S", sample, "-B", tmp_path / "build", *options], ["--build", tmp_path / "build"]):
        proc.run(
            [str(command("cmake")), *map(str, words)],
            timeout=120,
            what="cmake",
            cwd=tmp_path,
            env=environment,
        )
    done = proc.run([tmp_path / "build" / "app"], timeout=30, what="the sample")
    assert done.stdout.splitlines()[1:] == [
        "kws: 6 of 6 vectors equal",
        "kws: 64 to 64 cycles per inference",
        "kws: self-test passed",
    ]
    expected = yaml.safe_load((sample / "sample.yaml").read_text())["tests"]["sample.kws.selftest"][
        "harness_config"
    ]
    assert all(re.search(pattern, done.stdout) for pattern in expected["regex"])
