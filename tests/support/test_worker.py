"""Work in other processes: what they find to import, what comes back, and what is left when somebody is
killed.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from tests.lib.poison import poisoned, touched
from tinyml_compress.errors import ConversionError, ModelError, ProcessError, TinymlError, UsageError
from tinyml_compress.support import forerunner, proc, user_code, worker
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.worker import Broken, Job

T = TypeVar("T")
REPO = Path(__file__).parents[2]
WORK = """
import os, sys, time
from pathlib import Path
from tempfile import gettempdir
from tinyml_compress.errors import ConversionError
from tinyml_compress.support.worker import Reply, serve

def main(folder):
    serve(Path(folder), work)

def work(job):
    if "raise" in job.options:
        raise eval(job.options["raise"])
    if "die" in job.options:
        os.kill(os.getpid(), job.options["die"])
    if "sleep" in job.options:
        Path("../pid").write_text(str(os.getpid()))
        time.sleep(job.options["sleep"])
    print("INFO: noise")
    print("said", file=sys.stderr)
    values = {"folder": os.getcwd(), "path": sys.path, "parent": os.getppid(), "temporary": gettempdir()}
    return Reply(values, {"y": job.arrays["x"] + 1}, {"f": job.files["f"][::-1]})
"""


@pytest.fixture(params=["alone", "forked"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the job's; beside it, where Python is told to look, the module `my_worker`. The job is the
    first of its kind, or one was before it.
    """
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "my_worker.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'code'}{os.pathsep}")
    (tmp_path / "job").mkdir()
    if request.param == "forked":
        (tmp_path / "first").mkdir()
        _asked(tmp_path / "first")
    yield tmp_path / "job"
    forerunner._forerunners.end()


def _asked(place: Path, timeout: float = 60, **options: object) -> worker.Reply:
    job = Job(options, {"x": np.arange(3)}, {"f": b"abc"})
    return worker.ask("my_worker:main", job, place, what="my work", timeout=timeout)


def test_a_job_goes_in_and_a_reply_comes_out(place: Path) -> None:
    reply = _asked(place)
    assert (reply.values["parent"] == os.getpid()) == (not (place.parent / "first").exists())
    assert Path(reply.values["temporary"]).resolve() == place.resolve()
    assert reply.arrays["y"].tolist() == [1, 2, 3]
    assert reply.files == {"f": b"cba"}
    assert Path(reply.values["folder"]).resolve() == place.resolve()
    assert "said" in reply.log
    found = {Path(entry).resolve() for entry in reply.values["path"]}
    # the stray colon of PYTHONPATH would be the current folder
    assert not found & {place.resolve(), (REPO / "tinyml_compress" / "support").resolve()}


