"""Training crops: a photo resized, cropped, flipped and coloured, with simulated extreme points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Generic, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from fullcanvas.annotation import Region
from fullcanvas.canvas.resolution import resize_labels
from fullcanvas.datasets import DatasetError, Sample
from fullcanvas.learning.colouring import Colouring, coloured, draw_colouring
from fullcanvas.learning.config import TrainingConfig
from fullcanvas.learning.pasting import View, paste
from fullcanvas.learning.sources import TrainingSet
from fullcanvas.simulation.extreme import extreme_points, jittered

LEAST_PIXELS = 12
MOST_DRAWS = 1000
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Crop:
    """One training example, at the working resolution.

    Attributes:
        image: uint8 [crop, crop, 3]; black where the photo does not reach.
        truth: int32 [crop, crop]; 1..N, 0 = void.
        regions: N regions with their extreme points, in order of id.
        classes: for class-specific networks, the category of each region as its place in `classes`.
        origins: the name of the data set and the id of the photo; a second such pair if it has things of
            another photo.
    """

    image: NDArray[np.uint8]
    truth: NDArray[np.int32]
    regions: tuple[Region, ...]
    classes: tuple[int, ...]
    origins: tuple[tuple[str, int], ...]


class Examples(TorchDataset[E], Generic[E]):
    """An endless list of training examples; number `n` depends on the seed and `n` alone.

    Args:
        sets: what to train on.
        config: how examples are made.
    """

    def __init__(self, sets: Sequence[TrainingSet], config: TrainingConfig) -> None:
        self.datasets = [each.training for each in sets]
        self.samples = [_samples_by_photo(each) for each in sets]
        weights = np.array([each.source.weight for each in sets], np.float64)
        self.weights = weights / weights.sum()
        self.config = config

    def __getitem__(self, number: int) -> E:
        """Example `number`; one without any region is replaced by another draw.

        Raises:
            DatasetError: no draw has one.
        """
        cv2.setNumThreads(0)
        rng = np.random.default_rng([self.config.seed, number])
        for _ in range(MOST_DRAWS):
            if (example := self.make(rng)) is not None:
                return example
        names = ", ".join(each.name for each in self.datasets)
        raise DatasetError(
            f"none of {MOST_DRAWS} draws from {names} has a region of {LEAST_PIXELS} pixels or more at the "
            "working resolution: raise training.working_size or training.scale"
        )

    def make(self, rng: np.random.Generator) -> E | None:
        """A random example, or nothing where what is drawn has no region."""
        raise NotImplementedError

    def draw(self, rng: np.random.Generator) -> tuple[Sample, tuple[str, int]]:
        """A random sample, and the name of its data set and the id of its photo."""
        which = rng.choice(len(self.datasets), p=self.weights)
        dataset = self.datasets[which]
        image_id = dataset.image_ids[rng.integers(len(dataset.image_ids))]
        candidates = self.samples[which][image_id]
        return dataset.load(candidates[rng.integers(len(candidates))]), (dataset.name, image_id)


class Crops(Examples[Crop]):
    """Crops of photos.

    Args:
        sets, config: as above.
        classes: category ids in the order of a class-specific network's mask logits; none for others.
    """

    def __init__(
        self, sets: Sequence[TrainingSet], config: TrainingConfig, classes: Sequence[int] = ()
    ) -> None:
        super().__init__(sets, config)
        self.places = {category: place for place, category in enumerate(classes)}

    def make(self, rng: np.random.Generator) -> Crop | None:
        """A random crop, with things of another photo laid over it now and then."""
        drawn = [self.draw(rng)]
        if self.config.pasted and rng.random() < self.config.pasted:
            drawn.append(self.draw(rng))
        samples, origins = zip(*drawn, strict=True)
        crop, kept = make_crop(samples, self.config, rng, origins)
        return replace(crop, classes=self._classes(samples, kept)) if crop.regions else None

    def _classes(self, samples: Sequence[Sample], kept: Sequence[int]) -> tuple[int, ...]:
        if not self.places:
            return ()
        segments = [segment for sample in samples for segment in sample.segments]
        return tuple(self.places[segments[number - 1].category_id] for number in kept)


def things_of(sample: Sample) -> NDArray[np.int32]:
    """The labels of a sample, with everything that is no thing void."""
    kept = [0, *(segment.id if segment.isthing else 0 for segment in sample.segments)]
    return np.array(kept, np.int32)[sample.labels]


def _samples_by_photo(training_set: TrainingSet) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for index, record in enumerate(training_set.training.records):
        found.setdefault(record.image_id, []).append(index)
    return found


def batches(examples: Examples[E], step: int, places: range) -> Iterator[list[E]]:
    """The batches of the steps from `step` on, endlessly; the number of workers changes none of them.

    Args:
        examples: of which `images_per_step` make a step.
        step: the first one.
        places: which of each step's examples are wanted.
    """
    size, workers = examples.config.images_per_step, examples.config.workers
    loader: DataLoader[Any] = DataLoader(
        examples,
        batch_size=len(places),
        sampler=(first + place for first in count(step * size, size) for place in places),
        collate_fn=_as_list,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )
    return iter(loader)


def _as_list(examples: list[Any]) -> list[Any]:
    """Crops stay a list: their numbers of regions differ."""
    return examples


def make_crop(
    samples: Sequence[Sample],
    config: TrainingConfig,
    rng: np.random.Generator,
    origins: tuple[tuple[str, int], ...],
) -> tuple[Crop, list[int]]:
    """A random crop of a photo: resized, cut, flipped, coloured, marked.

    Args:
        samples: the photo; and, if there are two, another, some of whose things are laid over it.
        config: how.
        rng: draws everything.
        origins: where the photos come from.

    Returns:
        The crop, and the number of each of its regions among the segments of all samples, 1 for the first.
    """
    colouring = draw_colouring(rng)
    image, labels = _view(samples[0], colouring, config, rng)
    for donor in samples[1:]:
        theirs, numbers = _view(donor, colouring, config, rng)
        first = len(samples[0].segments)
        things = first + np.array([each.id for each in donor.segments if each.isthing], np.intp)
        shifted = np.where(numbers > 0, numbers + np.int32(first), 0)
        before = image, labels
        image, labels = laid = paste(before, (theirs, shifted), things, rng)
        origins = origins if laid is not before else origins[:1]
    truth, kept = _renumber(labels, config.most_regions, rng)
    regions = mark_regions(truth, config, rng)
    return Crop(image, truth, regions, (), origins), kept


def _view(sample: Sample, colouring: Colouring, config: TrainingConfig, rng: np.random.Generator) -> View:
    """A square of a photo: resized, cut, coloured, flipped; black where the photo does not reach."""
    labels = things_of(sample) if config.regions == "things" else sample.labels
    image, labels = _resize(sample.image, labels, config, rng)
    image, labels = _random_crop(image, labels, config.crop, rng)
    image, labels = _padded(coloured(image, colouring), labels, config.crop)
    return (image[:, ::-1], labels[:, ::-1]) if rng.random() < 0.5 else (image, labels)


def _resize(
    image: NDArray[np.uint8], labels: NDArray[np.int32], config: TrainingConfig, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    low, high = np.log(config.scale)
    factor = config.working_size * np.exp(rng.uniform(low, high)) / max(labels.shape)
    aspect = np.exp(rng.uniform(-0.15, 0.15))
    height, width = labels.shape
    size = (max(1, round(width * factor * aspect)), max(1, round(height * factor / aspect)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, size, interpolation=way).astype(np.uint8), resize_labels(labels, *size)


def _random_crop(
    image: NDArray[np.uint8], labels: NDArray[np.int32], side: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    height, width = labels.shape
    y = int(rng.integers(max(height - side, 0) + 1))
    x = int(rng.integers(max(width - side, 0) + 1))
    window = np.s_[y : y + side, x : x + side]
    return image[window], labels[window]


def _padded(image: NDArray[np.uint8], labels: NDArray[np.int32], side: int) -> View:
    """At the top left of a black square that is void."""
    height, width = labels.shape
    square, void = np.zeros((side, side, 3), np.uint8), np.zeros((side, side), np.int32)
    square[:height, :width], void[:height, :width] = image, labels
    return square, void


def _renumber(
    labels: NDArray[np.int32], most: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], list[int]]:
    """Regions 1..N in random order; slivers, and those beyond the number wanted, become void.

    Returns:
        The new map, and the old number of each region.
    """
    ids, counts = np.unique(labels, return_counts=True)
    kept = ids[(ids > 0) & (counts >= LEAST_PIXELS)]
    kept = rng.permutation(kept)[:most]
    table = np.zeros(int(labels.max()) + 1, np.int32)
    table[kept] = np.arange(1, len(kept) + 1)
    return table[labels], kept.tolist()


def mark_regions(
    truth: NDArray[np.int32], config: TrainingConfig, rng: np.random.Generator
) -> tuple[Region, ...]:
    """Extreme points for every region; perturbed and jittered as the configuration says."""
    height, width = truth.shape
    pert = config.pert if rng.random() < 0.5 else 0
    jitter = config.jitter if rng.random() < config.jittered else 0.0
    regions = []
    for id_ in range(1, int(truth.max(initial=0)) + 1):
        points = extreme_points(truth == id_, rng, pert)
        regions.append(Region(id_, jittered(points, jitter, width, height, rng)))
    return tuple(regions)


def image_batch(crops: Sequence[Crop]) -> torch.Tensor:
    """Float32 [B, 3, crop, crop] of 0..255."""
    stacked = np.stack([crop.image for crop in crops]).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(stacked)).float()
