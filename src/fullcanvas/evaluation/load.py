"""From what `--model` says to the predictor that it names."""

from __future__ import annotations

from collections.abc import Callable

from fullcanvas.annotation import Annotation
from fullcanvas.evaluation.baselines.grabcut import grabcut_labels
from fullcanvas.evaluation.baselines.smallest_box import smallest_box_labels
from fullcanvas.evaluation.dextr import load_dextr
from fullcanvas.evaluation.predictors import Baseline, Image, ModelPredictor, Predictor
from fullcanvas.evaluation.sam import load_sam
from fullcanvas.evaluation.single_region import SingleRegionModel
from fullcanvas.inference import Segmenter
from fullcanvas.simulation.overlap import LabelMap

BASELINES = ("smallest-box", "grabcut", "random-walker", "watershed")


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
        return load_sam(spec.removeprefix("sam:"), threads)
    if spec.startswith("dextr:"):
        return load_dextr(spec.removeprefix("dextr:"), threads)
    segmenter = Segmenter.load(spec, threads)
    return ModelPredictor(segmenter) if segmenter.config.canvas else SingleRegionModel(segmenter)


def _baseline(name: str) -> Callable[[Image, Annotation], LabelMap]:
    if name == "smallest-box":
        return lambda _image, annotation: smallest_box_labels(annotation)
    if name == "grabcut":
        return grabcut_labels
    # Only now: scikit-image is more than an annotator has installed.
    from fullcanvas.evaluation.baselines import seeded

    return seeded.watershed_labels if name == "watershed" else seeded.random_walker_labels
