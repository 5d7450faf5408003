"""An export from the page: how far it is, and what could not be exported."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

from playwright.sync_api import Route, expect

from tests.browser.annotator import Annotator, Server

ROCKET = [(308, 200), (336, 200), (321, 127), (321, 405)]


def choose_void(annotator: Annotator) -> None:
    annotator.press("e")
    annotator.page.locator('[name="unlabelled"][value="void"]').check()
    annotator.page.get_by_label("photos in work, too").check()


def test_how_far_an_export_is_and_never_two_at_once(annotator: Annotator, server: Server) -> None:
    annotator.open("rocket.jpg")
    annotator.mark(*ROCKET)
    page, go, told = (
        annotator.page,
        annotator.page.locator("#export-go"),
        annotator.page.locator("#export-told"),
    )
    under_way = {"photos": 4, "done": 1, "exported": 1, "left_out": [], "failed": [], "state": "under_way"}
    annotator.route("**/export/progress*", lambda route: route.fulfill(body=json.dumps(under_way)))
    downloads: list[str] = []
    page.on("download", lambda download: downloads.append(download.url))
    choose_void(annotator)
    go.dblclick()
    expect(told).to_have_text("1 of 4 photos")
    page.keyboard.press("Escape")
    annotator.press("e")
    expect(told).to_have_text("1 of 4 photos")
    expect(go).to_be_disabled()
    page.unroute("**/export/progress*")
    expect(annotator.message).to_contain_text("1 photo exported")
    expect(page.locator("#export-dialog")).to_be_hidden()
    assert len(downloads) == 1
    annotator.press("e")
    expect(go).to_be_enabled()
    expect(told).to_be_hidden()


def test_an_export_can_have_another_format(annotator: Annotator, server: Server, tmp_path: Path) -> None:
    annotator.open("rocket.jpg")
    annotator.mark(*ROCKET)
    choose_void(annotator)
    annotator.page.locator('[name="unlabelled"][value="region"]').check()
    annotator.page.get_by_label("YOLO segments").check()
    with annotator.page.expect_download() as waiting:
        annotator.page.click("#export-go")
    assert waiting.value.suggested_filename == "yolo.zip"
    waiting.value.save_as(tmp_path / "yolo.zip")
    with ZipFile(tmp_path / "yolo.zip") as found:
        number, *corners = found.read("labels/rocket.txt").split()
        assert f'  {int(number)}: "region"\n' in found.read("data.yaml").decode()
    assert len(corners) == 8  # of its box: nothing competes with it


def test_an_export_that_breaks_off_is_told(annotator: Annotator, server: Server) -> None:
    annotator.open("rocket.jpg")
    annotator.mark(*ROCKET)

    def broken(route: Route) -> None:
        end = {"photos": 4, "done": 1, "exported": 1, "left_out": [], "failed": [], "state": "broken_off"}
        route.fulfill(body=json.dumps(end))

    annotator.route("**/export/progress*", broken)
    choose_void(annotator)
    annotator.page.locator("#export-go").click()
    expect(annotator.page.locator("#export-complaint")).to_contain_text("The export was broken off")


def test_photos_that_cannot_be_exported_are_listed(
    annotator: Annotator, server: Server, photos: Path
) -> None:
    annotator.open("rocket.jpg")
    annotator.mark(*ROCKET)
    annotator.open("coffee.jpg")
    annotator.mark((76, 210), (480, 215), (185, 68), (270, 389))
    content = (photos / "coffee.jpg").read_bytes()
    (photos / "coffee.jpg").write_bytes(content + b"x")
    try:
        choose_void(annotator)
        annotator.page.locator("#export-go").click()
        complaint = annotator.page.locator("#export-complaint")
        expect(complaint).to_contain_text("1 photo could not be exported:")
        expect(complaint).to_contain_text("coffee.jpg: the file has changed since it was annotated")
        expect(annotator.message).to_contain_text("1 photo exported")
    finally:
        (photos / "coffee.jpg").write_bytes(content)


def test_photos_in_work_are_exported_only_if_somebody_wants_them(
    annotator: Annotator, server: Server
) -> None:
    annotator.open("rocket.jpg")
    annotator.mark(*ROCKET)
    annotator.press("e")
    dialog = annotator.page.locator("#export-dialog")
    expect(dialog).to_contain_text("all that are complete (0)")
    expect(dialog).to_contain_text("photos in work, too (1), as the model ")
    annotator.expected = "422"
    annotator.page.locator("#export-go").click()
    expect(annotator.page.locator("#export-complaint")).to_contain_text("No photo is complete yet")
