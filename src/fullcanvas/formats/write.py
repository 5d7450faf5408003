"""Writing an export, in whichever format: photo by photo, into a folder or a zip file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Protocol

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import Category, ExportedPhoto, Outcome
from fullcanvas.formats.segments import REGION_CATEGORY, Segmented, Unlabelled, name_regions, segments_of
from fullcanvas.formats.sinks import Sink
from fullcanvas.formats.write_coco_instances import CocoInstances
from fullcanvas.formats.write_coco_panoptic import CocoPanoptic
from fullcanvas.formats.write_label_png import LabelPng, check_values
from fullcanvas.formats.write_yolo import IMAGES, Yolo

LEFT_OUT = "left-out.txt"
MOST_LISTED = 20
"""How many photos a message names."""
_LONGEST_NAME = 255 - len(".jpeg")
"""Of a file without its suffix, in bytes of UTF-8."""


class OutFormat(StrEnum):
    """What can be written."""

    COCO_PANOPTIC = "coco-panoptic"
    COCO_INSTANCES = "coco-instances"
    LABEL_PNG = "label-png"
    YOLO = "yolo"


class Writer(Protocol):
    """Writes the files of one format into a sink."""

    def add(self, photo: ExportedPhoto, name: str, segmented: Segmented, classes: Sequence[Category]) -> None:
        """Take one more photo.

        Args:
            photo: what it is called.
            name: of what belongs to it, without a suffix; no other photo's.
            segmented: its segments.
            classes: all that there have been so far; later ones follow them.
        """

    def finish(self, classes: Sequence[Category]) -> None:
        """Write what is to be said of all photos, and of all classes that there have been."""


_WRITERS: Mapping[OutFormat, type[CocoPanoptic | CocoInstances | LabelPng | Yolo]] = {
    OutFormat.COCO_PANOPTIC: CocoPanoptic,
    OutFormat.COCO_INSTANCES: CocoInstances,
    OutFormat.LABEL_PNG: LabelPng,
    OutFormat.YOLO: Yolo,
}
_PAIRED = frozenset({OutFormat.LABEL_PNG, OutFormat.YOLO})
"""Those whose readers find what belongs to a photo by its name: no json says where that is."""
NAMES = frozenset({IMAGES, LEFT_OUT}).union(*(writer.names for writer in _WRITERS.values()))
"""What an export may hold at its top, in any format."""


def write_export(
    photos: Sequence[ExportedPhoto],
    categories: Callable[[], Sequence[Category]],
    sink: Sink,
    unlabelled: Unlabelled = Unlabelled.ERROR,
    *,
    form: OutFormat = OutFormat.COCO_PANOPTIC,
    images: bool = False,
) -> Iterator[Outcome]:
    """Write an export photo by photo, and after the last what is to be said of all.

    A photo that cannot be exported is left out; `left-out.txt` says which and why.

    Args:
        photos: what to export.
        categories: every class that a region may have. Asked for after the regions of each photo: a class
            may get another name meanwhile.
        sink: where to.
        unlabelled: what becomes of regions without a label.
        form: what to write.
        images: whether the photos themselves go with it, upright, into `images/`.

    Yields:
        What became of each photo, when it has been written or left out.

    Raises:
        ExportError: as in `check_exportable`, at once, before any photo is asked for; or none of the photos
            can be exported, and the message lists them.
    """
    check_exportable(photos, categories(), unlabelled, form)
    return _written(photos, _Classes(categories, unlabelled), sink, form, images)


class _Classes:
    """All classes that there are while an export is made, those too that become part of another meanwhile."""

    def __init__(self, categories: Callable[[], Sequence[Category]], unlabelled: Unlabelled) -> None:
        self._categories = categories
        self._unlabelled = unlabelled
        self._known: dict[int, Category] = {}

    @property
    def known(self) -> Sequence[Category]:
        """Those that there have been so far, each by its latest name."""
        return list(self._known.values())

    def segmented(self, photo: ExportedPhoto) -> Segmented:
        """The segments of a photo, by what its classes are called now; errors as in `segments_of`."""
        regions, now = photo.regions(), self._categories()
        self._known |= {category.id: category for category in _all(now, self._unlabelled)}
        return segments_of(regions, {category.name: category for category in now}, self._unlabelled)


def _written(
    photos: Sequence[ExportedPhoto], classes: _Classes, sink: Sink, form: OutFormat, images: bool
) -> Iterator[Outcome]:
    writer: Writer = _WRITERS[form](sink)
    names = names_beside([photo.file_name for photo in photos], [photo.id for photo in photos])
    left_out: list[str] = []
    for photo in photos:
        try:
            segmented = classes.segmented(photo)
            picture = photo.picture() if images else None
            _add_picture(sink, f"{IMAGES}/{_picture_name(photo, names[photo.id], form)}", picture)
        except ExportError as error:
            left_out.append(f"{photo.file_name}: {error}")
            yield Outcome(left_out=left_out[-1])
            continue
        writer.add(photo, names[photo.id], segmented, classes.known)
        yield Outcome(turned=isinstance(picture, bytes))
    if len(left_out) == len(photos):
        raise ExportError(_list("none of the photos can be exported:", left_out, len(left_out)))
    if left_out:
        sink.write(LEFT_OUT, "".join(f"{line}\n" for line in left_out).encode())
    writer.finish(classes.known)


def _all(categories: Sequence[Category], unlabelled: Unlabelled) -> Sequence[Category]:
    return [*categories, REGION_CATEGORY] if unlabelled is Unlabelled.REGION else categories


def check_exportable(
    photos: Sequence[ExportedPhoto],
    categories: Sequence[Category],
    unlabelled: Unlabelled = Unlabelled.ERROR,
    form: OutFormat = OutFormat.COCO_PANOPTIC,
) -> None:
    """See whether `write_export` would refuse; arguments as there.

    Only the regions of photos that a message lists are read.

    Raises:
        ExportError: there is nothing to export, regions have no label, or the format cannot hold the classes.
    """
    if form is OutFormat.LABEL_PNG:
        check_values(_all(categories, unlabelled))
    if not photos:
        raise ExportError(
            "there is nothing to export: of the photos that are asked for none has a region or is complete"
        )
    without = [photo for photo in photos if photo.unlabelled]
    if without and unlabelled is Unlabelled.ERROR:
        lines = (f"{photo.file_name}: {_unlabelled_regions(photo)}" for photo in without)
        advice = "these regions have no label; give them one, or export with unlabelled = void or region:"
        raise ExportError(_list(advice, lines, len(without)))


def _unlabelled_regions(photo: ExportedPhoto) -> str:
    try:
        labels = photo.regions().labels
    except ExportError as error:
        return str(error)
    return name_regions([region for region, label in labels.items() if label is None])


def _list(advice: str, lines: Iterable[str], total: int) -> str:
    """A message with the first lines of a list."""
    more = [f"and {total - MOST_LISTED} more photos"] if total > MOST_LISTED else []
    return "\n".join([advice, *islice(lines, MOST_LISTED), *more])


def _picture_name(photo: ExportedPhoto, name: str, form: OutFormat) -> str:
    """What a photo is called in an export: as it is, unless what belongs to it had to get another name."""
    return name + PurePosixPath(photo.file_name).suffix if form in _PAIRED else photo.file_name


def _add_picture(sink: Sink, name: str, picture: Path | bytes | None) -> None:
    if isinstance(picture, Path):
        sink.add(name, picture)
    elif picture is not None:
        sink.write(name, picture)


def names_beside(file_names: Sequence[str], ids: Sequence[int]) -> dict[int, str]:
    """What the file that belongs to a photo is called, without its suffix, by photo id.

    For `a/cat.jpg` that is `a/cat`, as readers of every format expect, and `a/cat.jpg` where there is another
    `a/cat`; names that would still meet, in any case of letters, get the photo's id; one that is too long is
    the id alone.
    """
    whole = dict(zip(ids, file_names, strict=True))
    names = {id_: str(PurePosixPath(name).with_suffix("")) for id_, name in whole.items()}
    names = {id_: _shortened(whole[id_] if met else names[id_], id_) for id_, met in _meeting(names).items()}
    while any((meeting := _meeting(names)).values()):
        # Once more, where a photo happens to have the name that another one's id has led to.
        names = {
            id_: _shortened(f"{name}.{id_}", id_) if meeting[id_] else name for id_, name in names.items()
        }
    return names


def _meeting(names: Mapping[int, str]) -> dict[int, bool]:
    """Whether the name of each photo is another one's, too."""
    times = Counter(name.casefold() for name in names.values())
    return {id_: times[name.casefold()] > 1 for id_, name in names.items()}


def _shortened(name: str, id_: int) -> str:
    """The name of a file; its photo's id in its place if file systems would not take it."""
    path = PurePosixPath(name)
    return name if len(path.name.encode()) <= _LONGEST_NAME else str(path.with_name(str(id_)))
