"""Taking a project home: over HTTP and by the command line."""

from __future__ import annotations

import asyncio
import os
import threading
import zipfile
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image
from starlette.types import Message
from typer.testing import CliRunner

from fullcanvas.cli import app
from fullcanvas.datasets import open_dataset
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.read_coco_panoptic import read_coco_panoptic
from fullcanvas.formats.records import ExportedPhoto, Regions
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.downloads import MOST_KNOWN, Downloads, Sending, Wanted, zipped
from fullcanvas.server.errors import NotFoundError
from fullcanvas.server.export import Selection, categories, select
from fullcanvas.server.label_maps import decode_label_map
from fullcanvas.server.photos import decode
from fullcanvas.server.project import open_project
from tests.formats.rules import check_rules, read_ids
from tests.server.conftest import LEFT, RIGHT, Page, write_photo


@pytest.fixture
def work(page: Page) -> Page:
    """Two photos annotated, the second of them complete."""
    page.post("/labels", name="cat")
    page.post("/labels", name="sky", isthing=False)
    page.interact(1, "add_region", extreme_points=LEFT, label="cat")
    page.interact(1, "add_region", extreme_points=RIGHT, label="sky")
    page.interact(2, "add_region", extreme_points=RIGHT, label="cat")
    page.post("/photos/2/complete", version=1, complete=True)
    return page


