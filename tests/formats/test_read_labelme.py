"""Importing labelme's files."""

from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import ImportedPhoto
from fullcanvas.formats.read_labelme import read_labelme

WIDTH, HEIGHT = 20, 16
SQUARE = [[2, 3], [8, 3], [8, 9], [2, 9]]


def shape(kind: str = "polygon", points: Any = SQUARE, label: Any = "cat", **fields: Any) -> dict[str, Any]:
    """A shape with the fields that labelme 6 writes."""
    written: dict[str, Any] = {"group_id": None, "flags": {}, "description": "", "mask": None}
    return {"label": label, "points": points, "shape_type": kind, **written, **fields}


def labelme(file: Path, *shapes: Any, **fields: Any) -> Path:
    """A file as labelme 6 writes it beside a photo `a.jpg`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    size = {"imageHeight": HEIGHT, "imageWidth": WIDTH}
    photo = {"imagePath": "a.jpg", "imageData": "no photo", **size}
    file.write_text(json.dumps({"version": "6.3.1", "flags": {}, "shapes": shapes, **photo, **fields}))
    return file


def read(*shapes: Any, folder: Path, **fields: Any) -> ImportedPhoto:
    file = labelme(folder / "a.json", *shapes, **fields)
    return read_labelme(file).photos["a.jpg"](Frame(WIDTH, HEIGHT))


def png(pixels: NDArray[Any]) -> str:
    content = BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return b64encode(content.getvalue()).decode()


def area(left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    """bool [H, W], true from left to right and top to bottom, all included."""
    pixels = np.zeros((HEIGHT, WIDTH), np.bool_)
    pixels[top : bottom + 1, left : right + 1] = True
    return pixels


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("polygon", SQUARE),
        ("oriented_rectangle", SQUARE),
        ("rectangle", [[2, 3], [8, 9]]),
        ("rectangle", [[8, 3], [2, 9]]),
        (None, SQUARE),
    ],
)
def test_a_shape_is_filled_with_its_border(kind: Any, points: Any, tmp_path: Path) -> None:
    (region,) = read(shape(kind, points), folder=tmp_path).regions
    assert region.label == "cat"
    np.testing.assert_array_equal(region.mask.pixels, area(2, 3, 8, 9))


def test_a_circle_is_its_centre_and_a_point_of_its_rim(tmp_path: Path) -> None:
    (region,) = read(shape("circle", [[10, 8], [10, 12]]), folder=tmp_path).regions
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot(xs - 10, ys - 8)
    assert region.mask.pixels[away <= 4].all()
    assert not region.mask.pixels[away > 4.6].any()


@pytest.mark.parametrize("corner", [(3, 4), (-2, -1), (17, 14), (0, 0)])
@pytest.mark.parametrize("depth", [np.uint8, np.bool_])
def test_a_mask_lies_in_its_box_as_far_as_that_lies_in_the_photo(
    corner: tuple[int, int], depth: type, tmp_path: Path
) -> None:
    inside = np.random.default_rng(0).random((5, 6)) < 0.6
    left, top = corner
    box = [[left, top], [left + 5, top + 4]]
    (region,) = read(shape("mask", box, mask=png(inside.astype(depth))), folder=tmp_path).regions
    expected = np.zeros((HEIGHT + 20, WIDTH + 20), np.bool_)
    expected[10 + top : 15 + top, 10 + left : 16 + left] = inside
    np.testing.assert_array_equal(region.mask.pixels, expected[10:-10, 10:-10])


def test_the_later_of_two_is_on_top_and_it_is_said(tmp_path: Path) -> None:
    small, large = shape("rectangle", [[4, 4], [5, 5]]), shape("rectangle", [[5, 0], [9, 9]], "dog")
    imported = read(small, large, folder=tmp_path)
    assert [(region.label, region.mask.pixels.sum()) for region in imported.regions] == [
        ("cat", 2),
        ("dog", 50),
    ]
    assert imported.notes == ("2 pixels in several instances went to the later ones",)
    hidden = read(shape("rectangle", [[6, 6], [7, 7]]), large, folder=tmp_path)
    assert [region.label for region in hidden.regions] == ["dog"]
    assert hidden.notes[1] == "1 of 2 left out, covered by others: shape 1"


def test_shapes_of_one_group_and_label_are_one_region(tmp_path: Path) -> None:
    imported = read(
        shape("rectangle", [[0, 0], [1, 1]], group_id=1),
        shape("rectangle", [[3, 0], [4, 1]], group_id=2),
        shape("rectangle", [[6, 0], [7, 1]], "dog", group_id=1),
        shape("rectangle", [[9, 0], [10, 1]], group_id=1),
        shape("rectangle", [[12, 0], [13, 1]]),
        folder=tmp_path,
    )
    expected = [area(0, 0, 1, 1) | area(9, 0, 10, 1), *(area(x, 0, x + 1, 1) for x in (3, 6, 12))]
    assert [region.label for region in imported.regions] == ["cat", "cat", "dog", "cat"]
    np.testing.assert_array_equal([region.mask.pixels for region in imported.regions], expected)


def test_what_encloses_nothing_is_left_out_and_counted(tmp_path: Path) -> None:
    thin = [shape(kind, SQUARE, "nose") for kind in ("point", "points", "line", "linestrip")]
    imported = read(*thin, shape(), folder=tmp_path)
    assert [region.label for region in imported.regions] == ["cat"]
    assert imported.notes == ("points and lines are no regions and were left out: 4",)
    assert [item.name for item in read_labelme(tmp_path).categories] == ["cat"]
    assert read(*thin, folder=tmp_path).regions == ()


def test_labels_become_classes_of_things(tmp_path: Path) -> None:
    labelme(tmp_path / "a.json", shape(label="dog"), shape(label=" cat "), shape(label=5), shape(label=""))
    labelme(tmp_path / "b.json", shape(label="elk"), imagePath="b.jpg")
    classes = [(item.id, item.name, item.isthing) for item in read_labelme(tmp_path).categories]
    assert classes == [(1, "cat", True), (2, "dog", True), (3, "elk", True)]


BOX = [[0, 0], [3, 2]]
BAD: dict[str, tuple[Any, str]] = {
    "no label": (shape(label=None), "its label is missing"),
    "an odd label": (shape(label="a\x1bb"), "its label holds a control character"),
    "another kind": (shape("spline"), "is of an unknown kind: 'spline'"),
    "no points": (shape(points=None), r"its points are \[\[x, y\], ...\], and at least 3"),
    "two points": (shape(points=SQUARE[:2]), "at least 3"),
    "flat points": (shape(points=[1, 2, 3, 4, 5, 6]), "at least 3"),
    "words": (shape(points=[["a", 1], [2, 3], [4, 5]]), "at least 3"),
    "huge numbers": (shape(points=[[10**400, 1], [2, 3], [4, 5]]), "at least 3"),
    "far out": (shape(points=[[1e9, 1], [2, 3], [4, 5]]), "goes far out"),
    "not a number": (shape("circle", [[float("nan"), 1], [2, 3]]), "goes far out"),
    "outside": (shape("rectangle", [[-9, -9], [-2, -2]]), "has no pixel in the photo"),
    "an odd group": (shape(group_id="x"), "its group_id is a whole number"),
    "no mask": (shape("mask", BOX), "its mask is missing"),
    "no picture": (shape("mask", BOX, mask="aaaa"), "its mask is no PNG in base64"),
    "no base64": (shape("mask", BOX, mask="a"), "its mask is no PNG in base64"),
    "another size": (shape("mask", BOX, mask=png(np.ones((3, 3), np.bool_))), "3 x 3 pixels, its box 4 x 3"),
    "a large mask": (
        shape("mask", BOX, mask=png(np.ones((99, 99), np.bool_))),
        "or a damaged or far too large one",
    ),
    "nothing": (shape("mask", BOX, mask=png(np.zeros((3, 4), np.bool_))), "has no pixel in the photo"),
}


@pytest.mark.parametrize(("bad", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_shape_is_named_and_keeps_no_other_out(bad: Any, message: str, tmp_path: Path) -> None:
    imported = read(shape(), bad, folder=tmp_path)
    assert [region.label for region in imported.regions] == ["cat"]
    (note,) = imported.notes
    assert note.startswith("1 of 2 left out: shape 2: ")
    with pytest.raises(ImportFormatError, match=rf"a\.json: nothing in it can be used: shape 1: .*{message}"):
        read(bad, folder=tmp_path)


def test_shapes_lie_over_the_upright_photo(tmp_path: Path) -> None:
    file = labelme(tmp_path / "a.json", shape(), imageWidth=HEIGHT, imageHeight=WIDTH)
    reader = read_labelme(file).photos["a.jpg"]
    with pytest.raises(ImportFormatError, match="has 16 x 20 pixels, the upright photo 20 x 16"):
        reader(Frame(WIDTH, HEIGHT, orientation=6))
    assert read(shape(), folder=tmp_path, imageWidth=None, imageHeight=None).regions


@pytest.mark.parametrize(
    ("file", "image", "photo"),
    [
        ("a.json", "a.jpg", "a.jpg"),
        ("x/a.json", "b.jpg", "x/b.jpg"),
        ("labels/a.json", "..\\photos\\b.jpg", "photos/b.jpg"),
        ("labels/a.json", "../../photos/b.jpg", "labels/a.json"),
        ("a.json", "/etc/passwd", "a.json"),
        ("a.json", "C:\\photos\\b.jpg", "a.json"),
        ("a.json", "..", "a.json"),
        ("a.json", "", "a.json"),
        ("a.json", None, "a.json"),
        ("a.json", 7, "a.json"),
    ],
)
def test_the_photo_is_the_one_that_is_named_or_else_the_one_beside(
    file: str, image: Any, photo: str, tmp_path: Path
) -> None:
    labelme(tmp_path / file, shape(), imagePath=image)
    assert list(read_labelme(tmp_path).photos) == [photo]


def test_two_files_of_one_photo_are_told_apart(tmp_path: Path) -> None:
    labelme(tmp_path / "a.json", shape())
    labelme(tmp_path / "b.json", shape())
    assert list(read_labelme(tmp_path).photos) == ["a.jpg", "b.json"]


def test_a_file_that_cannot_be_read_keeps_no_other_out(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(ImportFormatError, match=r"b\.json: is not json"):
        read_labelme(tmp_path)
    labelme(tmp_path / "a.json", shape())
    labelme(tmp_path / "c.json", 5)
    photos = read_labelme(tmp_path).photos
    assert photos["a.jpg"](Frame(WIDTH, HEIGHT)).regions
    for name, message in {"b.json": r"b\.json: is not json", "c.json": r"c\.json: shapes holds 5"}.items():
        with pytest.raises(ImportFormatError, match=message):
            photos[name](Frame(WIDTH, HEIGHT))
