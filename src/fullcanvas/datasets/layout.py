"""Where the files of a COCO panoptic data set lie: our own plain folder, or COCO as it is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fullcanvas.datasets.errors import DatasetError


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
    json = _find_json(Path(path).expanduser())
    folder = json.parent.resolve()  # of a json that is a link: where it is named, not where its bytes lie
    if json.name == "panoptic.json":
        maps, images = (_folder([folder / name], json) for name in ("panoptic", "images"))
        return Layout(folder.name, json, maps, images)
    root = folder.parent if folder.name == "annotations" else folder
    photos = json.stem.removeprefix("panoptic_")
    maps = _folder([folder / json.stem, root / json.stem], json)
    images = _folder([root / photos, root / "images" / photos, root / "images"], json)
    return Layout(json.stem, json, maps, images)


def _find_json(path: Path) -> Path:
    if path.suffix == ".json":
        if not path.is_file():
            raise DatasetError(f"{path}: there is no such file")
        return path
    if (path / "panoptic.json").is_file():
        return path / "panoptic.json"
    found = sorted([*(path / "annotations").glob("panoptic_*.json"), *path.glob("panoptic_*.json")])
    if not found:
        looked = f"panoptic.json, annotations/panoptic_*.json and panoptic_*.json in {path}"
        raise DatasetError(f"{path}: no COCO panoptic data set here; looked for {looked}")
    if len(found) > 1:
        names = ", ".join(str(file) for file in found)
        raise DatasetError(f"{path}: holds {len(found)} data sets; name one of the files: {names}")
    return found[0]


def _folder(candidates: Sequence[Path], json: Path) -> Path:
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    looked = " and ".join(str(candidate) for candidate in candidates)
    raise DatasetError(f"{json}: a folder that belongs to it is missing; looked for {looked}")
