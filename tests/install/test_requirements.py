"""What setup.cfg asks for: all that is imported, no release with a known hole, and pinned to what
was tested.
"""

from __future__ import annotations

import ast
import configparser
import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPO = Path(__file__).resolve().parents[2]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
# Import names that are not the name of their package.
PACKAGES = {
    "PIL": "pillow",
    "serial": "pyserial",
    "elftools": "pyelftools",
    "vl_convert": "vl-convert-python",
    "tensorflow_model_optimization": "tensorflow-model-optimization",
}
# They live in environments of their own: support/environments.py.
ELSEWHERE = {
    "ai_edge_quantizer",
    "litert_torch",
    "onnxruntime",
    "safetensors",
    "torch",
    "torchao",
    "transformers",
}
# The last release with a hole, by package: setup.cfg must exclude it.
HOLES = {"pillow": "10.2.0", "setuptools": "78.1.0"}


@cache
def asked(extra: str = "") -> tuple[Requirement, ...]:
    """The lines of setup.cfg: of the product, or of an extra."""
    parser = configparser.ConfigParser()
    parser.read(REPO / "setup.cfg")
    lines = parser["options.extras_require"][extra] if extra else parser["options"]["install_requires"]
    return tuple(
        Requirement(line) for line in lines.splitlines() if line.strip() and not line.startswith("#")
    )


@cache
def pins() -> tuple[Requirement, ...]:
    lines = (REPO / "requirements" / "tested.txt").read_text().splitlines()
    return tuple(Requirement(line) for line in lines if not line.startswith("#"))


def holds(requirement: Requirement, python: str) -> bool:
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.9"}
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""})


def pinned(name: str, python: str) -> list[Version]:
    wanted = canonicalize_name(name)
    mine = [pin for pin in pins() if canonicalize_name(pin.name) == wanted and holds(pin, python)]
    return [Version(next(iter(pin.specifier)).version) for pin in mine]


def closure(requirements: tuple[Requirement, ...]) -> set[str]:
    """The packages asked for and all that they ask for, as they are installed here."""
    found: set[str] = set()
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        known = name in found
        found.add(name)
        for wanted in requirement.extras if known else {"", *requirement.extras}:
            waiting += [(Requirement(line), wanted) for line in metadata.requires(name) or ()]
    return found


def imported() -> Iterator[tuple[str, Path]]:
    """Top-level names that the package imports, by a statement or by `import_module("name")`."""
    for path in (REPO / "tinyml_compress").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("import_module", "_imported"):
                names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            else:
                continue
            for name in names:
                yield name.split(".")[0], path


def test_every_imported_package_is_asked_for() -> None:
    names = {canonicalize_name(one.name) for one in (*asked(), *asked("serial"))}
    ours = {"tinyml_compress", *ELSEWHERE, *sys.stdlib_module_names}
    lacking = {
        f"{name}: {path.relative_to(REPO)}"
        for name, path in imported()
        if name not in ours and canonicalize_name(PACKAGES.get(name, name)) not in names
    }
    assert lacking == set()


def test_known_holes_are_excluded() -> None:
    for requirement in asked():
        if requirement.name in HOLES:
            assert not requirement.specifier.contains(HOLES[requirement.name]), requirement
    assert {requirement.name for requirement in asked()} >= set(HOLES)


@pytest.mark.parametrize("python", PYTHONS)
def test_the_tested_set_answers_every_requirement(python: str) -> None:
    for requirement in (*asked(), *asked("dev")):
        if not holds(requirement, python):
            continue
        versions = pinned(requirement.name, python)
        assert len(versions) == 1, f"{requirement}: `make pins`"
        assert requirement.specifier.contains(versions[0], prereleases=True), (
            f"{requirement}: {versions}: `make pins`"
        )


def test_what_is_installed_is_the_tested_set() -> None:
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    apart = {
        f"{name} {metadata.version(name)}: tested.txt has {pinned(name, python)}"
        for name in closure((*asked(), *asked("dev")))
        if name != "pip"
        and pinned(name, python) != [Version(metadata.version(name))]  # it came with the interpreter
    }
    assert apart == set(), "`make install-dev` brings them to the tested versions"


def test_the_announced_figures_are_those_of_this_installation() -> None:
    """Within a tenth: Pythons differ in backports and in the bytes of compiled modules."""
    spec = importlib.util.spec_from_file_location("installer", REPO / "requirements" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    installer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installer)
    product = closure(asked())
    for name, packages in (
        ("product", product),
        ("development", closure((*asked(), *asked("dev"))) - product),
    ):
        announced = installer.SETS[name]
        assert len(packages) == pytest.approx(announced.packages, rel=0.1), name
        assert sum(map(weight, packages)) / 1e6 == pytest.approx(announced.disk, rel=0.1), name
        assert 0.2 * announced.disk < announced.download < 0.5 * announced.disk, (
            "wheels unpack to three to four times"
        )


def weight(package: str) -> int:
    """Bytes of a package's files."""
    distribution = metadata.distribution(package)
    paths = [Path(str(distribution.locate_file(file))) for file in distribution.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())


def rows(heading: str) -> dict[str, str]:
    """Package and licence, from one table of docs/licences.md."""
    page = (REPO / "docs" / "licences.md").read_text()
    part = page.split(f"## {heading}")[1].split("\n## ")[0]
    found = (re.match(r"\| ([\w-]+) \| (.+?) \|", line) for line in part.splitlines())
    return {match[1]: match[2] for match in found if match is not None and match[1] not in ("package", "---")}


def test_the_licence_of_everything_installed_is_listed() -> None:
    listed = rows("What the tool needs")
    missing = closure(asked()) - set(listed)
    assert missing == set(), "docs/licences.md lacks them"
    python = ("3.10", "3.11", "3.12", "3.13")
    assert {name for name in listed if not any(pinned(name, one) for one in python)} == set(), (
        "no longer asked for"
    )
    tools = {canonicalize_name(requirement.name) for requirement in asked("dev")}
    assert set(rows("What only tests and documentation need")) == tools


def test_the_listed_licence_is_the_one_that_the_package_names() -> None:
    apart = set()
    for name, licence in rows("What the tool needs").items():
        said = named_licence(name)
        family = re.split(r"[- ]", licence.lower())[0]
        # Unicorn's Python files name another licence than its library's.
        if said and family not in said and name != "unicorn":
            apart.add(f"{name}: listed {licence}, says {said[:200]}")
    assert apart == set()


def named_licence(package: str) -> str:
    """What a package's description says; nothing where it is for other Pythons than this one."""
    try:
        about = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return ""
    classifiers = [value for value in about.get_all("Classifier") or () if value.startswith("License")]
    fields = [value for key in ("License-Expression", "License") for value in about.get_all(key) or ()]
    return " ".join([*fields, *classifiers]).lower()
