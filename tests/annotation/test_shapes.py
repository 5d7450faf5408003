"""Paint, merges, fills, imported masks and splits in the log, stepping through it, and its words."""

from __future__ import annotations

import numpy as np
import pytest
from hotcoco import mask as coco_mask
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.annotation import Annotation, AnnotationError, Mask, Scribble
from fullcanvas.annotation.history import history
from fullcanvas.annotation.mask import compress, expand
from fullcanvas.canvas.boxes import box_of_points, hull
from tests.annotation.strategies import extreme_points, logs, masks

LEFT = ((1, 5), (6, 6), (4, 2), (5, 8))
RIGHT = ((10, 4), (19, 5), (12, 0), (13, 9))


def square(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros((10, 20), np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def log() -> Annotation:
    return Annotation(20, 10).add_region(LEFT).add_region(RIGHT, "cat")


@given(st.data(), st.integers(1, 12), st.integers(1, 12))
def test_masks_are_coco_run_lengths_exact_to_the_pixel(data, width, height):
    mask = data.draw(masks(width, height))
    pixels = mask.pixels
    runs = coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
    text = runs["counts"]
    assert mask.counts == (text.decode() if isinstance(text, bytes) else text)
    assert Mask.of(pixels) == mask
    start = data.draw(st.integers(0, width - 1))
    stop = data.draw(st.integers(start + 1, width))
    np.testing.assert_array_equal(mask.columns(start, stop), pixels[:, start:stop])


@given(st.data(), st.integers(1, 12), st.integers(1, 12))
def test_extreme_points_of_a_mask_lie_in_it_and_on_its_box(data, width, height):
    mask = data.draw(masks(width, height))
    ys, xs = np.nonzero(mask.pixels)
    left, right, top, bottom = mask.extreme_points
    assert all(mask.pixels[y, x] for x, y in mask.extreme_points)
    assert (left[0], right[0], top[1], bottom[1]) == (xs.min(), xs.max(), ys.min(), ys.max())


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 999))
def test_each_region_of_a_label_map_has_the_mask_of_its_own(width, height, seed):
    labels = np.random.default_rng(seed).integers(-1, 4, (height, width), np.int32)
    found = Mask.each(labels)
    assert found == {value: Mask.of(labels == value) for value in set(labels.ravel().tolist())}


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=12))
def test_run_lengths_of_any_size_come_back(runs):
    np.testing.assert_array_equal(expand(compress(np.array(runs, np.int64))), runs)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((10, 20), np.bool_), "a mask without pixels"),
        (np.ones((10, 20)), r"a NumPy array, bool \[H, W\]"),
        (np.ones(10, np.bool_), r"a NumPy array, bool \[H, W\]"),
        (np.ones((20, 10), np.bool_), "the mask has 10 x 20 pixels, the image 20 x 10"),
        ("06", "a NumPy array"),
    ],
)
def test_what_is_no_mask_of_the_photo_is_refused(log, mask, message):
    with pytest.raises(AnnotationError, match=message):
        log.import_mask(mask)


def test_an_imported_mask_gives_extreme_points_until_the_region_is_corrected(log):
    imported = log.import_mask(square(3, 2, 8, 7), "sky")
    region = imported.regions[3]
    assert region.extreme_points == ((3, 4), (7, 4), (5, 2), (5, 6))
    assert region.label == "sky"
    assert region.mask == Mask.of(square(3, 2, 8, 7))
    assert imported.paint([(1, 1)], region=3, radius=2).label(3, "sea").regions[3].mask is not None
    assert imported.scribble([(1, 1)], region=3).regions[3].mask is None
    moved = imported.move_points(3, LEFT).regions[3]
    assert (moved.mask, moved.extreme_points, moved.label) == (None, LEFT, "sky")


