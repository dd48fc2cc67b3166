"""`export --format esp-idf`: Espressif's component manager takes the manifest, and the example builds.

ESP-IDF itself is gigabytes of toolchains. `idf_standin/` has the two functions of its build system that the
component and the example call, so that both CMakeLists.txt and app_main are really used, on this host.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.lib.bundles import cmake_tools, command, exported
from tinyml_compress.runners import toolchain
from tinyml_compress.support import proc

STANDIN = Path(__file__).parent / "idf_standin"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("idf")
    made = exported(
        place, "esp-idf", author='Arthur "Art" Dent <a@example.com>', url="https://example.com/kws"
    ).folder
    return made.rename(place / "kws")


@pytest.fixture(scope="module")
def compote() -> str:
    found = command("compote")
    if found is None:
        pytest.skip("idf-component-manager is not installed here")
    return found


def test_the_component_manager_takes_the_manifest(folder: Path, compote: str, tmp_path: Path) -> None:
    """`pack` applies the checks that the registry does on an upload."""
    environment = {"IDF_COMPONENT_NO_COLORS": "1", "IDF_TOOLS_PATH": str(tmp_path / "tools")}
    words = [
        compote,
        "-W",
        "component",
        "pack",
        "--name",
        "kws",
        "--project-dir",
        folder,
        "--dest-dir",
        tmp_path,
    ]
    packed = proc.run(words, timeout=60, what="compote", env=environment, check=False)
    assert packed.returncode == 0, packed.stdout + packed.stderr
    with tarfile.open(tmp_path / "kws_1.0.0.tgz") as archive:
        inside = {name.removeprefix("./") for name in archive.getnames()}
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert written <= inside


@pytest.mark.skipif(command("cmake") is None, reason="cmake is not installed here")
def test_the_example_builds_and_passes_on_the_standin(folder: Path, tmp_path: Path) -> None:
    environment = {**toolchain.zig().environment(), "IDF_PATH": str(STANDIN)}
    options = [
        "-S",
        folder / "examples" / "selftest",
        "-B",
        tmp_path / "build",
        *cmake_tools(tmp_path / "tools"),
    ]
    for words in (options, ["--build", tmp_path / "build"]):
        proc.run(
            [str(command("cmake")), *map(str, words)],
            timeout=120,
            what="cmake",
            cwd=tmp_path,
            env=environment,
        )
    done = proc.run([tmp_path / "build" / "kws_selftest.elf"], timeout=30, what="the example")
    assert done.stdout.splitlines()[1:] == [
        "kws: 6 of 6 vectors equal",
        "kws: 32 to 32 microseconds per inference",
        "kws: self-test passed",
    ]
