"""Takes the picture of the annotator that the documentation shows: `python -m tests.browser.picture OUT.png`.

Not a test: run it again when the page or the embedded model has changed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.annotator import Annotator, Place, Server, serving
from tests.conftest import CHROMIUM_OPTIONS, REPOSITORY, chromium_path

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


def work(annotator: Annotator) -> None:
    """Segment the cup of coffee, but for a last scribble that is still being drawn."""
    annotator.open("coffee.jpg")
    for label, points in REGIONS.items():
        annotator.mark(*points)
        annotator.press("/")
        annotator.page.keyboard.type(label)
        annotator.press("Enter")
    for label, points in SCRIBBLES:
        annotator.page.locator("[data-region]", has_text=label).click()
        annotator.scribble(*points)
    annotator.press("Escape")
    annotator.begin_stroke(*LAST)


def main(target: Path) -> None:
    """Write the picture, with few enough colours to stay small."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        photos = Path(folder) / "example-photos"
        shutil.copytree(
            REPOSITORY / "examples" / "photos", photos, ignore=shutil.ignore_patterns(".fullcanvas")
        )
        with serving(Server(photos, "default", REPOSITORY / "examples" / "labels.json")) as server:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
            page = browser.new_page(viewport={"width": 1280, "height": 760})
            work(Annotator(page, server.address))
            shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
            browser.close()
    shot.quantize(256).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
