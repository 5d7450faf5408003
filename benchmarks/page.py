"""How much main-thread script a frame costs while a large photo is panned and zoomed: a trace by Chromium.

    python benchmarks/page.py [--width 6000] [--height 4000] [--regions 100]

Makes a photo and its regions, opens them in the page, looks closely, and then drags and turns the wheel while
Chromium records. Prints the script of the main thread per frame; the page is to stay below 8 ms.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.browser.annotator import Annotator, Server, serving
from tests.conftest import CHROMIUM_OPTIONS, chromium_path

SCRIPT = {
    "EventDispatch",
    "FunctionCall",
    "FireAnimationFrame",
    "TimerFire",
    "EvaluateScript",
    "RunMicrotasks",
}
FRAME = "Layerize"  # once for every frame that the main thread hands over
Event = dict[str, Any]


def main() -> None:
    """Measure and print."""
    options = parse()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        photos = Path(folder) / "photos"
        write_photo(photos, options.width, options.height)
        with serving(Server(photos, options.model)) as server:
            mark(server, options)
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            annotator = Annotator(page, server.address)
            annotator.open()
            annotator.press("Tab")
            browser.start_tracing(page=page, categories=["devtools.timeline"])
            move(annotator)
            events = json.loads(browser.stop_tracing())["traceEvents"]
            shown = page.locator("#picture img").evaluate("image => image.naturalWidth")
            browser.close()
    report(per_frame(events), shown)


def parse() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=6000)
    parser.add_argument("--height", type=int, default=4000)
    parser.add_argument("--regions", type=int, default=100)
    parser.add_argument("--model", default="default")
    return parser.parse_args()


def write_photo(folder: Path, width: int, height: int) -> None:
    """A photo of soft random colours."""
    folder.mkdir()
    coarse = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(folder / "large.jpg")


def mark(server: Server, options: argparse.Namespace) -> None:
    """Regions on a grid, each overlapping its neighbours."""
    across = int(np.ceil(np.sqrt(options.regions)))
    w, h = options.width / across, options.height / across
    for number in range(options.regions):
        x, y = number % across * w + w / 2, number // across * h + h / 2
        left, right = max(0, x - 0.7 * w), min(options.width - 1, x + 0.7 * w)
        top, bottom = max(0, y - 0.7 * h), min(options.height - 1, y + 0.7 * h)
        points = [[left, y], [right, y], [x, top], [x, bottom]]
        server.send(
            "POST",
            "/photos/1/interactions",
            version=number,
            kind="add_region",
            extreme_points=points,
        )


def move(annotator: Annotator) -> None:
    """Pan and zoom as a person does, with the overlay shown and a region selected."""
    mouse, keyboard = annotator.page.mouse, annotator.page.keyboard
    mouse.move(800, 500)
    for turn in range(60):
        mouse.wheel(0, -60 if turn < 30 else 60)
        annotator.page.wait_for_timeout(16)
    # Close enough for the photo's own pixels, which are then fetched.
    for _ in range(20):
        mouse.wheel(0, -60)
    annotator.page.wait_for_timeout(3000)
    keyboard.down("Space")
    mouse.down()
    for step in range(120):
        mouse.move(800 + 300 * np.sin(step / 10), 500 + 200 * np.cos(step / 10))
        annotator.page.wait_for_timeout(8)
    mouse.up()
    keyboard.up("Space")


def per_frame(events: Iterable[Event]) -> list[float]:
    """Milliseconds of script on the page's main thread, for each of its frames in which there was any."""
    listed = sorted((event for event in events if "ts" in event), key=lambda event: float(event["ts"]))
    spans = [event for event in listed if event["name"] in SCRIPT and event.get("dur")]
    thread = busiest(spans)
    merged = union(event for event in spans if (event["pid"], event["tid"]) == thread)
    starts = [event["ts"] for event in listed if event["name"] == FRAME and event["pid"] == thread[0]]
    frames = [spent(merged, start, end) for start, end in pairwise(starts)]
    return [frame / 1000 for frame in frames if frame > 0]


def busiest(spans: Iterable[Event]) -> tuple[int, int]:
    """The thread with the most script: the page's main one."""
    total: dict[tuple[int, int], float] = {}
    for event in spans:
        key = (event["pid"], event["tid"])
        total[key] = total.get(key, 0) + event["dur"]
    return max(total, key=lambda key: total[key])


def union(spans: Iterable[Event]) -> list[tuple[float, float]]:
    """The times in which any of the spans runs: they lie within each other."""
    merged: list[tuple[float, float]] = []
    for event in spans:
        start, end = event["ts"], event["ts"] + event["dur"]
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def spent(merged: Iterable[tuple[float, float]], start: float, end: float) -> float:
    """How much of the times lies between two moments, in microseconds."""
    return sum(max(0.0, min(last, end) - max(first, start)) for first, last in merged)


def report(frames: list[float], shown: int) -> None:
    """Print what the frames cost."""
    levels = {
        name: round(float(np.percentile(frames, q)), 2)
        for name, q in [("median", 50), ("p95", 95), ("p99", 99), ("most", 100)]
    }
    print(json.dumps({"photo_width": shown, "frames": len(frames), "script_ms_per_frame": levels}))


if __name__ == "__main__":
    main()
