"""`export --format cmsis-pack`: the description follows PACK.xsd, every file is there, and its sources build.

PACK.xsd cannot be had without the network, so the rules that it sets for the elements in use stand here.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from tests.lib.bundles import exported, run_sources
from tinyml_compress.support.files import sha256

NAME = re.compile(r"[-_A-Za-z0-9]+")
VERSION = re.compile(r"\d+\.\d+\.\d+")
# Elements of PACK.xsd 1.7: which children and attributes may be there (those with ! have to).
ELEMENTS: dict[str, tuple[str, str]] = {
    "package": (
        "vendor! name! description! url! license releases! keywords conditions examples components",
        "schemaVersion!",
    ),
    "releases": ("release!", ""),
    "release": ("", "version! date tag url"),
    "keywords": ("keyword!", ""),
    "conditions": ("condition!", ""),
    "condition": ("description accept require deny", "id!"),
    "require": ("", "Cclass Cgroup Csub Cvariant Cversion condition"),
    "components": ("component", ""),
    "component": ("description! RTE_Components_h files!", "Cvendor Cclass! Cgroup! Csub Cvariant Cversion! condition"),
    "files": ("file!", ""),
    "file": ("", "category! name! attr select condition version"),
    **dict.fromkeys(("vendor", "name", "description", "url", "license", "keyword", "RTE_Components_h"), ("", "")),
}
CATEGORIES = ("doc", "header", "include", "library", "source", "sourceC", "sourceCpp", "other")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pack")
    return exported(place, "cmsis-pack", author="Dent & Sons", url="https://example.com/?a=1&b=2").folder


def description(folder: Path) -> tuple[str, ET.Element]:
    (path,) = folder.glob("*.pdsc")
    return path.stem, ET.fromstring(path.read_text())


def faults(element: ET.Element) -> list[str]:
    """What the schema does not allow in an element and below it."""
    if element.tag not in ELEMENTS:
        return [f"<{element.tag}> is not known"]
    wrong = []
    for what, words, found in (
        ("child", ELEMENTS[element.tag][0], [child.tag for child in element]),
        ("attribute", ELEMENTS[element.tag][1], [key for key in element.attrib if not key.startswith("{")]),
    ):
        allowed = [word.rstrip("!") for word in words.split()]
        wrong += [f"<{element.tag}> has the {what} {one}" for one in found if one not in allowed]
        needed = [word[:-1] for word in words.split() if word.endswith("!")]
        wrong += [f"<{element.tag}> lacks the {what} {one}" for one in needed if one not in found]
    return wrong + [fault for child in element for fault in faults(child)]


def test_the_description_follows_the_schema(folder: Path) -> None:
    stem, package = description(folder)
    assert faults(package) == []
    vendor, name = package.findtext("vendor"), package.findtext("name")
    assert stem == f"{vendor}.{name}"
    assert NAME.fullmatch(str(vendor))
    assert package.findtext("url") == "https://example.com/?a=1&b=2"
    assert all(VERSION.fullmatch(release.attrib["version"]) for release in package.iter("release"))
    for component in package.iter("component"):
        for part in ("Cclass", "Cgroup", "Csub"):
            assert 2 <= len(component.attrib[part]) <= 32
    assert faults(ET.fromstring('<release date="x"><b/></release>')) == [
        "<release> has the child b",
        "<release> lacks the attribute version",
        "<b> is not known",
    ]


def test_references_lead_somewhere(folder: Path) -> None:
    _, package = description(folder)
    for file in package.iter("file"):
        assert (folder / file.attrib["name"]).is_file(), file.attrib
        assert file.attrib["category"] in CATEGORIES
    known = {condition.attrib["id"] for condition in package.iter("condition")}
    assert {component.attrib["condition"] for component in package.iter("component") if "condition" in component.attrib}
    assert {component.attrib.get("condition") for component in package.iter("component")} <= {None, *known}
    identities = {
        tuple(component.attrib[part] for part in ("Cclass", "Cgroup", "Csub"))
        for component in package.iter("component")
    }
    for required in package.iter("require"):
        assert tuple(required.attrib[part] for part in ("Cclass", "Cgroup", "Csub")) in identities
    assert (folder / str(package.findtext("license"))).is_file()


def test_the_sources_of_all_components_build_and_pass(folder: Path) -> None:
    _, package = description(folder)
    named = [file.attrib["name"] for file in package.iter("file") if file.attrib["category"] in ("source", "header")]
    private = [str(path.relative_to(folder)) for path in (folder / "src").glob("*.h")]
    done = run_sources({Path(name).name: (folder / name).read_text() for name in (*named, *private)})
    assert done.returncode == 0
    assert "kws: self-test passed" in done.stdout


def test_the_pack_holds_the_folder_and_is_reproducible(folder: Path, tmp_path: Path) -> None:
    (pack,) = folder.glob("*.pack")
    assert pack.name == "Dent_Sons.kws.1.0.0.pack"
    with zipfile.ZipFile(io.BytesIO(pack.read_bytes())) as archive:
        assert archive.testzip() is None
        inside = {name: archive.read(name) for name in archive.namelist()}
    written = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file() and path != pack}
    assert inside == {name: path.read_bytes() for name, path in written.items()}
    again = exported(tmp_path, "cmsis-pack", author="Dent & Sons", url="https://example.com/?a=1&b=2").folder
    assert sha256((again / pack.name).read_bytes()) == sha256(pack.read_bytes())
