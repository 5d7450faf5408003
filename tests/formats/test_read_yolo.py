"""Importing data sets in YOLO's format."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import ImportedPhoto
from fullcanvas.formats.read_yolo import read_yolo
from fullcanvas.formats.write import OutFormat
from tests.formats.test_coco_panoptic import MAP, photo
from tests.formats.test_writers import write

CLASSES = "names: [cat, dog]\n"
SQUARE = "1 0.1 0.1 0.55 0.1 0.55 0.55 0.1 0.55\n"


def data_set(folder: Path, classes: str = CLASSES, **texts: str) -> Path:
    (folder / "labels" / "train").mkdir(parents=True)
    (folder / "data.yaml").write_text(classes)
    for name, text in texts.items():
        (folder / "labels" / "train" / f"{name}.txt").write_text(text)
    return folder


def read(folder: Path, frame: Frame) -> ImportedPhoto:
    (reader,) = read_yolo(folder).photos.values()
    return reader(frame)


def test_our_own_exports_come_back(tmp_path: Path) -> None:
    source = read_yolo(write(OutFormat.YOLO, tmp_path / "out", photo(name="x/a.jpg")))
    assert [(each.id, each.name, each.isthing) for each in source.categories] == [(1, "cat", True)]
    found = np.stack([region.mask.pixels for region in source.photos["x/a.txt"](Frame(5, 3)).regions])
    np.testing.assert_array_equal(found, np.equal(MAP, np.array([2, 3, 300, 70000])[:, None, None]))


def test_each_part_of_a_data_set_may_have_its_own_labels(tmp_path: Path) -> None:
    """As Roboflow writes them."""
    folder = data_set(tmp_path)
    for part in ("train", "valid"):
        (folder / part / "labels" / "x").mkdir(parents=True)
        (folder / part / "labels" / "x" / "a.txt").write_text(SQUARE)
    assert read_yolo(folder).photos.keys() == {"train/images/x/a.txt", "valid/images/x/a.txt"}


@pytest.mark.parametrize("name", ["a", "images/a", "x/images/images/a", "labels/a"])
def test_a_text_lies_where_readers_look_for_it(tmp_path: Path, name: str) -> None:
    """Ultralytics puts `labels` for the last `images`, which may be a folder of the photos' own."""
    out = write(OutFormat.YOLO, tmp_path / "out", photo(name=f"{name}.jpg"))
    before, after = f"/images/{name}.txt".rsplit("/images/", 1)
    assert (out / before.removeprefix("/") / "labels" / after).is_file()
    assert read_yolo(out).photos.keys() == {f"{name}.txt"}


@pytest.mark.parametrize(
    "classes", [CLASSES, "path: x\nnames:\n  1: dog\n  0: 'cat '\n", "\ufeffnames: {0: cat, 1: dog}"]
)
def test_outlines_become_regions(tmp_path: Path, classes: str) -> None:
    folder = data_set(tmp_path, classes, a=SQUARE + "\n0 0.8 0.8 1 0.8 1 1 0.8 1\n")
    square, corner = read(folder, Frame(20, 10)).regions
    assert (square.label, corner.label) == ("dog", "cat")
    expected = np.zeros((10, 20), np.bool_)
    expected[1:6, 2:12] = True
    np.testing.assert_array_equal(square.mask.pixels, expected)
    assert corner.mask.pixels[8:, 16:].all()
    assert corner.mask.pixels.sum() == 8


def test_classes_may_be_named_a_line(tmp_path: Path) -> None:
    """As Label Studio writes them."""
    folder = data_set(tmp_path, a=SQUARE)
    (folder / "data.yaml").unlink()
    (folder / "classes.txt").write_text("cat\nbig dog\n")
    assert [item.name for item in read_yolo(folder).categories] == ["cat", "big dog"]
    (region,) = read(folder, Frame(20, 10)).regions
    assert region.label == "big dog"
    (folder / "classes.txt").write_text("\n")
    with pytest.raises(ImportFormatError, match=r"classes\.txt: names no classes"):
        read_yolo(folder)


def test_the_smaller_of_two_is_on_top_and_it_is_said(tmp_path: Path) -> None:
    folder = data_set(tmp_path, a="0 0 0 1 0 1 1 0 1\n" + SQUARE)
    imported = read(folder, Frame(20, 10))
    below, above = (region.mask.pixels for region in imported.regions)
    assert (below.sum(), above.sum()) == (150, 50)
    assert not (below & above).any()
    assert imported.notes == ("50 pixels in several instances went to the smaller ones",)


