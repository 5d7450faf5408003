"""Things of one photo laid over another: what is given, what is covered, and what is remembered of it."""

from __future__ import annotations

import numpy as np
import pytest

from fullcanvas.learning.config import Config
from fullcanvas.learning.errors import ConfigError
from fullcanvas.learning.pasting import paste
from fullcanvas.learning.run import start
from fullcanvas.learning.samples import Crops
from fullcanvas.learning.step import train_step
from tests.learning.test_paper_models import CLASSES, setting
from tests.learning.toy import CPU, HERE

SIDE = 40


def view(grey: int, **squares: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A grey photo and its numbers: squares by their number, left, top and side."""
    labels = np.zeros((SIDE, SIDE), np.int32)
    for name, (left, top, side) in squares.items():
        labels[top : top + side, left : left + side] = int(name[1:])
    return np.full((SIDE, SIDE, 3), grey, np.uint8), labels


def test_a_thing_covers_what_lies_under_it_and_takes_its_pixels_along():
    onto, donor = view(10, _1=(0, 0, 20), _2=(0, 20, 20)), view(200, _7=(10, 10, 15), _8=(30, 30, 5))
    image, labels = paste(onto, donor, np.array([7]), np.random.default_rng(0))
    assert np.array_equal(labels == 7, donor[1] == 7)
    assert np.array_equal(labels[labels != 7], onto[1][labels != 7])
    assert (image[14:21, 14:21] == 200).all()
    assert (image[:6, :6] == 10).all()
    edge = image[17, 7:13, 0].astype(int)
    assert (np.diff(edge) >= 0).all()
    assert len(set(edge.tolist())) > 2
    assert onto[0].max() == 10


def test_stuff_and_what_is_large_stay_behind():
    onto, donor = view(10), view(200, _7=(0, 0, 22), _8=(30, 30, 10))
    assert paste(onto, donor, np.array([7, 9]), np.random.default_rng(0)) is onto
    _, labels = paste(onto, donor, np.array([7, 8]), np.random.default_rng(0))
    assert set(np.unique(labels)) == {0, 8}


def test_up_to_four_things_are_given():
    squares = {f"_{number}": (6 * number - 6, 0, 5) for number in range(1, 7)}
    given = set()
    for seed in range(40):
        _, labels = paste(view(10), view(200, **squares), np.arange(1, 7), np.random.default_rng(seed))
        given.add(len(np.unique(labels)) - 1)
    assert given == {1, 2, 3, 4}


def test_crops_hold_things_of_both_photos_with_their_classes(toy_set):
    """In the toy set regions 1 and 3 are things, category 1; the background is stuff, category 2."""
    config, sets = setting(toy_set, CLASSES, pasted=0.5)
    crops = Crops(sets, config.training, config.network.classes)
    made = [crops[number] for number in range(16)]
    assert {len(crop.origins) for crop in made} == {1, 2}
    for crop in made:
        assert len(crop.classes) == len(crop.regions)
        assert crop.classes.count(1) <= 1  # stuff is never laid over anything
    assert any(crop.classes.count(0) > 2 for crop in made)
    assert not any(crop.classes.count(0) > 2 for crop in made if len(crop.origins) == 1)
    again = Crops(sets, config.training, config.network.classes)[5]
    assert np.array_equal(again.image, made[5].image)


def test_a_run_remembers_the_photos_that_gave(toy_set):
    config, sets = setting(toy_set, {}, pasted=1.0)
    run, crops = start(config, CPU), Crops(sets, config.training)
    batch = [crops[number] for number in range(2)]
    train_step(run, batch, HERE)
    origins = {origin for crop in batch for origin in crop.origins}
    assert len(origins) > len(batch)
    assert {(name, id_) for name, ids in run.trained_on.items() for id_ in ids} == origins


def test_a_photo_that_gave_nothing_was_not_learnt_from(toy_set):
    config, sets = setting(toy_set, {}, pasted=1.0, crop=32)
    crops = Crops(sets, config.training)
    for number in range(24):
        crop = crops[number]
        laid = len(crop.origins) == 2
        assert laid or len(crop.regions) <= 3
    assert {len(crops[number].origins) for number in range(24)} == {1, 2}


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigError, match=r"pasted is a share of 0 to 1, not 1\.5"):
        Config.from_mapping({"name": "x", "training": {"pasted": 1.5}})
    network = {"kind": "dextr", "canvas": False, "grow_boxes": False, "ink_constraint": False}
    with pytest.raises(ConfigError, match="pasted = 0: its cutouts show one photo"):
        Config.from_mapping(
            {"name": "x", "network": network, "training": {"pasted": 0.5, "loss": "mask-wise"}}
        )
