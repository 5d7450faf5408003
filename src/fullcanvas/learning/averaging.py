"""The mean of two trainings' weights, as one run: often better than either, if both began from one start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fullcanvas.inference.model_file import read_model
from fullcanvas.learning import checkpoint
from fullcanvas.learning.config import Config
from fullcanvas.learning.errors import WeightsError
from fullcanvas.learning.kinds import KINDS, AnyNetwork
from fullcanvas.learning.run import Run, start
from fullcanvas.learning.weights import Weights, fill, read_weights


@dataclass(frozen=True, slots=True)
class _End:
    """Where a training ended."""

    config: Config
    weights: Weights
    step: int
    seconds: float

    @property
    def origin(self) -> Mapping[str, Any]:
        origin: Mapping[str, Any] = self.weights.record["first_weights"]
        return origin

    @property
    def began(self) -> Any:
        """What tells its first weights from others: where there is no model, a seed made some of them."""
        model = self.origin.get("model")
        return model["hash"] if model else (self.origin["backbone"], self.config.training.seed)

    def follows(self, other: _End) -> bool:
        """Whether it began where another one ended."""
        return bool(self.began == other.weights.record["hash"])

    def state(self) -> Mapping[str, Tensor]:
        """All its parameters, norms included where they were folded away."""
        network: AnyNetwork = KINDS[self.config.network.kind].make(self.config)
        fill(network, self.weights)
        return network.state_dict()

    def parts(self, share: float) -> list[dict[str, Any]]:
        """The trainings that it is a mean of (or itself), whose shares add up to `share`."""
        itself = [{"name": self.config.name, "steps": self.step, "share": 1.0}]
        return [{**each, "share": each["share"] * share} for each in self.origin.get("average", itself)]


def average(one: str | Path, other: str | Path, share: float) -> Run:
    """A run whose weights lie between those of two trainings, as it would be at its end.

    Both began from the same weights, or one of them where the other ended: else a mean says nothing. A mean
    can be averaged further. Name, licence and sources are the other's; it was trained on the photos of both,
    and its origin says of what it is a mean.

    Args:
        one, other: checkpoints (.pt) or model files (a path, or the name of an embedded model).
        share: of the other, 0 to 1.

    Raises:
        WeightsError: the share is no share, or the two have no mean.
        ModelError, CheckpointError, ConfigError: a file cannot be read.
    """
    if not 0 <= share <= 1:
        raise WeightsError(f"a share is 0 to 1, not {share}")
    first, second = _end(one), _end(other)
    if first.config.network != second.config.network:
        raise WeightsError(f"{one} and {other} hold networks of different shapes: they have no mean")
    if first.weights.folded != second.weights.folded:
        raise WeightsError(
            f"of {one} and {other} only one has norms folded into what is before them, as model files have: "
            "the numbers of the two mean different things. Name both checkpoints, or both model files"
        )
    if first.began != second.began and not first.follows(second) and not second.follows(first):
        raise WeightsError(
            f"{one} and {other} began from different weights, and neither from the other's file: their mean "
            "would say nothing. Name the very file that --init named"
        )
    return _between(first, second, share)


def _end(spec: str | Path) -> _End:
    weights = read_weights(spec)
    if Path(spec).suffix == ".pt":
        said = checkpoint.load(Path(spec))
        return _End(Config.from_mapping(said["config"]), weights, said["step"], said["seconds"])
    made = read_model(spec).provenance
    return _End(Config.from_mapping(made["configuration"]), weights, made["steps"], made["seconds"])


def _between(one: _End, other: _End, share: float) -> Run:
    later = other if other.follows(one) else one
    config = replace(
        later.config, name=other.config.name, licence=other.config.licence, sources=other.config.sources
    )
    theirs = other.state()
    mean = {
        name: value.lerp(theirs[name], share) if value.is_floating_point() else value
        for name, value in one.state().items()
    }
    images = (each.weights.record["training_images"] for each in (one, other))
    record = {"name": config.name, "training_images": _together(*images)}
    run = start(config, torch.device("cpu"), replace(later.weights, state=mean, record=record))
    run.origin = {**later.origin, "average": [*one.parts(1 - share), *other.parts(share)]}
    run.step, run.seconds = one.step + other.step, one.seconds + other.seconds
    return run


def _together(one: Mapping[str, list[int]], other: Mapping[str, list[int]]) -> dict[str, list[int]]:
    return {name: sorted({*one.get(name, ()), *other.get(name, ())}) for name in sorted({*one, *other})}