def test_errors_of_ours_come_back_whole(place: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        _asked(place, **{"raise": "ConversionError('no', which='m', found=3, allowed='4', next_step='go')"})
    assert str(caught.value).splitlines() == ["no: m", "  found:   3", "  allowed: 4", "  next:    go"]


@pytest.mark.parametrize(
    ("options", "raised", "how"),
    [
        ({"raise": "ValueError('odd\\nfile')"}, "ValueError: odd\nfile", "error"),
        ({"die": int(signal.SIGABRT)}, None, "SIGABRT"),
        ({"raise": "SystemExit('reason')"}, None, "exit code 1"),
    ],
)
def test_all_else_is_told_apart(
    place: Path, options: dict[str, object], raised: str | None, how: str
) -> None:
    with pytest.raises(Broken) as caught:
        _asked(place, **options)
    assert caught.value.raised == raised
    assert how in caught.value.how


def test_a_job_that_takes_too_long_is_ended_and_the_next_one_runs(place: Path) -> None:
    with pytest.raises(ProcessError) as caught:
        _asked(place, timeout=2, sleep=600)
    assert (caught.value.what, caught.value.found) == ("my work did not end", "still running after 2 s")
    assert not _runs(int((place.parent / "pid").read_text()))
    for _ in range(2):
        assert _asked(place).files == {"f": b"cba"}


def test_a_dead_forerunner_is_no_failure(place: Path) -> None:
    """The job is done by a process of its own then."""
    parent = _asked(place).values["parent"]
    if parent != os.getpid():
        os.kill(parent, signal.SIGKILL)
    assert _asked(place).files == {"f": b"cba"}


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_a_worker_starts_under_any_python_and_imports_nothing_beside_the_data(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.10 has no `-P`. The interpreter has neither a package of ours nor numpy."""
    python = _python(version)
    data, code = poisoned(tmp_path / "data"), tmp_path / "code"
    code.mkdir()
    (code / "probe.py").write_text(
        "def main():\n    import json, random, types\n"
        "    from tinyml_compress.support import files\n    print(files.__file__)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{code}{os.pathsep}")
    monkeypatch.chdir(data)
    words = worker.command("probe:main", python=python)
    done = proc.run(words, timeout=60, what="probe", cwd=data, env=worker.environment())
    assert Path(done.stdout.strip()) == REPO / "tinyml_compress" / "support" / "files.py"
    assert not touched(data)


def _python(version: str) -> Path:
    if sys.version.startswith(f"{version}."):
        return Path(sys.executable)
    found = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
    if not found and (named := shutil.which(f"python{version}")):
        found = [Path(named)]
    if not found:
        pytest.skip(f"no Python {version} here")
    return found[0]


def test_only_the_named_module_is_found_in_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes first there, what it imports itself comes last, and afterwards the folder is out of sight
    again.
    """
    data = poisoned(tmp_path / "data")
    (data / "beside.py").write_text("value = 7\n")
    (data / "tomllib_free.py").write_text(
        "import click, numpy, wave, beside\n"
        "def make():\n    import late_one\n    return beside.value + late_one.value\n"
    )
    (data / "late_one.py").write_text("value = 1\n")
    monkeypatch.chdir(data)
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    before = list(sys.path)
    assert user_code.called("tomllib_free:make", ModelError, "a function") == 8
    assert touched(data) == []
    assert sys.path == before
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("never_installed_here")
    for module in ("tomllib_free", "beside", "late_one"):
        del sys.modules[module]


@pytest.mark.parametrize(
    ("spec", "code", "kind", "words"),
    [
        ("not_there:f", "", UsageError, "no such module: not_there"),
        ("broken_one:f", "raise OSError('x')", ModelError, "OSError: x"),
        ("broken_one:f", "f = 3", UsageError, "it is not callable"),
        ("broken_one:g", "f = 3", UsageError, "no such name"),
        ("broken_one:f", "def f(): raise KeyError('k')", ModelError, "KeyError: 'k'"),
        ("broken_one:f", "import not_there_either", UsageError, "not_there_either"),
    ],
)
def test_users_code_that_fails(
    spec: str, code: str, kind: type[TinymlError], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_one.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_one", raising=False)
    with pytest.raises(kind) as caught:
        user_code.called(spec, ModelError, "a function")
    assert words in str(caught.value)
    sys.modules.pop("broken_one", None)


KILLED = """
import sys, time
from pathlib import Path
from tinyml_compress.support import proc
from tinyml_compress.support.scratch import scratch
with scratch("mine-", Path(sys.argv[1])) as folder:
    (folder / "secret").write_text("x")
    proc.run([sys.executable, "-c", "import time, os; print(os.getpid(), flush=True); "
              f"open({str(folder / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"],
              timeout=600, what="x")
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_run_leaves_no_folder_and_no_process(sign: signal.Signals, tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], cwd=REPO)
    pids = _until(lambda: [int(text) for file in tmp_path.glob("mine-*/pid") if (text := file.read_text())])
    owner.send_signal(sign)
    assert owner.wait(10) == -sign
    assert _until(lambda: not list(tmp_path.iterdir()))
    assert _until(lambda: not _runs(pids[0]))


KILLED_FORK = """
import os, sys
from pathlib import Path
from tinyml_compress.support import worker
for name, seconds in (("one", 0), ("two", 600)):
    folder = Path(sys.argv[1], name)
    folder.mkdir()
    job = worker.Job({"sleep": seconds}, {"x": 1}, {"f": b""})
    worker.ask("my_worker:main", job, folder, what="x", timeout=600)
"""


def test_a_killed_run_leaves_neither_a_fork_nor_what_forked_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_worker.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    owner = subprocess.Popen([sys.executable, "-c", KILLED_FORK, str(tmp_path)], cwd=REPO)
    try:
        assert _until(lambda: (tmp_path / "one" / "reply.json").exists())
        first = (tmp_path / "pid").read_text()
        assert _until(lambda: (tmp_path / "pid").read_text() not in ("", first))
        second = (tmp_path / "pid").read_text()
        parent = int(Path(f"/proc/{second}/stat").read_text().rpartition(")")[2].split()[1])
    finally:
        owner.kill()
        owner.wait(10)
    assert parent != owner.pid
    for number in (int(second), parent):
        assert _until(lambda number=number: not _runs(number)), number


def test_a_run_that_ends_buries_its_watchdog_and_one_that_was_ended_is_replaced(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tinyml_compress.support import watchdog\n"
        "with watchdog.folder(Path(sys.argv[1])):\n"
        "    first = watchdog._watchdog._child.pid\n"
        "    os.kill(first, signal.SIGKILL)\n"
        "    watchdog._watchdog._child.wait()\n"
        "    with watchdog.folder(Path('/nowhere/at/all')):\n"
        "        second = watchdog._watchdog._child.pid\n"
        "        print(first, second, flush=True)\n"
        "        if len(sys.argv) > 2: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    (tmp_path / "folder").mkdir()
    words = [sys.executable, "-c", code, str(tmp_path / "folder")]
    done = subprocess.run(words, cwd=REPO, stdout=subprocess.PIPE, text=True, check=True)
    first, second = map(int, done.stdout.split())
    assert first != second
    assert not _runs(second)
    assert (tmp_path / "folder").is_dir()  # let go: whoever held it has seen to it
    subprocess.run([*words, "die"], cwd=REPO, stdout=subprocess.PIPE, check=False)
    assert _until(lambda: not (tmp_path / "folder").exists())


def test_a_fork_holds_nothing_of_its_parent(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from tinyml_compress.support import watchdog\n"
        "with watchdog.folder(Path(sys.argv[1])):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(30)\n"
        "        os._exit(0)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    (tmp_path / "folder").mkdir()
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "folder")], cwd=REPO, check=False)
    assert _until(lambda: not (tmp_path / "folder").exists())


def test_scratch_says_where_there_is_no_room(tmp_path: Path) -> None:
    with (
        pytest.raises(TinymlError, match="cannot make a temporary folder"),
        scratch(within=tmp_path / "none"),
    ):
        pass


def test_a_worker_that_does_not_end(place: Path) -> None:
    with pytest.raises(ProcessError, match="my work did not end"):
        worker.ask("time:sleep", Job(), place, what="my work", timeout=0.001)


def _until(ready: Callable[[], T], seconds: float = 20.0) -> T:
    limit = time.monotonic() + seconds
    while not (found := ready()) and time.monotonic() < limit:
        time.sleep(0.02)
    return found


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False
