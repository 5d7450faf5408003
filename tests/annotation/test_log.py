"""The annotation as a log: what follows from interactions, undo and redo, and the way to JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.annotation import (
    AddRegion,
    Annotation,
    AnnotationError,
    DeleteRegion,
    DrawScribble,
    FillRest,
    ImportMask,
    LabelRegion,
    Mask,
    MovePoints,
    Region,
    Scribble,
)
from fullcanvas.annotation.entries import new_region, size_of
from tests.annotation.strategies import interactions, logs

POINTS = ((1, 5), (9, 6), (4, 2), (5, 8))
SCHEMA = json.loads(resources.files("fullcanvas.annotation").joinpath("schema.json").read_text())


@pytest.fixture
def log() -> Annotation:
    """Region 1, labelled and scribbled on, and region 2."""
    return (
        Annotation(20, 10, model="abc")
        .add_region(POINTS, "cat")
        .scribble([(3, 3), (4.7, 5.2)], region=1)
        .add_region([(10, 0), (19, 9), (12, 0), (13, 9)])
    )


@pytest.mark.parametrize("size", [(0, 10), (20, -1), (20.0, 10), ("20", 10), (20, None)])
def test_a_photo_has_a_width_and_a_height(size):
    with pytest.raises(AnnotationError, match=r"(width|height) is a whole number of 1 or more, not"):
        Annotation(*size)


def test_a_size_may_be_numpys(log):
    height, width = np.array([10, 20])
    assert json.dumps(Annotation(width, height).to_json()) == json.dumps(Annotation(20, 10).to_json())


def test_regions_hold_what_was_said(log):
    assert list(log.regions) == [1, 2]
    assert log.regions[1] == Region(1, POINTS, (Scribble(((3, 3), (4, 5))),), "cat")
    assert log.regions[2].label is None
    assert log.regions[2].scribbles == ()


def test_moving_points_keeps_scribbles_and_label(log):
    moved = log.move_points(1, [(0, 5), (9, 6), (4, 2), (5, 8)]).regions[1]
    assert moved == Region(1, ((0, 5), (9, 6), (4, 2), (5, 8)), log.regions[1].scribbles, "cat")


def test_labels_can_change_and_go(log):
    assert log.label(2, "dog").regions[2].label == "dog"
    assert log.label(1, None).regions[1].label is None


def test_deleting_takes_only_that_region(log):
    assert log.delete(1).regions == {2: log.regions[2]}


def test_a_log_never_changes(log):
    before = json.dumps(log.to_json())
    log.delete(1).add_region(POINTS)
    assert json.dumps(log.to_json()) == before


def test_entries_are_what_was_called(log):
    grown = log.move_points(1, POINTS).label(2, "dog").delete(1)
    assert [type(entry) for entry in grown.entries] == [
        AddRegion, DrawScribble, AddRegion, MovePoints, LabelRegion, DeleteRegion,
    ]  # fmt: skip


def test_undo_and_redo_walk_the_log(log):
    undone = log.undo().undo()
    assert undone.regions == {1: Region(1, POINTS, (), "cat")}
    assert undone.can_redo
    assert undone.redo().redo() == log
    assert not log.can_redo


def test_an_entry_is_known_by_any_whole_number_and_by_nothing_else(log):
    assert json.loads(json.dumps(log.go(np.int64(2)).to_json())) == log.go(2).to_json()
    for cursor in (4, -1, 1.0, "1", None):
        with pytest.raises(AnnotationError, match="there is no entry"):
            log.go(cursor)


def test_undo_and_redo_stop_at_the_ends(log):
    empty = Annotation(20, 10)
    assert empty.undo() is empty
    assert not empty.can_undo
    assert log.redo() is log


def test_a_new_interaction_takes_the_place_of_the_undone_ones(log):
    grown = log.undo().undo().label(1, "dog")
    assert [entry.kind for entry in grown.in_force] == ["add_region", "label"]
    assert not grown.can_redo


def test_ids_are_not_reused_after_undo(log):
    assert list(log.undo().add_region(POINTS).regions) == [1, 3]
    with pytest.raises(AnnotationError, match="region id 2 was used before; the next one is 3"):
        log.undo().append(AddRegion(2, POINTS))


def test_ids_are_not_reused_after_deletion(log):
    assert list(log.delete(2).add_region(POINTS).regions) == [1, 3]


def test_ids_are_not_reused_after_undo_and_a_restart(log):
    reopened = Annotation.from_json(json.loads(json.dumps(log.undo().delete(1).to_json())))
    assert reopened.next_region == 3


def test_ids_end_where_label_maps_do(log):
    full = replace(log, next_region=2**31 - 1).add_region(POINTS)
    assert Annotation.from_json(full.to_json()) == full
    with pytest.raises(AnnotationError, match="region ids end at 2147483647: no region can be added"):
        full.add_region(POINTS)


def test_a_log_put_together_by_hand_cannot_add_a_region_twice():
    twice = Annotation(20, 10, (AddRegion(1, POINTS), AddRegion(1, POINTS)), cursor=2)
    with pytest.raises(AnnotationError, match="region 1 exists already"):
        _ = twice.regions


@given(st.data(), logs())
def test_undo_returns_what_was_there_and_redo_what_came(data, log):
    after = data.draw(interactions(log))
    if after.cursor == log.cursor + 1 and not log.can_redo:
        assert after.undo().regions == log.regions
        assert after.undo().redo() == after


@given(logs())
def test_regions_follow_from_the_entries_alone(log):
    """The shortcut that spares a new log the fold over its entries changes nothing."""
    fresh = replace(log)
    assert list(fresh.regions.items()) == list(log.regions.items())
    assert fresh.in_force == log.in_force


@given(logs())
def test_a_log_weighs_what_its_entries_weigh_in_force_or_not(log):
    weight = sum(map(size_of, log.entries))
    for same in (log, log.undo(), Annotation.from_json(log.to_json())):
        assert same.size == weight
    assert log.append(FillRest()).size == weight + size_of(FillRest())


def test_entries_weigh_more_with_more_points_and_longer_masks():
    short, long = DrawScribble(1, ((1, 1),)), DrawScribble(1, ((1, 1), (2, 2)))
    assert 0 < size_of(FillRest()) < size_of(short) < size_of(long)
    plain, striped = np.zeros((2, 10, 20), np.bool_)
    plain[0, 0], striped[:, ::2] = True, True
    assert size_of(ImportMask(1, Mask.of(plain))) < size_of(ImportMask(1, Mask.of(striped)))


@given(logs())
def test_no_id_is_ever_used_twice(log):
    added = [made for entry in log.entries if (made := new_region(entry)) is not None]
    assert len(set(added)) == len(added)
    assert all(region < log.next_region for region in added)


@given(logs())
def test_json_round_trip_is_exact(log):
    text = json.dumps(log.to_json())
    read = Annotation.from_json(json.loads(text))
    assert read == log
    assert read.regions == log.regions
    assert json.dumps(read.to_json()) == text


@given(logs())
def test_json_follows_its_schema(log):
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(log.to_json())))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


MALFORMED = {
    "no version": ({"version": None}, "version is a whole number"),
    "another version": ({"version": 5}, "not an annotation of version 1 to 4"),
    "width of nothing": ({"width": 0}, "width is a whole number of 1 or more"),
    "height in halves": ({"height": 9.5}, "height is a whole number of 1 or more"),
    "height that is true": ({"height": True}, "height is a whole number of 1 or more"),
    "entries of another type": ({"entries": {}}, "a list of entries"),
    "model of another type": ({"model": 5}, "names its model by a hash"),
    "cursor before the start": ({"cursor": -1}, "cursor is a whole number of 0 or more"),
    "cursor in halves": ({"cursor": 0.5}, "cursor is a whole number of 0 or more"),
    "a next region beyond all label maps": ({"next_region": 2**31 + 1}, "next_region is at most 2147483648"),
    "no next region": ({"next_region": None}, "next_region is a whole number"),
    "a fork that is no pair": ({"forks": [5]}, "forks are a list of pairs"),
    "forks of another type": ({"forks": {}}, "forks are a list of pairs"),
    "a tip in halves": ({"tip": 0.5}, "ends in 0.5"),
    "a field too many": ({"colour": "red"}, "no fields ['colour']"),
    "an entry that is none": ({"entries": [5]}, "an entry is an object with a kind"),
    "an entry without kind": ({"entries": [{"region": 1}]}, "an entry is an object with a kind"),
    "an unknown kind": ({"entries": [{"kind": "smudge", "region": 1}]}, "unknown kind of entry 'smudge'"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_logs_are_refused_by_reader_and_schema(log, change, message):
    data = json.loads(json.dumps({**log.to_json(), **change}))
    with pytest.raises(AnnotationError) as refused:
        Annotation.from_json(data)
    assert message in str(refused.value)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(data)


FOUR = [list(point) for point in POINTS]
MALFORMED_ENTRIES = {
    "no points": ({"kind": "add_region", "region": 3}, "has the fields"),
    "a field too many": ({"kind": "delete", "region": 1, "why": "x"}, "has the fields ['region'], not"),
    "no label": ({"kind": "label", "region": 1}, "has the fields ['label', 'region']"),
    "three points": ({"kind": "add_region", "region": 3, "extreme_points": FOUR[:3]}, "not 3"),
    "five points": ({"kind": "move_points", "region": 1, "extreme_points": FOUR + FOUR[:1]}, "not 5"),
    "points of another type": ({"kind": "scribble", "region": 1, "points": 7}, "points are a list of pairs"),
    "a point of three": ({"kind": "scribble", "region": 1, "points": [[1, 2, 3]]}, "a point is a pair"),
    "a point of text": ({"kind": "scribble", "region": 1, "points": [["1", "2"]]}, "a point is a pair"),
    "a point that is true": ({"kind": "scribble", "region": 1, "points": [[1, True]]}, "a point is a pair"),
    "a point left of the image": ({"kind": "scribble", "region": 1, "points": [[-1, 2]]}, "lies outside"),
    "masks of another type": ({"kind": "keep", "regions": [1], "masks": "0"}, "masks of texts"),
    "finished pixels of no region": ({"kind": "keep", "regions": [], "masks": []}, "at least one region"),
    "a stroke of no points": ({"kind": "scribble", "region": 1, "points": []}, "at least one point"),
    "a region id of nothing": ({"kind": "delete", "region": 0}, "a region id is a whole number"),
    "a region id beyond label maps": ({"kind": "delete", "region": 2**31}, "1 to 2147483647, not 2147483648"),
    "a region id of text": ({"kind": "delete", "region": "1"}, "a region id is a whole number"),
    "an empty label": ({"kind": "label", "region": 1, "label": ""}, "a label is a name"),
    "a blank label": ({"kind": "label", "region": 1, "label": "  "}, "a label is a name"),
    "a label too long": ({"kind": "label", "region": 1, "label": "x" * 201}, "a label is a name"),
    "a label of another type": ({"kind": "label", "region": 1, "label": 5}, "a label is a name"),
    "a brush of nothing": ({"kind": "paint", "region": 1, "points": [[1, 1]], "radius": 0}, "brush"),
    "a brush too wide": ({"kind": "paint", "region": 1, "points": [[1, 1]], "radius": 10001}, "radius is a"),
    "a brush wider than any number": (
        {"kind": "paint", "region": 1, "points": [[1, 1]], "radius": 10**400},
        "radius is a number above 0",
    ),
    "a brush of text": ({"kind": "paint", "region": 1, "points": [[1, 1]], "radius": "5"}, "brush"),
    "a brush that is true": ({"kind": "paint", "region": 1, "points": [[1, 1]], "radius": True}, "radius is"),
    "erase of a number": (
        {"kind": "paint", "region": 1, "points": [[1, 1]], "radius": 1, "erase": 1},
        "erase is true or false",
    ),
    "a brush without points": ({"kind": "paint", "region": 1, "radius": 1}, "has the fields"),
    "a merge with nobody": ({"kind": "merge", "region": 1, "others": []}, "at least one other"),
    "a merge with one twice": ({"kind": "merge", "region": 1, "others": [2, 2]}, "none of them twice"),
    "a merge with a number": ({"kind": "merge", "region": 1, "others": 2}, "masks of texts, not 2"),
    "a fill of a region": ({"kind": "fill", "region": 1}, "has the fields [], not ['region']"),
    "a mask of numbers": ({"kind": "import_mask", "region": 3, "mask": [5]}, "a mask is a text of"),
    "a mask of other signs": ({"kind": "import_mask", "region": 3, "mask": "p"}, "COCO's compressed form"),
    "a mask of nothing": ({"kind": "import_mask", "region": 3, "mask": ""}, "COCO's compressed form"),
    "a split of one": ({"kind": "split", "region": 1, "new_region": 3, "part": "06"}, "has the fields"),
}  # fmt: skip


@pytest.mark.parametrize(("entry", "message"), MALFORMED_ENTRIES.values(), ids=MALFORMED_ENTRIES.keys())
def test_malformed_entries_are_refused_by_reader_and_schema(log, entry, message):
    data = json.loads(json.dumps(log.to_json()))
    data["entries"].append(entry)
    with pytest.raises(AnnotationError) as refused:
        Annotation.from_json(data)
    assert message in str(refused.value)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(data)


ADDED = {"kind": "add_region", "region": 1, "extreme_points": FOUR}
CONTRADICTIONS = {
    "a cursor past the end": ({"cursor": 4}, "the cursor is at 4, past the last of 3 entries"),
    "a fork of nothing": ({"forks": [[3, 2]]}, "a fork joins an entry to one before its predecessor"),
    "a fork to what comes later": ({"forks": [[2, 3]]}, "a fork joins an entry to one before"),
    "a fork past the end": ({"forks": [[9, 1]]}, "a fork joins an entry to one before"),
    "a fork to nowhere": ({"forks": [[3, -1]]}, "a fork joins an entry to one before"),
    "a tip that has a follower": ({"tip": 2}, "no branch but the newest ends in 2"),
    "a tip past the end": ({"tip": 9}, "ends in 9"),
    "a cursor on another branch": ({"forks": [[3, 1]], "cursor": 2}, "no branch through entry 2"),
    "a next region that was used": ({"next_region": 2}, "next_region is a whole number of 3 or more"),
    "an unknown region": ({"entries": [{"kind": "delete", "region": 9}]}, "there is no region 9"),
    "a region twice": (
        {"entries": [{"kind": "add_region", "region": 1, "extreme_points": FOUR}] * 2},
        "region id 1 was used before",
    ),
    "a point outside": (
        {"entries": [{"kind": "add_region", "region": 1, "extreme_points": [*FOUR[:3], [5, 10]]}]},
        "lies outside the image of 20 x 10 pixels",
    ),
    "a merge with itself": (
        {"entries": [ADDED, {"kind": "merge", "region": 1, "others": [1]}]},
        "none of them twice",
    ),
    "a merge with nobody there": (
        {"entries": [ADDED, {"kind": "merge", "region": 1, "others": [8]}]},
        "there is no region 8",
    ),
    "paint of nobody": (
        {"entries": [{"kind": "paint", "region": 1, "points": [[1, 1]], "radius": 2}]},
        "there is no region 1",
    ),
    "a mask of another size": (
        {"entries": [{"kind": "import_mask", "region": 1, "mask": "06"}]},
        "do not fill 20 x 10 pixels",
    ),
    "a mask without pixels": (
        {"entries": [{"kind": "import_mask", "region": 1, "mask": "X6"}]},
        "a mask without pixels is no region",
    ),
    "a mask that does not end": (
        {"entries": [{"kind": "import_mask", "region": 1, "mask": "P"}]},
        "COCO's compressed form",
    ),
    "a mask of enormous runs": (
        {"entries": [{"kind": "import_mask", "region": 1, "mask": "P" * 12 + "1"}]},
        "COCO's compressed form",
    ),
    "a split that reuses an id": (
        {"entries": [ADDED, {"kind": "split", "region": 1, "new_region": 1, "part": "0X6", "rest": "0X6"}]},
        "region id 1 was used before",
    ),
}


def test_a_log_may_hold_regions_of_one_pixel_and_is_read_again():
    """As data sets do; a person who marks one has slipped."""
    pixel = ((3, 3),) * 4
    log = Annotation(20, 10).append(AddRegion(1, POINTS)).append(AddRegion(2, pixel))
    log = log.append(MovePoints(1, pixel))
    assert Annotation.from_json(log.to_json()) == log


@pytest.mark.parametrize(("change", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_what_no_schema_can_say_is_checked_too(log, change, message):
    with pytest.raises(AnnotationError) as refused:
        Annotation.from_json({**log.to_json(), **change})
    assert message in str(refused.value)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_should_not_hold_are_refused(log, literal):
    text = json.dumps(log.to_json()).replace("[[3, 3], [4, 5]]", f"[[3, {literal}]]")
    with pytest.raises(AnnotationError, match="is not finite"):
        Annotation.from_json(json.loads(text))


@pytest.mark.parametrize("data", [None, [], '{"version": 4}', 1])
def test_what_is_no_object_is_no_log(data):
    with pytest.raises(AnnotationError, match=r"an annotation is an object, as json\.loads reads it, not "):
        Annotation.from_json(data)


HALF = np.arange(20)[None].repeat(10, 0) < 10


@pytest.mark.parametrize(
    "interact",
    [
        lambda log, id_: log.scribble([(1, 1)], region=id_),
        lambda log, id_: log.move_points(id_, POINTS),
        lambda log, id_: log.label(id_, "cow"),
        lambda log, id_: log.delete(id_),
        lambda log, id_: log.paint([(1, 1)], region=id_, radius=2),
        lambda log, id_: log.merge(id_, [id_ + 1]),
        lambda log, id_: log.split(id_, part=HALF, rest=~HALF),
    ],
)
def test_ids_read_from_a_label_map_are_ids(log, interact):
    labels = np.full((10, 20), 1, np.int32)
    said = interact(log, labels[5, 5])
    assert Annotation.from_json(json.loads(json.dumps(said.to_json()))) == said == interact(log, 1)


@pytest.mark.parametrize(
    "interact",
    [
        lambda log: log.scribble([(1, 1)], region=7),
        lambda log: log.move_points(7, POINTS),
        lambda log: log.label(7, "cat"),
        lambda log: log.delete(7),
        lambda log: log.delete(2).scribble([(1, 1)], region=7),
    ],
)
def test_interactions_with_unknown_regions_are_refused(log, interact):
    with pytest.raises(AnnotationError, match="there is no region 7"):
        interact(log)


@pytest.mark.parametrize(
    ("interact", "message"),
    [
        (lambda log: log.add_region(POINTS[:3]), "four extreme points, not 3"),
        (lambda log: log.add_region([(4, 4)] * 4), "no area"),
        (lambda log: log.add_region([*POINTS[:3], (20, 0)]), "lies outside"),
        (lambda log: log.add_region([*POINTS[:3], (float("nan"), 0)]), "not finite"),
        (lambda log: log.add_region(POINTS, ""), "a label is a name"),
        (lambda log: log.scribble([], region=1), "at least one point"),
        (lambda log: log.scribble([(0, float("inf"))], region=1), "not finite"),
        (lambda log: log.scribble(None, region=1), "points are pairs"),
        (lambda log: log.scribble([(1, 1)], region="1"), "no region '1'; those there are: 1, 2$"),
        (lambda log: log.delete([1]), r"no region \[1\]"),
        (lambda log: log.merge(1, 2), "a merge takes a list of other regions, not 2$"),
        (lambda log: log.merge(1, None), "a list of other regions, not None$"),
        (lambda log: log.import_mask(HALF * 255), r"bool \[H, W\] \(`numbers > 0`\), not int64 of 10 x 20"),
        (lambda log: log.keep(HALF), "whole numbers .*, not bool of 10 x 20"),
        (lambda log: log.keep(HALF[None] * 1), "whole numbers .*, not int64 of 1 x 10 x 20"),
        (lambda log: log.keep(HALF.tolist()), "whole numbers .*, not list"),
        (lambda log: log.move_points(1, POINTS * 2), "four extreme points, not 8"),
        (lambda log: log.label(1, "x" * 201), "a label is a name"),
    ],
)
def test_interactions_that_cannot_be_are_refused(log, interact, message):
    with pytest.raises(AnnotationError, match=message):
        interact(log)
