"""Single-region models in the harness: masks alone, one correction per region and round."""

from __future__ import annotations

import numpy as np
import pytest

from fullcanvas.annotation import Region, Scribble
from fullcanvas.annotation.marks import Marks
from fullcanvas.datasets import open_dataset
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.load import load_predictor
from fullcanvas.evaluation.predictors import SingleRegionPredictor, full_image
from fullcanvas.evaluation.run import Settings, evaluate, plan
from fullcanvas.inference import Segmenter
from fullcanvas.inference.model_file import ModelError
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator
from fullcanvas.simulation.single_region import corrected
from tests.panoptic_folder import halves, write_dataset
from tests.tiny_model import write_tiny_model

ALONE = {"canvas": False, "grow_boxes": False, "ink_constraint": False, "shared": False}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_tiny_model(tmp_path_factory.mktemp("models") / "alone.zip", **ALONE))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "halves"
    write_dataset(folder, [halves(40, 60, 20), halves(48, 50, 30)])
    return open_dataset(folder)


def masks_of(model, image, *marks):
    predictor = load_predictor(model)
    assert isinstance(predictor, SingleRegionPredictor)
    return list(predictor.look_at(image).masks(marks))


LEFT = Region(1, ((2, 20), (30, 22), (16, 3), (15, 36)))
RIGHT = Region(2, ((20, 20), (56, 22), (40, 4), (41, 38)))


def test_a_mask_depends_on_its_own_marks_alone_and_stays_in_its_box(model, dataset):
    image = dataset.load(0).image
    together = masks_of(model, image, Marks(LEFT), Marks(RIGHT))
    (alone,) = masks_of(model, image, Marks(LEFT))
    np.testing.assert_array_equal(together[0], alone)
    box = np.zeros((40, 60), bool)
    box[3:37, 2:31] = True
    assert together[0].any()
    assert not (together[0] & ~box).any()


def test_a_margin_widens_the_box_of_a_mask(model, dataset, tmp_path):
    image = dataset.load(0).image
    wide = str(write_tiny_model(tmp_path / "wide.zip", **ALONE, box_margin=8))
    tight, wider = (masks_of(path, image, Marks(LEFT))[0] for path in (model, wide))
    assert not tight[:, :2].any()
    assert wider[:, :2].any()


def test_negative_scribbles_take_pixels_away(model, dataset):
    """The tiny model's weights make other ink push a region's logits down."""
    image = dataset.load(0).image
    stroke = Scribble(((6, 10), (26, 12), (8, 20), (26, 30)))
    (before,) = masks_of(model, image, Marks(LEFT))
    (after,) = masks_of(model, image, Marks(LEFT, (stroke,)))
    assert after.sum() < before.sum()


def test_an_evaluation_draws_at_most_one_correction_per_region_and_round(model, dataset):
    settings = Settings(model, allocation=Allocation.ONE_PER_REGION, rounds=2)
    report = evaluate(plan(dataset, settings))
    assert report["regions"] == 4
    assert [point["scribbles_per_region"] for point in report["curve"]] == [0, 1, 2]
    drawn = [point["scribbles_drawn"] for point in report["curve"]]
    assert drawn[0] == 0
    assert 0 < drawn[1] <= 1
    assert drawn[1] <= drawn[2] <= 2
    assert all(0 <= point["mean_iou"] <= 1 for point in report["curve"])
    assert all(point["panoptic_quality"] is None for point in report["curve"])
    assert evaluate(plan(dataset, settings)) == report


def test_scores_are_those_of_the_masks(model, dataset):
    settings = Settings(model, allocation=Allocation.ONE_PER_REGION, rounds=0)
    report = evaluate(plan(dataset, settings))
    ious = []
    for sample in dataset:
        rng = np.random.default_rng(np.random.SeedSequence([settings.seed, sample.image_id]))
        points = PaperAnnotator().mark(sample.labels, rng)
        marks = [Marks(Region(id_, four)) for id_, four in enumerate(points, 1)]
        for id_, mask in enumerate(masks_of(model, sample.image, *marks), 1):
            true = sample.labels == id_
            ious.append((true & mask).sum() / (true | mask).sum())
    assert report["curve"][0]["mean_iou"] == pytest.approx(np.mean(ious))


@pytest.mark.parametrize("rounds", [0, 2])
def test_nothing_is_corrected_after_the_last_round(model, dataset, rounds, monkeypatch):
    corrections = []

    def counted(truth, marks, mask, rng):
        corrections.append(marks.region.id)
        return corrected(truth, marks, mask, rng)

    monkeypatch.setattr("fullcanvas.evaluation.single_region.corrected", counted)
    evaluate(plan(dataset, Settings(model, allocation=Allocation.ONE_PER_REGION, rounds=rounds)))
    assert len(corrections) == 4 * rounds


def test_what_single_region_models_cannot_do_is_refused(model, dataset, tmp_path):
    with pytest.raises(EvaluationError, match="one-per-region"):
        evaluate(plan(dataset, Settings(model, rounds=1)))
    clumsy = Settings(model, annotator="robust", allocation=Allocation.ONE_PER_REGION, rounds=1)
    with pytest.raises(EvaluationError, match="--annotator paper, or --rounds 0"):
        plan(dataset, clumsy)
    other = str(write_tiny_model(tmp_path / "canvas.zip"))
    with pytest.raises(EvaluationError, match="only one of the two"):
        evaluate(plan(dataset, Settings(model, other, rounds=0)))
    with pytest.raises(EvaluationError, match="no picture"):
        evaluate(plan(dataset, Settings(model, rounds=0)), gallery=tmp_path)
    image = dataset.load(0).image
    with pytest.raises(ModelError, match="single-region model"):
        Segmenter.load(model).open(image)
    with pytest.raises(ModelError, match="single-region model"):
        full_image(load_predictor(model))
