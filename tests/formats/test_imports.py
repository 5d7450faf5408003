"""Reading existing work: COCO panoptic and COCO instances; held against code that is not ours."""

from __future__ import annotations

import json
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hotcoco import mask as coco_mask
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.annotation import Annotation
from fullcanvas.annotation.mask import compress
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import ImportedPhoto, from_labels
from fullcanvas.formats.outlines import draw_polygon
from fullcanvas.formats.read_coco_instances import read_coco_instances
from fullcanvas.formats.read_coco_panoptic import read_coco_panoptic
from fullcanvas.formats.sinks import FolderSink
from fullcanvas.formats.write import NAMES, write_export
from tests.formats.test_coco_panoptic import CATEGORIES, LABELS, MAP, photo

CORNERS = st.lists(st.tuples(st.floats(-4, 24), st.floats(-4, 20)), min_size=3, max_size=8)


def label_map(imported: ImportedPhoto, width: int, height: int) -> NDArray[np.int32]:
    """The regions as a map, numbered from 1; every pixel in at most one of them."""
    labels = np.zeros((height, width), np.int32)
    for number, region in enumerate(imported.regions, 1):
        assert not labels[region.mask.pixels].any()
        labels[region.mask.pixels] = number
    return labels


def write(folder: Path, data: Any, name: str = "panoptic.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(data if isinstance(data, str) else json.dumps(data))
    return folder / name


# COCO panoptic


@pytest.fixture
def panoptic(tmp_path: Path) -> Path:
    with FolderSink(tmp_path / "panoptic", NAMES) as sink:
        list(write_export([photo()], lambda: CATEGORIES, sink))
    return tmp_path / "panoptic"


def test_an_export_comes_back(panoptic: Path) -> None:
    source = read_coco_panoptic(panoptic)
    assert [(item.id, item.name, item.isthing) for item in source.categories] == [
        (17, "cat", True), (3, "sky", False), (4, "sea", False),
    ]  # fmt: skip
    imported = source.photos["a.jpg"](Frame(5, 3))
    found = {
        frozenset(zip(*(part.tolist() for part in np.nonzero(region.mask.pixels)), strict=True)): region.label
        for region in imported.regions
    }
    whole = np.where(MAP == 4, 1, MAP)  # stuff of one class became one segment
    expected = {
        frozenset(zip(*(part.tolist() for part in np.nonzero(whole == id_)), strict=True)): LABELS[id_]
        for id_ in set(whole.ravel().tolist()) - {0}
    }
    assert found == expected


def test_maps_are_found_by_what_windows_calls_them(panoptic: Path) -> None:
    (panoptic / "panoptic" / "b").mkdir()
    (panoptic / "panoptic" / "a.png").rename(panoptic / "panoptic" / "b" / "a.png")
    data = json.loads((panoptic / "panoptic.json").read_text())
    data["annotations"][0]["file_name"] = "b\\a.png"
    write(panoptic, data)
    assert len(read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3)).regions) == 6


def test_whole_numbers_may_be_written_as_floats(panoptic: Path) -> None:
    """As programs do that keep ids in arrays of numbers."""

    def floats(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: floats(item) for name, item in value.items()}
        if isinstance(value, list):
            return [floats(item) for item in value]
        return float(value) if type(value) is int else value

    before = read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3))
    data = json.loads((panoptic / "panoptic.json").read_text())
    data = {**data, "images": floats(data["images"]), "annotations": floats(data["annotations"])}
    write(panoptic, data)
    assert read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3)) == before


def change(folder: Path, **changes: Any) -> Path:
    file = folder / "panoptic.json"
    write(folder, {**json.loads(file.read_text()), **changes})
    return folder


def test_crowds_are_left_out_and_said_so(panoptic: Path) -> None:
    data = json.loads((panoptic / "panoptic.json").read_text())
    data["annotations"][0]["segments_info"][0]["iscrowd"] = 1
    write(panoptic, data)
    imported = read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3))
    assert imported.notes == ("crowds are no regions and were left out: 1",)
    assert len(imported.regions) == 5


