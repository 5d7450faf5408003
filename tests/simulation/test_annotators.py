from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.simulation.annotators import (
    Allocation,
    PaperAnnotator,
    choose_errors,
    regions_of,
    round_of_scribbles,
)
from fullcanvas.simulation.clicks import ClickAnnotator
from fullcanvas.simulation.components import ErrorComponent, error_components
from fullcanvas.simulation.errors import AnnotatorError
from fullcanvas.simulation.load import load_annotator
from tests.simulation.maps import pairs, seeds

ALLOCATIONS = st.sampled_from(Allocation)


def error(region: int, gain: float, **others: float) -> ErrorComponent:
    """An error of a region, and what others, as `of_4=0.1`, would gain by its correction."""
    gains = {region: gain, **{int(name.removeprefix("of_")): each for name, each in others.items()}}
    return ErrorComponent(region, (0, 0, 1, 1), np.ones((1, 1), bool), 1, gains)


ERRORS = [error(1, 0.5, of_9=0.1), error(1, 0.4, of_9=0.3), error(2, 0.1), error(3, 0.2, of_2=0.12)]


def test_free_takes_the_largest_gains_of_the_image_several_on_one_region():
    chosen = choose_errors(ERRORS, Allocation.FREE, 3)
    assert [(one.region, one.image_gain) for one in chosen] == [(1, 0.7), (1, 0.6), (3, pytest.approx(0.32))]


def test_one_per_region_takes_what_costs_each_most_whether_it_lacks_it_or_has_it_wrongly():
    too_large = [error(1, 0.5), error(1, 0.4, of_2=0.1), error(1, 0.3, of_2=0.2)]
    chosen = choose_errors(too_large, Allocation.ONE_PER_REGION, 2)
    assert [one.gains for one in chosen] == [{1: 0.5}, {1: 0.3, 2: 0.2}]


def test_an_error_that_two_regions_want_leaves_the_other_its_next():
    chosen = choose_errors(ERRORS, Allocation.ONE_PER_REGION, 9)
    assert [one.region for one in chosen] == [1, 1, 3, 2]


@pytest.mark.parametrize(("rounds", "expected"), [(1, [1, 3, 2]), (2, [1, 1, 3, 2])])
def test_several_rounds_on_one_prediction_take_as_many_errors_of_each_region(rounds, expected):
    errors = [error(1, 0.5), error(1, 0.4), error(2, 0.1), error(3, 0.2)]
    chosen = choose_errors(errors, Allocation.ONE_PER_REGION, 3, rounds)
    assert [one.region for one in chosen] == expected
    assert len(choose_errors(errors, Allocation.FREE, 1, rounds)) == rounds


def test_equal_gains_keep_their_order():
    errors = [error(region, 0.5) for region in (4, 2, 9)]
    for allocation in Allocation:
        assert [one.region for one in choose_errors(errors, allocation, 2)] == [4, 2]


def test_an_allocation_may_be_a_word_but_not_any():
    assert len(choose_errors(ERRORS, "one-per-region", 9)) == 4
    with pytest.raises(ValueError, match="generous"):
        choose_errors(ERRORS, "generous", 9)


@given(pairs(), ALLOCATIONS, st.integers(0, 6), seeds())
def test_a_round_spends_its_budget_on_distinct_errors(maps, allocation, budget, rng):
    truth, prediction = maps
    strokes = round_of_scribbles(truth, prediction, budget, allocation, rng)
    found = error_components(truth, prediction)
    errors = Counter(one.region for one in found)
    drawn = Counter(stroke.region for stroke in strokes)
    assert drawn <= errors
    lacking, concerned = len(errors), {region for one in found for region in one.gains}
    least, most = (
        (errors.total(), errors.total())
        if allocation is Allocation.FREE
        else (lacking, min(len(concerned), errors.total()))
    )
    assert min(budget, least) <= len(strokes) <= min(budget, most)
    assert all(truth[y, x] == stroke.region for stroke in strokes for x, y in stroke.points)


@given(pairs())
def test_nothing_is_drawn_on_a_perfect_prediction(maps):
    truth, prediction = maps
    perfect = np.where(truth > 0, truth, prediction)
    assert round_of_scribbles(truth, perfect, 9, "free", np.random.default_rng(0)) == []


@given(pairs(), ALLOCATIONS, st.integers(0, 2**32))
def test_the_same_seed_draws_the_same(maps, allocation, seed):
    truth, prediction = maps
    generators = np.random.default_rng(seed), np.random.default_rng(seed)
    rounds = [PaperAnnotator().correct(truth, prediction, allocation, rng) for rng in generators]
    assert rounds[0] == rounds[1]


def test_the_paper_annotator_marks_every_region_and_spends_one_scribble_per_region():
    truth = np.repeat(np.array([[1, 1, 1, 0, 2, 2, 3, 3]], np.int32), 5, 0)
    marked = PaperAnnotator().mark(truth, np.random.default_rng(0))
    assert [(left[0], right[0], top[1], bottom[1]) for left, right, top, bottom in marked] == [
        (0, 2, 0, 4),
        (4, 5, 0, 4),
        (6, 7, 0, 4),
    ]
    striped = np.where(np.arange(5)[:, None] % 2, truth, 0).astype(np.int32)  # nine errors
    strokes = PaperAnnotator().correct(truth, striped, Allocation.FREE, np.random.default_rng(0))
    assert len(strokes) == 3


def test_regions_are_listed_without_void():
    assert regions_of(np.array([[0, 5], [2, 2]], np.int32)) == [2, 5]


def test_annotators_are_named_as_they_are_loaded():
    assert load_annotator("paper") == PaperAnnotator(0)
    assert load_annotator("paper:5") == PaperAnnotator(5)
    assert load_annotator("clicks") == ClickAnnotator()
    for name in ("paper", "paper:5", "clicks"):
        assert load_annotator(name).name == name


UNKNOWN = ["", "nobody", "paper:", "paper:-1", "paper:x", "clicks:2", "robust:", "robust:1.2.3"]


@pytest.mark.parametrize("spec", UNKNOWN)
def test_unknown_annotators_are_refused(spec):
    with pytest.raises(AnnotatorError, match="known: paper"):
        load_annotator(spec)
