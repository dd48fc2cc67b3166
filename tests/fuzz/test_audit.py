"""The watch of the fuzzers sees what it is there for, and keeps silent about what libraries do all day."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.lib import audit

REPO = Path(__file__).parents[2]
BEGIN = """
import sys
from pathlib import Path
sys.path.insert(0, {repo!r})
from tests.lib import audit
here = Path.cwd()
import base64, collections, dataclasses, marshal, os, pickle, shutil, socket
import stringprep, subprocess, tempfile, typing
families = {{name.partition(".")[0] for name in sys.modules}}
audit.install(here / "log", [here / "room"], modules=families, secrets=["the-secret"], commands=["harmless"])
"""
INNOCENT = """
collections.namedtuple("Pair", "first second")(1, 2)
@dataclasses.dataclass(frozen=True)
class Value:
    number: int
open(here / "room" / "file", "w").close()
open(here / "other").read()
open(os.devnull, "w").close()
os.mkdir(here / "room" / "inner")
shutil.rmtree(here / "room" / "inner")
os.rename(here / "room" / "file", here / "room" / "moved")
subprocess.run([sys.executable, "-c", "harmless = 1"])
"""
GUILTY = {
    "exec": "exec(compile('x = 1', here / 'stranger.py', 'exec'))",
    "marshal.loads": "marshal.loads(marshal.dumps((lambda: 0).__code__))",
    "code.__new__": "(lambda: 0).__code__.replace(co_name='other')",
    "pickle.find_class": "pickle.loads(b'cos\\nsystem\\n.')",
    "import": "import antigravity_of_a_stranger_that_is_not_there",
    "open": "open(here / 'made', 'w').close()",
    "os.open": "os.close(os.open(here / 'made', os.O_WRONLY | os.O_CREAT))",
    "secret": "open(here / 'the-secret').read()",
    "os.system": "os.system('true')",
    "subprocess.Popen": "subprocess.run(['true'])",
    "os.posix_spawn": "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
    "os.fork": "os.fork() or os._exit(0)",
    "os.remove": "os.remove(here / 'other')",
    "os.rename": "os.rename(here / 'other', here / 'others')",
    "os.mkdir": "os.mkdir(here / 'folder')",
    "os.symlink": "os.symlink('/etc/passwd', here / 'link')",
    "socket.getaddrinfo": "socket.getaddrinfo('localhost', 1)",
}


def _told(place: Path, name: str, text: str) -> list[dict[str, str]]:
    here = place / name
    (here / "room").mkdir(parents=True)
    (here / "other").touch()
    (here / "the-secret").touch()
    script = here / "script.py"
    script.write_text(BEGIN.format(repo=str(REPO)) + text)
    subprocess.run([sys.executable, script], cwd=here, capture_output=True, timeout=60, check=False)
    return audit.told(here / "log")


def test_libraries_are_innocent(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    assert _told(tmp_path, "innocent", INNOCENT) == []


def test_each_guilty_deed_is_told(tmp_path: Path) -> None:
    for name, text in GUILTY.items():
        told = _told(tmp_path, name, text)
        event = {"os.open": "open", "secret": "open"}.get(name, name)
        assert [one["event"] for one in told][:1] == [event], (name, told)
