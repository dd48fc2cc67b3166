"""Keys carry numbers for code: each covers what its results depend on, and rises when its sources change."""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from tests.lib import producers
from tests.test_structure import PACKAGE, TREES, imported
from tinyml_compress.support import producers as declared
from tinyml_compress.support.producers import PRODUCERS, Producer

ENTRIES = {
    "compression": (
        "pipeline/compress/stages.py",
        "pipeline/compress/layer_weights.py",
        "models/save.py",
        "models/load.py",
    ),
    "conversion": ("pipeline/convert/verb.py",),
    "emulation": ("runners/emulated/emulation.py",),
    "allocation": ("pipeline/compress/layer_prices.py", "techniques/allocation.py"),
    "fit shape": ("pipeline/compress/stages.py", "pipeline/convert/verb.py"),
    "toolchain": ("runners/toolchain.py",),
    "charts": ("rendering/page/vega.py",),
}
"""Where the work begins that each of them keeps."""
NOT_IN_RESULTS = {
    "errors.py": "words for people",
    "_version.py": "every key has it",
    "support/": "how files, processes and screens are handled; what is more than that is a producer's",
    "data/": "what a data set holds is in the keys by its digest",
    "rendering/": "texts and pages are made anew from results",
}
LEAVE_OUT = {
    (
        "compression",
        "pipeline/inspect/verb.py",
    ): "asked for its histogram only, not for what it reads of .tflite files",
    ("conversion", "pipeline/convert/npu.py"): "files for an NPU are made beside, and never kept",
    ("fit shape", "pipeline/convert/npu.py"): "the same",
}
PACKAGE_OF = {
    "ai_edge_litert": "ai-edge-litert",
    "elftools": "pyelftools",
    "tensorflow_model_optimization": "tensorflow-model-optimization",
    "tf_keras": "tf-keras",
    "tflite_micro": "tflite-micro",
    "tflite_runtime": "tflite-runtime",
    "vl_convert": "vl-convert-python",
}
OTHER_INTERPRETERS = ("torch", "litert_torch", "torchao", "safetensors", "ai_edge_quantizer", "onnxruntime")
"""Their conversions are not kept."""
READERS = ("tomli", "sqlalchemy")
"""What they read is the same in every version, or they refuse."""
BY_NAME = {producer.name: producer for producer in PRODUCERS}


def path_name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_numbers_rise_with_their_sources() -> None:
    """Where this fails, run `make producers`: it tells which number to raise."""
    stored, now = producers.read(), producers.refreshed()
    assert not producers.findings(stored, now)
    assert stored == now, "run `make producers`"


def test_every_file_has_one_number_at_most() -> None:
    owners: dict[Path, list[str]] = {}
    for producer in PRODUCERS:
        for path in producers.files_of(producer):
            owners.setdefault(path, []).append(producer.name)
    assert not {path_name(path): names for path, names in owners.items() if len(names) > 1}


def modules(text: str) -> Iterator[Path]:
    """The files of ours that an imported name may mean: a module, a package, or a name in one of these."""
    parts = text.split(".")[1:]
    for last in range(len(parts), -1, -1):
        place = PACKAGE.joinpath(*parts[:last])
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path in TREES:
                yield path
                return


def reached(name: str) -> set[Path]:
    """Every module that the work of a producer imports, at any depth."""
    todo, seen = [PACKAGE / entry for entry in ENTRIES[name]], set[Path]()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        if (name, path_name(path)) not in LEAVE_OUT:
            todo += [
                found
                for _, full_name in imported(TREES[path])
                if full_name.split(".")[0] == "tinyml_compress"
                for found in modules(full_name)
            ]
    return seen


@pytest.mark.parametrize("name", ENTRIES)
def test_a_key_has_the_numbers_of_all_that_the_work_imports(name: str) -> None:
    covered = {path for producer in BY_NAME[name].together() for path in producers.files_of(producer)}
    missing = sorted(
        path_name(path)
        for path in reached(name) - covered
        if not path_name(path).startswith(tuple(NOT_IN_RESULTS)) and path != PACKAGE / "__init__.py"
    )
    bare = [text for text in missing if TREES[PACKAGE / text].body]
    assert not bare, "no producer of the key has these sources"


