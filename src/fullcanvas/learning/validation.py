"""Scores on the held-back photos, in torch: the curve of mean IoU over rounds of free scribbles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from fullcanvas.annotation import Region, order_extreme_points
from fullcanvas.datasets import Sample, open_dataset
from fullcanvas.learning.competition import label_map
from fullcanvas.learning.config import Source
from fullcanvas.learning.network import Network
from fullcanvas.learning.rounds import canvases_of, scribbled
from fullcanvas.learning.samples import split
from fullcanvas.simulation.extreme import extreme_points


def held_back_samples(sources: Sequence[Source], data: Path, one_in: int, most: int) -> list[Sample]:
    """Up to `most` held-back samples of every source, spread over it evenly."""
    samples = []
    for source in sources:
        part = split(open_dataset(data / source.path), one_in)[1]
        picks = np.unique(np.linspace(0, len(part) - 1, min(most, len(part))).astype(int))
        samples += [part.load(int(index)) for index in picks]
    return samples


@torch.no_grad()
def validate(
    network: Network,
    samples: Sequence[Sample],
    working_size: int,
    rounds: int,
    device: torch.device,
) -> list[float]:
    """Mean IoU over all regions of all samples at the working resolution, before and after each round.

    Returns:
        rounds + 1 fractions in [0, 1].
    """
    network.eval()
    scores: list[list[float]] = [[] for _ in range(rounds + 1)]
    for sample in samples:
        image, truth = _to_working(sample, working_size)
        rng = np.random.default_rng([0, sample.image_id])
        regions: Sequence[Region] = [
            Region(id_, order_extreme_points(extreme_points(truth == id_, rng)))
            for id_ in range(1, int(truth.max()) + 1)
        ]
        embedding = network.encoder(_padded(image).to(device))[0]
        for score in scores:
            (canvas,) = canvases_of(network, [embedding], [regions], truth.shape, grow=True)
            prediction = label_map(canvas)
            score.extend(region_ious(truth, prediction, len(regions)))
            regions = scribbled(truth, prediction, regions, "free", rng)
    return [float(np.mean(score)) for score in scores]


def region_ious(truth: NDArray[np.int32], prediction: NDArray[np.int32], count: int) -> list[float]:
    """Intersection over union of regions 1..count over the pixels that are not void."""
    known = truth > 0
    pairs = truth[known].astype(np.int64) * (count + 1) + prediction[known]
    table = np.bincount(pairs, minlength=(count + 1) ** 2).reshape(count + 1, count + 1)
    hit = np.diagonal(table)[1:]
    union = table.sum(1)[1:] + table.sum(0)[1:] - hit
    return list(hit / np.maximum(union, 1))


def _to_working(sample: Sample, working_size: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    height, width = sample.labels.shape
    factor = working_size / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    image = cv2.resize(sample.image, size, interpolation=way).astype(np.uint8)
    labels = cv2.resize(sample.labels.astype(np.float32), size, interpolation=cv2.INTER_NEAREST_EXACT)
    _, renumbered = np.unique(labels.astype(np.int32), return_inverse=True)
    first = 0 if (labels == 0).any() else 1
    return image, renumbered.reshape(labels.shape).astype(np.int32) + first


def _padded(image: NDArray[np.uint8]) -> torch.Tensor:
    """Float32 [1, 3, h, w], padded with black on the right and at the bottom to multiples of 32."""
    height, width = image.shape[:2]
    padded = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), np.float32)
    padded[:height, :width] = image
    return torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)))[None]
