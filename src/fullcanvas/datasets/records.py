"""What the json of a COCO panoptic data set says, checked; nothing is decoded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fullcanvas.datasets.errors import DatasetError
from fullcanvas.datasets.layout import Layout
from fullcanvas.formats.fields import collector_paused
from fullcanvas.formats.panoptic import Listed, ListedSegment, Panoptic, read_panoptic


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A segment as the json lists it.

    Attributes:
        id: the number its pixels have in the PNG, 1 or more.
        category_id: one of the json's categories.
        isthing: whether the category is a thing (an object) rather than stuff.
        iscrowd: whether it is a crowd, which nothing is scored or trained on.
        area: the number of its pixels that the json states, or None.
    """

    id: int
    category_id: int
    isthing: bool
    iscrowd: bool
    area: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """One annotation of the data set, and all that is needed to load it.

    Attributes:
        image_id: the photo's id; several annotations may share it.
        file_name: the photo's name within the folder of photos.
        map_name: the map's name within the folder of maps.
        image: the photo.
        map: the PNG of region ids.
        width, height: the size of both, in pixels.
        segments: in the json's order.
        upright: whether the map is known to lie over the photo as it is seen, turned as its EXIF data say.
    """

    image_id: int
    file_name: str
    map_name: str
    image: Path
    map: Path
    width: int
    height: int
    segments: tuple[SegmentRecord, ...]
    upright: bool = False


@collector_paused()
def read_records(layout: Layout) -> tuple[Record, ...]:
    """The annotations that the json lists, in its order.

    Raises:
        DatasetError: the json cannot be read, or contradicts itself.
    """
    panoptic = read_panoptic(layout.json, DatasetError)
    records = tuple(_record(annotation, panoptic, layout) for annotation in panoptic.listed)
    for file, times in Counter(record.map for record in records).items():
        if times > 1:
            raise DatasetError(f"{layout.json}: two annotations have the same map {file.name}")
    return records


def _record(annotation: Listed, panoptic: Panoptic, layout: Layout) -> Record:
    image = annotation.image
    photo = image.path("file_name")
    return Record(
        image_id=image.whole("id"),
        file_name=photo,
        map_name=annotation.map,
        image=layout.images / photo,
        map=layout.maps / annotation.map,
        width=image.whole("width", 1),
        height=image.whole("height", 1),
        segments=tuple(_segment(one) for one in panoptic.segments(annotation)),
        upright=panoptic.upright,
    )


def _segment(listed: ListedSegment) -> SegmentRecord:
    area = listed.fields.whole("area") if "area" in listed.fields.data else None
    return SegmentRecord(listed.id, listed.category.id, listed.category.isthing, listed.iscrowd, area)
