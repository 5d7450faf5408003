"""The data sets of a configuration: where they lie, what is trained on, what is held back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fullcanvas.datasets import Dataset, DatasetError, fraction, open_dataset
from fullcanvas.learning.config import Config, Source
from fullcanvas.learning.errors import ConfigError

HELD_BACK_RULE = "photos whose SHA-256 of 'held back ID', read as a number, is divisible by {one_in}"


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """A source, opened.

    Attributes:
        source: what the configuration says.
        training: the part that is trained on.
        held_back: the part that is not; they share no photo.
    """

    source: Source
    training: Dataset
    held_back: Dataset


def with_data(config: Config, data: Sequence[Path]) -> Config:
    """The configuration with the data sets among `data`, if there are any, as its only sources.

    A folder in which one of the configured sources lies does not count as a data set, even if it can be
    opened as one: COCO's own folder can, and the configuration wants a part of it.
    """
    sought = [Path(each.path) for each in config.sources if not Path(each.path).is_absolute()]
    others = [folder for folder in data if not any((folder / path).exists() for path in sought)]
    given = tuple(Source(str(folder)) for folder in others if _is_dataset(folder))
    return replace(config, sources=given) if given else config


def open_sources(config: Config, data: Sequence[Path]) -> tuple[TrainingSet, ...]:
    """The data sets of a configuration, split into what is trained on and what is held back.

    Args:
        config: whose sources are opened.
        data: folders in which relative paths are looked up, in order, and last in the current one.

    Raises:
        ConfigError: there are no sources.
        DatasetError: a data set is missing, broken, or has no photo or region to train on; or there are no
            sources, and a folder of `data` is no data set either.
    """
    if not config.sources:
        for folder in data:
            open_dataset(folder)  # says why it is not a data set
        raise ConfigError("the configuration names no sources: name a data set with --data")
    sets = tuple(_open(source, data, config.training.held_back) for source in config.sources)
    for each in sets:
        _check_regions(each, things=config.training.regions == "things")
    return sets


def _check_regions(opened: TrainingSet, things: bool) -> None:
    """Without any region the search for a crop that holds one would never end."""
    segments = (segment for record in opened.training.records for segment in record.segments)
    if not any(not segment.iscrowd and (segment.isthing or not things) for segment in segments):
        wanted = "thing" if things else "region"
        raise DatasetError(
            f"{opened.training.name}: none of its {len(opened.training.records)} photos has a {wanted} to "
            "train on; an export leaves out what has no label, unless it is given --unlabelled region"
        )


def is_held_back(image_id: int, one_in: int) -> bool:
    """Whether a photo is kept for validation: a hash of its id alone decides, the same on every machine."""
    if one_in == 0:
        return False
    return int(hashlib.sha256(f"held back {image_id}".encode()).hexdigest(), 16) % one_in == 0


def split(dataset: Dataset, one_in: int) -> tuple[Dataset, Dataset]:
    """The part to train on and the part held back; they share no photo."""
    held = [image_id for image_id in dataset.image_ids if is_held_back(image_id, one_in)]
    return dataset.without(held), dataset.only(held)


def _is_dataset(folder: Path) -> bool:
    try:
        open_dataset(folder)
    except DatasetError:
        return False
    return True


def classes_of(sets: Sequence[TrainingSet]) -> tuple[int, ...]:
    """The category ids of all segments that are trained on, ascending."""
    records = (record for each in sets for record in each.training.records)
    return tuple(sorted({segment.category_id for record in records for segment in record.segments}))


def _part(dataset: Dataset, source: Source) -> Dataset:
    try:
        return fraction(dataset, source.fraction, source.part)
    except ValueError as error:
        raise ConfigError(f"the source {source.path}: {error}") from error


def _open(source: Source, folders: Sequence[Path], one_in: int) -> TrainingSet:
    if source.weight <= 0:
        raise ConfigError(f"the source {source.path} has the weight {source.weight}, which is not above 0")
    places = [*(folder / source.path for folder in folders), Path(source.path)]
    place = next((place for place in places if place.exists()), None)
    if place is None:
        looked = " and ".join(dict.fromkeys(map(str, places)))
        raise DatasetError(
            f"the data set {source.path} is missing; looked for {looked}. Name the folder that holds it, "
            "or another data set to train on, with --data"
        )
    whole = open_dataset(place)
    training, held_back = split(_part(whole, source), one_in)
    if not training.records:
        raise DatasetError(f"{place}: no photo is left to train on; set held_back = 0 in the configuration")
    return TrainingSet(source, training, held_back)
