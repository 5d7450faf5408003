"""Changes go before previews, and neither knows a difference otherwise."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest

from fullcanvas.inference.cancellation import CancelledError
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.errors import SupersededError
from fullcanvas.server.precedence import Precedence
from tests.server.conftest import LEFT, RIGHT, Page

STROKE = [[20, 20], [60, 30]]


def test_a_change_calls_off_every_preview_under_way_and_keeps_others_out() -> None:
    precedence = Precedence()
    with precedence.preview() as one, precedence.preview() as other:
        one.check()
        with precedence.change(), precedence.change():
            for preview in (one, other):
                with pytest.raises(CancelledError):
                    preview.check()
            with pytest.raises(SupersededError), precedence.preview():
                pass
        with precedence.preview() as third:
            third.check()
            with pytest.raises(CancelledError):
                one.check()
    assert not precedence._previews


def test_a_preview_called_off_says_what_came_first() -> None:
    precedence = Precedence()

    def previewed() -> None:
        with precedence.preview() as preview:
            with precedence.change():
                pass
            preview.check()

    with pytest.raises(SupersededError, match="a change came first"):
        previewed()
    assert not precedence._previews


@pytest.mark.parametrize("held", ["change", "preview"])
def test_whatever_fails_others_go_on(held: str) -> None:
    precedence = Precedence()
    with pytest.raises(ZeroDivisionError), getattr(precedence, held)():
        raise ZeroDivisionError
    with precedence.preview() as preview, precedence.preview():
        preview.check()


def test_no_change_is_missed_however_threads_meet() -> None:
    """A preview is let in and called off, or kept out: it never goes on beside a change that came later."""
    precedence, start = Precedence(), threading.Barrier(4)
    missed: list[int] = []

    def change() -> None:
        start.wait()
        for _ in range(1000):
            with precedence.change(), precedence._lock:
                missed.extend(1 for preview in precedence._previews if not preview.options.terminate)

    def preview() -> None:
        start.wait()
        for _ in range(1000):
            with suppress(SupersededError), precedence.preview():
                pass

    with ThreadPoolExecutor(4) as pool:
        for work in [pool.submit(each) for each in (change, change, preview, preview)]:
            work.result()
    assert not missed
    assert not precedence._previews


@pytest.fixture
def marked(page: Page) -> Page:
    """Two photos with two regions each."""
    for photo in (1, 2):
        for points in (LEFT, RIGHT):
            page.interact(photo, "add_region", extreme_points=points)
    return page


@contextmanager
def preview_under_way(
    page: Page, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Any, threading.Event]]:
    """A preview of photo 1 that has come as far as the mask head, and what lets it go on."""
    reached, go_on, run = threading.Event(), threading.Event(), segmenter._head.run

    def held(inputs: Any, cancellation: Any = None) -> Any:
        if cancellation is not None:
            reached.set()
            assert go_on.wait(30)
        return run(inputs, cancellation)

    monkeypatch.setattr(segmenter._head, "run", held)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(page.post, "/photos/1/preview", version=2, kind="scribble", points=STROKE)
        assert reached.wait(30)
        try:
            yield asked, go_on
        finally:
            go_on.set()


def test_a_preview_under_way_gives_way_to_a_change_of_any_photo(
    marked: Page, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with preview_under_way(marked, segmenter, monkeypatch) as (asked, go_on):
        marked.interact(2, "scribble", points=STROKE)
        go_on.set()
        superseded = asked.result()
    assert superseded.status_code == 503
    assert superseded.json() == {"detail": "a change came first; ask again"}
    again = marked.post("/photos/1/preview", version=2, kind="scribble", points=STROKE)
    assert again.status_code == 200


def test_a_change_after_a_preview_called_off_is_answered_as_ever(
    marked: Page, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with preview_under_way(marked, segmenter, monkeypatch) as (asked, go_on):
        with ThreadPoolExecutor(1) as pool:
            change = pool.submit(marked.interact, 1, "scribble", 2, points=STROKE)
            bench = marked.client.app.state.workbench  # type: ignore[attr-defined]
            (preview,) = bench._precedence._previews
            while not preview.options.terminate:
                time.sleep(0.001)
            go_on.set()
            answer = change.result()
        assert asked.result().status_code == 503
    shown = marked.display(1)
    marked.interact(1, "undo")
    plain = marked.interact(1, "scribble", points=STROKE)
    same = ("x0", "y0", "x1", "y1", "region")
    assert [answer.header[name] for name in same] == [plain.header[name] for name in same]
    np.testing.assert_array_equal(answer.labels, plain.labels)
    np.testing.assert_array_equal(marked.display(1), shown)


def test_a_look_at_the_full_resolution_gives_way_to_a_change(marked: Page) -> None:
    bench = marked.client.app.state.workbench  # type: ignore[attr-defined]
    where = "/api/v1/photos/1/labels/full?x0=0&y0=0&x1=40&y1=30"
    with bench._precedence.change():
        assert marked.client.get(where).status_code == 503
    assert marked.client.get(where).status_code == 200
