"""Scores on the held-back photos, in torch: the curve of mean IoU over rounds of free scribbles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from fullcanvas.annotation import Region
from fullcanvas.canvas.resolution import padded_size, resize, resize_labels, working_size
from fullcanvas.datasets import Sample
from fullcanvas.learning.competition import label_map
from fullcanvas.learning.network import Network
from fullcanvas.learning.rounds import AllMarks, corrected, first_marks, precision, predict
from fullcanvas.learning.samples import things_of
from fullcanvas.learning.sources import TrainingSet
from fullcanvas.simulation.extreme import extreme_points
from fullcanvas.simulation.overlap import confusion, region_ious
from fullcanvas.simulation.single_region import mask_iou

ROUNDS = 4
_MOST_PER_SOURCE = 8


def held_back_samples(
    sets: Sequence[TrainingSet], most: int = _MOST_PER_SOURCE, things: bool = False
) -> list[Sample]:
    """Up to `most` held-back samples of every source, spread over it evenly.

    Args:
        sets: the sources.
        most: of each.
        things: whether everything that is no thing becomes void.
    """
    samples = []
    for each in sets:
        part = each.held_back
        picks = np.unique(np.linspace(0, len(part) - 1, min(most, len(part))).astype(int))
        samples += [part.load(int(index)) for index in picks]
    return [replace(each, labels=things_of(each)) for each in samples] if things else samples


@torch.no_grad()
def validate(
    network: Network, samples: Sequence[Sample], long_side: int, rounds: int = ROUNDS
) -> list[float]:
    """Mean IoU over all regions of all samples at the working resolution, before and after each round.

    Args:
        network: it is put into evaluation mode.
        samples: whose regions are scored.
        long_side: the working size.
        rounds: of scribbles, one per region on average, freely allocated if regions compete.

    Returns:
        rounds + 1 fractions in [0, 1]; none if there are no regions.
    """
    network.eval()
    curves = [curve for sample in samples for curve in _curves(network, sample, long_side, rounds)]
    return [float(value) for value in np.mean(curves, axis=0)] if curves else []


def _curves(network: Network, sample: Sample, long_side: int, rounds: int) -> list[list[float]]:
    """The IoU of every region of a sample, before and after each round."""
    image, truth = to_working(sample, long_side)
    rng = np.random.default_rng([0, sample.image_id])
    count = int(truth.max())
    if not count:
        return []
    marks: AllMarks = first_marks(
        [Region(id_, extreme_points(truth == id_, rng)) for id_ in range(1, count + 1)]
    )
    device = next(network.parameters()).device
    with precision(device):
        embedding = network.encoder(padded(image).to(device))[0].float()
    scores = []
    for number in range(rounds + 1):
        (canvas,) = predict(network, [embedding], [marks], (truth.shape[0], truth.shape[1])).canvases
        scores.append(ious_of(network.config.canvas, truth, canvas))
        if number < rounds:
            marks = corrected(network.config, truth, canvas, marks, allocation="free", rng=rng)
    return [list(curve) for curve in zip(*scores, strict=True)]


def ious_of(competing: bool, truth: NDArray[np.int32], canvas: torch.Tensor) -> list[float]:
    """The IoU of every region: of a label map if regions compete, else of one mask each."""
    if competing:
        return list(region_ious(confusion(truth, label_map(canvas), len(canvas))))
    masks = (canvas > 0).cpu().numpy()
    return [mask_iou(truth, id_, mask) for id_, mask in enumerate(masks, 1)]


def to_working(sample: Sample, long_side: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Photo and truth at the working resolution; regions that are lost there leave no gap in the numbers."""
    height, width = sample.labels.shape
    size = working_size(width, height, long_side)
    labels = resize_labels(sample.labels, *size)
    _, renumbered = np.unique(labels, return_inverse=True)
    first = 0 if (labels == 0).any() else 1
    return resize(sample.image, *size), renumbered.reshape(labels.shape).astype(np.int32) + first


def padded(image: NDArray[np.uint8]) -> torch.Tensor:
    """Float32 [1, 3, h, w], padded with black on the right and at the bottom as inference does."""
    height, width = image.shape[:2]
    padded_width, padded_height = padded_size(width, height)
    planes = np.zeros((padded_height, padded_width, 3), np.float32)
    planes[:height, :width] = image
    return torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1)))[None]
