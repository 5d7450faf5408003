"""COCO panoptic files, read again by code that is not ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hotcoco.panoptic import PanopticEval
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import Category, ExportedPhoto, Outcome, Regions
from fullcanvas.formats.segments import Unlabelled
from fullcanvas.formats.sinks import FolderSink
from fullcanvas.formats.write import NAMES, names_beside, write_export
from tests.formats.rules import check_rules, read_ids

CAT, SKY = Category(17, "cat", True, (250, 120, 0)), Category(3, "sky", False, (0, 90, 255))
SEA = Category(4, "sea", False)
CATEGORIES = (CAT, SKY, SEA)
MAP = np.array(
    [
        [1, 1, 2, 2, 0],
        [1, 3, 3, 2, 0],
        [4, 4, 300, 70000, 5],
    ],
    np.int32,
)
LABELS = {1: "sky", 2: "cat", 3: "cat", 4: "sky", 5: "sea", 300: "cat", 70000: "cat", 9: "cat"}


def photo(
    label_map: NDArray[np.int32] = MAP,
    labels: Mapping[int, str | None] = LABELS,
    id_: int = 1,
    name: str = "a.jpg",
    picture: Callable[[], Path | bytes] = Path,
) -> ExportedPhoto:
    unlabelled = list(labels.values()).count(None)
    return ExportedPhoto(id_, name, unlabelled, lambda: Regions(labels, lambda: label_map), picture)


def failing(*_arguments: object) -> Any:
    raise ExportError("is gone")


def write_some(folder: Path, *photos: ExportedPhoto, **options: Any) -> list[Outcome]:
    with FolderSink(folder, NAMES) as sink:
        return list(write_export(photos, lambda: CATEGORIES, sink, **options))


def write(folder: Path, *photos: ExportedPhoto, **options: Any) -> dict[str, Any]:
    outcomes = write_some(folder, *photos, **options)
    assert [outcome.left_out for outcome in outcomes] == [None] * len(photos)
    return check_rules(folder)


def segments(data: dict[str, Any], index: int = 0) -> dict[int, tuple[int, int, list[int]]]:
    listed = data["annotations"][index]["segments_info"]
    return {item["id"]: (item["category_id"], item["area"], item["bbox"]) for item in listed}


def test_classes_may_be_renamed_and_merged_while_an_export_is_made(tmp_path: Path) -> None:
    """Each photo's regions have the names of their time; what ids mean is said as it is at the end."""
    one = np.ones((3, 5), np.int32)
    first, second = photo(one, {1: "cat"}), photo(one, {1: "tiger"}, id_=2, name="b.jpg")
    before, after = [Category(1, "cat", True), Category(2, "owl", True)], [Category(1, "tiger", True)]
    times = iter([before, before, after])
    with FolderSink(tmp_path / "out", NAMES) as sink:
        outcomes = list(write_export([first, second], lambda: next(times), sink))
    assert [outcome.left_out for outcome in outcomes] == [None, None]
    data = check_rules(tmp_path / "out")
    assert segments(data, 0)[1][0] == segments(data, 1)[1][0] == 1
    assert {item["id"]: item["name"] for item in data["categories"]} == {1: "tiger", 2: "owl"}


def test_regions_become_segments_and_stuff_of_one_class_becomes_one(tmp_path: Path) -> None:
    data = write(tmp_path / "out", photo())
    assert segments(data) == {
        1: (3, 5, [0, 0, 2, 3]),
        2: (17, 3, [2, 0, 2, 2]),
        3: (17, 2, [1, 1, 2, 1]),
        5: (4, 1, [4, 2, 1, 1]),
        300: (17, 1, [2, 2, 1, 1]),
        70000: (17, 1, [3, 2, 1, 1]),
    }
    expected = MAP.copy()
    expected[expected == 4] = 1
    assert (read_ids(tmp_path / "out" / "panoptic" / "a.png") == expected).all()
    assert data["images"] == [{"id": 1, "file_name": "a.jpg", "width": 5, "height": 3}]
    assert [(c["id"], c["name"], c["isthing"], c["color"]) for c in data["categories"]] == [
        (17, "cat", 1, [250, 120, 0]),
        (3, "sky", 0, [0, 90, 255]),
        (4, "sea", 0, [128, 128, 128]),
    ]


def write_independently(folder: Path, label_map: NDArray[np.int32], labels: Mapping[int, str]) -> None:
    """The same content by panopticapi's description and Pillow alone: one segment per id that is there."""
    (folder / "panoptic").mkdir(parents=True)
    ids = label_map.astype(np.uint32)
    colors = np.stack([ids % 256, ids // 256 % 256, ids // 65536], 2).astype(np.uint8)
    Image.fromarray(colors).save(folder / "panoptic" / "a.png")
    by_name = {category.name: category.id for category in CATEGORIES}
    info = [
        {
            "id": i,
            "category_id": by_name[labels[i]],
            "area": int((ids == i).sum()),
            "bbox": [0, 0, 1, 1],
            "iscrowd": 0,
        }
        for i in np.unique(ids).tolist()
        if i
    ]
    data = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": ids.shape[0], "width": ids.shape[1]}],
        "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": info}],
        "categories": [{"id": c.id, "name": c.name, "isthing": int(c.isthing)} for c in CATEGORIES],
    }
    (folder / "panoptic.json").write_text(json.dumps(data))


