"""Write files so that a reader never sees half of one: write beside, then rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyml_compress.errors import OutputError, UsageError
from tinyml_compress.support import watchdog


def sha256(data: bytes) -> str:
    """Hex digest, as manifests and banners show it."""
    return hashlib.sha256(data).hexdigest()


def content(path: Path, most: int = 1 << 30) -> bytes:
    """Of a whole file; OSError where it is larger, or a pipe or a device, which may have no end.

    What a shell hands over as `<(command)` is a pipe of the user's own.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        is_file = stat.S_ISREG(status.st_mode)
        if not is_file and not str(path).startswith("/dev/fd/"):
            raise OSError(errno.EINVAL, "a pipe or a device, not a file")
        os.set_blocking(file.fileno(), True)
        data = file.read((min(status.st_size, most) if is_file else most) + 1)
        if max(len(data), status.st_size) > most:
            raise OSError(errno.EFBIG, f"more than {most >> 20} MB")
        return data


def _without_waiting(path: str, flags: int) -> int:
    """For a pipe that nobody writes to."""
    return os.open(path, flags | os.O_NONBLOCK)


def read_bytes(path: Path) -> bytes:
    """The content of a file that the user named."""
    try:
        return content(path)
    except OSError as error:
        raise UsageError(
            "cannot read", which=path, found=error.strerror, next_step="check the path"
        ) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".writing-{secrets.token_hex(8)}")
        try:
            with beside.open("xb") as file:  # with the rights that the user's umask leaves
                with contextlib.suppress(FileNotFoundError):
                    os.fchmod(
                        file.fileno(), path.stat().st_mode & 0o777
                    )  # a file that is replaced keeps its own
                file.write(data)
            os.replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _cannot_write(path, error) from error


def require_place(path: Path) -> None:
    """OutputError where `path` cannot be written: told before the work that would be lost."""
    try:
        folder = next(place for place in path.absolute().parents if place.exists())
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:  # of a question too: below a folder that is closed nothing can be asked
        raise _cannot_write(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all; names that are no text are written out, as
    `\\udcff`.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """A staging folder whose files move into `folder` when the block ends well, and vanish when it does not.

    Files already in `folder` stay, those of the same name are replaced. A folder that was made for a block
    that failed goes again.
    """
    try:
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=".staging."))
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        with watchdog.folder(staging):
            yield staging
            for file in sorted(path for path in staging.rglob("*") if path.is_file()):
                target = folder / file.relative_to(staging)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, target)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    except OutputError as error:
        # The user knows the folder, not its staging place.
        error.which = str(error.which).replace(str(staging), str(folder))
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if new:
            with contextlib.suppress(OSError):  # it is not empty: the block ended well
                folder.rmdir()


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        "cannot write",
        which=path,
        found=error.strerror or str(error),
        next_step="choose another folder with -o, or make room and rights for this one",
    )
