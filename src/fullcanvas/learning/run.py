"""A training in progress: what it is made of, how it starts, and how it goes on from a checkpoint."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from fullcanvas.learning import checkpoint
from fullcanvas.learning.config import Config, TrainingConfig
from fullcanvas.learning.dinov2 import load_transformer
from fullcanvas.learning.errors import RunError
from fullcanvas.learning.kinds import KINDS, AnyNetwork, Kind
from fullcanvas.learning.network import Network
from fullcanvas.learning.weights import Weights, fill

_FREE_TO_CHANGE = ("steps", "minutes", "validate_every", "checkpoint_every", "workers", "arithmetic")


@dataclass
class Run:
    """A training in progress.

    Attributes:
        config: what is trained, and how.
        network: the network that learns.
        average: the running average of its weights, which validation and export use.
        optimizer: of the network's parameters.
        origin: where the first weights came from: `backbone`, or `model` and its record.
        sibling: the network on whose errors scribbles are simulated; this one if None.
        folded: whether its norms must stay in evaluation mode, as they came folded from a model file.
        step: how many steps were made.
        seconds: how long they took; validation and checkpoints do not count.
        trained_on: ids of the photos that were trained on, by data set.
        curve: the last one on the held-back part; empty before the first validation.
        validated: the step of that curve.
    """

    config: Config
    network: AnyNetwork
    average: AnyNetwork
    optimizer: torch.optim.Optimizer
    origin: dict[str, Any]
    sibling: Network | None = None
    folded: bool = False
    step: int = 0
    seconds: float = 0.0
    trained_on: dict[str, set[int]] = field(default_factory=dict)
    curve: list[float] = field(default_factory=list)
    validated: int = 0

    @property
    def kind(self) -> Kind[Any, Any]:
        """What kind of network it trains."""
        return KINDS[self.config.network.kind]

    @property
    def progress(self) -> float:
        """The share of the budget that is spent, 0..1."""
        training = self.config.training
        spent = self.seconds / 60 / training.minutes if training.minutes > 0 else self.step / training.steps
        return min(1.0, spent)

    def saw(self, photos: Iterable[tuple[str, int]]) -> None:
        """Note that these photos, (data set, id), were trained on."""
        for dataset, image_id in photos:
            self.trained_on.setdefault(dataset, set()).add(image_id)

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return {
            "config": self.config.to_json(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "origin": self.origin,
            "folded": self.folded,
            "step": self.step,
            "seconds": self.seconds,
            "trained_on": {name: sorted(ids) for name, ids in self.trained_on.items()},
            "curve": self.curve,
            "validated": self.validated,
        }


def start(config: Config, device: torch.device, weights: Weights | None = None) -> Run:
    """A new run, from given weights or from a backbone that was trained on ImageNet.

    Raises:
        WeightsError: the backbone's weights cannot be had, or the given ones do not fit the network.
    """
    torch.manual_seed(config.training.seed)
    network: AnyNetwork = KINDS[config.network.kind].make(config)
    if weights is None:
        return _assemble(config, network, device, {"backbone": _load_all(network, config.training)})
    origin: dict[str, Any] = {"model": dict(weights.record)}
    if network.context is not None and not weights.network.context:
        origin["context"] = load_transformer(network.context.body, config.network.context)
    if weights.network.backbone != config.network.backbone:
        # What follows the backbone has learnt what to make of a photo: it soon learns what this one says.
        origin["backbone"] = _load_backbone(network, config.training)
    fill(network, weights)
    run = _assemble(config, network, device, origin)
    run.folded = weights.folded
    for dataset, ids in weights.record["training_images"].items():
        run.saw((dataset, image_id) for image_id in ids)
    return run


def _load_all(network: AnyNetwork, training: TrainingConfig) -> str:
    """Fill backbone and context as the configuration says; tell where their weights come from."""
    origin = _load_backbone(network, training)
    if not training.pretrained or network.context is None:
        return origin
    return f"{origin}; {load_transformer(network.context.body, network.config.context)}"


def _load_backbone(network: AnyNetwork, training: TrainingConfig) -> str:
    return network.load_backbone() if training.pretrained else "random numbers"


def resume(path: Path, config: Config, device: torch.device) -> Run:
    """The run in a checkpoint, to go on under the configuration; only its budget may have changed.

    Raises:
        RunError: it was made with another configuration.
        CheckpointError: the checkpoint cannot be read.
    """
    state = checkpoint.load(path)
    before, now = (_what_counts(each) for each in (Config.from_mapping(state["config"]), config))
    changed = sorted(key for key in now if now[key] != before[key])
    if changed:
        raise RunError(
            f"{path} was made with another configuration ({', '.join(changed)} differ): "
            "name another --out, or start it again with --no-resume"
        )
    return restore(state, config, device)


def restore(state: Mapping[str, Any], config: Config, device: torch.device) -> Run:
    """The run that a checkpoint's state describes."""
    network: AnyNetwork = KINDS[config.network.kind].make(config)
    network.load_state_dict(state["network"])
    run = _assemble(config, network, device, state["origin"])
    run.average.load_state_dict(state["average"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.step, run.seconds, run.folded = state["step"], state["seconds"], state["folded"]
    run.curve, run.validated = list(state["curve"]), state["validated"]
    run.trained_on = {name: set(ids) for name, ids in state["trained_on"].items()}
    return run


def _assemble(config: Config, network: AnyNetwork, device: torch.device, origin: dict[str, Any]) -> Run:
    network = network.to(device).to(memory_format=torch.channels_last)
    if network.context is not None:
        network.context.half_precision = config.training.arithmetic != "float32"
    average = copy.deepcopy(network).eval().requires_grad_(False)
    return Run(config, network, average, _optimizer(network, config.training), origin)


def _optimizer(network: AnyNetwork, config: TrainingConfig) -> torch.optim.Optimizer:
    body = list(network.backbone.parameters())
    ours = {id(parameter) for parameter in body}
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    rest = [parameter for parameter in learned if id(parameter) not in ours]
    groups = [
        {"params": body, "rate": config.backbone_learning_rate},
        {"params": rest, "rate": config.learning_rate},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)


def _what_counts(config: Config) -> dict[str, Any]:
    """The parts of a configuration that must not change within a run."""
    defaults = TrainingConfig()
    budget = {name: getattr(defaults, name) for name in _FREE_TO_CHANGE}
    fixed = replace(config, training=replace(config.training, **budget), licence="")
    sources = tuple((source.path, source.weight, source.fraction, source.part) for source in fixed.sources)
    return {"network": asdict(fixed.network), "training": asdict(fixed.training), "sources": sources}
