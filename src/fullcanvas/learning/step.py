"""One step of a training: the loss of a batch before and after simulated scribbles, and its consequences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from fullcanvas.annotation import Region
from fullcanvas.learning.competition import label_map, mask_wise_loss, pixel_wise_loss
from fullcanvas.learning.rounds import boxes_of, canvases_of, precision, scribbled
from fullcanvas.learning.run import Run
from fullcanvas.learning.samples import Crop, image_batch

_LARGEST_GRADIENT = 1.0
_SCRIBBLE_STREAM = 1


def train_step(run: Run, crops: Sequence[Crop], device: torch.device) -> float:
    """Let the network learn from a batch; returns the loss."""
    _schedule(run)
    _set_mode(run)
    images = image_batch(crops).to(device, memory_format=torch.channels_last)
    with precision(device):
        embeddings = run.network.encoder(images)
    rng = np.random.default_rng([run.config.training.seed, _SCRIBBLE_STREAM, run.step])
    loss = _loss(run, embeddings.float(), crops, rng)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), _LARGEST_GRADIENT)
    run.optimizer.step()
    run.step += 1
    run.saw(crop.origin for crop in crops)
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


def _loss(run: Run, embeddings: Tensor, crops: Sequence[Crop], rng: np.random.Generator) -> Tensor:
    """The loss from extreme points alone, and after some rounds of scribbles on the network's own errors."""
    settings, network = run.config.training, run.network
    regions: list[Sequence[Region]] = [crop.regions for crop in crops]
    size = crops[0].truth.shape[0], crops[0].truth.shape[1]
    canvases = canvases_of(network, list(embeddings), regions, size)
    total = _graded(run, canvases, crops, regions)
    rounds = int(rng.choice(settings.rounds))
    for number in range(rounds):
        if number > 0:
            with torch.no_grad():
                canvases = canvases_of(network, list(embeddings.detach()), regions, size)
        regions = _corrected(crops, canvases, regions, settings.free_share, rng)
    if not rounds:
        return total
    canvases = canvases_of(network, list(embeddings), regions, size)
    return (total + _graded(run, canvases, crops, regions)) / 2


def _corrected(
    crops: Sequence[Crop],
    canvases: Sequence[Tensor],
    regions: Sequence[Sequence[Region]],
    free_share: float,
    rng: np.random.Generator,
) -> list[Sequence[Region]]:
    """The regions of every crop after one more round of scribbles."""
    allocation = "free" if rng.random() < free_share else "one-per-region"
    return [
        scribbled(crop.truth, label_map(canvas.detach()), each, allocation, rng)
        for crop, canvas, each in zip(crops, canvases, regions, strict=True)
    ]


def _graded(
    run: Run, canvases: Sequence[Tensor], crops: Sequence[Crop], regions: Sequence[Sequence[Region]]
) -> Tensor:
    loss = pixel_wise_loss if run.config.training.loss == "pixel-wise" else mask_wise_loss
    grow = run.config.network.grow_boxes
    graded = [
        loss(canvas, crop.truth, boxes_of(each, grow))
        for canvas, crop, each in zip(canvases, crops, regions, strict=True)
    ]
    return torch.stack(graded).mean()


@torch.no_grad()
def _update_average(run: Run) -> None:
    decay = min(run.config.training.average, (1 + run.step) / (10 + run.step))
    live = run.network.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(live[name], 1 - decay)
        else:
            value.copy_(live[name])
