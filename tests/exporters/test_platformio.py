"""`export --format platformio`: PlatformIO itself reads the manifest, finds the library and builds the
example.

PlatformIO's own packages come from its registry, which tests do not ask. SCons comes from PyPI instead, and
the platform `native` is the few lines below: they call the same builder functions.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.bundles import command, exported
from tinyml_compress.support import proc

PLATFORM = {
    "name": "native",
    "version": "1.0.0",
    "title": "This host",
    "description": "For the tests",
    "packages": {},
}
BUILDER = """from SCons.Script import Default, DefaultEnvironment
Default(DefaultEnvironment().BuildProgram())
"""
VALIDATE = """import json, sys
from platformio.package.manifest import parser, schema
# The list of licences would come from the network.
schema.ManifestSchema.load_spdx_licenses = staticmethod(lambda: {"licenses": [{"licenseId": "MIT"}]})
print(json.dumps(schema.ManifestSchema().load_manifest(
    parser.ManifestParserFactory.new_from_file(sys.argv[1]).as_dict()
)))
"""


@pytest.fixture(scope="module")
def pio() -> list[str]:
    found = command("pio")
    if found is None:
        pytest.skip("platformio is not installed here")
    return [found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(
        tmp_path_factory.mktemp("pio"),
        "platformio",
        author='Arthur "Art" Dent',
        url="https://example.com/kws",
    ).folder


def core(place: Path) -> dict[str, str]:
    """PlatformIO's home with the packages that a build on this host needs."""
    asked = 'from platformio.dependencies import get_core_dependencies as g; print(g()["tool-scons"])'
    wanted = (
        proc.run([sys.executable, "-c", asked], timeout=60, what="platformio").stdout.strip().lstrip("~^=")
    )
    mark = {"type": "tool", "name": "tool-scons", "version": wanted}
    spec = {"owner": "platformio", "id": 1, "name": "tool-scons", "requirements": None, "uri": None}
    texts = {
        "platforms/native/platform.json": json.dumps(PLATFORM),
        "platforms/native/builder/main.py": BUILDER,
        "packages/tool-scons/package.json": json.dumps(
            {"name": "tool-scons", "version": wanted, "description": "-"}
        ),
        "packages/tool-scons/.piopm": json.dumps({**mark, "spec": spec}),
        "packages/tool-scons/scons.py": "import SCons.Script\nSCons.Script.main()\n",
    }
    for name, text in texts.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {
        "PLATFORMIO_CORE_DIR": str(place),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "99999",
    }


@pytest.mark.skipif(command("gcc") is None, reason="SCons looks for gcc, which is not installed here")
def test_platformio_builds_the_example_which_passes(folder: Path, pio: list[str], tmp_path: Path) -> None:
    project = folder / "examples" / "selftest"
    words = [*pio, "run", "-d", project, "-e", "native"]
    done = proc.run(words, timeout=120, what="pio run", env=core(tmp_path / "core"), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kws @ 1.0.0" in done.stdout
    ran = proc.run([project / ".pio" / "build" / "native" / "program"], timeout=30, what="the example")
    assert "kws: self-test passed" in ran.stdout


def test_platformio_takes_the_manifest(folder: Path, pio: list[str]) -> None:
    words = [sys.executable, "-c", VALIDATE, str(folder / "library.json")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert manifest["authors"][0]["name"] == 'Arthur "Art" Dent'
    assert manifest["homepage"] == "https://example.com/kws"
    for header in manifest["headers"]:
        assert (folder / "include" / header).is_file()
    for example in manifest["examples"]:
        for name in example["files"]:
            assert (folder / example["base"] / name).is_file()


def test_without_a_url_there_is_no_homepage(tmp_path: Path) -> None:
    assert "homepage" not in json.loads(
        (exported(tmp_path, "platformio").folder / "library.json").read_text()
    )
