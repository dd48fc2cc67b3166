"""`export --format cmsis-pack`: the description follows PACK.xsd, every file is there, and its sources build.

The schema is another project's file and no package carries it: what it says of the elements in use, as of its
version 1.7.32, stands here in words of our own.
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

# Which children and attributes may be there (those with ! have to).
ELEMENTS: dict[str, tuple[str, str]] = {
    "package": (
        "vendor! name! description! url! license releases! keywords conditions examples components",
        "schemaVersion!",
    ),
    "releases": ("release!", ""),
    "release": ("", "version! date tag url deprecated replacement"),
    "keywords": ("keyword!", ""),
    "conditions": ("condition!", ""),
    "condition": ("description accept require deny", "id!"),
    "require": ("", "Cvendor Cclass Cgroup Csub Cvariant Cversion condition Tcompiler Dcore"),
    "components": ("component", ""),
    "component": (
        "description! RTE_Components_h files!",
        "Cvendor Cclass! Cgroup! Csub Cvariant Cversion! condition",
    ),
    "files": ("file!", ""),
    "file": ("", "category! name! attr select condition version language scope path public projectpath"),
    **dict.fromkeys(
        ("vendor", "name", "description", "url", "license", "keyword", "RTE_Components_h"), ("", "")
    ),
}
ONCE = (
    "vendor",
    "name",
    "description",
    "url",
    "license",
    "releases",
    "keywords",
    "conditions",
    "components",
    "files",
)
"""Children that may not be repeated."""
IDENTIFIER = re.compile(r"(?=.{2,32}$)[A-Za-z0-9][A-Za-z0-9_+()'/\-\s.]+")
VERSION = re.compile(r"(0|[1-9]\d*)\.\d+(\.\d+)?(-[0-9a-zA-Z.-]+)?")
VALUES: dict[str, re.Pattern[str]] = {
    "vendor": re.compile(r"[-_A-Za-z0-9]+"),
    "name": re.compile(r"[-_A-Za-z0-9]+"),
    "package@schemaVersion": re.compile(r"\d+\.\d+(\.\d+)?"),
    "release@version": re.compile(r"\d+\.\d+\.\d+(-[0-9a-zA-Z.-]+)?(\+[0-9a-zA-Z.-]+)?"),
    "component@Cclass": IDENTIFIER,
    "component@Cgroup": IDENTIFIER,
    "component@Csub": re.compile(r"(?=.{0,32}$)([A-Za-z0-9][A-Za-z0-9_+():/\- .]*)?"),
    "component@Cversion": VERSION,
    "require@Cclass": re.compile(r"(?=.{1,32}$)[A-Za-z0-9?*][A-Za-z0-9_+()'/\-\s?*]*"),
    "require@Cgroup": re.compile(r"(?=.{1,32}$)[A-Za-z0-9?*][A-Za-z0-9_+()'/\-\s?*]*"),
    "require@Csub": re.compile(r"(?=.{0,32}$)[A-Za-z0-9]?[A-Za-z0-9_+():/\-\s.?*]*"),
    "file@version": VERSION,
    "file@attr": re.compile(r"config|template"),
    "file@category": re.compile(
        r"doc|header|include|library|object|source|linkerScript|utility|image|other|preInclude(Global|Local)"
    ),
}


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
    tags = [child.tag for child in element]
    wrong += [f"<{element.tag}> has {one} twice" for one in ONCE if tags.count(one) > 1]
    texts = {element.tag: (element.text or "").strip()} if element.tag in VALUES else {}
    texts |= {
        f"{element.tag}@{key}": value
        for key, value in element.attrib.items()
        if f"{element.tag}@{key}" in VALUES
    }
    wrong += [f"{what} is {value!r}" for what, value in texts.items() if not VALUES[what].fullmatch(value)]
    return wrong + [fault for child in element for fault in faults(child)]


def test_the_description_follows_the_schema(folder: Path) -> None:
    stem, package = description(folder)
    assert faults(package) == []
    assert stem == f"{package.findtext('vendor')}.{package.findtext('name')}"
    assert package.findtext("url") == "https://example.com/?a=1&b=2"


@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_long_names_and_odd_authors_stay_within_the_schema(tmp_path: Path, engine: str) -> None:
    _, package = description(
        exported(
            tmp_path, "cmsis-pack", name="a" * 60, author='Ünïversität <of> "Nowhere" & ' * 4, engine=engine
        ).folder
    )
    assert faults(package) == []


def test_a_wrong_description_is_told() -> None:
    assert faults(ET.fromstring('<release date="x"><b/></release>')) == [
        "<release> has the child b",
        "<release> lacks the attribute version",
        "<b> is not known",
    ]
    wrong = '<file category="sauce" name="a"/>', '<release version="1.0"/>', "<vendor>a b</vendor>"
    assert [faults(ET.fromstring(text)) for text in wrong] == [
        ["file@category is 'sauce'"],
        ["release@version is '1.0'"],
        ["vendor is 'a b'"],
    ]


def test_references_lead_somewhere(folder: Path) -> None:
    _, package = description(folder)
    for file in package.iter("file"):
        assert (folder / file.attrib["name"]).is_file(), file.attrib
    known = {condition.attrib["id"] for condition in package.iter("condition")}
    assert {
        component.attrib["condition"]
        for component in package.iter("component")
        if "condition" in component.attrib
    }
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
    named = [
        file.attrib["name"]
        for file in package.iter("file")
        if file.attrib["category"] in ("source", "header")
    ]
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
    written = {
        str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file() and path != pack
    }
    assert inside == {name: path.read_bytes() for name, path in written.items()}
    again = exported(tmp_path, "cmsis-pack", author="Dent & Sons", url="https://example.com/?a=1&b=2").folder
    assert sha256((again / pack.name).read_bytes()) == sha256(pack.read_bytes())
