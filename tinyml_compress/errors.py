"""Every error that a user can meet, in one tree.

TinymlError                 exit 1
├── UsageError              exit 2: the call itself is wrong (a name, an option, a missing path)
│   └── ConfigError         a device, core or recipe file breaks its schema
├── ModelError              a model file cannot be read or is not what it says
│   ├── UnsupportedLayer    a Keras layer that the tool cannot carry
│   ├── UnsupportedOperator a TensorFlow Lite operator, or one of its attributes, that has no kernel
│   │   └── CollapsedRange  a quantized layer whose values hardly vary: TensorFlow Lite Micro aborts on it
│   └── RuntimeCrash        an interpreter ended abnormally on a model
├── DataError               a data set is missing, damaged, or of another shape
├── ConversionError         the TensorFlow Lite converter failed
│   └── FloatOperatorError  a full-integer file holds a float operator
├── GraphError              the IR broke one of its rules (a defect of ours or of a hostile file)
├── PlanError               the memory plan broke one of its rules
├── TrainingError           a training stage failed or broke its accuracy guard
├── ProcessError            a subprocess failed, crashed, or ran out of time
│   └── ToolchainError      the compiler or linker refused
│       └── DoesNotFit      flash or RAM of the device is too small
├── EmulationError          the emulated firmware faulted, overflowed its stack, or did not end
├── LineError               a board on a serial line is silent, gone, or says what it should not
├── MismatchError           two engines that must agree do not
├── BudgetError             a budget given by the user is exceeded
├── MissingDependency       something optional is not installed here
└── OutputError             a file could not be written
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 1200
"""Characters of a line; a name or a number of a megabyte is of no use to a reader."""
_BELOW = "\n" + 11 * " "
"""What follows in a field stands below it, so that no file's text can look like another message."""


class TinymlError(Exception):
    """What went wrong, which thing, what was found, what is allowed, and the next step.

    Only `what` is required. `str(error)` is the message as shown to the user: the first line says what
    and which, indented lines follow with the rest.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        which: object = None,
        found: object = None,
        allowed: object = None,
        next_step: str | None = None,
    ) -> None:
        self.what = what
        self.which = _text(which)
        self.found = _text(found)
        self.allowed = _text(allowed)
        self.next_step = next_step
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what if self.which is None else f"{self.what}: {_short(self.which)}"]
        for label, text in (("found", self.found), ("allowed", self.allowed), ("next", self.next_step)):
            if text is not None:
                lines.append(f"  {label + ':':<9}{_short(text)}")
        return "\n".join(lines)


@contextmanager
def about(which: object) -> Iterator[None]:
    """What goes wrong in here is of `which`, or of a part of it, whose own code need not know the name."""
    try:
        yield
    except TinymlError as error:
        error.which = ", ".join(part for part in (_text(which), error.which) if part is not None)
        raise


def _text(value: object) -> str | None:
    try:
        return None if value is None else str(value)
    except ValueError:  # a whole number of thousands of digits, which Python does not write
        return f"a {type(value).__name__} of thousands of digits"


def _short(text: str) -> str:
    lines = (
        line if len(line) <= _LONGEST else f"{line[:_LONGEST]}... ({len(line):,} characters)"
        for line in text.split("\n")
    )
    return _BELOW.join(lines)


class UsageError(TinymlError):
    """The call itself is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A device, core or recipe file breaks its schema."""


class ModelError(TinymlError):
    """A model file cannot be read or is not what it says."""


class UnsupportedLayer(ModelError):
    """A Keras layer that the tool cannot carry."""


class UnsupportedOperator(ModelError):
    """A TensorFlow Lite operator, or one of its attributes, that has no kernel."""


class CollapsedRange(UnsupportedOperator):
    """A quantized layer whose values hardly vary, so that TensorFlow Lite Micro aborts on its scale."""


class RuntimeCrash(ModelError):
    """An interpreter ended abnormally on a model."""


class DataError(TinymlError):
    """A data set is missing, damaged, or of another shape."""


class ConversionError(TinymlError):
    """The TensorFlow Lite converter failed."""


class FloatOperatorError(ConversionError):
    """A full-integer file holds a float operator."""


class GraphError(TinymlError):
    """The IR broke one of its rules."""


class PlanError(TinymlError):
    """The memory plan broke one of its rules."""


class TrainingError(TinymlError):
    """A training stage failed or broke its accuracy guard."""


class ProcessError(TinymlError):
    """A subprocess failed, crashed, or ran out of time."""


class ToolchainError(ProcessError):
    """The compiler or linker refused."""


class DoesNotFit(ToolchainError):
    """Flash or RAM of the device is too small."""


class EmulationError(TinymlError):
    """The emulated firmware faulted, overflowed its stack, or did not end."""


class LineError(TinymlError):
    """A board on a serial line is silent, gone, or says what it should not."""


class MismatchError(TinymlError):
    """Two engines that must agree do not."""


class BudgetError(TinymlError):
    """A budget given by the user is exceeded."""


class MissingDependency(TinymlError):
    """Something optional is not installed here."""


class OutputError(TinymlError):
    """A file could not be written."""
