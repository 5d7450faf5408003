import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.canvas.competition import Canvas, Contest, Layer, project
from fullcanvas.canvas.sampling import project_matrix
from tests.canvas.drawing import resample

WIDTH, HEIGHT = 23, 17
CANVASES = [
    Canvas(WIDTH, HEIGHT, WIDTH, HEIGHT),
    Canvas(WIDTH, HEIGHT, 61, 40),
    Canvas(WIDTH, HEIGHT, 500, 3),
]


@st.composite
def boxes(draw, width, height):
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return x0, y0, draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))


@st.composite
def scenes(draw):
    """A canvas, layers on it in any order, and an area of it."""
    canvas = draw(st.sampled_from(CANVASES))
    ids = draw(st.lists(st.integers(1, 9), unique=True, max_size=5))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    layers = []
    for id_ in ids:
        logits = rng.normal(0, 3, (5, 5)).astype(np.float32)
        layers.append(Layer(id_, draw(boxes(canvas.photo_width, canvas.photo_height)), logits))
    return canvas, layers, draw(boxes(WIDTH, HEIGHT))


def stacked(layers, canvas):
    """All projections, image-sized, by region id: what the streaming code never holds."""
    ordered = sorted(layers, key=lambda layer: layer.region)
    planes = np.array([project(layer, canvas, canvas.area) for layer in ordered])
    return [layer.region for layer in ordered], planes.reshape(len(ordered), canvas.height, canvas.width)


@given(scenes())
def test_a_box_holds_the_pixels_whose_centres_lie_in_it(scene):
    canvas, layers, _ = scene
    for layer in layers:
        x0, y0, x1, y1 = layer.box
        x = (np.arange(canvas.width) * 2 + 1) * canvas.photo_width
        y = (np.arange(canvas.height) * 2 + 1) * canvas.photo_height
        in_columns = (x >= 2 * x0 * canvas.width) & (x < 2 * x1 * canvas.width)
        in_rows = (y >= 2 * y0 * canvas.height) & (y < 2 * y1 * canvas.height)
        finite = np.isfinite(project(layer, canvas, canvas.area))
        np.testing.assert_array_equal(finite, in_rows[:, None] & in_columns)


@given(scenes())
def test_projecting_a_part_is_the_part_of_the_projection(scene):
    canvas, layers, (x0, y0, x1, y1) = scene
    for layer in layers:
        whole = project(layer, canvas, canvas.area)
        part = project(layer, canvas, (x0, y0, x1, y1))
        np.testing.assert_array_equal(part, whole[y0:y1, x0:x1])


@given(scenes())
def test_a_projection_is_the_product_with_the_matrices_that_training_uses(scene):
    canvas, layers, _ = scene
    for layer in layers:
        x0, y0, x1, y1 = layer.box
        rows = project_matrix(y0, y1, 5, canvas.rows(0, HEIGHT))
        columns = project_matrix(x0, x1, 5, canvas.columns(0, WIDTH))
        plane = project(layer, canvas, canvas.area)
        inside = np.isfinite(plane)
        np.testing.assert_allclose(plane[inside], resample(layer.logits, rows, columns)[inside], atol=1e-5)


def test_logits_are_stretched_linearly_over_the_box():
    canvas = Canvas(8, 4, 8, 4)
    ramp = np.tile(np.arange(4, dtype=np.float32), (4, 1))
    plane = project(Layer(1, (0, 0, 8, 4), ramp), canvas, canvas.area)
    np.testing.assert_allclose(plane[0], [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3], atol=1e-6)


@given(scenes())
def test_the_highest_logit_wins_and_no_box_means_unassigned(scene):
    canvas, layers, _ = scene
    labels = Contest.of(layers, canvas, canvas.area).labels()
    ids, planes = stacked(layers, canvas)
    assert labels.dtype == np.int32
    if not ids:
        assert not labels.any()
        return
    present = np.isfinite(planes).any(0)
    np.testing.assert_array_equal(labels > 0, present)
    expected = np.array(ids)[planes.argmax(0)]
    np.testing.assert_array_equal(labels[present], expected[present])


@given(scenes())
def test_the_competition_in_a_part_is_the_part_of_the_competition(scene):
    canvas, layers, (x0, y0, x1, y1) = scene
    inside = np.s_[y0:y1, x0:x1]
    part, whole = (Contest.of(layers, canvas, area) for area in ((x0, y0, x1, y1), canvas.area))
    np.testing.assert_array_equal(part.labels(), whole.labels()[inside])
    np.testing.assert_allclose(part.uncertainty(), whole.uncertainty()[inside], atol=1e-6)


@pytest.mark.parametrize("order", [(2, 5, 9), (9, 5, 2), (5, 9, 2)])
def test_of_equal_logits_the_lower_id_wins(order):
    canvas = Canvas(6, 6, 6, 6)
    layers = [Layer(id_, (0, 0, 6, 6), np.ones((3, 3), np.float32)) for id_ in order]
    assert (Contest.of(layers, canvas, canvas.area).labels() == 2).all()


@given(scenes())
def test_uncertainty_is_the_gap_between_the_two_best_probabilities(scene):
    canvas, layers, _ = scene
    _, planes = stacked(layers, canvas)
    padded = np.concatenate([np.full((2, HEIGHT, WIDTH), -np.inf), planes])
    with np.errstate(invalid="ignore"):
        powers = np.exp(padded - padded.max(0))
    chances = np.sort(np.nan_to_num(powers / powers.sum(0)), 0)
    expected = 1 - (chances[-1] - chances[-2])
    actual = Contest.of(layers, canvas, canvas.area).uncertainty()
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_extreme_logits_do_not_overflow():
    canvas = Canvas(4, 4, 4, 4)
    layers = [
        Layer(id_, canvas.area, np.full((2, 2), value, np.float32)) for id_, value in ((1, -1e30), (2, 1e30))
    ]
    contest = Contest.of(layers, canvas, canvas.area)
    assert (contest.labels() == 2).all()
    assert (contest.uncertainty() == 0).all()
