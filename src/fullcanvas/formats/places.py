"""Where work lies that is to be read: what the person named is there, and is what it should be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from fullcanvas.formats.errors import ImportFormatError

_ZIP = b"PK\x03\x04"


def check_place(place: Path, error: type[ValueError] = ImportFormatError) -> None:
    """See that a file or a folder can be read.

    Raises:
        ValueError: it is missing, must not be read, is packed, or neither; of the kind `error`.
    """
    try:
        if place.is_dir():
            os.scandir(place).close()
        elif place.exists() and not place.is_file():
            raise error(f"{place}: is neither a file nor a folder")  # opening a pipe could block for ever
        else:
            with place.open("rb") as file:
                packed = file.read(len(_ZIP)) == _ZIP
            if packed:
                raise error(f"{place}: is a zip file; unpack it, and name the folder that comes out")
    except FileNotFoundError as failure:
        raise error(f"{place}: there is no such file or folder") from failure
    except OSError as failure:
        raise error(f"{place}: cannot be read ({failure.strerror})") from failure


def find_json(
    place: Path, patterns: Sequence[Sequence[str]], what: str, error: type[ValueError] = ImportFormatError
) -> Path:
    """The json file at a place: the place itself, or the one file in the folder that a pattern names.

    Args:
        place: the file or the folder.
        patterns: names of files in the folder, in groups, each of which counts where none before has any.
        what: the file is, in words.
        error: what is raised.

    Raises:
        ValueError: there is none, or several of a group; of the kind `error`, as `check_place` raises it.
    """
    check_place(place, error)
    if place.is_file():
        return place
    for group in patterns:
        found = sorted(file for pattern in group for file in place.glob(pattern))
        if len(found) > 1:
            names = ", ".join(map(str, found[:5]))
            raise error(f"{place}: holds more than one {what} ({names}); name one of the files")
        if found:
            return found[0]
    looked = ", ".join(pattern for group in patterns for pattern in group)
    raise error(f"{place}: no {what} here; looked for {looked}")
