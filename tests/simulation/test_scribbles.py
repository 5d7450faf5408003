from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from fullcanvas.simulation.components import error_components
from fullcanvas.simulation.scribbles import draw_scribble
from tests.simulation.maps import pairs, seeds


@given(pairs(most=2), seeds())
def test_a_scribble_stays_in_the_true_region_and_has_no_gap(maps, rng):
    truth, prediction = maps
    for error in error_components(truth, prediction):
        points = np.array(draw_scribble(truth, prediction, error, rng))
        assert (truth[points[:, 1], points[:, 0]] == error.region).all()
        assert len(points) == 1 or (np.abs(np.diff(points, axis=0)).max(1) == 1).all()


def test_it_starts_in_what_the_region_has_and_goes_into_the_error():
    truth = np.ones((20, 40), np.int32)
    prediction = truth.copy()
    prediction[:, 25:] = 2
    (error,) = error_components(truth, prediction)
    for seed in range(50):
        points = draw_scribble(truth, prediction, error, np.random.default_rng(seed))
        assert points[0][0] == 24
        assert points[-1][0] >= 25


class Fixed:
    """Draws the same three points each time, by their places among those that can be drawn."""

    def __init__(self, start: int, others: list[int]) -> None:
        self.start, self.others = start, others

    def integers(self, count: int, size: int | None = None) -> int | list[int]:
        return self.start % count if size is None else [other % count for other in self.others]


def test_it_starts_anywhere_around_an_error_and_nowhere_else():
    truth = np.ones((20, 20), np.int32)
    prediction = truth.copy()
    prediction[8:13, 8] = prediction[8, 8:12] = 2  # in whose bend lie pixels that are not adjacent
    (error,) = error_components(truth, prediction)
    wrong = {(x, y) for y, x in np.argwhere(prediction == 2).tolist()}
    around = {(x + dx, y + dy) for x, y in wrong for dx in (-1, 0, 1) for dy in (-1, 0, 1)} - wrong
    starts = {
        draw_scribble(truth, prediction, error, Fixed(start, [0, 0]))[0]  # type: ignore[arg-type]
        for start in range(50)
    }
    assert starts == around


@given(st.integers(0, 99), st.integers(0, 899), st.integers(0, 899))
@example(0, 899, 29)
@example(0, 0, 899)
def test_a_scribble_passes_through_the_points_that_were_drawn(start, middle, end):
    """From the first, half-way through the second, to the last, without a gap."""
    truth = np.ones((110, 110), np.int32)  # no curve between points of the error leaves it
    prediction = truth.copy()
    prediction[40:70, 40:70] = 2
    (error,) = error_components(truth, prediction)
    points = draw_scribble(truth, prediction, error, Fixed(start, [middle, end]))  # type: ignore[arg-type]
    around = [(x, y) for y in range(39, 71) for x in range(39, 71) if not (40 <= x < 70 and 40 <= y < 70)]
    assert points[0] == around[start]
    assert (40 + middle % 30, 40 + middle // 30) in points
    assert points[-1] == (40 + end % 30, 40 + end // 30)
    assert all(step == 1 for step in np.abs(np.diff(points, axis=0)).max(1))


def test_a_region_that_lost_everything_is_scribbled_from_within():
    truth = np.zeros((10, 10), np.int32)
    truth[2:8, 2:8] = 1
    (error,) = error_components(truth, np.full((10, 10), 2, np.int32))
    points = draw_scribble(truth, np.full((10, 10), 2, np.int32), error, np.random.default_rng(1))
    assert all(2 <= x < 8 and 2 <= y < 8 for x, y in points)


def test_the_longest_of_ten_tries_is_kept():
    truth = np.ones((60, 60), np.int32)
    prediction = np.full((60, 60), 2, np.int32)
    (error,) = error_components(truth, prediction)
    lengths = [
        len(draw_scribble(truth, prediction, error, np.random.default_rng(seed))) for seed in range(100)
    ]
    # Of single tries, every fourth is shorter than 60; of the longest of five, every tenth shorter than 85.
    assert np.quantile(lengths, 0.05) > 85


def test_a_region_too_thin_for_curves_gets_their_longest_run_inside():
    truth = np.zeros((30, 30), np.int32)
    truth[5:26, 5] = truth[25, 5:26] = truth[5:26, 25] = 1  # a U, one pixel wide
    prediction = np.full_like(truth, 2)
    (error,) = error_components(truth, prediction)
    lengths = []
    for seed in range(60):
        points = np.array(draw_scribble(truth, prediction, error, np.random.default_rng(seed)))
        assert (truth[points[:, 1], points[:, 0]] == 1).all()
        assert len(points) == 1 or (np.abs(np.diff(points, axis=0)).max(1) == 1).all()
        lengths.append(len(points))
    assert min(lengths) < 5 < max(lengths)
