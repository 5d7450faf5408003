"""The loss of the paper's network: its answers are graded, before and after simulated scribbles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fullcanvas.learning.competition import mask_wise_loss, overlap_loss, pixel_wise_loss
from fullcanvas.learning.config import Arithmetic, TrainingConfig
from fullcanvas.learning.network import Network
from fullcanvas.learning.rounds import (
    AllMarks,
    Prediction,
    Size,
    boxes_of,
    corrected,
    first_marks,
    precision,
    predict,
)
from fullcanvas.learning.samples import Crop, image_batch

_SCRIBBLE_STREAM = 1


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a network learns from the images that a process has of a step.

    Attributes:
        training: the configuration.
        sibling: the network on whose errors scribbles are simulated; the one that learns if None.
        shared: random numbers of all images, on whatever process they are.
        own: random numbers of each image of this process.
    """

    training: TrainingConfig
    sibling: Network | None
    shared: np.random.Generator
    own: list[np.random.Generator]

    @classmethod
    def of(cls, training: TrainingConfig, sibling: Network | None, step: int, places: range) -> Lesson:
        """The lesson of one step; its random numbers depend on seed, step and place of an image alone.

        Args:
            training, sibling: as above.
            step: how many steps were made before.
            places: which of the step's images this process has.
        """
        seeds = np.random.SeedSequence([training.seed, _SCRIBBLE_STREAM, step])
        shared, *images = map(np.random.default_rng, seeds.spawn(1 + training.images_per_step))
        return cls(training, sibling, shared, [images[place] for place in places])


@dataclass(frozen=True, slots=True)
class _Seen:
    """Some crops as a network has seen them: what it says of their regions depends on their marks alone."""

    network: Network
    crops: Sequence[Crop]
    embeddings: list[Tensor]
    classes: list[tuple[int, ...]] | None
    arithmetic: Arithmetic

    @property
    def size(self) -> Size:
        height, width = self.crops[0].truth.shape
        return height, width

    def predict(self, marks: Sequence[AllMarks]) -> Prediction:
        return predict(
            self.network, self.embeddings, marks, self.size, self.classes, arithmetic=self.arithmetic
        )


def loss_of(network: Network, crops: Sequence[Crop], lesson: Lesson) -> Tensor:
    """The loss of some crops, a scalar: the mean over them."""
    arithmetic = lesson.training.arithmetic
    seen = _look(network, crops, arithmetic, told=network.config.class_specific)
    if lesson.sibling is None:
        return _loss_after_own_errors(seen, lesson)
    with torch.no_grad():
        theirs = _look(lesson.sibling, crops, arithmetic, told=False)
    return _loss_after_siblings_errors(seen, theirs, lesson)


def _look(network: Network, crops: Sequence[Crop], arithmetic: Arithmetic, *, told: bool) -> _Seen:
    """Let a network see some crops, and tell it the classes of their regions or not."""
    device = next(network.parameters()).device
    images = image_batch(crops).to(device, memory_format=torch.channels_last)
    with precision(device, arithmetic):
        embeddings = list(network.encoder(images).float())
    return _Seen(network, crops, embeddings, [crop.classes for crop in crops] if told else None, arithmetic)


def _loss_after_own_errors(seen: _Seen, lesson: Lesson) -> Tensor:
    """The loss from extreme points alone, and after some rounds of scribbles on the network's own errors."""
    marks: list[AllMarks] = [first_marks(crop.regions) for crop in seen.crops]
    prediction = seen.predict(marks)
    first = _graded(seen, prediction, marks, lesson.training)
    rounds = int(lesson.shared.choice(lesson.training.rounds))
    if not rounds:
        return first
    marks = _corrected(seen, prediction, marks, lesson)
    for _ in range(rounds - 1):
        with torch.no_grad():
            prediction = seen.predict(marks)
        marks = _corrected(seen, prediction, marks, lesson)
    return (first + _graded(seen, seen.predict(marks), marks, lesson.training)) / 2


def _loss_after_siblings_errors(seen: _Seen, theirs: _Seen, lesson: Lesson) -> Tensor:
    """The loss after some rounds of scribbles on what a model that knows extreme points alone got wrong."""
    marks: list[AllMarks] = [first_marks(crop.regions) for crop in seen.crops]
    with torch.no_grad():
        prediction = theirs.predict(marks)
    rounds = int(lesson.shared.choice(lesson.training.rounds))
    marks = _corrected(seen, prediction, marks, lesson, rounds)
    return _graded(seen, seen.predict(marks), marks, lesson.training)


def _corrected(
    seen: _Seen, prediction: Prediction, marks: Sequence[AllMarks], lesson: Lesson, rounds: int = 1
) -> list[AllMarks]:
    """The marks of every crop after so many more rounds of scribbles on one prediction."""
    allocation = "free" if lesson.shared.random() < lesson.training.free_share else "one-per-region"
    config = seen.network.config
    return [
        corrected(config, crop.truth, canvas.detach(), each, allocation=allocation, rng=rng, rounds=rounds)
        for crop, canvas, each, rng in zip(seen.crops, prediction.canvases, marks, lesson.own, strict=True)
    ]


def _graded(
    seen: _Seen, prediction: Prediction, marks: Sequence[AllMarks], training: TrainingConfig
) -> Tensor:
    crops, config = seen.crops, seen.network.config
    loss = pixel_wise_loss if training.loss == "pixel-wise" else mask_wise_loss
    graded = [
        loss(canvas, crop.truth, boxes_of(each, config, seen.size))
        for canvas, crop, each in zip(prediction.canvases, crops, marks, strict=True)
    ]
    total = torch.stack(graded).mean()
    if share := training.overlap:
        overlaps = [
            overlap_loss(canvas, crop.truth) for canvas, crop in zip(prediction.canvases, crops, strict=True)
        ]
        total = (1 - share) * total + share * torch.stack(overlaps).mean()
    if prediction.class_logits is None:
        return total
    guesses = torch.split(prediction.class_logits, [len(crop.classes) for crop in crops])
    truths = (torch.tensor(crop.classes, device=total.device) for crop in crops)
    return total + torch.stack(list(map(functional.cross_entropy, guesses, truths))).mean()
