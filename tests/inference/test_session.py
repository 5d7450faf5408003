from copy import copy, deepcopy

import numpy as np
import pytest
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation, AnnotationError, Mask
from fullcanvas.canvas.scene import Scene
from fullcanvas.inference import ModelError, Segmenter, Session
from tests.inference.conftest import photo
from tests.inference.reference import from_scratch

LEFT = [(2, 30), (35, 28), (20, 5), (18, 55)]
RIGHT = [(30, 30), (85, 28), (60, 5), (58, 55)]
CORNER = [(70, 3), (88, 2), (80, 0), (80, 10)]


@pytest.fixture
def session(segmenter, image):
    return segmenter.open(image)


@pytest.fixture
def batches(segmenter, monkeypatch):
    """The sizes of all batches that the head answers from now on."""
    sizes = []
    run = segmenter._head.run

    def counted(inputs, cancellation=None):
        sizes.append(len(inputs["geometry"]))
        return run(inputs, cancellation)

    monkeypatch.setattr(segmenter._head, "run", counted)
    return sizes


def test_a_new_session_is_unassigned_everywhere(session):
    assert session.label_map.shape == session.display.shape == (60, 90)
    assert session.label_map.dtype == np.int32
    assert not session.label_map.any()
    assert (session.uncertainty == 1).all()


def test_regions_get_ids_and_pixels(session):
    assert [session.add_region(LEFT), session.add_region(RIGHT, "cat")] == [1, 2]
    assert session.annotation.regions[2].label == "cat"
    labels = session.label_map
    assert set(np.unique(labels)) == {0, 1, 2}
    assert (labels[5:56, 2:30] == 1).all()
    assert (labels[5:56, 36:86] == 2).all()
    assert not labels[:5].any()
    unsure = session.uncertainty
    assert (unsure[5:56, 2:30] == 0).all()
    assert (unsure[0] == 1).all()
    assert 0 < unsure[20, 32] <= 1


def test_positions_and_regions_come_in_arrays(session: Session) -> None:
    """As people have them; type checkers know it, too."""
    points: NDArray[np.float32] = np.array(LEFT, np.float32)
    left, right = session.add_region(points), session.add_region(map(tuple, RIGHT))
    regions: NDArray[np.int32] = np.unique(session.label_map[20, 10:80])
    session.scribble(points[[0, 2]], region=regions[-1])
    session.paint(points[:1], region=left, radius=3)
    session.move_points(right, np.array(RIGHT))
    assert session.region_at(points[0]) == left
    session.merge(left, regions[regions > 1])
    assert list(session.annotation.regions) == [left]
    assert session.annotation == Annotation.from_json(session.annotation.to_json())


def test_a_patch_turns_the_old_display_into_the_new_one(session):
    session.add_region(LEFT)
    session.add_region(RIGHT)
    before = session.display.copy()
    patch = session.scribble([(10, 30), (33, 30)], region=1)
    assert patch.labels.shape == (patch.y1 - patch.y0, patch.x1 - patch.x0)
    assert patch.labels.dtype == np.int32
    before[patch.y0 : patch.y1, patch.x0 : patch.x1] = patch.labels
    np.testing.assert_array_equal(before, session.display)
    back = session.undo()
    before[back.y0 : back.y1, back.x0 : back.x1] = back.labels
    np.testing.assert_array_equal(before, session.display)


@pytest.mark.parametrize("way", [copy, deepcopy])
def test_a_copy_of_a_session_goes_its_own_way(session, way):
    session.add_region(LEFT)
    session.add_region(RIGHT)
    before = session.display
    other = way(session)
    np.testing.assert_array_equal(other.display, before)
    other.delete(2)
    np.testing.assert_array_equal(session.display, before)
    session.undo()
    np.testing.assert_array_equal(session.display, other.display)
    assert len(other.annotation.entries) == 1 + len(session.annotation.entries)


def test_what_a_notebook_shows_fits_in_a_line(session, segmenter):
    assert repr(segmenter) == f"<Segmenter tiny, {segmenter.hash[:8]}>"
    assert repr(session) == "<Session: 90 x 60 pixels, regions: 0, unassigned: 100 %>"
    upper_half = [(0, 0), (89, 0), (0, 0), (0, 29)]
    session.add_region(upper_half)
    assert repr(session) == "<Session: 90 x 60 pixels, regions: 1, unassigned: 50 %>"
    for each in (session.undo(), session.embedding, Mask.of(np.arange(5400).reshape(60, 90) % 7 < 2)):
        assert len(repr(each)) < 250