def test_outlines_lie_over_the_upright_photo(tmp_path: Path) -> None:
    folder = data_set(tmp_path, a="0 0 0 0.5 0 0.5 1 0 1\n")
    (region,) = read(folder, Frame(20, 10, orientation=6)).regions
    assert region.mask.pixels[:, :10].all()


def test_a_photo_of_nothing_has_no_regions(tmp_path: Path) -> None:
    assert read(data_set(tmp_path, a="\n"), Frame(20, 10)).regions == ()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2 0 0 1 0 1 1", "the class 2 is not one of 0 to 1"),
        ("-1 0 0 1 0 1 1", "the class -1 is not one of 0 to 1"),
        ("0.5 0 0 1 0 1 1", r"the class 0\.5 is not one of 0 to 1"),
        ("inf 0 0 1 0 1 1", "the class inf is not one of 0 to 1"),
        ("cat 0 0 1 0 1 1", "holds something that is no number"),
        ("0 0.5 0.5 1 1", "is a box; outlines are imported"),
        ("0 0 0 1 0", "is a box; outlines are imported"),
        ("0 0 0 1 0 1", "of at least 3 corners"),
        ("0 0 0 1 0 1 1 1", "of at least 3 corners"),
        ("0 0 0 1 0 1 1.01", "in fractions of the photo from 0 to 1"),
        ("0 0 0 1 0 1 nan", "in fractions of the photo from 0 to 1"),
        ("0", "of at least 3 corners"),
    ],
)
def test_what_is_no_outline_is_named_by_its_line(tmp_path: Path, line: str, problem: str) -> None:
    imported = read(data_set(tmp_path / "one", a=f"{SQUARE}\n{line}\n"), Frame(20, 10))
    assert [region.label for region in imported.regions] == ["dog"]
    (note,) = imported.notes
    assert re.fullmatch(f"1 of 2 left out: line 3: .*{problem}.*", note)
    with pytest.raises(ImportFormatError, match=rf"a\.txt: nothing in it can be used: line 1: .*{problem}"):
        read(data_set(tmp_path / "all", a=line), Frame(20, 10))


@pytest.mark.parametrize(
    ("classes", "problem"),
    [
        ("names: 3", "names no classes"),
        ("names: []", "names no classes"),
        ("names: [1, 2]", "names no classes"),
        ("names: {0: cat, 2: dog}", "names no classes"),
        ("names: {0: cat, x: dog}", "names no classes"),
        ("- names", "names no classes"),
        ("names: [", "is not YAML"),
        ("[" * 100_000, "is not YAML"),
        ("names: !!python/object/apply:os.getcwd []", "is not YAML"),
    ],
)
def test_classes_that_cannot_be_used_are_refused(tmp_path: Path, classes: str, problem: str) -> None:
    with pytest.raises(ImportFormatError, match=rf"data\.yaml: {problem}"):
        read_yolo(data_set(tmp_path, classes, a=SQUARE))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match=r"has one yaml file \(or classes\.txt\), and here is none"):
        read_yolo(tmp_path)
    (tmp_path / "data.yaml").write_text(CLASSES)
    (tmp_path / "train.txt").write_text("images/a.jpg")
    with pytest.raises(
        ImportFormatError, match="holds no text of outlines; they lie in folders called labels"
    ):
        read_yolo(tmp_path / "data.yaml")
    (tmp_path / "coco.yml").write_text(CLASSES)
    with pytest.raises(ImportFormatError, match=r"several \(coco\.yml, data\.yaml\)"):
        read_yolo(tmp_path)


def test_a_text_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = data_set(tmp_path, a=SQUARE)
    text = folder / "labels" / "train" / "a.txt"
    text.write_bytes(b"\xff")
    with pytest.raises(ImportFormatError, match=r"a\.txt: is not text in UTF-8"):
        read(folder, Frame(20, 10))
    monkeypatch.setattr("fullcanvas.formats.read_yolo._LARGEST", 20)
    text.write_text(SQUARE)
    with pytest.raises(ImportFormatError, match=r"a\.txt: is larger than"):
        read(folder, Frame(20, 10))
    source = read_yolo(folder)
    text.unlink()
    with pytest.raises(ImportFormatError, match=r"a\.txt: cannot be read \(No such file"):
        source.photos["train/a.txt"](Frame(20, 10))
