"""A corpus of bad photos through the real interface: shown or refused in a sentence, never a failure."""

from __future__ import annotations

import resource
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fullcanvas.server.errors import PhotoError
from fullcanvas.server.photos import MAX_SCANS, decode
from tests.server.conftest import Page, write_photo

SUFFIXES = ("jpg", "png", "webp", "tif", "bmp", "gif", "avif")


def picture(mode: str = "RGB", size: tuple[int, int] = (96, 80)) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    return Image.fromarray(values).resize(size).convert(mode)


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, kind: int = 2) -> bytes:
    """A PNG file of these chunks, whatever its header promises."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunk(*item) for item in chunks)


def tiff(*tags: tuple[int, int, int, int], order: str = "<", tail: bytes = b"") -> bytes:
    """A TIFF file whose first folder has these tags: number, type, count, value."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    folder = struct.pack(f"{order}H", len(tags))
    folder += b"".join(struct.pack(f"{order}HHII", *tag) for tag in tags)
    return head + folder + struct.pack(f"{order}I", 8) + tail  # the next folder is this one: a circle


def zeros(megabytes: int) -> bytes:
    """So many of them, compressed; never all in memory, so that the tests can see who unpacks them."""
    packer = zlib.compressobj()
    parts = [packer.compress(b"\0" * 2**20) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])


ZEROS = zeros(200)
GREY = [(256, 4, 1, 20), (257, 4, 1, 20), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]


