"""COCO's panoptic format as it is read, by an import or as a data set: what its json says, and its pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.formats.coco_json import MADE_HERE
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.fields import Fields, read_categories, read_json
from fullcanvas.formats.places import find_json
from fullcanvas.formats.records import Category

MODES = ("RGB", "RGBA")
"""What Pillow calls the kinds of picture that hold segment ids."""
_PATTERNS = (("panoptic.json",), ("annotations/panoptic_*.json", "panoptic_*.json"))


@dataclass(frozen=True, slots=True)
class Listed:
    """An annotation that the json lists.

    Attributes:
        map: the name of its PNG in the folder of maps.
        image: the photo that it is of.
        fields: the annotation.
    """

    map: str
    image: Fields
    fields: Fields


@dataclass(frozen=True, slots=True)
class ListedSegment:
    """A segment that an annotation lists.

    Attributes:
        id: the number its pixels have in the PNG, 1 or more.
        category: its class.
        iscrowd: whether it is a crowd, which is no region.
        fields: the segment.
    """

    id: int
    category: Category
    iscrowd: bool
    fields: Fields


@dataclass(frozen=True, slots=True)
class Panoptic:
    """What a json says.

    Attributes:
        categories: by id.
        listed: its annotations, in its order.
        upright: whether its maps are known to lie over the photos as they are seen, turned as EXIF data say.
    """

    categories: Mapping[int, Category]
    listed: tuple[Listed, ...]
    upright: bool

    def segments(self, annotation: Listed) -> tuple[ListedSegment, ...]:
        """The segments of one of its annotations, in the json's order; raises what `Fields` does."""
        return tuple(read() for read in self.readers(annotation).values())

    def readers(self, annotation: Listed) -> dict[int, Callable[[], ListedSegment]]:
        """What reads each segment of an annotation, by id in the json's order; raises what `Fields` does."""
        listed = annotation.fields.by_id("segments_info", "segment", least=1)
        return {id_: partial(self._segment, id_, item) for id_, item in listed.items()}

    def _segment(self, id_: int, item: Fields) -> ListedSegment:
        category = _category(item, self.categories)
        return ListedSegment(id_, category, item.truth("iscrowd", default=False), item)


def find_panoptic(place: Path, error: type[ValueError] = ImportFormatError) -> tuple[Path, Path]:
    """The json and the folder of maps at a place: the json itself, or the folder that holds it.

    They are `panoptic.json` and `panoptic/`, or as downloaded: `annotations/panoptic_NAME.json`, its maps in
    `panoptic_NAME/` beside it or one level up.

    Raises:
        ValueError: one is missing, or there are several; of the kind `error`.
    """
    file = find_json(place, _PATTERNS, "COCO panoptic data set", error)
    folder = file.parent.resolve()  # of a json that is a link: where it is named, not where its bytes lie
    for maps in (folder / file.stem, folder.parent / file.stem):
        if maps.is_dir():
            return file, maps
    looked = f"{folder / file.stem} and {folder.parent / file.stem}"
    raise error(f"{file}: the folder of its maps is missing; looked for {looked}")


def read_panoptic(file: Path, error: type[ValueError] = ImportFormatError) -> Panoptic:
    """What a json says; the segments are looked at when they are asked for.

    Raises:
        ValueError: it cannot be read, or contradicts itself; of the kind `error`.
    """
    data = read_json(file, error)
    images = data.by_id("images", "image")
    listed = tuple(_listed(item, images, data) for item in data.items("annotations", "an annotation"))
    return Panoptic(read_categories(data), listed, made_here(data))


def made_here(data: Fields) -> bool:
    """Whether a COCO json is of an export of ours, whose work is known to lie over the upright photos."""
    info = data.data.get("info")
    return isinstance(info, Mapping) and info.get("description") == MADE_HERE


def _listed(item: Fields, images: Mapping[int, Fields], data: Fields) -> Listed:
    name = item.path("file_name")
    annotation = item.called(f"{data.where}: the annotation {name}")
    image = annotation.whole("image_id")
    if image not in images:
        raise annotation.wrong(f"is of image {image!s:.40}, which is not listed")
    return Listed(name, images[image], annotation)


def _category(segment: Fields, categories: Mapping[int, Category]) -> Category:
    category = segment.whole("category_id")
    if category not in categories:
        raise segment.wrong(f"has the unknown category {category!s:.40}")
    return categories[category]


def segment_ids(colors: NDArray[Any]) -> NDArray[np.int32]:
    """The segment ids, int32 [H, W], in the colours of a map, uint8 [H, W, 3 or 4]: R + 256 G + 65536 B."""
    ids: NDArray[np.int32] = colors[..., :3].astype(np.int32) @ np.array([1, 256, 65536], np.int32)
    return ids
