"""`fullcanvas import`: existing work becomes regions, and nobody's work is overwritten silently."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from fullcanvas.annotation import Annotation
from fullcanvas.cli import app
from fullcanvas.datasets import open_dataset
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import ImportedPhoto, Source
from fullcanvas.formats.read_label_png import read_label_png
from fullcanvas.formats.records import Category
from fullcanvas.server import take_in
from fullcanvas.server.labels import distinct_color
from fullcanvas.server.photos import decode
from fullcanvas.server.project import open_project
from tests.panoptic_folder import write_dataset
from tests.server.conftest import LEFT, RIGHT, Page

WIDTH, HEIGHT = 96, 80


def run(*arguments: object, code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, ["import", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def values() -> NDArray[np.uint8]:
    """A label map with holes, several parts, and a rest of nothing."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[5:40, 5:60] = 1
    labels[20:30, 20:30] = 2
    labels[60:70, 70:90] = 2
    return labels


def write_maps(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values()).save(folder / name)
    labels = [{"id": 1, "name": "sky", "isthing": False}, {"id": 2, "name": "cat"}]
    (folder.parent / "labels.json").write_text(json.dumps(labels))
    return folder


def test_label_maps_become_regions_that_show_exactly_their_pixels(
    folder: Path, tmp_path: Path, start: Callable[..., Page]
) -> None:
    maps = write_maps(tmp_path / "maps", "a.png", "b/a.png", "nobody.png")
    labels = tmp_path / "labels.json"
    output = run(folder, "--format", "label-png", "--from", maps, "--labels", labels)
    assert "1 names are not among the photos: nobody.png\n" in output
    assert "4 regions in 2 photos imported, 0 skipped" in output
    page = start(folder)
    (first, _) = (item["id"] for item in page.get("/photos")["items"] if item["regions"] == 2)
    assert [region["label"] for region in page.get(f"/photos/{first}")["regions"]] == ["sky", "cat"]
    np.testing.assert_array_equal(page.display(first), values())
    page.interact(first, "undo")
    assert set(np.unique(page.display(first))) == {0, 1}


def test_photos_that_differ_in_their_extension_alone_have_maps_that_name_it(
    folder: Path, tmp_path: Path, start: Callable[..., Page]
) -> None:
    """As in an export of ours."""
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "a.png")
    maps = write_maps(tmp_path / "maps", "a.jpg.png", "a.png.png")
    assert "4 regions in 2 photos imported" in run(folder, "--format", "label-png", "--from", maps)
    for form in ("yolo", "label-png"):
        out = tmp_path / form
        options = ["--out", str(out), "--format", form, "--status", "all", "--unlabelled", "region"]
        assert CliRunner().invoke(app, ["export", str(folder), *options]).exit_code == 0
        place = out / "semantic" if form == "label-png" else out
        assert " in 2 photos imported" in run(folder, "--format", form, "--from", place, "--overwrite")
    found = {item["path"]: item["regions"] for item in start(folder).get("/photos")["items"]}
    assert (found["a.jpg"], found["a.png"]) == (1, 1)


def instances(folder: Path, width: int = WIDTH) -> Path:
    image = {"id": 1, "file_name": "a.jpg", "width": width, "height": HEIGHT}
    square = {"id": 1, "image_id": 1, "category_id": 3, "segmentation": [[5, 5, 30, 5, 30, 30, 5, 30]]}
    data = {"images": [image], "annotations": [square], "categories": [{"id": 3, "name": "dog"}]}
    (folder / "instances.json").write_text(json.dumps(data))
    return folder


