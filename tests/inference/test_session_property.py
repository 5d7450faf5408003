"""The central promise: what is kept up to date step by step is what one would get from scratch."""

from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fullcanvas.annotation import Annotation, AnnotationError
from fullcanvas.canvas.competition import Canvas
from fullcanvas.inference import Segmenter, Session
from fullcanvas.inference import session as session_module
from tests.inference.conftest import photo
from tests.inference.reference import filled, from_scratch, head_inputs, layers_of
from tests.tiny_model import write_tiny_model

WIDTH, HEIGHT = 61, 43
POINTS = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))
FOUR = st.lists(POINTS, min_size=4, max_size=4, unique=True)
PICK = st.integers(0, 99)
SIDE = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("add"), FOUR),
    st.tuples(st.just("scribble"), PICK, st.lists(POINTS, min_size=1, max_size=4)),
    st.tuples(st.just("dot"), PICK, SIDE),
    st.tuples(st.just("move"), PICK, FOUR),
    st.tuples(st.just("move one"), PICK, SIDE, POINTS),
    st.tuples(st.just("label"), PICK, st.sampled_from(["cat", "sky", None])),
    st.tuples(st.just("delete"), PICK),
    st.tuples(
        st.just("paint"),
        PICK,
        st.lists(POINTS, min_size=1, max_size=4),
        st.sampled_from([0.5, 1.0, 2.3, 6.0, 40.0]),
        st.booleans(),
    ),
    st.tuples(st.just("merge"), PICK, PICK),
    st.tuples(st.just("import"), FOUR, PICK),
    st.tuples(st.just("split"), PICK, st.tuples(POINTS, POINTS)),
    st.tuples(st.just("fill")),
    st.tuples(st.just("keep")),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
    st.tuples(st.just("jump"), PICK),
)
PHOTO = photo(WIDTH, HEIGHT)
SEQUENCES = st.tuples(st.lists(FOUR, min_size=1, max_size=4), st.lists(STEPS, max_size=12))

CONFIGS: dict[str, dict[str, Any]] = {
    "product": {},
    "margin": {"box_margin": 3},
    "paper": {"grow_boxes": False, "ink_constraint": False, "disc_diameter": 9.0},
    "not shared": {"shared": False, "grow_boxes": False, "working_size": 64},
    "closer": {"working_size": 32, "closer_below": 24, "stroke_width": 2, "disc_diameter": 3.0},
}


