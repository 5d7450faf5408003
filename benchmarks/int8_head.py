"""A model whose mask head computes with 8-bit whole numbers: what was tried, to be tried again.

    python benchmarks/int8_head.py MODEL.zip DATASET OUT.zip [--photos 20] [--method minmax] [--keep NAME...]

Quantises the head statically with ONNX Runtime; a simulated annotator on the first photos of a data set, two
rounds of scribbles each, shows it what numbers to expect. Then compare OUT.zip with MODEL.zip:

    fullcanvas evaluate DATASET --rounds 2 --model OUT.zip
    fullcanvas benchmark --model OUT.zip
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quant_pre_process,
    quantize_static,
)

from fullcanvas.datasets import Sample, open_dataset
from fullcanvas.inference.cancellation import Cancellation
from fullcanvas.inference.model_file import ModelFile, read_model, write_model
from fullcanvas.inference.roi import Roi
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator, annotation_of

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
Inputs = Mapping[str, NDArray[np.float32]]


class Recorder(Segmenter):
    """A segmenter that keeps what its head was shown."""

    shown: list[Inputs]

    def logits(
        self,
        rois: Sequence[Roi],
        annotations: Sequence[NDArray[np.float32]],
        cancellation: Cancellation | None = None,
    ) -> NDArray[np.float32]:
        """The mask head's answers, as `Segmenter.logits`."""
        self.shown += [
            {"features": roi.features[None], "annotation": ink[None], "geometry": roi.geometry[None]}
            for roi, ink in zip(rois, annotations, strict=True)
        ]
        return super().logits(rois, annotations, cancellation)


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands the quantiser one region after another."""

    def __init__(self, shown: Sequence[Inputs]) -> None:
        self.rest = iter(shown)

    def get_next(self) -> Any:
        """The next region's inputs, or None."""
        return next(self.rest, None)


def main() -> None:
    """Quantise the head of a model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--method", choices=METHODS, default="minmax")
    parser.add_argument("--keep", nargs="*", default=[], help="convolutions that stay in float32")
    options = parser.parse_args()
    model = read_model(options.model)
    shown = record(model, options.dataset, options.photos)
    head = quantised(model.head, shown, METHODS[options.method], options.keep)
    meta = {
        "format": 1,
        "name": f"{model.name}-int8",
        "config": model.config.to_json(),
        "provenance": {**model.provenance, "int8_head": f"{options.method}, {len(shown)} answers"},
        "licence": model.licence,
    }
    write_model(options.out, model.encoder, head, meta)


def record(model: ModelFile, dataset: Path, photos: int) -> list[Inputs]:
    """What the head is shown while the paper's annotator works on the first photos of a data set."""
    recorder, found = Recorder(model), open_dataset(dataset)
    recorder.shown = []
    for index in range(min(photos, len(found))):
        annotate(recorder, found.load(index), np.random.default_rng(index))
    return recorder.shown


def annotate(recorder: Recorder, sample: Sample, rng: np.random.Generator) -> None:
    """All regions, then two rounds of scribbles."""
    annotator, (height, width) = PaperAnnotator(), sample.labels.shape
    log = annotation_of(annotator.mark(sample.labels, rng), width, height)
    session = recorder.open(sample.image, log)
    for _ in range(2):
        for stroke in annotator.correct(sample.labels, session.label_map, Allocation.FREE, rng):
            log = log.scribble(stroke.points, region=stroke.region)
        session.apply(log)


def quantised(head: bytes, shown: Sequence[Inputs], method: CalibrationMethod, keep: Sequence[str]) -> bytes:
    """The head with its convolutions in 8 bits, weights by channel; a region still never sees its batch."""
    with tempfile.TemporaryDirectory() as folder:
        plain, ready, done = (Path(folder) / name for name in ("plain.onnx", "ready.onnx", "done.onnx"))
        plain.write_bytes(head)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        nodes = onnx.load(ready).graph.node
        quantize_static(
            ready,
            done,
            Reader(shown),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu", "Add", "Concat"],
            nodes_to_exclude=[node.name for node in nodes if any(part in str(node.input) for part in keep)],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method,
        )
        return done.read_bytes()


if __name__ == "__main__":
    main()
