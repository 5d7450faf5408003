"""Everything that can answer an annotation with a label map, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fullcanvas import __version__
from fullcanvas.annotation import Annotation
from fullcanvas.evaluation.baselines.smallest_box import smallest_box_labels

if TYPE_CHECKING:
    from fullcanvas.inference import Segmenter, Session

LabelMap = NDArray[np.int32]
Image = NDArray[np.uint8]


class Opened(Protocol):
    """A predictor that looks at one image."""

    def apply(self, annotation: Annotation) -> LabelMap:
        """The answer to an annotation of this image: int32 [H, W], 0 where no region is.

        Annotations of one image follow each other: each adds to the one before.
        """
        ...


class Predictor(Protocol):
    """A model, or a baseline.

    Attributes:
        name: what it is called.
        hash: tells it from all others; its results are only reused under the same hash.
        training_images: the ids of the photos that it was trained on, by data set.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def hash(self) -> str: ...  # noqa: D102
    @property
    def training_images(self) -> Mapping[str, Collection[int]]: ...  # noqa: D102

    def open(self, image: Image) -> Opened:
        """Looks at an image: uint8 [H, W, 3], RGB."""
        ...


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


@dataclass(frozen=True, slots=True)
class FromModelFile:
    """What every predictor that is a model file says of itself."""

    segmenter: Segmenter

    @property
    def name(self) -> str:
        """The model's name."""
        return self.segmenter.name

    @property
    def hash(self) -> str:
        """The model file's hash."""
        return self.segmenter.hash

    @property
    def training_images(self) -> Mapping[str, Collection[int]]:
        """What the model file says it was trained on."""
        return training_images(self.segmenter.provenance)


@dataclass(frozen=True, slots=True)
class ModelPredictor(FromModelFile):
    """A model file, answering as it does in the product."""

    def open(self, image: Image) -> Opened:
        """Encodes an image: uint8 [H, W, 3], RGB."""
        return _OpenedModel(self.segmenter.open(image))


@dataclass(frozen=True, slots=True)
class _OpenedModel:
    session: Session

    def apply(self, annotation: Annotation) -> LabelMap:
        self.session.apply(annotation)
        return self.session.label_map


def training_images(provenance: Mapping[str, Any]) -> dict[str, frozenset[int]]:
    """The `training_images` of a model's record: image ids by data set; empty if it names none."""
    listed = provenance.get("training_images") or {}
    return {str(dataset): frozenset(int(id_) for id_ in ids) for dataset, ids in listed.items()}


BASELINES = ("smallest-box", "grabcut", "random-walker", "watershed")


def _baseline(name: str) -> Callable[[Image, Annotation], LabelMap]:
    """A baseline's function, imported only now: some need more than an annotator has installed."""
    if name == "grabcut":
        from fullcanvas.evaluation.baselines.grabcut import grabcut_labels

        return grabcut_labels
    if name == "smallest-box":
        return lambda _image, annotation: smallest_box_labels(annotation)
    from fullcanvas.evaluation.baselines import seeded

    return seeded.watershed_labels if name == "watershed" else seeded.random_walker_labels


def load_predictor(spec: str, threads: int | None = None) -> Predictor:
    """The predictor that `--model` names.

    Args:
        spec: a baseline, `default`, the path of a model file, `sam:ENCODER,DECODER` or `dextr:PATH`.
        threads: how many ONNX Runtime may use; None is one per core.

    Raises:
        ModelError: there is no such model file, or it cannot be used.
    """
    if spec in BASELINES:
        return Baseline(spec, _baseline(spec))
    if spec.startswith("sam:"):
        from fullcanvas.evaluation.sam import load_sam

        return load_sam(spec.removeprefix("sam:"), threads)
    if spec.startswith("dextr:"):
        from fullcanvas.evaluation.dextr import load_dextr

        return load_dextr(spec.removeprefix("dextr:"), threads)
    return _model(spec, threads)


def _model(spec: str, threads: int | None) -> Predictor:
    from fullcanvas.inference import Segmenter

    segmenter = Segmenter.load(spec, threads)
    if segmenter.config.canvas:
        return ModelPredictor(segmenter)
    from fullcanvas.evaluation.single_region import SingleRegionModel

    return SingleRegionModel(segmenter)
