"""Whatever a file holds that is read, the errors are those that its reader promises, and memory is bounded.

FULLCANVAS_EXAMPLES sets how many damaged files of each kind are tried; `make attack` tries a thousand.
"""

from __future__ import annotations

import atexit
import json
import os
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from fullcanvas.annotation import Annotation, AnnotationError
from fullcanvas.datasets import DatasetError, open_dataset
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.inference.model_file import ModelError
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.accounts import Accounts, Role
from fullcanvas.server.errors import AccountError, LabelsError
from fullcanvas.server.labels import read_labels
from fullcanvas.server.project import open_project
from fullcanvas.server.take_in import import_project
from tests.damage import damaged_bytes, damaged_json
from tests.tiny_model import write_tiny_model

EXAMPLES = int(os.environ.get("FULLCANVAS_EXAMPLES", "40"))
SIZE = (24, 16)
MOST_MEMORY = 100_000_000
"""Bytes that reading any of these may take; the files have some thousand."""


IMPORTING = (ImportFormatError, LabelsError)


@dataclass(frozen=True)
class Kind:
    """A kind of file that is read.

    Attributes:
        write: puts valid ones into a folder, and names the one that is to be damaged.
        read: reads all that there is in it.
        errors: that the reader promises.
    """

    write: Callable[[Path], Path]
    read: Callable[[Path], object]
    errors: tuple[type[Exception], ...]


def values() -> np.ndarray[Any, np.dtype[np.uint8]]:
    labels = np.zeros(SIZE[::-1], np.uint8)
    labels[2:9, 3:20] = 1
    labels[5:12, 8:12] = 2
    return labels


def write_picture(path: Path, image: Image.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def write_json(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path


def write_panoptic(folder: Path) -> Path:
    channels = np.stack([values(), np.zeros_like(values()), np.zeros_like(values())], axis=2)
    write_picture(folder / "panoptic" / "a.png", Image.fromarray(channels))
    write_picture(folder / "images" / "a.jpg", Image.new("RGB", SIZE))
    segments = [{"id": id_, "category_id": id_, "area": 20, "iscrowd": 0} for id_ in (1, 2)]
    data = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": SIZE[0], "height": SIZE[1]}],
        "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": segments}],
        "categories": [
            {"id": 1, "name": "sky", "isthing": 0},
            {"id": 2, "name": "cat", "isthing": 1},
        ],
    }
    return write_json(folder / "panoptic.json", data)


def write_panoptic_map(folder: Path) -> Path:
    write_panoptic(folder)
    return folder / "panoptic" / "a.png"


def write_instances(folder: Path) -> Path:
    square = [2, 2, 9, 2, 9, 9, 2, 9.5]
    data = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": SIZE[0], "height": SIZE[1]}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, "segmentation": [square, square]},
            {"id": 2, "image_id": 7, "category_id": 2, "iscrowd": 0,
             "segmentation": {"size": [16, 24], "counts": [100, 30, 254]}},
            {"id": 3, "image_id": 7, "category_id": 2, "iscrowd": 0,
             "segmentation": {"size": [16, 24], "counts": "T3n0n7"}},
        ],
        "categories": [{"id": 1, "name": "sky"}, {"id": 2, "name": "cat"}],
    }  # fmt: skip
    return write_json(folder / "instances.json", data)


def write_map(folder: Path) -> Path:
    return write_picture(folder / "a.png", Image.fromarray(values()))


def write_outlines(folder: Path) -> Path:
    (folder / "labels").mkdir(exist_ok=True)
    (folder / "data.yaml").write_text("train: images\nnames:\n  0: cat\n  1: 'dog'\n")
    (folder / "labels" / "a.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5\n1 0.2 0.2 0.9 0.2 0.9 0.7 0.2 0.7\n")
    return folder / "labels" / "a.txt"


def write_labelme(folder: Path) -> Path:
    png = BytesIO()
    Image.new("1", (3, 2), 1).save(png, "PNG")
    square = {"label": "cat", "points": [[2, 2], [9, 2], [9, 9]], "shape_type": "polygon", "group_id": 1}
    mask = {"label": "dog", "points": [[4, 4], [6, 5]], "shape_type": "mask", "mask": _base64(png.getvalue())}
    circle = {"label": "dog", "points": [[8, 8], [9, 9.5]], "shape_type": "circle", "group_id": None}
    size = {"imageWidth": SIZE[0], "imageHeight": SIZE[1]}
    shapes = [square, mask, circle, {**square, "shape_type": "rectangle"}]
    return write_json(folder / "a.json", {"shapes": shapes, "imagePath": "a.jpg", "imageData": None, **size})


def _base64(content: bytes) -> str:
    return b64encode(content).decode()


def write_classes(folder: Path) -> Path:
    write_outlines(folder)
    return folder / "data.yaml"


def write_labels(folder: Path) -> Path:
    items: list[Any] = [{"id": 3, "name": "cat", "isthing": True, "color": [1, 2, 3]}, {"name": "dog"}]
    return write_json(folder / "labels.json", items)


