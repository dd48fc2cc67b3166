"""Ctrl-C and SIGTERM: the way out of a verb, and another one for when the first is blocked.

Python raises KeyboardInterrupt between two of its own steps. While the main thread is inside of TensorFlow or
another library, for seconds or for ever, that does not happen; and where Python was called back by C, an
exception is printed and forgotten. And where it does happen, the way out may lead past threads that wait for
compilers. So a thread hears of each signal as well: a process that is still there after a moment is ended,
unless its verb ends in its own time (`support/leisure.py`), and the watchdog removes what it held
(`support/watchdog.py`). Files appear whole or not at all in any case.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from tinyml_compress.support.leisure import is_at_leisure

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130
"""The exit code."""
SAID = "\ninterrupted; nothing half-written was left behind"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE_S = 1.2
_STEP_S = 0.05
_SHOW_CURSOR = "\x1b[?25h"


def listen() -> None:
    """From here on. A signal that the caller had ignored stays so: a background job of a shell hears no
    Ctrl-C.
    """
    _Listener().install()


class _Listener:
    def install(self) -> None:
        """In the main thread."""
        heard, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        for one in _SIGNALS:
            if signal.getsignal(one) is not signal.SIG_IGN:
                signal.signal(one, self._take)
        sys.unraisablehook = self._not_raised
        threading.Thread(target=self._listen, args=(heard,), name="interruption", daemon=True).start()

    def _take(self, number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def _not_raised(self, what: UnraisableHookArgs, /) -> None:
        """An interruption that came while C had called Python: it counts as not taken up."""
        if what.exc_type is KeyboardInterrupt:
            again = threading.Timer(_STEP_S, os.kill, (os.getpid(), signal.SIGINT))
            again.daemon = True
            again.start()
        else:
            sys.__unraisablehook__(what)

    def _listen(self, heard: int) -> None:
        while os.read(heard, 64):
            asked = time.monotonic()
            while not is_at_leisure() and time.monotonic() < asked + _PATIENCE_S:
                time.sleep(_STEP_S)
            if not is_at_leisure():
                _blocked()


def leave_at_once() -> NoReturn:
    """End after an interruption: threads of libraries, which the interpreter would wait for, may compute for
    long.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _blocked() -> NoReturn:
    cursor = _SHOW_CURSOR if os.isatty(2) else ""  # a progress bar hides it
    with contextlib.suppress(OSError):  # nobody listens
        os.write(2, f"{cursor}{SAID}\n".encode())
    os._exit(INTERRUPTED)
