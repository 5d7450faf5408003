"""What an importer gives: photos with regions that have masks, and the classes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation, Mask
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.records import Category


@dataclass(frozen=True, slots=True)
class ImportedRegion:
    """A region: its pixels, and the name of its class or None."""

    mask: Mask
    label: str | None


@dataclass(frozen=True, slots=True)
class ImportedPhoto:
    """What a format says of one photo.

    Attributes:
        width, height: in pixels.
        regions: no two of which share a pixel.
        notes: what was not taken over as it was, in words.
    """

    width: int
    height: int
    regions: tuple[ImportedRegion, ...]
    notes: tuple[str, ...] = ()

    def annotate(self, annotation: Annotation) -> Annotation:
        """The log with its regions deleted and these imported in their place; all of it can be undone."""
        for region in annotation.regions:
            annotation = annotation.delete(region)
        for imported in self.regions:
            annotation = annotation.import_mask(imported.mask, imported.label)
        return annotation


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Work to import.

    Attributes:
        categories: its classes.
        photos: by the photo's file name as the source has it, what reads its regions when asked.
    """

    categories: tuple[Category, ...]
    photos: Mapping[str, Callable[[], ImportedPhoto]]


def from_labels(
    labels: NDArray[np.int32], names: Mapping[int, str | None], notes: Sequence[str] = ()
) -> ImportedPhoto:
    """The regions of a label map.

    Args:
        labels: int32 [H, W]; an id of `names`, or anything else where there is no region.
        names: the class of each region by its id, in the order in which they are to be imported.
        notes: to go with them.
    """
    present = set(np.unique(labels).tolist())
    regions = [ImportedRegion(Mask.of(labels == id_), name) for id_, name in names.items() if id_ in present]
    return ImportedPhoto(labels.shape[1], labels.shape[0], tuple(regions), tuple(notes))


def read_json(file: Path) -> Mapping[str, Any]:
    """The object in a json file.

    Raises:
        ImportFormatError: there is none.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ImportFormatError(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ImportFormatError(f"{file}: is not json ({error})") from error
    if not isinstance(data, dict):
        raise ImportFormatError(f"{file}: holds no object, as COCO's files do")
    return data


def items(data: Mapping[str, Any], name: str, where: str) -> Iterator[Mapping[str, Any]]:
    """The objects in a list of an object.

    Raises:
        ImportFormatError: it is no list of objects.
    """
    listed = data.get(name)
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ImportFormatError(f"{where}: {name} is no list of objects")
    return iter(listed)


def whole(item: Mapping[str, Any], name: str, where: str, least: int = 0) -> int:
    """A whole number in an object.

    Raises:
        ImportFormatError: it is none, or less than `least`.
    """
    value = item.get(name)
    if type(value) is not int or value < least:
        raise ImportFormatError(f"{where}: {name} is a whole number of {least} or more, not {value!r:.80}")
    return value


def text(item: Mapping[str, Any], name: str, where: str) -> str:
    """A text in an object.

    Raises:
        ImportFormatError: there is none.
    """
    value = item.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ImportFormatError(f"{where}: {name} is missing")
    return value


def read_categories(data: Mapping[str, Any], where: str) -> dict[int, Category]:
    """The classes of a COCO file, by id; one that does not say so is a thing.

    Raises:
        ImportFormatError: they are no list of objects with ids and names.
    """
    found = {}
    for item in items(data, "categories", where):
        id_ = whole(item, "id", f"{where}: a category")
        name = text(item, "name", f"{where}: category {id_}").strip()
        found[id_] = Category(id_, name, bool(item.get("isthing", 1)))
    return found


def find_json(place: Path, patterns: Sequence[str], what: str) -> Path:
    """The json file at a place: the place itself, or the one file in the folder that a pattern names.

    Raises:
        ImportFormatError: there is none, or several.
    """
    if place.is_file():
        return place
    for pattern in patterns:
        found = sorted(place.glob(pattern))
        if len(found) > 1:
            names = ", ".join(map(str, found[:5]))
            raise ImportFormatError(f"{place}: holds several files of {what} ({names}); name one of them")
        if found:
            return found[0]
    raise ImportFormatError(f"{place}: no {what} here; looked for {', '.join(patterns)}")
