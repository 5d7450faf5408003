"""What an importer gives: photos with regions that have masks, and the classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation, Mask
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame, Size
from fullcanvas.formats.pixels import MAX_PIXELS, open_picture
from fullcanvas.formats.records import Category

T = TypeVar("T")
_STRETCHED = {"L;2": 85, "L;4": 17}
"""What Pillow multiplies grey values of few bits by, by its name for how a PNG holds them."""
MOST_REGIONS = 10_000
"""Of one photo, that are imported."""
_MOST_TOLD = 5
"""How many of those that are left out are named."""
_GUESS = "is turned by its EXIF data (orientation {}); the work was taken to lie over its pixels as stored"


@dataclass(frozen=True, slots=True)
class ImportedRegion:
    """A region: its pixels, and the name of its class or None."""

    mask: Mask
    label: str | None


@dataclass(frozen=True, slots=True)
class ImportedPhoto:
    """What a format says of one photo.

    Attributes:
        regions: no two of which share a pixel.
        notes: what was changed or left out, in words.
    """

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
        photos: by the photo's file name as the source has it, what reads its regions when asked. It is told
            how the photo lies: work of another size is refused before it takes memory.
        notes: what was left out of all of it, in words.
    """

    categories: tuple[Category, ...]
    photos: Mapping[str, Callable[[Frame], ImportedPhoto]]
    notes: tuple[str, ...] = ()


def from_labels(
    labels: NDArray[np.int32],
    names: Mapping[int, str | None],
    frame: Frame,
    where: str,
    notes: Sequence[str] = (),
    *,
    upright: bool = False,
) -> ImportedPhoto:
    """The regions of a label map.

    Args:
        labels: int32 [H, W]; an id of `names`, or anything else where there is no region.
        names: the class of each region by its id, in the order in which they are to be imported.
        frame: of the photo, over which the map lies as it is stored, if it has that size, or else upright.
        where: what to name in messages.
        notes: to go with them.
        upright: whether the map is known to lie over the upright photo.

    Raises:
        ImportFormatError: there are too many.
    """
    check_number(len(set(np.unique(labels).tolist()) & names.keys()), where)
    stored = frame.over_stored((labels.shape[1], labels.shape[0]), upright)
    masks = Mask.each(frame.turn(labels) if stored else labels)
    regions = [ImportedRegion(masks[id_], name) for id_, name in names.items() if id_ in masks]
    guessed = stored and frame.orientation > 1 and frame.stored == frame.size
    return ImportedPhoto(tuple(regions), (*notes, *([_GUESS.format(frame.orientation)] if guessed else [])))


def usable(readers: Sequence[Callable[[], T]], where: str) -> tuple[list[T], list[str]]:
    """What the readers read, but for what cannot be used, and a line about that: one keeps no other out.

    Args:
        readers: each raises ImportFormatError where what it reads cannot be used.
        where: what to name in messages.

    Raises:
        ImportFormatError: nothing can be used, though there is something.
    """
    found: list[T] = []
    problems: list[str] = []
    for read in readers:
        try:
            found.append(read())
        except ImportFormatError as error:
            problems.append(str(error))
    if problems and not found:
        raise ImportFormatError(f"{where}: nothing in it can be used: {few(problems, '; ')}")
    told = f"{len(problems)} of {len(readers)} left out: {few(problems, '; ')}"
    return found, [told] if problems else []


def left_out(labels: NDArray[np.int32], values: Sequence[int], why: str) -> list[str]:
    """A line about values of a map, int32 [H, W], that are not imported, if there are any."""
    if not values:
        return []
    pixels = np.count_nonzero(np.isin(labels, values))
    return [f"{pixels} pixels were left out, whose values {why}: {few(list(map(str, values)))}"]


def few(names: Sequence[str], between: str = ", ") -> str:
    """The first few of the names, and a sign that there are more."""
    return between.join([*names[:_MOST_TOLD], *(["…"] if len(names) > _MOST_TOLD else [])])


def check_number(regions: int, where: str) -> None:
    """Refuse more regions than a photo can have.

    Raises:
        ImportFormatError: there are too many.
    """
    if regions > MOST_REGIONS:
        raise ImportFormatError(
            f"{where}: has {regions} regions; up to {MOST_REGIONS} are imported, more are hardly a label map"
        )


def check_size(size: Size, frame: Frame, where: str, *, upright: bool = False) -> None:
    """Refuse work of another size than the upright photo's or, unless it must be upright, the stored one's.

    Raises:
        ImportFormatError: it is not.
    """
    if size not in ({frame.size} if upright else {frame.size, frame.stored}):
        sizes = f"{size[0]} x {size[1]} pixels, the upright photo {frame.width} x {frame.height}"
        turned = f" (its EXIF orientation is {frame.orientation})" if frame.orientation > 1 else ""
        raise ImportFormatError(f"{where}: what was to be imported has {sizes}{turned}")


def read_png(
    file: Path, modes: Sequence[str], frame: Frame, what: str, *, upright: bool = False
) -> NDArray[Any]:
    """The values in a PNG file.

    Args:
        file: the PNG.
        modes: what Pillow calls the kinds of picture that will do.
        frame: of the photo, whose size it must have.
        what: the kinds of picture in words.
        upright: whether it is known to lie over the upright photo.

    Returns:
        What the file holds, [height, width] or [height, width, channels]: indices of a palette are not looked
        up, nor is grey of few bits stretched; bool of one bit, uint8 of up to 8, else uint16 or int32.

    Raises:
        ImportFormatError: there is no such file, it cannot be decoded, or is of another kind or size.
    """
    try:
        # Opening a pipe could block for ever.
        _check(file.is_file(), f"{file}: there is no such file")
        with open_picture(file, ("PNG",), max(MAX_PIXELS, frame.width * frame.height)) as picture:
            _check(picture.mode in modes, f"{file}: is a PNG of mode {picture.mode}; {what}")
            check_size(picture.size, frame, str(file), upright=upright)
            stretch = _STRETCHED.get(str(picture.tile[0][3]), 1)
            values = np.asarray(picture)
            return values // stretch if stretch > 1 else values
    except ImportFormatError:
        raise
    except Exception as error:
        # A decoder fed with a damaged file fails in every way there is; all of them mean the same here.
        raise ImportFormatError(f"{file}: cannot be read as PNG ({error})") from error


def _check(good: bool, problem: str) -> None:
    if not good:
        raise ImportFormatError(problem)
