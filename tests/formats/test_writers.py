"""Exports in formats other than COCO's panoptic one, read again by code that is not ours, and by our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hotcoco import COCO
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.read_coco_instances import read_coco_instances
from fullcanvas.formats.read_label_png import read_label_png
from fullcanvas.formats.records import Category, ExportedPhoto
from fullcanvas.formats.segments import Unlabelled
from fullcanvas.formats.sinks import MARK, FolderSink
from fullcanvas.formats.write import NAMES, OutFormat, write_export
from fullcanvas.formats.write_yolo import outline_of
from fullcanvas.server.labels import read_labels
from tests.formats.test_coco_panoptic import CATEGORIES, LABELS, MAP, photo

COLORED = (Category(17, "cat", True, (200, 10, 20)), Category(3, "sky", False, (1, 2, 3)), CATEGORIES[2])
CLASSES = {1: 3, 2: 17, 3: 17, 4: 3, 5: 4, 300: 17, 70000: 17, 0: 0}


def write(form: OutFormat, folder: Path, *photos: ExportedPhoto, **options: Any) -> Path:
    categories = options.pop("categories", COLORED)
    with FolderSink(folder, NAMES) as sink:
        outcomes = list(write_export(photos, lambda: categories, sink, form=form, **options))
    assert [outcome.left_out for outcome in outcomes] == [None] * len(photos)
    return folder


def by_class(label_map: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.array([[CLASSES[region] for region in row] for row in label_map.tolist()], np.int32)


# COCO instances


def test_things_become_instances_and_stuff_does_not(tmp_path: Path) -> None:
    out = write(OutFormat.COCO_INSTANCES, tmp_path / "out", photo(), photo(id_=2, name="b/b.png"))
    read = COCO(str(out / "instances.json"))
    assert {path.name for path in out.iterdir()} == {MARK, "instances.json"}
    assert [item["file_name"] for item in read.load_imgs(read.get_img_ids())] == ["a.jpg", "b/b.png"]
    assert read.get_cat_ids() == [17]
    listed = read.load_anns(read.get_ann_ids(img_ids=[1]))
    masks = [read.ann_to_mask(item).astype(bool) for item in listed]
    for mask, thing, item in zip(masks, (2, 3, 300, 70000), listed, strict=True):
        assert (mask == (thing == MAP)).all()
        assert (item["area"], item["iscrowd"], item["category_id"]) == (mask.sum(), 0, 17)
    assert listed[0]["bbox"] == [2, 0, 2, 2]
    assert len({item["id"] for item in read.load_anns(read.get_ann_ids())}) == 8


def test_a_class_goes_with_its_color(tmp_path: Path) -> None:
    out = write(OutFormat.COCO_INSTANCES, tmp_path / "out", photo())
    (category,) = json.loads((out / "instances.json").read_text())["categories"]
    assert category == {"id": 17, "name": "cat", "supercategory": "cat", "isthing": 1, "color": [200, 10, 20]}


def test_a_photo_without_things_is_listed_without_instances(tmp_path: Path) -> None:
    out = write(OutFormat.COCO_INSTANCES, tmp_path / "out", photo(np.ones((3, 4), np.int32), {1: "sky"}))
    data = json.loads((out / "instances.json").read_text())
    assert (len(data["images"]), data["annotations"]) == (1, [])


def test_instances_can_be_imported_again(tmp_path: Path) -> None:
    out = write(OutFormat.COCO_INSTANCES, tmp_path / "out", photo())
    regions = read_coco_instances(out).photos["a.jpg"](Frame(5, 3)).regions
    found = np.stack([region.mask.pixels for region in regions])
    np.testing.assert_array_equal(found, np.equal(MAP, np.array([2, 3, 300, 70000])[:, None, None]))
    assert {region.label for region in regions} == {"cat"}


def test_things_without_a_label_become_instances_of_a_class_region(tmp_path: Path) -> None:
    labels = {**LABELS, 2: None}
    out = write(
        OutFormat.COCO_INSTANCES, tmp_path / "out", photo(labels=labels), unlabelled=Unlabelled.REGION
    )
    data = json.loads((out / "instances.json").read_text())
    assert [item["category_id"] for item in data["annotations"]] == [0, 17, 17, 17]
    assert [item["id"] for item in data["categories"]] == [17, 0]


# label PNGs


def test_pixels_are_classes_in_the_colors_of_the_labels(tmp_path: Path) -> None:
    out = write(OutFormat.LABEL_PNG, tmp_path / "out", photo(name="x/a.jpg"))
    with Image.open(out / "semantic" / "x" / "a.png") as picture:
        assert picture.mode == "P"
        assert (np.asarray(picture) == by_class(MAP)).all()
        shown = np.asarray(picture.convert("RGB"))
    assert shown[0, 2].tolist() == [200, 10, 20]
    assert shown[0, 4].tolist() == [0, 0, 0]
    assert shown[2, 4].tolist() == [128, 128, 128]  # the sea, of which nobody has said a colour


def test_label_pngs_can_be_imported_again_with_their_labels(tmp_path: Path) -> None:
    out = write(OutFormat.LABEL_PNG, tmp_path / "out", photo())
    labels = sorted(read_labels(out / "labels.json"), key=lambda label: label.id)
    assert [(label.id, label.name, label.isthing, label.color) for label in labels] == [
        (3, "sky", False, (1, 2, 3)),
        (4, "sea", False, (128, 128, 128)),
        (17, "cat", True, (200, 10, 20)),
    ]
    classes = [Category(label.id, label.name, label.isthing) for label in labels]
    regions = read_label_png(out / "semantic", classes).photos["a.png"](Frame(5, 3)).regions
    found = {region.label: region.mask.pixels for region in regions}
    assert found.keys() == {"sky", "sea", "cat"}
    assert all((found[each.name] == (by_class(MAP) == each.id)).all() for each in classes)


@pytest.mark.parametrize(("id_", "mode"), [(254, "P"), (255, "I;16"), (65535, "I;16")])
def test_a_class_with_a_large_number_takes_two_bytes(tmp_path: Path, id_: int, mode: str) -> None:
    categories = (Category(id_, "cat", True), *CATEGORIES[1:])
    out = write(OutFormat.LABEL_PNG, tmp_path / "out", photo(), categories=categories)
    with Image.open(out / "semantic" / "a.png") as picture:
        assert picture.mode == mode
        assert np.asarray(picture)[0, 2] == id_


def test_a_class_with_a_number_that_no_png_holds_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    def read() -> Any:
        raise AssertionError

    unread = ExportedPhoto(1, "a.jpg", 0, read, Path)
    categories = [Category(65536, "cat", True)]
    with pytest.raises(ExportError, match="65535, but a label of the project has the id 65536"):
        write(OutFormat.LABEL_PNG, tmp_path / "out", unread, categories=categories)
    assert not (tmp_path / "out").exists()


def test_regions_without_a_label_are_told_from_no_region(tmp_path: Path) -> None:
    labels = {**LABELS, 2: None}
    out = write(OutFormat.LABEL_PNG, tmp_path / "out", photo(labels=labels), unlabelled=Unlabelled.REGION)
    with Image.open(out / "semantic" / "a.png") as picture:
        assert np.asarray(picture)[0, 2:].tolist() == [254, 254, 0]
    assert {label.name: label.id for label in read_labels(out / "labels.json")}["region"] == 254
    taken = (Category(254, "cat", True), *CATEGORIES[1:])
    with pytest.raises(ExportError, match="254 is for regions without a label"):
        write(OutFormat.LABEL_PNG, tmp_path / "out", photo(), categories=taken, unlabelled=Unlabelled.REGION)


# YOLO


def read_yolo(out: Path, name: str, width: int, height: int) -> list[tuple[int, NDArray[np.bool_]]]:
    """Class and pixels of every line, as Ultralytics reads them: truncated, and filled by OpenCV."""
    found = []
    for line in (out / "labels" / name).read_text().splitlines():
        number, *values = line.split()
        assert all(0 < float(value) < 1 for value in values)
        corners = np.array(values, float).reshape(-1, 2) * (width, height)
        assert len(corners) >= 3
        found.append((int(number), fill(corners.astype(np.int32), height, width)))
    return found


def fill(outline: NDArray[np.int32], height: int, width: int) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [outline], [1])
    return mask > 0


def test_outlines_are_those_of_the_things(tmp_path: Path) -> None:
    out = write(OutFormat.YOLO, tmp_path / "out", photo(name="x/a.jpg"))
    things = [thing == MAP for thing in (2, 3, 300, 70000)]
    for (number, mask), thing in zip(read_yolo(out, "x/a.txt", 5, 3), things, strict=True):
        assert number == 0
        assert (mask == thing).all()


def test_classes_are_numbered_from_0_whatever_they_are_called(tmp_path: Path) -> None:
    categories = [Category(9, "sky", False), Category(4, 'a "cat": no', True), Category(2, "Überdog", True)]
    one = photo(np.array([[1, 2, 3]], np.int32), {1: "sky", 2: 'a "cat": no', 3: "Überdog"})
    out = write(OutFormat.YOLO, tmp_path / "out", one, categories=categories)
    assert [number for number, _ in read_yolo(out, "a.txt", 3, 1)] == [0, 1]
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load((out / "data.yaml").read_text()) == {
        "train": "images",
        "val": "images",
        "names": {0: 'a "cat": no', 1: "Überdog"},
    }


def test_a_photo_without_things_has_an_empty_list(tmp_path: Path) -> None:
    out = write(OutFormat.YOLO, tmp_path / "out", photo(np.ones((3, 4), np.int32), {1: "sky"}))
    assert (out / "labels" / "a.txt").read_bytes() == b""


def test_a_hole_stays_a_hole() -> None:
    mask = np.zeros((9, 12), np.bool_)
    mask[1:8, 1:11] = True
    mask[3:6, 3:6] = mask[3:5, 8] = False
    filled = fill(outline_of(mask), *mask.shape)
    assert (filled == mask).all()


def test_parts_hang_together_by_the_shortest_seam() -> None:
    mask = np.zeros((9, 20), np.bool_)
    mask[1:8, 1:8] = mask[2:5, 12:18] = True
    filled = fill(outline_of(mask), *mask.shape)
    more = filled & ~mask
    assert filled[mask].all()
    assert more.sum() == 4
    assert np.flatnonzero(more.any(0)).tolist() == [8, 9, 10, 11]


@given(seed=st.integers(0, 2**32))
def test_any_mask_is_covered_and_little_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.random((40, 60)), (0, 0), float(rng.uniform(0.8, 4)))
    mask = noise > np.quantile(noise, rng.uniform(0.3, 0.9))
    filled = fill(outline_of(mask), *mask.shape)
    rings, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    assert filled[mask].all()
    assert (filled & ~mask).sum() <= 72 * (len(rings) - 1)  # no seam is longer than the diagonal


def test_a_region_of_a_thousand_holes_is_covered() -> None:
    mask = np.ones((200, 200), np.bool_)
    mask[1:-1:6, 1:-1:6] = False
    filled = fill(outline_of(mask), *mask.shape)
    assert filled[mask].all()
    assert not filled.all()


# all of them


@pytest.mark.parametrize("form", OutFormat)
def test_photos_go_with_any_format(tmp_path: Path, form: OutFormat) -> None:
    out = write(form, tmp_path / "out", photo(name="x/a.jpg", picture=lambda: b"pixels"), images=True)
    assert (out / "images" / "x" / "a.jpg").read_bytes() == b"pixels"


@pytest.mark.parametrize(
    ("form", "kind"), [(OutFormat.YOLO, "labels/*.txt"), (OutFormat.LABEL_PNG, "semantic/*.png")]
)
def test_what_belongs_to_a_photo_has_its_name(tmp_path: Path, form: OutFormat, kind: str) -> None:
    """As Ultralytics and others look for it: the photo's name with another extension, whatever it had."""
    names = ["a.jpg", "b.png", "C.JPG", "v1.2.webp", "both.jpg", "both.png", "Both.tif", f"{'d' * 250}.jpeg"]
    photos = [photo(id_=id_, name=name, picture=name.encode) for id_, name in enumerate(names, 1)]
    out = write(form, tmp_path / "out", *photos, images=True)
    pictures = {path.stem: path.read_text() for path in (out / "images").iterdir()}
    assert pictures.keys() == {path.stem for path in out.glob(kind)}
    assert sorted(pictures.values()) == sorted(names)
    assert pictures.keys() > {"a", "b", "C", "v1.2", "both.jpg", "both.png"}