def test_a_merged_region_has_parts_and_spans_them(log):
    merged = log.merge(1, [2])
    region = merged.regions[1]
    assert list(merged.regions) == [1]
    assert (region.label, [part.id for part in region.parts]) == ("cat", [1, 2])
    assert region.extreme_points == (LEFT[0], RIGHT[1], RIGHT[2], RIGHT[3])
    assert merged.leaves == {1: log.regions[1], 2: merged.leaves[2]}
    assert merged.undo().regions == log.regions
    three = merged.add_region(LEFT, "dog").merge(3, [1])
    assert [part.id for part in three.regions[3].parts] == [3, 1, 2]
    assert three.regions[3].label == "dog"


@given(st.lists(extreme_points(20, 10), min_size=2, max_size=3))
def test_a_merged_regions_box_holds_those_of_its_parts(given_points):
    log = Annotation(20, 10)
    for four in given_points:
        log = log.add_region(four)
    boxes = [box_of_points(region.extreme_points) for region in log.regions.values()]
    (merged,) = log.merge(1, list(log.regions)[1:]).regions.values()
    assert box_of_points(merged.extreme_points) == hull(boxes)
    left, right, top, bottom = merged.extreme_points
    assert (left[0], top[1], right[0] + 1, bottom[1] + 1) == hull(boxes)


@pytest.mark.parametrize(("start", "part"), [((12, 3), 1), ((2, 5), 0), ((8, 5), 0), ((9, 5), 1)])
def test_a_scribble_grows_the_part_in_which_it_starts_or_the_nearest(log, start, part):
    region = log.merge(1, [2]).scribble([start, (8, 8)], region=1).regions[1]
    assert [len(each.scribbles) for each in region.parts] == [1 - part, part]
    assert region.scribbles == (Scribble((start, (8, 8))),)


def test_the_nearest_part_is_so_in_a_straight_line():
    log = Annotation(20, 10).add_region([(0, 1), (2, 1), (1, 0), (1, 2)])
    log = log.add_region([(6, 2), (9, 2), (7, 1), (7, 4)]).merge(1, [2])
    parts = (
        log.scribble([(2, 8)], region=1).regions[1].parts
    )  # 6 down from one; 4 across and 4 down from the other
    assert [len(part.scribbles) for part in parts] == [0, 1]


def test_of_nested_parts_the_smaller_grows():
    log = Annotation(20, 10).add_region([(0, 0), (19, 9), (3, 0), (3, 9)]).add_region(LEFT).merge(1, [2])
    assert [len(part.scribbles) for part in log.scribble([(4, 4)], region=1).regions[1].parts] == [0, 1]


def test_a_parts_scribbles_reach_out_as_its_points_do():
    log = Annotation(20, 10).add_region([(0, 4), (4, 4), (2, 0), (2, 9)])
    log = log.add_region([(15, 4), (19, 4), (17, 0), (17, 9)]).scribble([(16, 5), (8, 5)], region=2)
    grown = log.merge(1, [2]).scribble([(7, 5)], region=1)
    assert [len(part.scribbles) for part in grown.regions[1].parts] == [0, 2]


def test_moved_points_make_one_layer_of_a_merged_region(log):
    moved = log.scribble([(11, 3)], region=2).merge(1, [2]).move_points(1, RIGHT)
    assert list(moved.leaves) == [1]
    assert moved.regions[1].scribbles == (Scribble(((11, 3),)),)
    assert moved.regions[1].label == "cat"


def test_a_split_makes_two_regions_of_one_label(log):
    split = log.split(2, part=square(15, 0, 20, 10), rest=square(10, 0, 15, 10))
    assert list(split.regions) == [1, 2, 3]
    assert [split.regions[id_].label for id_ in (2, 3)] == ["cat", "cat"]
    assert split.regions[2].extreme_points[1][0] == 14
    assert split.regions[3].extreme_points[0][0] == 15
    assert split.undo().regions == log.regions
    with pytest.raises(AnnotationError, match="there is no region 9"):
        log.split(9, part=square(0, 0, 1, 1), rest=square(1, 1, 2, 2))


