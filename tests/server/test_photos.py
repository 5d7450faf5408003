"""Finding and decoding photos: every kind opens upright in RGB, or says in a sentence why not."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fullcanvas.server.errors import PhotoError
from fullcanvas.server.photos import confine, content_hash, decode, scan
from tests.server.conftest import write_photo

RED = (200, 30, 40)


def solid(mode: str, size: tuple[int, int] = (8, 6), color: object = None) -> Image.Image:
    return Image.new(mode, size, color)  # type: ignore[arg-type]


def test_a_plain_photo_comes_as_it_is(tmp_path: Path) -> None:
    solid("RGB", color=RED).save(tmp_path / "a.png")
    image = decode(tmp_path / "a.png")
    assert image.shape == (6, 8, 3)
    assert image.dtype == np.uint8
    assert (image == RED).all()


@pytest.mark.parametrize("suffix", ["jpg", "webp", "tif", "bmp", "gif", "avif"])
def test_every_format_opens(tmp_path: Path, suffix: str) -> None:
    solid("RGB", (32, 24), RED).save(tmp_path / f"a.{suffix}")
    image = decode(tmp_path / f"a.{suffix}")
    assert image.shape == (24, 32, 3)
    assert np.abs(image.astype(int) - RED).max() <= 8


@pytest.mark.parametrize(
    ("mode", "color", "suffix", "expected"),
    [
        ("P", 0, "png", (0, 0, 0)),
        ("L", 77, "png", (77, 77, 77)),
        ("1", 1, "png", (255, 255, 255)),
        ("LA", (10, 0), "png", (255, 255, 255)),
        ("RGBA", (*RED, 255), "png", RED),
        ("RGBA", (*RED, 0), "png", (255, 255, 255)),
        ("RGBA", (0, 0, 0, 51), "png", (204, 204, 204)),
        ("CMYK", (0, 255, 255, 0), "tif", (255, 0, 0)),
        ("YCbCr", (255, 128, 128), "tif", (255, 255, 255)),
    ],
)
def test_every_mode_becomes_rgb_on_white(
    tmp_path: Path, mode: str, color: object, suffix: str, expected: tuple[int, int, int]
) -> None:
    solid(mode, color=color).save(tmp_path / f"a.{suffix}")
    assert np.abs(decode(tmp_path / f"a.{suffix}").astype(int) - expected).max() <= 1


def test_a_cmyk_jpeg_opens(tmp_path: Path) -> None:
    solid("CMYK", (32, 24), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    assert np.abs(decode(tmp_path / "a.jpg").astype(int) - (255, 0, 0)).max() <= 10


def test_a_transparent_colour_of_a_palette_becomes_white(tmp_path: Path) -> None:
    image = solid("P", color=0)
    image.putpalette([*RED, 0, 255, 0])
    image.putpixel((0, 0), 1)
    image.save(tmp_path / "a.png", transparency=0)
    opened = decode(tmp_path / "a.png")
    assert tuple(opened[0, 0]) == (0, 255, 0)
    assert (opened[1:] == 255).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_grey_is_stretched(tmp_path: Path, dtype: type) -> None:
    values: NDArray[Any] = np.array([[0, 1000], [2000, 4000]], dtype)
    Image.fromarray(values).save(tmp_path / "a.tif")
    opened = decode(tmp_path / "a.tif")
    assert opened[..., 0].tolist() == [[0, 64], [128, 255]]
    assert (opened[..., 0] == opened[..., 2]).all()


def test_sixteen_bit_png_opens_and_one_grey_is_no_division_by_zero(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 5), 40000, np.uint16)).save(tmp_path / "a.png")
    assert (decode(tmp_path / "a.png") == 128).all()


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [solid("RGB", color=color) for color in (RED, (0, 0, 255))]
    for suffix in ("gif", "webp", "png", "tif"):
        options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
        frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], **options)
        assert np.abs(decode(tmp_path / f"a.{suffix}").astype(int) - RED).max() <= 3, suffix


def stored(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The pixels of a file, [height, width, ...], that a viewer shows upright by its EXIF orientation."""
    turned = {
        1: lambda: upright,
        2: lambda: upright[:, ::-1],
        3: lambda: upright[::-1, ::-1],
        4: lambda: upright[::-1],
        5: lambda: upright.swapaxes(0, 1),
        6: lambda: np.rot90(upright),
        7: lambda: upright[::-1, ::-1].swapaxes(0, 1),
        8: lambda: np.rot90(upright, -1),
    }[orientation]()
    return np.ascontiguousarray(turned)


