"""Work on photos that EXIF data turn: over the stored pixels or the upright ones; held against Pillow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fullcanvas.annotation import Mask
from fullcanvas.formats.coco_json import MADE_HERE
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import Source
from fullcanvas.formats.read_coco_instances import read_coco_instances
from fullcanvas.formats.read_coco_panoptic import read_coco_panoptic
from fullcanvas.formats.read_label_png import read_label_png
from fullcanvas.formats.write import OutFormat
from tests.formats.test_coco_panoptic import photo
from tests.formats.test_imports import instances, label_map, write
from tests.formats.test_writers import write as write_export

CATS = {1: "cat", 2: "cat"}

SHOWN = np.array([[1, 1, 0], [2, 0, 0]])
"""What the annotator is to show."""


def as_stored(orientation: int) -> NDArray[Any]:
    """The map over the pixels of a file with this orientation; Pillow's own way back to `SHOWN`."""
    back = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    return turned_by_pillow(SHOWN, back)


def turned_by_pillow(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    picture = Image.fromarray(pixels.astype(np.uint8))
    picture.getexif()[0x0112] = orientation
    return np.asarray(ImageOps.exif_transpose(picture))


def write_panoptic(folder: Path, labels: NDArray[Any], info: str = "") -> Source:
    height, width = labels.shape
    folder.joinpath("panoptic").mkdir(parents=True)
    colors = np.dstack([labels, labels * 0, labels * 0]).astype(np.uint8)
    Image.fromarray(colors).save(folder / "panoptic" / "a.png")
    listed = [{"id": number, "category_id": number} for number in (1, 2)]
    data = {
        "info": {"description": info},
        "images": [{"id": 1, "file_name": "a.jpg", "width": width, "height": height}],
        "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": listed}],
        "categories": [{"id": number, "name": str(number), "isthing": 1} for number in (1, 2)],
    }
    write(folder, data)
    return read_coco_panoptic(folder)


def write_runs(folder: Path, labels: NDArray[Any]) -> Source:
    height, width = labels.shape
    masks = [Mask.of(labels == number) for number in (1, 2)]
    drawn = [{"segmentation": {"size": [height, width], "counts": mask.counts}} for mask in masks]
    return read_coco_instances(instances(folder, *drawn, width=width, height=height))


def write_label_png(folder: Path, labels: NDArray[Any]) -> Source:
    folder.mkdir()
    Image.fromarray(labels.astype(np.uint8)).save(folder / "a.jpg.png")
    source = read_label_png(folder)
    return Source((), {"a.jpg": source.photos["a.jpg.png"]})


@pytest.mark.parametrize("write_work", [write_panoptic, write_runs, write_label_png])
def test_work_over_the_stored_pixels_is_turned_with_the_photo(
    tmp_path: Path, write_work: Callable[[Path, NDArray[Any]], Source]
) -> None:
    for orientation in range(1, 9):
        source = write_work(tmp_path / str(orientation), as_stored(orientation))
        imported = source.photos["a.jpg"](Frame(3, 2, orientation))
        assert label_map(imported, 3, 2).tolist() == SHOWN.tolist(), orientation
        said = [f"is turned by its EXIF data (orientation {orientation}); the work was taken to lie over its"]
        assert [note[: len(said[0])] for note in imported.notes] == said * (1 < orientation < 5), orientation


@pytest.mark.parametrize("write_work", [write_panoptic, write_runs, write_label_png])
def test_work_that_fits_the_upright_photo_alone_lies_over_that(
    tmp_path: Path, write_work: Callable[[Path, NDArray[Any]], Source]
) -> None:
    imported = write_work(tmp_path / "work", SHOWN).photos["a.jpg"](Frame(3, 2, 6))
    assert (label_map(imported, 3, 2).tolist(), imported.notes) == (SHOWN.tolist(), ())


def test_our_own_exports_lie_over_the_upright_photo(tmp_path: Path) -> None:
    for orientation in range(1, 9):
        source = write_panoptic(tmp_path / str(orientation), SHOWN, MADE_HERE)
        imported = source.photos["a.jpg"](Frame(3, 2, orientation))
        assert (label_map(imported, 3, 2).tolist(), imported.notes) == (SHOWN.tolist(), ())
    source = write_panoptic(tmp_path / "on its side", SHOWN.T, MADE_HERE)
    with pytest.raises(ImportFormatError, match=r"has 2 x 3 .* photo 3 x 2 \(its EXIF orientation is 6\)"):
        source.photos["a.jpg"](Frame(3, 2, 6))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_our_own_instances_lie_over_the_upright_photo(tmp_path: Path, orientation: int) -> None:
    out = write_export(OutFormat.COCO_INSTANCES, tmp_path / "out", photo(SHOWN.astype(np.int32), CATS))
    imported = read_coco_instances(out).photos["a.jpg"](Frame(3, 2, orientation))
    assert (label_map(imported, 3, 2).tolist(), imported.notes) == (SHOWN.tolist(), ())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_frame_turns_as_pillow_does_and_back(orientation: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 3), np.uint8)
    turned = turned_by_pillow(pixels, orientation)
    frame = Frame(turned.shape[1], turned.shape[0], orientation)
    assert (frame.stored, frame.turn(pixels).tolist()) == ((3, 2), turned.tolist())
    assert frame.turn_back(turned).tolist() == pixels.tolist()
