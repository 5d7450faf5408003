"""Takes the pictures of the page that the documentation shows: `python -m tests.browser.picture docs/images`.

Not a test: run it again when the page or the embedded model has changed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.browser.annotator import Annotator, Place, Server, serving
from tests.conftest import CHROMIUM_OPTIONS, REPOSITORY, chromium_path

Picture = tuple[str, Page | Locator]
"""A name, and what is to be seen of the page at that moment."""
REGIONS: dict[str, list[Place]] = {
    "table": [(0, 250), (599, 250), (300, 0), (300, 399)],
    "saucer": [(76, 210), (480, 215), (185, 68), (270, 389)],
    "cup": [(172, 110), (408, 105), (285, 17), (270, 308)],
    "spoon": [(326, 285), (424, 78), (408, 66), (362, 326)],
    "wall": [(0, 60), (150, 0), (90, 0), (0, 108)],
}
SCRIBBLES: list[tuple[str, list[Place]]] = [
    ("saucer", [(130, 300), (85, 220), (110, 140), (165, 95)]),
    ("saucer", [(200, 340), (150, 350), (200, 383), (290, 386)]),
    ("saucer", [(440, 200), (462, 160), (430, 120)]),
    ("cup", [(300, 60), (395, 75), (400, 120), (370, 180), (330, 225)]),
    ("cup", [(230, 230), (205, 270), (212, 300)]),
    ("table", [(220, 30), (130, 60), (60, 95)]),
    ("table", [(20, 300), (60, 330), (130, 395)]),
]
LAST: list[Place] = [(366, 292), (372, 255), (386, 222), (396, 185), (404, 140), (409, 105), (416, 76)]


def pictures(annotator: Annotator) -> Iterator[Picture]:
    """Segment the cup of coffee."""
    page = annotator.page
    annotator.open("coffee.jpg")
    for label, points in REGIONS.items():
        annotator.press("n")
        for point in points[:3]:
            annotator.click(point)
        page.mouse.move(*annotator.client(points[3]))
        if label == "cup":
            yield "marking", page.locator(".work")
        annotator.click(points[3])
        annotator.press("/")
        page.keyboard.type(label)
        annotator.press("Enter")
    annotator.press("u")
    expect(page.locator("#heat")).to_be_visible()
    yield "uncertainty", page.locator(".work")
    annotator.press("u")
    for label, points in SCRIBBLES:
        page.locator("[data-region]", has_text=label).click()
        annotator.scribble(*points)
    annotator.press("Escape")
    annotator.begin_stroke(*LAST)
    # What the stroke will change is shown before it ends.
    page.wait_for_function("([x, y]) => fullcanvas.regionAt(x, y) === 4", arg=list(LAST[-1]))
    yield "annotator", page
    page.mouse.up()
    annotator.settle()
    annotator.press("z", "z", "z")
    annotator.scribble(*LAST)
    annotator.press("g")
    expect(page.locator("#history-list [data-branch]")).to_be_visible()
    yield "history", page.locator("#history")
    annotator.press("g", "y")
    yield "labels", page.get_by_role("dialog")


def main(folder: Path) -> None:
    """Write the pictures, with few enough colours to stay small."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        photos = Path(place) / "example-photos"
        ignored = shutil.ignore_patterns(".fullcanvas")
        shutil.copytree(REPOSITORY / "examples" / "photos", photos, ignore=ignored)
        with serving(Server(photos, "default", REPOSITORY / "examples" / "labels.json")) as server:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
            page = browser.new_page(viewport={"width": 1280, "height": 760})
            for name, shown in pictures(Annotator(page, server.address)):
                shot = Image.open(BytesIO(shown.screenshot())).convert("RGB")
                palette = shot.quantize(256)
                shot.quantize(palette=palette).save(folder / f"{name}.png", optimize=True)
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
