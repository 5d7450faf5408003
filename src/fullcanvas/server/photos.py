"""Photos on disk: finding them, keeping to their folder, and decoding them safely.

A photo is untrusted input. Only the decoders of the formats of photos are ever asked (Pillow knows others
that start programs), its size is read from the header and bounded before a pixel is decoded, and whatever
goes wrong ends in one sentence.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from fullcanvas.formats.frame import Frame, Size
from fullcanvas.formats.pixels import (
    MAX_PIXELS,
    Pixels,
    open_picture,
    orientation_of,
    photo_formats,
    to_rgb,
    turn_upright,
)
from fullcanvas.server.errors import PhotoError

MAX_SIDE = 65_500
"""The longest side that the JPEG sent to the page can have, in pixels."""
MAX_SCANS = 200
"""Of a JPEG, each of which costs a pass over all its pixels; cameras make one, the web about ten."""
EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"}
)
_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
"""How a JPEG begins a scan: its marker, its length, and of how many components it is. Fewer bytes would also
be found by chance, in the film that a telephone puts behind a photo."""
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
_REASONS: dict[type[Exception], str] = {
    UnidentifiedImageError: "this is not a photo, whatever its name says, or its beginning is damaged",
    FileNotFoundError: "the file is no longer there",
    PermissionError: "may not be read by this user",
    MemoryError: "there is not enough memory to open it",
}


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder holds.

    Attributes:
        paths: the photos, relative to the folder, with forward slashes, sorted.
        skipped: photos left out (links that lead out of the folder; names that are not UTF-8, or hold control
            characters or backslashes, which other systems take for folders).
    """

    paths: tuple[str, ...]
    skipped: tuple[str, ...]


def scan(folder: Path) -> Scan:
    """The photos in a folder and its sub-folders, known by their extensions; nothing is decoded.

    Hidden files and folders are left out, and links to folders are not followed.

    Raises:
        PhotoError: there is no such folder, or it cannot be read.
    """
    if not folder.is_dir():
        kind = "not a folder" if folder.exists() else "no such folder"
        raise PhotoError(f"{folder}: {kind}; name the folder that holds the photos")
    paths: list[str] = []
    skipped: list[str] = []
    for path in _walk(folder):
        usable = _is_plain(path) and not _leads_out(folder, folder / path)
        (paths if usable else skipped).append(path)
    return Scan(tuple(sorted(paths)), tuple(sorted(ascii(path)[1:-1] for path in skipped)))