def test_segments_without_a_pixel_are_left_out_and_said_so(panoptic: Path) -> None:
    data = json.loads((panoptic / "panoptic.json").read_text())
    segment = data["annotations"][0]["segments_info"][0]
    data["annotations"][0]["segments_info"] += [{**segment, "id": id_} for id_ in (900, 1 << 24)]
    write(panoptic, data)
    imported = read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3))
    assert imported.notes == ("segments without a pixel in the map were left out: 2",)
    assert len(imported.regions) == 6


def test_downloads_of_coco_are_found(panoptic: Path, tmp_path: Path) -> None:
    root = tmp_path / "coco"
    write(root / "annotations", (panoptic / "panoptic.json").read_text(), "panoptic_val.json")
    (panoptic / "panoptic").rename(root / "panoptic_val")
    assert len(read_coco_panoptic(root).photos["a.jpg"](Frame(5, 3)).regions) == 6


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "an unlisted image": (
        {"images": []},
        r"panoptic.json: the annotation a.png: is of image 1, which",
    ),
    "no images": ({"images": 5}, "panoptic.json: has no list of images"),
    "a category without id": (
        {"categories": [{}]},
        "category None: its id is a whole number of 0 or more, not None",
    ),
    "images that are none": ({"images": [5]}, "panoptic.json: images holds 5, which is not an object"),
    "a category of no kind": (
        {"categories": [{"id": 1, "name": "cat"}]},
        "category 1: its isthing is 1 or 0, not None",
    ),
    "a category without name": ({"categories": [{"id": 1}]}, "category 1: its name is missing"),
}


@pytest.mark.parametrize(("changes", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_json_is_named(panoptic: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ImportFormatError, match=message):
        read_coco_panoptic(change(panoptic, **changes))


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "panoptic.json: is not json"), ("[]", "panoptic.json: holds no object")],
)
def test_what_is_no_json_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "panoptic").mkdir()
    with pytest.raises(ImportFormatError, match=message):
        read_coco_panoptic(write(tmp_path, content))


def test_segments_that_do_not_fit_are_named(panoptic: Path) -> None:
    data = json.loads((panoptic / "panoptic.json").read_text())
    listed = data["annotations"][0]["segments_info"]
    listed[0]["category_id"] = 99
    write(panoptic, data)
    imported = read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3))
    (note,) = imported.notes
    assert note.startswith("1 of 6 left out: ")
    assert note.endswith("panoptic.json: the annotation a.png: segment 1: has the unknown category 99")
    assert len(imported.regions) == 5
    del listed[0]
    write(panoptic, data)
    imported = read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3))
    pixels = int(np.isin(MAP, (1, 4)).sum())
    assert imported.notes == (f"{pixels} pixels were left out, whose values the json does not list: 1",)
    assert len(imported.regions) == 5
    listed[:] = [{**listed[0], "id": 900}]
    write(panoptic, data)
    with pytest.raises(ImportFormatError, match=r"a.png: holds the segments \[1, .*which the json does not"):
        read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3))


def test_maps_that_cannot_be_read_are_named(panoptic: Path) -> None:
    read = partial(read_coco_panoptic(panoptic).photos["a.jpg"], Frame(5, 3))
    file = panoptic / "panoptic" / "a.png"
    Image.new("L", (5, 3)).save(file)
    with pytest.raises(ImportFormatError, match=r"a.png: is a PNG of mode L"):
        read()
    file.write_bytes(b"no")
    with pytest.raises(ImportFormatError, match=r"a.png: cannot be read as PNG"):
        read()


@pytest.mark.parametrize("name", ["../a.png", "x/../../a.png", "/etc/a.png", "x\\..\\..\\a.png", "C:a.png"])
def test_maps_outside_of_their_folder_are_refused(panoptic: Path, name: str) -> None:
    data = json.loads((panoptic / "panoptic.json").read_text())
    data["annotations"][0]["file_name"] = name
    write(panoptic, data)
    with pytest.raises(ImportFormatError, match="leads out of"):
        read_coco_panoptic(panoptic)


