"""A package index of a few bytes, and a checkout in small that installs from it with the real Makefile."""

from __future__ import annotations

import os
import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

# What the installation builds with comes from the index too, so there are packages of these names; they hold
# nothing.
PACKAGES = ("setuptools==99.1", "wheel==99.1", "needed==1.0", "needed==2.0", "tool==1.0")
PINS = "setuptools==99.1\nwheel==99.1\nneeded==1.0\ntool==1.0\n"

# A build backend in the checkout itself: the tool in small, which needs `needed`, and `tool` for its
# development.
BACKEND = """
import zipfile
LINES = ["Metadata-Version: 2.1", "Name: tinyml-compress", "Version: 0.1", "Requires-Dist: needed",
         "Provides-Extra: dev", "Requires-Dist: tool; extra == 'dev'", ""]
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tinyml_compress-0.1-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as file:
        file.writestr("tinyml_compress-0.1.dist-info/METADATA", '\\n'.join(LINES))
        file.writestr("tinyml_compress-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        file.writestr("tinyml_compress-0.1.dist-info/RECORD", "")
    return name
"""


def wheel(folder: Path, name: str, version: str) -> Path:
    """A package with one empty module."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    description = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}/__init__.py", f"version = {version!r}\n")
        file.writestr(f"{description}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(
            f"{description}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{description}/RECORD", "")
    return path


class Index:
    """What was asked for, and whether answers wait."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.address = ""
        self.go_on = threading.Event()
        self.go_on.set()
        self.waiting = threading.Event()

    def answer(self, path: str) -> bytes | None:
        self.asked.append(path)
        if path.startswith("/simple/"):
            name = path.strip("/").split("/")[-1]
            links = [
                f'<a href="/files/{file}">{file}</a>' for file in self.files if file.startswith(f"{name}-")
            ]
            return "\n".join(["<!DOCTYPE html><body>", *links, "</body>"]).encode() if links else None
        if not self.go_on.is_set():
            self.waiting.set()
            self.go_on.wait(60)
        return self.files.get(path.split("/")[-1])


@contextmanager
def serve(folder: Path) -> Iterator[Index]:
    """An index on a port of this machine; as a proxy it answers for every host."""
    folder.mkdir()
    wheels = [wheel(folder, *package.split("==")) for package in PACKAGES]
    index = Index({path.name: path.read_bytes() for path in wheels})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            body = index.answer(path.path)
            self.send_response(200 if body is not None else 404)
            kind = "text/html" if path.path.startswith("/simple/") else "application/octet-stream"
            self.send_header("Content-Type", kind)
            self.end_headers()
            try:
                self.wfile.write(body or b"")
            except OSError:
                return  # who asked was interrupted meanwhile, as the tests do

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def small_checkout(folder: Path, repo: Path) -> Path:
    """The real Makefile and the real installer, in a folder with a space in its name."""
    place = folder / "a check out"
    (place / "requirements").mkdir(parents=True)
    shutil.copy(repo / "Makefile", place)
    shutil.copy(repo / "requirements" / "install.py", place / "requirements")
    (place / "requirements" / "tested.txt").write_text(PINS)
    (place / "setup.cfg").write_text("")
    (place / "setup.py").write_text("")
    (place / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (place / "backend.py").write_text(BACKEND)
    return place


def environment(**more: str) -> dict[str, str]:
    """This process's, without what points pip elsewhere, and without a home that can be written to."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PIP_", "PYTHON", "MAKE", "MFLAGS")) and not key.lower().endswith("_proxy")
    }
    return {**clean, "PIP_CONFIG_FILE": os.devnull, "HOME": "/dev/null/no home", **more}
