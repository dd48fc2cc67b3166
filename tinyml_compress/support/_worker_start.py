"""Begins a worker: `python _worker_start.py PACKAGE.MODULE:FUNCTION [ARGUMENT ...]`, called by
`worker.command` alone.

A script and not `python -m`, which would look for every module in the current folder first: that folder is
the user's, and a `numpy.py` in it is a file like any other. The package is the one that this file belongs to,
wherever Python would find another one. Works under any interpreter, also one that has no other package of
ours: only the module named is loaded, not the packages above it.
"""

import sys


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
    module_name, _, function = sys.argv[1].partition(":")
    if module_name.startswith(f"{package}."):
        _loaded(module_name, os.path.join(root, *module_name.split(".")) + ".py", None)
    return getattr(importlib.import_module(module_name), function)(*sys.argv[2:])


def _loaded(name: str, place: str, search: list[str] | None) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, place, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        raise ImportError(f"no {place}")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    sys.exit(_main())  # type: ignore[arg-type]
