"""The training loop."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fullcanvas.annotation import Region
from fullcanvas.learning import checkpoint
from fullcanvas.learning.competition import label_map, mask_wise_loss, pixel_wise_loss
from fullcanvas.learning.config import Config, TrainingConfig
from fullcanvas.learning.encoder import load_pretrained
from fullcanvas.learning.network import Network
from fullcanvas.learning.rounds import boxes_of, canvases_of, scribbled
from fullcanvas.learning.samples import Crop, Crops, collate, image_batch
from fullcanvas.learning.validation import held_back_samples, validate

GROW = True


@dataclass
class Run:
    """A training in progress."""

    config: Config
    network: Network
    average: Network
    optimizer: torch.optim.Optimizer
    step: int = 0
    pretrained: str = "none"

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return {
            "config": self.config.to_json(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "pretrained": self.pretrained,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.pretrained = state["step"], state["pretrained"]


def start(config: Config, device: torch.device) -> Run:
    """A new run, its backbone filled with pre-trained weights."""
    torch.manual_seed(config.training.seed)
    network = Network(config.network)
    pretrained = load_pretrained(network.encoder, config.network.backbone)
    network = network.to(device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    return Run(config, network, average, _optimizer(network, config.training), pretrained=pretrained)


def _optimizer(network: Network, config: TrainingConfig) -> torch.optim.Optimizer:
    body = list(network.encoder.body.parameters())
    ours = {id(parameter) for parameter in body}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in ours]
    groups = [
        {"params": body, "rate": config.backbone_learning_rate},
        {"params": rest, "rate": config.learning_rate},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)


def train(config: Config, data: Path, out: Path, device: torch.device, log: Any = print) -> Run:
    """Train to the end of the configuration's steps, going on from `out/checkpoint.pt` if it is there.

    Args:
        config: what to train.
        data: base folder of the sources' relative paths.
        out: folder for the checkpoint and the log `log.jsonl`.
        device: where to train.
        log: called with a line of text now and then.
    """
    run = start(config, device)
    path = out / "checkpoint.pt"
    if path.exists():
        run.restore(checkpoint.load(path))
    settings = config.training
    crops = iter(_loader(config, data, run.step * settings.images_per_step))
    held_back = held_back_samples(config.sources, data, settings.held_back, most=8)
    began, first, losses = time.monotonic(), run.step, [0.0]
    while run.step < settings.steps:
        batch = [next(crops) for _ in range(settings.images_per_step)]
        losses.append(_step(run, batch, device))
        if run.step % 20 == 0:
            rate = (run.step - first) * settings.images_per_step / (time.monotonic() - began)
            left = (settings.steps - run.step) * settings.images_per_step / rate / 60
            loss = np.mean(losses[-20:])
            log(f"step {run.step}/{settings.steps} loss {loss:.4f} {rate:.2f} images/s {left:.0f} min left")
        if run.step % settings.checkpoint_every == 0 or run.step == settings.steps:
            checkpoint.save(path, run.state())
        if run.step % settings.validate_every == 0 or run.step == settings.steps:
            curve = validate(run.average, held_back, settings.working_size, 4, device)
            log(f"step {run.step} held back: {' '.join(f'{100 * value:.1f}' for value in curve)}")
            _append(
                out / "log.jsonl", {"step": run.step, "loss": float(np.mean(losses[-200:])), "curve": curve}
            )
    return run


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _loader(config: Config, data: Path, start: int) -> Iterator[Crop]:
    crops = Crops(config.sources, data, config.training, start)
    loader = DataLoader(
        crops, batch_size=4, collate_fn=collate, num_workers=config.training.workers, prefetch_factor=4
    )
    return (crop for batch in loader for crop in batch)


def _step(run: Run, batch: Sequence[Crop], device: torch.device) -> float:
    settings = run.config.training
    _schedule(run.optimizer, settings, run.step)
    run.network.train()
    if run.step >= settings.freeze_norms * settings.steps:
        _freeze_norms(run.network)
    rng = np.random.default_rng([settings.seed, 1, run.step])
    images = image_batch(batch).to(device, memory_format=torch.channels_last)
    loss = _loss(run.network, run.network.encoder(images), batch, settings, rng)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimizer.step()
    run.step += 1
    _update_average(run)
    return float(loss.detach())


def _schedule(optimizer: torch.optim.Optimizer, settings: TrainingConfig, step: int) -> None:
    """Linear warm-up, then a cosine to zero."""
    warm = min(1.0, (step + 1) / settings.warmup)
    factor = warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / settings.steps)))
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * factor


def _loss(
    network: Network,
    embeddings: Tensor,
    crops: Sequence[Crop],
    settings: TrainingConfig,
    rng: np.random.Generator,
) -> Tensor:
    """The loss from extreme points alone, and after some rounds of scribbles on the network's own errors."""
    regions = [crop.regions for crop in crops]
    size = crops[0].truth.shape
    canvases = canvases_of(network, list(embeddings), regions, size, GROW)
    total = _graded(canvases, crops, regions, settings)
    rounds = int(rng.choice(settings.rounds))
    for number in range(rounds):
        if number > 0:
            with torch.no_grad():
                canvases = canvases_of(network, list(embeddings.detach()), regions, size, GROW)
        allocation = "free" if rng.random() < settings.free_share else "one-per-region"
        regions = [
            scribbled(crop.truth, label_map(canvas.detach()), each, allocation, rng)
            for crop, canvas, each in zip(crops, canvases, regions, strict=True)
        ]
    if rounds:
        canvases = canvases_of(network, list(embeddings), regions, size, GROW)
        total = (total + _graded(canvases, crops, regions, settings)) / 2
    return total


def _graded(
    canvases: Sequence[Tensor],
    crops: Sequence[Crop],
    regions: Sequence[Sequence[Region]],
    settings: TrainingConfig,
) -> Tensor:
    loss = pixel_wise_loss if settings.loss == "pixel-wise" else mask_wise_loss
    graded = [
        loss(canvas, crop.truth, boxes_of(each, GROW))
        for canvas, crop, each in zip(canvases, crops, regions, strict=True)
    ]
    return torch.stack(graded).mean()


def _freeze_norms(network: Network) -> None:
    """Train on with the statistics that will be used: those of a few regions differ from image to image."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
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