def test_outlines_become_regions(folder: Path, tmp_path: Path, start: Callable[..., Page]) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 0 0 0.5 0 0.5 0.999 0 0.999\n")
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\n")
    assert "1 region in 1 photo imported" in run(folder, "--format", "yolo", "--from", tmp_path)
    page = start(folder)
    (region,) = page.get("/photos/1")["regions"]
    assert (region["label"], region["box"]) == ("dog", [0, 0, WIDTH // 2 + 1, HEIGHT])


def test_classes_bring_their_colours(folder: Path, tmp_path: Path, start: Callable[..., Page]) -> None:
    """As an export tells them; what is no colour, or written in another way, is none."""
    file = instances(tmp_path) / "instances.json"
    data = json.loads(file.read_text())
    colors: list[Any] = [[1, 2, 3], None, "#ff0000", [1, 2], [1, 2, 256], [True, 0, 0], [0.5, 0, 0]]
    data["categories"] = [
        {"id": 3 + number, "name": f"dog {number}", "color": color} for number, color in enumerate(colors)
    ]
    file.write_text(json.dumps(data))
    run(folder, "--format", "coco-instances", "--from", tmp_path)
    first, *others = start(folder).get("/project")["labels"]
    assert first["color"] == [1, 2, 3]
    assert [tuple(label["color"]) for label in others] == [
        distinct_color(label["id"] - 1) for label in others
    ]


def test_work_that_is_there_is_kept_unless_told_otherwise(
    folder: Path, tmp_path: Path, start: Callable[..., Page]
) -> None:
    page = start(folder)
    page.interact(1, "add_region", extreme_points=LEFT)
    page.interact(1, "add_region", extreme_points=RIGHT)
    origin = ["--format", "coco-instances", "--from", instances(tmp_path)]
    assert "a.jpg: has been worked on; --overwrite replaces its regions" in run(folder, *origin)
    assert [region["id"] for region in page.get("/photos/1")["regions"]] == [1, 2]
    assert "1 region in 1 photo imported" in run(folder, *origin, "--overwrite")
    (region,) = page.get("/photos/1")["regions"]
    assert (region["id"], region["label"]) == (3, "dog")
    expected = np.zeros((HEIGHT, WIDTH), np.uint16)
    expected[5:30, 5:30] = 3
    np.testing.assert_array_equal(page.display(1), expected)
    for _ in range(3):
        page.interact(1, "undo")
    assert [region["id"] for region in page.get("/photos/1")["regions"]] == [1, 2]


def test_finished_photos_are_never_touched(folder: Path, tmp_path: Path, start: Callable[..., Page]) -> None:
    page = start(folder)
    version = page.interact(1, "add_region", extreme_points=LEFT).header["photo"]["version"]
    page.post("/photos/1/complete", version=version, complete=True)
    before = page.display(1)
    output = run(folder, "--format", "coco-instances", "--from", instances(tmp_path), "--overwrite")
    assert "a.jpg: is complete; reopen it first" in output
    np.testing.assert_array_equal(page.display(1), before)


def test_a_photo_that_is_completed_during_the_import_is_not_touched(
    folder: Path, tmp_path: Path, start: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = start(folder)
    (last,) = (item["id"] for item in page.get("/photos")["items"] if item["path"] == "c.png")

    def read(place: Path) -> Source:
        source = read_label_png(place)

        def read_first(frame: Frame) -> ImportedPhoto:
            version = page.interact(last, "add_region", extreme_points=LEFT).header["photo"]["version"]
            page.post(f"/photos/{last}/complete", version=version, complete=True)
            return source.photos["a.png"](frame)

        return Source((), {**source.photos, "a.png": read_first})

    monkeypatch.setattr(take_in, "FORMATS", {"label-png": read})
    maps = write_maps(tmp_path / "maps", "a.png", "c.png")
    output = run(folder, "--format", "label-png", "--from", maps, "--overwrite")
    assert "c.png: is complete; reopen it first" in output
    photo = page.get(f"/photos/{last}")
    assert (photo["status"], len(photo["regions"])) == ("complete", 1)


def test_a_label_that_is_renamed_during_the_import_is_not_given(
    folder: Path, tmp_path: Path, start: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = start(folder)

    def read(place: Path) -> Source:
        source = read_label_png(place, [Category(1, "sky", False), Category(2, "cat", True)])

        def read_last(frame: Frame) -> ImportedPhoto:
            assert page.client.patch("/api/v1/labels/2", json={"name": "tiger"}).status_code == 200
            return source.photos["c.png"](frame)

        return Source(source.categories, {**source.photos, "c.png": read_last})

    monkeypatch.setattr(take_in, "FORMATS", {"label-png": read})
    maps = write_maps(tmp_path / "maps", "a.png", "c.png")
    output = run(folder, "--format", "label-png", "--from", maps, code=1)
    assert "Error: c.png: there is no label 'cat' any more" in output
    assert "2 regions in 1 photo imported" in output
    assert [item["labels"] for item in page.get("/photos")["items"]] == [["sky", "tiger"], [], []]


def test_a_photo_whose_work_cannot_be_used_keeps_no_other_from_its_own(folder: Path, tmp_path: Path) -> None:
    maps = write_maps(tmp_path / "maps", "a.png", "b/a.png", "c.png")
    (maps / "a.png").write_bytes(b"no picture")
    (folder / "b" / "a.jpg").write_bytes(b"no photo")
    output = run(folder, "--format", "label-png", "--from", maps, code=1)
    assert f"Error: a.jpg: {maps / 'a.png'}: cannot be read as PNG" in output
    assert "Error: b/a.jpg: a.jpg: this is not a photo" in output
    assert "2 regions in 1 photo imported, 0 skipped, 2 failed" in output


def test_what_cannot_be_imported_says_so_and_stores_nothing(folder: Path, tmp_path: Path) -> None:
    origin = ["--format", "coco-instances", "--from", instances(tmp_path, width=90)]
    output = run(folder, *origin, code=1)
    assert "image 1: what was to be imported has 90 x 80 pixels, the upright photo 96 x 80" in output
    project = open_project(folder)
    assert not any(photo.regions for photo in project.store.list_photos())
    project.store.close()
    maps = write_maps(tmp_path / "maps", "nobody.png")
    output = run(folder, "--format", "label-png", "--from", maps, code=2)
    assert "none of the photos is in what was to be imported; it speaks of nobody.png" in output


def test_what_was_left_out_is_told(folder: Path, tmp_path: Path) -> None:
    file = instances(tmp_path) / "instances.json"
    data = json.loads(file.read_text())
    data["annotations"] += [{"id": 2, "image_id": 1, "category_id": 3}, {"id": 4, "image_id": 9}]
    file.write_text(json.dumps(data))
    output = run(folder, "--format", "coco-instances", "--from", file)
    assert f"{file}: 1 of 3 left out: annotation 4: is of image 9, which is not listed\n" in output
    assert "a.jpg: 1 of 2 left out: annotation 2: has no polygons and no run lengths\n" in output
    assert "1 region in 1 photo imported, 0 skipped, 0 failed" in output


def test_an_import_and_a_data_set_see_a_photo_under_its_map_alike(folder: Path, tmp_path: Path) -> None:
    """Either way, a region is white and the other black, whatever side EXIF data say is up."""
    labels = np.ones((12, 20), np.int32)
    labels[6:] = 2
    data = write_dataset(tmp_path / "set", [labels])
    photo = Image.fromarray(np.where(labels == 1, 255, 0).astype(np.uint8))
    exif = Image.Exif()
    for orientation, suffix in ((3, "png"), (8, "png"), (4, "tif"), (6, "tif")):
        exif[0x0112] = orientation
        name = data["images"][0]["file_name"] = f"{orientation}.{suffix}"
        photo.save(tmp_path / "set" / "images" / name, exif=exif)
        photo.save(folder / name, exif=exif)
        (tmp_path / "set" / "panoptic.json").write_text(json.dumps(data))
        sample = open_dataset(tmp_path / "set").load(0)
        run(folder, "--format", "coco-panoptic", "--from", tmp_path / "set")
        project = open_project(folder)
        (item,) = (one for one in project.store.list_photos() if one.path == name)
        log = project.store.annotation(item.id)[1]
        project.store.close()
        assert log is not None
        for image, white in ((sample.image, sample.labels == 1), (decode(folder / name), masks(log)[1])):
            assert image[white].min() > 200, name
            assert image[~white].max() < 50, name


def masks(log: Annotation) -> dict[int, NDArray[np.bool_]]:
    return {id_: region.mask.pixels for id_, region in log.regions.items() if region.mask}


@pytest.mark.parametrize("command", ["annotate", "import", "export"])
def test_every_command_heeds_the_database_that_the_environment_names(
    command: str, folder: Path, tmp_path: Path
) -> None:
    needed = {
        "import": ["--format", "coco-instances", "--from", str(instances(tmp_path))],
        "export": ["--out", str(tmp_path / "out")],
    }
    arguments = [command, str(folder), *needed.get(command, ["--no-browser", "--port", "0"])]
    result = CliRunner().invoke(app, arguments, env={"FULLCANVAS_DATABASE": "mysql://nobody"})
    assert (result.exit_code, "mysql: is no address of a database" in result.output) == (2, True)


def test_a_photo_takes_the_work_of_its_own_name_alone(
    folder: Path, tmp_path: Path, start: Callable[..., Page]
) -> None:
    maps = write_maps(tmp_path / "maps", "a.png", "Z/a.png", "Z/c.png", "x/c.png")
    output = run(folder, "--format", "label-png", "--from", maps, "--overwrite")
    assert "3 names are not among the photos: Z/a.png, Z/c.png, x/c.png\n" in output
    listed = {item["path"]: item["regions"] for item in start(folder).get("/photos")["items"]}
    assert listed == {"a.jpg": 2, "b/a.jpg": 0, "c.png": 0}


def test_names_mean_the_same_whatever_system_wrote_them(
    folder: Path, tmp_path: Path, start: Callable[..., Page]
) -> None:
    """Windows writes folders with backslashes; macOS stores accents as letters of their own."""
    (folder / "c.png").rename(folder / "b" / "cafe\u0301.png")
    images = [
        {"id": id_, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for id_, name in enumerate(["b\\a.jpg", "b\\caf\u00e9.png", "x\\a.jpg"], 1)
    ]
    square = {"category_id": 3, "segmentation": [[5, 5, 30, 5, 30, 30, 5, 30]]}
    annotations = [{"id": image["id"], "image_id": image["id"], **square} for image in images]
    data = {"images": images, "annotations": annotations, "categories": [{"id": 3, "name": "dog"}]}
    (tmp_path / "instances.json").write_text(json.dumps(data))
    output = run(folder, "--format", "coco-instances", "--from", tmp_path / "instances.json")
    assert "1 names are not among the photos: x\\a.jpg\n" in output
    listed = [item["regions"] for item in start(folder).get("/photos")["items"]]
    assert listed == [0, 1, 1]


def test_names_that_nobody_has_are_told_as_plain_text(folder: Path, tmp_path: Path) -> None:
    maps = write_maps(tmp_path / "maps", "a.png", "\x1b[2J\n.png")
    told = "1 names are not among the photos: \\x1b[2J\\n.png\n"
    assert told in run(folder, "--format", "label-png", "--from", maps)


def test_work_on_many_more_photos_is_told_in_a_line(folder: Path, tmp_path: Path) -> None:
    maps = write_maps(tmp_path / "maps", "a.png", *(f"{number:03}.png" for number in range(200)))
    output = run(folder, "--format", "label-png", "--from", maps)
    told = "200 names are not among the photos: 000.png, 001.png, 002.png, 003.png, 004.png, …"
    assert [line for line in output.splitlines() if ".png" in line] == [told]


def test_labels_keep_the_ids_that_they_have(folder: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text('[{"id": 3, "name": "bird"}]')
    run(folder, "--format", "coco-instances", "--from", instances(tmp_path), "--labels", labels)
    project = open_project(folder)
    assert [(label.id, label.name) for label in project.store.labels()] == [(3, "bird"), (4, "dog")]
    project.store.close()