def unzip(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


def export(folder: Path, model: Path, out: Path, *options: str) -> str:
    arguments = ["export", str(folder), "--out", str(out), "--model", str(model), "--status", "all", *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def export_some(folder: Path, model: Path, out: Path, *options: str) -> str:
    """Some photos cannot be exported; the others are."""
    arguments = ["export", str(folder), "--out", str(out), "--model", str(model), "--status", "all", *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1, result.output
    return result.output


def refused(folder: Path, model: Path, out: Path, *options: str) -> str:
    arguments = ["export", str(folder), "--out", str(out), "--model", str(model), "--status", "all", *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert "Error: " in result.output
    assert "Traceback" not in result.output
    return result.output


def test_the_zip_holds_what_the_page_shows(work: Page, tmp_path: Path) -> None:
    response = work.client.get("/api/v1/export?status=all")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/zip"
    assert "coco-panoptic.zip" in response.headers["content-disposition"]
    out = unzip(response.content, tmp_path / "out")
    data = check_rules(out)
    assert [(image["id"], image["file_name"]) for image in data["images"]] == [(1, "a.jpg"), (2, "b/a.jpg")]
    assert (read_ids(out / "panoptic" / "a.png") == work.display(1)).all()
    assert (read_ids(out / "panoptic" / "b" / "a.png") == work.display(2)).all()
    categories = {item["id"]: item["category_id"] for item in data["annotations"][0]["segments_info"]}
    assert categories == {1: 1, 2: 2}
    labels = work.client.get("/api/v1/project").json()["labels"]
    assert [item["color"] for item in data["categories"]] == [label["color"] for label in labels]


def test_both_ways_give_the_same(work: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    zipped = unzip(work.client.get("/api/v1/export?status=all").content, tmp_path / "zip")
    output = export(folder, model, tmp_path / "out[final]")
    assert f"2 photos exported to {tmp_path / 'out[final]'}" in output
    for name in ("panoptic.json", "panoptic/a.png", "panoptic/b/a.png"):
        assert (tmp_path / "out[final]" / name).read_bytes() == (zipped / name).read_bytes()


FILES = {
    "coco-instances": {"instances.json"},
    "label-png": {"labels.json", "semantic/a.png", "semantic/b/a.png"},
    "yolo": {"data.yaml", "labels/a.txt", "labels/b/a.txt"},
}


@pytest.mark.parametrize("form", FILES)
def test_both_ways_give_the_same_in_any_format(
    work: Page, folder: Path, model: Path, tmp_path: Path, form: str
) -> None:
    response = work.client.get(f"/api/v1/export?status=all&format={form}")
    assert f'filename="{form}.zip"' in response.headers["content-disposition"]
    zipped = unzip(response.content, tmp_path / "zip")
    assert {path.relative_to(zipped).as_posix() for path in zipped.rglob("*") if path.is_file()} == FILES[
        form
    ]
    export(folder, model, tmp_path / "out", "--format", form)
    for name in FILES[form]:
        assert (tmp_path / "out" / name).read_bytes() == (zipped / name).read_bytes()


def test_what_a_format_cannot_hold_is_said_before_the_download(work: Page) -> None:
    added = work.client.app.state.workbench.project.add_label({"name": "far", "id": 70_000})  # type: ignore[attr-defined]
    assert added.id == 70_000
    told = work.client.get("/api/v1/export/check?status=all&format=label-png")
    assert (told.status_code, "65535" in told.json()["detail"]) == (422, True)
    assert work.client.get("/api/v1/export/check?status=all&format=yolo").status_code == 204


def test_editing_an_exported_photo_does_not_change_the_one_it_was_made_from(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    before = (folder / "a.jpg").read_bytes()
    export(folder, model, tmp_path / "out")
    (tmp_path / "out" / "images" / "a.jpg").write_bytes(b"edited")
    assert (folder / "a.jpg").read_bytes() == before
    export(folder, model, tmp_path / "out", "--images", "link")
    assert (tmp_path / "out" / "images" / "a.jpg").samefile(folder / "a.jpg")


def test_an_export_is_a_data_set(work: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    export(folder, model, tmp_path / "out", "--images", "copy")
    dataset = open_dataset(tmp_path / "out")
    sample = dataset.load(0)
    assert dataset.records[0].file_name == "a.jpg"
    assert (np.asarray(sample.labels > 0) == (work.display(1) > 0)).all()
    assert len(sample.segments) == 2


def test_ids_stay_the_same_from_export_to_export(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    export(folder, model, tmp_path / "out")
    first = check_rules(tmp_path / "out")
    work.interact(3, "add_region", extreme_points=LEFT, label="cat")
    (folder / "0.jpg").write_bytes((folder / "a.jpg").read_bytes())
    (folder / "a.jpg").unlink()
    export(folder, model, tmp_path / "out")
    ids = {image["file_name"]: image["id"] for image in check_rules(tmp_path / "out")["images"]}
    assert ids == {"b/a.jpg": 2, "c.png": 3}
    assert first["images"][1]["id"] == 2


def test_photos_in_work_are_exported_only_on_demand(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    """Nobody has said that they are done, and tomorrow's model would answer them otherwise."""
    arguments = ["export", str(folder), "--out", str(tmp_path / "out"), "--model", str(model)]
    done = CliRunner().invoke(app, [*arguments, "--images", "none"])
    assert [image["file_name"] for image in check_rules(tmp_path / "out")["images"]] == ["b/a.jpg"]
    assert not (tmp_path / "out" / "images").exists()
    assert "left out: 2 photos not complete" in done.output
    assert "in work" not in done.output
    content = work.client.get("/api/v1/export").content
    assert len(check_rules(unzip(content, tmp_path / "zip"))["images"]) == 1
    output = export(folder, model, tmp_path / "out", "--status", "all")
    assert f"1 photo in work, as the model {model} answers them now" in output


def test_what_was_reviewed_can_be_exported_alone(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    assert "no photo is reviewed yet" in refused(folder, model, tmp_path / "out", "--status", "reviewed")
    work.post("/photos/3/complete", version=0, complete=True)
    work.post("/photos/3/review", version=1, verdict="reviewed")
    assert "left out: 2 photos not reviewed" in export(
        folder, model, tmp_path / "out", "--status", "reviewed"
    )
    assert [image["file_name"] for image in check_rules(tmp_path / "out")["images"]] == ["c.png"]
    content = work.client.get("/api/v1/export?status=reviewed").content
    assert len(check_rules(unzip(content, tmp_path / "zip"))["images"]) == 1


def test_a_complete_photo_goes_out_as_it_was_completed(
    work: Page, folder: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_arguments: object) -> None:
        raise AssertionError("a complete photo was segmented again")

    monkeypatch.setattr(Segmenter, "encode", never)
    export(folder, model, tmp_path / "out", "--status", "complete")
    assert (read_ids(tmp_path / "out" / "panoptic" / "b" / "a.png") == work.display(2)).all()


def test_regions_without_a_label(work: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    work.interact(1, "label", region=1, label=None)
    response = work.client.get("/api/v1/export?status=all")
    assert response.status_code == 422
    assert "a.jpg: region 1" in response.json()["detail"]
    told = refused(folder, model, tmp_path / "out")
    assert "a.jpg: region 1" in told
    assert "Exporting" not in told  # nothing is, not even for a moment
    assert not (tmp_path / "out").exists()
    for rule, expected in (("void", 1), ("region", 2)):
        export(folder, model, tmp_path / "out", "--unlabelled", rule)
        data = check_rules(tmp_path / "out")
        assert len(data["annotations"][0]["segments_info"]) == expected
        content = work.client.get(f"/api/v1/export?status=all&unlabelled={rule}").content
        assert check_rules(unzip(content, tmp_path / rule)) == data


def test_nothing_to_export(page: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    response = page.client.get("/api/v1/export?status=all")
    assert (response.status_code, response.json()["detail"][:27]) == (422, "there is nothing to export:")
    told = refused(folder, model, tmp_path / "out")
    assert "nothing to export" in told
    assert "Exporting" not in told
    page.interact(1, "add_region", extreme_points=LEFT)
    told = page.client.get("/api/v1/export").json()["detail"]
    assert "no photo is complete yet" in told
    assert told in refused(folder, model, tmp_path / "out", "--status", "complete")


@pytest.mark.parametrize("query", ["format=pascal", "unlabelled=maybe", "status=new"])
def test_unknown_options_are_refused(work: Page, query: str) -> None:
    assert work.client.get(f"/api/v1/export?{query}").status_code == 422


def test_a_photo_that_has_changed_is_left_out_and_keeps_no_other_from_its_export(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    (folder / "a.jpg").write_bytes((folder / "a.jpg").read_bytes() + b"x")
    output = export_some(folder, model, tmp_path / "out")
    assert "Error: a.jpg: the file has changed since it was annotated" in output
    assert "1 photo exported" in output
    assert "1 failed" in output
    assert [image["file_name"] for image in check_rules(tmp_path / "out")["images"]] == ["b/a.jpg"]
    assert "a.jpg: the file has changed" in (tmp_path / "out" / "left-out.txt").read_text()
    unzipped = unzip(work.client.get("/api/v1/export?status=all&key=some").content, tmp_path / "zip")
    (line,) = progress(work, "some")["failed"]
    assert line.startswith("a.jpg: the file has changed")
    assert (unzipped / "left-out.txt").read_text() == f"{line}\n"
    (folder / "b" / "a.jpg").write_bytes(b"x")
    assert "none of the photos can be exported:\na.jpg: the file" in refused(folder, model, tmp_path / "out")
    assert [image["file_name"] for image in check_rules(tmp_path / "out")["images"]] == ["b/a.jpg"]


def test_a_complete_photo_goes_out_as_it_was_stored_whatever_its_file_is_now(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    """Unless the photo goes with it: its map would lie over other pixels."""
    shown = work.display(2)
    (folder / "b" / "a.jpg").write_bytes(b"another photo")
    export(folder, model, tmp_path / "out", "--images", "none")
    assert (read_ids(tmp_path / "out" / "panoptic" / "b" / "a.png") == shown).all()
    output = export_some(folder, model, tmp_path / "out")
    assert "b/a.jpg: the file has changed" in output
    assert not (tmp_path / "out" / "images" / "b").exists()


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_a_photo_stored_on_its_side_goes_out_upright(
    folder: Path, model: Path, tmp_path: Path, start: Callable[..., Page], suffix: str
) -> None:
    """So that who knows nothing of EXIF pairs its pixels with the map's, too."""
    photo = write_photo(tmp_path / "turned" / f"a.{suffix}")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    with Image.open(photo) as stored:
        stored.save(photo, exif=exif, lossless=True)
    page = start(photo.parent)
    page.post("/labels", name="cat")
    page.interact(1, "add_region", extreme_points=[(5, 30), (60, 35), (20, 4), (25, 80)], label="cat")
    output = export(photo.parent, model, tmp_path / "out")
    assert "1 photo exported" in output
    assert "1 of them turned upright" in output
    out = tmp_path / "out" / "images" / f"a.{suffix}"
    with Image.open(out) as exported, Image.open(photo) as stored:
        assert exported.size == (80, 96)
        assert exported.format == stored.format
        assert not exported.getexif().get(ExifTags.Base.Orientation)
        pixels = np.asarray(exported.convert("RGB")).astype(int)
    assert np.abs(pixels - decode(photo)).max() <= (12 if suffix == "jpg" else 0)
    sample = open_dataset(tmp_path / "out").load(0)
    assert (sample.image == pixels).all()
    assert (np.asarray(sample.labels > 0) == (page.display(1) > 0)).all()
    imported = read_coco_panoptic(tmp_path / "out").photos[f"a.{suffix}"](Frame(80, 96))
    assert (imported.regions[0].mask.pixels == (page.display(1) == 1)).all()


def test_a_complete_photo_without_a_region_counts_and_others_are_told(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    work.post("/photos/3/complete", version=0, complete=True)
    write_photo(folder / "d.jpg")
    output = export(folder, model, tmp_path / "out")
    assert "left out: 1 photo neither complete nor with a region" in output
    data = check_rules(tmp_path / "out")
    assert data["annotations"][2] == {"image_id": 3, "file_name": "c.png", "segments_info": []}
    assert open_dataset(tmp_path / "out").load(2).segments == ()
    assert "left out: 2 photos not complete" in export(
        folder, model, tmp_path / "out", "--status", "complete"
    )


def test_photos_that_are_missing_from_an_export_are_told(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    """Their files may only have been moved."""
    (folder / "b").rename(folder / "2026")
    told = "worked on, but not in the folder any more; back under the same name, a photo has its work again"
    assert f"left out: b/a.jpg; {told}" in export(folder, model, tmp_path / "out")
    (folder / "a.jpg").unlink()
    assert f"there is nothing to export: a.jpg, b/a.jpg; {told}" in refused(folder, model, tmp_path / "out")


def test_a_folder_without_a_project_stays_as_it_is(folder: Path, model: Path, tmp_path: Path) -> None:
    assert "there is no project in" in refused(folder, model, tmp_path / "out")
    assert not (folder / ".fullcanvas").exists()


def test_an_export_is_never_taken_for_photos(work: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "there").symlink_to(folder)
    for out in (folder / "out", folder / "b" / "out", folder, tmp_path / "there" / "out"):
        assert "would be taken for more photos" in refused(folder, model, out)
    export(folder, model, folder / ".exports" / "out")
    project = open_project(folder)
    assert [photo.path for photo in project.store.list_photos()] == ["a.jpg", "b/a.jpg", "c.png"]
    project.store.close()


def test_an_export_never_takes_the_place_of_photos_or_of_work(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    """An earlier export may hold only what an export does; below that, somebody may have gone on working."""
    out = tmp_path / "out"
    export(folder, model, out)
    photos = folder.rename(out / "images" / "photos")  # named as any other, they are part of an export
    for option in ((), ("--project", str(tmp_path / "elsewhere"))):
        assert "holds the folder of photos" in refused(photos, model, out, *option)
    place = out / "panoptic" / "work"
    assert "holds the project" in refused(photos.rename(folder), model, out, "--project", str(place))
    opened = open_project(out / "images")
    opened.store.close()
    assert "holds work of another project" in refused(folder, model, out)
    assert (out / "images" / ".fullcanvas" / "fullcanvas.db").exists()


def test_a_place_by_another_name_is_the_same(
    work: Page, folder: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where systems take no heed of case, which `realpath` knows nothing of."""
    (tmp_path / "Real").mkdir()
    photos = folder.rename(tmp_path / "Real" / "images")
    (tmp_path / "real").symlink_to(tmp_path / "Real")
    monkeypatch.setattr("os.path.realpath", os.path.abspath)
    for option in ((), ("--project", str(tmp_path / "elsewhere"))):
        assert "holds the folder of photos" in refused(photos, model, tmp_path / "real", *option)


def test_mistakes_are_said_in_a_sentence(work: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    assert "no such folder" in refused(tmp_path / "none", model, tmp_path / "out")
    assert "none.zip" in refused(folder, tmp_path / "none.zip", tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis").touch()
    assert "holds other things" in refused(folder, model, tmp_path / "full")


def test_an_export_under_way_keeps_nobody_waiting(
    start: Callable[..., Page], work: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a photo is exported it can be annotated on."""
    from fullcanvas.server import export as room

    segment = room.segment

    def meanwhile(*arguments: object) -> object:
        work.interact(1, "undo")
        return segment(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "segment", meanwhile)
    assert work.client.get("/api/v1/export?status=all").status_code == 200
    assert len(work.get("/photos/1")["regions"]) == 1


def test_exporting_while_photos_are_completed_and_reopened(work: Page, tmp_path: Path) -> None:
    """Each photo is exported or left out in a sentence, whatever happens to it meanwhile."""
    over = threading.Event()

    def toggle() -> int:
        photo, times = work.get("/photos/2"), 0
        while not over.is_set():
            complete = photo["status"] != "complete"
            photo = work.post("/photos/2/complete", version=photo["version"], complete=complete).json()
            times += 1
        return times

    with ThreadPoolExecutor(4) as pool:
        toggled = pool.submit(toggle)
        try:
            exports = [pool.submit(work.client.get, "/api/v1/export?status=all") for _ in range(24)]
            answers = [export.result() for export in exports]
        finally:
            over.set()
    assert toggled.result() > 0
    for number, answer in enumerate(answers):
        out = unzip(answer.content, tmp_path / str(number))
        left_out = (out / "left-out.txt").read_text() if (out / "left-out.txt").exists() else ""
        assert left_out in {"", "b/a.jpg: was reopened or emptied while it was exported; export again\n"}
        assert len(check_rules(out)["images"]) == (1 if left_out else 2)


def test_a_label_that_is_renamed_during_an_export_keeps_no_photo_from_it(
    work: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fullcanvas.server import export as room

    segment = room.segment

    def rename_first(*arguments: object) -> object:
        assert work.client.patch("/api/v1/labels/1", json={"name": "tiger"}).status_code == 200
        return segment(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "segment", rename_first)
    out = unzip(work.client.get("/api/v1/export?status=all").content, tmp_path)
    data = check_rules(out)
    assert not (out / "left-out.txt").exists()
    used = [[item["category_id"] for item in each["segments_info"]] for each in data["annotations"]]
    assert used == [[1, 2], [1]]
    assert [item["name"] for item in data["categories"]] == ["tiger", "sky"]


def test_a_photo_reopened_while_it_is_exported(
    work: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = work.client.app.state.workbench.project.store  # type: ignore[attr-defined]
    read = store.label_map

    def late(photo_id: int) -> NDArray[np.int32]:
        store.reopen(store.photo(photo_id))
        found: NDArray[np.int32] = read(photo_id)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(store, "label_map", late)
        answer = work.client.get("/api/v1/export?status=all")
    told = "b/a.jpg: was reopened or emptied while it was exported; export again\n"
    assert (unzip(answer.content, tmp_path) / "left-out.txt").read_text() == told


def test_a_stored_label_map_that_is_damaged_is_said(
    work: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fullcanvas.server.store.decode_label_map", lambda _png: decode_label_map(b""))
    out = unzip(work.client.get("/api/v1/export?status=all").content, tmp_path)
    assert (out / "left-out.txt").read_text() == "b/a.jpg: a stored label map is damaged\n"
    answer = work.client.get("/api/v1/export?status=complete")
    expected = "none of the photos can be exported:\nb/a.jpg: a stored label map is damaged"
    assert (answer.status_code, answer.json()["detail"]) == (422, expected)


def test_what_would_be_refused_is_said_beforehand(work: Page) -> None:
    assert work.client.get("/api/v1/export/check?status=all").status_code == 204
    work.interact(1, "label", region=1, label=None)
    for path in ("/export/check", "/export"):
        refusal = work.client.get(f"/api/v1{path}?status=all")
        assert refusal.status_code == 422
        assert "a.jpg: region 1" in refusal.json()["detail"]
    assert work.client.get("/api/v1/export/check?status=all&unlabelled=void").status_code == 204
    assert work.client.get("/api/v1/export/check?status=complete").status_code == 204


def test_the_check_reads_neither_files_nor_logs(work: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of photos that would take a minute."""

    def never(*_arguments: object) -> None:
        raise AssertionError("a photo was read")

    monkeypatch.setattr("fullcanvas.server.project.content_hash", never)
    monkeypatch.setattr("fullcanvas.server.store.read_log", never)
    assert work.client.get("/api/v1/export/check?status=all").status_code == 204


def progress(page: Page, key: str) -> dict[str, Any]:
    found: dict[str, Any] = page.get(f"/export/progress?key={key}")
    return found


def test_how_far_an_export_is_can_be_asked(work: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    from fullcanvas.server import export as room

    seen = []
    find = room._label_map

    def looking(*arguments: Any) -> NDArray[np.int32]:
        seen.append(progress(work, "mine"))
        return find(*arguments)

    monkeypatch.setattr(room, "_label_map", looking)
    assert work.client.get("/api/v1/export/progress?key=mine").status_code == 404
    assert work.client.get("/api/v1/export?status=all&key=mine").status_code == 200
    left_out = ["1 photo neither complete nor with a region"]
    start = {"photos": 2, "done": 0, "exported": 0, "left_out": left_out, "failed": [], "state": "under_way"}
    assert seen == [start, {**start, "done": 1, "exported": 1}]
    assert progress(work, "mine") == {**start, "done": 2, "exported": 2, "state": "complete"}
    work.interact(1, "label", region=1, label=None)
    assert work.client.get("/api/v1/export?status=all&key=refused").status_code == 422
    assert progress(work, "refused")["state"] == "broken_off"


def test_only_the_latest_exports_are_remembered() -> None:
    known, found = Downloads(), Selection([], 0, "all", 0, 0, None)
    for key in range(MOST_KNOWN + 1):
        known.begin(str(key), found)
    assert known.of("1").photos == 0
    with pytest.raises(NotFoundError):
        known.of("0")


def test_an_export_is_made_as_it_is_taken(work: Page) -> None:
    bench = work.client.app.state.workbench  # type: ignore[attr-defined]
    found = select(bench.embeddings, "all")
    read: list[int] = []

    def reading(photo: ExportedPhoto) -> Regions:
        read.append(photo.id)
        return photo.regions()

    photos = [replace(photo, regions=partial(reading, photo)) for photo in found.photos]
    download = Downloads().begin(None, found)
    chunks = zipped(replace(found, photos=photos), partial(categories, bench.project), Wanted(), download)
    assert next(chunks).startswith(b"PK")
    chunks.close()
    assert (read, download.done, download.state) == ([1], 1, "broken_off")


@pytest.mark.parametrize("slow", [True, False])
def test_an_export_ends_when_whoever_asked_for_it_has_gone(slow: bool) -> None:
    made = []

    def endless() -> Generator[bytes]:
        try:
            while True:
                made.append("chunk")
                yield b"chunk"
        finally:
            made.append("end")

    async def exchange() -> None:
        sent = asyncio.Event()

        async def send(message: Message) -> None:
            if message.get("body"):
                sent.set()
                await asyncio.sleep(1000 if slow else 0)

        async def receive() -> Message:
            await sent.wait()
            return {"type": "http.disconnect"}

        await Sending(endless(), "x")({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)

    asyncio.run(exchange())
    assert made[-1] == "end"
