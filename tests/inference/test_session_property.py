"""The central promise: what is kept up to date step by step is what one would get from scratch."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcanvas.annotation import Annotation
from fullcanvas.canvas.competition import Canvas
from fullcanvas.inference import Segmenter, Session
from fullcanvas.inference import session as session_module
from tests.inference.conftest import photo
from tests.inference.reference import from_scratch, head_inputs
from tests.tiny_model import write_tiny_model

WIDTH, HEIGHT = 61, 43
POINTS = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))
FOUR = st.lists(POINTS, min_size=4, max_size=4, unique=True)
PICK = st.integers(0, 99)
STEPS = st.one_of(
    st.tuples(st.just("add"), FOUR),
    st.tuples(st.just("scribble"), PICK, st.lists(POINTS, min_size=1, max_size=4)),
    st.tuples(st.just("move"), PICK, FOUR),
    st.tuples(st.just("label"), PICK, st.sampled_from(["cat", "sky", None])),
    st.tuples(st.just("delete"), PICK),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
    st.tuples(st.just("jump"), PICK),
)
SEQUENCES = st.tuples(st.lists(FOUR, min_size=1, max_size=4), st.lists(STEPS, max_size=12))

CONFIGS: dict[str, dict[str, Any]] = {
    "product": {},
    "paper": {"grow_boxes": False, "ink_constraint": False, "disc_diameter": 9.0},
    "not shared": {"shared": False, "grow_boxes": False, "working_size": 64},
}


@pytest.fixture(scope="module", params=list(CONFIGS))
def any_segmenter(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tiny.zip"
    return Segmenter.load(write_tiny_model(path, **CONFIGS[request.param]))


@pytest.fixture(scope="module")
def embedding(any_segmenter):
    return any_segmenter.encode(photo(WIDTH, HEIGHT))


def say(annotation: Annotation, step) -> Annotation:
    """The annotation after one random step; steps that need a region pick one of those that are there."""
    kind, *values = step
    ids = list(annotation.regions)
    match kind:
        case "add":
            return annotation.add_region(*values)
        case "undo":
            return annotation.undo()
        case "redo":
            return annotation.redo()
        case _ if not ids:
            return annotation
        case "scribble" | "move" | "label" | "delete":
            changes: dict[str, Any] = {
                "scribble": annotation.scribble,
                "move": annotation.move_points,
                "label": annotation.label,
                "delete": annotation.delete,
            }
            changed: Annotation = changes[kind](ids[values[0] % len(ids)], *values[1:])
            return changed
        case _:  # jump to a log that shares only a beginning with this one, its strokes in another order
            kept = annotation.entries[: annotation.cursor]
            strokes = [entry for entry in kept if entry.kind == "scribble"]
            others = [entry for entry in kept if entry.kind not in ("scribble", "delete")]
            log = Annotation(WIDTH, HEIGHT)
            for entry in others + strokes[::-1]:
                log = log.append(entry)
            return log


def steps_of(sequence):
    first, rest = sequence
    return [("add", points) for points in first] + rest


@settings(max_examples=40, deadline=None)
@given(SEQUENCES)
def test_every_incremental_answer_equals_the_one_from_scratch(any_segmenter, embedding, sequence):
    session = Session(any_segmenter, embedding)
    page = session.display.copy()
    for step in steps_of(sequence):
        patch = session.apply(say(session.annotation, step))
        page[patch.y0 : patch.y1, patch.x0 : patch.x1] = patch.labels
        answer = from_scratch(any_segmenter, embedding, session.annotation)
        wrong = (session.label_map != answer.labels) & ~answer.close
        assert not wrong.any()
        np.testing.assert_array_equal(page, session.display)
    np.testing.assert_allclose(session.uncertainty, answer.uncertainty, atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(SEQUENCES)
def test_what_the_head_sees_is_roialign_of_the_image_sized_maps(any_segmenter, embedding, sequence):
    session = Session(any_segmenter, embedding)
    for step in steps_of(sequence):
        session.apply(say(session.annotation, step))
    regions = session.annotation.regions
    features, annotation, places = head_inputs(any_segmenter, embedding, session.annotation)
    for index, id_ in enumerate(sorted(regions)):
        roi = session._states[id_].roi
        maps = session._ink.maps(regions[id_], roi.window, any_segmenter.config.shared)
        np.testing.assert_allclose(roi.features, features[index], atol=1e-5)
        np.testing.assert_allclose(roi.align(maps), annotation[index], atol=1e-6)
        np.testing.assert_allclose(roi.geometry, places[index], atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(SEQUENCES)
def test_a_large_photo_keeps_both_maps_right(any_segmenter, embedding, sequence):
    with pytest.MonkeyPatch.context() as patch:
        # The bound on the display and the tiles shrink, so that a small photo is a large one.
        patch.setattr(session_module, "display_size", lambda width, height: (width // 2, height // 3))
        patch.setattr(session_module, "TILE", 16)
        session = Session(any_segmenter, embedding)
        page = session.display.copy()
        for step in steps_of(sequence):
            changed = session.apply(say(session.annotation, step))
            page[changed.y0 : changed.y1, changed.x0 : changed.x1] = changed.labels
        canvas = Canvas(WIDTH // 2, HEIGHT // 3, WIDTH, HEIGHT)
        shown = from_scratch(any_segmenter, embedding, session.annotation, canvas)
        full = from_scratch(any_segmenter, embedding, session.annotation)
        assert not ((session.display != shown.labels) & ~shown.close).any()
        assert not ((session.label_map != full.labels) & ~full.close).any()
        np.testing.assert_array_equal(page, session.display)