def quality(one: Path, other: Path) -> dict[str, Any]:
    judge = PanopticEval(one / "panoptic.json", other / "panoptic.json")
    judge.evaluate()
    found: dict[str, Any] = judge.results()
    return found


def test_an_independent_reader_finds_the_same_regions(tmp_path: Path) -> None:
    """hotcoco, written in Rust by others, matches them all; a single pixel more and it would not."""
    write(tmp_path / "ours", photo())
    merged = MAP.copy()
    merged[merged == 4] = 1
    write_independently(tmp_path / "theirs", merged, {i: label for i, label in LABELS.items() if label})
    same = quality(tmp_path / "theirs", tmp_path / "ours")["All"]
    assert (same["pq"], same["sq"], same["rq"]) == (1, 1, 1)
    merged[0, 4] = 2
    write_independently(tmp_path / "more", merged, LABELS)
    assert quality(tmp_path / "more", tmp_path / "ours")["All"]["sq"] < 1


def test_regions_without_a_label_stop_the_export_with_a_list(tmp_path: Path) -> None:
    one = photo(labels={**LABELS, 2: None, 5: None})
    two = photo(id_=2, name="b/b.jpg", labels={**LABELS, 300: None})
    with pytest.raises(ExportError) as caught:
        write(tmp_path / "out", one, two, photo(id_=3, name="c.jpg"))
    assert str(caught.value).splitlines()[1:] == ["a.jpg: regions 2, 5", "b/b.jpg: region 300"]
    assert not (tmp_path / "out").exists()


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    photos = [photo(id_=i, name=f"{i}.jpg", labels={1: None}) for i in range(1, 31)]
    with pytest.raises(ExportError, match="and 10 more photos"):
        write(tmp_path / "out", *photos)


def test_regions_without_a_label_can_be_void(tmp_path: Path) -> None:
    data = write(tmp_path / "out", photo(labels={**LABELS, 2: None}), unlabelled=Unlabelled.VOID)
    assert 2 not in segments(data)
    assert read_ids(tmp_path / "out" / "panoptic" / "a.png")[0, 2] == 0
    assert len(data["categories"]) == 3


def test_regions_without_a_label_can_be_segments_of_their_own(tmp_path: Path) -> None:
    labels = {**LABELS, 2: None, 3: None}
    data = write(tmp_path / "out", photo(labels=labels), unlabelled=Unlabelled.REGION)
    assert {id_: segments(data)[id_][0] for id_ in (2, 3, 300)} == {2: 0, 3: 0, 300: 17}
    region = {"id": 0, "name": "region", "supercategory": "region", "isthing": 1, "color": [128, 128, 128]}
    assert data["categories"][-1] == region
    assert write(tmp_path / "labelled", photo(), unlabelled=Unlabelled.REGION)["categories"][-1] == region


def test_a_label_that_no_region_can_have_is_refused_whatever_the_rule(tmp_path: Path) -> None:
    for unlabelled in Unlabelled:
        with pytest.raises(ExportError, match=r"a\.jpg: region 2"):
            write_some(tmp_path / "out", photo(labels={**LABELS, 2: "elk"}), unlabelled=unlabelled)


def test_nothing_to_export_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nothing to export"):
        write(tmp_path / "out")


def test_a_map_without_a_pixel_assigned_is_all_void(tmp_path: Path) -> None:
    data = write(tmp_path / "out", photo(np.zeros((4, 6), np.int32), {1: "cat"}))
    assert segments(data) == {}


def test_a_photo_without_a_region_is_all_void(tmp_path: Path) -> None:
    data = write(tmp_path / "out", photo(np.zeros((4, 6), np.int32), {}))
    assert data["annotations"] == [{"image_id": 1, "file_name": "a.png", "segments_info": []}]


def test_a_photo_that_cannot_be_exported_is_left_out_and_told(tmp_path: Path) -> None:
    unreadable = ExportedPhoto(3, "c.jpg", 0, failing, Path)
    mapless = ExportedPhoto(4, "d.jpg", 0, lambda: Regions(LABELS, failing), Path)
    changed = photo(id_=5, name="e.jpg", picture=failing)
    photos = [photo(picture=lambda: b"1"), unreadable, mapless, changed]
    outcomes = write_some(tmp_path / "out", *photos, images=True)
    lines = ["c.jpg: is gone", "d.jpg: is gone", "e.jpg: is gone"]
    assert [outcome.left_out for outcome in outcomes] == [None, *lines]
    assert (tmp_path / "out" / "left-out.txt").read_text().splitlines() == lines
    assert [image["id"] for image in check_rules(tmp_path / "out")["images"]] == [1]
    assert [path.name for path in (tmp_path / "out" / "panoptic").iterdir()] == ["a.png"]
    write(tmp_path / "out", photo())
    assert not (tmp_path / "out" / "left-out.txt").exists()


