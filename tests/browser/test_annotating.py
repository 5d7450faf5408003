"""A person segments a real photo from the first click to the exported files."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect

from tests.browser.annotator import Annotator, Place, Server, box_of

CUP = [(172, 110), (408, 105), (285, 17), (270, 285)]
SAUCER = [(76, 210), (480, 215), (185, 68), (270, 389)]


def test_from_four_clicks_to_coco_panoptic(annotator: Annotator, server: Server, tmp_path: Path) -> None:
    annotator.open("coffee.jpg")
    photo_id = annotator.state()["photo"]["id"]
    assert not annotator.labels().any()
    assert not annotator.canvas("fill").any()

    saucer = annotator.mark(*SAUCER)
    # Any order of the four will do.
    cup = annotator.mark(*reversed(CUP))
    before = annotator.labels()
    assert_segmented(annotator, before, cup, CUP)
    assert_segmented(annotator, before, saucer, SAUCER)

    # A stroke from a region grows it: every pixel under the stroke is its own afterwards.
    start, *way = stroke_between(before, cup, saucer)
    annotator.scribble(start, *way)
    after = annotator.labels()
    assert after[way[-1][1], way[-1][0]] == cup
    assert np.count_nonzero((before == saucer) & (after == cup)) > 0
    assert annotator.regions()[cup]["scribbles"] == 1
    assert_painted(annotator, after)
    annotator.expect_saved()
    assert np.array_equal(server.label_map(photo_id), after)

    annotator.page.reload()
    annotator.settle()
    assert annotator.state()["photo"]["id"] == photo_id
    assert np.array_equal(annotator.labels(), after)
    assert annotator.regions()[cup]["scribbles"] == 1

    annotator.press("1")  # the newest region: the cup
    annotator.page.locator(f'[data-region="{saucer}"]').click()
    annotator.press("/")
    annotator.page.keyboard.type("plate")
    annotator.press("Enter")
    assert {region["label"] for region in annotator.regions().values()} == {"cup", "plate"}

    assert_exported(export(annotator, tmp_path), after, {cup: "cup", saucer: "plate"})


def test_eleven_regions_by_the_stage_and_keys_alone(
    annotator: Annotator, server: Server, tmp_path: Path
) -> None:
    """No menu, no button; what comes out needs no repair."""
    server.send("PUT", "/rule", unassigned_allowed=False)
    annotator.open("coffee.jpg")
    photo = annotator.state()["photo"]
    annotator.press("Shift+N")
    for number in range(11):
        x, y = 75 + 150 * (number % 4), 65 + 130 * (number // 4)
        for point in ((x - 74, y), (x + 74, y), (x, y - 64), (x, y + 64)):
            annotator.page.mouse.click(*annotator.client(point))
        annotator.page.keyboard.press(str(number % 2 + 1))
    annotator.press("Escape", "l")
    assert annotator.state()["photo"]["unassigned"] == 0
    assert [region["label"] for region in annotator.regions().values()] == ["cup", "table"] * 5 + ["cup"]
    annotator.press("Enter")
    assert server.photo(photo["id"])["status"] == "complete"
    annotator.press("e")
    annotator.page.get_by_label("photos in work, too").check()
    with annotator.page.expect_download() as download:
        annotator.page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as files:
        (annotation,) = json.loads(files.read("panoptic.json"))["annotations"]
    # The table is stuff, so its five regions are one segment.
    assert len(annotation["segments_info"]) == 7
    assert sum(segment["area"] for segment in annotation["segments_info"]) == photo["width"] * photo["height"]


def assert_segmented(
    annotator: Annotator, labels: NDArray[np.uint16], region: int, points: Sequence[Place]
) -> None:
    """The region has pixels, only inside its box, and they are coloured."""
    x0, y0, x1, y1 = box_of(points)
    inside = labels[y0:y1, x0:x1] == region
    assert 0 < np.count_nonzero(inside) == np.count_nonzero(labels == region)
    assert np.all(annotator.canvas("fill")[y0:y1, x0:x1][inside][:, 3] == 255)


def assert_painted(annotator: Annotator, labels: NDArray[np.uint16]) -> None:
    """Fill and borders are what the whole label map says, though only patches were painted."""
    assert np.array_equal(annotator.canvas("fill")[..., 3] > 0, labels > 0)
    padded = np.pad(labels, 1, mode="edge")
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    outlined = [region for region in (annotator.state()["selected"], annotator.state()["lit"]) if region]
    rim = np.any([np.isin(other, outlined) for other in neighbours], axis=0)
    border = ((labels > 0) | rim) & np.any([labels != other for other in neighbours], axis=0)
    assert np.array_equal(annotator.canvas("border")[..., 3] > 0, border)


def stroke_between(labels: NDArray[np.uint16], region: int, other: int) -> list[tuple[int, int]]:
    """A way along one row, from a pixel of the region to the nearest one of the other in that row."""
    for y in range(60, 280, 5):
        columns = np.flatnonzero(labels[y, 172:409] == region) + 172
        others = np.flatnonzero(labels[y, 80:470] == other) + 80
        if len(columns) and len(others):
            distance = np.abs(columns[:, None] - others[None])
            at, to = np.unravel_index(np.argmin(distance), distance.shape)
            toward = int(np.sign(others[to] - columns[at]))
            return [(int(columns[at]), y), (int(others[to]), y), (int(others[to]) + 6 * toward, y)]
    pytest.fail("no row holds both regions")


def export(annotator: Annotator, folder: Path) -> zipfile.ZipFile:
    annotator.press("e")
    annotator.page.get_by_label("photos in work, too").check()
    with annotator.page.expect_download() as download:
        annotator.page.get_by_role("button", name="Export", exact=True).last.click()
    target = folder / download.value.suggested_filename
    download.value.save_as(target)
    expect(annotator.message).to_contain_text("1 photo exported · left out: 3 photos neither complete nor")
    return zipfile.ZipFile(io.BytesIO(target.read_bytes()))


def assert_exported(files: zipfile.ZipFile, labels: NDArray[np.uint16], names: dict[int, str]) -> None:
    """The files say what the page showed, read without our own code."""
    with files:
        panoptic = json.loads(files.read("panoptic.json"))
        (annotation,) = panoptic["annotations"]
        with Image.open(io.BytesIO(files.read(f"panoptic/{annotation['file_name']}"))) as image:
            ids = np.asarray(image.convert("RGB")).astype(np.int64) @ [1, 256, 65536]
    categories = {category["id"]: category["name"] for category in panoptic["categories"]}
    assert np.array_equal(ids == 0, labels == 0)
    by_name = {categories[segment["category_id"]]: segment for segment in annotation["segments_info"]}
    assert set(by_name) == set(names.values())
    for region, name in names.items():
        assert np.array_equal(ids == by_name[name]["id"], labels == region)
        assert by_name[name]["area"] == np.count_nonzero(labels == region)


def test_regions_without_a_label_stop_the_export_with_a_list_of_them(
    annotator: Annotator, server: Server
) -> None:
    annotator.expected = "422"
    annotator.open("rocket.jpg")
    region = annotator.mark((308, 200), (336, 200), (321, 127), (321, 405))
    annotator.press("e")
    annotator.page.get_by_label("photos in work, too").check()
    annotator.page.get_by_role("button", name="Export", exact=True).last.click()
    complaint = annotator.page.locator("#export-complaint")
    expect(complaint).to_contain_text("rocket.jpg")
    annotator.page.keyboard.press("Escape")
    annotator.page.locator(f'[data-region="{region}"]').click()
    annotator.press("Delete")
    assert annotator.regions() == {}


def test_completing_goes_on_and_closes_the_photo(annotator: Annotator, server: Server) -> None:
    annotator.open("chelsea.jpg")
    region = annotator.mark((30, 150), (420, 150), (200, 10), (200, 290))
    done = annotator.state()["photo"]["id"]
    annotator.complete()
    assert annotator.state()["photo"]["path"] == "coffee.jpg"
    expect(annotator.page.locator(f'[data-photo="{done}"]')).to_have_attribute("data-status", "complete")
    expect(annotator.page.locator("#progress-text")).to_have_text("1 of 4 complete")
    assert server.photo(done)["status"] == "complete"

    annotator.press("ArrowLeft")
    assert annotator.state()["photo"]["id"] == done
    annotator.click((200, 150))
    expect(annotator.message).to_contain_text("complete")
    assert len(annotator.regions()) == 1
    assert annotator.regions()[region]["scribbles"] == 0

    annotator.press("Shift+Enter")
    annotator.mark((40, 150), (300, 150), (200, 30), (200, 280))
    assert len(annotator.regions()) == 2
    assert server.photo(done)["status"] == "in_work"