@pytest.mark.parametrize("name", ["a\x00.png", "a" * 5000, "\x1b[31m", "\ud800", "panoptic"])
def test_names_that_no_map_can_have_are_refused(panoptic: Path, name: str) -> None:
    data = json.loads((panoptic / "panoptic.json").read_text())
    data["annotations"][0]["file_name"] = name
    write(panoptic, data)
    with pytest.raises(ImportFormatError, match=r"control character|no such file|too long") as refused:
        read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3))
    assert str(refused.value).isprintable()


def test_a_map_that_never_ends_is_no_file(panoptic: Path) -> None:
    file = panoptic / "panoptic" / "a.png"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ImportFormatError, match=r"a\.png: there is no such file"):
        read_coco_panoptic(panoptic).photos["a.jpg"](Frame(5, 3))


@pytest.mark.parametrize("name", ["images", "annotations", "categories"])
def test_what_is_listed_twice_is_named(panoptic: Path, name: str) -> None:
    data = json.loads((panoptic / "panoptic.json").read_text())
    with pytest.raises(ImportFormatError, match=r"twice|is the second one of a\.jpg"):
        read_coco_panoptic(change(panoptic, **{name: data[name][:1] * 2}))


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    data = json.loads(instances(tmp_path).read_text())
    data["images"] *= 2
    data["images"][1] = {**data["images"][0], "id": 8}
    with pytest.raises(ImportFormatError, match=r"image 8: is the second one that is called a\.jpg"):
        read_coco_instances(write(tmp_path, data, "instances.json"))


def test_missing_and_ambiguous_places_are_named(panoptic: Path, tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match="no COCO panoptic data set here; looked for"):
        read_coco_panoptic(tmp_path)
    file = write(tmp_path / "far" / "alone", (panoptic / "panoptic.json").read_text())
    with pytest.raises(ImportFormatError, match="the folder of its maps is missing"):
        read_coco_panoptic(file)
    for name in ("panoptic_a.json", "panoptic_b.json"):
        write(tmp_path / "two", "{}", name)
    with pytest.raises(ImportFormatError, match="more than one COCO panoptic data set"):
        read_coco_panoptic(tmp_path / "two")
    (tmp_path / "far" / "instances.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ImportFormatError, match=r"instances.json: cannot be read \(No such file"):
        read_coco_instances(tmp_path / "far")


# COCO instances


@given(CORNERS)
def test_polygons_are_drawn_as_coco_draws_them(corners: list[tuple[float, float]]) -> None:
    flat = [value for corner in corners for value in corner]
    (run,) = coco_mask.frPyObjects([flat], 16, 20)
    expected = np.asarray(coco_mask.decode(run)).reshape(16, 20) > 0
    np.testing.assert_array_equal(draw_polygon(np.array(corners), 20, 16), expected)


def instances(folder: Path, *annotations: dict[str, Any], **image: Any) -> Path:
    image = {"id": 7, "file_name": "a.jpg", "width": 20, "height": 16, **image}
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    listed = [{"id": 5, "image_id": 7, "category_id": 1, **item} for item in annotations]
    return write(
        folder, {"images": [image], "annotations": listed, "categories": categories}, "instances.json"
    )


def square(x0: int, y0: int, x1: int, y1: int) -> list[int]:
    return [x0, y0, x1, y0, x1, y1, x0, y1]


def test_overlaps_go_to_the_smaller_instance_and_are_reported(tmp_path: Path) -> None:
    file = instances(
        tmp_path,
        {"segmentation": [square(8, 8, 12, 12)], "category_id": 2},
        {"segmentation": [square(0, 0, 20, 16)]},
        {"segmentation": [square(0, 0, 2, 2), square(4, 0, 6, 2)]},
        {"segmentation": {"size": [16, 20], "counts": [0, 320]}, "iscrowd": 1},
    )
    imported = read_coco_instances(file).photos["a.jpg"](Frame(20, 16))
    labels = label_map(imported, 20, 16)
    assert [region.label for region in imported.regions] == ["dog", "cat", "cat"]
    assert [int((labels == number).sum()) for number in (1, 2, 3)] == [16, 296, 8]
    assert imported.notes == (
        "24 pixels in several instances went to the smaller ones",
        "crowds are no regions and were left out: 1",
    )


@given(st.integers(0, 999), st.booleans())
def test_run_lengths_of_either_kind_are_read_exactly(seed: int, compressed: bool) -> None:
    from tempfile import TemporaryDirectory

    pixels = np.random.default_rng(seed).random((16, 20)) < 0.4
    runs: dict[str, Any] = dict(coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8))))
    counts = runs["counts"]
    text = counts.decode() if isinstance(counts, bytes) else counts
    flat = pixels.T.ravel()
    edges = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), flat.size]
    plain = ([0] if flat[0] else []) + np.diff(edges).tolist()
    with TemporaryDirectory() as folder:
        runs = {"size": [16, 20], "counts": text if compressed else plain}
        source = read_coco_instances(instances(Path(folder), {"segmentation": runs}))
        imported = source.photos["a.jpg"](Frame(20, 16))
    np.testing.assert_array_equal(imported.regions[0].mask.pixels, pixels)
    assert imported.regions[0].mask.counts == text


