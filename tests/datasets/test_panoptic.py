from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fullcanvas.datasets import Dataset, DatasetError, check, load_labels, open_dataset
from fullcanvas.formats.pixels import photo_formats
from fullcanvas.formats.records import Category, ExportedPhoto, Regions
from fullcanvas.formats.sinks import FolderSink
from fullcanvas.formats.write import NAMES, write_export
from fullcanvas.server.photos import decode
from tests.panoptic_folder import halves, write_dataset, write_map


def rewrite(folder: Path, data: dict[str, Any]) -> None:
    (folder / "panoptic.json").write_text(json.dumps(data), encoding="utf-8")


def test_regions_are_numbered_in_the_order_of_the_json(tmp_path):
    ids = np.array([[70_000, 70_000, 0], [300, 9, 9]])
    data = write_dataset(tmp_path / "set", [ids])
    data["annotations"][0]["segments_info"].reverse()  # 70000, 300, 9
    rewrite(tmp_path / "set", data)

    dataset = open_dataset(tmp_path / "set")
    sample = dataset.load(0)

    assert dataset.name == "set"
    assert len(dataset) == 1
    assert sample.labels.dtype == np.int32
    assert sample.labels.tolist() == [[1, 1, 0], [2, 3, 3]]
    assert [(one.id, one.category_id, one.isthing, one.area) for one in sample.segments] == [
        (1, 2, False, 2),
        (2, 2, False, 1),
        (3, 1, True, 2),
    ]


def test_a_sample_holds_its_photo_as_rgb(tmp_path):
    write_dataset(tmp_path, [halves()])
    Image.new("L", (20, 12), 77).save(tmp_path / "images" / "000000000001.jpg")
    sample = open_dataset(tmp_path).load(0)
    assert sample.image.shape == (12, 20, 3)
    assert sample.image.dtype == np.uint8
    assert (sample.image == 77).all()


def test_crowds_become_void_and_take_no_number(tmp_path):
    data = write_dataset(tmp_path, [np.array([[1, 2, 3]])])
    data["annotations"][0]["segments_info"][0]["iscrowd"] = 1
    rewrite(tmp_path, data)
    sample = open_dataset(tmp_path).load(0)
    assert sample.labels.tolist() == [[0, 1, 2]]
    assert [segment.isthing for segment in sample.segments] == [False, True]


def test_a_segment_whose_area_is_0_may_have_no_pixels(tmp_path):
    data = write_dataset(tmp_path, [halves()])
    segments = data["annotations"][0]["segments_info"]
    segments.insert(0, {"id": 5, "category_id": 1, "area": 0})
    rewrite(tmp_path, data)
    labels, kept = load_labels(open_dataset(tmp_path).records[0])
    assert np.array_equal(labels, halves())
    assert [segment.id for segment in kept] == [1, 2]


def test_annotations_may_share_a_photo(tmp_path):
    write_dataset(tmp_path, [halves(column=3), halves(column=9), halves()], image_ids=[8, 8, 1])
    dataset = open_dataset(tmp_path)
    assert [sample.image_id for sample in dataset] == [8, 8, 1]
    assert dataset.image_ids == (1, 8)
    assert [len(dataset.only([8])), len(dataset.without([8])), len(dataset.first(1))] == [2, 1, 2]
    with pytest.raises(ValueError, match="0 photos or more, not -1"):
        dataset.first(-1)


@pytest.mark.parametrize(
    "layout",
    [
        ("annotations/panoptic_val2017.json", "annotations/panoptic_val2017", "val2017"),
        ("annotations/panoptic_val2017.json", "panoptic_val2017", "images/val2017"),
        ("panoptic_val2017.json", "panoptic_val2017", "val2017"),
    ],
)
def test_coco_as_it_is_downloaded(tmp_path, layout):
    write_dataset(tmp_path, [halves()], layout=layout)
    for path in (tmp_path, tmp_path / layout[0]):
        dataset = open_dataset(path)
        check(dataset)
        assert dataset.name == "panoptic_val2017"
        assert np.array_equal(dataset.load(0).labels, halves())


