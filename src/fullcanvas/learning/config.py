"""The configuration of a network and of its training: one TOML file, frozen dataclasses, nothing hidden."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The shape of a network (section 3.1).

    Attributes:
        backbone: name of a timm model that offers feature maps.
        channels: of the embedding.
        roi_size, mask_size: cells per side of the RoI features and of the logit map.
        head: "pyramid" sees its whole RoI through two coarser levels; "convolutions" is Mask R-CNN's.
        head_channels: per level of a pyramid head; the first is the width of a convolutional one.
        prior: whether the competition starts from minus the log area of each box (learned scale).
        shared: whether a region sees everybody else's ink (section 3.2).
    """

    backbone: str = "efficientnet_lite0"
    channels: int = 64
    roi_size: int = 41
    mask_size: int = 41
    head: Literal["pyramid", "convolutions"] = "pyramid"
    head_channels: tuple[int, ...] = (48, 80, 112)
    prior: bool = True
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """One training folder and how often it is drawn.

    Attributes:
        path: of a folder in COCO panoptic format.
        weight: relative frequency of its images.
        licence: of its annotations and photos, for the model card.
    """

    path: str
    weight: float = 1.0
    licence: str = "unknown"


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a network is trained (section 3.3).

    Attributes:
        loss: "pixel-wise" lets regions compete on the canvas; "mask-wise" is Mask R-CNN's.
        crop: side of the square training crops, in working pixels; a multiple of 32.
        working_size: long side to which photos are resized when the model is used.
        scale: a training photo's long side is `working_size` times a factor drawn log-uniformly from here.
        images_per_step, steps: the budget.
        learning_rate, backbone_learning_rate, weight_decay: of AdamW; both rates follow a cosine.
        warmup: steps of linear warm-up.
        rounds: how many rounds of simulated scribbles precede the graded prediction; drawn uniformly.
        free_share: share of the rounds that are allocated freely, the others one-per-region.
        jitter: standard deviation of the extreme points' error in working pixels, in a quarter of images.
        pert: tolerance of the extreme points in working pixels, in half of the images.
        most_regions: regions of a crop beyond this number are treated as void, drawn at random.
        freeze_norms: share of the steps after which batch statistics are no longer updated.
        average: decay of the running average of the weights that validation and export use.
        held_back: one image in this many of every folder is never trained on; validation uses them.
        validate_every, checkpoint_every: in steps.
    """

    loss: Literal["pixel-wise", "mask-wise"] = "pixel-wise"
    crop: int = 320
    working_size: int = 512
    scale: tuple[float, float] = (0.6, 1.5)
    images_per_step: int = 2
    steps: int = 8000
    learning_rate: float = 1e-3
    backbone_learning_rate: float = 2e-4
    weight_decay: float = 1e-2
    warmup: int = 200
    rounds: tuple[int, ...] = (1, 1, 2, 3)
    free_share: float = 0.5
    jitter: float = 2.0
    pert: int = 4
    most_regions: int = 20
    freeze_norms: float = 0.6
    average: float = 0.999
    held_back: int = 8
    validate_every: int = 1000
    checkpoint_every: int = 250
    seed: int = 0
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that a training run depends on, apart from the data itself."""

    name: str
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    sources: tuple[Source, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The configuration as JSON values, for checkpoints and model files."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Config:
        """A configuration from nested tables.

        Raises:
            ValueError: an unknown or missing key; the message names it.
        """
        _known(cls, data)
        if "name" not in data:
            raise ValueError("a configuration needs a name")
        return cls(
            name=data["name"],
            network=_table(NetworkConfig, data.get("network", {})),
            training=_table(TrainingConfig, data.get("training", {})),
            sources=tuple(_table(Source, source) for source in data.get("sources", ())),
        )

    @classmethod
    def read(cls, path: Path) -> Config:
        """A configuration from a TOML file.

        Raises:
            ValueError: it is not TOML, or has an unknown or missing key; the message names file and key.
        """
        try:
            return cls.from_mapping(tomllib.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from error


def _table(cls: Any, data: Mapping[str, Any]) -> Any:
    _known(cls, data)
    return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in data.items()})


def _known(cls: Any, data: Mapping[str, Any]) -> None:
    known = {each.name for each in fields(cls)}
    if unknown := sorted(set(data) - known):
        raise ValueError(f"unknown key {unknown[0]!r} for {cls.__name__}; known: {', '.join(sorted(known))}")
