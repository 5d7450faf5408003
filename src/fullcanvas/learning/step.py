"""One step of a training: the loss of a batch before and after simulated scribbles, and its consequences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from fullcanvas.learning import dextr
from fullcanvas.learning.competition import mask_wise_loss, overlap_loss, pixel_wise_loss
from fullcanvas.learning.config import Arithmetic
from fullcanvas.learning.dextr import DextrNetwork, Example
from fullcanvas.learning.errors import RunError
from fullcanvas.learning.network import Network
from fullcanvas.learning.networks import AnyNetwork
from fullcanvas.learning.processes import Process
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


@dataclass(frozen=True, slots=True)
class _Chance:
    """The random numbers of a step; they depend on the seed, the step and the place of an image alone.

    Attributes:
        shared: by all images, on whatever process they are.
        own: of each image of this process.
    """

    shared: np.random.Generator
    own: list[np.random.Generator]

    @classmethod
    def of(cls, run: Run, process: Process) -> _Chance:
        """Those of the run's next step."""
        training = run.config.training
        seeds = np.random.SeedSequence([training.seed, _SCRIBBLE_STREAM, run.step])
        shared, *images = map(np.random.default_rng, seeds.spawn(1 + training.images_per_step))
        return cls(shared, [images[place] for place in process.places(training.images_per_step)])


def train_step(run: Run, batch: Sequence[Crop] | Sequence[Example], process: Process) -> float:
    """Let the network learn from a batch, of which each process has its share; returns the loss of all.

    Raises:
        RunError: the loss or its gradient is not finite; the weights are those before the step.
    """
    _schedule(run)
    _set_mode(run)
    loss = _loss(run, batch, process)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    loss = loss.detach()
    process.average([loss, *_learnt(run.network)])
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), _LARGEST_GRADIENT)
    # Pixels whose logits are no numbers carry no loss: only the gradients tell of them.
    if not (loss.isfinite() and norm.isfinite()):
        raise RunError(
            f"step {run.step + 1} leads to numbers that are not finite: begin again with a lower "
            "learning_rate. The last checkpoint was written before that"
        )
    run.optimizer.step()
    run.step += 1
    for origins in process.gather([origin for each in batch for origin in each.origins]):
        run.saw(origins)
    _update_average(run)
    return float(loss)


def _learnt(network: AnyNetwork) -> list[Tensor]:
    """What a backward pass leaves: gradients, and the running statistics of norms that are not frozen."""
    found = [each.grad for each in network.parameters() if each.grad is not None]
    for module in network.modules():
        if isinstance(module, _BatchNorm) and module.training:
            found += [each for each in module.buffers() if each.is_floating_point()]
    return found


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


def _loss(run: Run, batch: Sequence[Crop] | Sequence[Example], process: Process) -> Tensor:
    """The mean over the images of the batch: so the mean over processes is that of all their images."""
    device = process.device
    if isinstance(run.network, DextrNetwork):
        return dextr.loss_of(run.network, [each for each in batch if isinstance(each, Example)], device)
    crops = [each for each in batch if isinstance(each, Crop)]
    images = image_batch(crops).to(device, memory_format=torch.channels_last)
    arithmetic = run.config.training.arithmetic
    embeddings, chance = _embeddings(run.network, images, arithmetic), _Chance.of(run, process)
    if run.sibling is None:
        return _loss_after_own_errors(run, embeddings, crops, chance)
    with torch.no_grad():
        theirs = _embeddings(run.sibling, images, arithmetic)
    return _loss_after_siblings_errors(run, embeddings, theirs, crops, chance)


def _embeddings(network: Network, images: Tensor, arithmetic: Arithmetic) -> list[Tensor]:
    with precision(images.device, arithmetic):
        return list(network.encoder(images).float())


