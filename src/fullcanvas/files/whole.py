"""Writing files atomically: whatever fails, there is all of the old one or all of the new."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PARTIAL = ".partial"
"""The suffix of files that are not complete yet; a crash may leave one behind."""


@contextmanager
def writing(path: Path, mode: int = 0o644, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """A file, open for writing, that takes its place at `path` when the block ends without an error.

    Until then it lies beside, under a name of its own and readable by its owner alone. Then it is brought to
    the disk, given to whoever owns the file at `path`, where that is allowed, and renamed.

    Args:
        path: its folder is made if it is missing.
        mode: who may read and write the file.
        sync: whether to wait for the disk, so that the file survives a failure of power.

    Raises:
        OSError: it cannot be written; what was at `path` is as it was. A folder, a device (`/dev/null`) or a
            pipe is never replaced.
    """
    make_room(path)
    try:
        handle, name = tempfile.mkstemp(PARTIAL, f".{path.name}.", path.parent)
    except OSError as error:
        _name(error, path)  # nobody knows the other name
        raise
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        beside.chmod(mode)
        _give_to_owner_of(path, beside)
        beside.replace(path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            _name(error, path)  # a full disk does not say of which file
        raise
    if sync:
        sync_folder(path.parent)


def make_room(path: Path) -> None:
    """Make the folder of a file that is to be written: before work that would be lost without a place for it.

    Raises:
        OSError: the folder cannot be made, or something other than a file is at `path`.
    """
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "Is there, and no file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)


def _name(error: OSError, path: Path) -> None:
    """Say which file it was; an error that has a text and no number would lose the text by that."""
    if error.errno is not None:
        error.filename = str(path)


def _give_to_owner_of(path: Path, beside: Path) -> None:
    """An administrator may write a file that a server which runs as somebody else has to read."""
    with suppress(OSError, AttributeError):  # there is no such file, or user, or it is not allowed
        owner = path.stat()
        os.chown(beside, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def told(error: OSError) -> str:
    """What a person is told of a file that cannot be read or written: which, and why."""
    if error.filename is None:
        return str(error)
    return f"{error.filename}: cannot be read or written ({error.strerror})"
