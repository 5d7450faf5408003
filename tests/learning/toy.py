"""A toy set that a tiny network learns in seconds, and the configuration that does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fullcanvas.learning.config import Config
from fullcanvas.learning.kinds import KINDS
from fullcanvas.learning.processes import Process
from fullcanvas.learning.samples import batches
from fullcanvas.learning.sources import TrainingSet
from tests.panoptic_folder import write_dataset

CPU = torch.device("cpu")
HERE = Process(CPU)
SIDE = 96
NETWORK = {
    "backbone": "test_efficientnet",
    "pyramid_channels": 8,
    "channels": 8,
    "roi_size": 15,
    "mask_size": 15,
    "head_channels": [12, 12, 12],
}
TRAINING = {
    "pretrained": False,
    "crop": 64,
    "working_size": SIDE,
    "scale": [0.7, 1.2],
    "steps": 60,
    "images_per_step": 4,
    "learning_rate": 1e-2,
    "backbone_learning_rate": 1e-2,
    "warmup": 5,
    "rounds": [0, 1],
    "freeze_norms": 0.7,
    "average": 0.9,
    "held_back": 4,
    "checkpoint_every": 15,
    "validate_every": 30,
    "workers": 0,
}


def toy_map(number: int) -> NDArray[np.int64]:
    """Two triangles and a disc: their boxes overlap, so the smallest box is often wrong."""
    rng = np.random.default_rng(number)
    ys, xs = np.mgrid[:SIDE, :SIDE]
    slope, shift = rng.uniform(0.6, 1.4), rng.uniform(-10, 10)
    x, y, radius = *rng.uniform(25, 70, 2), rng.uniform(12, 20)
    labels = np.where(xs * slope + shift > ys, 1, 2)
    labels[(xs - x) ** 2 + (ys - y) ** 2 < radius**2] = 3
    return np.rot90(labels, number % 4).copy()


def write_toy_set(folder: Path, count: int = 10) -> Path:
    """The toy set, as a folder."""
    write_dataset(folder, [toy_map(number) for number in range(count)])
    return folder


def toy_config(*, network: dict[str, Any] | None = None, sources: Any = (), **training: Any) -> Config:
    """The toy configuration with some values replaced."""
    return Config.from_mapping(
        {
            "name": "toy",
            "licence": "CC0",
            "network": NETWORK | (network or {}),
            "training": TRAINING | training,
            "sources": list(sources),
        }
    )


def toy_batches(sets: Sequence[TrainingSet], config: Config, step: int = 0) -> Iterator[Any]:
    """What a configuration's network learns from in one step after the other, all of it on one process."""
    examples = KINDS[config.network.kind].examples(sets, config)
    return batches(examples, step, HERE.places(config.training.images_per_step))


def write_toml(path: Path, config: dict[str, Any]) -> Path:
    """A configuration as a TOML file: plain keys, tables, and tables of an array."""
    lines = [f"{key} = {_toml(value)}" for key, value in config.items() if not isinstance(value, dict)]
    for name, table in config.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
