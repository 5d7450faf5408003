"""What the page does when something is wrong: photos, another window, the server."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from tests.browser.annotator import Annotator, Server, serving

NewTab = Callable[[Server], Annotator]
CAT = [(30, 150), (420, 150), (200, 10), (200, 290)]
FACE = [(60, 120), (260, 120), (160, 30), (160, 250)]


@pytest.fixture
def folder(tmp_path: Path, example_photos: Path) -> Path:
    """A folder with one photo, for one test."""
    made = tmp_path / "photos"
    made.mkdir()
    shutil.copy(example_photos / "chelsea.jpg", made)
    return made


def test_photos_that_cannot_be_opened_say_why_and_leave_the_others_alone(
    folder: Path, model: str, new_tab: NewTab
) -> None:
    (folder / "a text file.jpg").write_text("no photo")
    (folder / "truncated.jpg").write_bytes((folder / "chelsea.jpg").read_bytes()[:4000])
    with serving(Server(folder, model)) as server:
        annotator = new_tab(server)
        annotator.expected = "422"
        annotator.open()
        notice = annotator.page.get_by_role("alert").filter(has_text="cannot be opened")
        for name in ("a text file.jpg", "truncated.jpg"):
            annotator.choose(name)
            expect(notice).to_contain_text(f"{name} cannot be opened")
        annotator.press("n")
        assert not annotator.state()["marking"]
        first, broken, _ = annotator.state()["items"]
        assert first["path"] == "a text file.jpg"
        annotator.page.evaluate(f"location.hash = '#{first['id']}'")
        expect(notice).to_contain_text(f"{first['path']} cannot be opened")
        annotator.press("ArrowRight")
        assert annotator.state()["photo"]["id"] == broken["id"]
        annotator.choose("chelsea.jpg")
        expect(notice).to_be_hidden()
        annotator.mark(*CAT)
        assert len(annotator.regions()) == 1


@pytest.mark.parametrize("how", ["zoom", "loupe"])
def test_a_large_photo_is_shown_in_full_to_who_looks_closely(
    large: Path, model: str, new_tab: NewTab, how: str
) -> None:
    with serving(Server(large, model)) as server:
        annotator = new_tab(server)
        annotator.open()
        width = annotator.state()["photo"]["display_width"]
        assert width < 2400
        picture = annotator.page.locator("#picture img")
        assert picture.evaluate("image => image.naturalWidth") == width
        annotator.page.evaluate("() => document.querySelector('#picture img').dataset.small = true")
        if how == "zoom":
            annotator.press("+", "+", "+")
        else:
            annotator.press("n")
            annotator.page.mouse.move(*annotator.client((1000, 700)))
        annotator.page.wait_for_selector("#picture img:not([data-small])")
        assert picture.evaluate("image => image.naturalWidth") == 2400
        annotator.press("Escape")
        region = annotator.mark((1000, 700), (1500, 800), (1200, 600), (1200, 900))
        assert annotator.regions()[region]["box"] == [1000, 600, 1501, 901]
        if how == "loupe":  # nobody looks closely any more
            return
        # It still is when another window has changed the photo.
        annotator.page.evaluate("() => document.querySelector('#picture img').dataset.before = true")
        photo = annotator.state()["photo"]
        server.send(
            "POST",
            f"/photos/{photo['id']}/interactions",
            version=photo["version"],
            kind="delete",
            region=region,
        )
        annotator.page.wait_for_function(
            "() => document.querySelector('#picture img:not([data-before])')?.naturalWidth === 2400"
        )


def test_an_empty_folder_says_so_until_there_is_a_photo(
    tmp_path: Path, model: str, new_tab: NewTab, example_photos: Path
) -> None:
    (tmp_path / "photos").mkdir()
    with serving(Server(tmp_path / "photos", model)) as server:
        annotator = new_tab(server)
        annotator.open()
        notice = annotator.page.get_by_role("alert")
        expect(notice.filter(has_text="There are no photos here")).to_be_visible()
        shutil.copy(example_photos / "coffee.jpg", tmp_path / "photos")
        expect(notice.filter(has_text="No photo is open")).to_be_visible()
        annotator.choose("coffee.jpg")
        expect(annotator.page.locator("#photo-name")).to_have_text("coffee.jpg")


@pytest.mark.parametrize("keep", [True, False])
def test_two_windows_never_overwrite_each_other(server: Server, new_tab: NewTab, keep: bool) -> None:
    photo = "astronaut.jpg" if keep else "chelsea.jpg"
    one, other = new_tab(server), new_tab(server)
    other.expected = "409"
    # It would see the other's change by itself after a while: here it has not yet.
    other.page.route("**/version", lambda route: route.fulfill(json={"version": 0, "status": "in_work"}))
    one.open(photo)
    other.open(photo)
    one.mark(*CAT)
    other.page.keyboard.press("n")
    for point in FACE:
        other.page.mouse.click(*other.client(point))
    dialog = other.page.get_by_role("dialog", name="This photo was changed elsewhere")
    expect(dialog).to_contain_text(photo)
    # Whoever goes on typing drops nothing.
    expect(dialog.get_by_role("button", name="make my change again")).to_be_focused()
    for _ in range(4):  # the browser closes a dialog all the same when it is told so again
        other.page.keyboard.press("Escape")
        expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="make my change again" if keep else "drop my last change").click()
    other.settle()
    assert len(other.regions()) == (2 if keep else 1)
    photo_id = other.state()["photo"]["id"]
    assert np.array_equal(other.labels(), server.label_map(photo_id))
    other.scribble((200, 150), (210, 160))
    assert sum(region["scribbles"] for region in server.photo(photo_id)["regions"]) == 1


def test_the_server_dies_and_nothing_is_lost(folder: Path, model: str, new_tab: NewTab) -> None:
    with serving(Server(folder, model)) as server:
        annotator = new_tab(server)
        annotator.expected = "ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET"
        annotator.open()
        annotator.mark(*CAT)
        server.kill()
        annotator.page.keyboard.press("n")
        for point in FACE:
            annotator.page.mouse.click(*annotator.client(point))
        banner = annotator.page.get_by_role("alert").filter(has_text="does not answer")
        expect(banner).to_contain_text("Your last change is kept here")
        annotator.page.keyboard.press("z")
        annotator.page.keyboard.press("Shift+Z")
        expect(banner).to_contain_text("Your last 3 changes are kept here")
        expect(annotator.page.locator("#saving")).to_have_text("Not saved yet")
        server.start()
        # The page tries by itself, too: it may be back already, and the button gone.
        annotator.page.locator("#retry").dispatch_event("click")
        annotator.settle()
        expect(banner).to_be_hidden()
        annotator.expect_saved()
        assert len(annotator.regions()) == 2
        assert np.array_equal(annotator.labels(), server.label_map(1))


def test_a_change_whose_answer_was_lost_is_not_made_twice(server: Server, annotator: Annotator) -> None:
    annotator.expected = "ERR_FAILED"
    annotator.open("coffee.jpg")
    photo_id = annotator.state()["photo"]["id"]
    stored: list[int] = []

    def lose(route: Route) -> None:
        if stored:
            route.continue_()
            return
        stored.append(route.fetch().status)
        route.abort()

    annotator.route("**/interactions", lose)
    annotator.mark(*CAT)
    assert stored == [200]
    assert len(annotator.regions()) == len(server.photo(photo_id)["regions"]) == 1
    assert np.array_equal(annotator.labels(), server.label_map(photo_id))


def test_an_answer_that_breaks_off_is_asked_for_again(server: Server, annotator: Annotator) -> None:
    annotator.page.add_init_script("""
        const whole = fetch;
        let broken = false;
        window.fetch = async (url, options) => {
            const answer = await whole(url, options);
            if (broken || !url.endsWith("/interactions")) return answer;
            broken = true;
            return new Response(new ReadableStream({ start: (body) => body.error(new TypeError()) }), answer);
        };""")
    annotator.open("coffee.jpg")
    annotator.mark(*CAT)
    photo_id = annotator.state()["photo"]["id"]
    assert annotator.state()["message"] is None
    assert len(annotator.regions()) == len(server.photo(photo_id)["regions"]) == 1
    assert np.array_equal(annotator.labels(), server.label_map(photo_id))


def test_the_servers_own_words_are_shown(annotator: Annotator) -> None:
    annotator.expected = "422"
    annotator.open("rocket.jpg")
    annotator.mark(*[(100, 100)] * 4)
    expect(annotator.message).to_contain_text("their box has no area")
    assert annotator.regions() == {}
    annotator.mark(*CAT)
    assert len(annotator.regions()) == 1


def test_what_another_window_does_is_seen(server: Server, new_tab: NewTab) -> None:
    one, other = new_tab(server), new_tab(server)
    one.open("astronaut.jpg")
    other.open("astronaut.jpg")
    one.mark(*CAT)
    expect(other.message).to_contain_text("changed elsewhere")
    other.settle()
    assert np.array_equal(other.labels(), one.labels())
    # Nothing stands in the way of what this window does next.
    other.mark(*FACE)
    assert len(server.photo(other.state()["photo"]["id"])["regions"]) == 2


def test_two_windows_may_move_points_of_one_region_at_once(server: Server, new_tab: NewTab) -> None:
    one, other = new_tab(server), new_tab(server)
    one.open("astronaut.jpg")
    region = one.mark((100, 200), (400, 200), (200, 60), (200, 350))
    other.open("astronaut.jpg")
    for window in (one, other):
        window.page.locator(f'[data-region="{region}"]').click()
    one.begin_stroke((400, 200), (430, 200))
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url))
    other.scribble((100, 200), (70, 210))
    # What the photo shows does not change under a drag.
    one.page.wait_for_timeout(4000)
    assert not [url for url in asked if url.endswith(("/version", "/labels"))]
    assert one.regions()[region]["extreme_points"][0] == [100, 200]
    one.expected = "409"
    one.page.mouse.up()
    dialog = one.page.get_by_role("dialog", name="This photo was changed elsewhere")
    dialog.get_by_role("button", name="make my change again").click()
    one.settle()
    left, right, *_ = one.regions()[region]["extreme_points"]
    assert (left, right) == ([70, 210], [430, 200])


def test_points_that_are_dragged_one_after_the_other_are_both_moved(
    server: Server, annotator: Annotator
) -> None:
    annotator.open("astronaut.jpg")
    region = annotator.mark((100, 200), (400, 200), (200, 60), (200, 350))
    annotator.page.locator(f'[data-region="{region}"]').click()

    def slowly(route: Route) -> None:
        annotator.page.wait_for_timeout(500)
        route.continue_()

    # The second drag begins before the first is answered.
    annotator.route("**/interactions", slowly)
    annotator.begin_stroke((400, 200), (430, 200))
    annotator.page.mouse.up()
    annotator.begin_stroke((100, 200), (70, 210))
    annotator.page.mouse.up()
    annotator.settle()
    left, right, *_ = annotator.regions()[region]["extreme_points"]
    assert (left, right) == ([70, 210], [430, 200])


def test_an_undo_is_never_made_to_what_another_window_did(server: Server, new_tab: NewTab) -> None:
    one, other = new_tab(server), new_tab(server)
    one.expected = "ERR_INTERNET|ERR_FAILED|409"
    one.open("astronaut.jpg")
    one.mark(*CAT)
    one.press("1")
    one.route("**/*", lambda route: route.abort())
    one.page.keyboard.press("z")
    expect(one.page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    other.open("astronaut.jpg")
    other.mark(*FACE)
    one.page.unroute("**/*")
    expect(one.message).to_contain_text("undo and redo are about what you saw")
    one.settle()
    regions = server.photo(one.state()["photo"]["id"])["regions"]
    assert [region["label"] for region in regions] == ["cup", None]
    assert one.regions().keys() == {1, 2}
    assert np.array_equal(one.labels(), other.labels())
    # What else waits can still be made again.
    one.route("**/*", lambda route: route.abort())
    one.page.keyboard.press("z")
    one.page.keyboard.press("2")
    other.press("1")
    one.page.unroute("**/*")
    dialog = one.page.get_by_role("dialog", name="This photo was changed elsewhere")
    dialog.get_by_role("button", name="make my change again").click()
    one.settle()
    regions = server.photo(one.state()["photo"]["id"])["regions"]
    assert [region["label"] for region in regions] == ["table", "cup"]
