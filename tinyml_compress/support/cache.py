"""A content-addressed cache on disk: a key is the hash of everything the value depends on.

An entry is a folder with a list of its files' digests. It is believed when they agree: what a crash, a full
disk or somebody's hand left of one is made again. The cache holds compiled code that the tool runs, so it
belongs to its user alone (docs/security.md).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from tinyml_compress._version import __version__
from tinyml_compress.errors import OutputError, UsageError
from tinyml_compress.support import disk, files, owners, rights, watchdog

VARIABLE = "TINYML_COMPRESS_CACHE"
_DIGESTS = ".digests.json"
_MAKING = ".making"
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
"""What a folder that is renamed meets where another folder or file has the name."""
_NOTE = f"""Signature: 8a477f597d28d172789f06886806bc55
# This folder is the cache of tinyml-compress: compilers' output, conversions, trainings, emulated runs.
# It holds code that the tool runs: let nobody else write here. It may be deleted at any time.
# {VARIABLE} names another place.
"""


def cache_root() -> Path:
    """`$TINYML_COMPRESS_CACHE`, else the user's cache folder."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "tinyml_compress"
    try:
        return Path.home() / ".cache" / "tinyml_compress"
    except RuntimeError as error:  # neither HOME nor an entry among the users, as in some containers
        raise UsageError(
            "no place for the cache: this user has no home folder",
            next_step=f"set {VARIABLE} to a folder of yours",
        ) from error


def key_of(*parts: bytes | str) -> str:
    """A key from the parts, in order; the tool's version is always part of it."""
    digest = hashlib.sha256(__version__.encode())
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def cached_folder(
    room: str, key: str, make: Callable[[Path], bool | None], *, otherwise: Path | None = None
) -> Path:
    """The folder stored under `key`; when it is not there, or not sound, `make(empty_folder)` fills it first.

    Several processes may ask at once: each makes its own, the first to finish wins, nobody sees half a
    folder. Where `make` returns False, something failed that may go well another time: the folder is not
    kept, and becomes `otherwise` instead.
    """
    root = cache_root()
    place = root / room / key[:2] / key
    _require_own(root, place.parent)
    if _is_sound(root, place):
        return place
    with _making(root, place) as beside:
        if make(beside) is False:
            assert otherwise is not None
            _move(beside, otherwise)
            return otherwise
        with writing(place):
            _seal(beside)
            _publish(root, beside, place)
    return place


def cache_room(name: str) -> Path:
    """A folder of the cache that keeps something else than entries, there and its user's alone."""
    root = cache_root()
    with writing(root / name / "any"):
        _prepare(root, root / name)
    return root / name


def require_cache() -> None:
    """The error of a cache that cannot be written, now: for long work that would meet it late."""
    root = cache_root()
    with _making(root, root / "builds" / "00" / "none"):
        pass


@contextmanager
def _making(root: Path, place: Path) -> Iterator[Path]:
    """A folder of this process beside `place`, which goes if it has not become another."""
    with writing(place):
        _prepare(root, place.parent)
        beside = Path(tempfile.mkdtemp(dir=place.parent, prefix=owners.prefix(_MAKING)))
    with watchdog.folder(beside):
        try:
            yield beside
        except Exception as error:
            if full := disk.full_disk(error, root, VARIABLE):
                raise full from error
            raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """An error of the block is one of the cache: it names the folder and the variable that moves it."""
    try:
        yield
    except OSError as error:
        raise disk.full_disk(error, cache_root(), VARIABLE) or OutputError(
            "cannot write to the cache",
            which=place.parent,
            found=error.strerror or str(error),
            next_step=f"set {VARIABLE} to a folder that can be written",
        ) from error


def _prepare(root: Path, shard: Path) -> None:
    if not root.exists():
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), (root / "CACHEDIR.TAG").open("x") as note:
            note.write(_NOTE)
    for folder in reversed([shard, *shard.parents][: len(shard.relative_to(root).parts)]):
        folder.mkdir(mode=0o700, exist_ok=True)
    _require_own(root, shard)
    _sweep(root)


def _require_own(root: Path, folder: Path) -> None:
    """UsageError where somebody else can put into `folder` what this user's calls would run."""
    if doubt := rights.doubt(root, folder):
        raise UsageError(
            "the cache holds code, and somebody else can write to it",
            which=doubt.path,
            found=doubt.why,
            allowed="folders that are yours or root's, and that nobody else can write to",
            next_step=f"chmod go-w it, remove it if it is not yours, or set {VARIABLE} to a folder of yours",
        )


def _is_sound(root: Path, place: Path) -> bool:
    """Whether the entry is there, with every file as it was when it was made, no other, and none of somebody
    else's.
    """
    try:
        if any(rights.doubt(root, path) for path in place.rglob("*")):
            return False
        return bool(json.loads((place / _DIGESTS).read_bytes()) == _digests(place))
    except (OSError, ValueError):
        return False


def _digests(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): files.sha256(path.read_bytes()) for path in _files(folder)}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _DIGESTS)


def _seal(folder: Path) -> None:
    """Write the digests, and see that all of it is on the disk before the folder gets its name."""
    (folder / _DIGESTS).write_text(json.dumps(_digests(folder)))
    for path in (*_files(folder), folder / _DIGESTS):
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _publish(root: Path, beside: Path, place: Path) -> None:
    """Give the folder its name, unless somebody else's is there and sound."""
    while True:
        try:
            os.rename(beside, place)
        except OSError as error:
            # the name itself says nothing: whoever finds the entry unsound may have taken it away since
            if error.errno not in _TAKEN:
                raise
        else:
            return
        if _is_sound(root, place):
            return
        _discard(root, place, beside.with_name(f"{beside.name}-old"))


def _discard(root: Path, place: Path, aside: Path) -> None:
    """Take away an entry that is not sound. Looked at again under a lock: another process may have made it
    anew.
    """
    with (place.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.lexists(place) and not _is_sound(root, place):
            if place.is_dir():
                os.rename(place, aside)
                shutil.rmtree(aside, ignore_errors=True)
            else:
                place.unlink()


def _move(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, target)


@lru_cache(maxsize=8)
def _sweep(root: Path) -> None:
    """Remove what processes left half-made that no watchdog outlived, once per process."""
    shards = (shard for room in root.iterdir() if room.is_dir() for shard in room.iterdir() if shard.is_dir())
    owners.sweep(folder for shard in shards for folder in shard.glob(f"{_MAKING}~*"))
