"""The user's word for a model file: `--trust-model` on the command line, `trust=True` in Python.

Without it a model file is data: nothing in it runs. The word is given once per call of the tool and holds for
every model that the call loads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WORD = "if you trust whoever made the file: --trust-model (in Python: trust=True)"
"""How every refusal names the way out."""

_GIVEN: ContextVar[bool] = ContextVar("tinyml_compress_model_trust", default=False)


@contextmanager
def trusting(given: bool = True) -> Iterator[None]:
    """Model files loaded within the block may run code, if `given`; an outer word stays."""
    token = _GIVEN.set(given or _GIVEN.get())
    try:
        yield
    finally:
        _GIVEN.reset(token)


def trusted() -> bool:
    """Whether the user gave his word."""
    return _GIVEN.get()
