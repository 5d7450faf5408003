"""The configuration of a network and of its training: one TOML file, frozen dataclasses, nothing hidden."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from fullcanvas.learning.errors import ConfigError

T = TypeVar("T")
Arithmetic = Literal["automatic", "float32", "bfloat16"]
_PYRAMID_LEVELS = 3
_LEAST_OF_NETWORK = {
    0: ("box_margin", "closer_below"),
    1: ("pyramid_channels", "channels", "roi_size", "mask_size", "class_channels"),
}
"""The fields of a network that are numbers, by the least that they may be."""


def _check_least(config: Any, least_of: Mapping[int, tuple[str, ...]]) -> None:
    for least, names in least_of.items():
        for name in names:
            if getattr(config, name) < least:
                raise ConfigError(f"{name} is {least} or more, not {getattr(config, name)}")


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The shape of a network (section 3.1), and how its answers are meant.

    Attributes:
        kind: "regions" is the paper's network; "dextr" its opponent, of which only `backbone` and `channels`
            (of its head) are said here.
        backbone: name of a timm model that offers feature maps, or `mobile_sam` for MobileSAM's encoder.
        context: name of a timm vision transformer whose frozen patches join the pyramid; none if empty.
        pyramid_channels: of every level of the feature pyramid.
        channels: of the embedding.
        roi_size, mask_size: cells per side of the RoI features and of the logit map.
        head: "pyramid" sees its whole RoI through two coarser levels; "convolutions" is Mask R-CNN's.
        head_channels: per level of a pyramid head; the first is the width of a convolutional one.
        prior: whether the competition starts from minus the log area of each box (learned scale).
        shared: whether a region sees everybody else's ink (section 3.2).
        grow_boxes: whether a region's own scribbles enlarge its box.
        box_margin: by how many working pixels a box is wider on each side than what was marked.
        closer_below: when the model is used, regions whose box has a long side of fewer working pixels than
            this are seen through a close-up of the photo; 0 for none. Training draws scales at random anyway.
        ink_constraint: whether the centre lines of scribbles always belong to their regions.
        canvas: whether regions compete; without, each has a mask of its own (the single-region models).
        points: how extreme points are drawn; heat maps only without a canvas (table 1 of the paper).
        class_specific: whether there are mask logits per class, chosen by a class head (section 3.4).
        class_channels: of the class head's two hidden layers.
        classes: category ids in the order of the mask logits; taken from the data if there are none.
    """

    kind: Literal["regions", "dextr"] = "regions"
    backbone: str = "efficientnet_lite0"
    context: str = ""
    pyramid_channels: int = 96
    channels: int = 64
    roi_size: int = 41
    mask_size: int = 41
    head: Literal["pyramid", "convolutions"] = "pyramid"
    head_channels: tuple[int, ...] = (48, 80, 112)
    prior: bool = True
    shared: bool = True
    grow_boxes: bool = True
    box_margin: int = 0
    closer_below: int = 0
    ink_constraint: bool = True
    canvas: bool = True
    points: Literal["discs", "heat-maps"] = "discs"
    class_specific: bool = False
    class_channels: int = 1024
    classes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.class_specific and (self.head != "convolutions" or self.prior):
            raise ConfigError('class_specific needs head = "convolutions" and prior = false')
        if self.points == "heat-maps" and (self.canvas or self.shared):
            raise ConfigError('points = "heat-maps" needs canvas = false and shared = false')
        if not self.canvas and (self.grow_boxes or self.ink_constraint):
            raise ConfigError("canvas = false needs grow_boxes = false and ink_constraint = false")
        if not self.head_channels or (self.head == "pyramid" and len(self.head_channels) != _PYRAMID_LEVELS):
            raise ConfigError(
                f"head_channels are {_PYRAMID_LEVELS} widths for a pyramid head and one or more for another, "
                f"not {list(self.head_channels)}"
            )
        if not self.canvas and self.closer_below:
            raise ConfigError("canvas = false needs closer_below = 0")
        if min(self.head_channels) < 1:
            raise ConfigError(f"head_channels are 1 or more each, not {list(self.head_channels)}")
        _check_least(self, _LEAST_OF_NETWORK)


@dataclass(frozen=True, slots=True)
class Source:
    """One data set to train on, and how often it is drawn.

    Attributes:
        path: of a COCO panoptic data set; relative to the folder that `--data` names.
        weight: relative frequency of its photos.
        licence: of its annotations and photos, for the model file's record.
        fraction, part: which part of its photos is used; parts of the same fraction share none.
    """

    path: str
    weight: float = 1.0
    fraction: float = 1.0
    part: int = 0
    licence: str = "not stated"