def save(path: Path, image: Image.Image, orientation: int, **options: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif, **options)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    """The white corner is where a viewer shows it."""
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = 255
    save(tmp_path / "a.jpg", Image.fromarray(stored(upright, orientation)), orientation, quality=95)
    opened = decode(tmp_path / "a.jpg")
    assert opened.shape == upright.shape
    assert np.abs(opened.astype(int) - upright).max() < 30


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("mode", ["L", "P", "I;16", "RGB", "RGBA", "CMYK"])
def test_a_tiff_of_every_mode_is_turned_as_its_exif_data_say(
    tmp_path: Path, mode: str, compression: str | None
) -> None:
    upright = np.random.default_rng(0).integers(0, 256, (16, 32, 3), np.uint8)
    for orientation in range(1, 9):
        turned = stored(upright, orientation)
        deep = turned[..., 0].astype(np.uint16) * 100
        image = Image.fromarray(deep if mode == "I;16" else turned)
        if mode in ("L", "P"):
            image = Image.fromarray(turned[..., 0])
        save(tmp_path / f"{orientation}.tif", image.convert(mode), orientation, compression=compression)
        expected = decode(tmp_path / "1.tif")
        np.testing.assert_array_equal(decode(tmp_path / f"{orientation}.tif"), expected, str(orientation))


def test_nonsense_in_exif_does_not_keep_a_photo_shut(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    solid("RGB", color=RED).save(tmp_path / "a.jpg", exif=exif)
    assert decode(tmp_path / "a.jpg").shape == (6, 8, 3)
    for suffix in ("jpg", "png", "webp"):
        solid("RGB", color=RED).save(tmp_path / f"a.{suffix}", exif=b"Exif\0\0XXnonsense")
        assert decode(tmp_path / f"a.{suffix}").shape == (6, 8, 3)


def test_a_photo_is_turned_though_other_exif_data_make_no_sense(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    said = exif.tobytes().replace(b"\x01\x0f\x00\x02", b"\x01\x00\x00\x02")  # a width that is a text
    assert said != exif.tobytes()
    solid("RGB", color=RED).save(tmp_path / "a.jpg", exif=said)
    with Image.open(tmp_path / "a.jpg") as image, pytest.raises(struct.error):
        ImageOps.exif_transpose(image)
    assert decode(tmp_path / "a.jpg").shape == (8, 6, 3)


def test_too_little_memory_to_turn_a_photo_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise MemoryError

    write_photo(tmp_path / "a.jpg")
    monkeypatch.setattr(ImageOps, "exif_transpose", fail)
    with pytest.raises(PhotoError, match="not enough memory"):
        decode(tmp_path / "a.jpg")


def test_a_side_too_long_to_be_shown_says_so(tmp_path: Path) -> None:
    solid("L", (65_501, 1)).save(tmp_path / "a.png")
    with pytest.raises(PhotoError, match=r"65501 x 1 is longer than 65500"):
        decode(tmp_path / "a.png")


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (1, 65_500)])
def test_odd_sizes_open(tmp_path: Path, size: tuple[int, int]) -> None:
    solid("RGB", size, RED).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png").shape == (size[1], size[0], 3)


def test_a_text_named_jpg_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("dear diary")
    with pytest.raises(PhotoError, match=r"a\.jpg: this is not a photo"):
        decode(tmp_path / "a.jpg")


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(PhotoError, match=r"a\.jpg: the file is empty"):
        decode(tmp_path / "a.jpg")


def test_formats_that_start_programs_are_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(PhotoError, match="not a photo"):
        decode(tmp_path / "a.jpg")


def opened(path: Path) -> tuple[int, ...] | str:
    """The shape of the photo, or how the sentence begins that says why it stays shut."""
    try:
        return decode(path).shape
    except PhotoError as error:
        return str(error)[: len(path.name) + 2]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp", "gif", "avif"])