def test_if_all_photos_are_left_out_nothing_is_exported(tmp_path: Path) -> None:
    photos = [photo(id_=i, name=f"{i}.jpg", picture=failing) for i in range(1, 31)]
    with pytest.raises(
        ExportError, match=r"none of the photos can be exported:\n1\.jpg: is gone\n"
    ) as caught:
        write_some(tmp_path / "out", *photos, images=True)
    assert str(caught.value).endswith("20.jpg: is gone\nand 10 more photos")
    assert not (tmp_path / "out").exists()


def test_photos_are_read_one_by_one_when_they_are_due(tmp_path: Path) -> None:
    read: list[int] = []

    def reading(id_: int) -> Regions:
        read.append(id_)
        return Regions(LABELS, lambda: MAP)

    photos = [ExportedPhoto(id_, f"{id_}.jpg", 0, partial(reading, id_), Path) for id_ in (1, 2, 3)]
    with FolderSink(tmp_path / "out", NAMES) as sink:
        for number, _ in enumerate(write_export(photos, lambda: CATEGORIES, sink), 1):
            assert len(read) == number


def test_photos_of_one_name_do_not_meet(tmp_path: Path) -> None:
    names = ["a.jpg", "b/a.jpg", "a.png", "a.jpeg", "A.jpg", "a.png.jpg"]
    photos = [photo(id_=i, name=name) for i, name in enumerate(names, 1)]
    data = write(tmp_path / "out", *photos)
    maps = [annotation["file_name"] for annotation in data["annotations"]]
    assert maps[1:4] == ["b/a.png", "a.png.3.png", "a.jpeg.png"]
    assert [image["file_name"] for image in data["images"]] == names
    assert len({name.casefold() for name in maps}) == len(names)


def test_a_map_of_other_regions_is_not_taken_for_void(tmp_path: Path) -> None:
    """Its photo was reopened, worked on and completed between the list and the map."""
    listed = {region: label for region, label in LABELS.items() if region != 300}
    with pytest.raises(ExportError, match=r"a\.jpg: was changed while it was exported; export again"):
        write_some(tmp_path / "out", photo(labels=listed))


def test_names_that_meet_only_because_of_an_id() -> None:
    names = names_beside(["a.jpg", "A.jpg", "a.jpg.1.jpg", "a.jpg.1.3.jpg"], [1, 2, 3, 4])
    assert len({name.casefold() for name in names.values()}) == 4


def test_usual_names_are_those_of_coco() -> None:
    names = ["x/000139.jpg", "photo.PNG", "v1.2.jpeg"]
    assert names_beside(names, [1, 2, 3]) == {1: "x/000139", 2: "photo", 3: "v1.2"}


def test_a_name_as_long_as_names_can_be_has_a_map(tmp_path: Path) -> None:
    long = [f"{'é' * 125}.bmp", f"{'é' * 125}.png", f"x/{'b' * 251}.jpg", f"x/{'B' * 251}.jpg"]
    photos = [photo(id_=id_, name=name) for id_, name in enumerate([*long, f"{'c' * 247}.bmp", "1.jpg"], 1)]
    data = write(tmp_path / "out", *photos)
    names = [item["file_name"] for item in data["annotations"]]
    assert names == ["1.1.png", "2.png", "x/3.png", "x/4.png", f"{'c' * 247}.png", "1.6.png"]


def test_photos_can_go_with_it(tmp_path: Path) -> None:
    source = tmp_path / "source.jpg"
    source.write_bytes(b"pixels")
    stored = photo(name="x/a.jpg", picture=lambda: source)
    made = photo(id_=2, name="x/b.jpg", picture=lambda: b"upright")
    outcomes = write_some(tmp_path / "out", stored, made, images=True)
    assert [outcome.turned for outcome in outcomes] == [False, True]
    assert (tmp_path / "out" / "images" / "x" / "a.jpg").read_bytes() == b"pixels"
    assert (tmp_path / "out" / "images" / "x" / "b.jpg").read_bytes() == b"upright"


@given(
    label_map=st.integers(0, 2**32).map(
        lambda seed: (
            np.random.default_rng(seed).integers(0, 9, (seed % 13 + 1, seed % 7 + 1)).astype(np.int32)
        )
    ),
    labels=st.fixed_dictionaries({i: st.sampled_from(["cat", "sky", "sea", None]) for i in range(1, 9)}),
    unlabelled=st.sampled_from([Unlabelled.VOID, Unlabelled.REGION]),
)
def test_the_rules_hold_for_any_map(
    tmp_path_factory: pytest.TempPathFactory,
    label_map: NDArray[np.int32],
    labels: dict[int, str | None],
    unlabelled: Unlabelled,
) -> None:
    out = tmp_path_factory.mktemp("any") / "out"
    write(out, photo(label_map, labels), unlabelled=unlabelled)
    ids = read_ids(out / "panoptic" / "a.png")
    void = [i for i, label in labels.items() if label is None and unlabelled is Unlabelled.VOID]
    assert ((ids == 0) == np.isin(label_map, [0, *void])).all()
    things = [i for i, label in labels.items() if label == "cat"]
    assert all(((ids == i) == (label_map == i)).all() for i in things)
