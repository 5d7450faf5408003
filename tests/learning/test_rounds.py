"""What the mask head sees, and that it treats every region by itself."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch

from fullcanvas.annotation import Region, Scribble
from fullcanvas.learning.config import NetworkConfig
from fullcanvas.learning.heads import Prior, make_head
from fullcanvas.learning.network import Network
from fullcanvas.learning.rounds import corrected, first_marks, predict
from tests.learning.toy import toy_config

SIZE = (64, 64)
LEFT = Region(1, ((4, 20), (40, 22), (20, 4), (22, 60)))
RIGHT = Region(2, ((30, 30), (60, 32), (44, 10), (46, 55)))
SCRIBBLED = Region(2, RIGHT.extreme_points, (Scribble(((35, 30), (50, 40))),))


def network_of(**network):
    torch.manual_seed(0)
    return Network(toy_config(network=network).network).eval()


def canvases(network, *images):
    embeddings = torch.randn(1, 8, 16, 16, generator=torch.Generator().manual_seed(1)).expand(
        len(images), -1, -1, -1
    )
    with torch.no_grad():
        marks = [first_marks(image) for image in images]
        return predict(network, list(embeddings), marks, SIZE).canvases


def test_of_two_boxes_the_smaller_has_the_higher_logits_by_the_prior():
    geometry = torch.tensor([[0.5, 0.5, 0.8, 0.5], [0.5, 0.5, 0.2, 0.25]])
    large, small = Prior()(geometry).flatten().tolist()
    assert (large, small) == (pytest.approx(-math.log(0.4)), pytest.approx(-math.log(0.05)))


def test_other_ink_reaches_a_region_only_if_it_is_shared():
    for shared, reaches in ((True, True), (False, False)):
        network = network_of(shared=shared)
        (before,) = canvases(network, [LEFT, RIGHT])
        (after,) = canvases(network, [LEFT, SCRIBBLED])
        assert not torch.equal(before[1], after[1])  # its own ink always does
        assert torch.equal(before[0], after[0]) != reaches


@pytest.mark.parametrize("head", ["pyramid", "convolutions"])
def test_a_regions_logits_do_not_depend_on_its_batch(head):
    network = network_of(head=head, shared=False)
    (together,) = canvases(network, [LEFT, SCRIBBLED])
    (alone,) = canvases(network, [LEFT])
    torch.testing.assert_close(together[0], alone[0], atol=1e-5, rtol=0)


def test_images_of_a_batch_do_not_mix():
    network = network_of()
    first, second = canvases(network, [LEFT, RIGHT], [RIGHT])
    torch.testing.assert_close(first, canvases(network, [LEFT, RIGHT])[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(second, canvases(network, [RIGHT])[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("canvas", [True, False])
def test_rounds_on_one_prediction_never_scribble_twice_on_an_error(canvas):
    """Both regions miss three squares; without a canvas what one misses the other has not claimed."""
    truth = np.ones(SIZE, np.int32)
    truth[:, 32:] = 2
    logits = torch.where(torch.from_numpy(np.stack([truth == 1, truth == 2])), 1.0, -1.0)
    for top, left in ((2, 4), (20, 4), (40, 4), (2, 50), (20, 50), (40, 50)):
        logits[:, top : top + 8, left : left + 8] *= -1
    alone = {"canvas": False, "grow_boxes": False, "ink_constraint": False, "prior": False}
    training = {"loss": "pixel-wise" if canvas else "mask-wise"}
    config = toy_config(network={} if canvas else alone, **training).network
    marks = first_marks([LEFT, RIGHT])
    rng = np.random.default_rng(0)
    after = corrected(config, truth, logits, marks, allocation="one-per-region", rng=rng, rounds=3)
    for each in after:
        strokes = each.region.scribbles + each.negatives
        missed = {(x // 16, y // 16) for stroke in strokes for x, y in stroke.points[-1:]}
        assert len(strokes) == 3
        assert len(missed) == 3


def test_scribbles_enlarge_boxes_only_if_the_network_wants_it():
    far = Region(1, LEFT.extreme_points, (Scribble(((20, 20), (55, 20))),))
    for grow in (True, False):
        (canvas,) = canvases(network_of(grow_boxes=grow), [far])
        assert bool(torch.isfinite(canvas[0, 20, 55])) == grow


def test_a_margin_widens_boxes_inside_the_image():
    (tight,) = canvases(network_of(), [LEFT])
    (wide,) = canvases(network_of(box_margin=3), [LEFT])
    kernel = np.ones((7, 7), np.uint8)
    grown = cv2.dilate(torch.isfinite(tight[0]).numpy().astype(np.uint8), kernel)
    np.testing.assert_array_equal(torch.isfinite(wide[0]).numpy(), grown > 0)


def test_a_round_adds_scribbles_where_the_prediction_is_wrong():
    truth = np.ones((20, 20), np.int32)
    truth[:, 12:] = 2
    prediction = np.ones_like(truth)  # region 2 is missing
    regions = (
        Region(1, ((0, 5), (11, 5), (5, 0), (5, 19))),
        Region(2, ((12, 5), (19, 5), (15, 0), (15, 19))),
    )
    canvas = torch.from_numpy(np.stack([prediction == 1, prediction == 2])).float()
    marks, rng = first_marks(regions), np.random.default_rng(0)
    first, second = corrected(NetworkConfig(), truth, canvas, marks, allocation="free", rng=rng)
    assert first == marks[0]
    assert len(second.region.scribbles) == 1
    assert all(truth[y, x] == 2 for x, y in second.region.scribbles[0].points)


@pytest.mark.parametrize("specific", [False, True])
def test_a_mask_larger_than_its_roi_is_finer_and_not_only_enlarged(specific):
    """Where no convolution follows, each cell of 3 x 3 lies on the line between its neighbours."""
    alone = {"canvas": False, "grow_boxes": False, "ink_constraint": False, "prior": False}
    network = {**alone, "head": "convolutions", "head_channels": [8], "roi_size": 11, "mask_size": 33}
    if specific:
        network |= {"class_specific": True, "classes": [1, 2], "class_channels": 4}
    torch.manual_seed(0)
    config = toy_config(network=network, loss="mask-wise").network
    head = make_head(config).eval()
    with torch.no_grad():
        logits = head(*Network(config).example(2))
    assert logits.shape == (2, 33, 33)
    row = logits[:, 16, 4:28:3], logits[:, 16, 5:29:3], logits[:, 16, 6:30:3]
    assert not torch.allclose(row[1], (row[0] + row[2]) / 2, atol=1e-3)