def test_finished_pixels_stay_until_a_region_is_corrected(log):
    finished = np.zeros((10, 20), np.int32)
    finished[0:4, 2:9] = 1
    kept = log.scribble([(3, 3)], region=1).keep(finished)
    region = kept.regions[1]
    assert (region.mask, kept.regions[2]) == (Mask.of(finished == 1), log.regions[2])
    # What was said of it stays, and its box holds the mask as well.
    assert region.extreme_points == ((1, 5), (8, 1), (5, 0), (5, 8))
    assert region.scribbles == (Scribble(((3, 3),)),)
    corrected = kept.scribble([(4, 4)], region=1).regions[1]
    assert (corrected.mask, len(corrected.scribbles)) == (None, 2)
    assert kept.undo().regions[1].mask is None
    assert log.keep(np.zeros((10, 20), np.int32)) == log
    # A merged region is one again.
    whole = log.merge(1, [2]).keep(finished)
    assert list(whole.leaves) == [1]
    assert whole.regions[1].label == "cat"


def test_finished_pixels_are_those_of_regions_that_are_there(log):
    with pytest.raises(AnnotationError, match="there is no region 3"):
        log.keep(np.full((10, 20), 3, np.int32))
    with pytest.raises(AnnotationError, match="the mask has 10 x 20 pixels"):
        log.keep(np.ones((20, 10), np.int32))
    twice = log.keep(np.ones((10, 20), np.int32)).to_json()
    twice["entries"][-1]["regions"] *= 2
    twice["entries"][-1]["masks"] *= 2
    with pytest.raises(AnnotationError, match="each named once"):
        Annotation.from_json(twice)


def test_filling_is_a_state_that_can_be_undone(log):
    assert not log.filled
    assert log.fill().delete(1).filled
    assert not log.fill().undo().filled


def test_stepping_goes_anywhere_and_keeps_the_rest(log):
    assert log.go(1).regions == {1: log.regions[1]}
    assert log.go(0).go(2) == log
    for cursor in (-1, 3):
        with pytest.raises(AnnotationError, match=f"there is no entry {cursor}: the log's are 1 to 2"):
            log.go(cursor)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_logs_of_earlier_versions_are_read(version):
    log = Annotation(20, 10).add_region(LEFT).scribble([(3, 3)], region=1).undo()
    data = {**log.to_json(), "version": version}
    del data["forks"], data["tip"]
    read = Annotation.from_json(data)
    assert read == log
    assert read.to_json()["version"] == 4


def test_the_history_in_words(log):
    log = (
        log.scribble([(3, 3)], region=1)
        .label(1, "{sky}")
        .label(1, None)
        .move_points(2, RIGHT)
        .paint([(3, 3)], region=2, radius=2)
        .paint([(3, 3)], region=2, radius=2, erase=True)
        .import_mask(square(0, 0, 3, 3))
        .merge(2, [1, 3])
        .split(2, part=square(15, 0, 20, 10), rest=square(10, 0, 15, 10))
        .fill()
        .keep(square(15, 0, 20, 10) * np.int32(4))
        .delete(2)
        .undo()
    )
    steps = history(log)
    assert [step.text for step in steps] == [
        "Added region 1",
        "Added region 2 (cat)",
        "Grew region 1 with a scribble",
        "Labelled region 1 {sky}",
        "Took the label from region 1 ({sky})",
        "Moved the extreme points of region 2 (cat)",
        "Brushed pixels into region 2 (cat)",
        "Brushed pixels out of region 2 (cat)",
        "Imported region 3",
        "Merged region 1, region 3 into region 2 (cat)",
        "Split region 4 off region 2 (cat)",
        "Filled what was unassigned",
        "Reopened with the finished pixels",
        "Deleted region 2 (cat)",
    ]
    assert [step.in_force for step in steps] == [True] * 13 + [False]
    assert [(step.region, step.label) for step in steps[8:]] == [
        (3, None), (2, "cat"), (4, "cat"), (None, None), (None, None), (2, "cat"),
    ]  # fmt: skip
    assert log.go(steps[1].cursor).regions.keys() == {1, 2}


@given(logs())
def test_every_log_has_a_history(log):
    steps = history(log)
    assert [step.cursor for step in steps] == list(range(1, len(log.entries) + 1))
    assert [log.entries[step.cursor - 1] for step in steps if step.in_force] == list(log.in_force)