@pytest.mark.parametrize("percent", range(5, 100, 10))
def test_a_truncated_file_says_so_or_opens_whole(tmp_path: Path, suffix: str, percent: int) -> None:
    whole = write_photo(tmp_path / f"whole.{suffix}").read_bytes()
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(whole[: len(whole) * percent // 100])
    assert opened(path) in ((80, 96, 3), f"a.{suffix}: ")


def test_a_truncated_jpeg_is_named_as_such(tmp_path: Path) -> None:
    whole = write_photo(tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PhotoError, match=r"a\.jpg: the file is damaged, it ends too early"):
        decode(tmp_path / "a.jpg")


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bits_never_crash(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    suffix = ("jpg", "png", "tif")[seed % 3]
    data = np.frombuffer(write_photo(tmp_path / f"a.{suffix}").read_bytes(), np.uint8).copy()
    data[rng.integers(0, len(data), 20)] ^= rng.integers(1, 255, 20, np.uint8)
    (tmp_path / f"a.{suffix}").write_bytes(data.tobytes())
    outcome = opened(tmp_path / f"a.{suffix}")
    assert len(outcome) == 3 or outcome == f"a.{suffix}: "


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises more than there is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(20_000, 15_000), (40_000, 40_000)])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "a.png").write_bytes(bomb(width, height))
    with pytest.raises(PhotoError, match=r"a\.png: .* more than the 200 million .*--max-megapixels"):
        decode(tmp_path / "a.png")


def test_the_bound_can_be_lowered_and_raised(tmp_path: Path) -> None:
    solid("RGB", (30, 10), RED).save(tmp_path / "a.png")
    with pytest.raises(PhotoError, match="30 x 10 pixels"):
        decode(tmp_path / "a.png", max_pixels=299)
    assert decode(tmp_path / "a.png", max_pixels=300).shape == (10, 30, 3)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no longer there"):
        decode(tmp_path / "a.png")


def test_scan_finds_photos_by_extension_and_skips_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.JPG", "a/c.png", "a.txt", ".x.png", ".fullcanvas/d.png", "a/.h/e.png", "z/y/x.webp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert scan(tmp_path).paths == ("a/c.png", "b.JPG", "z/y/x.webp")


def test_scan_of_nothing_is_empty(tmp_path: Path) -> None:
    assert scan(tmp_path).paths == ()


def test_scan_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no such folder"):
        scan(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(PhotoError, match="not a folder"):
        scan(tmp_path / "file")


def test_a_folder_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(PhotoError, match=r"cannot be read \(Permission denied\)"):
        scan(tmp_path)


def test_a_link_out_of_the_folder_is_skipped_and_refused(tmp_path: Path) -> None:
    write_photo(tmp_path / "secret.png")
    folder = tmp_path / "photos"
    write_photo(folder / "a.png")
    (folder / "inside.png").symlink_to("a.png")
    (folder / "out.png").symlink_to("../secret.png")
    (folder / "away").symlink_to(tmp_path)
    found = scan(folder)
    assert found.paths == ("a.png", "inside.png")
    assert found.skipped == ("out.png",)
    with pytest.raises(PhotoError, match="leads out"):
        confine(folder, "out.png")


def test_the_neighbour_whose_name_begins_the_same_is_outside(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos-private" / "a.png")
    (tmp_path / "photos").mkdir()
    with pytest.raises(PhotoError, match="leads out"):
        confine(tmp_path / "photos", "../photos-private/a.png")


@pytest.mark.parametrize(
    "path", ["../x.png", "/etc/passwd", "a\0.png", "x" * 5000, "..\\x.png", "%2e%2e/x.png"]
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, path: str) -> None:
    write_photo(tmp_path / "x.png")
    (tmp_path / "photos").mkdir()
    with pytest.raises(PhotoError):
        confine(tmp_path / "photos", path)


def test_names_that_are_not_text_are_skipped(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.png")).touch()
    assert scan(tmp_path).paths == ()
    assert scan(tmp_path).skipped == ("\\udcff.png",)


def test_names_that_mean_other_things_elsewhere_are_skipped(tmp_path: Path) -> None:
    """A backslash parts folders on Windows, and an escape moves the cursor of a terminal."""
    for name in ("x\\..\\a.png", "a\nb.png", "\x1b[2J.png", "a\x7f.png", "Bild 3\u202fPM\u3000ü.png"):
        (tmp_path / name).touch()
    found = scan(tmp_path)
    assert found.paths == ("Bild 3\u202fPM\u3000ü.png",)
    assert len(found.skipped) == 4
    assert all(name.isprintable() for name in found.skipped)


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert content_hash(tmp_path / "a").startswith("ba7816bf")
    with pytest.raises(PhotoError, match="cannot be read"):
        content_hash(tmp_path / "none")
