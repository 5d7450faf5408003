from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.datasets import Sample, Segment
from fullcanvas.evaluation.load import load_predictor
from fullcanvas.evaluation.predictors import Baseline, full_image
from fullcanvas.evaluation.rounds import FullImageSetup, ImageResult, evaluate_sample
from fullcanvas.inference.model_file import ModelError
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator

TRUTH = np.array([[1, 1, 1, 2, 2, 2, 0, 0]] * 4, np.int32)


def sample(truth: NDArray[np.int32] = TRUTH, image_id: int = 7) -> Sample:
    segments = tuple(
        Segment(region, region % 2, bool(region % 2), int((truth == region).sum()))
        for region in range(1, int(truth.max(initial=0)) + 1)
    )
    image = np.zeros((*truth.shape, 3), np.uint8)
    return Sample(image_id, image, truth, segments)


@dataclass
class Scripted:
    """Answers with the given label maps, one after the other, and remembers what it was asked."""

    answers: list[NDArray[np.int32]]
    name: str = "scripted"
    hash: str = "0"
    training_images: Mapping[str, list[int]] = field(default_factory=dict)
    asked: list[Annotation] = field(default_factory=list)
    opened: int = 0

    def open(self, image: NDArray[np.uint8]) -> Scripted:
        self.opened += 1
        return self

    def apply(self, annotation: Annotation) -> NDArray[np.int32]:
        self.asked.append(annotation)
        return self.answers[len(self.asked) - 1]


def setup_of(model: Any, first: Any = None, rounds: int = 2, seed: int = 0) -> FullImageSetup:
    return FullImageSetup(PaperAnnotator(), Allocation.FREE, rounds, seed, model, first or model)


def wrong_in(column: int) -> NDArray[np.int32]:
    prediction = TRUTH.copy()
    prediction[:, column] = 0
    return prediction


def test_every_round_is_chosen_on_the_last_prediction_and_answered_at_once():
    model = Scripted([wrong_in(0), wrong_in(4), TRUTH])
    result = evaluate_sample(sample(), setup_of(model))
    assert [round_.drawn for round_ in result.rounds] == [0, 1, 2]
    assert [round_.ious for round_ in result.rounds] == [(2 / 3, 1.0), (1.0, 2 / 3), (1.0, 1.0)]
    assert model.opened == 1
    scribbles = [[len(region.scribbles) for region in asked.regions.values()] for asked in model.asked]
    assert scribbles == [[0, 0], [1, 0], [1, 1]]


def test_regions_are_added_in_order_with_their_extreme_points():
    model = Scripted([TRUTH])
    evaluate_sample(sample(), setup_of(model, rounds=0))
    first, second = model.asked[0].regions.values()
    assert (first.id, second.id) == (1, 2)
    assert [first.extreme_points[0][0], first.extreme_points[1][0]] == [0, 2]
    assert [second.extreme_points[0][0], second.extreme_points[1][0]] == [3, 5]


def test_the_first_model_answers_the_extreme_points_and_no_more():
    first, model = Scripted([wrong_in(0)]), Scripted([TRUTH])
    result = evaluate_sample(sample(), setup_of(model, first, rounds=1))
    assert [len(first.asked), len(model.asked)] == [1, 1]
    assert len(model.asked[0].regions[1].scribbles) == 1
    assert [round_.ious[0] for round_ in result.rounds] == [2 / 3, 1.0]


def test_a_perfect_prediction_is_not_asked_again():
    model = Scripted([TRUTH])
    result = evaluate_sample(sample(), setup_of(model, rounds=3))
    assert len(model.asked) == 1
    assert [round_.drawn for round_ in result.rounds] == [0, 0, 0, 0]


def test_random_numbers_follow_seed_and_image_alone():
    def points(seed: int, image_id: int) -> Any:
        model = Scripted([TRUTH])
        evaluate_sample(sample(image_id=image_id), setup_of(model, rounds=0, seed=seed))
        return model.asked[0].regions

    assert points(1, 7) == points(1, 7)
    assert points(1, 7) != points(2, 7)
    assert points(1, 7) != points(1, 8)


def test_a_region_of_one_pixel_is_evaluated():
    truth = np.ones((5, 5), np.int32)
    truth[2, 2] = 2
    result = evaluate_sample(sample(truth), setup_of(load_predictor("smallest-box"), rounds=0))
    assert result.rounds[0].ious == (1.0, 1.0)
    assert result.areas == (24, 1)


def test_an_image_without_regions_has_no_scores():
    truth = np.zeros((3, 3), np.int32)
    result = evaluate_sample(sample(truth), setup_of(load_predictor("smallest-box"), rounds=1))
    assert [round_.ious for round_ in result.rounds] == [(), ()]


def test_a_result_survives_json():
    model = Scripted([wrong_in(0), wrong_in(4), TRUTH])
    result = evaluate_sample(sample(), setup_of(model))
    assert ImageResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_the_smallest_box_owns_a_pixel_and_equal_boxes_go_to_the_lower_id():
    annotation = Annotation(8, 4)
    for box in ((0, 0, 7, 3), (1, 1, 3, 2), (2, 1, 4, 2)):
        x0, y0, x1, y1 = box
        annotation = annotation.add_region([(x0, y0), (x1, y1), (x1, y0), (x0, y1)])
    opened = full_image(load_predictor("smallest-box")).open(np.zeros((4, 8, 3), np.uint8))
    assert opened.apply(annotation)[1].tolist() == [1, 2, 2, 2, 3, 1, 1, 1]


def test_a_pixel_in_no_box_is_unassigned():
    annotation = Annotation(4, 1).add_region([(0, 0), (1, 0), (0, 0), (1, 0)])
    opened = full_image(load_predictor("smallest-box")).open(np.zeros((1, 4, 3), np.uint8))
    assert opened.apply(annotation).tolist() == [[1, 1, 0, 0]]


def test_baselines_were_trained_on_nothing():
    baseline = load_predictor("smallest-box")
    assert isinstance(baseline, Baseline)
    assert baseline.training_images == {}


def test_an_unknown_model_is_refused():
    with pytest.raises(ModelError, match=r"nothing\.zip"):
        load_predictor("nothing.zip")
