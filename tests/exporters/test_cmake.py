"""`export --format cmake`: built, tested, installed and found by CMake."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.lib.bundles import cmake_tools, command, damaged_vector, exported
from tinyml_compress.runners import toolchain
from tinyml_compress.support import proc

pytestmark = pytest.mark.skipif(command("cmake") is None, reason="cmake is not installed here")

CONSUMER = """cmake_minimum_required(VERSION 3.13...3.31)
project(consumer C)
find_package(kws 2.1 REQUIRED)
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE kws::kws)
add_executable(tested tested.c)
target_link_libraries(tested PRIVATE kws::selftest)
"""
MAIN = "#include <kws.h>\nint main(void) { return kws_invoke(0) == 1 ? 0 : 1; }\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("cmake"), "cmake", release="2.1.3").folder


def cmake(*words: str | Path, cwd: Path, check: bool = True) -> proc.Finished:
    environment = toolchain.zig().environment()
    return proc.run(
        [str(command("cmake")), *words], timeout=120, what="cmake", cwd=cwd, env=environment, check=check
    )


def build(folder: Path, tmp_path: Path, *options: str) -> Path:
    cmake("-S", folder, "-B", tmp_path / "build", *cmake_tools(tmp_path / "tools"), *options, cwd=tmp_path)
    cmake("--build", tmp_path / "build", cwd=tmp_path)
    return tmp_path / "build"


def ctest(build_folder: Path) -> proc.Finished:
    words = [str(command("ctest")), "--test-dir", build_folder, "--verbose"]
    return proc.run(words, timeout=60, what="ctest", cwd=build_folder, check=False)


def test_built_by_itself_it_tests_itself_and_installs(folder: Path, tmp_path: Path) -> None:
    made = build(folder, tmp_path, f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'prefix'}")
    tested = ctest(made)
    assert tested.returncode == 0, tested.stdout
    assert "kws: self-test passed" in tested.stdout
    cmake("--install", made, cwd=tmp_path)
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(CONSUMER)
    (user / "main.c").write_text(MAIN)
    shutil.copy(folder / "example" / "main.c", user / "tested.c")
    found = build(user, user, f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}")
    for program in ("consumer", "tested"):
        proc.run([found / program], timeout=30, what=program)


@pytest.mark.full
def test_ctest_fails_on_a_wrong_vector(folder: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(folder, wrong)
    vectors = wrong / "src" / "kws_test_vectors.h"
    vectors.write_text(damaged_vector(vectors.read_text()))
    tested = ctest(build(wrong, tmp_path))
    assert tested.returncode != 0
    assert "vector 5 is the first that differs" in tested.stdout


@pytest.mark.full
def test_another_major_version_is_not_found(folder: Path, tmp_path: Path) -> None:
    made = build(folder, tmp_path, f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'prefix'}")
    cmake("--install", made, cwd=tmp_path)
    (tmp_path / "CMakeLists.txt").write_text(CONSUMER.replace("kws 2.1", "kws 3.0"))
    options = cmake_tools(tmp_path / "tools")
    words = ("-S", tmp_path, "-B", tmp_path / "other", f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}", *options)
    done = cmake(*words, cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert "2.1.3" in done.stderr