@pytest.fixture(scope="module", params=list(CONFIGS))
def any_segmenter(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tiny.zip"
    return Segmenter.load(write_tiny_model(path, **CONFIGS[request.param]))


@pytest.fixture(scope="module")
def other_segmenter(tmp_path_factory):
    return Segmenter.load(write_tiny_model(tmp_path_factory.mktemp("models") / "other.zip", seed=7))


@pytest.fixture(scope="module")
def embedding(any_segmenter):
    return any_segmenter.encode(PHOTO)


def say(annotation: Annotation, step, session: Session) -> Annotation:  # noqa: C901, PLR0911, PLR0912 (a table)
    """The annotation after one random step; steps that need a region pick one of those that are there."""
    kind, *values = step
    ids = list(annotation.regions)
    match kind:
        case "add":
            return annotation.add_region(*values)
        case "import":
            return annotation.import_mask(mask_of(*values))
        case "fill":
            return annotation.fill()
        case "keep":
            return annotation.keep(session.label_map)
        case "undo":
            return annotation.undo()
        case "redo":
            return annotation.redo()
        case _ if not ids:
            return annotation
        case "merge":
            first, second = (ids[pick % len(ids)] for pick in values)
            return annotation if first == second else annotation.merge(first, [second])
        case "split":
            try:
                return session.with_split(ids[values[0] % len(ids)], values[1])
            except AnnotationError:
                return annotation
        case "scribble" | "dot" | "move" | "move one" | "label" | "delete" | "paint":
            changes: dict[str, Any] = {
                "scribble": lambda region, points: annotation.scribble(points, region=region),
                "dot": partial(dotted, annotation),
                "move": annotation.move_points,
                "move one": partial(with_one_moved, annotation),
                "label": annotation.label,
                "delete": annotation.delete,
                "paint": partial(painted, annotation),
            }
            changed: Annotation = changes[kind](ids[values[0] % len(ids)], *values[1:])
            return changed
        case _:  # jump to a log that shares only a beginning with this one, its strokes in another order
            kept = annotation.in_force
            strokes = [entry for entry in kept if entry.kind == "scribble"]
            left_out = ("scribble", "delete", "merge", "split")
            others = [entry for entry in kept if entry.kind not in left_out]
            log = Annotation(WIDTH, HEIGHT)
            for entry in others + strokes[::-1]:
                with suppress(AnnotationError):  # speaks of a region that only a split had made
                    log = log.append(entry)
            return log


def painted(annotation, region, points, radius, erase):
    """After a stroke of the brush."""
    return annotation.paint(points, region=region, radius=radius, erase=erase)


def dotted(annotation, region, side):
    """After a click on one of the region's own extreme points: both leave ink there."""
    return annotation.scribble([annotation.regions[region].extreme_points[side]], region=region)


def with_one_moved(annotation, region, side, point):
    """After one extreme point was moved, unless all four would be the same."""
    points = list(annotation.regions[region].extreme_points)
    points[side] = point
    return annotation if len(set(points)) == 1 else annotation.move_points(region, points)


def mask_of(points, pick) -> np.ndarray:
    """A ragged mask with holes and several parts, inside the box of four points."""
    (x0, y0), (x1, y1) = np.min(points, 0), np.max(points, 0) + 1
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[y0:y1, x0:x1] = np.random.default_rng(pick).random((y1 - y0, x1 - x0)) < 0.8
    mask[y0, x0] = True
    return mask


def assert_right(shown, raw, annotation):
    """The shown map is the one from scratch, but where two logits are too close to call."""
    if not annotation.filled:
        assert not ((shown != raw.labels) & ~raw.close).any()
    elif not raw.close.any():
        np.testing.assert_array_equal(shown, filled(raw))


def steps_of(sequence):
    first, rest = sequence
    return [("add", points) for points in first] + rest


@settings(max_examples=40, deadline=None)
@given(SEQUENCES)
def test_every_incremental_answer_equals_the_one_from_scratch(any_segmenter, embedding, sequence):
    session = any_segmenter.open(PHOTO, embedding=embedding)
    page = session.display.copy()
    for step in steps_of(sequence):
        patch = session.apply(say(session.annotation, step, session))
        page[patch.y0 : patch.y1, patch.x0 : patch.x1] = patch.labels
        answer = from_scratch(any_segmenter, embedding, session.annotation, photo=PHOTO)
        assert_right(session.label_map, answer, session.annotation)
        np.testing.assert_array_equal(page, session.display)
    given = session.annotation.filled & (filled(answer) != answer.labels)
    np.testing.assert_allclose(session.uncertainty, np.where(given, 0, answer.uncertainty), atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(SEQUENCES)
def test_finished_pixels_stay_with_any_other_model(any_segmenter, embedding, other_segmenter, sequence):
    session = any_segmenter.open(PHOTO, embedding=embedding)
    for step in steps_of(sequence):
        session.apply(say(session.annotation, step, session))
    kept = other_segmenter.open(PHOTO, session.annotation.keep(session.label_map))
    np.testing.assert_array_equal(kept.label_map, session.label_map)


@settings(max_examples=25, deadline=None)
@given(SEQUENCES)
@example(([[(2, 20), (50, 30), (20, 5), (30, 40)]], [("dot", 0, 1), ("move one", 0, 1, (45, 12))]))
def test_what_the_head_sees_is_roialign_of_the_image_sized_maps(any_segmenter, embedding, sequence):
    session = any_segmenter.open(PHOTO, embedding=embedding)
    for step in steps_of(sequence):
        session.apply(say(session.annotation, step, session))
    features, annotation, places = head_inputs(any_segmenter, embedding, session.annotation, PHOTO)
    for index, layer in enumerate(layers_of(session.annotation)):
        roi = session._now.states[layer.id].roi
        maps = session._now.inks[roi.crop].maps(layer, roi.window, any_segmenter.config.shared)
        np.testing.assert_allclose(roi.features, features[index], atol=1e-5)
        np.testing.assert_allclose(roi.align(maps), annotation[index], atol=1e-6)
        np.testing.assert_allclose(roi.geometry, places[index], atol=1e-6)
    anew = any_segmenter.open(PHOTO, session.annotation, embedding)._now.inks
    assert anew.keys() == session._now.inks.keys()
    for part, kept in session._now.inks.items():
        np.testing.assert_array_equal(kept.counts, anew[part].counts)


@settings(max_examples=15, deadline=None)
@given(SEQUENCES)
def test_a_large_photo_keeps_both_maps_right(any_segmenter, embedding, sequence):
    with pytest.MonkeyPatch.context() as patch:
        # The bound on the display and the tiles shrink, so that a small photo is a large one.
        patch.setattr(session_module, "display_size", lambda width, height: (width // 2, height // 3))
        patch.setattr(session_module, "TILE", 16)
        session = any_segmenter.open(PHOTO, embedding=embedding)
        page = session.display.copy()
        for step in steps_of(sequence):
            changed = session.apply(say(session.annotation, step, session))
            page[changed.y0 : changed.y1, changed.x0 : changed.x1] = changed.labels
            assert session.label_map.shape == (HEIGHT, WIDTH)  # is kept, until something changes it
        canvas = Canvas(WIDTH // 2, HEIGHT // 3, WIDTH, HEIGHT)
        shown = from_scratch(any_segmenter, embedding, session.annotation, canvas, PHOTO)
        full = from_scratch(any_segmenter, embedding, session.annotation, photo=PHOTO)
        assert_right(session.display, shown, session.annotation)
        if session.annotation.filled:
            rows = (2 * np.arange(HEIGHT) + 1) * canvas.height // (2 * HEIGHT)
            columns = (2 * np.arange(WIDTH) + 1) * canvas.width // (2 * WIDTH)
            cells = session.display[np.ix_(rows, columns)]
            expected = np.where(full.labels == 0, cells, full.labels)
            assert not ((session.label_map != expected) & ~full.close).any()
        else:
            assert_right(session.label_map, full, session.annotation)
        np.testing.assert_array_equal(page, session.display)
