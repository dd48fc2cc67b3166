"""The user's word for a model file: `--trust-model` on the command line, `trust=True` in Python.

Without it a model file is data: nothing in it runs. The word is given once per call of the tool and holds for
every model that the call loads. For folders of `transformers` there are two narrower words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

WORD = "if you trust whoever made the file: --trust-model (in Python: trust=True)"
"""How every refusal names the way out."""

_GIVEN: ContextVar[bool] = ContextVar("tinyml_compress_model_trust", default=False)
_NARROW: ContextVar[tuple[str, ...]] = ContextVar("tinyml_compress_narrow_trust", default=())


@dataclass(frozen=True)
class NarrowTrust:
    """A word for one kind of code alone; the wide word stands for it too."""

    option: str

    def given(self) -> bool:
        return trusted() or self.option in _NARROW.get()

    @property
    def way_out(self) -> str:
        return f"if you trust whoever made the folder: {self.option}, or --trust-model where a verb has it"

    @contextmanager
    def giving(self) -> Iterator[None]:
        """The word holds within the block."""
        token = _NARROW.set((*_NARROW.get(), self.option))
        try:
            yield
        finally:
            _NARROW.reset(token)


PICKLE = NarrowTrust("--trust-pickle")
CODE = NarrowTrust("--trust-remote-code")


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
