"""Where an export goes: a folder or a zip file, which appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

from fullcanvas.formats.errors import ExportError


class Sink(Protocol):
    """Takes the files of an export."""

    def write(self, name: str, content: bytes) -> None:
        """Add a file; `name` is relative, with forward slashes."""

    def add(self, name: str, file: Path) -> None:
        """Add a file that exists elsewhere."""


class FolderSink:
    """A folder, built beside its place and moved there at the end; an earlier export there is replaced.

    Used in a `with` statement: if its block fails, the place is as it was before.

    Args:
        place: the folder to make.
        names: what an export may hold at its top; a folder with anything else is never replaced.
        link: whether `add` makes hard links (copies where the file system has none) or always copies.

    Raises:
        ExportError: the place holds something else, or cannot be written.
    """

    def __init__(self, place: Path, names: frozenset[str], link: bool = True) -> None:
        self._place = Path(os.path.realpath(place))
        self._names = names
        self._link = link
        self._check_place()
        self._beside: Path

    def _check_place(self) -> None:
        if not self._place.exists():
            return
        if not self._place.is_dir():
            raise ExportError(f"{self._place}: is a file; name a folder for the export")
        strange = sorted({entry.name for entry in self._place.iterdir()} - self._names)
        if strange:
            found = ", ".join(strange[:3])
            raise ExportError(
                f"{self._place}: holds other things ({found}); name a new folder for the export"
            )

    def __enter__(self) -> Self:
        """Make the folder beside."""
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            prefix = f".{self._place.name[:100]}."
            beside = tempfile.mkdtemp(prefix=prefix, suffix=".partial", dir=self._place.parent)
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
        """Add a file that exists elsewhere."""
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
                self._move()
        except OSError as failure:
            raise ExportError(f"{self._place}: cannot be written ({failure.strerror})") from failure
        finally:
            shutil.rmtree(self._beside, ignore_errors=True)
        if isinstance(error, OSError):
            raise ExportError(f"{self._place}: cannot be written ({error.strerror})") from error

    def _move(self) -> None:
        if not self._place.exists():
            self._beside.rename(self._place)
            return
        old = self._beside.with_suffix(".old")
        self._place.rename(old)
        try:
            self._beside.rename(self._place)
        except OSError:
            old.rename(self._place)
            raise
        shutil.rmtree(old, ignore_errors=True)


class ZipSink:
    """A zip file.

    Args:
        file: where it is written; stays open.
    """

    def __init__(self, file: IO[bytes]) -> None:
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
