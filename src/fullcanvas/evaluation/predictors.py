"""Everything that can answer an annotation, behind two interfaces: with a label map, or with masks alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fullcanvas import __version__
from fullcanvas.annotation import Annotation
from fullcanvas.annotation.marks import Marks
from fullcanvas.inference import Segmenter, Session
from fullcanvas.inference.model_file import ModelError
from fullcanvas.simulation.overlap import BinaryMask, LabelMap

Image = NDArray[np.uint8]


class Predictor(Protocol):
    """A model, or a baseline: in full a `FullImagePredictor` or a `SingleRegionPredictor`."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def hash(self) -> str:
        """Identifies it: results are reused only under the same hash."""
        ...

    @property
    def training_images(self) -> Mapping[str, Collection[int]]:
        """The ids of the photos that it was trained on, by data set."""
        ...


class Opened(Protocol):
    """A full-image predictor that looks at one image."""

    def apply(self, annotation: Annotation) -> LabelMap:
        """The answer to an annotation of this image: int32 [H, W], 0 where no region is.

        Annotations of one image follow each other: each adds to the one before.
        """
        ...


@runtime_checkable
class FullImagePredictor(Predictor, Protocol):
    """A predictor that answers with a label map."""

    def open(self, image: Image) -> Opened:
        """Looks at an image: uint8 [H, W, 3], RGB."""
        ...


class OpenedAlone(Protocol):
    """A single-region predictor that looks at one image."""

    def masks(self, marks: Sequence[Marks]) -> Iterator[BinaryMask]:
        """The mask of every region, in order, one at a time: bool [H, W]."""
        ...


@runtime_checkable
class SingleRegionPredictor(Predictor, Protocol):
    """A predictor that answers with a mask per region; masks overlap, so they make no label map."""

    def look_at(self, image: Image) -> OpenedAlone:
        """Looks at an image: uint8 [H, W, 3], RGB."""
        ...


def full_image(predictor: Predictor) -> FullImagePredictor:
    """The same predictor, which must be one that answers with a label map.

    Raises:
        ModelError: it is not.
    """
    if isinstance(predictor, FullImagePredictor):
        return predictor
    raise ModelError(f"{predictor.name} is a single-region model: its masks overlap and make no label map")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A predictor without a model file: a function of image and annotation."""

    name: str
    answer: Callable[[Image, Annotation], LabelMap]

    @property
    def hash(self) -> str:
        """The version of the code that answers."""
        return f"fullcanvas-{__version__}"

    @property
    def training_images(self) -> Mapping[str, Collection[int]]:
        """None: nothing was trained."""
        return {}

    def open(self, image: Image) -> Opened:
        """Looks at an image: uint8 [H, W, 3], RGB."""
        return _OpenedBaseline(self.answer, image)


@dataclass(frozen=True, slots=True)
class _OpenedBaseline:
    answer: Callable[[Image, Annotation], LabelMap]
    image: Image

    def apply(self, annotation: Annotation) -> LabelMap:
        return self.answer(self.image, annotation)


class Recorded(Protocol):
    """A loaded model file."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def hash(self) -> str:
        """The model file's hash."""
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """How the model came about."""
        ...


M = TypeVar("M", bound=Recorded)


@dataclass(frozen=True, slots=True)
class FromModelFile(Generic[M]):
    """What every predictor that is a model file says of itself."""

    model: M

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def hash(self) -> str:
        """The model file's hash."""
        return self.model.hash

    @property
    def training_images(self) -> Mapping[str, Collection[int]]:
        """What the model file says it was trained on."""
        return training_images(self.model.provenance)


@dataclass(frozen=True, slots=True)
class ModelPredictor(FromModelFile[Segmenter]):
    """A model file, answering as it does in the product."""

    def open(self, image: Image) -> Opened:
        """Encodes an image: uint8 [H, W, 3], RGB."""
        return _OpenedModel(self.model.open(image))


@dataclass(frozen=True, slots=True)
class _OpenedModel:
    session: Session

    def apply(self, annotation: Annotation) -> LabelMap:
        self.session.apply(annotation)
        return self.session.label_map


def training_images(provenance: Mapping[str, Any]) -> dict[str, frozenset[int]]:
    """The `training_images` of a model's record: image ids by data set; empty if it names none.

    Raises:
        ModelError: they are listed in another way.
    """
    listed = provenance.get("training_images") or {}
    try:
        return {str(dataset): frozenset(map(int, ids)) for dataset, ids in listed.items()}
    except (AttributeError, TypeError, ValueError):
        raise ModelError(
            f"a model's record has as training_images lists of image ids by data set, not {listed!r:.80}"
        ) from None
