"""How far two people agree on a region, and how far a model agrees with them, from four points of either.

    python benchmarks/agreement.py data/bsds-train [--model default] [--most 100]

For data sets in which several people segmented the same photo. A region of one person is paired with the
region of another that overlaps it most, if they overlap as one region would (IoU of MEANT or more); pairs are
told apart by how far their boxes are off, as the root mean square over the four sides. The model is given the
exact extreme points of all regions of one person.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from fullcanvas.datasets import Dataset, Sample, open_dataset
from fullcanvas.evaluation.metrics import size_class
from fullcanvas.evaluation.predictors import FullImagePredictor, ModelPredictor
from fullcanvas.evaluation.rounds import rng_of
from fullcanvas.inference import Segmenter
from fullcanvas.simulation.annotators import PaperAnnotator, annotation_of
from fullcanvas.simulation.overlap import LabelMap, confusion

MEANT = 0.3
"""The least IoU of two regions by which two people can have meant the same."""

APART = (1.0, 2.0, 3.0, 4.5)
"""Pixels between two boxes at which a row of the table ends."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A region of one person, and the same of another.

    Attributes:
        area: of the first, in pixels.
        apart: root mean square over the four sides of their boxes, in pixels.
        people: their IoU.
        own: the IoU of the first and the model's answer to its extreme points.
        others: the IoU of the first and the model's answer to the extreme points of the second.
    """

    area: int
    apart: float
    people: float
    own: float
    others: float


def main() -> None:
    """Compare all people of all photos, and print a row for each size and distance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--most", type=int, help="how many annotations of the data set; all if left out")
    asked = parser.parse_args()
    dataset = open_dataset(asked.dataset)
    dataset = dataset if asked.most is None else dataset.first(asked.most)
    model = ModelPredictor(Segmenter.load(asked.model))
    total = len({record.image_id for record in dataset.records})
    watched = track(photos(dataset), "Comparing", total=total, console=Console(stderr=True))
    pairs = [pair for photo in watched for pair in pairs_of(photo, model)]
    print("| regions | boxes apart | pairs | two people | model, own points | model, the other's points |")
    print("|---|---|---:|---:|---:|---:|")
    for size in ("small", "medium", "large"):
        for low, high in zip((0.0, *APART[:-1]), APART, strict=True):
            found = [each for each in pairs if size_class(each.area) == size and low <= each.apart < high]
            scores = np.array([(each.people, each.own, each.others) for each in found]).reshape(-1, 3)
            shown = " | ".join(f"{100 * score:.1f}" for score in scores.mean(0)) if found else "- | - | -"
            print(f"| {size} | {low:g} to {high:g} | {len(found):,} | {shown} |")


def photos(dataset: Dataset) -> Iterator[list[Sample]]:
    """What was drawn on each photo, one photo after the other."""
    places: dict[int, list[int]] = {}
    for place, record in enumerate(dataset.records):
        places.setdefault(record.image_id, []).append(place)
    for same in places.values():
        yield [dataset.load(place) for place in same]


def pairs_of(photo: Sequence[Sample], model: FullImagePredictor) -> Iterator[Pair]:
    """The regions of every person that another has, too, paired with those of each who has."""
    answers = [answer_to(model, sample) for sample in photo]
    for (first, own), (second, others) in permutations(zip(photo, answers, strict=True), 2):
        people, apart = overlaps(first.labels, second.labels), sides_apart(first.labels, second.labels)
        from_own, from_others = overlaps(first.labels, own), overlaps(first.labels, others)
        for region, same in enumerate(people.argmax(1)):
            if people[region, same] >= MEANT:
                ious = people[region, same], from_own[region, region], from_others[region, same]
                yield Pair(first.segments[region].area, apart[region, same], *ious)


def answer_to(model: FullImagePredictor, sample: Sample) -> LabelMap:
    """The model's answer to the extreme points of all regions."""
    height, width = sample.labels.shape
    points = PaperAnnotator().mark(sample.labels, rng_of(sample, 0))
    return model.open(sample.image).apply(annotation_of(points, width, height))


def overlaps(one: LabelMap, other: LabelMap) -> NDArray[np.float64]:
    """The IoU of every region of one label map and every region of another: [K, K], K the largest id."""
    table = confusion(one, other, max(int(one.max()), int(other.max())))
    both = table[1:, 1:]
    found: NDArray[np.float64] = both / np.maximum(table.sum(1)[1:, None] + table.sum(0)[None, 1:] - both, 1)
    return found


def sides_apart(one: LabelMap, other: LabelMap) -> NDArray[np.float64]:
    """How far the boxes of every two regions are off, root mean square over their sides: [N, M]."""
    apart: NDArray[np.float64] = np.sqrt(((boxes(one)[:, None] - boxes(other)[None]) ** 2).mean(2))
    return apart


def boxes(labels: LabelMap) -> NDArray[np.float64]:
    """First and last column and row of every region of a label map: [N, 4]."""
    rows, columns = np.nonzero(labels)
    regions = labels[rows, columns] - 1
    found = np.full((int(labels.max()), 4), np.inf)
    for side, along in enumerate((columns, rows, -columns, -rows)):
        np.minimum.at(found[:, side], regions, along)
    return np.asarray(np.abs(found), np.float64)


if __name__ == "__main__":
    main()