def _walk(folder: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        if error.filename == str(folder):
            raise PhotoError(f"{folder}: cannot be read ({error.strerror})") from error

    for where, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS:
                yield (Path(where) / name).relative_to(folder).as_posix()


def _is_plain(path: str) -> bool:
    """Whether a name means the same everywhere that it is shown, exported and unpacked."""
    return not _ODD.search(path)


def _leads_out(folder: Path, path: Path) -> bool:
    """Whether a file that was found leads elsewhere: on the way to it no link was followed."""
    return path.is_symlink() and not _stays_inside(folder, path)


def _stays_inside(folder: Path, path: Path) -> bool:
    """Whether the real place of `path`, links followed, lies in the real `folder`."""
    root, real = os.path.realpath(folder), os.path.realpath(path)
    return os.path.commonpath([root, real]) == root


def confine(folder: Path, path: str) -> Path:
    """The real place of a photo.

    Args:
        folder: that holds the photos.
        path: relative to it.

    Raises:
        PhotoError: it leads out of the folder, or there is no such file.
    """
    try:
        inside = _stays_inside(folder, folder / path)
        real = Path(os.path.realpath(folder / path))
        found = inside and real.is_file()
    except (ValueError, OSError) as error:
        raise PhotoError(f"{path!a:.200}: this cannot be the name of a photo") from error
    if not inside:
        raise PhotoError(f"{path}: leads out of the folder of photos, so it is not opened")
    if not found:
        raise PhotoError(f"{path}: the file is no longer there")
    return real


def content_hash(path: Path) -> str:
    """The SHA-256 of the file's bytes, in hexadecimal.

    Raises:
        PhotoError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PhotoError(f"{path.name}: cannot be read ({error.strerror})") from error


def decode(
    path: Path, max_pixels: int = MAX_PIXELS, content: str | None = None, side: int | None = None
) -> Pixels:
    """The upright photo in a file.

    The EXIF orientation is applied; of an animation or a file of several pages the first is taken;
    transparency is laid on white; grey values deeper than 8 bits are stretched from their darkest to
    their brightest.

    Args:
        path: the file.
        max_pixels: the most width x height that is decoded.
        content: the hash that the file had, if what is decoded will be kept by it.
        side: if a smaller photo will do, how long its sides have to be at least: of a JPEG not all is decoded
            then, but a half, a quarter or an eighth of each side, as much as is needed.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        PhotoError: it cannot be opened, or has another hash by now; the message names it and says why.
    """
    with _opened(path, max_pixels) as picture:
        if side is not None:
            picture.draft(None, (side, side))
        turn_upright(picture)
        pixels = np.ascontiguousarray(to_rgb(picture))
    if content is not None and content_hash(path) != content:
        raise PhotoError(f"{path.name}: the file was replaced while it was opened; open it again")
    return pixels


def frame(path: Path, max_pixels: int = MAX_PIXELS) -> Frame:
    """How the photo in a file lies; arguments and errors as in `decode`, since it is decoded, too."""
    with _opened(path, max_pixels) as picture:
        orientation = turn_upright(picture)
        return Frame(*picture.size, orientation)


def stored_turned(path: Path, max_pixels: int = MAX_PIXELS) -> bool:
    """Whether `decode` turns what is stored in a file; arguments and errors as there."""
    with _opened(path, max_pixels) as picture:
        return orientation_of(picture) != 1


@contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    """A photo of which no pixel is decoded yet; whatever fails while it is looked at is its file's fault."""
    try:
        _check_file(path)
        with open_picture(path, photo_formats(), max_pixels) as picture:
            _check_size(path, picture.size, max_pixels)
            yield picture
    except PhotoError:
        raise
    except Exception as error:
        # A decoder fed with a damaged file fails in every way there is; all of them mean the same here.
        raise PhotoError(_reason(path, error, max_pixels)) from error


def _check_file(path: Path) -> None:
    if path.stat().st_size == 0:
        raise PhotoError(f"{path.name}: the file is empty")
    if _scans(path) > MAX_SCANS:
        raise PhotoError(f"{path.name}: asks for more than {MAX_SCANS} scans, as no camera does")


def _check_size(path: Path, size: Size, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise PhotoError(_too_large(path, f"{width} x {height}", max_pixels))
    if max(width, height) > MAX_SIDE:
        raise PhotoError(f"{path.name}: a side of {width} x {height} is longer than {MAX_SIDE} pixels")


def _scans(path: Path) -> int:
    """How often a JPEG begins a scan; 0 for other files."""
    with path.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            return 0
        count, last = 0, b""
        while block := file.read(2**20):
            count += len(_SCAN.findall(last + block))
            last = block[-4:]
        return count


def _too_large(path: Path, size: str, max_pixels: int) -> str:
    million = 1_000_000
    return (
        f"{path.name}: {size} pixels are more than the {max_pixels / million:g} million that are opened; "
        "raise the bound with --max-megapixels if you trust the file"
    )


def _reason(path: Path, error: Exception, max_pixels: int) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return _too_large(path, "its", max_pixels)
    if "truncated" in str(error).lower():
        return f"{path.name}: the file is damaged, it ends too early"
    said = next((reason for kind, reason in _REASONS.items() if isinstance(error, kind)), None)
    return f"{path.name}: {said or f'the file is damaged ({error})'}"