def test_a_session_goes_to_any_entry_of_its_log(session):
    shown = [session.display]
    for points in (LEFT, RIGHT, CORNER):
        session.add_region(points)
        shown.append(session.display)
    for entry in (1, 3, 0, 2):
        session.go(entry)
        np.testing.assert_array_equal(session.display, shown[entry])
    assert session.unassigned == np.mean(session.display == 0)
    with pytest.raises(AnnotationError, match="no entry 4"):
        session.go(4)


@pytest.mark.parametrize("act", [Session.undo, Session.redo, lambda session: session.label(1, "dog")])
def test_what_changes_no_pixel_gives_an_empty_patch(session, batches, act):
    session.add_region(LEFT)
    if act is Session.undo:
        session.undo()
    batches.clear()
    patch = act(session)
    assert (patch.x0, patch.y0, patch.x1, patch.y1) == (0, 0, 0, 0)
    assert patch.labels.shape == (0, 0)
    assert batches == []


def test_a_scribble_belongs_to_its_region_and_the_later_one_wins(session):
    session.add_region(LEFT)
    session.add_region(RIGHT)
    session.scribble([(32, 10), (32, 50)], region=1)
    assert (session.label_map[10:51, 32] == 1).all()
    session.scribble([(31, 40), (34, 40)], region=2)
    assert session.label_map[40, 32] == 2
    assert session.label_map[30, 32] == 1
    assert (session.uncertainty[10:51, 32] == 0).all()


def test_a_scribble_on_ink_that_is_there_still_binds(session):
    session.add_region(LEFT)
    session.add_region(LEFT)
    loser = 3 - int(session.label_map[30, 2])
    session.scribble([(2, 30)], region=loser)
    assert session.label_map[30, 2] == loser
    assert session.uncertainty[30, 2] == 0


def test_a_click_on_an_extreme_point_leaves_ink_of_its_own(session, segmenter, image):
    session.add_region(LEFT)
    session.add_region(RIGHT)
    session.scribble([(85, 28)], region=2)
    session.move_points(2, [(30, 30), (75, 28), (60, 5), (58, 55)])
    assert_ink_as_if_opened_anew(session, segmenter, image)
    session = segmenter.open(image, session.annotation)
    session.undo()
    assert_ink_as_if_opened_anew(session, segmenter, image)


def assert_ink_as_if_opened_anew(session, segmenter, image):
    anew = segmenter.open(image, session.annotation)
    for part, kept in session._now.inks.items():
        np.testing.assert_array_equal(kept.counts, anew._now.inks[part].counts)


def test_a_scribble_without_a_region_grows_the_one_under_its_start(session):
    session.add_region(LEFT)
    session.add_region(RIGHT)
    session.scribble([(80, 30), (10, 30)])
    assert len(session.annotation.regions[2].scribbles) == 1
    assert session.label_map[30, 10] == 2


def test_a_scribble_that_starts_nowhere_says_so(session):
    session.add_region(LEFT)
    before = session.annotation
    with pytest.raises(AnnotationError, match=r"no region lies under \(89, 59\)"):
        session.scribble([(89, 59), (10, 30)])
    with pytest.raises(AnnotationError, match="at least one point"):
        session.scribble([])
    with pytest.raises(AnnotationError, match="outside the image"):
        session.scribble([(90, 0)])
    with pytest.raises(AnnotationError, match="no region 7"):
        session.scribble([(5, 5)], region=7)
    assert session.annotation is before


def test_a_region_without_pixels_can_still_grow(session):
    session.add_region([(10, 30), (12, 30), (11, 29), (11, 31)])
    for _ in range(3):
        session.add_region([(10, 30), (12, 30), (11, 29), (11, 31)])
    lost = set(session.annotation.regions) - set(np.unique(session.label_map).tolist())
    assert lost
    session.scribble([(50, 50)], region=min(lost))
    assert session.label_map[50, 50] == min(lost)


def test_the_encoder_runs_once(segmenter, image, monkeypatch):
    runs = []
    run = segmenter._encoder.run

    def counted(inputs):
        runs.append(inputs["image"].shape)
        return run(inputs)

    monkeypatch.setattr(segmenter._encoder, "run", counted)
    session = segmenter.open(image)
    session.add_region(LEFT)
    session.scribble([(10, 30), (33, 30)])
    session.undo()
    segmenter.open(image, session.annotation, embedding=session.embedding)
    assert runs == [(1, 3, 64, 96)]