def test_a_data_set_is_called_by_a_text_whatever_bytes_its_folder_s_name_is_made_of(tmp_path):
    folder = tmp_path / os.fsdecode(b"r\xffd")
    try:
        write_dataset(folder, [halves()])
    except OSError:  # macOS and Windows have no such names
        pytest.skip("names are texts here")
    assert open_dataset(folder).name == "r\N{REPLACEMENT CHARACTER}d"
    assert len(list(open_dataset(folder))) == 1


def test_files_may_be_links_into_a_store(tmp_path):
    """As those of git-annex and of caches are."""
    write_dataset(tmp_path / "set", [halves()])
    (tmp_path / "store").mkdir()
    for number, file in enumerate(sorted((tmp_path / "set").rglob("*.*"))):
        stored = tmp_path / "store" / str(number)
        file.rename(stored)
        file.symlink_to(stored)
    dataset = open_dataset(tmp_path / "set" / "panoptic.json")
    check(dataset)
    assert dataset.name == "set"
    assert np.array_equal(dataset.load(0).labels, halves())


def test_maps_of_one_name_may_lie_in_several_folders(tmp_path):
    data = write_dataset(tmp_path, [halves()] * 2)
    for annotation, folder in zip(data["annotations"], "ab", strict=True):
        old, annotation["file_name"] = annotation["file_name"], f"{folder}/map.png"
        (tmp_path / "panoptic" / folder).mkdir()
        (tmp_path / "panoptic" / old).rename(tmp_path / "panoptic" / annotation["file_name"])
    rewrite(tmp_path, data)
    assert [len(sample.segments) for sample in open_dataset(tmp_path)] == [2, 2]


def test_two_data_sets_in_one_folder_must_be_told_apart(tmp_path):
    for split in ("train2017", "val2017"):
        places = (f"annotations/panoptic_{split}.json", f"annotations/panoptic_{split}", split)
        write_dataset(tmp_path, [halves()], layout=places)
    with pytest.raises(DatasetError, match=r"more than one .*panoptic_train2017\.json, .*; name one"):
        open_dataset(tmp_path)
    assert open_dataset(tmp_path / "annotations" / "panoptic_train2017.json").name == "panoptic_train2017"


def test_what_was_looked_for_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"looked for panoptic\.json, annotations/panoptic_\*\.json"):
        open_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"gone\.json: there is no such file"):
        open_dataset(tmp_path / "gone.json")
    (tmp_path / "panoptic.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"looked for .*panoptic"):
        open_dataset(tmp_path)


def test_opening_decodes_nothing(tmp_path):
    write_dataset(tmp_path, [halves()])
    (tmp_path / "panoptic" / "map0.png").write_bytes(b"no png")
    (tmp_path / "images" / "000000000001.jpg").unlink()
    assert len(open_dataset(tmp_path)) == 1


def test_check_counts_missing_files(tmp_path):
    write_dataset(tmp_path, [halves(), halves()])
    dataset = open_dataset(tmp_path)
    check(dataset)
    (tmp_path / "panoptic" / "map1.png").unlink()
    with pytest.raises(DatasetError, match=r"1 maps are missing: .*map1\.png"):
        check(dataset)
    write_map(tmp_path / "panoptic" / "map1.png", halves())
    (tmp_path / "images" / "000000000002.jpg").unlink()
    with pytest.raises(DatasetError, match=r"1 photos are missing: .*000000000002\.jpg"):
        check(dataset)
    with pytest.raises(DatasetError, match="holds no annotation"):
        check(dataset.only([]))
    elsewhere = replace(dataset.records[0], image=tmp_path / "images" / "gone" / "1.jpg")
    with pytest.raises(DatasetError, match=r"1 photos are missing: .*gone.1\.jpg"):
        check(Dataset("x", (elsewhere,)))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.pop("images"), "has no list of images"),
        (lambda data: data["images"].append(data["images"][0]), "images holds the id 1 twice"),
        (lambda data: data["categories"].append(data["categories"][0]), "categories holds the id 1 twice"),
        (lambda data: data["categories"][0].pop("isthing"), "category 1: its isthing"),
        (lambda data: data["annotations"][0].update(image_id=9), "is of image 9, which is not listed"),
        (lambda data: data["annotations"].append(data["annotations"][0]), "same map map0.png"),
        (lambda data: data["annotations"][0].pop("file_name"), "an annotation: its file_name is missing"),
        (lambda data: data["images"][0].update(width="20"), "image 1: its width is a whole number"),
        (
            lambda data: data["annotations"][0]["segments_info"][0].update(id=2),
            "segments_info holds the id 2 twice",
        ),
        (
            lambda data: data["annotations"][0]["segments_info"][0].update(id=0),
            "segment 0: its id is a whole number of 1 or more",
        ),
        (
            lambda data: data["annotations"][0]["segments_info"][0].update(category_id=8),
            "segment 1: has the unknown category 8",
        ),
        (lambda data: data["images"][0].update(width=True), "image 1: its width is a whole number"),
        (
            lambda data: data["categories"][0].update(isthing="no"),
            "1: its isthing is 1 or 0, not 'no'",
        ),
        (lambda data: data["annotations"].append("x"), "annotations holds 'x'"),
        (lambda data: data["annotations"][0].update(file_name="../a.png"), "leads out of its folder"),
        (lambda data: data["annotations"][0].update(file_name="..\\a.png"), "leads out of its folder"),
        (lambda data: data["annotations"][0].update(file_name="C:a.png"), "leads out of its folder"),
        (lambda data: data["annotations"][0].update(file_name="/etc/a.png"), "leads out of its folder"),
        (
            lambda data: data["images"][0].update(file_name="a\x00"),
            "1: its file_name holds a control",
        ),
    ],
)
def test_a_json_that_contradicts_itself_is_named(tmp_path, spoil, message):
    data = write_dataset(tmp_path, [halves()])
    spoil(data)
    rewrite(tmp_path, data)
    with pytest.raises(DatasetError, match=r"panoptic\.json.*" + message):
        open_dataset(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "\xff", "[" * 100_000])
