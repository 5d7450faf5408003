"""What close-ups of small regions bring: a model with and without, on photos and on large ones made of them.

    python benchmarks/close_ups.py data/coco-train100 [--model default] [--tiles 4] [--most 48]

Data sets with truth have small photos. A large one is made of tiles x tiles of them, 640 x 480 pixels each,
so that its regions are as small in it as those of a photo of many megapixels.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from fullcanvas import Segmenter
from fullcanvas.canvas.resolution import resize_labels
from fullcanvas.datasets import Dataset, Sample, open_dataset
from fullcanvas.datasets.samples import Segment
from fullcanvas.evaluation.predictors import ModelPredictor
from fullcanvas.evaluation.rounds import FullImageSetup, evaluate_sample
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator

WIDTH, HEIGHT = 640, 480


def main() -> None:
    """Measure both, and print the curves."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--closer-below", type=int, help="instead of what the model says")
    parser.add_argument("--tiles", type=int, default=1, help="photos on a side; 1 leaves them as they are")
    parser.add_argument("--most", type=int, default=40, help="how many photos of the data set")
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    segmenter = Segmenter.load(asked.model)
    below = segmenter.config.closer_below if asked.closer_below is None else asked.closer_below
    samples = list(tiled(open_dataset(asked.dataset).first(asked.most), asked.tiles))
    for closer_below in (0, below):
        segmenter.config = replace(segmenter.config, closer_below=closer_below)
        curve = measure(samples, segmenter, asked.rounds)
        shown = " ".join(f"{100 * value:.1f}" for value in curve)
        print(f"closer below {closer_below}: {shown} % at 0 to {asked.rounds} scribbles per region")


def measure(samples: Sequence[Sample], segmenter: Segmenter, rounds: int) -> Sequence[float]:
    """Mean IoU over all regions before any scribble and after each round."""
    model = ModelPredictor(segmenter)
    setup = FullImageSetup(PaperAnnotator(), Allocation.FREE, rounds, 0, model, model)
    measured = [evaluate_sample(sample, setup) for sample in samples]
    ious = np.concatenate([[one.ious for one in result.rounds] for result in measured], 1)
    return [float(value) for value in ious.mean(1)]


def tiled(dataset: Dataset, tiles: int) -> Iterator[Sample]:
    """The samples of a data set, or large ones made of tiles x tiles of them; a rest is left out."""
    for first in range(0, len(dataset) - tiles**2 + 1, tiles**2):
        parts = [dataset.load(first + place) for place in range(tiles**2)]
        yield parts[0] if tiles == 1 else joined([shaped(part) for part in parts], tiles)


def shaped(sample: Sample) -> Sample:
    """The sample at the size of a tile; regions that are lost there leave no gap in the numbers."""
    size = WIDTH, HEIGHT
    labels = resize_labels(sample.labels, *size)
    kept = np.unique(labels[labels > 0])
    table = np.zeros(len(sample.segments) + 1, np.int32)
    table[kept] = np.arange(1, len(kept) + 1)
    segments = tuple(replace(sample.segments[old - 1], id=new) for new, old in enumerate(kept, 1))
    image = np.asarray(cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return replace(sample, image=image, labels=table[labels], segments=segments)


def joined(parts: Sequence[Sample], tiles: int) -> Sample:
    """One large sample."""
    image = np.zeros((tiles * HEIGHT, tiles * WIDTH, 3), np.uint8)
    labels = np.zeros(image.shape[:2], np.int32)
    segments: list[Segment] = []
    for place, part in enumerate(parts):
        y, x = HEIGHT * (place // tiles), WIDTH * (place % tiles)
        window = np.s_[y : y + HEIGHT, x : x + WIDTH]
        image[window] = part.image
        labels[window] = np.where(part.labels > 0, part.labels + len(segments), 0)
        segments += [replace(each, id=each.id + len(segments)) for each in part.segments]
    return Sample(parts[0].image_id, image, labels, tuple(segments))


if __name__ == "__main__":
    main()
