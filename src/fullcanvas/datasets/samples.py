"""One annotation of a data set, decoded: the photo and its label map."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.datasets.errors import DatasetError
from fullcanvas.datasets.records import Record
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.panoptic import MODES, segment_ids
from fullcanvas.formats.pixels import MAX_PIXELS, Pixels, open_picture, photo_formats, to_rgb, turn_upright


@dataclass(frozen=True, slots=True)
class Segment:
    """A region of the truth.

    Attributes:
        id: its number in `Sample.labels`, 1..N in the json's order.
        category_id: one of the json's categories.
        isthing: whether it is a thing (an object) rather than stuff.
        area: the number of its pixels, 1 or more.
    """

    id: int
    category_id: int
    isthing: bool
    area: int


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A photo and its true segmentation.

    Attributes:
        image_id: the photo's id; several samples may share it.
        image: uint8 [H, W, 3], RGB.
        labels: int32 [H, W]; 1..N, or 0 where nothing is known (void and crowds).
        segments: the N regions, in order of id.
    """

    image_id: int
    image: Pixels
    labels: NDArray[np.int32]
    segments: tuple[Segment, ...]


def load_sample(record: Record) -> Sample:
    """The photo and the map of an annotation, decoded.

    Raises:
        DatasetError: a file is missing or broken, its size is not the one that the json states, or the map
            and the json do not hold the same segments.
    """
    labels, segments = load_labels(record)
    return Sample(record.image_id, load_photo(record), labels, segments)


def load_photo(record: Record) -> Pixels:
    """The photo of an annotation: uint8 [H, W, 3], RGB, with the colours that the annotator shows.

    Maps of COCO and of most data sets are drawn over the photo's pixels as they are stored, so its EXIF
    orientation is not applied; it is where the record says so, and where the stored size contradicts the json
    (maps made by a tool that shows photos upright). An import does the same.

    Raises:
        DatasetError: the file is missing or broken, or has another size than the json states.
    """
    with _opened(record.image, record) as photo:
        orientation = turn_upright(photo)
        pixels = to_rgb(photo)
    frame = Frame(pixels.shape[1], pixels.shape[0], orientation)
    if frame.over_stored((record.width, record.height), record.upright):
        return np.ascontiguousarray(frame.turn_back(pixels))
    _check_size(record.image, frame.size, record)
    return pixels


def load_labels(record: Record) -> tuple[NDArray[np.int32], tuple[Segment, ...]]:
    """The label map of an annotation and its regions, as in `Sample`.

    Raises:
        DatasetError: the PNG is missing or broken, has another size than the json states, or holds other
            segments than the json lists. A segment of which the json itself says that its area is 0 may
            be missing, and then is no region.
    """
    ids = _read_ids(record)
    present, inverse, counts = np.unique(ids, return_inverse=True, return_counts=True)
    areas = {int(id_): int(count) for id_, count in zip(present, counts, strict=True) if id_ != 0}
    _check_ids(record, areas)
    kept = [segment for segment in record.segments if segment.id in areas and not segment.iscrowd]
    segments = tuple(
        Segment(number, segment.category_id, segment.isthing, areas[segment.id])
        for number, segment in enumerate(kept, 1)
    )
    numbers = {segment.id: number for number, segment in enumerate(kept, 1)}
    table = np.array([numbers.get(int(id_), 0) for id_ in present], np.int32)
    return table[inverse.reshape(ids.shape)], segments


def _read_ids(record: Record) -> NDArray[np.int32]:
    with _opened(record.map, record) as picture:
        mode, colors = picture.mode, np.asarray(picture)
    _check_size(record.map, picture.size, record)
    if mode not in MODES:
        raise DatasetError(f"{record.map}: is a PNG of mode {mode}, but region ids are stored as RGB")
    return segment_ids(colors)


def _check_ids(record: Record, areas: dict[int, int]) -> None:
    listed = {segment.id for segment in record.segments}
    unlisted = sorted(set(areas) - listed)
    if unlisted:
        raise DatasetError(f"{record.map}: holds the segments {_some(unlisted)} that the json does not list")
    expected = {segment.id for segment in record.segments if segment.area != 0}
    missing = sorted(expected - set(areas))
    if missing:
        raise DatasetError(f"{record.map}: has no pixel of the segments {_some(missing)} that the json lists")


def _some(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:5])) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")


@contextmanager
def _opened(file: Path, record: Record) -> Iterator[Image.Image]:
    """A picture that nothing is decoded of yet; whatever fails while it is looked at is the file's fault."""
    try:
        # However large: the json has said so, and the size is checked.
        with open_picture(file, photo_formats(), max(MAX_PIXELS, record.width * record.height)) as picture:
            yield picture
    except FileNotFoundError:
        raise DatasetError(f"{file}: there is no such file") from None
    except Exception as error:
        # A decoder fed with a damaged file fails in every way there is; all of them mean the same here.
        raise DatasetError(f"{file}: cannot be decoded: {error}") from error


def _check_size(file: Path, size: tuple[int, int], record: Record) -> None:
    if size != (record.width, record.height):
        stated = f"{record.width} x {record.height}"
        raise DatasetError(f"{file}: is {size[0]} x {size[1]} pixels, but the json says {stated}")