def test_a_file_that_is_no_such_json_is_named(tmp_path, text):
    write_dataset(tmp_path, [halves()])
    (tmp_path / "panoptic.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DatasetError, match=r"panoptic\.json: (is not json|holds no object)"):
        open_dataset(tmp_path)


def spoiled_map(folder: Path) -> Path:
    write_dataset(folder, [halves()])
    return folder / "panoptic" / "map0.png"


def test_a_map_with_an_id_that_the_json_has_not(tmp_path):
    write_map(spoiled_map(tmp_path), np.where(np.arange(20) < 3, 4, halves()))
    with pytest.raises(DatasetError, match=r"map0\.png: holds the segments 4 that the json does not list"):
        open_dataset(tmp_path).load(0)


def test_a_map_without_an_id_of_the_json(tmp_path):
    write_map(spoiled_map(tmp_path), np.full((12, 20), 2))
    with pytest.raises(DatasetError, match=r"map0\.png: has no pixel of the segments 1 that the json lists"):
        open_dataset(tmp_path).load(0)


def test_a_map_of_another_size(tmp_path):
    write_map(spoiled_map(tmp_path), halves(12, 21))
    with pytest.raises(DatasetError, match=r"map0\.png: is 21 x 12 pixels, but the json says 20 x 12"):
        open_dataset(tmp_path).load(0)


def test_a_map_that_is_no_rgb_png(tmp_path):
    Image.fromarray(halves().astype(np.uint8)).save(spoiled_map(tmp_path))
    with pytest.raises(DatasetError, match=r"map0\.png: is a PNG of mode L"):
        open_dataset(tmp_path).load(0)


@pytest.mark.parametrize("place", ["panoptic/map0.png", "images/000000000001.jpg"])
def test_broken_and_missing_files(tmp_path, place):
    write_dataset(tmp_path, [halves()])
    file = tmp_path / place
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(DatasetError, match=f"{file.name}: cannot be decoded"):
        open_dataset(tmp_path).load(0)
    file.unlink()
    with pytest.raises(DatasetError, match=f"{file.name}: there is no such file"):
        open_dataset(tmp_path).load(0)


def test_formats_whose_decoders_start_programs_are_not_asked(tmp_path):
    write_dataset(tmp_path, [halves()])
    Image.new("RGB", (20, 12)).save(tmp_path / "images" / "000000000001.jpg", "EPS")
    with pytest.raises(DatasetError, match=r"0001\.jpg: cannot be decoded"):
        open_dataset(tmp_path).load(0)


def test_a_photo_of_another_size(tmp_path):
    write_dataset(tmp_path, [halves()])
    Image.new("RGB", (40, 24)).save(tmp_path / "images" / "000000000001.jpg")
    with pytest.raises(DatasetError, match=r"0001\.jpg: is 40 x 24 pixels, but the json says 20 x 12"):
        open_dataset(tmp_path).load(0)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_photo_whose_exif_data_are_damaged(tmp_path, kind):
    write_dataset(tmp_path, [halves()])
    file = tmp_path / "images" / "000000000001.jpg"
    Image.new("RGB", (40, 24)).save(file, kind, exif=b"Exif\0\0XXnonsense")
    with pytest.raises(DatasetError, match=r"0001\.jpg: is 40 x 24 pixels, but the json says 20 x 12"):
        open_dataset(tmp_path).load(0)


def save_turned(file: Path, stored: tuple[int, int], orientation: int) -> None:
    picture = Image.new("RGB", stored, (10, 10, 10))
    picture.paste((240, 240, 240), (0, 0, stored[0], stored[1] // 2))
    exif = Image.Exif()
    exif[274] = orientation
    picture.save(file, quality=100, exif=exif)


def test_maps_lie_over_the_stored_pixels_whatever_exif_says(tmp_path):
    write_dataset(tmp_path, [halves()])
    save_turned(tmp_path / "images" / "000000000001.jpg", (20, 12), 3)
    image = open_dataset(tmp_path).load(0).image
    assert image[0].min() > 200
    assert image[-1].max() < 60


def test_exif_is_applied_where_only_the_upright_size_fits(tmp_path):
    write_dataset(tmp_path, [halves()])
    save_turned(tmp_path / "images" / "000000000001.jpg", (12, 20), 6)  # turned clockwise: the top is right
    image = open_dataset(tmp_path).load(0).image
    assert image.shape == (12, 20, 3)
    assert image[:, -1].min() > 200
    assert image[:, 0].max() < 60


def test_an_export_s_maps_lie_over_the_photo_as_it_was_shown(tmp_path):
    save_turned(tmp_path / "a.jpg", (20, 12), 3)
    regions = Regions({1: "x"}, lambda: np.ones((12, 20), np.int32))
    photo = ExportedPhoto(1, "a.jpg", 0, lambda: regions, lambda: tmp_path / "a.jpg")
    with FolderSink(tmp_path / "out", NAMES) as sink:
        list(write_export([photo], lambda: [Category(1, "x", True)], sink, images=True))
    image = open_dataset(tmp_path / "out").load(0).image
    assert np.array_equal(image, decode(tmp_path / "a.jpg"))
    assert image[-1].min() > 200


def test_a_size_that_the_json_states_is_no_bomb(tmp_path, monkeypatch):
    write_dataset(tmp_path, [halves()])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # less than half of 12 x 20
    assert open_dataset(tmp_path).load(0).image.shape == (12, 20, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


DEEP = np.arange(240).reshape(12, 20) * 17
CLEAR = np.dstack([np.full((12, 20, 3), 40), np.where(DEEP > 2000, 255, 0)]).astype(np.uint8)


@pytest.mark.parametrize(
    ("pixels", "kind"),
    [(DEEP.astype(np.uint16), "PNG"), (DEEP / 4063, "TIFF"), (CLEAR, "PNG"), (CLEAR[..., :3], "AVIF")],
    ids=["12 bits", "floats", "transparent", "avif"],
)
def test_a_photo_is_seen_as_the_annotator_shows_it(tmp_path, pixels, kind):
    if kind not in photo_formats():
        pytest.skip("this Pillow was built without it")
    write_dataset(tmp_path, [halves()])
    file = tmp_path / "images" / "000000000001.jpg"
    Image.fromarray(pixels.astype(np.float32) if kind == "TIFF" else pixels).save(file, kind)
    image = open_dataset(tmp_path).load(0).image
    assert np.array_equal(image, decode(file))
    assert kind == "AVIF" or (image.min() < 50 and image.max() == 255)