def write_log(folder: Path) -> Path:
    log = Annotation(*SIZE, model="m").add_region([(2, 5), (9, 5), (5, 2), (5, 9)], "cat")
    log = log.scribble([(3, 3), (12, 5)], region=1).paint([(4, 4)], region=1, radius=2.5).undo().fill()
    log = log.import_mask(values() == 2, "dog").merge(1, [2]).split(1, part=values() == 1, rest=values() == 2)
    return write_json(folder / "log.json", log.move_points(1, [(2, 5), (8, 5), (5, 2), (5, 8)]).to_json())


def write_accounts(folder: Path) -> Path:
    file = folder / "accounts.json"
    file.write_bytes(an_account())
    file.chmod(0o600)
    return file


@cache
def an_account() -> bytes:
    """A file with an account, whose token takes a moment to hash."""
    with TemporaryDirectory() as place:
        Accounts(Path(place) / "accounts.json").add("anna", Role.ADMIN)
        return (Path(place) / "accounts.json").read_bytes()


def write_model_file(folder: Path) -> Path:
    return write_tiny_model(folder / "model.zip")


@cache
def a_project() -> Path:
    """A project of one photo; making the tables takes longer than reading what is imported."""
    photos = Path(mkdtemp())
    atexit.register(rmtree, photos)
    write_picture(photos / "a.jpg", Image.new("RGB", SIZE))
    open_project(photos).store.close()
    return photos


def read_import(form: str) -> Callable[[Path], object]:
    """Into a project of a photo, which has all of the work afterwards or none of it."""

    def read(folder: Path) -> object:
        photos = copytree(a_project(), folder / "project")
        options: Any = {"overwrite": False, "labels": None, "place": None, "max_pixels": 10**6}
        try:
            return import_project(photos, folder, form=form, console=Console(quiet=True), **options)
        finally:
            project = open_project(photos)
            (photo,) = project.store.list_photos()
            log = project.store.annotation(photo.id)[1]
            assert photo.version == (log is not None)
            assert photo.regions == (len(log.regions) if log else 0)
            project.store.close()

    return read


def read_log(folder: Path) -> object:
    try:
        data = json.loads((folder / "log.json").read_text())
    except (ValueError, RecursionError):
        return None  # it is given what Python's json reads
    log = Annotation.from_json(data)
    assert Annotation.from_json(log.to_json()) == log
    return log


def read_data_set(folder: Path) -> object:
    found = open_dataset(folder)
    return [found.load(index) for index in range(len(found))]


KINDS = {
    "coco-panoptic": Kind(write_panoptic, read_import("coco-panoptic"), IMPORTING),
    "coco-panoptic, a map": Kind(write_panoptic_map, read_import("coco-panoptic"), IMPORTING),
    "coco-instances": Kind(write_instances, read_import("coco-instances"), IMPORTING),
    "label-png": Kind(write_map, read_import("label-png"), IMPORTING),
    "yolo, its classes": Kind(write_classes, read_import("yolo"), IMPORTING),
    "yolo, an outline": Kind(write_outlines, read_import("yolo"), IMPORTING),
    "labelme": Kind(write_labelme, read_import("labelme"), IMPORTING),
    "labels": Kind(write_labels, lambda folder: read_labels(folder / "labels.json"), (LabelsError,)),
    "a log": Kind(write_log, read_log, (AnnotationError,)),
    "accounts": Kind(
        write_accounts, lambda folder: Accounts(folder / "accounts.json").users(), (AccountError,)
    ),
    "a model": Kind(write_model_file, lambda folder: Segmenter.load(folder / "model.zip", 1), (ModelError,)),
    "a data set": Kind(write_panoptic, read_data_set, (DatasetError,)),
    "a data set, a map": Kind(write_panoptic_map, read_data_set, (DatasetError,)),
}
JSON = [
    name
    for name in KINDS
    if name not in {"label-png", "a model"} and "yolo" not in name and "map" not in name
]


def tried(kind: Kind, folder: Path) -> None:
    """Read what is there; whatever is wrong with it ends in an error that was promised."""
    before = most_memory(afresh=True)
    try:
        kind.read(folder)
    except kind.errors as error:
        str(error).encode()  # else it could not even be printed
    assert most_memory() - before < MOST_MEMORY


def most_memory(afresh: bool = False) -> int:
    """The bytes of memory that this process had at most since it was last asked afresh."""
    if afresh:
        Path("/proc/self/clear_refs").write_text("5")
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])


@pytest.mark.parametrize("name", KINDS)
def test_files_that_are_whole(name: str, tmp_path: Path) -> None:
    KINDS[name].write(tmp_path)
    KINDS[name].read(tmp_path)


@pytest.mark.parametrize("name", JSON)
def test_json_that_is_nested_beyond_reason(name: str, tmp_path: Path) -> None:
    KINDS[name].write(tmp_path).write_text("[" * 100_000)
    tried(KINDS[name], tmp_path)


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_files_with_damaged_bytes(name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    with TemporaryDirectory() as place:
        file = kind.write(Path(place))
        file.write_bytes(data.draw(damaged_bytes(file.read_bytes())))
        tried(kind, Path(place))


@pytest.mark.parametrize("name", JSON)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_files_whose_json_says_anything(name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    with TemporaryDirectory() as place:
        file = kind.write(Path(place))
        file.write_bytes(data.draw(damaged_json(json.loads(file.read_text()))))
        tried(kind, Path(place))