def test_an_image_of_another_size_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    file = instances(tmp_path, {"segmentation": [square(0, 0, 3, 3)]}, width=10**9, height=10**9)
    with pytest.raises(ImportFormatError, match="image 7: what was to be imported has 1000000000 x 10000"):
        read_coco_instances(file).photos["a.jpg"](Frame(20, 16))


NOTHING: list[Any] = [
    [square(9, 9, 9, 9)],
    [square(-9, -9, -2, -2)],
    {"size": [16, 20], "counts": [320]},
    {"size": [16, 20], "counts": [320, 0]},
    {"size": [16, 20], "counts": compress(np.array([320]))},
]
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing drawn": ({}, "has no polygons and no run lengths"),
    "two corners": ({"segmentation": [[1, 2, 3, 4]]}, "of at least 3 corners"),
    "odd numbers": ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "of at least 3 corners"),
    "text": ({"segmentation": [["a", 2, 3, 4, 5, 6]]}, "of at least 3 corners"),
    "another size": ({"segmentation": {"size": [20, 16], "counts": [0, 320]}}, r"are of \[20, 16\]"),
    "halves": ({"segmentation": {"size": [16, 20], "counts": [0.5]}}, "run lengths are whole numbers"),
    "none and too few": ({"segmentation": {"size": [16, 20], "counts": [319]}}, "do not fill 20 x 16 pixels"),
    "too few": ({"segmentation": {"size": [16, 20], "counts": [0, 5]}}, "do not fill 20 x 16 pixels"),
    "not compressed": ({"segmentation": {"size": [16, 20], "counts": "\x00"}}, "not in COCO's compressed"),
    "a lone surrogate": (
        {"segmentation": {"size": [16, 20], "counts": "\ud800"}},
        "not in COCO's compressed",
    ),
    "runs past 64 bits": (
        {"segmentation": {"size": [16, 20], "counts": compress(np.array([2**57] * 128 + [320]))}},
        "do not fill 20 x 16 pixels",
    ),
    "numbers past floats": ({"segmentation": [[10**400, 2, 3, 4, 5, 6]]}, "of at least 3 corners"),
    "not a number": ({"segmentation": [[float("nan"), 2, 3, 4, 5, 6]]}, "a polygon goes far out"),
    "far out": ({"segmentation": [[41, 2, 3, 4, 5, 6]]}, "a polygon goes far out"),
    "round and round": ({"segmentation": [square(0, 0, 20, 16) * 45]}, "longer than any outline"),
    **{
        f"no pixel, {number}": ({"segmentation": nothing}, "has no pixel in the photo")
        for number, nothing in enumerate(NOTHING)
    },
    "a crowd or not": ({"iscrowd": "no"}, "its iscrowd is 1 or 0"),
    "no category": ({"segmentation": [square(0, 0, 3, 3)], "category_id": 9}, "the unknown category 9"),
}


