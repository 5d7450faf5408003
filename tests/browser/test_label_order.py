"""The order of labels, changed in the page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.annotator import Annotator, Place, Server, serving

CAT: list[Place] = [(30, 150), (420, 150), (200, 10), (200, 290)]
SIX = ["ant", "bee", "cat", "dog", "emu", "fox"]


@pytest.fixture
def server(tmp_path: Path, example_photos: Path, model: str) -> Iterator[Server]:
    """A server of its own, for a photo and six labels."""
    (tmp_path / "photos").mkdir()
    shutil.copy(example_photos / "chelsea.jpg", tmp_path / "photos")
    (tmp_path / "labels.txt").write_text("\n".join(SIX))
    with serving(Server(tmp_path / "photos", model, tmp_path / "labels.txt")) as running:
        yield running


@pytest.fixture
def annotator(new_tab: Callable[[Server], Annotator], server: Server) -> Annotator:
    opened = new_tab(server)
    opened.open()
    return opened


def order(server: Server) -> list[str]:
    return [label["name"] for label in json.loads(server.get("/project"))["labels"]]


def test_a_label_is_moved_by_keys_and_its_digit_follows(annotator: Annotator, server: Server) -> None:
    region = annotator.mark(*CAT)
    annotator.press("y")
    handles = annotator.page.locator("#project-labels [data-move]")
    handles.nth(3).focus()
    # Faster than the server answers.
    for _ in range(3):
        annotator.page.keyboard.press("ArrowUp")
    annotator.settle()
    moved = [SIX[3], *SIX[:3], *SIX[4:]]
    assert order(server) == moved
    expect(handles.first).to_be_focused()
    expect(handles.first).to_have_attribute("aria-label", f"Move {SIX[3]}: 1 of {len(SIX)}")
    annotator.press("ArrowUp", "End")
    assert order(server) == [*SIX[:3], *SIX[4:], SIX[3]]
    annotator.press("Home", "Escape")
    assert order(server) == moved
    expect(annotator.page.locator("#label-list button").first).to_contain_text(SIX[3])
    annotator.page.locator("#stage").focus()
    annotator.press("1")
    assert annotator.regions()[region]["label"] == SIX[3]


def test_a_label_is_dragged_to_its_place(annotator: Annotator, server: Server) -> None:
    annotator.press("y")
    handles = annotator.page.locator("#project-labels [data-move]")
    mouse = annotator.page.mouse

    def take(at: int) -> tuple[float, float]:
        box = handles.nth(at).bounding_box()
        assert box is not None
        return box["x"] + 10, box["y"] + box["height"] / 2 + 3

    mouse.move(*take(1))
    mouse.down()
    mouse.move(*take(4), steps=6)
    names = annotator.page.locator("#project-labels [type=text]")
    shown = names.evaluate_all("inputs => inputs.map((input) => input.value)")
    assert shown == [SIX[0], *SIX[2:5], SIX[1], *SIX[5:]]
    assert order(server) == SIX
    mouse.up()
    annotator.settle()
    assert order(server) == shown
    # What the browser takes over is not kept.
    mouse.move(*take(0))
    mouse.down()
    mouse.move(*take(2), steps=6)
    handles.nth(2).dispatch_event("lostpointercapture")
    mouse.up()
    annotator.settle()
    assert names.evaluate_all("inputs => inputs.map((input) => input.value)") == shown
    assert order(server) == shown