def test_the_head_answers_only_for_regions_that_the_ink_touches(session, batches):
    session.add_region(LEFT)
    session.add_region(RIGHT)
    session.add_region(CORNER)
    batches.clear()
    session.scribble([(5, 30), (8, 30)], region=1)
    assert batches == [1]
    session.scribble([(32, 30), (33, 31)], region=1)
    assert batches == [1, 2]
    session.delete(3)
    session.undo()
    assert batches == [1, 2, 1, 2]


def test_a_region_far_from_all_others_comes_and_goes_alone(session, batches):
    session.add_region([(2, 10), (12, 10), (5, 8), (5, 14)])
    session.add_region([(70, 50), (85, 50), (80, 45), (80, 57)])
    batches.clear()
    session.delete(2)
    assert batches == []
    session.undo()
    assert batches == [1]


def test_without_shared_ink_a_scribble_asks_for_its_own_region_only(tmp_path, image):
    from tests.tiny_model import write_tiny_model

    alone = Segmenter.load(write_tiny_model(tmp_path / "alone.zip", shared=False))
    session = alone.open(image)
    session.add_region(LEFT)
    session.add_region(RIGHT)
    other = session._now.states[2]
    session.scribble([(32, 30), (33, 31)], region=1)
    assert session._now.states[2] is other


def test_opening_an_annotation_answers_in_one_batch_and_names_the_model(segmenter, image, batches):
    log = (
        Annotation(90, 60, model="of old")
        .add_region(LEFT)
        .add_region(RIGHT)
        .scribble([(10, 30), (33, 30)], region=1)
    )
    session = segmenter.open(image, log)
    assert batches == [2]
    assert session.annotation.model == segmenter.hash
    assert session.annotation.entries == log.entries
    answer = from_scratch(segmenter, session.embedding, log)
    assert not ((session.label_map != answer.labels) & ~answer.close).any()


@pytest.mark.parametrize("filled", [False, True])
def test_a_preview_is_what_would_be_answered_and_changes_nothing(
    segmenter, image, batches, filled, monkeypatch
):
    session = segmenter.open(image)
    session.add_region(LEFT)
    session.add_region(RIGHT)
    if filled:
        session.fill()
    log, before = session.annotation, session.display.copy()
    foreseen = log.scribble([(10, 30), (33, 30)], region=1)
    seen = session.preview(foreseen)
    assert seen.labels.size
    np.testing.assert_array_equal(session.display, before)
    assert session.annotation is log
    # Another one takes its place, and the head need not answer again for what was foreseen.
    session.preview(log.scribble([(10, 30), (50, 40)], region=1))
    seen = session.preview(foreseen)
    batches.clear()
    monkeypatch.setattr(Scene, "labels", lambda *_: pytest.fail("the regions compete again"))
    patch = session.apply(log.scribble([(10, 30), (33, 30)], region=1))
    assert batches == []
    monkeypatch.undo()
    assert (patch.x0, patch.y0, patch.x1, patch.y1) == (seen.x0, seen.y0, seen.x1, seen.y1)
    np.testing.assert_array_equal(patch.labels, seen.labels)
    again = segmenter.open(image, session.annotation, session.embedding)
    np.testing.assert_array_equal(session.label_map, again.label_map)


