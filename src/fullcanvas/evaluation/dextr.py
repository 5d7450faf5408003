"""DEXTR in the harness: a mask per region from its extreme points; scribbles change nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation.marks import Marks
from fullcanvas.evaluation.predictors import Image, Opened, training_images
from fullcanvas.inference.dextr import Dextr
from fullcanvas.inference.model_file import ModelError


@dataclass(frozen=True, slots=True)
class DextrModel:
    """`--model dextr:PATH`."""

    dextr: Dextr

    @property
    def name(self) -> str:
        """The model's name."""
        return self.dextr.name

    @property
    def hash(self) -> str:
        """The model file's hash."""
        return self.dextr.hash

    @property
    def training_images(self) -> Mapping[str, Collection[int]]:
        """What the model file says it was trained on."""
        return training_images(self.dextr.provenance)

    def open(self, image: Image) -> Opened:  # noqa: ARG002 (it is what every predictor has)
        """DEXTR makes no label map.

        Raises:
            ModelError: always; it says so.
        """
        raise ModelError(f"{self.name} is a DEXTR model: its masks overlap and make no label map")

    def look_at(self, image: Image) -> _OpenedDextr:
        """Keeps an image: uint8 [H, W, 3], RGB."""
        return _OpenedDextr(self.dextr, image)


@dataclass(frozen=True, slots=True)
class _OpenedDextr:
    dextr: Dextr
    image: Image

    def masks(self, marks: Sequence[Marks]) -> Iterator[NDArray[np.bool_]]:
        return (self.dextr.mask(self.image, each.region.extreme_points) for each in marks)


def load_dextr(path: str, threads: int | None = None) -> DextrModel:
    """The predictor that `--model dextr:PATH` names.

    Args:
        path: of the model file, which `fullcanvas train configs/paper/dextr.toml` writes.
        threads: how many ONNX Runtime may use; None is one per core.

    Raises:
        ModelError: there is no such model file, or it cannot be used.
    """
    return DextrModel(Dextr.load(path, threads))