def _loss_after_own_errors(
    run: Run, embeddings: list[Tensor], crops: Sequence[Crop], chance: _Chance
) -> Tensor:
    """The loss from extreme points alone, and after some rounds of scribbles on the network's own errors."""
    marks: list[AllMarks] = [first_marks(crop.regions) for crop in crops]
    prediction = _predict(run, embeddings, crops, marks)
    total = _graded(run, prediction, crops, marks)
    rounds = int(chance.shared.choice(run.config.training.rounds))
    for number in range(rounds):
        if number > 0:
            with torch.no_grad():
                prediction = _predict(run, embeddings, crops, marks)
        marks = _corrected(run, prediction, crops, marks, chance)
    if not rounds:
        return total
    return (total + _graded(run, _predict(run, embeddings, crops, marks), crops, marks)) / 2


def _loss_after_siblings_errors(
    run: Run,
    embeddings: list[Tensor],
    siblings_embeddings: list[Tensor],
    crops: Sequence[Crop],
    chance: _Chance,
) -> Tensor:
    """The loss after some rounds of scribbles on what a model that knows extreme points alone got wrong."""
    assert run.sibling is not None  # noqa: S101 (`_loss` made its embeddings)
    marks: list[AllMarks] = [first_marks(crop.regions) for crop in crops]
    with torch.no_grad():
        arithmetic = run.config.training.arithmetic
        prediction = predict(run.sibling, siblings_embeddings, marks, _size(crops), arithmetic=arithmetic)
    rounds = int(chance.shared.choice(run.config.training.rounds))
    marks = _corrected(run, prediction, crops, marks, chance, rounds=rounds)
    return _graded(run, _predict(run, embeddings, crops, marks), crops, marks)


def _predict(
    run: Run, embeddings: list[Tensor], crops: Sequence[Crop], marks: Sequence[AllMarks]
) -> Prediction:
    assert isinstance(run.network, Network)  # noqa: S101 (`_loss` chose it)
    classes = [crop.classes for crop in crops] if run.config.network.class_specific else None
    arithmetic = run.config.training.arithmetic
    return predict(run.network, embeddings, marks, _size(crops), classes, arithmetic=arithmetic)


def _size(crops: Sequence[Crop]) -> tuple[int, int]:
    height, width = crops[0].truth.shape
    return height, width


def _corrected(
    run: Run,
    prediction: Prediction,
    crops: Sequence[Crop],
    marks: Sequence[AllMarks],
    chance: _Chance,
    *,
    rounds: int = 1,
) -> list[AllMarks]:
    """The marks of every crop after so many more rounds of scribbles on one prediction."""
    allocation = "free" if chance.shared.random() < run.config.training.free_share else "one-per-region"
    network = run.config.network
    return [
        corrected(network, crop.truth, canvas.detach(), each, allocation=allocation, rng=rng, rounds=rounds)
        for crop, canvas, each, rng in zip(crops, prediction.canvases, marks, chance.own, strict=True)
    ]


def _graded(run: Run, prediction: Prediction, crops: Sequence[Crop], marks: Sequence[AllMarks]) -> Tensor:
    loss = pixel_wise_loss if run.config.training.loss == "pixel-wise" else mask_wise_loss
    network, size = run.config.network, _size(crops)
    graded = [
        loss(canvas, crop.truth, boxes_of(each, network, size))
        for canvas, crop, each in zip(prediction.canvases, crops, marks, strict=True)
    ]
    total = torch.stack(graded).mean()
    if share := run.config.training.overlap:
        overlaps = [
            overlap_loss(canvas, crop.truth) for canvas, crop in zip(prediction.canvases, crops, strict=True)
        ]
        total = (1 - share) * total + share * torch.stack(overlaps).mean()
    if prediction.class_logits is None:
        return total
    guesses = torch.split(prediction.class_logits, [len(crop.classes) for crop in crops])
    truths = (torch.tensor(crop.classes, device=total.device) for crop in crops)
    return total + torch.stack(list(map(functional.cross_entropy, guesses, truths))).mean()


@torch.no_grad()
def _update_average(run: Run) -> None:
    decay = min(run.config.training.average, (1 + run.step) / (10 + run.step))
    live = run.network.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(live[name], 1 - decay)
        else:
            value.copy_(live[name])
