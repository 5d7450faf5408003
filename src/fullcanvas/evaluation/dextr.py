"""DEXTR in the harness: a mask per region from its extreme points; scribbles change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fullcanvas.annotation.marks import Marks
from fullcanvas.evaluation.predictors import FromModelFile, Image, OpenedAlone
from fullcanvas.inference.dextr import Dextr
from fullcanvas.simulation.overlap import BinaryMask


@dataclass(frozen=True, slots=True)
class DextrModel(FromModelFile[Dextr]):
    """`--model dextr:PATH`."""

    def look_at(self, image: Image) -> OpenedAlone:
        """Keeps an image: uint8 [H, W, 3], RGB."""
        return _OpenedDextr(self.model, image)


@dataclass(frozen=True, slots=True)
class _OpenedDextr:
    dextr: Dextr
    image: Image

    def masks(self, marks: Sequence[Marks]) -> Iterator[BinaryMask]:
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