def scan_bomb(scans: int) -> bytes:
    """A small progressive JPEG that asks for its last scan to be decoded again and again."""
    data = encoded(picture(size=(64, 64)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


def exif_bomb() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "x" * 60_000
    return encoded(picture(), "JPEG", exif=exif)


def animated(format_: str) -> bytes:
    frames = [picture(), picture().rotate(90)]
    return encoded(frames[0], format_, save_all=True, append_images=frames[1:])


CORPUS: dict[str, Callable[[], bytes]] = {
    "empty.jpg": lambda: b"",
    "one-byte.png": lambda: b"\x89",
    "text.jpg": lambda: b"dear diary",
    "script.jpg": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "svg.png": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "svg-entities.jpg": lambda: (
        b'<!DOCTYPE s [<!ENTITY a "&b;&b;"><!ENTITY b SYSTEM "file:///etc/passwd">]><s>&a;</s>'
    ),
    "page.jpg": lambda: b"<html><script>alert(1)</script></html>",
    "png-named.jpg": lambda: encoded(picture(), "PNG"),
    "gif-named.png": lambda: encoded(picture("P"), "GIF"),
    "zip-behind.jpg": lambda: encoded(picture(), "JPEG") + b"PK\x03\x04" * 1000,
    "billion.png": lambda: png(40_000, 25_000, (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b"")),
    "widest.png": lambda: png(2**31 - 1, 2**31 - 1, (b"IDAT", b""), (b"IEND", b"")),
    "nothing-wide.png": lambda: png(0, 5, (b"IDAT", zlib.compress(b"")), (b"IEND", b"")),
    "text-bomb.png": lambda: png(9, 9, (b"zTXt", b"a\0\0" + ZEROS), (b"IDAT", zlib.compress(b"\0" * 252))),
    "profile-bomb.png": lambda: png(9, 9, (b"iCCP", b"a\0\0" + ZEROS), (b"IDAT", zlib.compress(b"\0" * 252))),
    "data-bomb.png": lambda: png(9, 9, (b"IDAT", ZEROS), (b"IEND", b"")),
    "odd-depth.png": lambda: png(9, 9, (b"IDAT", zlib.compress(b"\0" * 999)), depth=3),
    "odd-kind.png": lambda: png(9, 9, (b"IDAT", zlib.compress(b"\0" * 999)), kind=9),
    "circle.tif": lambda: tiff(*GREY, (273, 4, 1, 8), (278, 4, 1, 20), (279, 4, 1, 400)),
    "no-tags.tif": lambda: tiff(),
    "far-strip.tif": lambda: tiff(*GREY, (273, 4, 1, 2**32 - 1), (278, 4, 1, 20), (279, 4, 1, 400)),
    "many-strips.tif": lambda: tiff(*GREY, (273, 4, 2**30, 8), (278, 4, 1, 1), (279, 4, 2**30, 8)),
    "billion.tif": lambda: tiff((256, 4, 1, 40_000), (257, 4, 1, 25_000), *GREY[2:], (273, 4, 1, 8)),
    "negative.tif": lambda: tiff((256, 9, 1, 2**32 - 5), (257, 4, 1, 20), *GREY[2:], (273, 4, 1, 8)),
    "big-endian.tif": lambda: tiff(*GREY, order=">"),
    "pages.tif": lambda: animated("TIFF"),
    "animated.gif": lambda: animated("GIF"),
    "animated.webp": lambda: animated("WEBP"),
    "animated.png": lambda: animated("PNG"),
    "rotated.jpg": exif_bomb,
    "cmyk.jpg": lambda: encoded(picture("CMYK"), "JPEG"),
    "cmyk.tif": lambda: encoded(picture("CMYK"), "TIFF"),
    "lab.tif": lambda: encoded(picture("LAB"), "TIFF"),
    "float.tif": lambda: encoded(picture("F"), "TIFF"),
    "not-a-number.tif": lambda: encoded(Image.fromarray(np.full((9, 9), np.nan, np.float32)), "TIFF"),
    "infinite.tif": lambda: encoded(Image.fromarray(np.full((9, 9), np.inf, np.float32)), "TIFF"),
    "sixteen.png": lambda: encoded(Image.fromarray(np.arange(81, dtype=np.uint16).reshape(9, 9)), "PNG"),
    "thirty-two.tif": lambda: encoded(picture("I"), "TIFF"),
    "bits.png": lambda: encoded(picture("1"), "PNG"),
    "palette.gif": lambda: encoded(picture("P"), "GIF"),
    "alpha.png": lambda: encoded(picture("RGBA"), "PNG"),
    "alpha-grey.png": lambda: encoded(picture("LA"), "PNG"),
    "scans.jpg": lambda: scan_bomb(1000),
    "dot.png": lambda: encoded(picture(size=(1, 1)), "PNG"),
    "tall.png": lambda: encoded(picture(size=(1, 60_000)), "PNG"),
    "wide.jpg": lambda: encoded(picture(size=(60_000, 1)), "JPEG"),
}
SHOWN = {
    "png-named.jpg",
    "gif-named.png",
    "zip-behind.jpg",
    "pages.tif",
    "animated.gif",
    "animated.webp",
    "animated.png",
    "rotated.jpg",
    "cmyk.jpg",
    "cmyk.tif",
    "float.tif",
    "not-a-number.tif",
    "sixteen.png",
    "thirty-two.tif",
    "bits.png",
    "palette.gif",
    "alpha.png",
    "alpha-grey.png",
    "dot.png",
    "tall.png",
    "wide.jpg",
}


@pytest.mark.parametrize("name", CORPUS)
def test_a_bad_photo_is_shown_or_refused_in_a_sentence(
    start: Callable[..., Page], tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "photos"
    write_photo(folder / "~good.png")
    (folder / name).write_bytes(CORPUS[name]())
    page = start(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in ("/photos/1", "/photos/1/image", "/photos/1/image?size=full", "/photos/1/labels"):
        response = page.client.get(f"/api/v1{path}")
        assert response.status_code in (200, 422), response.text
        if response.status_code == 422:
            assert response.json()["detail"].startswith(f"{name}: ")
        assert response.status_code == 200 or name not in SHOWN, response.text
    small = page.client.get("/api/v1/photos/1/thumbnail")
    assert small.status_code == 200 if name in SHOWN else small.status_code in (200, 204)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB; no bomb goes off
    assert page.get("/photos/2")["width"] == 96


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_truncated_at_every_twentieth(tmp_path: Path, suffix: str) -> None:
    whole = write_photo(tmp_path / f"whole.{suffix}").read_bytes()
    path = tmp_path / f"a.{suffix}"
    for percent in range(0, 100, 5):
        path.write_bytes(whole[: len(whole) * percent // 100])
        assert outcome(path) in ((80, 96, 3), "sentence")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_flipped_bits(tmp_path: Path, suffix: str) -> None:
    whole = np.frombuffer(write_photo(tmp_path / f"whole.{suffix}").read_bytes(), np.uint8)
    path = tmp_path / f"a.{suffix}"
    for seed in range(20):
        rng = np.random.default_rng(seed)
        data = whole.copy()
        where = rng.integers(0, len(data) if seed % 2 else min(len(data), 200), 8)
        data[where] ^= (1 << rng.integers(0, 8, 8)).astype(np.uint8)
        path.write_bytes(data.tobytes())
        found = outcome(path)
        assert found == "sentence" or len(found) == 3


def outcome(path: Path) -> tuple[int, ...] | str:
    try:
        return decode(path, max_pixels=10**7).shape
    except PhotoError as error:
        return "sentence" if str(error).startswith(f"{path.name}: ") else str(error)


def test_a_jpeg_of_too_many_scans_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """Each scan costs a pass over all pixels, however few bytes it has."""
    (tmp_path / "a.jpg").write_bytes(scan_bomb(MAX_SCANS))
    with pytest.raises(PhotoError, match=r"a\.jpg: .* scans"):
        decode(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(encoded(picture(), "JPEG", progressive=True))
    assert decode(tmp_path / "b.jpg").shape == (80, 96, 3)


def test_a_film_behind_a_photo_has_no_scans(tmp_path: Path) -> None:
    """Telephones put one there; in so many bytes, the marker of a scan occurs by chance."""
    film = np.random.default_rng(0).bytes(20_000_000)
    assert film.count(b"\xff\xda") > MAX_SCANS
    (tmp_path / "a.jpg").write_bytes(encoded(picture(), "JPEG") + film)
    assert decode(tmp_path / "a.jpg").shape == (80, 96, 3)


@pytest.mark.parametrize("before", range(6))
def test_a_scan_is_found_wherever_the_blocks_that_are_read_end(tmp_path: Path, before: int) -> None:
    scan = b"\xff\xda\x00\x08\x01"
    filling = b"\xff\xd8" + bytes(2**20 - before)
    (tmp_path / "a.jpg").write_bytes(filling + scan * (MAX_SCANS + 1))
    with pytest.raises(PhotoError, match=r"a\.jpg: .* scans"):
        decode(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(filling + scan * MAX_SCANS)
    with pytest.raises(PhotoError, match=r"a\.jpg: (?!.* scans)"):
        decode(tmp_path / "a.jpg")
