from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fullcanvas.annotation import AddRegion, Annotation, DrawScribble
from fullcanvas.canvas.boxes import Framing, region_box
from fullcanvas.evaluation.baselines.boxes import compose, seeds_of
from fullcanvas.evaluation.load import BASELINES, load_predictor
from fullcanvas.evaluation.predictors import full_image
from fullcanvas.simulation.annotators import PaperAnnotator, round_of_scribbles
from tests.simulation.maps import label_maps

Image = NDArray[np.uint8]


def answer(name: str, image: Image, annotation: Annotation) -> NDArray[np.int32]:
    return full_image(load_predictor(name)).open(image).apply(annotation)


def annotated(truth: NDArray[np.int32], scribbles: bool = False) -> Annotation:
    """The extreme points of a truth's regions, and maybe scribbles as if everything were wrong."""
    rng = np.random.default_rng(0)
    annotation = Annotation(truth.shape[1], truth.shape[0])
    for region, four in enumerate(PaperAnnotator().mark(truth, rng), 1):
        annotation = annotation.append(AddRegion(region, four))
    if scribbles:
        for stroke in round_of_scribbles(truth, np.zeros_like(truth), 9, "one-per-region", rng):
            annotation = annotation.append(DrawScribble(*stroke))
    return annotation


def scene() -> tuple[Image, NDArray[np.int32]]:
    """A disc in front of two halves, each of one colour and a little noise."""
    rows, columns = np.mgrid[:60, :80]
    truth = np.where(columns < 40, 1, 2).astype(np.int32)
    truth[np.hypot(rows - 30, columns - 40) < 18] = 3
    colours = np.array([[0, 0, 0], [200, 60, 60], [60, 60, 200], [80, 220, 80]])
    noise = np.random.default_rng(1).normal(0, 6, (60, 80, 3))
    return np.clip(colours[truth] + noise, 0, 255).astype(np.uint8), truth


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "smallest-box"])
def test_regions_of_one_colour_are_found(name):
    image, truth = scene()
    labels = answer(name, image, annotated(truth, scribbles=True))
    assert (labels == truth).mean() > 0.98
    assert (answer("smallest-box", image, annotated(truth)) == truth).mean() < 0.97


@pytest.mark.parametrize("name", BASELINES)
@settings(max_examples=25)
@given(truth=label_maps(least=1, most=4), seed=st.integers(0, 99), scribbles=st.booleans())
def test_what_every_baseline_keeps(name, truth, seed, scribbles):
    truth = (np.unique(truth, return_inverse=True)[1].reshape(truth.shape) + 1).astype(np.int32)
    image = np.random.default_rng(seed).integers(0, 256, (*truth.shape, 3), np.uint8)
    annotation = annotated(truth, scribbles)
    labels = answer(name, image, annotation)
    assert labels.dtype == np.int32
    assert labels.shape == truth.shape
    assert np.array_equal(labels, answer(name, image, annotation))
    boxed = np.zeros(truth.shape, bool)
    for id_, region in annotation.regions.items():
        x0, y0, x1, y1 = region_box(region, Framing(grow=True))
        boxed[y0:y1, x0:x1] = True
        outside = np.ones(truth.shape, bool)
        outside[y0:y1, x0:x1] = False
        assert not (labels[outside] == id_).any()
    assert np.array_equal(labels > 0, boxed)
    if name != "smallest-box":
        seeds = seeds_of(annotation)
        assert np.array_equal(labels[seeds > 0], seeds[seeds > 0])


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("size", [(1, 1), (30, 40), (500, 300)])
def test_a_single_region_has_its_box(name, size):
    truth = np.zeros(size, np.int32)
    truth[: size[0] // 2 + 1, : size[1] // 2 + 1] = 1
    labels = answer(name, np.full((*size, 3), 90, np.uint8), annotated(truth))
    assert np.array_equal(labels, truth)


@pytest.mark.parametrize("name", BASELINES)
def test_large_photos_are_answered_in_full_size(name):
    image, truth = scene()
    large = np.ascontiguousarray(image.repeat(6, 0).repeat(6, 1))
    wanted = np.ascontiguousarray(truth.repeat(6, 0).repeat(6, 1))
    labels = answer(name, large, annotated(wanted, scribbles=True))
    assert labels.shape == wanted.shape
    assert (labels == wanted).mean() > (0.9 if name == "smallest-box" else 0.97)


def test_a_region_too_small_for_the_random_walker_has_its_box():
    """The walker's image is a quarter as wide and high: there, another region's seed takes all of its own."""
    annotation = Annotation(800, 600)
    for id_, points in {
        1: ((400, 300), (403, 300), (401, 300), (402, 302)),  # alone, and a point of 2 right below it
        2: ((300, 400), (500, 401), (402, 303), (410, 500)),
        3: ((100, 400), (103, 400), (101, 400), (102, 402)),  # within 4, and a scribble of 4 right below it
        4: ((50, 450), (150, 450), (100, 380), (100, 500)),
    }.items():
        annotation = annotation.append(AddRegion(id_, points))
    annotation = annotation.append(DrawScribble(4, ((101, 403),)))
    image = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    labels = answer("random-walker", image, annotation)
    assert (labels[300:303, 400:404] == 1).all()
    assert (labels[400:403, 100:104] == 3).all()


def test_claims_are_composed_by_the_size_of_boxes_and_seeds_stand():
    annotation = (
        Annotation(6, 1)
        .append(AddRegion(1, ((0, 0), (5, 0), (0, 0), (5, 0))))
        .append(AddRegion(2, ((2, 0), (4, 0), (2, 0), (4, 0))))
    )
    everything, nothing = np.ones((1, 6), bool), np.zeros((1, 3), bool)
    assert compose(annotation, {1: everything, 2: ~nothing}).tolist() == [[1, 1, 2, 2, 2, 1]]
    assert compose(annotation, {1: everything, 2: nothing}).tolist() == [[1, 1, 2, 1, 2, 1]]
    assert compose(annotation, {1: ~everything, 2: nothing}).tolist() == [[1, 1, 2, 2, 2, 1]]


def test_seeds_are_points_and_centre_lines_scribbles_above():
    annotation = Annotation(7, 3).append(AddRegion(1, ((0, 0), (6, 0), (3, 0), (3, 2))))
    annotation = annotation.append(AddRegion(2, ((0, 1), (6, 1), (3, 1), (3, 2))))
    annotation = annotation.append(DrawScribble(1, ((2, 2), (5, 2)))).append(DrawScribble(2, ((1, 0),)))
    assert seeds_of(annotation).tolist() == [
        [1, 2, 0, 1, 0, 0, 1],
        [2, 0, 0, 2, 0, 0, 2],
        [0, 0, 1, 1, 1, 1, 0],
    ]
