"""The kinds of network that can be trained, the paper's and DEXTR, and all that differs between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import Tensor

from fullcanvas.datasets import Sample
from fullcanvas.learning import dextr
from fullcanvas.learning.config import Config
from fullcanvas.learning.dextr import Cutout, Cutouts, DextrNetwork
from fullcanvas.learning.export import export
from fullcanvas.learning.grading import Lesson, loss_of
from fullcanvas.learning.network import Network
from fullcanvas.learning.samples import Crop, Crops, Examples
from fullcanvas.learning.sources import TrainingSet
from fullcanvas.learning.validation import validate

AnyNetwork = Network | DextrNetwork
N = TypeVar("N", Network, DextrNetwork)
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Kind(Generic[N, E]):
    """A kind of network, and how it is trained; all others ask here instead of asking which one they have.

    Attributes:
        make: the network of a configuration, with random weights.
        examples: what it learns from, an endless list.
        loss: of some examples, a scalar: the mean over their images.
        validate: the curve of mean IoU on some samples, on the device where the network is.
        export: writes the model file, with this description; returns the model's hash.
    """

    make: Callable[[Config], N]
    examples: Callable[[Sequence[TrainingSet], Config], Examples[E]]
    loss: Callable[[N, Sequence[E], Lesson], Tensor]
    validate: Callable[[N, Sequence[Sample], Config], list[float]]
    export: Callable[[N, Path, Mapping[str, Any], Config], str]


REGIONS: Kind[Network, Crop] = Kind(
    make=lambda config: Network(config.network),
    examples=lambda sets, config: Crops(sets, config.training, config.network.classes),
    loss=loss_of,
    validate=lambda network, samples, config: validate(network, samples, config.training.working_size),
    export=lambda network, path, said, config: export(network, path, said, config.training.working_size),
)
DEXTR: Kind[DextrNetwork, Cutout] = Kind(
    make=lambda config: DextrNetwork(config.network, config.training.crop),
    examples=lambda sets, config: Cutouts(sets, config.training),
    loss=lambda network, cutouts, _: dextr.loss_of(network, cutouts),
    validate=lambda network, samples, _: dextr.validate(network, samples),
    export=lambda network, path, said, _: dextr.export(network, path, said),
)
KINDS: dict[str, Kind[Any, Any]] = {"regions": REGIONS, "dextr": DEXTR}
"""By `network.kind` of a configuration."""
