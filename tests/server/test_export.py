"""Taking a project home: over HTTP and by the command line."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from fullcanvas.cli import app
from fullcanvas.datasets import open_dataset
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.label_maps import decode_label_map
from fullcanvas.server.project import open_project
from tests.formats.rules import check_rules, read_ids
from tests.server.conftest import LEFT, RIGHT, Page


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
    arguments = ["export", str(folder), "--out", str(out), "--model", str(model), *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(folder: Path, model: Path, out: Path, *options: str) -> str:
    arguments = ["export", str(folder), "--out", str(out), "--model", str(model), *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert "Error: " in result.output
    assert "Traceback" not in result.output
    return result.output


def test_the_zip_holds_what_the_page_shows(work: Page, tmp_path: Path) -> None:
    response = work.client.get("/api/v1/export")
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


def test_both_ways_give_the_same(work: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    zipped = unzip(work.client.get("/api/v1/export").content, tmp_path / "zip")
    output = export(folder, model, tmp_path / "out[final]")
    assert f"2 photos exported to {tmp_path / 'out[final]'}" in output
    for name in ("panoptic.json", "panoptic/a.png", "panoptic/b/a.png"):
        assert (tmp_path / "out[final]" / name).read_bytes() == (zipped / name).read_bytes()
    assert (tmp_path / "out[final]" / "images" / "b" / "a.jpg").samefile(folder / "b" / "a.jpg")


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


def test_only_complete_photos_on_demand(work: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    export(folder, model, tmp_path / "out", "--status", "complete", "--images", "none")
    assert [image["file_name"] for image in check_rules(tmp_path / "out")["images"]] == ["b/a.jpg"]
    assert not (tmp_path / "out" / "images").exists()
    content = work.client.get("/api/v1/export?status=complete").content
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
    response = work.client.get("/api/v1/export")
    assert response.status_code == 422
    assert "a.jpg: region 1" in response.json()["detail"]
    assert "a.jpg: region 1" in refused(folder, model, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    for rule, expected in (("void", 1), ("region", 2)):
        export(folder, model, tmp_path / "out", "--unlabelled", rule)
        data = check_rules(tmp_path / "out")
        assert len(data["annotations"][0]["segments_info"]) == expected
        content = work.client.get(f"/api/v1/export?unlabelled={rule}").content
        assert check_rules(unzip(content, tmp_path / rule)) == data


def test_nothing_to_export(page: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    response = page.client.get("/api/v1/export")
    assert (response.status_code, response.json()["detail"][:27]) == (422, "there is nothing to export:")
    assert "nothing to export" in refused(folder, model, tmp_path / "out")
    page.interact(1, "add_region", extreme_points=LEFT)
    told = page.client.get("/api/v1/export?status=complete").json()["detail"]
    assert told == "there is nothing to export: of the photos that are asked for none has a region"


@pytest.mark.parametrize("query", ["format=yolo", "unlabelled=maybe", "status=new"])
def test_unknown_options_are_refused(work: Page, query: str) -> None:
    assert work.client.get(f"/api/v1/export?{query}").status_code == 422


def test_a_changed_photo_stops_the_export_and_the_old_one_stays(
    work: Page, folder: Path, model: Path, tmp_path: Path
) -> None:
    export(folder, model, tmp_path / "out", "--images", "copy")
    before = check_rules(tmp_path / "out")
    (folder / "a.jpg").write_bytes((folder / "a.jpg").read_bytes() + b"x")
    assert "has changed since it was annotated" in refused(folder, model, tmp_path / "out")
    assert check_rules(tmp_path / "out") == before


def test_an_export_is_never_taken_for_photos(work: Page, folder: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "there").symlink_to(folder)
    for out in (folder / "out", folder / "b" / "out", folder, tmp_path / "there" / "out"):
        assert "would be taken for more photos" in refused(folder, model, out)
    export(folder, model, folder / ".exports" / "out")
    project = open_project(folder)
    assert [photo.path for photo in project.store.list_photos()] == ["a.jpg", "b/a.jpg", "c.png"]
    project.store.close()


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
    assert work.client.get("/api/v1/export").status_code == 200
    assert len(work.get("/photos/1")["regions"]) == 1


def test_exporting_while_photos_are_completed_and_reopened(work: Page, tmp_path: Path) -> None:
    """Each export is whole or refused in a sentence, whatever happens to its photos meanwhile."""
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
            exports = [pool.submit(work.client.get, "/api/v1/export") for _ in range(24)]
            answers = [export.result() for export in exports]
        finally:
            over.set()
    assert toggled.result() > 0
    for number, answer in enumerate(answers):
        if answer.status_code == 200:
            check_rules(unzip(answer.content, tmp_path / str(number)))
        else:
            assert (answer.status_code, "reopened while it was exported" in answer.text) == (422, True)


def test_a_photo_reopened_while_it_is_exported(work: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    store = work.client.app.state.workbench.project.store  # type: ignore[attr-defined]
    read = store.label_map

    def late(photo_id: int) -> NDArray[np.int32]:
        store.reopen(store.photo(photo_id))
        found: NDArray[np.int32] = read(photo_id)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(store, "label_map", late)
        answer = work.client.get("/api/v1/export")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "b/a.jpg: was reopened while it was exported; export again"


def test_a_stored_label_map_that_is_damaged_is_said(work: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcanvas.server.store.decode_label_map", lambda _png: decode_label_map(b""))
    answer = work.client.get("/api/v1/export")
    assert (answer.status_code, answer.json()["detail"]) == (503, "a stored label map is damaged")


def test_a_disk_without_room_for_an_export_is_said(work: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(zipfile.ZipFile, "writestr", full)
        answer = work.client.get("/api/v1/export")
    expected = "the export cannot be written where it is made (No space left on device)"
    assert (answer.status_code, answer.json()["detail"]) == (422, expected)
    assert work.client.get("/api/v1/export").status_code == 200


def test_what_would_be_refused_is_said_beforehand(work: Page) -> None:
    assert work.client.get("/api/v1/export/check").status_code == 204
    work.interact(1, "label", region=1, label=None)
    for path in ("/export/check", "/export"):
        refusal = work.client.get(f"/api/v1{path}")
        assert refusal.status_code == 422
        assert "a.jpg: region 1" in refusal.json()["detail"]
    assert work.client.get("/api/v1/export/check?unlabelled=void").status_code == 204
    assert work.client.get("/api/v1/export/check?status=complete").status_code == 204