_LEAST_OF_TRAINING = {
    0: (
        *("minutes", "learning_rate", "backbone_learning_rate", "weight_decay"),
        *("jitter", "pert", "held_back", "workers", "seed"),
    ),
    1: (
        "working_size",
        "images_per_step",
        "steps",
        "warmup",
        "most_regions",
        "validate_every",
        "checkpoint_every",
    ),
}
"""The fields of a training that are numbers, by the least that they may be."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a network is trained (section 3.3).

    Attributes:
        pretrained: whether the backbone starts from weights trained on ImageNet, or at random.
        loss: "pixel-wise" lets regions compete on the canvas; "mask-wise" is Mask R-CNN's.
        overlap: share of the loss that says how far regions and truth overlap; the rest is the above.
        regions: which are trained on; "things" makes everything else void (table 1 of the paper).
        crop: side of the square training crops, in working pixels; a multiple of 32. DEXTR's cutouts.
        working_size: long side to which photos are resized when the model is used.
        scale: a training photo's long side is `working_size` times a factor drawn log-uniformly from here.
        pasted: share of the crops over which things of another photo are laid.
        images_per_step, steps: the budget.
        minutes: the budget as time spent on training steps; if above 0 it takes the place of `steps`.
        learning_rate, backbone_learning_rate, weight_decay: of AdamW; both rates follow a cosine.
        warmup: steps of linear warm-up.
        rounds: how many rounds of simulated scribbles precede the graded prediction; drawn uniformly.
        sibling: name of the model on whose errors scribbles are simulated (section 5.3), a file that
            `--sibling` names; the network itself if empty.
        free_share: share of the rounds that are allocated freely, the others one-per-region.
        jitter: standard deviation of the extreme points' error in working pixels.
        jittered: share of images whose extreme points have it.
        pert: tolerance of the extreme points in working pixels, in half of the images.
        most_regions: regions of a crop beyond this number are treated as void, drawn at random.
        arithmetic: what layers count in; "automatic" is bfloat16 on a GPU and float32 on a CPU, but for a
            frozen transformer, which it lets count in bfloat16 on both. Processors that multiply bfloat16
            themselves (AVX512-BF16, AMX) train up to twice as fast in it.
        freeze_norms: share of the budget after which batch statistics are no longer updated.
        average: decay of the running average of the weights that validation and export use.
        held_back: one photo in this many is never trained on; validation uses them. 0 holds none back.
        validate_every, checkpoint_every: in steps.
        seed: of all random numbers.
        workers: processes that make crops; 0 makes them in the training process.
    """

    pretrained: bool = True
    loss: Literal["pixel-wise", "mask-wise"] = "pixel-wise"
    overlap: float = 0.0
    regions: Literal["all", "things"] = "all"
    crop: int = 320
    working_size: int = 512
    scale: tuple[float, ...] = (0.6, 1.5)
    pasted: float = 0.0
    images_per_step: int = 2
    steps: int = 8000
    minutes: float = 0.0
    learning_rate: float = 1e-3
    backbone_learning_rate: float = 2e-4
    weight_decay: float = 1e-2
    warmup: int = 200
    rounds: tuple[int, ...] = (1, 1, 2, 3)
    sibling: str = ""
    free_share: float = 0.5
    jitter: float = 2.0
    jittered: float = 0.25
    pert: int = 4
    most_regions: int = 20
    arithmetic: Arithmetic = "automatic"
    freeze_norms: float = 0.6
    average: float = 0.999
    held_back: int = 8
    validate_every: int = 1000
    checkpoint_every: int = 250
    seed: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        if self.crop <= 0 or self.crop % 32:
            raise ConfigError(f"crop is a positive multiple of 32, not {self.crop}")
        if len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1]:
            raise ConfigError(f"scale is a pair of factors, the smaller first, not {list(self.scale)}")
        for name in ("overlap", "pasted", "free_share", "jittered", "freeze_norms", "average"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is a share of 0 to 1, not {getattr(self, name)}")
        if not self.rounds or min(self.rounds) < 0:
            raise ConfigError(f"rounds lists at least one number of 0 or more, not {list(self.rounds)}")
        _check_least(self, _LEAST_OF_TRAINING)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that a training run depends on, apart from the data itself.

    Attributes:
        name: of the model.
        network, training, sources: see there.
        licence: under which the model is given; what it was trained on is added to it.
    """

    name: str
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    sources: tuple[Source, ...] = ()
    licence: str = "not stated"

    def __post_init__(self) -> None:
        if (self.training.loss == "pixel-wise") != self.network.canvas:
            raise ConfigError('loss = "pixel-wise" needs a canvas, and loss = "mask-wise" canvas = false')
        if self.training.overlap and not self.network.canvas:
            raise ConfigError("overlap needs a canvas: without one regions share no pixels out")
        if self.network.kind == "dextr" and (self.network.canvas or self.network.class_specific):
            raise ConfigError('kind = "dextr" needs canvas = false and no classes')
        if self.network.kind == "dextr" and self.network.backbone == "mobile_sam":
            raise ConfigError(
                'kind = "dextr" needs a backbone of timm\'s: it sets the stride of its last stages'
            )
        if self.network.kind == "dextr" and self.training.arithmetic != "automatic":
            raise ConfigError('kind = "dextr" needs arithmetic = "automatic": its layers count in float32')
        if self.network.kind == "dextr" and (self.network.context or self.training.sibling):
            raise ConfigError(
                'kind = "dextr" needs context = "" and sibling = "": it has none, and knows no scribbles'
            )
        if self.network.kind == "dextr" and self.training.pasted:
            raise ConfigError('kind = "dextr" needs pasted = 0: its cutouts show one photo')

    def to_json(self) -> dict[str, Any]:
        """The configuration as JSON values, for checkpoints and model files."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Config:
        """A configuration from nested tables.

        Raises:
            ConfigError: an unknown or missing key, or a value that cannot be; the message names it.
        """
        plain = {key: data[key] for key in ("name", "licence") if key in data}
        sources = data.get("sources", ())
        if not isinstance(sources, list | tuple):
            raise ConfigError(f"sources is a list of tables, not {sources!r:.80}")
        _check_keys(cls, data)
        return cls(
            **_checked(cls, plain),
            network=from_table(NetworkConfig, data.get("network", {})),
            training=from_table(TrainingConfig, data.get("training", {})),
            sources=tuple(from_table(Source, source) for source in sources),
        )

    @classmethod
    def read(cls, path: Path, network: NetworkConfig | None = None, changes: Sequence[str] = ()) -> Config:
        """A configuration from a TOML file.

        Args:
            path: of the file.
            network: what the network is if there is no table `network`.
            changes: lines of TOML, like `training.steps = 500`, that take the place of what the file says;
                the budget is then as many steps, also where the file gives it in minutes.

        Raises:
            ConfigError: it cannot be read, is not TOML, or holds what cannot be; the message names the file.
        """
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            if network is not None:
                data.setdefault("network", asdict(network))
            for change in map(_parsed, changes):
                data = _changed(data, _BY_STEPS if _gives_steps(change) else {})
                data = _changed(data, change)
            return cls.from_mapping(data)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise ConfigError(f"{path}: {error}") from error


def _parsed(change: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(change)
    except ValueError as error:
        raise ConfigError(f"{change!r} is no line of TOML, like training.steps = 500: {error}") from error


_BY_STEPS = {"training": {"minutes": 0.0}}


def _gives_steps(change: Mapping[str, Any]) -> bool:
    training = change.get("training")
    return isinstance(training, Mapping) and "steps" in training


def _changed(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables of which some values are replaced."""
    tables = {
        key: _changed(data[key], value)
        for key, value in changes.items()
        if isinstance(value, Mapping) and isinstance(data.get(key), Mapping)
    }
    return {**data, **changes, **tables}


def from_table(cls: type[T], data: Any) -> T:
    """A dataclass from a table of TOML or JSON.

    Raises:
        ConfigError: an unknown or missing key, or a value of another type; the message names it.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{cls.__name__} is a table, not {data!r:.80}")
    _check_keys(cls, data)
    return cls(**_checked(cls, data))


def _check_keys(cls: Any, data: Mapping[str, Any]) -> None:
    known: dict[str, Field[Any]] = {each.name: each for each in fields(cls)}
    if unknown := sorted(set(data) - set(known)):
        raise ConfigError(f"unknown key {unknown[0]!r} for {cls.__name__}; known: {', '.join(sorted(known))}")
    needed = (each for each in known.values() if each.default is each.default_factory is MISSING)
    if missing := [each.name for each in needed if each.name not in data]:
        raise ConfigError(f"{cls.__name__} needs the key {missing[0]!r}")


def _checked(cls: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {key: _value(key, value, hints[key]) for key, value in data.items()}


def _value(key: str, value: Any, hint: Any) -> Any:
    """The value as the field's type wants it: tuples come as lists, whole numbers may stand for floats."""
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ConfigError(f"{key} is one of {', '.join(get_args(hint))}, not {value!r:.80}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{key} is a list, not {value!r:.80}")
        return tuple(_value(key, each, get_args(hint)[0]) for each in value)
    kinds = (int, float) if hint is float else (hint,)
    if type(value) not in kinds:
        raise ConfigError(f"{key} is of type {hint.__name__}, not {value!r:.80}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{key} is a finite number, not {value}")
    return value
