"""Reading label PNGs: values of every depth become regions, but for void."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.annotation import Mask
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.read_label_png import read_label_png
from fullcanvas.formats.records import Category
from tests.formats.test_imports import label_map


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_values_become_regions_of_any_number_of_parts(tmp_path: Path, mode: str) -> None:
    values = np.array([[1, 0, 1], [2, 255, 0]], np.uint16 if mode == "I;16" else np.uint8)
    picture = Image.fromarray(values)
    if mode == "P":
        picture.putpalette([0] * 768)
    (tmp_path / "b").mkdir()
    picture.save(tmp_path / "b" / "a.png")
    imported = read_label_png(tmp_path, [Category(1, "sky", False), Category(2, "cat", True)]).photos[
        "b/a.png"
    ](Frame(3, 2))
    assert [region.label for region in imported.regions] == ["sky", "cat"]
    assert label_map(imported, 3, 2).tolist() == [[1, 0, 1], [2, 0, 0]]


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_without_classes_255_is_void_where_no_value_is_greater(tmp_path: Path, mode: str) -> None:
    values = np.array([[1, 0, 1], [2, 255, 0]], np.uint16 if mode == "I;16" else np.uint8)
    picture = Image.fromarray(values)
    if mode == "P":
        picture.putpalette([0] * 768)
    picture.save(tmp_path / "a.png")
    imported = read_label_png(tmp_path).photos["a.png"](Frame(3, 2))
    if mode == "I;16":
        assert (len(imported.regions), imported.notes) == (3, ())
    else:
        said = "the value 255 was taken for void; where it is a class, name it with --labels"
        assert label_map(imported, 3, 2).tolist() == [[1, 0, 1], [2, 0, 0]]
        assert imported.notes == (said,)
    assert {region.label for region in imported.regions} == {None}


def test_a_mask_of_one_bit_is_a_label_map_too(tmp_path: Path) -> None:
    pixels = np.array([[1, 0, 1], [0, 1, 0]], np.bool_)
    Image.fromarray(pixels).save(tmp_path / "a.png", bits=1)
    (region,) = read_label_png(tmp_path, [Category(1, "cat", True)]).photos["a.png"](Frame(3, 2)).regions
    assert region.label == "cat"
    np.testing.assert_array_equal(region.mask.pixels, pixels)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_values_of_any_depth_are_taken_as_they_are_written(tmp_path: Path, bits: int) -> None:
    values = np.arange(min(2**bits, 12)).reshape(2, -1)
    (tmp_path / "a.png").write_bytes(grey_png(values, bits))
    classes = [Category(number, str(number), True) for number in range(1, 300)]
    imported = read_label_png(tmp_path, classes).photos["a.png"](Frame(values.shape[1], 2))
    assert [region.label for region in imported.regions] == [str(value) for value in range(1, values.size)]


def grey_png(values: NDArray[Any], bits: int) -> bytes:
    """A PNG of grey values of so many bits, as other programs write it; Pillow writes no such."""
    height, width = values.shape
    digits = (values[..., None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8).reshape(height, -1)
    rows = np.pad(np.packbits(digits, axis=1), ((0, 0), (1, 0)))  # each begins with its filter, none
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def test_label_pngs_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match="holds no PNG"):
        read_label_png(tmp_path)
    Image.new("RGB", (3, 2)).save(tmp_path / "a.png")
    Image.new("L", (3, 2), 9).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"no")
    photos = read_label_png(tmp_path, [Category(1, "sky", False)]).photos
    for name, message in {
        "a.png": r"a.png: is a PNG of mode RGB",
        "b.png": r"b.png: holds the values \[9\], which are no class's number",
        "c.png": r"c.png: cannot be read as PNG",
    }.items():
        with pytest.raises(ImportFormatError, match=message):
            photos[name](Frame(3, 2))


def test_values_of_no_class_keep_no_other_out(tmp_path: Path) -> None:
    Image.fromarray(np.array([[1, 1, 9], [8, 9, 9]], np.uint8)).save(tmp_path / "a.png")
    imported = read_label_png(tmp_path, [Category(1, "sky", False)]).photos["a.png"](Frame(3, 2))
    assert [region.label for region in imported.regions] == ["sky"]
    assert imported.notes == ("4 pixels were left out, whose values are no class's number: 8, 9",)


def test_thousands_of_regions_are_one_pass_and_more_are_refused(tmp_path: Path) -> None:
    values = np.arange(110 * 100).reshape(110, 100)
    Image.fromarray(values.astype(np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(ImportFormatError, match=r"a\.png: has 10999 regions; up to 10000 are imported"):
        read_label_png(tmp_path).photos["a.png"](Frame(100, 110))
    Image.fromarray(np.maximum(values - 1000, 0).astype(np.uint16)).save(tmp_path / "a.png")
    imported = read_label_png(tmp_path).photos["a.png"](Frame(100, 110))
    assert len(imported.regions) == 9999
    assert imported.regions[3000].mask == Mask.of(values == 4001)
