"""Begins a worker: `python _worker_start.py PACKAGE.MODULE:FUNCTION [ARGUMENT ...]`, called by
`worker.command`, or one for each line it is told: `python _worker_start.py --ahead PACKAGE.MODULE:FUNCTION`,
called by `forerunner.py`.

A script and not `python -m`, which would look for every module in the current folder first: that folder is
the user's, and a `numpy.py` in it is a file like any other. The package is the one that this file belongs to,
wherever Python would find another one. Works under any interpreter, also one that has no other package of
ours: only the module named is loaded, not the packages above it.
"""

import sys

_AHEAD = "--ahead"


def _main() -> object:
    # First of all, and with nothing imported yet: the path of what was installed, and no other.
    import os  # there since the interpreter began

    start = os.path.abspath(__file__)
    unwanted = {os.path.dirname(start), os.getcwd()}
    sys.path[:] = [place for place in sys.path if place and os.path.abspath(place) not in unwanted]
    import importlib

    root = os.path.dirname(os.path.dirname(os.path.dirname(start)))
    package = os.path.basename(os.path.dirname(os.path.dirname(start)))
    _loaded(package, os.path.join(root, package, "__init__.py"), [os.path.join(root, package)])
    ahead = sys.argv[1] == _AHEAD
    target, *words = sys.argv[2:] if ahead else sys.argv[1:]
    module_name, _, function = target.partition(":")
    if module_name.startswith(f"{package}."):
        _loaded(module_name, os.path.join(root, *module_name.split(".")) + ".py", None)
    module = importlib.import_module(module_name)
    if ahead:
        getattr(module, "prepare", object)()
        words = _words_of_a_fork()
    return getattr(module, function)(*words)


def _loaded(name: str, place: str, search: list[str] | None) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, place, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        raise ImportError(f"no {place}")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _words_of_a_fork() -> list[str]:
    """Reads jobs until there are no more, which ends this process; returns in a fork of it, once for each."""
    import gc
    import json
    import os

    gc.freeze()  # what was loaded stays: no fork need look through it
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    os.write(answers, b"ready\n")
    for line in sys.stdin:
        job = json.loads(line)
        number = os.fork()
        if number == 0:
            os.close(answers)
            _become(job)
            return list(job["words"])
        _lead(number)
        os.write(answers, b"%d\n" % number)
        _, status = os.waitpid(number, 0)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))
    sys.exit(0)


def _become(job: dict) -> None:  # type: ignore[type-arg]
    """What a process of the job's own would have been given at its start."""
    import os
    import tempfile

    _lead(0)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    tempfile.tempdir = None  # it follows TMPDIR
    for descriptor, (name, mode) in enumerate(((os.devnull, os.O_RDONLY), *job["streams"])):
        opened = os.open(name, mode, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)


def _lead(number: int) -> None:
    """A group of processes of its own, which can be killed as a whole: fork and parent both say so, or one
    would be too late.
    """
    import os

    try:
        os.setpgid(number, number)
    except (PermissionError, ProcessLookupError):  # it has done so itself, or ended
        return


if __name__ == "__main__":
    sys.exit(_main())  # type: ignore[arg-type]