@pytest.mark.parametrize(("item", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_instance_is_named_and_keeps_no_other_out(
    tmp_path: Path, item: dict[str, Any], message: str
) -> None:
    source = read_coco_instances(instances(tmp_path, item))
    with pytest.raises(ImportFormatError, match=r"instances.json: image 7: .*: annotation 5: .*" + message):
        source.photos["a.jpg"](Frame(20, 16))
    source = read_coco_instances(instances(tmp_path, item, {"segmentation": [square(0, 0, 3, 3)], "id": 6}))
    imported = source.photos["a.jpg"](Frame(20, 16))
    (region,) = imported.regions
    assert (region.label, region.mask.pixels.sum()) == ("cat", 9)
    (note,) = imported.notes
    assert re.fullmatch(f"1 of 2 left out: annotation 5: .*{message}.*", note)


def test_many_bad_instances_are_counted_and_the_first_ones_named(tmp_path: Path) -> None:
    bad = [{"id": id_, "segmentation": []} for id_ in range(10, 17)]
    source = read_coco_instances(instances(tmp_path, *bad, {"segmentation": [square(0, 0, 3, 3)]}))
    (note,) = source.photos["a.jpg"](Frame(20, 16)).notes
    assert note.startswith("7 of 8 left out: annotation 10: has no polygons and no ")
    assert "; annotation 14: has no" in note
    assert note.endswith("; …")


def test_an_instance_keeps_those_of_its_polygons_that_can_be_used(tmp_path: Path) -> None:
    file = instances(tmp_path, {"segmentation": [[1, 2, 3, 4], square(0, 0, 3, 3), square(5, 5, 7, 7)]})
    imported = read_coco_instances(file).photos["a.jpg"](Frame(20, 16))
    (region,) = imported.regions
    assert region.mask.pixels.sum() == 9 + 4
    told = "annotation 5: 1 of 3 left out: a polygon is a list x, y, x, y, ... of at least 3 corners"
    assert imported.notes == (f"parts left out of 1 of 1: {told}",)


def test_instances_that_others_cover_are_named(tmp_path: Path) -> None:
    big, small = square(0, 0, 4, 4), square(0, 0, 4, 4)
    file = instances(tmp_path, {"segmentation": [big], "id": 6}, {"segmentation": [small], "id": 8})
    notes = read_coco_instances(file).photos["a.jpg"](Frame(20, 16)).notes
    assert notes[1] == "1 of 2 left out, covered by others: annotation 6"


def test_classes_of_instances_are_things(tmp_path: Path) -> None:
    source = read_coco_instances(instances(tmp_path))
    assert [(item.name, item.isthing) for item in source.categories] == [("cat", True), ("dog", True)]


def test_an_instance_of_no_image_is_left_out(tmp_path: Path) -> None:
    """As where the images of a file were thinned out, and its annotations were not."""
    lost = {"image_id": 8}
    with pytest.raises(ImportFormatError, match="annotation 5: is of image 8, which is not listed"):
        read_coco_instances(instances(tmp_path, lost))
    file = instances(tmp_path, lost, {"segmentation": [square(0, 0, 3, 3)]})
    source = read_coco_instances(file)
    assert source.notes == (f"{file}: 1 of 2 left out: annotation 5: is of image 8, which is not listed",)
    assert len(source.photos["a.jpg"](Frame(20, 16)).regions) == 1


def test_regions_that_were_there_go_and_can_come_back() -> None:
    before = Annotation(5, 3).import_mask(np.ones((3, 5), np.bool_), "old")
    after = from_labels(MAP, {1: "sky", 300: "cat", 8: "none"}, Frame(5, 3), "a map").annotate(before)
    assert [(region.id, region.label) for region in after.regions.values()] == [(2, "sky"), (3, "cat")]
    assert after.go(before.cursor).regions == before.regions
