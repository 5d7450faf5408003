"""A project that goes on with another model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from tests.browser.annotator import FLAG, PERSON, Annotator, Server, serving
from tests.tiny_model import write_tiny_model


def test_finished_pixels_stay_and_a_photo_in_work_says_what_it_was_begun_with(
    tmp_path: Path, example_photos: Path, new_tab: Callable[[Server], Annotator]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("astronaut.jpg", "chelsea.jpg"):
        shutil.copy(example_photos / name, folder)
    one, other = (str(write_tiny_model(tmp_path / f"{seed}.zip", seed=seed)) for seed in (1, 2))
    with serving(Server(folder, one)) as server:
        annotator = new_tab(server)
        annotator.open("chelsea.jpg")
        annotator.mark((60, 120), (260, 120), (160, 30), (160, 250))
        annotator.open("astronaut.jpg")
        annotator.mark(*PERSON)
        annotator.mark(*FLAG)
        first = annotator.state()["photo"]
        server.send("POST", f"/photos/{first['id']}/complete", version=first["version"], complete=True)
        finished = server.label_map(first["id"])
    with serving(Server(folder, other)) as server:
        annotator = new_tab(server)
        annotator.open("astronaut.jpg")
        annotator.press("r")
        annotator.page.get_by_role("button", name="Reject", exact=True).click()
        expect(annotator.page.locator("#comment")).to_have_text("Rejected")
        annotator.page.wait_for_function("() => fullcanvas.state().photo.status === 'rejected'")
        annotator.settle()
        assert np.array_equal(annotator.labels(), finished)
        assert np.array_equal(server.label_map(first["id"]), finished)
        note = annotator.page.locator("#begun-with")
        expect(note).to_be_hidden()
        annotator.choose("chelsea.jpg")
        expect(note).to_contain_text("Begun with another model")
        height = annotator.page.locator("#stage").bounding_box()
        annotator.mark((30, 150), (420, 150), (200, 10), (200, 290))
        assert annotator.state()["photo"]["begun_with"] is None
        assert annotator.page.locator("#stage").bounding_box() == height
        annotator.choose("astronaut.jpg")
        expect(note).to_be_hidden()


def test_the_page_shows_what_the_server_has_after_a_photo_is_completed_and_reopened(
    server: Server, annotator: Annotator
) -> None:
    annotator.open_alone("rocket.jpg")
    annotator.mark(*FLAG)
    photo = annotator.state()["photo"]["id"]
    asked: list[str] = []
    annotator.page.on("request", lambda request: asked.append(request.url))
    annotator.complete()
    annotator.page.wait_for_function("() => fullcanvas.state().photo.status === 'complete'")
    annotator.press("Shift+Enter")
    annotator.page.wait_for_function("() => fullcanvas.state().photo.status === 'in_work'")
    annotator.settle()
    assert sum(url.endswith(f"/photos/{photo}/labels") for url in asked) == 2
    assert np.array_equal(annotator.labels(), server.label_map(photo))
