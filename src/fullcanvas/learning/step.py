"""One step of a training: the loss of a batch before and after simulated scribbles, and its consequences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from fullcanvas.learning import dextr
from fullcanvas.learning.competition import mask_wise_loss, pixel_wise_loss
from fullcanvas.learning.dextr import DextrNetwork, Example
from fullcanvas.learning.network import Network
from fullcanvas.learning.rounds import (
    AllMarks,
    Prediction,
    boxes_of,
    corrected,
    first_marks,
    precision,
    predict,
)
from fullcanvas.learning.run import Run
from fullcanvas.learning.samples import Crop, image_batch

_LARGEST_GRADIENT = 1.0
_SCRIBBLE_STREAM = 1


def train_step(run: Run, batch: Sequence[Crop] | Sequence[Example], device: torch.device) -> float:
    """Let the network learn from a batch; returns the loss."""
    _schedule(run)
    _set_mode(run)
    loss = _loss(run, batch, device)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), _LARGEST_GRADIENT)
    run.optimizer.step()
    run.step += 1
    run.saw(each.origin for each in batch)
    _update_average(run)
    return float(loss.detach())


def learning_rate_factor(step: int, progress: float, warmup: int) -> float:
    """Linear warm-up over some steps, then a cosine to zero over the budget."""
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * progress))


def _schedule(run: Run) -> None:
    factor = learning_rate_factor(run.step, run.progress, run.config.training.warmup)
    for group in run.optimizer.param_groups:
        group["lr"] = group["rate"] * factor


def _set_mode(run: Run) -> None:
    """Late in a run, train on with the statistics that will be used: those of few regions are noisy."""
    run.network.train()
    if run.folded or run.progress >= run.config.training.freeze_norms:
        for module in run.network.modules():
            if isinstance(module, _BatchNorm):
                module.eval()


def _loss(run: Run, batch: Sequence[Crop] | Sequence[Example], device: torch.device) -> Tensor:
    if isinstance(run.network, DextrNetwork):
        return dextr.loss_of(run.network, [each for each in batch if isinstance(each, Example)], device)
    crops = [each for each in batch if isinstance(each, Crop)]
    rng = np.random.default_rng([run.config.training.seed, _SCRIBBLE_STREAM, run.step])
    images = image_batch(crops).to(device, memory_format=torch.channels_last)
    embeddings = _embeddings(run.network, images)
    if run.sibling is None:
        return _loss_after_own_errors(run, embeddings, crops, rng)
    with torch.no_grad():
        theirs = _embeddings(run.sibling, images)
    return _loss_after_siblings_errors(run, embeddings, theirs, crops, rng)


def _embeddings(network: Network, images: Tensor) -> list[Tensor]:
    with precision(images.device):
        return list(network.encoder(images).float())


def _loss_after_own_errors(
    run: Run, embeddings: list[Tensor], crops: Sequence[Crop], rng: np.random.Generator
) -> Tensor:
    """The loss from extreme points alone, and after some rounds of scribbles on the network's own errors."""
    marks: list[AllMarks] = [first_marks(crop.regions) for crop in crops]
    prediction = _predict(run, embeddings, crops, marks)
    total = _graded(run, prediction, crops, marks)
    rounds = int(rng.choice(run.config.training.rounds))
    for number in range(rounds):
        if number > 0:
            with torch.no_grad():
                prediction = _predict(run, embeddings, crops, marks)
        marks = _corrected(run, prediction, crops, marks, rng)
    if not rounds:
        return total
    return (total + _graded(run, _predict(run, embeddings, crops, marks), crops, marks)) / 2


def _loss_after_siblings_errors(
    run: Run,
    embeddings: list[Tensor],
    siblings_embeddings: list[Tensor],
    crops: Sequence[Crop],
    rng: np.random.Generator,
) -> Tensor:
    """The loss after some rounds of scribbles on what a model that knows extreme points alone got wrong."""
    assert run.sibling is not None  # noqa: S101 (`_loss` made its embeddings)
    marks: list[AllMarks] = [first_marks(crop.regions) for crop in crops]
    with torch.no_grad():
        prediction = predict(run.sibling, siblings_embeddings, marks, _size(crops))
    for _ in range(int(rng.choice(run.config.training.rounds))):
        marks = _corrected(run, prediction, crops, marks, rng)
    return _graded(run, _predict(run, embeddings, crops, marks), crops, marks)


def _predict(
    run: Run, embeddings: list[Tensor], crops: Sequence[Crop], marks: Sequence[AllMarks]
) -> Prediction:
    assert isinstance(run.network, Network)  # noqa: S101 (`_loss` chose it)
    classes = [crop.classes for crop in crops] if run.config.network.class_specific else None
    return predict(run.network, embeddings, marks, _size(crops), classes)


def _size(crops: Sequence[Crop]) -> tuple[int, int]:
    height, width = crops[0].truth.shape
    return height, width


def _corrected(
    run: Run,
    prediction: Prediction,
    crops: Sequence[Crop],
    marks: Sequence[AllMarks],
    rng: np.random.Generator,
) -> list[AllMarks]:
    """The marks of every crop after one more round of scribbles."""
    allocation = "free" if rng.random() < run.config.training.free_share else "one-per-region"
    return [
        corrected(run.config.network, crop.truth, canvas.detach(), each, allocation=allocation, rng=rng)
        for crop, canvas, each in zip(crops, prediction.canvases, marks, strict=True)
    ]


def _graded(run: Run, prediction: Prediction, crops: Sequence[Crop], marks: Sequence[AllMarks]) -> Tensor:
    loss = pixel_wise_loss if run.config.training.loss == "pixel-wise" else mask_wise_loss
    grow = run.config.network.grow_boxes
    graded = [
        loss(canvas, crop.truth, boxes_of(each, grow))
        for canvas, crop, each in zip(prediction.canvases, crops, marks, strict=True)
    ]
    total = torch.stack(graded).mean()
    if prediction.class_logits is None:
        return total
    classes = torch.tensor([place for crop in crops for place in crop.classes], device=total.device)
    return total + functional.cross_entropy(prediction.class_logits, classes)


@torch.no_grad()
def _update_average(run: Run) -> None:
    decay = min(run.config.training.average, (1 + run.step) / (10 + run.step))
    live = run.network.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(live[name], 1 - decay)
        else:
            value.copy_(live[name])
