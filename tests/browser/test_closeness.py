"""Looking closely: borders stay thin lines, and the brush says how large it is."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect

from tests.browser.annotator import FLAG, PERSON, TWO_FRAMES, Annotator, Server, serving


def test_a_large_photo_shows_its_full_resolution_to_who_looks_closely(
    large: Path, model: str, new_tab: Callable[[Server], Annotator]
) -> None:
    with serving(Server(large, model)) as server:
        annotator = new_tab(server)
        annotator.open()
        cup = annotator.mark((688, 440), (1632, 420), (1140, 68), (1080, 1140))
        fine, fill = annotator.page.locator("#fine"), annotator.page.locator("#fill")
        annotator.page.mouse.move(*annotator.client((700, 440)))
        # Asked in vain, while somebody's change goes first, the page asks again.
        annotator.expected = "503"
        refusal = {"detail": "a change came first; ask again"}
        annotator.route("**/labels/full*", lambda route: route.fulfill(status=503, json=refusal), times=1)
        annotator.page.mouse.wheel(0, -2400)
        expect(fine).to_be_visible()
        whole = full_labels(server)
        assert_fine(annotator, whole, cup)
        assert fill.evaluate("canvas => canvas.style.clipPath").startswith("polygon")
        assert_aligned(annotator)
        # The display is what a correction changes at once; its full resolution comes when that is over.
        annotator.press("Tab", "d")
        with annotator.page.expect_response("**/labels/full*"):
            annotator.click((680, 440))
        expect(fine).to_be_visible()
        painted = full_labels(server)
        assert not np.array_equal(painted, whole)
        assert_fine(annotator, painted, cup)
        annotator.press("f")
        expect(fine).to_be_hidden()
        assert fill.evaluate("canvas => canvas.style.clipPath") == ""


def full_labels(server: Server) -> NDArray[np.uint16]:
    answer = server.get("/photos/1/labels/full?x0=0&y0=0&x1=2400&y1=1600")
    (length,) = struct.unpack_from("<I", answer)
    return np.frombuffer(zlib.decompress(answer[4 + length :]), "<u2").reshape(1600, 2400)


def assert_fine(annotator: Annotator, whole: NDArray[np.uint16], region: int) -> None:
    """The page shows just what the server has there, pixel by pixel, where it lies in the photo."""
    shown = annotator.canvas("fine")[..., 3] > 0
    box = annotator.page.locator("#fine").bounding_box()
    assert box is not None
    left, top = annotator.client((0, 0))
    pixel = annotator.client((1, 0))[0] - left
    x0, y0 = (round((at - start) / pixel + 0.5) for at, start in ((box["x"], left), (box["y"], top)))
    height, width = shown.shape
    assert pixel >= 1
    assert 0 < np.count_nonzero(shown) < shown.size
    assert np.array_equal(shown, whole[y0 : y0 + height, x0 : x0 + width] == region)


def assert_aligned(annotator: Annotator) -> None:
    """The fill ends where the line is, as the screen shows it."""
    annotator.press(*["]"] * 20)
    (region,) = annotator.regions().values()
    with Image.open(BytesIO(annotator.page.locator("#stage").screenshot())) as screen:
        filled = (np.abs(np.asarray(screen.convert("RGB")).astype(int) - region["color"]) < 6).all(axis=2)
    lines = annotator.canvas("outlines")[..., 3] > 0
    pixel = annotator.client((1, 0))[0] - annotator.client((0, 0))[0]
    row = len(lines) // 2
    ends = np.flatnonzero(np.diff(filled[row].astype(int)))
    crossed = np.flatnonzero(lines[row])
    assert len(crossed)
    assert len(ends)
    assert np.abs(crossed[:, None] - ends).min(axis=1).max() <= 2 < pixel


def come_close(annotator: Annotator, place: tuple[float, float]) -> None:
    annotator.page.mouse.move(*annotator.client(place))
    annotator.page.mouse.wheel(0, -2000)
    annotator.page.wait_for_function("() => fullcanvas.state().scale > 10")
    annotator.page.evaluate(TWO_FRAMES)


@pytest.mark.usefixtures("astronaut")
def test_borders_are_thin_lines_however_close_one_looks(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    flag = annotator.mark(*FLAG)
    labels = annotator.labels()
    # Where the two meet from left to right for some rows, so that one line alone crosses the pixel.
    y, x = next(
        (y, x) for y, x in np.argwhere(labels == flag) if (labels[y - 3 : y + 4, x + 1] == person).all()
    )
    lines, painted = annotator.page.locator("#outlines"), annotator.page.locator("#border")
    expect(lines).to_be_hidden()
    come_close(annotator, (int(x), int(y)))
    expect(lines).to_be_visible()
    expect(painted).to_be_hidden()
    shown = annotator.canvas("outlines")[..., 3] > 0
    stage = annotator.page.locator("#stage").bounding_box()
    assert stage is not None
    pixel = annotator.client((1, 0))[0] - annotator.client((0, 0))[0]
    middle = annotator.client((int(x), int(y)))
    row = shown[round(middle[1] - stage["y"])]
    across = row[round(middle[0] - stage["x"]) : round(middle[0] - stage["x"] + pixel)]
    assert 1 <= np.count_nonzero(across) <= 4 < pixel
    annotator.press("h")
    expect(lines).to_be_hidden()
    annotator.press("h", "f")
    expect(lines).to_be_hidden()
    expect(painted).to_be_visible()


@pytest.mark.usefixtures("astronaut")
def test_the_line_follows_what_is_corrected(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    annotator.press("Tab", "d")
    y, x = np.argwhere(annotator.labels() == 0)[0]
    come_close(annotator, (int(x), int(y)))
    before = annotator.canvas("outlines")
    annotator.click((int(x), int(y)))
    assert annotator.labels()[y, x] == person
    annotator.page.evaluate(TWO_FRAMES)
    assert not np.array_equal(annotator.canvas("outlines"), before)


@pytest.mark.usefixtures("astronaut")
def test_the_brush_says_how_wide_it_is_in_the_photo(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.press("Tab", "d")
    prompt = annotator.page.locator("#prompt")

    def wide() -> int:
        found = re.search(r"(\d+) photo pixels wide", prompt.inner_text())
        assert found
        return int(found[1])

    def painted(at: tuple[int, int]) -> int:
        before = annotator.labels()
        annotator.click(at)
        return int(np.any(annotator.labels() != before, axis=0).sum())

    annotator.page.evaluate(TWO_FRAMES)
    assert wide() == painted((30, 30))
    far = wide()
    annotator.page.mouse.move(*annotator.client((60, 60)))
    annotator.page.mouse.wheel(0, -200)
    annotator.page.evaluate(TWO_FRAMES)
    assert 3 < wide() == painted((60, 60)) < far
    annotator.press(*[","] * 20)
    expect(prompt).to_contain_text("3 photo pixels wide (the least)")
    assert painted((60, 90)) == 3
