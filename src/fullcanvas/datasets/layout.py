"""Where the files of a COCO panoptic data set lie: our own plain folder, or COCO as it is downloaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fullcanvas.datasets.errors import DatasetError
from fullcanvas.formats.panoptic import find_panoptic


@dataclass(frozen=True, slots=True)
class Layout:
    """The three places of a data set.

    Attributes:
        name: what the data set is called: the folder's name, or that of the json file in COCO's layout.
        json: the file of annotations.
        maps: the folder of the PNG files of region ids.
        images: the folder of the photos.
    """

    name: str
    json: Path
    maps: Path
    images: Path


def find_layout(path: str | Path) -> Layout:
    """The layout of the data set at `path`, a folder or the json file itself.

    Two layouts are known: `panoptic.json`, `panoptic/` and `images/`; and COCO's download,
    `annotations/panoptic_NAME.json`, its maps in `panoptic_NAME/` beside it or one level up, its photos in
    `NAME/` or `images/NAME/`.

    Raises:
        DatasetError: something is missing (the message lists what was looked for), or the folder holds
            several data sets.
    """
    json, maps = find_panoptic(Path(path).expanduser(), DatasetError)
    folder = json.parent.resolve()  # of a json that is a link: where it is named, not where its bytes lie
    if json.name == "panoptic.json":
        return Layout(_text(folder.name), json, maps, _images([folder / "images"], json))
    root = folder.parent if folder.name == "annotations" else folder
    photos = json.stem.removeprefix("panoptic_")
    images = _images([root / photos, root / "images" / photos, root / "images"], json)
    return Layout(_text(json.stem), json, maps, images)


def _text(name: str) -> str:
    """A file's name as a string that can be printed and encoded: file names may hold any bytes."""
    return os.fsencode(name).decode(errors="replace")


def _images(candidates: Sequence[Path], json: Path) -> Path:
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    looked = " and ".join(str(candidate) for candidate in candidates)
    raise DatasetError(f"{json}: the folder of its photos is missing; looked for {looked}")
