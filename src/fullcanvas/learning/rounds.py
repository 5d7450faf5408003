"""One image's way through a training or validation round: predict, scribble on the errors, predict again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fullcanvas.annotation import Region, Scribble
from fullcanvas.annotation.ink import Ink, annotation_maps
from fullcanvas.canvas.boxes import Box, region_box
from fullcanvas.learning.competition import project
from fullcanvas.learning.network import Network
from fullcanvas.simulation.annotators import round_of_scribbles

INK = Ink()
Size = tuple[int, int]


def boxes_of(regions: Sequence[Region], grow: bool) -> list[Box]:
    """The boxes of the regions, in working pixels."""
    return [region_box(region, grow) for region in regions]


def canvases_of(
    network: Network,
    embeddings: Sequence[Tensor],
    regions: Sequence[Sequence[Region]],
    size: Size,
) -> list[Tensor]:
    """The logits of all regions of some images, each image on its own canvas; the head runs once.

    Args:
        network: the model.
        embeddings: one [C, h, w] per image.
        regions: N regions per image (N may differ), in working pixels.
        size: height and width of the images in working pixels.

    Returns:
        One [N, height, width] per image, minus infinity outside each region's box.
    """
    height, width = size
    boxes = [boxes_of(each, network.config.grow_boxes) for each in regions]
    inputs = []
    for embedding, each, frames in zip(embeddings, regions, boxes, strict=True):
        maps = annotation_maps(each, INK, width, height, network.config.shared)
        inputs.append(network.inputs(embedding, maps, frames, width, height))
    features, annotation, geometry = (torch.cat(parts) for parts in zip(*inputs, strict=True))
    with precision(features.device):
        answers = network.head(features, annotation, geometry)
    logits = answers.float().split([len(each) for each in regions])
    return [project(part, frames, height, width) for part, frames in zip(logits, boxes, strict=True)]


def precision(device: torch.device) -> torch.autocast:
    """Half precision for the layers of a network on a GPU; on a CPU single precision is faster."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def scribbled(
    truth: NDArray[np.int32],
    prediction: NDArray[np.int32],
    regions: Sequence[Region],
    allocation: str,
    rng: np.random.Generator,
) -> tuple[Region, ...]:
    """The regions after one more round of simulated scribbles on the prediction's errors."""
    drawn = round_of_scribbles(truth, prediction, len(regions), allocation, rng)
    added: dict[int, list[Scribble]] = {}
    for region, points in drawn:
        added.setdefault(region, []).append(Scribble(tuple(points)))
    return tuple(
        replace(region, scribbles=(*region.scribbles, *added.get(region.id, ()))) for region in regions
    )
