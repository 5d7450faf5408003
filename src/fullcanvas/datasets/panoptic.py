"""A COCO panoptic data set: opening it reads the json alone, samples are decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from fullcanvas.datasets.layout import find_layout
from fullcanvas.datasets.records import Record, read_records
from fullcanvas.datasets.samples import Sample, load_sample


@dataclass(frozen=True)
class Dataset:
    """A data set, or a part of one. A sample is one annotation; several may show the same photo.

    Attributes:
        name: what it is called; parts keep the name of the whole.
        records: its annotations, in the json's order.
    """

    name: str
    records: tuple[Record, ...]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Sample]:
        return (load_sample(record) for record in self.records)

    def load(self, index: int) -> Sample:
        """The sample at `index` (0..len - 1), decoded now.

        Raises:
            DatasetError: its files are missing, broken, or contradict the json.
        """
        return load_sample(self.records[index])

    @cached_property
    def image_ids(self) -> tuple[int, ...]:
        """The ids of its photos, each once, ascending."""
        return tuple(sorted({record.image_id for record in self.records}))

    def only(self, image_ids: Collection[int]) -> Dataset:
        """The part that shows these photos, in the same order."""
        wanted = frozenset(image_ids)
        return replace(self, records=tuple(one for one in self.records if one.image_id in wanted))

    def without(self, image_ids: Collection[int]) -> Dataset:
        """The part that shows none of these photos, in the same order."""
        return self.only(frozenset(self.image_ids) - frozenset(image_ids))

    def first(self, count: int) -> Dataset:
        """The part that shows the first `count` photos, or all if there are fewer.

        Raises:
            ValueError: the count is below 0.
        """
        if count < 0:
            raise ValueError(f"the first photos are 0 photos or more, not {count}")
        in_order = dict.fromkeys(record.image_id for record in self.records)
        return self.only(tuple(in_order)[:count])


def open_dataset(path: str | Path) -> Dataset:
    """The data set in a folder, or that of a json file; `find_layout` says which layouts are known.

    Reads the json alone and checks that it agrees with itself. `check` looks at the files.

    Raises:
        DatasetError: no data set is there, or its json is broken or contradicts itself.
    """
    layout = find_layout(path)
    return Dataset(layout.name, read_records(layout))
