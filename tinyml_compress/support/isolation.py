"""The import path without the current folder, which is the user's: a `numpy.py` in it is data.

Nothing is imported here but what the interpreter has loaded already.
"""

import os
import sys


def leave_current_folder() -> None:
    """Take off the path what `python -m` and empty entries of PYTHONPATH put on it."""
    try:
        here = os.getcwd()
    except FileNotFoundError:  # a folder that is gone holds no modules
        return
    by_option = 0 if getattr(sys.flags, "safe_path", False) else 1
    by_variable = 1 if "" in (os.environ.get("PYTHONPATH") or here).split(os.pathsep) else 0
    for _ in range(by_option + by_variable):
        if here in sys.path:
            sys.path.remove(here)
