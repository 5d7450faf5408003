"""Where an export goes: a folder or a zip file, which appears whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from fullcanvas.formats.errors import ExportError

MARK = ".fullcanvas-export"
"""The file by which a folder is known to be an export, which the next one to the same place may replace."""
_MARKED = (
    b"Made by `fullcanvas export`, which replaces all of this folder when it is told to write here again.\n"
)
_PARTIAL, _OLD = ".partial", ".old"


class Sink(Protocol):
    """Takes the files of an export."""

    def write(self, name: str, content: bytes) -> None:
        """Add a file; `name` is relative, with forward slashes."""

    def add(self, name: str, file: Path) -> None:
        """Add a file that exists elsewhere."""


class FolderSink:
    """A folder, built beside its place and moved there at the end; an earlier export there is replaced.

    Used in a `with` statement: if its block fails, the place is as it was before. If an export is killed, the
    next one to the same place cleans up: an earlier export that was being replaced is restored, and the
    unfinished one removed.

    Args:
        place: the folder to make.
        names: what an export may hold at its top. A folder with anything else is never replaced, nor is one
            that no export has made.
        link: whether `add` makes hard links, where the file system has them: editing either file then edits
            both. Otherwise files are copied.

    Raises:
        ExportError: the place holds something else, or cannot be written.
    """

    def __init__(self, place: Path, names: frozenset[str], link: bool = False) -> None:
        self._place = Path(os.path.realpath(place))
        self._names = names | {MARK}
        self._link = link
        self._beside: Path
        self._hold: int | None = None
        try:
            self._put_right()
            self._check_place()
        except OSError as error:
            raise ExportError(f"{self._place}: cannot be read ({error.strerror})") from error

    @property
    def _prefix(self) -> str:
        """How the names of this place's unfinished folders begin; no other place's do."""
        name = self._place.name
        return f".{name if len(name) <= 100 else hashlib.sha256(os.fsencode(name)).hexdigest()}."

    def _put_right(self) -> None:
        """Undo what an export was in the middle of when it was killed."""
        parent = self._place.parent
        ours = re.compile(re.escape(self._prefix) + f"[a-z0-9_]+({re.escape(_PARTIAL)}|{re.escape(_OLD)})")
        left = [path for path in parent.iterdir() if ours.fullmatch(path.name)] if parent.is_dir() else []
        for path in sorted(left):
            if not _in_use(path.with_suffix(_PARTIAL)) and not self._strange(path):
                if path.suffix == _OLD and not self._place.exists():
                    path.rename(self._place)
                else:
                    shutil.rmtree(path, ignore_errors=True)

    def _strange(self, folder: Path) -> list[str]:
        return sorted({entry.name for entry in folder.iterdir()} - self._names)

    def _check_place(self) -> None:
        if not self._place.exists():
            return
        if not self._place.is_dir():
            raise ExportError(f"{self._place}: is a file; name a folder for the export")
        if strange := self._strange(self._place):
            found = ", ".join(strange[:3])
            raise ExportError(
                f"{self._place}: holds other things ({found}); name a new folder for the export"
            )
        if any(self._place.iterdir()) and not (self._place / MARK).exists():
            raise ExportError(
                f"{self._place}: is not empty, and no export of Fullcanvas ({MARK} is not in it), so it is "
                "not replaced; name a new folder, or delete it"
            )

    def __enter__(self) -> Self:
        """Make the folder beside."""
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            beside = tempfile.mkdtemp(prefix=self._prefix, suffix=_PARTIAL, dir=self._place.parent)
            self._hold = _hold(Path(beside))
        except OSError as error:
            raise ExportError(f"{self._place}: cannot be written ({error.strerror})") from error
        self._beside = Path(beside)
        self._beside.chmod(0o777 & ~_umask())
        return self

    def write(self, name: str, content: bytes) -> None:
        """Add a file."""
        with self._target(name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def add(self, name: str, file: Path) -> None:
        """Add a file that exists elsewhere.

        Raises:
            ExportError: it exists no longer, or may not be read.
        """
        if not os.access(file, os.R_OK):
            raise ExportError(f"{file}: is no longer there, or may not be read")
        target = self._target(name)
        if self._link:
            with suppress(OSError):
                os.link(file, target)
                return
        shutil.copyfile(file, target)

    def _target(self, name: str) -> Path:
        target = self._beside / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Move the folder to its place, or remove it if the block failed."""
        try:
            if kind is None:
                self.write(MARK, _MARKED)
                self._move()
        except OSError as failure:
            raise ExportError(f"{self._place}: cannot be written ({failure.strerror})") from failure
        finally:
            shutil.rmtree(self._beside, ignore_errors=True)
            if self._hold is not None:
                os.close(self._hold)
        if isinstance(error, OSError):
            raise ExportError(f"{self._place}: cannot be written ({error.strerror})") from error

    def _move(self) -> None:
        if not self._place.exists():
            self._beside.rename(self._place)
            return
        old = self._beside.with_suffix(_OLD)
        self._place.rename(old)
        try:
            self._beside.rename(self._place)
        except OSError:
            old.rename(self._place)
            raise
        shutil.rmtree(old, ignore_errors=True)


class Outflow:
    """A file that keeps what is written to it until that is taken, so that it can be sent on meanwhile."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def write(self, content: bytes) -> int:
        """Keep more."""
        self._kept += content
        return len(content)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        """Nothing to close."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._kept = bytes(self._kept), bytearray()
        return taken


class ZipSink:
    """A zip file.

    Args:
        file: where it is written; stays open.
    """

    def __init__(self, file: Outflow) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)

    def __enter__(self) -> Self:
        """The sink itself."""
        return self

    def write(self, name: str, content: bytes) -> None:
        """Add a file."""
        self._zip.writestr(name, content)

    def add(self, name: str, file: Path) -> None:
        """Add a file that exists elsewhere."""
        self._zip.write(file, name)

    def __exit__(self, *failure: object) -> None:
        """Write the directory at the end of the file."""
        self._zip.close()


def _hold(folder: Path) -> int | None:
    """Mark a folder as in use until the returned handle is closed, or this program ends in any way."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        return None
    handle = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some network mounts have no such locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _in_use(folder: Path) -> bool:
    """Whether an export still builds this folder; True where that cannot be known."""
    if not folder.exists():
        return False
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (ImportError, OSError):
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