@pytest.mark.parametrize("form", OutFormat)
def test_an_export_takes_the_place_of_one_in_another_format(tmp_path: Path, form: OutFormat) -> None:
    for earlier in OutFormat:
        write(earlier, tmp_path / "out", photo())
        out = write(form, tmp_path / "out", photo())
        fresh = write(form, tmp_path / "fresh", photo())
        assert [path.name for path in sorted(out.iterdir())] == [
            path.name for path in sorted(fresh.iterdir())
        ]


@pytest.mark.parametrize("form", OutFormat)
def test_a_class_that_is_renamed_meanwhile_stays_one(tmp_path: Path, form: OutFormat) -> None:
    one = np.ones((3, 4), np.int32)
    photos = [photo(one, {1: "cat"}), photo(one, {1: "tiger"}, id_=2, name="b.jpg")]
    before, after = [Category(1, "cat", True)], [Category(1, "tiger", True), Category(2, "owl", True)]
    times = iter([before, before, after])
    with FolderSink(tmp_path / "out", NAMES) as sink:
        outcomes = list(write_export(photos, lambda: next(times), sink, form=form))
    assert [outcome.left_out for outcome in outcomes] == [None, None]
    told = [path.read_text() for path in (tmp_path / "out").iterdir() if path.suffix in {".json", ".yaml"}]
    assert len(told) == 1
    assert told[0].index("tiger") < told[0].index("owl")
    assert "cat" not in told[0].replace("category", "").replace("categories", "")


@pytest.mark.parametrize("form", OutFormat)
def test_regions_without_a_label_stop_any_export(tmp_path: Path, form: OutFormat) -> None:
    with pytest.raises(ExportError, match=r"a\.jpg: region 2"):
        write(form, tmp_path / "out", photo(labels={**LABELS, 2: None}))
