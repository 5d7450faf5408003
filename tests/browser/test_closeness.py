"""Looking closely: borders stay thin lines, and the brush says how large it is."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.annotator import FLAG, PERSON, TWO_FRAMES, Annotator

pytestmark = pytest.mark.usefixtures("astronaut")


def come_close(annotator: Annotator, place: tuple[float, float]) -> None:
    annotator.page.mouse.move(*annotator.client(place))
    annotator.page.mouse.wheel(0, -2000)
    annotator.page.wait_for_function("() => fullcanvas.state().scale > 10")
    annotator.page.evaluate(TWO_FRAMES)


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


def test_the_brush_says_how_wide_it_is_in_the_photo(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.press("Tab", "d")
    prompt = annotator.page.locator("#prompt")

    def wide() -> int:
        found = re.search(r"Brush: (\d+) photo pixels wide", prompt.inner_text())
        assert found
        return int(found[1])

    def painted(at: tuple[int, int]) -> int:
        before = annotator.labels()
        annotator.click(at)
        return int(np.any(annotator.labels() != before, axis=0).sum())

    assert wide() == painted((30, 30))
    far = wide()
    annotator.page.mouse.move(*annotator.client((60, 60)))
    annotator.page.mouse.wheel(0, -200)
    annotator.page.evaluate(TWO_FRAMES)
    assert 3 < wide() == painted((60, 60)) < far
    annotator.press(*[","] * 20)
    expect(prompt).to_contain_text("Brush: 3 photo pixels wide, the least here")
    assert painted((60, 90)) == 3
