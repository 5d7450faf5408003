"""One step of a training: the loss of a batch, and its consequences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from fullcanvas.learning.dextr import Cutout
from fullcanvas.learning.errors import RunError
from fullcanvas.learning.grading import Lesson
from fullcanvas.learning.kinds import AnyNetwork
from fullcanvas.learning.processes import Process
from fullcanvas.learning.run import Run
from fullcanvas.learning.samples import Crop

_LARGEST_GRADIENT = 1.0


def train_step(run: Run, batch: Sequence[Crop] | Sequence[Cutout], process: Process) -> float:
    """Let the network learn from a batch, of which each process has its share; returns the loss of all.

    Raises:
        RunError: the loss or its gradient is not finite; the weights are those before the step.
    """
    _schedule(run)
    _set_mode(run)
    training = run.config.training
    lesson = Lesson.of(training, run.sibling, run.step, process.places(training.images_per_step))
    # The mean over this process's images: so the mean over processes is that of all their images.
    loss = run.kind.loss(run.network, batch, lesson)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    loss = loss.detach()
    process.average([loss, *_learnt(run.network)])
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), _LARGEST_GRADIENT)
    # Pixels with NaN logits carry no loss: only the gradients show them.
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


@torch.no_grad()
def _update_average(run: Run) -> None:
    decay = min(run.config.training.average, (1 + run.step) / (10 + run.step))
    live = run.network.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(live[name], 1 - decay)
        else:
            value.copy_(live[name])
