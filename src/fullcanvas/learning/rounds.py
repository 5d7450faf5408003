"""One image's way through a training or validation round: predict, scribble on the errors, predict again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fullcanvas.annotation import Region, Scribble
from fullcanvas.annotation.ink import Pen
from fullcanvas.annotation.marks import Marks, maps_of
from fullcanvas.canvas.boxes import Box, Framing, region_box
from fullcanvas.learning.competition import label_map, project
from fullcanvas.learning.config import Arithmetic, NetworkConfig
from fullcanvas.learning.network import Network
from fullcanvas.simulation.annotators import round_of_scribbles
from fullcanvas.simulation.single_region import corrected as corrected_alone

PEN = Pen()
Size = tuple[int, int]
AllMarks = Sequence[Marks]
"""The marks of all regions 1..N of an image, in working pixels, in order of id."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a network says about some images.

    Attributes:
        canvases: one [N, height, width] per image: logits, minus infinity outside each region's box.
        class_logits: [all regions, classes] of class-specific networks that were told the truth.
    """

    canvases: list[Tensor]
    class_logits: Tensor | None


def first_marks(regions: Sequence[Region]) -> tuple[Marks, ...]:
    """The marks before any correction."""
    return tuple(Marks(region) for region in regions)


def boxes_of(marks: AllMarks, config: NetworkConfig, size: Size) -> list[Box]:
    """The boxes of the regions of an image of that height and width, in working pixels."""
    height, width = size
    framing = Framing(config.grow_boxes, config.box_margin, width, height)
    return [region_box(each.region, framing) for each in marks]


def predict(
    network: Network,
    embeddings: Sequence[Tensor],
    marks: Sequence[AllMarks],
    size: Size,
    classes: Sequence[Sequence[int]] | None = None,
    *,
    arithmetic: Arithmetic = "automatic",
) -> Prediction:
    """The logits of all regions of some images; the head runs once.

    Args:
        network: the model.
        embeddings: one [C, h, w] per image.
        marks: of each image's regions, whose number may differ.
        size: height and width of the images in working pixels.
        classes: for class-specific networks, the true place of each region's class, image by image.
        arithmetic: of the head.
    """
    height, width = size
    config = network.config
    boxes = [boxes_of(each, config, size) for each in marks]
    inputs = []
    for embedding, each, frames in zip(embeddings, marks, boxes, strict=True):
        heat = config.points == "heat-maps"
        maps = maps_of(each, PEN, width, height, shared=config.shared, heat=heat)
        inputs.append(network.inputs(embedding, maps, frames, width, height))
    features, annotation, geometry = (torch.cat(parts) for parts in zip(*inputs, strict=True))
    truth = None if classes is None else _joined(classes).to(features.device)
    with precision(features.device, arithmetic):
        answers, class_logits = network.answer((features, annotation, geometry), truth)
    logits = torch.split(answers.float(), [len(each) for each in marks])
    canvases = [project(part, frames, height, width) for part, frames in zip(logits, boxes, strict=True)]
    return Prediction(canvases, None if class_logits is None else class_logits.float())


def _joined(classes: Sequence[Sequence[int]]) -> Tensor:
    return torch.tensor([place for each in classes for place in each])


def precision(device: torch.device, arithmetic: Arithmetic = "automatic") -> torch.autocast:
    """What the layers of a network count in: bfloat16 on a GPU and where it is asked for, else float32."""
    half = device.type == "cuda" if arithmetic == "automatic" else arithmetic == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=half)


def corrected(
    config: NetworkConfig,
    truth: NDArray[np.int32],
    canvas: Tensor,
    marks: AllMarks,
    *,
    allocation: str,
    rng: np.random.Generator,
    rounds: int = 1,
) -> tuple[Marks, ...]:
    """The marks after one more round of simulated corrections of a prediction's errors.

    Args:
        config: of the network that predicted.
        truth: int32 [H, W], regions 1..N, 0 = void.
        canvas: [N, H, W], the prediction.
        marks: that it was made from.
        allocation: `free` or `one-per-region`; without a canvas it is always the latter.
        rng: draws the strokes.
        rounds: how many rounds are drawn at once, all on this prediction, no two scribbles on one error.
    """
    if not config.canvas:
        masks = (canvas > 0).cpu().numpy()
        pairs = zip(masks, marks, strict=True)
        return tuple(corrected_alone(truth, each, mask, rng, rounds) for mask, each in pairs)
    added: dict[int, list[Scribble]] = {}
    strokes = round_of_scribbles(truth, label_map(canvas), len(marks), allocation, rng, rounds=rounds)
    for region, points in strokes:
        added.setdefault(region, []).append(Scribble(tuple(points)))
    return tuple(_grown(each, added.get(each.region.id, ())) for each in marks)


def _grown(marks: Marks, scribbles: Sequence[Scribble]) -> Marks:
    region = replace(marks.region, scribbles=(*marks.region.scribbles, *scribbles))
    return replace(marks, region=region)