@pytest.mark.parametrize("go", [Session.apply, Session.preview])
def test_what_fails_on_the_way_leaves_the_session_as_it_was(session, go, monkeypatch):
    session.add_region(LEFT)
    log, shown, open_ = session.annotation, session.display, session.uncertainty
    with monkeypatch.context() as failing:
        failing.setattr(Scene, "labels", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            go(session, log.add_region(RIGHT))
    assert session.annotation is log
    assert session.display is shown
    np.testing.assert_array_equal(session.uncertainty, open_)
    assert 2 in session.apply(log.add_region(RIGHT)).labels


def test_what_is_kept_until_the_next_change_is_told(session):
    assert session.kept_bytes == 0
    assert session.label_map.nbytes == session.display.nbytes == session.kept_bytes == 90 * 60 * 4
    patch = session.preview(session.annotation.add_region(LEFT))
    assert session.kept_bytes == 90 * 60 * 4 + 2 * patch.labels.nbytes
    session.preview(session.annotation.add_region(LEFT).fill())
    assert session.kept_bytes == 3 * 90 * 60 * 4 + patch.labels.nbytes
    session.apply(session.annotation.add_region(LEFT).fill())
    assert session.kept_bytes == 0


def test_a_preview_of_no_change_is_empty(session):
    session.add_region(LEFT)
    assert session.preview(session.annotation.label(1, "cat")).labels.size == 0
    filled = session.preview(session.annotation.fill())
    assert (filled.labels > 0).all()
    assert not session.display.all()


def test_an_annotation_of_another_size_is_refused(segmenter, image):
    with pytest.raises(AnnotationError, match="61 x 60 pixels, this one has 90 x 60"):
        segmenter.open(image, Annotation(61, 60))


@pytest.mark.parametrize("change", ["apply", "preview"])
def test_what_is_no_annotation_is_refused(session, change):
    with pytest.raises(AnnotationError, match=r"not dict: Annotation\.from_json reads its JSON form"):
        getattr(session, change)(session.annotation.to_json())


def test_an_embedding_of_another_photo_or_model_is_refused(segmenter, image, tmp_path):
    from tests.tiny_model import write_tiny_model

    with pytest.raises(ValueError, match="another size"):
        segmenter.open(photo(30, 20), embedding=segmenter.encode(image))
    other = Segmenter.load(write_tiny_model(tmp_path / "other.zip", seed=1))
    with pytest.raises(ValueError, match="another model"):
        segmenter.open(image, embedding=other.encode(image))


def test_a_failing_answer_leaves_the_session_as_it_was(session, monkeypatch, segmenter):
    session.add_region(LEFT)
    annotation, labels = session.annotation, session.label_map

    def fail(inputs, cancellation):
        raise ModelError("out of order")

    with monkeypatch.context() as patch:
        patch.setattr(segmenter._head, "run", fail)
        with pytest.raises(ModelError, match="out of order"):
            session.scribble([(10, 10), (20, 20)], region=1)
    assert session.annotation is annotation
    np.testing.assert_array_equal(session.label_map, labels)
    session.scribble([(10, 10), (20, 20)], region=1)
    answer = from_scratch(segmenter, session.embedding, session.annotation)
    assert not ((session.label_map != answer.labels) & ~answer.close).any()


@pytest.mark.parametrize("filled", [False, True])
def test_a_region_between_the_pixels_of_the_display_is_on_the_full_map(segmenter, image, filled, monkeypatch):
    monkeypatch.setattr("fullcanvas.inference.session.display_size", lambda width, height: (15, 10))
    session = segmenter.open(image)
    if filled:
        session.fill()
    assert not session.label_map.any()
    session.add_region([(12, 12), (13, 12), (12, 12), (12, 13)])
    assert not session.display.any()
    assert session.label_map.sum() == (session.label_map[12:14, 12:14] == 1).sum() == 4
    session.undo()
    assert not session.label_map.any()


def test_a_box_that_shrinks_is_answered_anew_though_no_ink_in_it_changed(session, batches):
    session.add_region([(2, 10), (12, 10), (5, 8), (5, 14)])
    before, sure = session.label_map, session.uncertainty
    session.scribble([(80, 50)], region=1)
    assert session.label_map[50, 80] == 1
    batches.clear()
    session.undo()
    assert batches == [1]
    np.testing.assert_array_equal(session.label_map, before)
    np.testing.assert_array_equal(session.uncertainty, sure)


def test_maps_are_snapshots_that_cannot_be_written(session):
    session.add_region(LEFT)
    labels = session.label_map
    with pytest.raises(ValueError, match="read-only"):
        labels[0, 0] = 3
    kept = labels.copy()
    session.delete(1)
    np.testing.assert_array_equal(labels, kept)
    assert not session.label_map.any()


def test_what_changes_no_pixel_leaves_the_maps_as_they_are(session):
    session.add_region(LEFT)
    labels = session.label_map
    session.label(1, "cat")
    assert session.label_map is labels
    session.delete(1)
    assert session.label_map is not labels


def test_more_regions_than_a_batch_holds_get_the_same_answers(segmenter, image, batches, monkeypatch):
    log = Annotation(90, 60)
    for shift in range(5):
        log = log.add_region([(shift, 30), (35 + shift, 28), (20, 5), (18, 55)])
    whole = segmenter.open(image, log)
    monkeypatch.setattr("fullcanvas.inference.model.LARGEST_BATCH", 2)
    pieces = segmenter.open(image, log)
    assert batches == [5, 2, 2, 1]
    for id_, state in whole._now.states.items():
        np.testing.assert_allclose(pieces._now.states[id_].logits, state.logits, atol=1e-5)


def test_paint_gives_and_takes_pixels_and_asks_the_head_for_nothing(session, batches):
    session.add_region(LEFT)
    session.add_region(RIGHT)
    batches.clear()
    before = session.label_map
    patch = session.paint([(80, 50), (84, 50)], region=1, radius=2.0)
    assert (patch.x0, patch.y0, patch.x1, patch.y1) == (78, 48, 87, 53)
    changed = session.label_map != before
    assert (session.label_map[changed] == 1).all()
    assert session.label_map[50, 86] == 1
    session.paint([(82, 50)], region=1, radius=100, erase=True)
    assert session.label_map[50, 86] == 0
    assert not (session.label_map == 1).any()
    assert session.label_map[50, 82] == 2
    assert batches == []
    session.undo()
    session.undo()
    np.testing.assert_array_equal(session.label_map, before)


def test_moved_points_move_the_region_and_come_back(session):
    session.add_region(LEFT)
    before = session.label_map
    session.move_points(1, CORNER)
    ys, xs = np.nonzero(session.label_map)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (70, 88, 0, 10)
    session.undo()
    np.testing.assert_array_equal(session.label_map, before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_no_numbers_are_refused(session, segmenter, monkeypatch, value):
    run = segmenter._head.run

    def spoilt(inputs, cancellation):
        logits = run(inputs, cancellation)
        logits[0, 3, 4] = value
        return logits

    monkeypatch.setattr(segmenter._head, "run", spoilt)
    with pytest.raises(ModelError, match="not finite"):
        session.add_region(LEFT)
    assert not session.annotation.entries


def test_a_merge_changes_owners_alone(session, batches):
    session.add_region(LEFT)
    session.add_region(RIGHT, "cat")
    before = session.label_map
    batches.clear()
    session.merge(1, [2])
    assert batches == []
    np.testing.assert_array_equal(session.label_map, (before > 0).astype(np.int32))
    assert (session.uncertainty[before > 0] == 0).all()
    session.undo()
    np.testing.assert_array_equal(session.label_map, before)


def test_an_imported_mask_is_shown_exactly_until_it_is_corrected(session):
    session.add_region(RIGHT)
    ring = np.zeros((60, 90), np.bool_)
    ring[10:50, 20:70] = True
    ring[20:40, 30:60:2] = False
    region = session.import_mask(ring, "ring")
    np.testing.assert_array_equal(session.label_map == region, ring)
    assert session.annotation.regions[region].extreme_points[0] == (20, 29)
    session.paint([(40, 15)], region=region, radius=3, erase=True)
    assert (session.label_map == region).sum() == ring.sum() - 29
    session.scribble([(45, 12), (45, 13)], region=region)
    assert session.label_map[30, 30] != 0
    assert ((session.label_map == region) & ~ring).any()


def test_a_split_shows_what_was_seen_under_two_ids(session):
    session.add_region(LEFT, "cat")
    session.add_region(RIGHT)
    before = session.label_map
    part = session.split(1, [(0, 20), (40, 20)])
    assert part == 3
    assert session.annotation.regions[3].label == "cat"
    after = session.label_map
    np.testing.assert_array_equal(np.isin(after, [1, 3]), before == 1)
    np.testing.assert_array_equal(after == 2, before == 2)
    assert 0 < (after[:20] == 3).sum() == (after == 3).sum()
    with pytest.raises(AnnotationError, match="no region 9"):
        session.split(9, [(0, 20), (40, 20)])
    session.undo()
    np.testing.assert_array_equal(session.label_map, before)


def test_a_filled_photo_has_no_unassigned_pixel_whatever_comes(session):
    session.fill()
    assert not session.label_map.any()
    assert (session.uncertainty == 1).all()
    session.add_region(LEFT)
    assert (session.label_map == 1).all()
    assert (session.uncertainty == 0).all()
    session.add_region(RIGHT)
    assert set(np.unique(session.label_map)) == {1, 2}
    assert session.label_map[0, 89] == 2
    patch = session.delete(2)
    assert (patch.x1, patch.labels.max()) == (90, 1)
    session.scribble([(89, 59), (5, 30)])  # starts where the region was given the rest
    assert len(session.annotation.regions[1].scribbles) == 1


def test_a_step_over_several_entries_patches_all_that_they_changed(session):
    session.add_region(LEFT)
    page = session.display.copy()
    log = session.annotation
    for target in (log.add_region(RIGHT).fill(), log, log.fill().delete(1), log.go(0)):
        patch = session.apply(target)
        page[patch.y0 : patch.y1, patch.x0 : patch.x1] = patch.labels
        np.testing.assert_array_equal(page, session.display)
