"""What the json of a COCO panoptic data set says, checked; nothing is decoded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from fullcanvas.datasets.errors import DatasetError
from fullcanvas.datasets.layout import Layout
from fullcanvas.formats.coco_panoptic import made_here

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


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
        image: the photo.
        map: the PNG of region ids.
        width, height: the size of both, in pixels.
        segments: in the json's order.
        upright: whether the map is known to lie over the photo as it is seen, turned as its EXIF data say.
    """

    image_id: int
    file_name: str
    image: Path
    map: Path
    width: int
    height: int
    segments: tuple[SegmentRecord, ...]
    upright: bool = False


def read_records(layout: Layout) -> tuple[Record, ...]:
    """The annotations that the json lists, in its order.

    Raises:
        DatasetError: the json cannot be read, or contradicts itself.
    """
    data = _read(layout.json)
    where = str(layout.json)
    isthing = {key: _isthing(item, where) for key, item in _by_id(data, "categories", where).items()}
    images = _by_id(data, "images", where)
    records: list[Record] = []
    maps: set[Path] = set()
    upright = made_here(data)
    for item in _items(data, "annotations", where):
        record = _record(item, images, isthing, layout, upright)
        if record.map in maps:
            raise DatasetError(f"{where}: two annotations have the same map {record.map.name}")
        maps.add(record.map)
        records.append(record)
    return tuple(records)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{file}: cannot be read as json: {error}") from error
    if not isinstance(data, dict):
        raise DatasetError(f"{file}: is not a COCO panoptic json, which is an object")
    return data


def _items(data: Mapping[str, Any], name: str, where: str) -> Iterator[Mapping[str, Any]]:
    listed = data.get(name)
    if not isinstance(listed, list):
        raise DatasetError(f"{where}: has no list of {name}")
    for item in listed:
        if not isinstance(item, dict):
            raise DatasetError(f"{where}: {name} holds {item!r:.80}, which is not an object")
        yield item


def _by_id(data: Mapping[str, Any], name: str, where: str) -> dict[int, Mapping[str, Any]]:
    table: dict[int, Mapping[str, Any]] = {}
    for item in _items(data, name, where):
        key = _whole(item, "id", f"{where}: an item of {name}")
        if key in table:
            raise DatasetError(f"{where}: {name} holds the id {key} twice")
        table[key] = item
    return table


def _isthing(category: Mapping[str, Any], where: str) -> bool:
    return bool(_whole(category, "isthing", f"{where}: category {category['id']}"))


def _record(
    item: Mapping[str, Any],
    images: Mapping[int, Mapping[str, Any]],
    isthing: Mapping[int, bool],
    layout: Layout,
    upright: bool,
) -> Record:
    name = _text(item, "file_name", f"{layout.json}: an annotation")
    where = f"{layout.json}: the annotation {name}"
    image_id = _whole(item, "image_id", where)
    image = images.get(image_id)
    if image is None:
        raise DatasetError(f"{where} belongs to image {image_id}, which is not among the images")
    whose = f"{layout.json}: image {image_id}"
    photo = _text(image, "file_name", whose)
    width, height = (_whole(image, side, whose, 1) for side in ("width", "height"))
    segments = tuple(_segment(one, isthing, where) for one in _items(item, "segments_info", where))
    ids = [segment.id for segment in segments]
    if len(set(ids)) < len(ids):
        twice = next(id_ for id_ in ids if ids.count(id_) > 1)
        raise DatasetError(f"{where} lists the segment {twice} twice")
    return Record(
        image_id, photo, layout.images / photo, layout.maps / name, width, height, segments, upright
    )


def _segment(item: Mapping[str, Any], isthing: Mapping[int, bool], where: str) -> SegmentRecord:
    id_ = _whole(item, "id", f"{where}: a segment", 1)
    category = _whole(item, "category_id", f"{where}: segment {id_}")
    if category not in isthing:
        raise DatasetError(f"{where}: segment {id_} has the unknown category {category}")
    area = _whole(item, "area", f"{where}: segment {id_}") if "area" in item else None
    return SegmentRecord(id_, category, isthing[category], bool(item.get("iscrowd", 0)), area)


def _whole(item: Mapping[str, Any], name: str, where: str, least: int = 0) -> int:
    value = item.get(name)
    if not isinstance(value, int) or value < least:
        raise DatasetError(f"{where}: its {name} is a whole number of {least} or more, not {value!r:.80}")
    return value


def _text(item: Mapping[str, Any], name: str, where: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise DatasetError(f"{where} has no {name}")
    path = PureWindowsPath(value)  # which knows both slashes, and drives: a name means the same everywhere
    if _CONTROL.search(value) or path.anchor or ".." in path.parts:
        raise DatasetError(f"{where}: its {name} is no name within a folder: {value!a:.80}")
    return value