@pytest.mark.parametrize("producer", PRODUCERS, ids=lambda producer: producer.name)
def test_a_key_has_the_versions_of_all_libraries(producer: Producer) -> None:
    known = {package for part in producer.together() for package in part.packages}
    used = {
        full_name.split(".")[0]
        for path in producers.files_of(producer)
        if path in TREES
        for _, full_name in imported(TREES[path])
    }
    third = used - set(sys.stdlib_module_names) - {"tinyml_compress", *OTHER_INTERPRETERS, *READERS}
    assert {PACKAGE_OF.get(name, name) for name in third} <= known


def test_stamps_tell_numbers_libraries_and_their_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Producer("part", 3, (), ("numpy", "no-such-package"))
    whole = Producer("whole", 1, (), ("numpy",), (part,))
    version = metadata.version("numpy")
    assert whole.stamp() == f"part 3; whole 1; no-such-package absent; numpy {version}"
    raised = replace(whole, uses=(replace(part, version=4),))
    assert raised.stamp() != whole.stamp()
    declared._version.cache_clear()
    monkeypatch.setattr(metadata, "version", lambda name: "99")
    assert whole.stamp() == "part 3; whole 1; no-such-package 99; numpy 99"
    declared._version.cache_clear()


SOURCE = '''"""A module."""
import os
LIMIT = 3
"""Of an attribute."""
def work(x: int = 1) -> str:
    """What it does."""
    return f"{x:>4}{LIMIT!r} of {os.name}" "" 'x'
'''


def test_comments_and_layout_do_not_count(tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text(SOURCE)
    same = SOURCE.replace('"""What it does."""', '"""Does it."""  # well').replace(
        "LIMIT = 3", "LIMIT   =   3\n\n# a limit"
    )
    second.write_text(same.replace('"""A module."""', ""))
    assert producers.digest(first) == producers.digest(second)
    for before, after in (
        ("LIMIT = 3", "LIMIT = 4"),
        ("x: int = 1", "x: int = 2"),
        (" of ", " on "),
        (">4", ">5"),
    ):
        second.write_text(SOURCE.replace(before, after))
        assert producers.digest(first) != producers.digest(second), after


def test_comments_in_c_do_not_count(tmp_path: Path) -> None:
    first, second = tmp_path / "a.c", tmp_path / "b.c"
    first.write_text('int a(void)\n{\n    return b("/* no */");  // why\n}\n')
    second.write_text('/* Much\n * about a. */\nint a(void) { return b("/* no */"); }\n')
    assert producers.digest(first) == producers.digest(second)
    second.write_text('int a(void) { return b("/* yes */"); }\n')
    assert producers.digest(first) != producers.digest(second)


def test_the_refresh_tells_which_number_to_raise() -> None:
    now = producers.refreshed()
    stored = copy.deepcopy(now)
    assert not producers.findings(stored, now)
    stored["compiler"]["files"]["ops/add/op.py"] = "another"
    del stored["compiler"]["files"]["ops/abs/op.py"]
    (told,) = producers.findings(stored, now)
    number = BY_NAME["compiler"].version
    assert told.startswith(f"compiler: ops/abs/op.py, ops/add/op.py changed under number {number}.")
    assert f"raise it to {number + 1} in tinyml_compress/support/producers.py" in told
    assert not producers.findings(stored, now, ("compiler",))
    now["compiler"]["version"] = number + 1
    assert not producers.findings(stored, now)
    stored["compiler"]["version"] = number + 2
    (told,) = producers.findings(stored, now)
    assert "numbers only rise" in told


def test_sources_are_parsed_alike_by_every_python() -> None:
    """The file is read under all supported versions: what differs between their trees must not count."""
    tree = ast.parse('f"{a}" "" f"{b:{c}.2f}" "d"')
    pieces = "FormattedValue(value=Name(id={!r}),conversion=-1{})"
    nested = f",format_spec=JoinedStr(values=[{pieces.format('c', '')},Constant(value='.2f')])"
    joined = f"[{pieces.format('a', '')},{pieces.format('b', nested)},Constant(value='d')]"
    assert producers._meaning(tree) == f"Module(body=[Expr(value=JoinedStr(values={joined}))])"
